import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app';
import { lang } from './i18n';
import './style.css';
import { theme } from './theme';

effect(() => {
  const root = document.documentElement;
  root.lang = lang.value;
  root.dir = lang.value === 'ar' ? 'rtl' : 'ltr';
  root.dataset['theme'] = theme.value;
});

/** Titles are measured to be placed, so the fonts come first; who waits longer than this for them sees others. */
const patience = 400;
const fonts = ['400 1rem "Source Sans 3 Variable"', '600 1rem "Source Serif 4 Variable"', '400 1rem "IBM Plex Sans Arabic"', '600 1rem "Noto Naskh Arabic Variable"'];
const loaded = Promise.allSettled(fonts.map((f) => document.fonts.load(f, 'aت')));
void Promise.race([loaded, new Promise((done) => setTimeout(done, patience))]).then(() => {
  render(<App />, document.getElementById('app')!);
});
