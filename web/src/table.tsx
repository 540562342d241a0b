/** The same events as a table, page after page. */
import { useEffect, useState } from 'preact/hooks';
import { type Event, Failure, get, useAsk } from './api';
import { Awaited, Tr, Trouble } from './common';
import { lang, t } from './i18n';
import { go, query } from './state';
import { Empty } from './timeline';
import { countryName, family, statusName, typeName } from './vocabulary';

export function TableView() {
  const address = `/v1/events${query({ limit: '50' })}`;
  const first = useAsk('/v1/events', address);
  const [more, setMore] = useState<Event[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => { setMore([]); setFailure(null); setCursor(first.data?.page.next_cursor ?? null); }, [first.data]);
  const w = t.value;
  const load = () => {
    if (cursor === null || busy) return;
    const asked = first.data;
    setBusy(true);
    get('/v1/events', `/v1/events${query({ limit: '50', cursor })}`).then((page) => {
      if (asked !== first.data) return;
      setMore((m) => [...m, ...page.data]);
      setCursor(page.page.next_cursor);
      setFailure(null);
    }, (e: unknown) => setFailure(e instanceof Failure ? e : new Failure(0, null, null))).finally(() => setBusy(false));
  };
  const rows = [...(first.data?.data ?? []), ...more];
  return (
    <section class="table" aria-label={w.table} aria-busy={first.loading}>
      <Awaited asked={first}>
        {rows.length === 0 ? <Empty /> : (
          <>
            <table>
              <caption class="unseen">{w.timeline}, {w.sort}</caption>
              <thead><tr><th scope="col">{w.date}</th><th scope="col">{w.title}</th><th scope="col">{w.lanesType}</th><th scope="col">{w.countries}</th><th scope="col">{w.status}</th></tr></thead>
              <tbody>
                {rows.map((e) => (
                  <tr key={e.id}>
                    <td class="when">{e.date.label[lang.value]}</td>
                    <th scope="row"><button type="button" class="link" onClick={() => go({ event: e.id })}><Tr of={e.title} /></button></th>
                    <td><i class={`dot f-${family(e.type)}`} aria-hidden="true" />{typeName(e.type)}</td>
                    <td><bdi>{countryList(e)}</bdi></td>
                    <td>{statusName(e.status)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {failure && <Trouble failure={failure} again={load} />}
            {cursor !== null && !failure && <button type="button" class="more" disabled={busy} onClick={load}>{busy ? w.loading : w.more}</button>}
          </>
        )}
      </Awaited>
    </section>
  );
}

const shownCountries = 6;

function countryList(e: Event): string {
  const names = [...new Set(e.countries.map((c) => c.code))].map(countryName);
  const separator = lang.value === 'ar' ? '، ' : ', ';
  return names.length <= shownCountries ? names.join(separator) : `${names.slice(0, shownCountries).join(separator)} +${names.length - shownCountries}`;
}
