/** A request that is put together in a form, shown as a command, and sent to this server. */
import { useState } from 'preact/hooks';
import { key, setKey } from '../api';
import { type Contract, deref, type Media, type Operation, type Parameter, typeWords } from './model';

interface Outcome { status: number; statusText: string; ms: number; bytes: number; headers: [string, string][]; body: string; cut: boolean }

const shownCharacters = 60_000;
const streamed = 3000; // how long a stream is listened to

function exampleOf(operation: Operation): URL | null {
  for (const answer of Object.values(operation.responses)) {
    for (const media of Object.values(answer.content ?? {})) {
      for (const e of Object.values(media.examples ?? {})) if (e['x-request']) return new URL(e['x-request'], location.origin);
    }
  }
  return null;
}

/** Where the contract gives a real example, the form begins with it. */
function startOf(path: string, parameters: Parameter[], operation: Operation): Record<string, string> {
  const example = exampleOf(operation);
  const values: Record<string, string> = {};
  if (example !== null) {
    for (const p of parameters) {
      const v = example.searchParams.get(p.name);
      if (p.in === 'query' && v !== null) values[p.name] = v;
    }
    const parts = path.split('/');
    decodeURIComponent(example.pathname).split('/').forEach((part, i) => {
      const name = /^\{(.+)\}$/.exec(parts[i] ?? '')?.[1];
      if (name !== undefined) values[name] = part;
    });
  }
  return values;
}

export function TryIt({ method, path, parameters, body, contract, operation }: { method: string; path: string; parameters: Parameter[]; body: Record<string, Media> | null; contract: Contract; operation: Operation }) {
  const [values, setValues] = useState<Record<string, string>>(() => startOf(path, parameters, operation));
  const kinds = Object.keys(body ?? {});
  const [kind, setKind] = useState(kinds[0] ?? '');
  const sample = body?.[kind];
  const first = sample?.example ?? Object.values(sample?.examples ?? {})[0]?.value;
  const [text, setText] = useState(typeof first === 'string' ? first : first === undefined ? '' : JSON.stringify(first, null, 2));
  const [out, setOut] = useState<Outcome | null>(null);
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  const id = operation.operationId;

  const missing = parameters.filter((p) => p.in === 'path' && (values[p.name] ?? '') === '').map((p) => p.name);
  const query = new URLSearchParams(parameters.filter((p) => p.in === 'query' && (values[p.name] ?? '') !== '').map((p) => [p.name, values[p.name] ?? '']));
  const target = path.replace(/\{(.+?)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? '')) + (query.size > 0 ? `?${query.toString().replaceAll('%2C', ',')}` : '');
  const headers: [string, string][] = parameters.filter((p) => p.in === 'header' && (values[p.name] ?? '') !== '').map((p) => [p.name, values[p.name] ?? '']);
  if (body !== null && kind !== '') headers.push(['Content-Type', kind]);
  const quote = (s: string) => `'${s.replaceAll("'", `'\\''`)}'`;
  const command = ['curl', method === 'get' ? '' : `-X ${method.toUpperCase()}`, quote(location.origin + target), ...headers.map(([n, v]) => `-H ${quote(`${n}: ${v}`)}`),
    key.value === '' ? '' : `-H 'Authorization: Bearer …'`, body !== null && text !== '' ? `--data-binary ${quote(text)}` : ''].filter(Boolean).join(' \\\n  ');

  const send = async () => {
    setBusy(true);
    setFailed('');
    const began = performance.now();
    const cut = new AbortController();
    try {
      const all = new Headers(headers);
      if (key.value !== '') all.set('Authorization', `Bearer ${key.value}`);
      const response = await fetch(target, { method: method.toUpperCase(), headers: all, credentials: 'omit', cache: 'no-store', signal: cut.signal, ...(body !== null && text !== '' ? { body: text } : {}) });
      let got = '';
      let bytes = 0;
      let ended = false;
      const timer = /event-stream/.test(response.headers.get('Content-Type') ?? '') ? setTimeout(() => cut.abort(), streamed) : 0;
      try {
        const reader = response.body?.getReader();
        const decoder = new TextDecoder();
        while (reader !== undefined && got.length < shownCharacters) {
          const { done, value } = await reader.read();
          if (done) { ended = true; break; }
          bytes += value.length;
          got += decoder.decode(value, { stream: true });
        }
        if (reader === undefined) ended = true;
      } catch (e) { if (!cut.signal.aborted) throw e; }
      clearTimeout(timer);
      if (!ended) cut.abort();
      if (ended && /json/.test(response.headers.get('Content-Type') ?? '') && !/ndjson/.test(response.headers.get('Content-Type') ?? '')) {
        try { got = JSON.stringify(JSON.parse(got), null, 2); } catch { /* shown as it came */ }
      }
      setOut({ status: response.status, statusText: response.statusText, ms: performance.now() - began, bytes, headers: [...response.headers], body: got.slice(0, shownCharacters), cut: !ended || got.length > shownCharacters });
    } catch {
      setOut(null);
      setFailed('The server cannot be reached.');
    } finally { setBusy(false); }
  };

  const set = (name: string, value: string) => setValues({ ...values, [name]: value });
  const fields = [...parameters].sort((a, b) => Number(b.in === 'path') - Number(a.in === 'path'));
  return (
    <details class="try">
      <summary>Try it</summary>
      <form onSubmit={(e) => { e.preventDefault(); if (missing.length === 0) void send(); }}>
        <div class="try-fields">
          {fields.map((p) => {
            const s = p.schema === undefined ? undefined : deref(contract, p.schema);
            const words = s?.enum ?? (s?.type === 'boolean' ? ['true', 'false'] : null);
            const hints = s?.type === 'array' && s.items ? deref(contract, s.items).enum : null;
            const name = `${id}-${p.in}-${p.name}`;
            return (
              <div class="field" key={name}>
                <label for={name}><code>{p.name}</code>{p.in === 'path' && <span class="must">required</span>}{p.in === 'header' && <span class="small"> header</span>}</label>
                {words
                  ? <select id={name} value={values[p.name] ?? ''} onChange={(e) => set(p.name, e.currentTarget.value)}><option value="">{s?.default === undefined ? '' : `(${String(s.default)})`}</option>{words.map((x) => <option key={String(x)}>{String(x)}</option>)}</select>
                  : <input id={name} list={hints ? `${name}-words` : undefined} dir="auto" autocomplete="off" placeholder={s?.default !== undefined ? String(s.default) : typeWords(contract, p.schema)} value={values[p.name] ?? ''} onInput={(e) => set(p.name, e.currentTarget.value)} required={p.in === 'path'} />}
                {hints && <datalist id={`${name}-words`}>{hints.map((x) => <option key={String(x)} value={String(x)} />)}</datalist>}
              </div>
            );
          })}
          <div class="field"><label for={`${id}-key`}>API key <span class="small">this tab's alone</span></label><input id={`${id}-key`} type="password" autocomplete="off" value={key.value} onInput={(e) => setKey(e.currentTarget.value.trim())} /></div>
        </div>
        {body !== null && (
          <div class="field">
            <label for={`${id}-body`}>Body</label>
            {kinds.length > 1 && <select aria-label="Media type of the body" value={kind} onChange={(e) => setKind(e.currentTarget.value)}>{kinds.map((k) => <option key={k}>{k}</option>)}</select>}
            <textarea id={`${id}-body`} rows={10} spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} />
          </div>
        )}
        <pre class="command" tabIndex={0} aria-label="The same request with curl"><code>{command}</code></pre>
        <p class="acts"><button type="submit" class="primary" disabled={busy}>{busy ? 'Sending…' : `Send ${method.toUpperCase()}`}</button>{method === 'get' && <a href={target} target="_blank" rel="noopener">Open</a>}</p>
      </form>
      <div role="status" class="outcome">
        {failed !== '' && <p class="trouble">{failed}</p>}
        {out !== null && (
          <>
            <p><b class={`status s${String(out.status)[0] ?? ''}`}>{out.status} {out.statusText}</b> <span class="small">{out.ms.toFixed(0)} ms, {out.bytes.toLocaleString('en')} bytes</span></p>
            <details><summary>Headers</summary><dl class="facts">{out.headers.map(([n, v]) => <div key={n}><dt>{n}</dt><dd><code>{v}</code></dd></div>)}</dl></details>
            <pre class="answer" tabIndex={0} aria-label="The answer's body"><code>{out.body}</code></pre>
            {out.cut && <p class="small">Cut here: the rest is not shown.</p>}
          </>
        )}
      </div>
    </details>
  );
}
