/** Adding and correcting an event, with the faults that the API finds at their fields. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Event, Failure, get, type Problem, type Schemas, send, setKey, written } from './api';
import { fieldName } from './card';
import { Trouble } from './common';
import { colon, lang, langNames, langs, t, text } from './i18n';
import { go } from './state';
import { codeOf, countries, countryName, datasets, statusName, typeName, types } from './vocabulary';
import { inWords } from './words';

type Source = Schemas['Source'];
type Role = Schemas['Role'];
const roles: Role[] = ['location', 'initiator', 'participant', 'target', 'signatory', 'mediator', 'affected'];
const statuses: Schemas['EventStatus'][] = ['occurred', 'ongoing', 'planned', 'alleged'];
const relations: Schemas['Relation'][] = ['follows', 'responds_to', 'part_of', 'leads_to', 'contradicts', 'same_as'];
const supportable: Schemas['EventField'][] = ['type', 'status', 'date', 'title', 'summary', 'countries', 'actors', 'location', 'measures', 'tags', 'links', 'attributes'];

interface Draft {
  id: string; dataset: string; type: string; status: string; edtf: string;
  title: Record<string, string>; summary: Record<string, string>;
  countries: { name: string; role: string }[];
  sources: Source[];
  links: { relation: string; event: string }[];
  tags: string;
}

const emptySource = (): Source => ({ title: null, publisher: null, url: null, language: lang.value, published: null, quote: null, supports: [] });

function draftOf(e: Event | null): Draft {
  return {
    id: e?.id ?? '', dataset: e?.dataset ?? datasets.value[0]?.slug ?? '', type: e?.type ?? '', status: e?.status ?? 'occurred', edtf: e?.date.edtf ?? '',
    title: { ...e?.title }, summary: { ...e?.summary },
    countries: e?.countries.map((c) => ({ name: countryName(c.code), role: c.role })) ?? [],
    sources: e?.sources.map((s) => ({ ...s })) ?? [emptySource()],
    links: e?.links.map((l) => ({ ...l })) ?? [], tags: e?.tags.join(', ') ?? '',
  };
}

const filled = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).filter(([, v]) => v.trim() !== ''));

/** What is sent: of an event that is corrected, only what the form changed, and the rest stays as it was. */
function bodyOf(d: Draft, before: Event | null): Record<string, unknown> {
  const summary = filled(d.summary);
  const body: Record<string, unknown> = {
    dataset: d.dataset, type: d.type, status: d.status, date: { edtf: d.edtf.trim() }, title: filled(d.title), summary: Object.keys(summary).length > 0 ? summary : null,
    countries: d.countries.map((c) => ({ code: codeOf(c.name) ?? c.name.trim(), role: c.role })),
    sources: d.sources, links: d.links, tags: d.tags.split(/[,،]/).map((x) => x.trim()).filter((x) => x !== ''),
  };
  if (before === null) {
    if (d.id.trim() !== '') body['id'] = d.id.trim();
    return { ...body, actors: [], location: null, measures: {}, attributes: {} };
  }
  for (const [field, value] of Object.entries(body)) {
    const was = field === 'date' ? { edtf: before.date.edtf } : before[field as keyof Event];
    if (JSON.stringify(was) === JSON.stringify(value)) delete body[field];
  }
  // A merge patch keeps what it does not name: a text that was taken out is named as null.
  for (const field of ['title', 'summary'] as const) {
    const value = body[field];
    if (value && typeof value === 'object') body[field] = { ...Object.fromEntries(Object.keys(before[field] ?? {}).map((l) => [l, null])), ...value };
  }
  return body;
}

export default function EventForm({ id }: { id: string }) {
  const [before, setBefore] = useState<Event | null>(null);
  const [draft, setDraft] = useState<Draft | null>(id === '' ? draftOf(null) : null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [theirs, setTheirs] = useState<Event | null>(null);
  const [busy, setBusy] = useState(false);
  const [dateFault, setDateFault] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const w = t.value;
  const isNew = id === '';
  const load = () => {
    if (isNew) return;
    get('/v1/events/{id}', `/v1/events/${encodeURIComponent(id)}`).then((e) => { setBefore(e); setDraft(draftOf(e)); setFailure(null); }, (e: unknown) => setFailure(e instanceof Failure ? e : new Failure(0, null, null)));
  };
  useEffect(load, [id]);
  useEffect(() => { heading.current?.focus(); }, [draft === null]);
  useEffect(() => { if (draft && draft.dataset === '' && datasets.value[0]) setDraft({ ...draft, dataset: datasets.value[0].slug }); }, [datasets.value]);

  // The API is asked about the date alone, as an import that is only tried.
  useEffect(() => {
    const edtf = draft?.edtf.trim() ?? '';
    setDateFault(null);
    if (edtf === '') return;
    const cut = new AbortController();
    const timer = setTimeout(() => {
      const probe = [{ id: 'a-date-that-is-typed', dataset: draft?.dataset || datasets.value[0]?.slug, type: 'other', status: 'occurred', date: { edtf }, title: { en: 'x' }, sources: [{ title: 'x', language: 'en' }] }];
      send('/v1/imports?dry_run=true', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(probe), signal: cut.signal }).catch((e: unknown) => {
        if (!(e instanceof Failure) || e.status !== 422) return; // only a fault of the date is worth a word while typing
        const fault = e.problem?.errors.find((f) => f.pointer?.includes('/date'));
        if (fault) setDateFault(fault.detail + (fault.suggestion ? ` (${fault.suggestion})` : ''));
      });
    }, 400);
    return () => { clearTimeout(timer); cut.abort(); };
  }, [draft?.edtf]);

  if (draft === null) return <Frame title={w.correctEvent} heading={heading}>{failure ? <Trouble failure={failure} again={load} /> : <p class="waiting">{w.loading}</p>}</Frame>;
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const problem = failure?.problem ?? null;
  const faults = problem?.errors ?? [];
  /** The date is checked while it is typed, so what was said of an earlier one goes. */
  const forgiveDate = () => {
    if (problem?.errors.some((f) => f.pointer?.startsWith('/date'))) setFailure(new Failure(failure?.status ?? 0, { ...problem, errors: problem.errors.filter((f) => !f.pointer?.startsWith('/date')) }, null));
  };
  const shown = new Set<string>();
  /** The faults at a field: those whose pointer is it or below it, once. */
  const at = (pointer: string) => faults.filter((f) => {
    const p = f.pointer ?? '';
    const hit = p === pointer || p.startsWith(`${pointer}/`);
    if (hit) shown.add(p + f.detail);
    return hit;
  });
  const save = (revision: number | undefined) => {
    setBusy(true);
    setTheirs(null);
    const body = bodyOf(draft, before);
    const target = isNew ? '/v1/events' : `/v1/events/${encodeURIComponent(id)}`;
    const headers: Record<string, string> = { 'Content-Type': isNew ? 'application/json' : 'application/merge-patch+json' };
    if (revision !== undefined) headers['If-Match'] = `"${revision}"`;
    send(target, { method: isNew ? 'POST' : 'PATCH', headers, body: JSON.stringify(body) }).then(async (r) => {
      const saved = await r.json() as Event;
      written.value++;
      go({ edit: null, event: saved.id });
    }, async (e: unknown) => {
      const f = e instanceof Failure ? e : new Failure(0, null, null);
      setFailure(f);
      if (f.status === 412 && !isNew) setTheirs(await get('/v1/events/{id}', `/v1/events/${encodeURIComponent(id)}`).catch(() => null));
      requestAnimationFrame(() => (document.querySelector<HTMLElement>('.form [aria-invalid="true"]') ?? document.querySelector<HTMLElement>('.form .summary-of-faults'))?.focus());
    }).finally(() => setBusy(false));
  };
  const words = inWords(draft.edtf.trim());
  const option = (v: string, label: string) => <option key={v} value={v}>{label}</option>;
  const refused = failure !== null && failure.status !== 412 && failure.status !== 422 && failure.status !== 400;
  const fields = (
    <>
      <div class="two">
        <Field label={w.lanesType} faults={at('/type')}>{(p) => <select {...p} value={draft.type} onChange={(e) => set({ type: e.currentTarget.value })}>{option('', w.choose)}{types.value.map((x) => option(x.code, `${x.parent ? '  ' : ''}${typeName(x.code)}`))}</select>}</Field>
        <Field label={w.status} faults={at('/status')}>{(p) => <select {...p} value={draft.status} onChange={(e) => set({ status: e.currentTarget.value })}>{statuses.map((x) => option(x, statusName(x)))}</select>}</Field>
        <Field label={w.dataset} faults={at('/dataset')}>{(p) => <select {...p} value={draft.dataset} onChange={(e) => set({ dataset: e.currentTarget.value })}>{datasets.value.map((x) => option(x.slug, text(x.title).words))}</select>}</Field>
        {isNew && <Field label={`${w.id} (${w.optional})`} hint={w.idHint} faults={at('/id')}>{(p) => <input {...p} dir="ltr" value={draft.id} onInput={(e) => set({ id: e.currentTarget.value })} />}</Field>}
      </div>
      <Field label={w.date} hint={w.dateHint} faults={at('/date')} also={dateFault}>{(p) => <input {...p} class="edtf" dir="ltr" spellcheck={false} autocomplete="off" value={draft.edtf} onInput={(e) => { forgiveDate(); set({ edtf: e.currentTarget.value }); }} />}</Field>
      <div class="previewed" aria-live="polite" aria-label={w.preview}>
        {draft.edtf.trim() === '' ? null : words && dateFault === null ? langs.map((l) => <p key={l} lang={l} dir={l === 'ar' ? 'rtl' : 'ltr'}><span class="small">{langNames[l]}</span> {words[l]}</p>) : <p class="small">{dateFault === null ? w.previewLater : w.dateFails}</p>}
      </div>
      <Texts name={w.title} of={draft.title} pointer="/title" at={at} onChange={(title) => set({ title })} />
      <Texts name={w.summary} of={draft.summary} pointer="/summary" at={at} onChange={(summary) => set({ summary })} long />
      <fieldset><legend>{w.countries}</legend>
        <datalist id="country-names">{countries.value.map((c) => <option key={c.code} value={c.name[lang.value]} />)}</datalist>
        {draft.countries.map((c, i) => {
          const change = (x: Partial<typeof c>) => set({ countries: draft.countries.map((y, j) => (j === i ? { ...y, ...x } : y)) });
          const unknown = c.name.trim() !== '' && codeOf(c.name) === null ? `${c.name}: ${w.unknownCountry}` : null;
          return (
            <div class="row" key={i}>
              <Field label={w.lanesCountry} faults={[...at(`/countries/${i}/code`), ...faults.filter((f) => f.pointer === `/countries/${i}`)]} also={unknown}>{(p) => <input {...p} list="country-names" value={c.name} onInput={(e) => change({ name: e.currentTarget.value })} />}</Field>
              <Field label={w.roleOf} faults={at(`/countries/${i}/role`)}>{(p) => <select {...p} value={c.role} onChange={(e) => change({ role: e.currentTarget.value })}>{roles.map((r) => option(r, w.role[r] ?? r))}</select>}</Field>
              <button type="button" class="minus" aria-label={`${w.remove}${colon.value}${c.name}`} onClick={() => set({ countries: draft.countries.filter((_, j) => j !== i) })}>×</button>
            </div>
          );
        })}
        <button type="button" class="link" onClick={() => set({ countries: [...draft.countries, { name: '', role: 'location' }] })}>+ {w.addCountry}</button>
        <Faults of={faults.filter((f) => f.pointer === '/countries')} />
      </fieldset>
      <fieldset><legend>{w.sources}</legend>
        <Faults of={faults.filter((f) => f.pointer === '/sources')} />
        {draft.sources.map((s, i) => {
          const change = (x: Partial<Source>) => set({ sources: draft.sources.map((y, j) => (j === i ? { ...y, ...x } : y)) });
          const field = (name: 'title' | 'publisher' | 'url' | 'published', label: string, direction: 'auto' | 'ltr' = 'auto') => (
            <Field label={label} faults={at(`/sources/${i}/${name}`)}>{(p) => <input {...p} dir={direction} value={s[name] ?? ''} onInput={(e) => change({ [name]: e.currentTarget.value || null })} />}</Field>
          );
          return (
            <div class="source-fields" key={i}>
              <Field label={w.quote} faults={at(`/sources/${i}/quote`)}>{(p) => <textarea {...p} dir="auto" rows={3} value={s.quote ?? ''} onInput={(e) => change({ quote: e.currentTarget.value || null })} />}</Field>
              <div class="two">
                {field('title', w.sourceTitle)}{field('publisher', w.publisher)}{field('url', w.url, 'ltr')}{field('published', `${w.published} (EDTF)`, 'ltr')}
                <Field label={w.sourceLang} faults={at(`/sources/${i}/language`)}>{(p) => <input {...p} dir="ltr" size={6} value={s.language} onInput={(e) => change({ language: e.currentTarget.value })} />}</Field>
              </div>
              <fieldset class="supported"><legend>{w.supports}</legend>{supportable.map((f) => (
                <label key={f}><input type="checkbox" checked={s.supports.includes(f)} onChange={() => change({ supports: s.supports.includes(f) ? s.supports.filter((x) => x !== f) : supportable.filter((x) => x === f || s.supports.includes(x)) })} />{fieldName(f)}</label>
              ))}</fieldset>
              <Faults of={[...faults.filter((f) => f.pointer === `/sources/${i}`), ...at(`/sources/${i}/supports`)]} />
              {draft.sources.length > 1 && <button type="button" class="link" onClick={() => set({ sources: draft.sources.filter((_, j) => j !== i) })}>{w.remove}</button>}
            </div>
          );
        })}
        <button type="button" class="link" onClick={() => set({ sources: [...draft.sources, emptySource()] })}>+ {w.addSource}</button>
      </fieldset>
      <fieldset><legend>{w.related}</legend>
        {draft.links.map((l, i) => {
          const change = (x: Partial<typeof l>) => set({ links: draft.links.map((y, j) => (j === i ? { ...y, ...x } : y)) });
          return (
            <div class="row" key={i}>
              <Field label={w.relationOf} faults={at(`/links/${i}/relation`)}>{(p) => <select {...p} value={l.relation} onChange={(e) => change({ relation: e.currentTarget.value })}>{relations.map((r) => option(r, w.relation[r] ?? r))}</select>}</Field>
              <Field label={w.linkTo} faults={at(`/links/${i}/event`)}>{(p) => <input {...p} dir="ltr" value={l.event} onInput={(e) => change({ event: e.currentTarget.value })} />}</Field>
              <button type="button" class="minus" aria-label={`${w.remove}${colon.value}${l.event}`} onClick={() => set({ links: draft.links.filter((_, j) => j !== i) })}>×</button>
            </div>
          );
        })}
        <button type="button" class="link" onClick={() => set({ links: [...draft.links, { relation: 'follows', event: '' }] })}>+ {w.addLink}</button>
      </fieldset>
      <Field label={w.tags} hint={w.tagsHint} faults={at('/tags')}>{(p) => <input {...p} dir="auto" value={draft.tags} onInput={(e) => set({ tags: e.currentTarget.value })} />}</Field>
    </>
  );
  const elsewhere = faults.filter((f) => !shown.has((f.pointer ?? '') + f.detail) && !/^\/(countries|sources)(\/\d+)?$/.test(f.pointer ?? ''));
  return (
    <Frame title={isNew ? w.newEvent : w.correctEvent} heading={heading}>
      <form novalidate onSubmit={(e) => { e.preventDefault(); save(before?.revision); }}>
        {theirs !== null && before !== null && <Conflict draft={draft} before={before} theirs={theirs} onTheirs={() => { setBefore(theirs); setDraft(draftOf(theirs)); setTheirs(null); setFailure(null); }} onMine={() => save(theirs.revision)} />}
        {faults.length > 0 && <div class="trouble summary-of-faults" role="alert" tabIndex={-1}><p>{w.faults}</p>{elsewhere.length > 0 && <Faults of={elsewhere} named />}</div>}
        {refused && failure && <Refusal problem={failure.problem} offline={failure.status === 0} forbidden={failure.status === 401 || failure.status === 403} />}
        {failure?.status === 400 && faults.length === 0 && <Refusal problem={failure.problem} offline={false} forbidden={false} />}
        {fields}
        <div class="acts">
          <button type="submit" class="primary" disabled={busy}>{busy ? w.loading : w.save}</button>
          <button type="button" onClick={() => go({ edit: null })}>{w.cancel}</button>
          <button type="button" class="link" onClick={() => { setKey(''); go({ edit: null }); }}>{w.forgetKey}</button>
        </div>
      </form>
    </Frame>
  );
}

function Refusal({ problem, offline, forbidden }: { problem: Problem | null; offline: boolean; forbidden: boolean }) {
  const w = t.value;
  return <div class="trouble" role="alert"><p>{offline ? w.offline : w.failed}</p>{problem && <p lang="en" dir="ltr" class="small">{problem.detail}</p>}{forbidden && <button type="button" onClick={() => setKey('')}>{w.forgetKey}</button>}</div>;
}

function Frame({ title, heading, children }: { title: string; heading: preact.RefObject<HTMLHeadingElement | null>; children: preact.ComponentChildren }) {
  const w = t.value;
  return (
    <div class="card form" role="dialog" aria-labelledby="form-title" onKeyDown={(e) => { if (e.key === 'Escape') { e.stopPropagation(); go({ edit: null }); } }}>
      <button type="button" class="close" aria-label={w.close} onClick={() => go({ edit: null })}><span aria-hidden="true">×</span></button>
      <div class="card-body"><h2 id="form-title" tabIndex={-1} ref={heading}>{title}</h2>{children}</div>
    </div>
  );
}

type Fault = Problem['errors'][number];

function Faults({ of, named = false, id }: { of: Fault[]; named?: boolean; id?: string }) {
  if (of.length === 0) return null;
  return <ul class="faults" lang="en" dir="ltr" id={id}>{of.map((f) => <li key={(f.pointer ?? '') + f.detail}>{named && <code>{f.pointer}</code>} {f.detail}{f.suggestion && <>: <b>{f.suggestion}</b></>}</li>)}</ul>;
}

let fieldNumber = 0;

interface ControlProps { id: string; 'aria-invalid': boolean; 'aria-describedby': string | undefined }

function Field({ label, hint, faults, also, children }: { label: string; hint?: string; faults: Fault[]; also?: string | null; children: (p: ControlProps) => preact.ComponentChildren }) {
  const id = useRef(`field-${++fieldNumber}`).current;
  const wrong = faults.length > 0 || !!also;
  const described = [hint && `${id}-hint`, !also && faults.length > 0 && `${id}-faults`, also && `${id}-also`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={`field${wrong ? ' wrong' : ''}`}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-invalid': wrong, 'aria-describedby': described })}
      {hint && <p class="small" id={`${id}-hint`}>{hint}</p>}
      {!also && <Faults of={faults} id={`${id}-faults`} />}
      {also && <p class="faults" id={`${id}-also`} dir="auto">{also}</p>}
    </div>
  );
}

function Texts({ name, of, pointer, at, onChange, long = false }: { name: string; of: Record<string, string>; pointer: string; at: (p: string) => Fault[]; onChange: (v: Record<string, string>) => void; long?: boolean }) {
  const whole = at(pointer).filter((f) => f.pointer === pointer);
  return (
    <fieldset><legend>{name}</legend>
      {langs.map((l) => (
        <Field key={l} label={langNames[l]} faults={at(`${pointer}/${l}`)}>{(p) => (long
          ? <textarea {...p} rows={2} lang={l} dir={l === 'ar' ? 'rtl' : 'ltr'} value={of[l] ?? ''} onInput={(e) => onChange({ ...of, [l]: e.currentTarget.value })} />
          : <input {...p} lang={l} dir={l === 'ar' ? 'rtl' : 'ltr'} value={of[l] ?? ''} onInput={(e) => onChange({ ...of, [l]: e.currentTarget.value })} />)}</Field>
      ))}
      <Faults of={whole} />
    </fieldset>
  );
}

/** Both versions of what was changed here, side by side: nothing is overwritten unseen, and what was not touched here stays theirs. */
function Conflict({ draft, before, theirs, onTheirs, onMine }: { draft: Draft; before: Event; theirs: Event; onTheirs: () => void; onMine: () => void }) {
  const w = t.value;
  const changed = bodyOf(draft, before);
  const mine: Record<string, unknown> = { ...bodyOf(draft, null) };
  const compared = ['dataset', 'type', 'status', 'date', 'title', 'summary', 'countries', 'sources', 'links', 'tags'] as const;
  const plain = (field: string, v: unknown): string => {
    if (v === null || v === undefined) return '–';
    if (field === 'date') return (v as { edtf: string }).edtf;
    if (field === 'countries') return (v as { code: string; role: string }[]).map((c) => `${countryName(c.code)} (${w.role[c.role] ?? c.role})`).join('\n');
    if (field === 'sources') return (v as Source[]).map((s) => [s.quote && `“${s.quote}”`, s.title, s.publisher, s.url].filter(Boolean).join('\n')).join('\n\n');
    if (field === 'links') return (v as { relation: string; event: string }[]).map((l) => `${w.relation[l.relation] ?? l.relation} ${l.event}`).join('\n');
    if (Array.isArray(v)) return v.join(', ');
    if (typeof v === 'object') return Object.values(v as Record<string, string>).join('\n');
    return String(v);
  };
  const differing = compared.filter((f) => f in changed && plain(f, mine[f]) !== plain(f, theirs[f]));
  return (
    <div class="conflict" role="alertdialog" aria-labelledby="conflict-title">
      <h3 id="conflict-title">{w.conflict}</h3>
      <div class="scrolls" tabIndex={0}><table>
        <thead><tr><td /><th scope="col">{w.mine}</th><th scope="col">{w.theirs}</th></tr></thead>
        <tbody>{differing.map((f) => <tr key={f}><th scope="row">{fieldName(f)}</th><td dir="auto">{plain(f, mine[f])}</td><td dir="auto">{plain(f, theirs[f])}</td></tr>)}</tbody>
      </table></div>
      <p class="acts"><button type="button" class="primary" onClick={onMine}>{w.keepMine}</button> <button type="button" onClick={onTheirs}>{w.takeTheirs}</button></p>
    </div>
  );
}
