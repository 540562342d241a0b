package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ofTheProgram names the parts whose connections are the program's, in Postgres' log.
var ofTheProgram = []string{"hot", "cold", "charts", "memory", "start", "export", "small", "filters", "import", "writes", "capture"}

// slow tells what auto_explain found in this run.
func slow(_ context.Context, b *bench, p *part) error {
	t := table{Columns: []string{"statement", "during", "times", "longest, ms"}}
	others := 0
	// Statements that differ further on than is shown are one row: those of the table of
	// filters, which has them one by one, are dozens.
	var shown []slowStatement
	for _, s := range slowStatements(b.slow.since(0)) {
		mine := false
		for _, name := range ofTheProgram {
			mine = mine || name == s.user
		}
		if !mine {
			others += s.times
			continue
		}
		s.statement = cell(s.statement, 160)
		same := slices.IndexFunc(shown, func(o slowStatement) bool { return o.statement == s.statement && o.user == s.user })
		if same < 0 {
			shown = append(shown, s)
			continue
		}
		shown[same].times += s.times
		shown[same].longest = max(shown[same].longest, s.longest)
	}
	for _, s := range shown {
		t.Rows = append(t.Rows, []string{"`" + s.statement + "`", s.user, count(s.times), figure(s.longest)})
	}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t)
	} else {
		p.Notes = append(p.Notes, "None of the program's.")
	}
	if others > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("Besides, %s of rivals, limits and the benchmark itself.", count(others)))
	}
	return nil
}

// cell makes a text fit into a cell of a table.
func cell(text string, most int) string {
	text = strings.NewReplacer("|", "¦", "`", "'").Replace(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}
