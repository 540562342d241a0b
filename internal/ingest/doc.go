// Package ingest reads files of other data sets and makes events of their rows, as a
// mapping says: a short YAML file, described in docs/mappings.md. It reads files as
// streams, names the row, the column and the reason of everything that it refuses,
// and never guesses a format, an encoding or a date. It must know neither the
// database nor HTTP.
package ingest
