//go:build race

package httpapi_test

// underRace: the race detector makes everything many times slower.
const underRace = true
