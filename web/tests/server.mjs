// Servers on data folders of their own, and a browser. The program and the loader are built by .ci/web.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.TARIKH_PROGRAM;
const loader = process.env.TARIKH_LOADER;
if (!program || !loader) throw new Error('TARIKH_PROGRAM and TARIKH_LOADER name the built programs: run .ci/web');

export const key = 'tarikh_of-the-browser-tests';

/** Starts a server on a new data folder, filled with the seed and with what the loader's flags say. */
export async function serve(...load) {
  const data = mkdtempSync(join(tmpdir(), 'tarikh-web-'));
  const filled = spawnSync(loader, ['-data', data, '-key', key, ...load], { encoding: 'utf8' });
  if (filled.status !== 0) throw new Error(`the loader failed: ${filled.stderr}`);
  const child = spawn(program, ['serve'], { env: { ...process.env, TARIKH_DATA_DIR: data, TARIKH_LISTEN: '127.0.0.1:0', TARIKH_LOG: 'json', TARIKH_SEED: 'sahel' } });
  let said = '';
  const base = await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      said += chunk;
      const found = /serves at (http:\S+)/.exec(said);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => reject(new Error(`the program ended with ${code}: ${said}`)));
  });
  return {
    base,
    json: async (path) => {
      const response = await fetch(base + path);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      // Its Postgres goes when the program has gone, and holds the folder until then.
      for (let left = 100; left > 0; left--) {
        try { rmSync(data, { recursive: true }); return; } catch { await new Promise((r) => setTimeout(r, 100)); }
      }
    },
  };
}

export function browse() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

const running = new Map();

/** A page that keeps what it asked for and what went wrong in it. */
export async function open(browser, server, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: 'en', reducedMotion: 'reduce', acceptDownloads: true, ...options });
  const page = await context.newPage();
  const seen = { requests: [], wrong: [], bytes: new Map() };
  running.set(page, 0);
  page.on('request', (r) => { seen.requests.push(r.url()); running.set(page, running.get(page) + 1); });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => running.set(page, running.get(page) - 1));
  page.on('pageerror', (e) => seen.wrong.push(String(e)));
  page.on('console', (m) => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) seen.wrong.push(m.text()); });
  page.on('requestfinished', async (r) => { const sizes = await r.sizes().catch(() => null); if (sizes) seen.bytes.set(r.url(), sizes.responseBodySize); });
  await page.goto(server.base + path);
  return { page, seen, context };
}

const quiet = 150; // milliseconds without a request

/** Waits until the page asks for nothing any more. */
export async function settle(page) {
  for (let still = 0; still < quiet; still = running.get(page) > 0 ? 0 : still + 30) await new Promise((done) => setTimeout(done, 30));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
