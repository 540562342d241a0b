/** This view, elsewhere: files, a calendar, a link, a frame. */
import { Copy } from './common';
import { t } from './i18n';
import { query, readable, state, write } from './state';

export function Share() {
  const w = t.value;
  const here = () => new URL(write({ ...state.value }), location.href).href;
  const frame = () => {
    const address = new URL(write({ ...state.value, edit: null }), new URL('/embed', location.href)).href;
    return `<iframe src="${address.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}" title="Tarikh" width="100%" height="640" loading="lazy" style="border:0"></iframe>`;
  };
  const filters = query();
  const files: [string, string][] = [['CSV', `/v1/events.csv${filters}`], ['JSON', `/v1/events.ndjson${filters}`], [w.calendar, `/v1/events.ics${filters}`], ['GeoJSON', `/v1/events.geojson${filters}`]];
  const request = `/v1/events${filters === '' ? readable(new URLSearchParams({ count: 'capped' })) : `${filters}&count=capped`}`;
  return (
    <section class="share" aria-labelledby="share-title">
      <h2 id="share-title">{w.share}</h2>
      <ul>
        {files.map(([label, href]) => <li key={href}><a href={href} download>{label}</a></li>)}
        <li><a href={request}>{w.request}</a></li>
        <li><Copy label={w.permalink} value={here} /></li>
        <li><Copy label={w.embed} value={frame} /></li>
      </ul>
    </section>
  );
}
