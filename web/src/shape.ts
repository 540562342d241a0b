/** How an event lies in time, from the four days of its date: what is drawn solid, what soft, what fades out. */
import type { Event } from './api';
import { type Day, parse } from './days';

export interface Shape {
  /** The days it can touch; infinite where it is open. */
  first: Day;
  last: Day;
  /** The days through which it surely lasts, both inclusive; null where no day is sure. */
  core: { from: Day; to: Day } | null;
  /** One known day. */
  point: boolean;
  /** Approximate or uncertain: nothing of it is certain. */
  doubtful: boolean;
}

export function shape(date: Event['date']): Shape {
  const first = parse(date.earliest) ?? -Infinity;
  const last = parse(date.latest) ?? Infinity;
  const startLatest = parse(date.start_latest) ?? (first === -Infinity ? -Infinity : Infinity);
  const endEarliest = parse(date.end_earliest) ?? (last === Infinity ? Infinity : -Infinity);
  const core = startLatest <= endEarliest ? { from: startLatest, to: endEarliest } : null;
  return { first, last, core, point: first === last, doubtful: date.approximate || date.uncertain };
}

/** Puts what has a beginning and an end into as few rows as there are at once, in the order given. */
export function pack(spans: { start: number; end: number }[], gap: number): { rows: number[]; count: number } {
  const ends: number[] = [];
  const rows = spans.map((s) => {
    let row = ends.findIndex((end) => end + gap <= s.start);
    if (row < 0) { row = ends.length; ends.push(0); }
    ends[row] = s.end;
    return row;
  });
  return { rows, count: ends.length };
}
