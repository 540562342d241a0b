// Loads the exports for charts with TimelineJS and vis-timeline in headless
// Chromium, once in each of three time zones, and compares what people see: the
// labels and the days must be the same everywhere, and no imprecise date may show
// a day. Prints what differs and exits non-zero.
//
//     node check.js ADDRESS [FOLDER]
//
// ADDRESS is a running server; FOLDER holds further exports (*.timelinejs.json and
// *.vis.json) with the dates that the server's own events lack.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const zones = ['America/Los_Angeles', 'Africa/Bamako', 'Asia/Tokyo'];
const here = dirname(fileURLToPath(import.meta.url));
const [api, folder] = process.argv.slice(2);
const faults = [];
let checked = 0;

// The pages load from a server of their own, so that the exports are read across
// origins, as a newsroom's page reads them.
const libraries = {
  '/tl.js': 'node_modules/@knight-lab/timelinejs/dist/js/timeline.js',
  '/tl.css': 'node_modules/@knight-lab/timelinejs/dist/css/timeline.css',
  '/vis.js': 'node_modules/vis-timeline/standalone/umd/vis-timeline-graph2d.min.js',
  '/vis.css': 'node_modules/vis-timeline/styles/vis-timeline-graph2d.min.css',
};
const pages = {
  '/timelinejs': '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/tl.css"><div id="chart" style="width:1200px;height:700px"></div><script src="/tl.js"></script>',
  '/vis': '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/vis.css"><div id="chart" style="width:1200px"></div><script src="/vis.js"></script>',
};
const exports = {}; // path -> body, of the folder

const server = createServer(async (request, response) => {
  const path = request.url;
  try {
    if (pages[path]) return response.setHeader('Content-Type', 'text/html').end(pages[path]);
    if (exports[path]) return response.setHeader('Content-Type', 'application/json').end(exports[path]);
    if (libraries[path]) {
      response.setHeader('Content-Type', path.endsWith('.css') ? 'text/css' : 'text/javascript');
      return response.end(await readFile(join(here, libraries[path])));
    }
  } catch (error) {
    faults.push(`${path}: ${error}`);
  }
  response.writeHead(404).end();
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const own = `http://127.0.0.1:${server.address().port}`;

const sources = [{ name: 'the server', timelinejs: `${api}/v1/events.timelinejs.json`, vis: `${api}/v1/events.vis.json` }];
for (const file of folder ? await readdir(folder) : []) {
  if (!file.endsWith('.timelinejs.json')) continue;
  const name = file.replace('.timelinejs.json', '');
  for (const kind of ['timelinejs', 'vis']) exports[`/${name}.${kind}.json`] = await readFile(join(folder, `${name}.${kind}.json`));
  sources.push({ name, timelinejs: `${own}/${name}.timelinejs.json`, vis: `${own}/${name}.vis.json` });
}

// inTimelineJS gives, for each slide, what the library made of it, as the reader
// of that zone sees it.
async function inTimelineJS(page, address) {
  await page.goto(`${own}/timelinejs`);
  return page.evaluate(async (address) => {
    const timeline = new TL.Timeline('chart', address, { hash_bookmark: false, ga_measurement_id: null, font: null });
    await new Promise((loaded, failed) => {
      timeline.on('loaded', loaded);
      setTimeout(() => failed(new Error(document.querySelector('#chart').innerText.slice(0, 300) || 'TimelineJS did not load')), 30_000);
    });
    const day = (date) => {
      const d = date.data.date_obj;
      return [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours()].join('-');
    };
    const document_ = await (await fetch(address)).json();
    const slides = [...document.querySelectorAll('.tl-slide')];
    const markers = [...document.querySelectorAll('.tl-timemarker')];
    const text = (element) => element?.innerText?.trim() ?? '';
    return {
      errors: timeline.config.getErrors('; '),
      given: document_.events.map((e) => ({ id: e.unique_id, label: e.display_date, start: e.start_date, end: e.end_date })),
      shown: timeline.config.events.map((e) => {
        const slide = slides.find((s) => s.id === e.unique_id) ?? slides.find((s) => s.querySelector(`[id="${e.unique_id}"]`));
        const marker = markers.find((m) => m.id === `${e.unique_id}-marker`);
        return {
          id: e.unique_id, start: day(e.start_date), end: e.end_date ? day(e.end_date) : null,
          date: slide?.querySelector('.tl-headline-date')?.textContent?.trim() ?? null,
          headline: slide?.querySelector('.tl-headline')?.textContent?.trim() ?? null,
          marker: marker ? marker.querySelector('.tl-headline')?.textContent?.trim() ?? '' : null,
          spoken: marker?.getAttribute('aria-label') ?? '',
        };
      }),
      text: text(document.querySelector('#chart')),
      scripts: window.stolen ?? 0,
    };
  }, address);
}

// inVis gives, for each item, what the library made of it.
async function inVis(page, address) {
  await page.goto(`${own}/vis`);
  return page.evaluate(async (address) => {
    const data = await (await fetch(address)).json();
    const timeline = new vis.Timeline(document.querySelector('#chart'));
    timeline.setData(data);
    timeline.fit({ animation: false });
    await new Promise((drawn) => setTimeout(drawn, 500));
    const day = (at) => {
      if (at == null) return null;
      const d = new Date(at);
      return [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours()].join('-');
    };
    const items = Object.values(timeline.itemSet.items);
    return {
      given: data.items.map((i) => ({ id: i.id, label: i.label, start: i.start, end: i.end, group: i.group })),
      shown: items.map((i) => {
        i.show();
        return {
          id: i.id, start: day(i.data.start), end: day(i.data.end), group: i.data.group,
          content: i.dom?.content?.textContent ?? null, title: i.data.title,
        };
      }),
      lanes: [...document.querySelectorAll('.vis-label')].map((l) => l.textContent.trim()),
      groups: data.groups.map((g) => g.content),
      scripts: window.stolen ?? 0,
    };
  }, address);
}

// written gives the day of a date without a zone, as it is written.
function written(text) {
  const [, year, month, day] = /^([+-]?\d+)-(\d\d)-(\d\d)T00:00:00$/.exec(text);
  return [Number(year), Number(month), Number(day), 0].join('-');
}

function expect(what, got, want) {
  checked++;
  if (JSON.stringify(got) !== JSON.stringify(want)) faults.push(`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

function checkSlides(where, chart) {
  expect(`${where}: errors`, chart.errors, '');
  expect(`${where}: scripts that ran`, chart.scripts, 0);
  expect(`${where}: slides`, chart.shown.length, chart.given.length);
  for (const g of chart.given) {
    const s = chart.shown.find((s) => s.id === g.id);
    if (!s) {
      faults.push(`${where}: ${g.id} is not there`);
      continue;
    }
    expect(`${where}: ${g.id} begins`, s.start, [g.start.year, g.start.month ?? 1, g.start.day ?? 1, 0].join('-'));
    const end = JSON.stringify(g.end) === JSON.stringify(g.start) ? null : [g.end.year, g.end.month ?? 1, g.end.day ?? 1, 0].join('-');
    expect(`${where}: ${g.id} ends`, s.end, end);
    expect(`${where}: ${g.id} is dated`, s.date, g.label);
    checked++;
    if (!s.spoken.includes(g.label)) faults.push(`${where}: ${g.id} is spoken as ${s.spoken}`);
    if (!s.headline || !s.marker) faults.push(`${where}: ${g.id} has the headline ${s.headline}, its marker ${s.marker}`);
  }
}

function checkItems(where, chart) {
  expect(`${where}: scripts that ran`, chart.scripts, 0);
  expect(`${where}: items`, chart.shown.length, chart.given.length);
  expect(`${where}: lanes`, chart.lanes.toSorted(), chart.groups.toSorted());
  for (const g of chart.given) {
    const s = chart.shown.find((s) => s.id === g.id);
    if (!s) {
      faults.push(`${where}: ${g.id} is not there`);
      continue;
    }
    expect(`${where}: ${g.id} begins`, s.start, written(g.start));
    expect(`${where}: ${g.id} ends`, s.end, g.end === null ? null : written(g.end));
    expect(`${where}: ${g.id} lies in`, s.group, g.group);
    checked++;
    if (!s.content?.startsWith(`${g.label}: `)) faults.push(`${where}: ${g.id} shows ${s.content}`);
  }
}

const seen = {}; // what a chart showed in the first zone
for (const zone of zones) {
  const profile = await mkdtemp(join(tmpdir(), 'tarikh-charts-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', timezoneId: zone, locale: 'en-GB', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    env: { ...process.env, TZ: zone },
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => faults.push(`${zone}: ${error}`));
    // Nothing but the two servers is asked.
    await page.route('**/*', (route) => ([api, own].includes(new URL(route.request().url()).origin) ? route.continue() : route.abort()));
    for (const source of sources) {
      for (const [kind, show, check] of [['timelinejs', inTimelineJS, checkSlides], ['vis', inVis, checkItems]]) {
        const where = `${kind}, ${source.name}, ${zone}`;
        const chart = await show(page, source[kind]);
        check(where, chart);
        const key = `${kind} of ${source.name}`;
        seen[key] ??= chart.shown;
        expect(`${where}: other than in ${zones[0]}`, chart.shown, seen[key]);
        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${kind}-${source.name.replace(/\W/g, '')}-${zone.replace('/', '-')}.png`) });
      }
    }
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  }
}
server.close();

for (const fault of faults.slice(0, 50)) console.log(fault);
console.log(`${checked - faults.length} passed, ${faults.length} failed`);
process.exit(faults.length === 0 && checked > 0 ? 0 : 1);
