//go:build race

package contracttest

// everyNth: the validator is slow, and many times slower under the race detector, which
// looks for faults in code that the validator has no part in. The same tests run without
// the detector and hold every answer.
const everyNth = 10
