/** Where: how many events each country has. The shapes are fetched apart from the script. */
import { geoEqualEarth, geoPath } from 'd3-geo';
import type { FeatureCollection, Geometry } from 'geojson';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import atlasUrl from 'world-atlas/countries-110m.json?url';
import type { Asked, Facets } from './api';
import { Awaited } from './common';
import { colon, events, lang, number, t } from './i18n';
import { list, toggle } from './state';
import { countries, countryName } from './vocabulary';

type Shapes = FeatureCollection<Geometry, { name: string }>;
let atlas: Promise<Shapes> | null = null;

function loadAtlas(): Promise<Shapes> {
  atlas ??= fetch(atlasUrl).then((r) => { if (!r.ok) throw new Error(String(r.status)); return r.json(); }).then((topology: Topology) =>
    feature(topology, topology.objects['countries'] as GeometryCollection<{ name: string }>)).catch((e: unknown) => { atlas = null; throw e; });
  return atlas;
}

const width = 960;
const height = 468;
const classes = 5;

export default function WorldMap({ facets }: { facets: Asked<Facets> }) {
  const [shapes, setShapes] = useState<Shapes | null>(null);
  const [fit, setFit] = useState(false);
  const [over, setOver] = useState<string | null>(null);
  useEffect(() => { loadAtlas().then(setShapes, () => {}); }, []);
  const counts = useMemo(() => new Map(facets.data?.facets.find((f) => f.by === 'country')?.values.map((v) => [v.value, v.count]) ?? []), [facets.data]);
  const codeOf = useMemo(() => new Map(countries.value.filter((c) => c.numeric !== null).map((c) => [c.numeric as string, c.code])), [countries.value]);
  const chosen = list('country');
  const drawn = useMemo(() => {
    if (shapes === null) return [];
    const named = shapes.features.map((f) => ({ f, code: f.id !== undefined ? codeOf.get(String(f.id)) : f.properties.name === 'Kosovo' ? 'XKX' : undefined }));
    const land = named.filter((n) => n.code !== 'ATA');
    const withEvents = land.filter((n) => n.code !== undefined && counts.has(n.code) && n.code !== 'RUS' && n.code !== 'USA' && n.code !== 'FRA');
    const target = fit && withEvents.length > 0 ? withEvents : land;
    const projection = geoEqualEarth().fitExtent([[6, 6], [width - 6, height - 6]], { type: 'FeatureCollection', features: target.map((n) => n.f) });
    const path = geoPath(projection).digits(1);
    return land.map((n) => ({ code: n.code, name: n.f.properties.name, d: path(n.f) ?? '' }));
  }, [shapes, codeOf, fit, fit ? counts : null]);
  const max = Math.max(1, ...counts.values());
  /** Few events and many are told apart: the classes grow by a constant factor. */
  const level = (n: number) => (n === 0 ? 0 : max === 1 ? classes : 1 + Math.round((Math.log(n) / Math.log(max)) * (classes - 1)));
  const onMap = new Set(drawn.map((d) => d.code));
  const off = [...counts].filter(([code]) => drawn.length > 0 && !onMap.has(code)).slice(0, 24);
  const w = t.value;
  const said = over === null ? w.mapHint : `${countryName(over)}${colon.value}${events(counts.get(over) ?? 0)}`;
  return (
    <section class="map" aria-labelledby="map-title">
      <div class="map-head">
        <h2 id="map-title">{w.map}</h2>
        <p class="small" aria-hidden="true">{said}</p>
        <button type="button" class="link" aria-pressed={fit} onClick={() => setFit(!fit)}>{fit ? w.mapWorld : w.mapFit}</button>
      </div>
      <div class="map-plot">
        {/* The list of countries among the filters does the same by keyboard, in the order of the counts. */}
        <svg viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`${w.map}. ${w.mapHint}`} lang={lang.value}>
          {drawn.map((d) => {
            const n = d.code === undefined ? 0 : counts.get(d.code) ?? 0;
            const on = d.code !== undefined && chosen.includes(d.code);
            if (n === 0 && !on) return <path key={d.name} d={d.d} class="land" />;
            const code = d.code as string;
            return (
              <path key={d.name} d={d.d} class={`land l${level(n)}${on ? ' on' : ''}`} data-code={code} role="button" tabIndex={0} aria-pressed={on}
                aria-label={`${countryName(code)}${colon.value}${events(n)}`} onClick={() => toggle('country', code)} onMouseEnter={() => setOver(code)} onMouseLeave={() => setOver(null)}
                onFocus={() => setOver(code)} onBlur={() => setOver(null)}
                onKeyDown={(e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); toggle('country', code); } }} />
            );
          })}
        </svg>
        {facets.data === null && <div class="map-wait"><Awaited asked={facets} quiet>{null}</Awaited></div>}
      </div>
      <div class="map-foot">
        <p class="scale-legend small" aria-hidden="true"><span>1</span>{[1, 2, 3, 4, 5].map((n) => <i key={n} class={`l${n}`} />)}<span>{number.value(max)}</span></p>
        {off.length > 0 && (
          <p class="small off">{w.offMap}{colon.value}{off.map(([code, n]) => (
            <button key={code} type="button" class={`link${chosen.includes(code) ? ' on' : ''}`} aria-pressed={chosen.includes(code)} onClick={() => toggle('country', code)}>{countryName(code)} {number.value(n)}</button>
          ))}</p>
        )}
      </div>
    </section>
  );
}
