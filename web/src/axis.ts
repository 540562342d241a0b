import { civil, type Day, dayOf } from './days';
import { when, year, t } from './i18n';
import type { Window } from './state';

export interface Tick { day: Day; label: string; major: boolean }

const spacing = 76; // pixels that a label needs
const yearSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

/** The marks of the axis: as close as their labels allow. */
export function ticks(w: Window, width: number): Tick[] {
  const days = w.to + 1 - w.from;
  const room = Math.max(2, width / spacing);
  const first = civil(w.from);
  const last = civil(w.to);
  const perTick = days / room;
  const out: Tick[] = [];
  if (perTick <= 16) {
    const step = [1, 2, 7, 14].find((s) => s >= perTick) ?? 14;
    for (let d = Math.ceil((w.from + 3) / step) * step - 3; d <= w.to; d += step) {
      const c = civil(d);
      const month = t.value.short[c.month - 1] ?? '';
      out.push({ day: d, label: `${c.day} ${month}`, major: false });
    }
    nameYear(out);
    return out;
  }
  if (perTick <= 200) {
    const step = [1, 3, 6].find((s) => s * 30.4 >= perTick) ?? 6;
    const from = first.year * 12 + first.month - 1;
    for (let m = Math.ceil(from / step) * step; m <= last.year * 12 + last.month - 1; m += step) {
      const y = Math.floor(m / 12);
      const month = m - y * 12 + 1;
      const d = dayOf(y, month, 1);
      if (d < w.from) continue;
      out.push({ day: d, label: month === 1 ? year(y) : t.value.short[month - 1] ?? '', major: month === 1 });
    }
    if (!out.some((x) => x.major)) nameYear(out);
    return out;
  }
  const step = yearSteps.find((s) => s * 365.25 >= perTick) ?? 5000;
  // Before our era the round numbers are those of the years BC: 500 BC is the year -499.
  for (let k = Math.floor((1 - first.year) / step); k >= 1; k--) {
    const d = dayOf(1 - k * step, 1, 1);
    if (d >= w.from && 1 - k * step <= last.year) out.push({ day: d, label: year(1 - k * step), major: false });
  }
  for (let y = Math.max(step, Math.ceil(first.year / step) * step); y <= last.year; y += step) {
    const d = dayOf(y, 1, 1);
    if (d >= w.from) out.push({ day: d, label: year(y), major: step > 1 && y % (step * 5) === 0 });
  }
  return out;
}

/** The first tick says the year, where none does. */
function nameYear(out: Tick[]): void {
  const first = out[0];
  if (first !== undefined) { first.label = `${first.label} ${year(civil(first.day).year)}`; first.major = true; }
}

export function describe(w: Window): string {
  const a = civil(w.from);
  const b = civil(w.to);
  const whole = a.month === 1 && a.day === 1 && b.month === 12 && b.day === 31;
  if (whole) return a.year === b.year ? year(a.year) : `${year(a.year)} – ${year(b.year)}`;
  const months = a.day === 1 && civil(w.to + 1).day === 1;
  const grain = months ? 'month' : 'day';
  const [from, to] = [when(w.from, grain), when(w.to, grain)];
  return from === to ? from : `${from} – ${to}`;
}
