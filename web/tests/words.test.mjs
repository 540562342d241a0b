// What needs no browser: days, shapes, and the words of a date that is typed, held against the labels of the server.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const out = mkdtempSync(join(tmpdir(), 'tarikh-words-'));
after(() => rmSync(out, { recursive: true }));
writeFileSync(join(out, 'package.json'), '{"type":"module"}');
for (const name of ['days', 'words', 'shape']) {
  const source = readFileSync(new URL(`../src/${name}.ts`, import.meta.url), 'utf8');
  const js = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } }).outputText;
  writeFileSync(join(out, `${name}.js`), js.replaceAll("'./days'", "'./days.js'"));
}
const load = (name) => import(pathToFileURL(join(out, `${name}.js`)).href);
const { civil, dayOf, format, parse, minDay, maxDay } = await load('days');
const { inWords } = await load('words');
const { shape, pack } = await load('shape');

test('a date in words says what the server says, or nothing', () => {
  const rows = readFileSync(new URL('../../internal/edtf/testdata/labels.tsv', import.meta.url), 'utf8').split('\n').filter((l) => l !== '' && !l.startsWith('#'));
  let said = 0;
  for (const row of rows) {
    const [expression, en, fr, ar] = row.split('\t');
    const words = inWords(expression);
    if (words === null) continue;
    said++;
    assert.deepEqual(words, { ar, en, fr }, expression);
  }
  assert.ok(rows.length > 150 && said >= 100, `${said} of ${rows.length} labels were said`);
});

test('what people write most has words', () => {
  for (const e of ['2021', '2021-07', '2021-07-26', '2021~', '2021?', '198X', '2021-22', '2021/..', '../2021', '2021/2022-03', '[..2023-09-16]', '[2021..2022-05]', '[2021,2022]', '{2021,2022}', '-4359']) {
    assert.notEqual(inWords(e), null, e);
  }
});

test('what is no date has no words', () => {
  for (const e of ['', 'x', '2021-13', '2021-02-30', '2021-1', '21', '..', '../..', '/', '[', '[]', '[2021', '{2021]', '[..]', '2021/2022/2023', '-0000', 'Y17E7', '12021', '2021-07-26-01', ' 2021']) {
    assert.equal(inWords(e), null, e);
  }
});

test('days and dates are each other', () => {
  assert.equal(dayOf(1970, 1, 1), 0);
  assert.equal(format(minDay), '-4712-01-01');
  assert.equal(format(maxDay), '9999-12-31');
  for (let day = minDay; day <= maxDay; day += 97) {
    const c = civil(day);
    assert.equal(dayOf(c.year, c.month, c.day), day);
    assert.equal(parse(format(day)), day);
  }
  for (let day = dayOf(1900, 1, 1); day < dayOf(2101, 1, 1); day++) assert.equal(format(day), new Date(day * 86400000).toISOString().slice(0, 10));
  assert.equal(parse('2021', true), dayOf(2021, 12, 31));
  assert.equal(parse('2024-02', true), dayOf(2024, 2, 29));
  for (const wrong of ['', '21', '2021-13', '2021-00', '2023-02-29', 'x', '2021-1-1', null]) assert.equal(parse(wrong), null, String(wrong));
});

const dated = (earliest, start_latest, end_earliest, latest, more = {}) => shape({ earliest, start_latest, end_earliest, latest, approximate: false, uncertain: false, ...more });

test('shapes are solid only where the event is certain', () => {
  const day = dated('2023-09-16', '2023-09-16', '2023-09-16', '2023-09-16');
  assert.equal(day.point, true);
  const year = dated('2021-01-01', '2021-12-31', '2021-01-01', '2021-12-31');
  assert.deepEqual([year.point, year.core], [false, null]);
  const since = dated('2021-01-01', '2021-12-31', null, null);
  assert.deepEqual([since.last, since.core], [Infinity, { from: parse('2021-12-31'), to: Infinity }]);
  const unknownEnd = dated('2021-01-01', '2021-12-31', '2021-01-01', null);
  assert.equal(unknownEnd.core, null);
  const by = dated(null, '2023-09-16', null, '2023-09-16');
  assert.deepEqual([by.first, by.core], [-Infinity, null]);
  const until = dated(null, null, '1985-01-01', '1985-12-31');
  assert.deepEqual(until.core, { from: -Infinity, to: parse('1985-01-01') });
});

test('rows hold what does not overlap', () => {
  assert.deepEqual(pack([{ start: 0, end: 10 }, { start: 5, end: 20 }, { start: 12, end: 30 }, { start: 26, end: 40 }], 2), { rows: [0, 1, 0, 1], count: 2 });
});
