import { computed, signal } from '@preact/signals';
import { recall, remember } from './memory';
import { go, state } from './state';

const known = ['auto', 'light', 'dark'];
const kept = signal(recall('browser', 'tarikh-theme') ?? 'auto');

export const theme = computed(() => {
  const asked = state.value.theme ?? kept.value;
  return known.includes(asked) ? asked : 'auto';
});

export function setTheme(value: string): void {
  remember('browser', 'tarikh-theme', value);
  kept.value = value;
  if (state.value.theme !== null) go({ theme: null }, true);
}
