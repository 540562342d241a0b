/** The public API, typed by openapi.yaml: the page has no other way to the data. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { recall, remember } from './memory';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Event = Schemas['Event'];
export type Country = Schemas['Country'];
export type Problem = Schemas['Problem'];
export type Timeline = Schemas['Timeline'];
export type Bucket = Schemas['Bucket'];
export type Facets = Schemas['Facets'];

type Readable = { [P in keyof paths]: paths[P] extends { get: { responses: { 200: { content: { 'application/json': unknown } } } } } ? P : never }[keyof paths];
export type Answer<P extends Readable> = paths[P] extends { get: { responses: { 200: { content: { 'application/json': infer A } } } } } ? A : never;

/** What the API said against a request, or that it could not be asked. */
export class Failure extends Error {
  constructor(readonly status: number, readonly problem: Problem | null, readonly retryAfter: number | null) {
    super(problem?.detail ?? 'no answer');
  }
}

const keyName = 'tarikh-key';

/** The writer's key: this tab's alone, and gone with it. */
export const key = signal(recall('tab', keyName) ?? '');
export function setKey(value: string): void {
  key.value = value;
  remember('tab', keyName, value);
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key.value !== '') headers.set('Authorization', `Bearer ${key.value}`);
  let response: Response;
  try {
    // Asked each time whether the copy still stands: one that may be stale would not show what was just written.
    response = await fetch(path, { cache: 'no-cache', ...init, headers, credentials: 'omit' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Failure(0, null, null);
  }
  if (response.ok) return response;
  let problem: Problem | null = null;
  try {
    const body = await response.json() as Problem;
    if (typeof body.detail === 'string' && Array.isArray(body.errors)) problem = body;
  } catch { /* whoever answered is not the API: the status alone speaks */ }
  const after = Number(response.headers.get('Retry-After'));
  throw new Failure(response.status, problem, after > 0 ? after : null);
}

export async function get<P extends Readable>(path: P, address: string = path, signal?: AbortSignal): Promise<Answer<P>> {
  const response = await send(address, signal ? { signal } : {});
  return await response.json() as Answer<P>;
}

export interface Asked<T> {
  /** The newest answer, also while the next one is awaited, so that nothing jumps. */
  data: T | null;
  failure: Failure | null;
  loading: boolean;
  /** Loading for long enough that a person wonders. */
  slow: boolean;
  /** The address that data answers. */
  of: string | null;
  again: () => void;
}

/** Counts up when a write changed what lists may hold. */
export const written = signal(0);

const slowAfter = 2500;
const retries = 3;

/** Asks for an address whenever it changes; null asks for nothing. A busy server is asked again when it says so. */
export function useAsk<P extends Readable>(path: P, address: string | null): Asked<Answer<P>> {
  const [now, setNow] = useState<{ data: Answer<P> | null; failure: Failure | null; loading: boolean; slow: boolean; of: string | null }>(
    { data: null, failure: null, loading: address !== null, slow: false, of: null });
  const [turn, setTurn] = useState(0);
  const version = written.value;
  const withKey = key.value;
  useEffect(() => {
    if (address === null) { setNow({ data: null, failure: null, loading: false, slow: false, of: null }); return; }
    const cut = new AbortController();
    let timer = 0;
    const slow = window.setTimeout(() => setNow((n) => ({ ...n, slow: true })), slowAfter);
    setNow((n) => ({ ...n, loading: true, slow: false }));
    const attempt = (left: number) => {
      get(path, address, cut.signal).then((data) => {
        clearTimeout(slow);
        setNow({ data, failure: null, loading: false, slow: false, of: address });
      }, (error: unknown) => {
        if (cut.signal.aborted) return;
        const failure = error instanceof Failure ? error : new Failure(0, null, null);
        const costly = failure.problem?.code.endsWith('too_costly');
        // What was too costly may be cheap once the server has read everything, as after its start.
        if (failure.status === 503 && left > (costly ? retries - 2 : 0)) {
          setNow((n) => ({ ...n, failure, loading: true }));
          timer = window.setTimeout(() => attempt(left - 1), Math.min(30, failure.retryAfter ?? 2) * 1000);
          return;
        }
        clearTimeout(slow);
        setNow((n) => ({ ...n, failure, loading: false, slow: false }));
      });
    };
    attempt(retries);
    const online = () => setTurn((t) => t + 1);
    addEventListener('online', online);
    return () => { cut.abort(); clearTimeout(timer); clearTimeout(slow); removeEventListener('online', online); };
  }, [path, address, turn, version, withKey]);
  return { ...now, again: () => setTurn((t) => t + 1) };
}
