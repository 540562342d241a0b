/** The histogram of all of time, which is also the brush that chooses the period. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { ticks } from './axis';
import type { Asked, Bucket, Timeline } from './api';
import { Awaited, useWidth } from './common';
import { type Day, parse } from './days';
import { number, rtl, t, when } from './i18n';
import { asked, setWindow, type Window } from './state';
import { datasets } from './vocabulary';

const height = 92;

export interface Bar { from: Day; to: Day; certain: number; possible: number }

export function bars(buckets: Bucket[]): Bar[] {
  return buckets.map((b) => ({ from: parse(b.start) ?? 0, to: parse(b.end) ?? 0, certain: b.certain, possible: b.possible }));
}

/** From the first day of the data to the last. */
export function extentOf(chart: Timeline | null): Window | null {
  const list = bars(chart?.buckets ?? []);
  const [first, last] = [list[0], list.at(-1)];
  return first && last ? { from: first.from, to: last.to } : null;
}

/** The same from the data sets, which the server need not count for. */
export function extentOfDatasets(): Window | null {
  const days = datasets.value.flatMap((d) => [parse(d.first_day), parse(d.last_day)]).filter((d) => d !== null);
  return days.length > 0 ? { from: Math.min(...days), to: Math.max(...days) } : null;
}

/** Solid for certain, hatched for what is possible beyond it. */
export function Bars({ list, window: w, width, height: h, max, id }: { list: Bar[]; window: Window; width: number; height: number; max: number; id: string }) {
  const perDay = width / (w.to + 1 - w.from);
  const at = (d: Day) => (d - w.from) * perDay;
  return (
    <svg class="bars" width={width} height={h} viewBox={`0 0 ${width} ${h}`} aria-hidden="true">
      <defs>
        <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="5" height="5" class="hatch-ground" /><rect width="2" height="5" class="hatch-line" />
        </pattern>
      </defs>
      {list.map((b) => {
        if (b.possible === 0) return null;
        const start = Math.max(0, at(b.from));
        const end = Math.min(width, at(b.to + 1));
        const wide = Math.max(1, end - start - (end - start > 4 ? 1 : 0));
        const x = rtl.value ? width - start - wide : start;
        const whole = Math.max(1.5, (b.possible / max) * h);
        const sure = b.certain === 0 ? 0 : Math.max(1.5, (b.certain / max) * h);
        return (
          <g key={b.from}>
            <rect x={x} y={h - whole} width={wide} height={whole} fill={`url(#${id})`} />
            {sure > 0 && <rect class="sure" x={x} y={h - sure} width={wide} height={sure} />}
          </g>
        );
      })}
    </svg>
  );
}

export function Overview({ chart, extent }: { chart: Asked<Timeline>; extent: Window | null }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const list = useMemo(() => bars(chart.data?.buckets ?? []), [chart.data]);
  const max = Math.max(1, ...list.map((b) => b.possible));
  const w = t.value;
  return (
    <section class="overview" aria-labelledby="overview-title">
      <h2 id="overview-title" class="unseen">{w.overview}</h2>
      <p class="unseen">{w.overviewHint}</p>
      <div class="overview-plot" ref={ref}>
        <Awaited asked={chart}>
          {extent !== null && width > 0 && (
            <>
              <span class="scale" aria-hidden="true">{number.value(max)}</span>
              <Bars list={list} window={extent} width={width} height={height - 18} max={max} id="hatch-overview" />
              <div class="overview-axis" aria-hidden="true">
                {ticks(extent, width).map((x) => <span key={x.day} style={{ insetInlineStart: `${((x.day - extent.from) / (extent.to + 1 - extent.from)) * 100}%` }}>{x.label}</span>)}
              </div>
              <Brush extent={extent} list={list} width={width} />
            </>
          )}
        </Awaited>
      </div>
    </section>
  );
}

function Brush({ extent, list, width }: { extent: Window; list: Bar[]; width: number }) {
  const ref = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Window | null>(null);
  const from = Math.max(extent.from, Math.min(extent.to, asked.value.from ?? extent.from));
  const to = Math.max(extent.from, Math.min(extent.to, asked.value.to ?? extent.to));
  const chosen = drag ?? { from: Math.min(from, to), to: Math.max(from, to) };
  const days = extent.to + 1 - extent.from;
  const dayAt = (clientX: number): Day => {
    const box = ref.current!.getBoundingClientRect();
    const x = rtl.value ? box.right - clientX : clientX - box.left;
    return extent.from + Math.floor((Math.max(0, Math.min(width - 0.01, x)) / width) * days);
  };
  const bucketOf = (d: Day) => list.find((b) => b.from <= d && d <= b.to);
  /** To whole buckets, so that what is chosen is what was pointed at. */
  const snap = (a: Day, b: Day): Window => ({ from: bucketOf(Math.min(a, b))?.from ?? Math.min(a, b), to: bucketOf(Math.max(a, b))?.to ?? Math.max(a, b) });
  const commit = (next: Window) => setWindow(next.from <= extent.from && next.to >= extent.to ? null : next);
  const down = (e: PointerEvent) => {
    if (e.button !== 0) return;
    const element = e.currentTarget as HTMLElement;
    const handle = (e.target as HTMLElement).dataset['handle'];
    const start = dayAt(e.clientX);
    const whole = chosen.from <= extent.from && chosen.to >= extent.to;
    const moving = handle === undefined && !whole && start >= chosen.from && start <= chosen.to;
    let next: Window | null = null;
    element.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) => {
      const at = dayAt(m.clientX);
      if (handle === 'from') next = snap(Math.min(at, chosen.to), chosen.to);
      else if (handle === 'to') next = snap(chosen.from, Math.max(at, chosen.from));
      else if (moving) {
        const by = Math.max(extent.from - chosen.from, Math.min(extent.to - chosen.to, at - start));
        next = { from: chosen.from + by, to: chosen.to + by };
      } else next = snap(start, at);
      setDrag(next);
    };
    const up = (u: PointerEvent) => {
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      setDrag(null);
      if (u.type === 'pointercancel') return;
      if (next === null && handle === undefined) next = snap(start, start);
      if (next !== null) commit(next);
    };
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
  };
  const step = (side: 'from' | 'to', e: KeyboardEvent) => {
    const forward = e.key === 'ArrowUp' || e.key === (rtl.value ? 'ArrowLeft' : 'ArrowRight');
    const back = e.key === 'ArrowDown' || e.key === (rtl.value ? 'ArrowRight' : 'ArrowLeft');
    const jump = e.key === 'PageUp' ? 10 : e.key === 'PageDown' ? -10 : 0;
    if (!forward && !back && jump === 0 && e.key !== 'Home' && e.key !== 'End') return;
    e.preventDefault();
    const i = list.findIndex((b) => b.from <= chosen[side] && chosen[side] <= b.to);
    const target = e.key === 'Home' ? 0 : e.key === 'End' ? list.length - 1 : i + (jump !== 0 ? jump : forward ? 1 : -1);
    const b = list[Math.max(0, Math.min(list.length - 1, target))];
    if (b === undefined) return;
    commit(side === 'from' ? { from: Math.min(b.from, chosen.to), to: chosen.to } : { from: chosen.from, to: Math.max(b.to, chosen.from) });
  };
  const share = (d: Day) => `${((d - extent.from) / days) * 100}%`;
  const sides: ['from' | 'to', string, Day][] = [['from', t.value.windowStart, chosen.from], ['to', t.value.windowEnd, chosen.to]];
  return (
    <div class="brush" ref={ref} onPointerDown={down}>
      <div class="veil" style={{ insetInlineStart: 0, inlineSize: share(chosen.from) }} />
      <div class="veil" style={{ insetInlineStart: share(chosen.to + 1), insetInlineEnd: 0 }} />
      <div class={`chosen${chosen.from <= extent.from && chosen.to >= extent.to ? ' whole' : ''}`} style={{ insetInlineStart: share(chosen.from), inlineSize: `${((chosen.to + 1 - chosen.from) / days) * 100}%` }} />
      {sides.map(([side, label, d]) => (
        <div key={side} class={`handle ${side}`} data-handle={side} role="slider" tabIndex={0} aria-label={label} aria-valuemin={extent.from} aria-valuemax={extent.to}
          aria-valuenow={d} aria-valuetext={when(d, 'day')} onKeyDown={(e) => step(side, e)} style={{ insetInlineStart: share(side === 'to' ? d + 1 : d) }} />
      ))}
    </div>
  );
}
