/** What the page shows is the address: nothing of it is kept elsewhere. */
import { computed, signal } from '@preact/signals';
import { type Day, format, parse } from './days';

/** The filters of the API. The page knows how to change most of them; the others it passes on and shows as chips. */
export const filterNames = [
  'from', 'to', 'date', 'match', 'on', 'id', 'country', 'country_match', 'country_role', 'region', 'predecessors', 'type', 'status',
  'dataset', 'tag', 'actor', 'q', 'bbox', 'min_sources', 'as_of',
] as const;
export type FilterName = (typeof filterNames)[number];

/** The API's own parameters that are the page's to choose. */
const chosenHere = new Set(['limit', 'cursor', 'order', 'count', 'interval', 'by', 'measure', 'group_by']);
const ofThePage = new Set(['lanes', 'view', 'event', 'edit', 'lang', 'theme']);

export type Lanes = 'none' | 'country' | 'type';
export type Layout = 'timeline' | 'table';

export interface State {
  /** Everything that goes to the API, also what it may refuse: a mistyped name gets its answer there. */
  filters: [string, string][];
  lanes: Lanes;
  layout: Layout;
  event: string | null;
  /** The id of the event that is corrected, or '' for a new one. */
  edit: string | null;
  lang: string | null;
  theme: string | null;
}

export const embedded = location.pathname === '/embed';

export function read(search: string): State {
  const given = new URLSearchParams(search);
  const lanes = given.get('lanes');
  return {
    filters: [...given].filter(([name, value]) => !ofThePage.has(name) && !chosenHere.has(name) && value.trim() !== ''),
    lanes: lanes === 'country' || lanes === 'type' ? lanes : 'none',
    layout: given.get('view') === 'table' ? 'table' : 'timeline',
    event: given.get('event') || null,
    edit: given.get('edit'),
    lang: given.get('lang'),
    theme: given.get('theme'),
  };
}

export function write(s: State): string {
  const out = new URLSearchParams(s.filters);
  if (s.lanes !== 'none') out.set('lanes', s.lanes);
  if (s.layout !== 'timeline') out.set('view', s.layout);
  if (s.event !== null) out.set('event', s.event);
  if (s.edit !== null) out.set('edit', s.edit);
  if (s.lang !== null) out.set('lang', s.lang);
  if (s.theme !== null) out.set('theme', s.theme);
  return readable(out);
}

/** Commas and letters stay as people type them; a browser escapes what it must. */
export function readable(query: URLSearchParams): string {
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');
  return text === '' ? '' : `?${text}`;
}

export const state = signal<State>(read(location.search));

addEventListener('popstate', () => { state.value = read(location.search); });

/** Changes the address, as a new step of the history unless replace says otherwise. */
export function go(change: Partial<State>, replace = false): void {
  const next = { ...state.value, ...change };
  const address = location.pathname + write(next);
  if (address === location.pathname + location.search) { state.value = next; return; }
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  state.value = next;
}

export function one(name: FilterName): string {
  return state.value.filters.find(([n]) => n === name)?.[1] ?? '';
}

export function list(name: FilterName): string[] {
  return state.value.filters.filter(([n]) => n === name).flatMap(([, v]) => v.split(',')).filter((v) => v !== '');
}

/** The filters with some replaced; null or nothing removes one. */
export function filtersWith(change: Partial<Record<string, string | string[] | null>>): [string, string][] {
  const kept = state.value.filters.filter(([n]) => !(n in change));
  for (const [name, value] of Object.entries(change)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (text) kept.push([name, text]);
  }
  return kept;
}

export function filter(change: Partial<Record<string, string | string[] | null>>, replace = false): void {
  go({ filters: filtersWith(change) }, replace);
}

export function toggle(name: FilterName, value: string): void {
  const now = list(name);
  filter({ [name]: now.includes(value) ? now.filter((v) => v !== value) : [...now, value] });
}

export interface Window { from: Day; to: Day }

/** The asked window; a side is null where it is open or not written as a day, month or year. */
export const asked = computed(() => ({ from: parse(one('from')), to: parse(one('to'), true) }));

export function setWindow(w: Window | null, replace = false): void {
  filter({ from: w && format(w.from), to: w && format(w.to), date: null }, replace);
}

/** The query of the API for what is shown; without leaves filters out. */
export function query(own: Record<string, string> = {}, without: string[] = []): string {
  const out = new URLSearchParams(state.value.filters.filter(([n]) => !without.includes(n)));
  for (const [name, value] of Object.entries(own)) out.set(name, value);
  return readable(out);
}
