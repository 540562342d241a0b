//go:build race

package faults_test

// underRace: the program is a process of its own, of which the detector sees nothing.
const underRace = true
