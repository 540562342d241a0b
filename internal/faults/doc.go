// Package faults breaks things on purpose and looks at what is left. All of it is
// tests: they run the built program on a Postgres of its own, under load, kill, cut,
// fill and freeze what it stands on, and then hold all that it serves against a ledger
// of every write that it has acknowledged.
//
// CI does a tenth of everything. The whole, and what it found, is in docs/reliability.md.
package faults
