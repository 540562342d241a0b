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
		"at the start":                        {memoryUse{cache: 64 * mb, live: 10 * mb, stacks: mb, runtime: 4 * mb}, 94 * mb},
		"a million events and a full cache":   {memoryUse{events: 34 * mb, cache: 64 * mb, kept: 64 * mb, live: 105 * mb}, 122 * mb},
		"thousands of clients":                {memoryUse{events: 34 * mb, cache: 64 * mb, kept: 64 * mb, live: 138 * mb, stacks: 30 * mb}, 238 * mb},
		"clients that read slowly":            {memoryUse{events: 34 * mb, cache: 64 * mb, kept: 2 * mb, live: 320 * mb}, 666 * mb},
		"an import on a machine without much": {memoryUse{live: 160 * mb}, 320 * mb},
	} {
		if got := test.limit(); got != test.want {
			t.Errorf("%s: %d MB, not %d", name, got/mb, test.want/mb)
		}
	}
}
