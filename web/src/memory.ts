/** What the browser remembers for the page. In a frame of another site it may refuse; then nothing is remembered, and all works. */
type Where = 'tab' | 'browser';

const store = (where: Where): Storage => (where === 'tab' ? sessionStorage : localStorage);

export function recall(where: Where, name: string): string | null {
  try { return store(where).getItem(name); } catch { return null; }
}

export function remember(where: Where, name: string, value: string): void {
  try {
    if (value === '') store(where).removeItem(name);
    else store(where).setItem(name, value);
  } catch { /* see above */ }
}
