// Pictures of every state in three languages, two themes and two widths, for people to look at:
//   node tests/screens.mjs http://127.0.0.1:8080 FOLDER
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [base, folder] = process.argv.slice(2);
if (!base || !folder) throw new Error('usage: node tests/screens.mjs ADDRESS FOLDER');
mkdirSync(folder, { recursive: true });

const states = {
  first: '/', lanes: '/?lanes=country', period: '/?from=2023-06&to=2023-10', card: '/?event=aes-charter-2023-09-16', table: '/?view=table',
  empty: '/?q=xyzzyxyzzy', faults: '/?contry=ML&type=cup', unknown: '/?event=no-such', embed: '/embed?country=ML', docs: '/docs',
};
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
for (const locale of ['ar', 'en', 'fr']) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1400, 900], [390, 844]]) {
      const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      for (const [name, path] of Object.entries(states)) {
        await page.goto(base + path, { waitUntil: 'networkidle' });
        await page.screenshot({ path: join(folder, `${name}-${locale}-${colorScheme}-${width}.png`) });
      }
      await context.close();
    }
  }
}
await browser.close();
