/** The API's words for countries, types and data sets: read once, after that from memory. */
import { computed, signal } from '@preact/signals';
import { type Country, get, key, type Schemas, written } from './api';
import { lang, t } from './i18n';

export const countries = signal<Country[]>([]);
export const types = signal<Schemas['TypeInfo'][]>([]);
export const datasets = signal<Schemas['Dataset'][]>([]);

export function loadVocabulary(): void {
  void get('/v1/countries').then((p) => { countries.value = p.data; }, () => { /* codes stand for names until then */ });
  void get('/v1/types').then((p) => { types.value = p.data; }, () => {});
  void get('/v1/datasets').then((p) => { datasets.value = p.data; }, () => {});
}
key.subscribe(loadVocabulary);
written.subscribe((n) => { if (n > 0) loadVocabulary(); });
addEventListener('online', loadVocabulary);

const countryNames = computed(() => new Map(countries.value.map((c) => [c.code, c.name])));
/** The code that a country is meant by, where it is one country: ML, 466, Mali and مالي are MLI. */
export function codeOf(value: string): string | null {
  const sought = value.trim().toLocaleLowerCase();
  const found = countries.value.filter((c) => [c.code, c.alpha_2, c.numeric, c.name.ar, c.name.en, c.name.fr].some((n) => n?.toLocaleLowerCase() === sought));
  return found.length === 1 ? found[0]?.code ?? null : null;
}

const typeOf = computed(() => new Map(types.value.map((x) => [x.code as string, x])));

export const countryName = (code: string): string => countryNames.value.get(code)?.[lang.value] ?? code;
export const typeName = (code: string): string => typeOf.value.get(code)?.name[lang.value] ?? code.replaceAll('_', ' ');

export type Family = 'politics' | 'diplomacy' | 'security' | 'disaster' | 'other';
const families: readonly string[] = ['politics', 'diplomacy', 'security', 'disaster', 'other'];

/** The type at the root, which has the colour. */
export function family(code: string): Family {
  const root = typeOf.value.get(code)?.parent ?? code;
  return families.includes(root) ? root as Family : 'other';
}

export function statusName(status: string): string {
  const names: Record<string, string> = { occurred: t.value.occurred, ongoing: t.value.ongoing, planned: t.value.planned, alleged: t.value.alleged };
  return names[status] ?? status;
}
