/** One event, whole: what, when, where, who says so, what it is linked with, and how its record changed. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Event, key, type Schemas, useAsk } from './api';
import { Awaited, Copy, KeyBox, Tr } from './common';
import { colon, lang, number, t } from './i18n';
import { embedded, filter, go, one } from './state';
import { countryName, datasets, family, statusName, typeName } from './vocabulary';

export function Card({ id }: { id: string }) {
  const past = one('as_of');
  const asked = useAsk('/v1/events/{id}', `/v1/events/${encodeURIComponent(id)}${past === '' ? '' : `?as_of=${encodeURIComponent(past)}`}`);
  const heading = useRef<HTMLHeadingElement>(null);
  const back = useRef<Element | null>(document.activeElement);
  const w = t.value;
  const shown = asked.data;
  useEffect(() => { heading.current?.focus({ preventScroll: true }); }, [id, shown !== null]);
  useEffect(() => {
    // A merged event answers as the one it was merged into.
    if (shown !== null && asked.of?.includes(`/${encodeURIComponent(id)}`) && shown.id !== id) go({ event: shown.id }, true);
  }, [shown, asked.of, id]);
  const close = () => {
    go({ event: null });
    const before = back.current;
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    else document.querySelector<HTMLElement>('.ev[tabindex="0"]')?.focus();
  };
  const status = asked.failure?.status;
  const gone = status === 404 || status === 410;
  return (
    <div class={`card${shown ? ` f-${family(shown.type)}` : ''}`} role="dialog" aria-labelledby="card-title" onKeyDown={(e) => { if (e.key === 'Escape') { e.stopPropagation(); close(); } }}>
      <button type="button" class="close" aria-label={w.close} onClick={close}><span aria-hidden="true">×</span></button>
      {gone ? (
        <div class="card-body">
          <h2 id="card-title" tabIndex={-1} ref={heading}>{status === 410 ? w.deleted : w.missing}</h2>
          <p lang="en" dir="ltr" class="small">{asked.failure?.problem?.detail}</p>
          <p><code dir="ltr">{id}</code></p>
        </div>
      ) : shown === null ? (
        <div class="card-body"><h2 id="card-title" class="unseen" tabIndex={-1} ref={heading}>{w.loading}</h2><Awaited asked={asked}>{null}</Awaited></div>
      ) : <Body event={shown} heading={heading} />}
    </div>
  );
}

function Body({ event: e, heading }: { event: Event; heading: preact.RefObject<HTMLHeadingElement | null> }) {
  const w = t.value;
  const roles = new Map<string, string[]>();
  for (const c of e.countries) roles.set(c.role, [...(roles.get(c.role) ?? []), c.code]);
  const dataset = datasets.value.find((d) => d.slug === e.dataset);
  const extras = Object.entries(e.attributes);
  return (
    <div class="card-body">
      <p class="kind"><i class={`dot f-${family(e.type)}`} aria-hidden="true" />{typeName(e.type)} · {statusName(e.status)}</p>
      <h2 id="card-title" tabIndex={-1} ref={heading}><Tr of={e.title} fallback={e.id} /></h2>
      <p class="label">{e.date.label[lang.value]}</p>
      <p class="small precision">{[w.precision[e.date.precision], e.date.approximate && w.approximate, e.date.uncertain && w.uncertain].filter(Boolean).join(' · ')} <code dir="ltr" title={w.edtf}>{e.date.edtf}</code></p>
      {e.summary && <p class="summary"><Tr of={e.summary} /></p>}
      {e.location && <p class="place"><span class="term">{w.place}</span> <Tr of={e.location.name} /></p>}
      {roles.size > 0 && <Countries roles={roles} />}
      {e.actors.length > 0 && (
        <section><h3>{w.actors}</h3>
          <ul class="plainlist">{e.actors.map((a, i) => <li key={i}><Tr of={a.name} /> <span class="small">{w.role[a.role] ?? a.role}{a.country ? ` · ${countryName(a.country)}` : ''}</span></li>)}</ul>
        </section>
      )}
      {Object.keys(e.measures).length > 0 && (
        <section><h3>{w.measures}</h3><dl class="facts">{Object.entries(e.measures).map(([n, v]) => <div key={n}><dt><bdi>{n.replaceAll('_', ' ')}</bdi></dt><dd>{number.value(v)}</dd></div>)}</dl></section>
      )}
      <section><h3>{w.sources}</h3>{e.sources.map((s, i) => <Source key={i} source={s} />)}</section>
      <Related event={e} />
      {e.tags.length > 0 && <section><h3>{w.tags}</h3><p class="tags">{e.tags.map((tag) => <button key={tag} type="button" class="tag" onClick={() => filter({ tag })}><bdi>{tag}</bdi></button>)}</p></section>}
      {extras.length > 0 && (
        <details><summary>{w.attributes}</summary><dl class="facts stacked">{extras.map(([n, v]) => <div key={n}><dt><bdi>{n.replaceAll('_', ' ')}</bdi></dt><dd dir="auto">{v}</dd></div>)}</dl></details>
      )}
      <History event={e} />
      <div class="card-foot">
        <p class="small"><Tr of={dataset?.title} fallback={e.dataset} /> · <code dir="ltr">{e.id}</code> · {w.revision} {e.revision}</p>
        <p class="acts">
          <Copy label={w.permalink} value={() => new URL(`/?event=${encodeURIComponent(e.id)}`, location.href).href} />
          <a href={`/v1/events/${encodeURIComponent(e.id)}`}>JSON</a>
          {!embedded && <Correct id={e.id} />}
        </p>
      </div>
    </div>
  );
}

const manyCountries = 8;

function Countries({ roles }: { roles: Map<string, string[]> }) {
  const [all, setAll] = useState(false);
  const w = t.value;
  const total = [...roles.values()].reduce((n, c) => n + c.length, 0);
  let left = all || total <= manyCountries + 2 ? total : manyCountries;
  return (
    <section><h3>{w.countries}</h3>
      <dl class="facts">
        {[...roles].map(([role, codes]) => {
          const shown = codes.slice(0, left);
          left -= shown.length;
          return shown.length > 0 && (
            <div key={role}><dt>{w.role[role] ?? role}</dt><dd>{shown.map((c, i) => <span key={c}>{i > 0 && (lang.value === 'ar' ? '، ' : ', ')}<button type="button" class="link" onClick={() => filter({ country: c })}>{countryName(c)}</button></span>)}</dd></div>
          );
        })}
      </dl>
      {!all && total > manyCountries + 2 && <button type="button" class="link more" onClick={() => setAll(true)}>{w.readMore} ({number.value(total)})</button>}
    </section>
  );
}

function Source({ source: s }: { source: Schemas['Source'] }) {
  const w = t.value;
  // Only addresses of the web become links: an event may come from anyone.
  const safe = s.url !== null && /^https?:\/\//i.test(s.url) ? s.url : null;
  const name = s.title ?? s.publisher ?? w.noTitle;
  return (
    <figure class="source">
      {s.quote && <blockquote lang={s.language} dir="auto">{s.quote}</blockquote>}
      <figcaption>
        <cite lang={s.title ? s.language : undefined}><bdi>{safe ? <a href={safe} rel="noopener noreferrer nofollow" target="_blank">{name}</a> : name}</bdi></cite>
        {s.title && s.publisher && <span> · <bdi>{s.publisher}</bdi></span>}
        {s.published && <span> · {w.published} <bdi>{s.published}</bdi></span>}
        {s.supports.length > 0 && <span class="supports">{w.supports}{colon.value}{s.supports.map((f) => fieldName(f)).join(lang.value === 'ar' ? '، ' : ', ')}</span>}
      </figcaption>
    </figure>
  );
}

export function fieldName(field: string): string {
  const w = t.value;
  const names: Record<string, string> = { type: w.lanesType, status: w.status, date: w.date, title: w.title, summary: w.summary, countries: w.countries, actors: w.actors, location: w.place, measures: w.measures, tags: w.tags, links: w.related, attributes: w.attributes, sources: w.sources, dataset: w.dataset };
  return names[field] ?? field.replaceAll('_', ' ');
}

function Related({ event: e }: { event: Event }) {
  const past = one('as_of');
  const asked = useAsk('/v1/events/{id}/chain', `/v1/events/${encodeURIComponent(e.id)}/chain?depth=1${past === '' ? '' : `&as_of=${encodeURIComponent(past)}`}`);
  const w = t.value;
  const links: { relation: string; other: Event; back: boolean }[] = [];
  for (const other of asked.data?.data ?? []) {
    if (other.id === e.id) continue;
    for (const l of e.links) if (l.event === other.id) links.push({ relation: l.relation, other, back: false });
    for (const l of other.links) if (l.event === e.id) links.push({ relation: l.relation, other, back: true });
  }
  if (asked.failure === null && asked.data !== null && links.length === 0) return null;
  if (asked.data === null && asked.failure === null && e.links.length === 0) return null;
  return (
    <section class="related"><h3>{w.related}</h3>
      <Awaited asked={asked}>
        <ul>
          {links.map((l) => (
            <li key={`${l.relation}${l.other.id}${String(l.back)}`}>
              <span class="small">{(l.back ? w.inverse : w.relation)[l.relation] ?? l.relation}</span>
              <button type="button" class="link" onClick={() => go({ event: l.other.id })}><i class={`dot f-${family(l.other.type)}`} aria-hidden="true" /><Tr of={l.other.title} fallback={l.other.id} /></button>
              <span class="small">{l.other.date.label[lang.value]}</span>
            </li>
          ))}
        </ul>
      </Awaited>
    </section>
  );
}

type Change = Schemas['Change'];

function History({ event: e }: { event: Event }) {
  const [open, setOpen] = useState(false);
  const asked = useAsk('/v1/events/{id}/history', open ? `/v1/events/${encodeURIComponent(e.id)}/history` : null);
  const w = t.value;
  const list: Change[] = asked.data?.data ?? [];
  return (
    <details class="history" open={open} onToggle={(x) => setOpen(x.currentTarget.open)}>
      <summary>{w.history}</summary>
      {open && (
        <Awaited asked={asked}>
          <ol>
            {list.map((c, i) => {
              const fields = changedFields(list[i + 1]?.event, c.event);
              return (
                <li key={c.revision}>
                  <b>{w.historyOp[c.op] ?? c.op}</b> <time dateTime={c.at} dir="ltr" class="small">{c.at.slice(0, 16).replace('T', ' ')} UTC</time>
                  {c.op === 'update' && fields.length > 0 && <span class="small"> · {w.changed}{colon.value}{fields.map(fieldName).join(', ')}</span>}
                  {c.reason && <p class="small" dir="auto">{c.reason}</p>}
                  {i > 0 && c.event && <> <button type="button" class="link small" onClick={() => filter({ as_of: String(c.revision) })}>{w.then}</button></>}
                </li>
              );
            })}
          </ol>
          {list.length <= 1 && <p class="small">{w.noHistory}</p>}
        </Awaited>
      )}
    </details>
  );
}

function changedFields(before: Event | null | undefined, after: Event | null): string[] {
  if (!before || !after) return [];
  return (Object.keys(after) as (keyof Event)[]).filter((k) => !['revision', 'updated_at', 'created_at'].includes(k) && JSON.stringify(before[k]) !== JSON.stringify(after[k]));
}

function Correct({ id }: { id: string }) {
  const [asking, setAsking] = useState(false);
  const w = t.value;
  useEffect(() => { if (asking && key.value !== '') go({ edit: id }); }, [asking, key.value]);
  return (
    <>
      <button type="button" class="link" onClick={() => { if (key.value === '') setAsking(true); else go({ edit: id }); }}>{w.correct}</button>
      {asking && key.value === '' && <KeyBox />}
    </>
  );
}

