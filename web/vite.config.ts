import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const out = '../internal/explorer/dist';

/** The scripts decide language, direction and theme, so nothing is painted before they ran. */
function blockRendering(): Plugin {
  return {
    name: 'block-rendering',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => html.replaceAll('<script type="module" crossorigin', '<script type="module" blocking="render"').replaceAll(' crossorigin', ''),
    },
  };
}

/** Fonts and libraries travel with their licences. */
function licences(): Plugin {
  const packages = ['preact', '@preact/signals', '@preact/signals-core', 'd3-geo', 'd3-array', 'internmap', 'topojson-client', 'world-atlas',
    '@fontsource-variable/source-serif-4', '@fontsource-variable/source-sans-3', '@fontsource-variable/noto-naskh-arabic', '@fontsource/ibm-plex-sans-arabic'];
  return {
    name: 'licences',
    generateBundle() {
      const texts = packages.map((name) => {
        const folder = join('node_modules', name);
        const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
        return `== ${name}\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n') });
    },
  };
}

/** Text is kept compressed alone; the server unpacks it for the few who cannot. */
function compressOnly(): Plugin {
  return {
    name: 'compress-only',
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name.endsWith('.woff2') || entry.name.endsWith('.gz')) continue;
        const path = join(entry.parentPath, entry.name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        rmSync(path);
      }
    },
  };
}

export default defineConfig({
  plugins: [blockRendering(), licences(), compressOnly()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: out, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false,
    rollupOptions: { input: ['index.html', 'docs.html'] },
  },
});
