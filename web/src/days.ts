/** Days are whole numbers since 1970-01-01 in the proleptic Gregorian calendar, as in the API's server: Date counts no years before 0 well. */
export type Day = number;

export interface Civil { year: number; month: number; day: number }

export const minDay = dayOf(-4712, 1, 1);
export const maxDay = dayOf(9999, 12, 31);

export function dayOf(year: number, month: number, day: number): Day {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function civil(day: Day): Civil {
  const z = Math.floor(day) + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted + (shifted < 10 ? 3 : -9);
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

/** The first, or the last, day of a year, month or day as the API writes them; null for anything else. */
export function parse(text: string | null | undefined, last = false): Day | null {
  const found = /^(-?\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text ?? '');
  if (found === null) return null;
  const year = Number(found[1]);
  const month = found[2] === undefined ? (last ? 12 : 1) : Number(found[2]);
  if (month < 1 || month > 12) return null;
  const end = month === 12 ? 31 : civil(dayOf(year, month + 1, 1) - 1).day;
  const day = found[3] === undefined ? (last ? end : 1) : Number(found[3]);
  return day < 1 || day > end ? null : dayOf(year, month, day);
}

export function format(day: Day): string {
  const c = civil(Math.min(maxDay, Math.max(minDay, day)));
  const pad = (n: number, width: number) => String(n).padStart(width, '0');
  return `${c.year < 0 ? '-' : ''}${pad(Math.abs(c.year), 4)}-${pad(c.month, 2)}-${pad(c.day, 2)}`;
}
