import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Asked, Failure, setKey } from './api';
import { lang, t, text } from './i18n';
import { filter, filtersWith, go, state } from './state';

/** A text of the data: in its own language and direction, and never as markup. */
export function Tr({ of, fallback = '' }: { of: Record<string, string> | null | undefined; fallback?: string }) {
  const found = text(of);
  if (found.words === '') return <>{fallback}</>;
  return <bdi lang={found.lang === lang.value ? undefined : found.lang}>{found.words}</bdi>;
}

export function useWidth<T extends HTMLElement>(): [preact.RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

/** Says what went wrong, in words that help, and what to do. */
export function Trouble({ failure, again, quiet = false }: { failure: Failure; again: () => void; quiet?: boolean }) {
  const w = t.value;
  if (failure.status === 400 && failure.problem !== null && failure.problem.errors.length > 0) {
    return (
      <div class="trouble" role="alert">
        <p>{w.faulty}</p>
        <ul>
          {failure.problem.errors.map((e) => {
            const name = e.parameter ?? '';
            const known = state.value.filters.some(([n]) => n === name);
            const rename = e.suggestion !== null && /is not a parameter/.test(e.detail);
            return (
              <li key={name + e.detail}>
                <span lang="en" dir="ltr"><code>{name}</code> {e.detail}</span>{' '}
                {known && e.suggestion && (
                  <button type="button" class="link" onClick={() => {
                    const value = state.value.filters.find(([n]) => n === name)?.[1] ?? null;
                    go({ filters: rename ? filtersWith({ [name]: null, [e.suggestion as string]: value }) : filtersWith({ [name]: e.suggestion }) });
                  }}>{w.use} <code>{e.suggestion}</code></button>
                )}{' '}
                {known && <button type="button" class="link" onClick={() => filter({ [name]: null })}>{w.remove}</button>}
              </li>
            );
          })}
        </ul>
      </div>
    );
  }
  if (failure.status === 401 || failure.status === 403) return quiet ? null : <KeyBox why={failure.problem?.detail ?? w.needKey} />;
  const offline = failure.status === 0;
  const says = offline ? w.offline : failure.status === 429 ? w.tooMany : failure.problem === null ? `${w.failed} (${failure.status})` : w.failed;
  return (
    <div class="trouble" role="alert">
      <p>{says}</p>
      {!quiet && failure.problem !== null && <p lang="en" dir="ltr" class="small">{failure.problem.detail}</p>}
      <button type="button" onClick={again}>{w.retry}</button>
    </div>
  );
}

export function KeyBox({ why }: { why?: string }) {
  const [value, setValue] = useState('');
  const w = t.value;
  return (
    <form class="keybox" onSubmit={(e) => { e.preventDefault(); if (value.trim() !== '') setKey(value.trim()); }}>
      {why && <p role="alert">{why}</p>}
      <label>{w.key}<input type="password" autocomplete="off" dir="ltr" value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>
      <p class="small">{w.keyHint}</p>
      <button type="submit">{w.useKey}</button>
    </form>
  );
}

/** A place whose content comes from the API: what is there stays while more is awaited. */
export function Awaited({ asked, children, quiet = false }: { asked: Asked<unknown>; children: ComponentChildren; quiet?: boolean }) {
  const w = t.value;
  const { failure } = asked;
  if (failure !== null && !asked.loading) return <Trouble failure={failure} again={asked.again} quiet={quiet} />;
  return (
    <>
      {asked.loading && asked.slow && <p class="slow" role="status">{failure !== null ? w.busy : w.slow}</p>}
      {asked.data === null ? <p class="waiting" role="status"><span>{failure !== null ? w.busy : w.loading}</span></p> : children}
    </>
  );
}

/** Chosen one of a few, as radio buttons that look like one control. */
export function Segments<T extends string>({ legend, name, value, options, onChange }: { legend: string; name: string; value: T; options: [T, string][]; onChange: (v: T) => void }) {
  return (
    <fieldset class="segments">
      <legend>{legend}</legend>
      <div>
        {options.map(([v, label]) => (
          <label key={v} class={v === value ? 'on' : ''}>
            <input type="radio" name={name} value={v} checked={v === value} onChange={() => onChange(v)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Copy({ label, value }: { label: string; value: () => string }) {
  const [done, setDone] = useState<'no' | 'yes' | 'byhand'>('no');
  const copied = done === 'yes';
  return (
    <>
      <button type="button" class="link" onClick={() => {
        // A page that is not served over TLS has no clipboard: then the text is shown.
        if (!navigator.clipboard) { setDone('byhand'); return; }
        navigator.clipboard.writeText(value()).then(() => { setDone('yes'); setTimeout(() => setDone('no'), 2500); }, () => setDone('byhand'));
      }}>{copied ? `✓ ${t.value.copied}` : label}</button>
      {done === 'byhand' && <label class="byhand">{t.value.copyThis}<input readOnly dir="ltr" value={value()} onFocus={(e) => e.currentTarget.select()} /></label>}
      <span role="status" class="unseen">{copied ? t.value.copied : ''}</span>
    </>
  );
}
