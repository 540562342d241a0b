/** The contract, read: every operation with its parameters, answers and a form that sends a real request. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import '../style.css';
import './docs.css';
import { recall } from '../memory';
import { type Contract, deref, methods, type Operation, type Parameter, refName, type Schema, typeWords } from './model';
import { Prose } from './text';
import { TryIt } from './try';

document.documentElement.dataset['theme'] = recall('browser', 'tarikh-theme') ?? 'auto';

interface Entry { path: string; method: string; operation: Operation; parameters: Parameter[] }

function entriesOf(c: Contract): Entry[] {
  const out: Entry[] = [];
  for (const [path, item] of Object.entries(c.paths)) {
    for (const method of methods) {
      const operation = item[method] as Operation | undefined;
      if (operation === undefined) continue;
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => deref(c, p));
      out.push({ path, method, operation, parameters });
    }
  }
  return out;
}

function Docs() {
  const [contract, setContract] = useState<Contract | null>(null);
  const [failed, setFailed] = useState('');
  const [sought, setSought] = useState('');
  const load = () => {
    setFailed('');
    fetch('/openapi.json', { credentials: 'omit' }).then((r) => { if (!r.ok) throw new Error(`The server answered ${r.status}.`); return r.json(); })
      .then((c: Contract) => setContract(c), (e: unknown) => setFailed(e instanceof Error ? e.message : 'The server cannot be reached.'));
  };
  useEffect(load, []);
  useEffect(() => {
    if (contract === null || location.hash === '') return;
    document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  }, [contract]);
  const entries = contract === null ? [] : entriesOf(contract);
  const words = sought.trim().toLowerCase();
  const shown = entries.filter((e) => words === '' || [e.path, e.operation.operationId, e.operation.summary, ...e.parameters.map((p) => p.name)].some((x) => x?.toLowerCase().includes(words)));
  const tags = contract?.tags?.map((t) => t.name) ?? [];
  return (
    <div class="page docs">
      <a class="skip" href="#operations">Skip to the operations</a>
      <header class="top">
        <div class="name"><h1><a href="/">Tarikh <span lang="ar">تاريخ</span></a></h1><p>The API, as openapi.yaml states it</p></div>
        <nav aria-label="Tarikh"><a href="/">Explorer</a><a href="/openapi.yaml">openapi.yaml</a><a href="/openapi.json">openapi.json</a></nav>
      </header>
      {failed !== '' && <div class="trouble" role="alert"><p>The contract could not be loaded.</p><p class="small">{failed}</p><button type="button" onClick={load}>Try again</button></div>}
      {contract === null ? failed === '' && <p class="waiting" role="status"><span>Loading…</span></p> : (
        <div class="doc-columns">
          <nav class="contents" aria-label="Operations">
            <input type="search" aria-label="Find an operation or a parameter" placeholder="Find" value={sought} onInput={(e) => setSought(e.currentTarget.value)} />
            {tags.map((tag) => {
              const of = shown.filter((e) => (e.operation.tags ?? []).includes(tag));
              return of.length > 0 && <section key={tag}><h2>{tag}</h2><ul>{of.map((e) => <li key={e.operation.operationId}><a href={`#${e.operation.operationId}`}><Verb method={e.method} /> {e.operation.summary ?? e.operation.operationId}</a></li>)}</ul></section>;
            })}
            <section><h2>Shapes</h2><ul><li><a href="#schemas">All {Object.keys(contract.components['schemas'] ?? {}).length}</a></li></ul></section>
          </nav>
          <main id="operations">
            <section class="about"><h2>{contract.info.title} API, version {contract.info.version}</h2><Prose of={contract.info.description} /></section>
            {tags.map((tag) => shown.filter((e) => (e.operation.tags ?? []).includes(tag)).map((e) => <OperationView key={e.operation.operationId} entry={e} contract={contract} />))}
            {shown.length === 0 && <p role="status">Nothing is called so.</p>}
            <section id="schemas" class="schemas"><h2>Shapes</h2>
              {Object.entries(contract.components['schemas'] ?? {}).map(([name, s]) => <details key={name} id={`schema-${name}`}><summary><code>{name}</code></summary><SchemaView contract={contract} schema={s as Schema} /></details>)}
            </section>
          </main>
        </div>
      )}
    </div>
  );
}

export function Verb({ method }: { method: string }) { return <span class={`verb ${method}`}>{method.toUpperCase()}</span>; }

function OperationView({ entry: e, contract }: { entry: Entry; contract: Contract }) {
  const { operation } = e;
  const asked = e.parameters.filter((p) => p.in !== 'header');
  const headers = e.parameters.filter((p) => p.in === 'header');
  const body = operation.requestBody === undefined ? null : deref(contract, operation.requestBody);
  return (
    <section class="operation" id={operation.operationId} aria-labelledby={`${operation.operationId}-title`}>
      <h2 id={`${operation.operationId}-title`}><a href={`#${operation.operationId}`}>{operation.summary ?? operation.operationId}</a></h2>
      <p class="route"><Verb method={e.method} /> <code>{e.path}</code> <span class="small">{operation.operationId}</span></p>
      <Prose of={operation.description} />
      {asked.length > 0 && <Parameters of={asked} contract={contract} title="Parameters" />}
      {headers.length > 0 && <Parameters of={headers} contract={contract} title="Headers" />}
      {body?.content && <><h3>Body</h3><Prose of={body.description} /><ul class="answers">{Object.entries(body.content).map(([kind, m]) => <li key={kind}><code>{kind}</code> <ShapeLink schema={m.schema} contract={contract} /></li>)}</ul></>}
      <h3>Answers</h3>
      <ul class="answers">
        {Object.entries(operation.responses).map(([status, r]) => {
          const answer = deref(contract, r);
          return <li key={status}><b class={`status s${status[0] ?? ''}`}>{status}</b> <span>{answer.description}</span> {Object.entries(answer.content ?? {}).map(([kind, m]) => <span key={kind} class="small"><code>{kind}</code> <ShapeLink schema={m.schema} contract={contract} /></span>)}</li>;
        })}
      </ul>
      <TryIt method={e.method} path={e.path} parameters={e.parameters} body={body?.content ?? null} contract={contract} operation={operation} />
    </section>
  );
}

function ShapeLink({ schema, contract }: { schema: Schema | undefined; contract: Contract }) {
  const name = refName(schema);
  return name === null ? <span class="small">{typeWords(contract, schema)}</span> : <a href={`#schema-${name}`} onClick={() => { const d = document.getElementById(`schema-${name}`); if (d instanceof HTMLDetailsElement) d.open = true; }}>{name}</a>;
}

function Parameters({ of, contract, title }: { of: Parameter[]; contract: Contract; title: string }) {
  return (
    <details class="parameters" open={of.length <= 6}>
      <summary>{title} ({of.length})</summary>
      <dl>
        {of.map((p) => {
          const s = p.schema === undefined ? undefined : deref(contract, p.schema);
          const words = (s?.type === 'array' && s.items ? deref(contract, s.items).enum : s?.enum) ?? [];
          return (
            <div key={p.name}>
              <dt><code>{p.name}</code>{p.required && <span class="must">required</span>}<span class="small">{typeWords(contract, p.schema)}</span></dt>
              <dd><Prose of={p.description} />{words.length > 0 && <p class="small">One of {words.map((x, i) => <>{i > 0 && ' '}<code key={String(x)}>{String(x)}</code></>)}</p>}{s?.default !== undefined && <p class="small">Without it: <code>{String(s.default)}</code></p>}</dd>
            </div>
          );
        })}
      </dl>
    </details>
  );
}

function SchemaView({ schema, contract }: { schema: Schema; contract: Contract }) {
  return (
    <div class="shape">
      <Prose of={schema.description} />
      {schema.enum && <p>{schema.enum.map((x, i) => <>{i > 0 && ' '}<code key={String(x)}>{String(x)}</code></>)}</p>}
      {schema.pattern && <p class="small">Pattern <code>{schema.pattern}</code></p>}
      {schema.properties && (
        <dl>{Object.entries(schema.properties).map(([name, of]) => (
          <div key={name}><dt><code>{name}</code> {refName(of) ? <ShapeLink schema={of} contract={contract} /> : refName(of.items) ? <span class="small">list of <ShapeLink schema={of.items} contract={contract} /></span> : <span class="small">{typeWords(contract, of)}</span>}</dt><dd><Prose of={of.description} /></dd></div>
        ))}</dl>
      )}
      {!schema.properties && !schema.enum && <p class="small">{typeWords(contract, schema)}</p>}
    </div>
  );
}

render(<Docs />, document.getElementById('app')!);
