package main

import "testing"

// TestMemoryLimit: there is room above what is held, whatever holds it; and no more than
// is needed while requests hold little.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for name, test := range map[string]struct{ events, cache, held, want int64 }{
		"at the start":                        {0, 64 * mb, 10 * mb, 88 * mb},
		"a million events and a full cache":   {34 * mb, 64 * mb, 105 * mb, 122 * mb},
		"clients that read slowly":            {34 * mb, 64 * mb, 320 * mb, 348 * mb},
		"an import on a machine without much": {0, 0, 160 * mb, 178 * mb},
	} {
		if got := memoryLimitFor(test.events, test.cache, test.held); got != test.want {
			t.Errorf("%s: %d MB, not %d", name, got/mb, test.want/mb)
		}
	}
}
