import { lazy, Suspense } from 'preact/compat';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Failure, key, useAsk } from './api';
import { Card } from './card';
import { KeyBox, Segments, Trouble } from './common';
import { Chips, Filters, wholeCounts } from './filters';
import { events, lang, langNames, langs, setLang, t } from './i18n';
import { extentOf, extentOfDatasets, Overview } from './overview';
import { Share } from './share';
import { embedded, filter, go, type Lanes, type Layout, list, one, query, state } from './state';
import { TableView } from './table';
import { setTheme, theme } from './theme';
import { TimelineView } from './timeline';
import { codeOf } from './vocabulary';

const WorldMap = lazy(() => import('./map'));
const EventForm = lazy(() => import('./form'));

export function App() {
  const s = state.value;
  const overview = useAsk('/v1/timeline', `/v1/timeline${query({}, ['from', 'to', 'match'])}`);
  const head = useAsk('/v1/events', `/v1/events${query({ limit: '1', count: 'capped' })}`);
  const facets = useAsk('/v1/facets', embedded ? null : `/v1/facets${query({ by: 'country,type,status,dataset', limit: '200' })}`);
  const w = t.value;
  // Countries that were typed into the address another way get the code that the filters and the map know them by.
  const typed = list('country');
  const meant = typed.map((c) => codeOf(c) ?? c);
  useEffect(() => { if (meant.join() !== typed.join()) filter({ country: [...new Set(meant)] }, true); }, [meant.join(), typed.join()]);
  const count = head.data?.count ? { value: head.data.count.value, over: head.data.count.relation === 'gte' } : null;
  const costly = (a: { failure: Failure | null }) => a.failure?.problem?.code === 'query_too_costly';
  const extent = extentOf(overview.data) ?? (costly(overview) ? extentOfDatasets() : null);
  const whole = costly(facets) ? wholeCounts() : null;
  const counted = whole === null ? facets : { ...facets, data: whole, failure: null };
  // The status is the one word that each event has once: its counts add up to all of them.
  const chosen = list('status');
  const exact = whole === null && !facets.loading ? facets.data?.facets.find((f) => f.by === 'status')?.values.filter((v) => chosen.length === 0 || chosen.includes(v.value)).reduce((n, v) => n + v.count, 0) : undefined;
  const said = count?.over && exact !== undefined && exact > count.value ? { value: exact, over: false } : count;
  const faulty = head.failure?.status === 400 ? head : null;
  const closed = head.failure?.status === 401 || head.failure?.status === 403;
  const cut = head.failure?.status === 0 && !head.loading;
  return (
    <div class={`page${embedded ? ' embedded' : ''}${s.event !== null || s.edit !== null ? ' with-card' : ''}`}>
      <a class="skip" href="#events" onClick={(e) => { e.preventDefault(); (document.querySelector<HTMLElement>('.ev[tabindex="0"]') ?? document.querySelector<HTMLElement>('.canvas[tabindex="0"], .table button, main button'))?.focus(); }}>{w.skip}</a>
      <Header />
      <main id="events">
        {faulty?.failure && <Trouble failure={faulty.failure} again={faulty.again} />}
        {closed && head.failure && <Trouble failure={head.failure} again={head.again} />}
        {cut && <p class="offline" role="alert">{w.offline} <button type="button" class="link" onClick={head.again}>{w.retry}</button></p>}
        {faulty && <div class="faulty"><Chips /></div>}
        {!closed && !faulty && (
          <div class="columns">
            {!embedded && <Side><Filters facets={counted} whole={whole !== null} /></Side>}
            <div class="content">
              <div class="summing">
                <p class="count" role="status">{count === null ? '\u00a0' : events(said?.value ?? 0, said?.over)}</p>
                <Legend />
                <Chips />
              </div>
              <Overview chart={overview} extent={extent} />
              <div class="views">
                <Segments<Layout> legend={w.layout} name="layout" value={s.layout} options={[['timeline', w.timeline], ['table', w.table]]} onChange={(layout) => go({ layout })} />
                {s.layout === 'timeline' && <Segments<Lanes> legend={w.lanes} name="lanes" value={s.lanes} options={[['none', w.lanesNone], ['country', w.lanesCountry], ['type', w.lanesType]]} onChange={(lanes) => go({ lanes })} />}
              </div>
              {s.layout === 'table' ? <TableView /> : <TimelineView extent={extent} head={head} count={count} />}
              {!embedded && <Suspense fallback={<section class="map"><div class="map-head"><h2>{w.map}</h2></div><div class="map-plot" /><div class="map-foot" /></section>}><WorldMap facets={counted} /></Suspense>}
              {!embedded && <Share />}
            </div>
          </div>
        )}
      </main>
      {s.event !== null && s.edit === null && <Card id={s.event} />}
      {s.edit !== null && !embedded && key.value !== '' && <Suspense fallback={null}><EventForm id={s.edit} /></Suspense>}
      <Footer />
    </div>
  );
}

function Header() {
  const w = t.value;
  const [asking, setAsking] = useState(false);
  useEffect(() => { if (asking && key.value !== '') { setAsking(false); go({ edit: '' }); } }, [asking, key.value]);
  if (embedded) {
    return (
      <header class="top">
        <h1><a href={`/${location.search}`} target="_blank" rel="noopener">Tarikh</a></h1>
        <Search />
        <a class="openhere" href={`/${location.search}`} target="_blank" rel="noopener">{w.openHere}</a>
      </header>
    );
  }
  return (
    <header class="top">
      <div class="name">
        <h1><a href="/" onClick={(e) => { if (e.metaKey || e.ctrlKey || e.shiftKey) return; e.preventDefault(); go({ filters: [], event: null, edit: null, lanes: 'none', layout: 'timeline' }); }}>{lang.value === 'ar' ? <>تاريخ <span lang="en">Tarikh</span></> : <>Tarikh <span lang="ar">تاريخ</span></>}</a></h1>
        <p>{w.tagline}</p>
      </div>
      <Search />
      <nav aria-label="Tarikh">
        <div class="langs" role="group" aria-label={w.language}>
          {langs.map((l) => <button key={l} type="button" lang={l} aria-pressed={lang.value === l} onClick={() => setLang(l)}>{langNames[l]}</button>)}
        </div>
        <label class="themes"><span class="unseen">{w.theme}</span>
          <select value={theme.value} onChange={(e) => setTheme(e.currentTarget.value)}>
            <option value="auto">{w.themeAuto}</option><option value="light">{w.themeLight}</option><option value="dark">{w.themeDark}</option>
          </select>
        </label>
        <a href="/docs" lang={lang.value}>{w.api}</a>
        <button type="button" class="add" aria-expanded={asking} onClick={() => { if (key.value === '') setAsking(!asking); else go({ edit: '' }); }}>{w.add}</button>
      </nav>
      {asking && key.value === '' && <KeyBox />}
    </header>
  );
}

const pause = 250; // between the last letter typed and the search

function Search() {
  const w = t.value;
  const settled = one('q');
  const [typed, setTyped] = useState(settled);
  const timer = useRef(0);
  const sent = useRef(settled);
  useEffect(() => { if (settled !== sent.current) { sent.current = settled; setTyped(settled); } }, [settled]);
  const send = (value: string) => {
    const before = sent.current;
    sent.current = value.trim();
    // One step of the history for a word, not one for each of its letters.
    if (sent.current !== before) filter({ q: sent.current }, before !== '');
  };
  return (
    <search>
      <form onSubmit={(e) => { e.preventDefault(); clearTimeout(timer.current); send(typed); }}>
        <input type="search" dir="auto" aria-label={w.search} title={w.searchHint} placeholder={w.search} maxLength={500} value={typed} onInput={(e) => {
          const { value } = e.currentTarget;
          setTyped(value);
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => send(value), pause);
        }} />
      </form>
    </search>
  );
}

/** Filters beside the chart where there is room, above it and folded where there is none. */
function Side({ children }: { children: preact.ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const n = state.value.filters.filter(([name]) => ['country', 'type', 'status', 'dataset', 'match'].includes(name)).length;
  return (
    <div class={`side${open ? ' open' : ''}`}>
      <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}>{t.value.filters}{n > 0 ? ` (${n})` : ''}</button>
      <div class="side-body" role="group" aria-label={t.value.filters}>{children}</div>
    </div>
  );
}

function Legend() {
  const w = t.value;
  return (
    <dl class="legend" aria-label={w.legend}>
      <div><dt><i class="point" aria-hidden="true" /><i class="core" aria-hidden="true" />{w.certain}</dt><dd>{w.certainHint}</dd></div>
      <div><dt><i class="band s-soft e-soft" aria-hidden="true" />{w.possible}</dt><dd>{w.possibleHint}</dd></div>
      <div><dt><i class="core e-open" aria-hidden="true" />{w.lastingHint}</dt></div>
    </dl>
  );
}

function Footer() {
  const w = t.value;
  if (embedded) return null;
  return <footer class="bottom"><p>{w.contract} (<a href="/docs">/docs</a>, <a href="/openapi.yaml">openapi.yaml</a>) · <a href="/licences.txt">{w.licences}</a></p></footer>;
}
