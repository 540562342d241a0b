/** The timeline: single events while they can be told apart, counts where there are too many. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { describe, ticks } from './axis';
import { type Asked, type Event, type Timeline, useAsk } from './api';
import { Awaited, Tr, useWidth } from './common';
import { type Day, format } from './days';
import { direction, lang, number, rtl, t, text } from './i18n';
import { bars, Bars } from './overview';
import { type Shape, pack, shape } from './shape';
import { asked, filter, go, query, setWindow, state, type Window } from './state';
import { countryName, family, statusName, typeName } from './vocabulary';

/** The most events that are drawn one by one, and the most that have their titles beside them. */
export const most = 300;
const mostTitled = 70;
const shortest = 5; // days that fill the width

/** What is looked at: the asked period, or all of time with some air around it. */
export function windowOf(extent: Window | null): Window | null {
  const { from, to } = asked.value;
  if (extent === null && (from === null || to === null)) return null;
  const all = extent ?? { from: from as Day, to: to as Day };
  const whole = { from: from ?? Math.min(all.from, to ?? all.from), to: to ?? Math.max(all.to, from ?? all.to) };
  const w = whole.from <= whole.to ? whole : all;
  const air = Math.max(2, Math.round((w.to - w.from) * 0.03));
  return { from: w.from - (from === null || w === all ? air : 0), to: w.to + (to === null || w === all ? air : 0) };
}

interface Row { event: Event; shape: Shape; key: string }
interface Lane { key: string; label: string; rows: Row[] }

function lanesOf(list: Event[]): Lane[] {
  const rows = list.map((event) => ({ event, shape: shape(event.date), key: event.id }));
  if (state.value.lanes === 'none') return [{ key: 'all', label: '', rows }];
  const lanes = new Map<string, Row[]>();
  for (const row of rows) {
    const values = state.value.lanes === 'type' ? [row.event.type] : [...new Set(row.event.countries.map((c) => c.code))];
    for (const value of values.length > 0 ? values : ['']) {
      const lane = lanes.get(value) ?? [];
      lane.push({ ...row, key: `${value}:${row.event.id}` });
      lanes.set(value, lane);
    }
  }
  const name = state.value.lanes === 'type' ? typeName : (c: string) => (c === '' ? t.value.noCountry : countryName(c));
  return [...lanes].map(([key, of]) => ({ key, label: name(key), rows: of })).sort((a, b) => b.rows.length - a.rows.length || a.key.localeCompare(b.key));
}

const canvas = document.createElement('canvas').getContext('2d');
const widths = new Map<string, number>();
function textWidth(words: string): number {
  const font = lang.value === 'ar' ? '500 15px "IBM Plex Sans Arabic", sans-serif' : '500 15px "Source Sans 3 Variable", sans-serif';
  const key = font + words;
  let found = widths.get(key);
  if (found === undefined) {
    if (canvas === null) return words.length * 7.5;
    canvas.font = font;
    found = canvas.measureText(words).width;
    widths.set(key, found);
  }
  return found;
}

export function TimelineView({ extent, head, count }: { extent: Window | null; head: Asked<unknown>; count: { value: number; over: boolean } | null }) {
  const dense = count !== null && (count.over || count.value > most);
  const list = useAsk('/v1/events', count !== null && !dense ? `/v1/events${query({ limit: String(most) })}` : null);
  const group = state.value.lanes;
  const chart = useAsk('/v1/timeline', dense ? `/v1/timeline${query({ group_by: group })}` : null);
  const w = windowOf(extent);
  const shown: Asked<unknown> = count === null ? head : dense ? chart : list;
  return (
    <section class="timeline" aria-label={t.value.timeline} aria-busy={shown.loading}>
      {w === null ? <Awaited asked={shown}><Empty /></Awaited> : (
        <Plot window={w} extent={extent} dense={dense} list={dense ? null : list} chart={dense ? chart : null} shown={shown} empty={count?.value === 0} />
      )}
    </section>
  );
}

export function Empty() {
  const w = t.value;
  const filtered = state.value.filters.length > 0;
  return (
    <div class="empty" role="status">
      <p>{w.empty}</p>
      <p class="small">{filtered ? w.emptyHint : w.emptyAll}</p>
      {filtered && <button type="button" onClick={() => go({ filters: [] })}>{w.clear}</button>}
    </div>
  );
}

interface PlotProps {
  window: Window; extent: Window | null; dense: boolean; empty: boolean;
  list: Asked<{ data: Event[] }> | null; chart: Asked<Timeline> | null; shown: Asked<unknown>;
}

function Plot({ window: settled, extent, dense, list, chart, shown, empty }: PlotProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [live, setLive] = useState<Window | null>(null);
  const [tip, setTip] = useState<{ row: Row; x: number; y: number } | null>(null);
  const view = live ?? settled;
  const viewRef = useRef(view);
  viewRef.current = view;
  const idle = useRef(0);
  const settledKey = `${settled.from}/${settled.to}`;
  useEffect(() => { setLive(null); }, [settledKey]);

  const limit = (from: number, to: number): Window => {
    const all = extent ?? settled;
    const air = Math.max(30, (all.to - all.from) * 0.5);
    let span = Math.max(shortest, Math.min(to - from, all.to - all.from + 2 * air));
    span = Math.max(shortest, span);
    const start = Math.max(all.from - air, Math.min(all.to + air - span, from + (to - from - span) / 2));
    return { from: start, to: start + span };
  };
  const settle = (w: Window) => {
    const rounded = { from: Math.floor(w.from), to: Math.ceil(w.to) };
    const whole = extent !== null && rounded.from <= extent.from && rounded.to >= extent.to;
    setWindow(whole ? null : rounded);
    if (whole) setLive(null);
  };
  const look = (w: Window, after: number) => {
    const next = limit(w.from, w.to);
    viewRef.current = next;
    setLive(next);
    clearTimeout(idle.current);
    if (after >= 0) idle.current = window.setTimeout(() => settle(next), after);
  };
  const zoom = (factor: number, around = 0.5, after = 300) => {
    const v = viewRef.current;
    const span = v.to - v.from;
    const at = v.from + span * around;
    look({ from: at - span * factor * around, to: at + span * factor * (1 - around) }, after);
  };
  const pan = (share: number, after = 300) => {
    const v = viewRef.current;
    const by = (v.to - v.from) * share;
    look({ from: v.from + by, to: v.to + by }, after);
  };

  // Wheel listeners that stop the page from scrolling cannot be passive.
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const wheel = (e: WheelEvent) => {
      const box = element.getBoundingClientRect();
      const x = (rtl.value ? box.right - e.clientX : e.clientX - box.left) / box.width;
      if (e.ctrlKey || e.metaKey) { e.preventDefault(); zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) * 0.01), x); return; }
      const sideways = e.shiftKey ? e.deltaY : Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : 0;
      if (sideways !== 0) { e.preventDefault(); pan(((rtl.value ? -1 : 1) * sideways) / box.width); }
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  });

  const pointers = useRef(new Map<number, number>());
  const dragged = useRef(false);
  const down = (e: PointerEvent) => {
    if (e.button !== 0) return;
    const element = e.currentTarget as HTMLElement;
    pointers.current.set(e.pointerId, e.clientX);
    dragged.current = false;
    const first = { x: e.clientX, view: viewRef.current };
    let pinch: { apart: number; middle: number; view: Window } | null = null;
    const box = element.getBoundingClientRect();
    const logical = (clientX: number) => (rtl.value ? box.right - clientX : clientX - box.left) / box.width;
    const move = (m: PointerEvent) => {
      if (!pointers.current.has(m.pointerId)) return;
      pointers.current.set(m.pointerId, m.clientX);
      const xs = [...pointers.current.values()];
      if (xs.length === 2) {
        const [a, b] = xs as [number, number];
        const apart = Math.max(20, Math.abs(a - b));
        pinch ??= { apart, middle: logical((a + b) / 2), view: viewRef.current };
        const span = (pinch.view.to - pinch.view.from) * (pinch.apart / apart);
        const at = pinch.view.from + (pinch.view.to - pinch.view.from) * pinch.middle;
        dragged.current = true;
        look({ from: at - span * pinch.middle, to: at + span * (1 - pinch.middle) }, -1);
        return;
      }
      if (!dragged.current && Math.abs(m.clientX - first.x) < 5) return;
      if (!dragged.current) { dragged.current = true; element.setPointerCapture(m.pointerId); setTip(null); }
      const by = (logical(first.x) - logical(m.clientX)) * (first.view.to - first.view.from);
      look({ from: first.view.from + by, to: first.view.to + by }, -1);
    };
    const up = (u: PointerEvent) => {
      if (u.pointerId !== e.pointerId) return;
      pointers.current.delete(u.pointerId);
      element.removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      removeEventListener('pointercancel', up);
      if (dragged.current && pointers.current.size === 0) settle(viewRef.current);
    };
    element.addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', up);
  };

  const keys = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const toLater = rtl.value ? 'ArrowLeft' : 'ArrowRight';
    const toEarlier = rtl.value ? 'ArrowRight' : 'ArrowLeft';
    if (e.key === '+' || e.key === '=') zoom(0.5, 0.5, 0);
    else if (e.key === '-') zoom(2, 0.5, 0);
    else if (e.key === '0') setWindow(null);
    else if (e.key === toLater && (e.shiftKey || dense)) pan(0.25, 0);
    else if (e.key === toEarlier && (e.shiftKey || dense)) pan(-0.25, 0);
    else {
      const marks = [...ref.current!.querySelectorAll<HTMLElement>('.ev')];
      const i = marks.indexOf(document.activeElement as HTMLElement);
      if (i < 0) return;
      const next = e.key === toLater || e.key === 'ArrowDown' ? i + 1 : e.key === toEarlier || e.key === 'ArrowUp' ? i - 1
        : e.key === 'Home' ? 0 : e.key === 'End' ? marks.length - 1 : -1;
      const target = marks[next];
      if (next < 0 || target === undefined) return;
      marks.forEach((m) => { m.tabIndex = -1; });
      target.tabIndex = 0;
      target.focus();
    }
    e.preventDefault();
  };

  const lanes = useMemo(() => lanesOf(list?.data?.data ?? []), [list?.data, state.value.lanes, lang.value, typeName('other'), countryName('MLI')]);
  const marks = ticks({ from: Math.ceil(view.from), to: Math.floor(view.to) }, width);
  const share = (d: number) => `${((d - view.from) / (view.to + 1 - view.from)) * 100}%`;
  const w = t.value;
  return (
    <div class="plot">
      <div class="toolbar">
        <p class="period" aria-live="polite"><span class="unseen">{w.period}: </span>{asked.value.from === null && asked.value.to === null && live === null ? w.wholeTime : describe({ from: Math.round(view.from), to: Math.round(view.to) })}</p>
        <div class="zoom" role="group" aria-label={`${w.zoomIn} / ${w.zoomOut}`}>
          <button type="button" aria-label={w.earlier} title={w.earlier} onClick={() => pan(-0.5, 0)}><span class="mirrored" aria-hidden="true">←</span></button>
          <button type="button" aria-label={w.later} title={w.later} onClick={() => pan(0.5, 0)}><span class="mirrored" aria-hidden="true">→</span></button>
          <button type="button" aria-label={w.zoomOut} title={w.zoomOut} onClick={() => zoom(2, 0.5, 0)}><span aria-hidden="true">−</span></button>
          <button type="button" aria-label={w.zoomIn} title={w.zoomIn} onClick={() => zoom(0.5, 0.5, 0)}><span aria-hidden="true">+</span></button>
          <button type="button" class="all" disabled={asked.value.from === null && asked.value.to === null} onClick={() => setWindow(null)}>{w.zoomAll}</button>
        </div>
      </div>
      <div class={`canvas${dense ? ' dense' : ''}`} ref={ref} onPointerDown={down} onKeyDown={keys} role="group" aria-label={`${w.timeline}. ${w.keys}`} tabIndex={dense || empty ? 0 : -1}
        onDblClick={(e) => { const b = ref.current!.getBoundingClientRect(); zoom(0.5, (rtl.value ? b.right - e.clientX : e.clientX - b.left) / b.width, 0); }}
        onClickCapture={(e) => { if (dragged.current) { e.stopPropagation(); e.preventDefault(); dragged.current = false; } }}>
        <div class="gridlines" aria-hidden="true">{marks.map((m) => <i key={m.day} class={m.major ? 'major' : ''} style={{ insetInlineStart: share(m.day) }} />)}</div>
        <div class="axis" aria-hidden="true">{marks.map((m) => <span key={m.day} class={m.major ? 'major' : ''} style={{ insetInlineStart: share(m.day) }}>{m.label}</span>)}</div>
        <div class="lanes">
          <Awaited asked={shown}>
            {empty ? <Empty /> : width > 0 && (dense
              ? chart?.data && <Dense chart={chart.data} view={view} width={width} height={ref.current?.clientHeight ?? 400} />
              : <Marks lanes={lanes} view={view} width={width} onTip={setTip} host={ref} />)}
          </Awaited>
        </div>
        {tip && <div class="tip" role="tooltip" style={{ insetInlineStart: `${Math.max(8, Math.min(width - 300, tip.x - 20))}px`, top: `${tip.y}px` }}><b><Tr of={tip.row.event.title} /></b><span>{tip.row.event.date.label[lang.value]} · {typeName(tip.row.event.type)}</span></div>}
      </div>
      <p class="small keys">{dense ? w.dense : w.keys}</p>
    </div>
  );
}

const titledRow = 40;
const plainRow = 15;
const laneHead = 30;

/** The date, and that it is not known to have happened. */
function beside(e: Event): string {
  const label = e.date.label[lang.value];
  return e.status === 'alleged' || e.status === 'planned' ? `${label} · ${statusName(e.status)}` : label;
}

function Marks({ lanes, view, width, onTip, host }: { lanes: Lane[]; view: Window; width: number; onTip: (t: { row: Row; x: number; y: number } | null) => void; host: preact.RefObject<HTMLDivElement | null> }) {
  const perDay = width / (view.to + 1 - view.from);
  const edge = 60; // beyond the edges nothing need be drawn exactly
  const at = (d: number) => Math.max(-edge, Math.min(width + edge, (d - view.from) * perDay));
  const total = lanes.reduce((n, l) => n + l.rows.length, 0);
  const titled = total <= mostTitled || lanes.every((l) => l.rows.length <= 12);
  const widest = Math.min(width - 16, width < 600 ? 320 : 640);
  let top = 0;
  let seen = 0;
  const out = lanes.map((lane) => {
    const placed = lane.rows.map((row) => {
      const start = at(row.shape.first === -Infinity ? -1e9 : row.shape.first);
      const end = at(row.shape.last === Infinity ? 1e9 : row.shape.last + 1);
      const inside = end > 0 && start < width;
      const label = text(row.event.title).words;
      const labelWidth = titled ? Math.min(widest, Math.max(textWidth(label), 60) + textWidth(beside(row.event)) * 0.9 + 26) : 0;
      const from = Math.max(0, Math.min(start, width - 12));
      const labelStart = Math.max(4, Math.min(from, width - labelWidth - 4));
      return { row, start, end, inside, labelStart, labelWidth, span: { start: Math.min(from, labelStart), end: Math.max(Math.min(width, end), labelStart + labelWidth, from + 12) } };
    }).filter((p) => p.inside);
    const packed = pack(placed.map((p) => p.span), titled ? 14 : 3);
    const rowHeight = titled ? titledRow : plainRow;
    const head = lane.label === '' ? 4 : laneHead;
    const laneTop = top;
    top += head + packed.count * rowHeight + (lane.label === '' ? 0 : 8);
    return (
      <div class="lane" key={lane.key} style={{ top: `${laneTop}px` }}>
        {lane.label !== '' && <h3><span>{lane.label}</span> <small>{number.value(lane.rows.length)}</small></h3>}
        {placed.map((p, i) => {
          const first = seen++ === 0;
          const y = head + (packed.rows[i] ?? 0) * rowHeight;
          const point = p.row.shape.point;
          const { event } = p.row;
          const show = () => {
            if (titled) return;
            const lanesBox = host.current!.querySelector('.lanes')!;
            onTip({ row: p.row, x: Math.max(0, p.start), y: laneTop + y + plainRow + 32 - lanesBox.scrollTop });
          };
          return (
            <button type="button" key={p.row.key} class={`ev f-${family(event.type)}${titled ? '' : ' plain'}${state.value.event === event.id ? ' open' : ''}`}
              tabIndex={first ? 0 : -1} data-id={event.id}
              style={{ insetInlineStart: `${p.span.start}px`, top: `${y}px`, inlineSize: `${Math.max(24, p.span.end - p.span.start)}px`, blockSize: `${rowHeight - (titled ? 3 : 1)}px` }}
              aria-label={titled ? undefined : `${text(event.title).words}, ${event.date.label[lang.value]}, ${typeName(event.type)}, ${statusName(event.status)}`}
              onClick={() => go({ event: event.id })} onFocus={show} onBlur={() => onTip(null)} onMouseEnter={show} onMouseLeave={() => onTip(null)}>
              {titled && (
                <span class={`words${p.labelWidth >= widest ? ' cut' : ''}`} style={{ marginInlineStart: `${p.labelStart - p.span.start}px`, maxInlineSize: `${widest}px` }}>
                  <span class="title" dir={direction(text(event.title).lang)}><Tr of={event.title} /></span><span class="date">{beside(event)}</span>
                  <span class="unseen">{typeName(event.type)}, {statusName(event.status)}</span>
                </span>
              )}
              {point
                ? <Point start={p.start - p.span.start} width={perDay} doubtful={p.row.shape.doubtful} />
                : <Band shape={p.row.shape} at={at} origin={p.span.start} width={width} />}
            </button>
          );
        })}
      </div>
    );
  });
  return <div class="marks" style={{ blockSize: `${Math.max(60, top)}px` }}>{out}</div>;
}

/** A day that is known: a mark, as wide as the day where days are wide. */
function Point({ start, width, doubtful }: { start: number; width: number; doubtful: boolean }) {
  const wide = Math.max(11, width);
  return <span class={`point${doubtful ? ' doubtful' : ''}`} style={{ insetInlineStart: `${width >= 11 ? start : start + width / 2 - 5.5}px`, inlineSize: `${wide}px` }} />;
}

/** Some time in a span, soft at its ends; or what lasts, solid where it is sure and fading where it is open. */
function Band({ shape: s, at, origin, width }: { shape: Shape; at: (d: number) => number; origin: number; width: number }) {
  const start = at(s.first === -Infinity ? -1e9 : s.first);
  const end = at(s.last === Infinity ? 1e9 : s.last + 1);
  const openStart = s.first === -Infinity;
  const openEnd = s.last === Infinity;
  const cutStart = !openStart && start <= 0;
  const cutEnd = !openEnd && end >= width;
  const core = s.core === null || s.doubtful ? null : {
    start: Math.max(start, at(s.core.from === -Infinity ? -1e9 : s.core.from)),
    end: Math.min(end, at(s.core.to === Infinity ? 1e9 : s.core.to + 1)),
  };
  const softStart = openStart ? 'open' : cutStart ? 'cut' : 'soft';
  const softEnd = openEnd ? 'open' : cutEnd ? 'cut' : 'soft';
  return (
    <>
      <span class={`band s-${softStart} e-${softEnd}${s.doubtful ? ' doubtful' : ''}`} style={{ insetInlineStart: `${Math.max(-2, start) - origin}px`, inlineSize: `${Math.max(6, Math.min(width + 2, end) - Math.max(-2, start))}px` }} />
      {core !== null && core.end > core.start && (
        <span class={`core${openStart && s.core?.from === -Infinity ? ' s-open' : ''}${openEnd ? ' e-open' : ''}`} style={{ insetInlineStart: `${Math.max(-2, core.start) - origin}px`, inlineSize: `${Math.max(4, Math.min(width + 2, core.end) - Math.max(-2, core.start))}px` }} />
      )}
    </>
  );
}

/** Counts by lane, where single events would be a blur. */
function Dense({ chart, view, width, height: room }: { chart: Timeline; view: Window; width: number; height: number }) {
  const groups = chart.groups.length > 0 ? chart.groups : [{ value: '', label: null, buckets: chart.buckets }];
  const all = groups.map((g) => ({ ...g, list: bars(g.buckets) }));
  const max = Math.max(1, ...all.flatMap((g) => g.list.map((b) => b.possible)));
  const height = all.length === 1 ? Math.max(120, room - 26 - 26) : 46;
  const open = (e: MouseEvent) => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    const x = rtl.value ? box.right - e.clientX : e.clientX - box.left;
    const day = view.from + (x / width) * (view.to + 1 - view.from);
    const hit = bars(chart.buckets).find((b) => b.from <= day && day < b.to + 1);
    if (hit) filter({ from: format(hit.from), to: format(hit.to), date: null });
  };
  return (
    <div class="densities">
      {all.map((g) => {
        const label = g.value === '' ? '' : g.label ? text(g.label).words : t.value.other;
        const sum = g.list.reduce((n, b) => n + b.certain, 0);
        return (
          <div class="density" key={`${g.value}${g.label ? '' : '-'}`}>
            {label !== '' && <h3><span>{label}</span> <small>{t.value.certainly.replace('{}', number.value(sum))}</small></h3>}
            <div class="density-bars" onClick={open} role="img" aria-label={`${label} ${t.value.certainly.replace('{}', number.value(sum))}`}>
              <Bars list={g.list} window={view} width={width} height={height} max={max} id={`hatch-${g.value}${g.label ? '' : '-'}`} />
            </div>
          </div>
        );
      })}
    </div>
  );
}

