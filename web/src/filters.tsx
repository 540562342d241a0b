/** Filters with the number of events behind each word. */
import { useState } from 'preact/hooks';
import type { Asked, Facets, Schemas } from './api';
import { Awaited, Segments } from './common';
import { colon, lang, number, t, text } from './i18n';
import { filter, type FilterName, filterNames, go, list, one, state, toggle } from './state';
import { countries, countryName, datasets, family, statusName, typeName, types } from './vocabulary';

const few = 8;
type Name = 'country' | 'type' | 'status' | 'dataset';

export function nameOf(name: string, value: string): string {
  if (name === 'country') return countryName(value);
  if (name === 'type') return typeName(value);
  if (name === 'status') return statusName(value);
  if (name === 'dataset') return text(datasets.value.find((d) => d.slug === value)?.title).words || value;
  return value;
}

/** Counts of all events stand in where counting under these filters takes the server too long. */
export function wholeCounts(): Facets | null {
  if (datasets.value.length === 0) return null;
  const facet = (by: 'country' | 'type' | 'dataset', values: { value: string; label: Record<string, string> | null; count: number }[]) => ({ by, values: values.filter((v) => v.count > 0).sort((a, b) => b.count - a.count), more: false });
  return { revision: 0, facets: [
    facet('country', countries.value.map((c) => ({ value: c.code, label: { ...c.name }, count: c.events }))),
    facet('type', types.value.map((c) => ({ value: c.code, label: { ...c.name }, count: c.events }))),
    facet('dataset', datasets.value.map((d) => ({ value: d.slug, label: d.title, count: d.events }))),
  ] };
}

export function Filters({ facets, whole }: { facets: Asked<Facets>; whole: boolean }) {
  const w = t.value;
  const windowed = one('from') !== '' || one('to') !== '' || one('date') !== '';
  return (
    <>
      {windowed && (
        <Segments legend={w.match} name="match" value={one('match') === 'certain' ? 'certain' : 'possible'} options={[['possible', w.matchPossible], ['certain', w.matchCertain]]}
          onChange={(v) => filter({ match: v === 'certain' ? v : null })} />
      )}
      {whole && <p class="small" role="status">{w.wholeCounts}</p>}
      <Awaited asked={facets}>
        {(['country', 'type', 'status', 'dataset'] as Name[]).map((name) => <Facet key={name} name={name} of={facets.data?.facets.find((f) => f.by === name)} />)}
      </Awaited>
    </>
  );
}

function Facet({ name, of }: { name: Name; of: Schemas['Facet'] | undefined }) {
  const [all, setAll] = useState(false);
  const [find, setFind] = useState('');
  const w = t.value;
  const chosen = list(name);
  const counted = of?.values ?? [];
  const missing = chosen.filter((v) => !counted.some((c) => c.value === v)).map((value) => ({ value, label: null, count: 0 }));
  const values = [...counted, ...missing];
  if (values.length === 0) return null;
  const label = (v: { value: string; label: Record<string, string> | null }) => (name === 'status' ? statusName(v.value) : v.label ? text(v.label).words : nameOf(name, v.value));
  const sought = find.trim().toLocaleLowerCase(lang.value);
  const kept = sought === '' ? values : values.filter((v) => label(v).toLocaleLowerCase(lang.value).includes(sought) || v.value.toLowerCase() === sought);
  const shown = all || sought !== '' ? kept.slice(0, 200) : kept.filter((v, i) => i < few || chosen.includes(v.value));
  const most = Math.max(1, ...values.map((v) => v.count));
  return (
    <fieldset class="facet">
      <legend>{w[name]}</legend>
      {name === 'country' && values.length > 15 && <input type="search" class="find" aria-label={w.find} placeholder={w.find} value={find} onInput={(e) => setFind(e.currentTarget.value)} />}
      <ul>
        {shown.map((v) => (
          <li key={v.value}>
            <label class={chosen.includes(v.value) ? 'on' : ''}>
              <input type="checkbox" checked={chosen.includes(v.value)} onChange={() => toggle(name, v.value)} />
              {name === 'type' && <i class={`dot f-${family(v.value)}`} aria-hidden="true" />}
              <span class="name"><bdi>{label(v)}</bdi></span>
              <span class="n">{number.value(v.count)}</span>
              <i class="gauge" aria-hidden="true" style={{ inlineSize: `${(v.count / most) * 100}%` }} />
            </label>
          </li>
        ))}
      </ul>
      {sought === '' && values.length > few && <button type="button" class="link more" aria-expanded={all} onClick={() => setAll(!all)}>{all ? w.fewer : w.more}</button>}
    </fieldset>
  );
}

/** What is filtered by, each part with a way to take it off. */
export function Chips() {
  const w = t.value;
  const quiet = new Set(['from', 'to', 'match', 'q']);
  const chips: { key: string; name: string; label: string; remove: () => void }[] = [];
  for (const [name, value] of state.value.filters) {
    if (quiet.has(name)) continue;
    if (['country', 'type', 'status', 'dataset', 'tag', 'region', 'id'].includes(name)) {
      for (const v of value.split(',').filter((x) => x !== '')) {
        chips.push({ key: `${name}=${v}`, name, label: nameOf(name, v), remove: () => filter({ [name]: list(name as FilterName).filter((x) => x !== v) }) });
      }
      continue;
    }
    chips.push({ key: `${name}=${value}`, name, label: `${name}: ${value}`, remove: () => filter({ [name]: null }) });
  }
  if (chips.length === 0) return null;
  return (
    <ul class="chips">
      {chips.map((c) => (
        <li key={c.key} class={(filterNames as readonly string[]).includes(c.name) ? '' : 'odd'}>
          <bdi>{c.label}</bdi><button type="button" aria-label={`${w.remove}${colon.value}${c.label}`} onClick={c.remove}><span aria-hidden="true">×</span></button>
        </li>
      ))}
      <li class="clear"><button type="button" class="link" onClick={() => go({ filters: [] })}>{w.clear}</button></li>
    </ul>
  );
}
