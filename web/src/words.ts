/**
 * A date in words while it is typed, before the API has seen it. It knows the forms that people write most and gives null for
 * the rest (masks of months and days, qualifiers on parts, times): what it does say is what the API's labels say, which a test
 * holds against the labels of the server. Whether a date is allowed, the API alone decides.
 */
import { dayOf, civil } from './days';

export interface DateWords { ar: string; en: string; fr: string }
type Tongue = keyof DateWords;

const months: Record<Tongue, string[]> = {
  ar: ['يناير', 'فبراير', 'مارس', 'أبريل', 'مايو', 'يونيو', 'يوليو', 'أغسطس', 'سبتمبر', 'أكتوبر', 'نوفمبر', 'ديسمبر'],
  en: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  fr: ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre', 'décembre'],
};
const seasons: Record<Tongue, string[]> = {
  ar: ['ربيع', 'صيف', 'خريف', 'شتاء'], en: ['spring', 'summer', 'autumn', 'winter'], fr: ['printemps', 'été', 'automne', 'hiver'],
};
const periods: Record<Tongue, string[]> = {
  ar: ['الربع الأول', 'الربع الثاني', 'الربع الثالث', 'الربع الرابع', 'الثلث الأول', 'الثلث الثاني', 'الثلث الثالث', 'النصف الأول', 'النصف الثاني'],
  en: ['first quarter', 'second quarter', 'third quarter', 'fourth quarter', 'first four months', 'middle four months', 'last four months', 'first half', 'second half'],
  fr: ['1er trimestre', '2e trimestre', '3e trimestre', '4e trimestre', '1er quadrimestre', '2e quadrimestre', '3e quadrimestre', '1er semestre', '2e semestre'],
};

/** How a French date takes its article. */
type Class = 'bare' | 'day' | 'masculine' | 'elided' | 'feminine' | 'plural';
interface Phrase { text: string; class: Class; about: boolean; remarks: string }

function yearName(y: number, l: Tongue): string {
  if (y <= 0) return `${1 - y} ${l === 'ar' ? 'ق.م' : l === 'fr' ? 'av. J.-C.' : 'BC'}`;
  if (y < 100) return l === 'en' ? `AD ${y}` : `${y} ${l === 'ar' ? 'م' : 'apr. J.-C.'}`;
  return String(y);
}

function span(first: number, last: number, l: Tongue): string {
  if (first === last) return yearName(first, l);
  if (last <= 0) return `${1 - first}–${yearName(last, l)}`;
  if (l === 'en' && first > 0) return `${yearName(first, l)}–${last}`;
  if (l !== 'en' && first > 0 && first < 100) return `${first}–${last} ${l === 'ar' ? 'م' : 'apr. J.-C.'}`;
  return `${yearName(first, l)}–${yearName(last, l)}`;
}

function date(expression: string, l: Tongue): Phrase | null {
  const found = /^(-?\d{4}|\d{3}X|\d{2}XX)(?:-(\d{2})(?:-(\d{2}))?)?([?~%]?)$/.exec(expression);
  if (found === null || found[1] === '-0000') return null;
  const [, y = '', m, d, qualifier] = found;
  const unsure = { ar: ' (غير مؤكد)', en: ' (uncertain)', fr: ' (incertain)' }[l];
  const p: Phrase = { text: '', class: 'bare', about: qualifier === '~' || qualifier === '%', remarks: qualifier === '?' || qualifier === '%' ? unsure : '' };
  if (y.endsWith('X')) {
    if (m !== undefined) return null;
    const wide = y.endsWith('XX') ? 100 : 10;
    const lo = Number(y.replaceAll('X', '0'));
    const hi = lo + wide - 1;
    if (wide === 10 && lo >= 100 && lo % 100 !== 0) { p.text = { ar: `عقد ${lo}`, en: `the ${lo}s`, fr: `années ${lo}` }[l]; p.class = 'plural'; return p; }
    if (wide === 10) { p.text = { ar: 'العقد ', en: 'the decade ', fr: 'décennie ' }[l] + span(lo, hi, l); p.class = 'feminine'; return p; }
    const named = lo >= 100 && lo % 1000 !== 0;
    p.class = 'plural';
    p.text = { ar: `السنوات من ${yearName(lo, l)} إلى ${yearName(hi, l)}`, en: named ? `the ${lo}s` : `the years ${yearName(lo, l)} to ${yearName(hi, l)}`, fr: `années ${yearName(lo, l)} à ${yearName(hi, l)}` }[l];
    return p;
  }
  const year = Number(y);
  if (year < -4712 || year > 9999) return null;
  if (m === undefined) { p.text = yearName(year, l); return p; }
  const month = Number(m);
  if (month >= 21 && month <= 41 && d === undefined) {
    const name = yearName(year, l);
    if (month > 32) {
      const period = periods[l][month - 33] ?? '';
      p.text = { ar: `${period} من عام ${name}`, en: `the ${period} of ${name}`, fr: `${period} ${name}` }[l];
      p.class = 'masculine';
      return p;
    }
    const which = (month - 21) % 4;
    let words = seasons[l][which] ?? '';
    const half = month >= 29 ? 's' : month >= 25 ? 'n' : '';
    if (half !== '') words = { ar: `${words} نصف الكرة ${half === 'n' ? 'الشمالي' : 'الجنوبي'}`, en: `${half === 'n' ? 'northern' : 'southern'} ${words}`, fr: `${words} ${half === 'n' ? 'boréal' : 'austral'}` }[l];
    const over = month === 24 || month === 28 || month === 30;
    p.text = `${words} ${span(year, over ? year + 1 : year, l)}`;
    p.class = which === 0 ? 'masculine' : 'elided';
    return p;
  }
  if (month < 1 || month > 12) return null;
  const name = `${months[l][month - 1] ?? ''} ${yearName(year, l)}`;
  if (d === undefined) { p.text = name; return p; }
  const day = Number(d);
  const last = month === 12 ? 31 : civil(dayOf(year, month + 1, 1) - 1).day;
  if (day < 1 || day > last) return null;
  p.text = `${l === 'fr' && day === 1 ? '1er' : day} ${name}`;
  p.class = 'day';
  return p;
}

const tail = (p: Phrase) => p.text + (p.about ? ' environ' : '') + p.remarks;
const the = (p: Phrase, text: string) => ({ bare: '', day: 'le ', masculine: 'le ', elided: "l'", feminine: 'la ', plural: 'les ' })[p.class] + text;
function of(p: Phrase): string {
  const text = tail(p);
  if (p.class === 'day' || p.class === 'masculine') return `du ${text}`;
  if (p.class === 'plural') return `des ${text}`;
  if (p.class === 'elided' || p.class === 'feminine') return `de ${the(p, text)}`;
  return /^[aou]/.test(text) ? `d'${text}` : `de ${text}`;
}
function to(p: Phrase): string {
  if (p.class === 'day' || p.class === 'masculine') return `au ${tail(p)}`;
  return p.class === 'plural' ? `aux ${tail(p)}` : `à ${the(p, tail(p))}`;
}
const until = (p: Phrase) => (p.class === 'bare' ? `en ${tail(p)}` : to(p));
function within(p: Phrase): string {
  if (p.class === 'masculine' || p.class === 'elided') return to(p);
  if (p.class === 'feminine' || p.class === 'plural') return `dans ${the(p, tail(p))}`;
  return p.class === 'bare' ? `en ${tail(p)}` : the(p, tail(p));
}

function alone(p: Phrase, l: Tongue): string {
  if (!p.about) return p.text + p.remarks;
  return { ar: 'حوالي ', en: 'about ', fr: 'vers ' }[l] + (l === 'fr' ? the(p, p.text) : p.text) + p.remarks;
}

function interval(a: string, b: string, l: Tongue): string | null {
  if (a === '..' || a === '') {
    const p = date(b, l);
    if (p === null) return null;
    const words = { ar: `حتى ${alone(p, l)}`, en: `until ${alone(p, l)}`, fr: `jusqu'${until(p)}` }[l];
    return a === '..' ? words : words + { ar: '، والبداية غير معروفة', en: ', start unknown', fr: ', début inconnu' }[l];
  }
  const p = date(a, l);
  if (p === null) return null;
  if (b === '..') return { ar: `منذ ${alone(p, l)}`, en: `since ${alone(p, l)}`, fr: `depuis ${the(p, tail(p))}` }[l];
  if (b === '') return { ar: `من ${alone(p, l)}، والنهاية غير معروفة`, en: `from ${alone(p, l)}, end unknown`, fr: `à partir ${of(p)}, fin inconnue` }[l];
  const q = date(b, l);
  return q && { ar: `من ${alone(p, l)} إلى ${alone(q, l)}`, en: `${alone(p, l)} to ${alone(q, l)}`, fr: `${of(p)} ${to(q)}` }[l];
}

function member(expression: string, l: Tongue, all: boolean): string | null {
  if (!expression.includes('..')) {
    const p = date(expression, l);
    return p && alone(p, l);
  }
  const [a = '', b = ''] = expression.split('..');
  const p = a === '' ? null : date(a, l);
  const q = b === '' ? null : date(b, l);
  if ((a !== '' && p === null) || (b !== '' && q === null)) return null;
  if (p && q) {
    if (all) return interval(a, b, l);
    return { ar: `بين ${alone(p, l)} و${alone(q, l)}`, en: `between ${alone(p, l)} and ${alone(q, l)}`, fr: `entre ${the(p, tail(p))} et ${the(q, tail(q))}` }[l];
  }
  if (p) {
    return all ? { ar: `كل التواريخ ابتداءً من ${alone(p, l)}`, en: `all dates from ${alone(p, l)} on`, fr: `toutes les dates à partir ${of(p)}` }[l]
      : { ar: `في ${alone(p, l)} أو بعد ذلك`, en: `on or after ${alone(p, l)}`, fr: `${within(p)} ou plus tard` }[l];
  }
  if (q) {
    return all ? { ar: `كل التواريخ حتى ${alone(q, l)}`, en: `all dates until ${alone(q, l)}`, fr: `toutes les dates jusqu'${until(q)}` }[l]
      : { ar: `بحلول ${alone(q, l)}`, en: `by ${alone(q, l)}`, fr: `au plus tard ${within(q)}` }[l];
  }
  return null;
}

function one(expression: string, l: Tongue): string | null {
  const set = /^([[{])(.+)([\]}])$/.exec(expression);
  if (set !== null) {
    const all = set[1] === '{';
    if (all !== (set[3] === '}')) return null;
    const members = (set[2] ?? '').split(',').map((m) => member(m, l, all));
    if (members.includes(null)) return null;
    const last = { ar: all ? ' و' : ' أو ', en: all ? ' and ' : ' or ', fr: all ? ' et ' : ' ou ' }[l];
    return l === 'ar' || members.length === 1 ? members.join(last) : members.slice(0, -1).join(', ') + last + (members.at(-1) ?? '');
  }
  const parts = expression.split('/');
  if (parts.length === 2) return interval(parts[0] ?? '', parts[1] ?? '', l);
  const p = parts.length === 1 ? date(expression, l) : null;
  return p && alone(p, l);
}

/** The labels of an expression in the three languages, or null where this does not know. */
export function inWords(expression: string): DateWords | null {
  const [ar, en, fr] = [one(expression, 'ar'), one(expression, 'en'), one(expression, 'fr')];
  return ar !== null && en !== null && fr !== null ? { ar, en, fr } : null;
}
