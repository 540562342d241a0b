package main

import "testing"

// TestMemoryLimit: there is room above what is held, whatever holds it; and no more than
// is needed while requests hold little.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for name, test := range map[string]struct {
		memoryUse
		want int64
	}{
		"at the start":                        {memoryUse{cache: 64 * mb, held: 10 * mb}, 88 * mb},
		"a million events and a full cache":   {memoryUse{events: 34 * mb, cache: 64 * mb, held: 105 * mb}, 122 * mb},
		"thousands of clients":                {memoryUse{events: 34 * mb, cache: 64 * mb, held: 144 * mb, stacks: 30 * mb, runtime: 5 * mb}, 226 * mb},
		"clients that read slowly":            {memoryUse{events: 34 * mb, cache: 64 * mb, held: 320 * mb}, 348 * mb},
		"an import on a machine without much": {memoryUse{held: 160 * mb}, 178 * mb},
	} {
		if got := test.limit(); got != test.want {
			t.Errorf("%s: %d MB, not %d", name, got/mb, test.want/mb)
		}
	}
}
