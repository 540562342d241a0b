// Package migrations embeds the schema's history: one numbered pair of files a
// step, read by golang-migrate. It holds no logic; internal/postgres applies it.
//
// The first file may hold several statements. Every later file holds one
// statement, or one DO block, and neither BEGIN nor COMMIT: several DDL
// statements in a file fail on distributed tables, and a file that is one
// transaction can be repaired without a person.
package migrations

import "embed"

// FS holds the files NNNNNN_name.up.sql and NNNNNN_name.down.sql.
//
//go:embed *.sql
var FS embed.FS
