// Package reference answers questions about events in the plainest way there is:
// by looking at each of them in memory. It states the contract's table of filters a
// second time, so that what the database answers can be held against it. It must
// share no code with the store, nor with what timeline derives for the store; speed
// is no aim of it.
//
// It also makes random events and filters, for tests of this and other packages.
package reference
