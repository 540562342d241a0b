package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// refusals writes the report and counts the reasons.
type refusals struct {
	file    *os.File
	out     *csv.Writer
	reasons map[string]*refusalReason
	order   []string
	more    int
}

type refusalReason struct {
	count    int
	firstRow int64
	column   string
	text     string // with the values of the first row
}

// maxReasons bounds the memory for reasons; the report has them all.
const maxReasons = 200

func newRefusals(path string) (*refusals, error) {
	r := &refusals{reasons: map[string]*refusalReason{}}
	if path == "" {
		return r, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("the report cannot be written: %w", err)
	}
	r.file, r.out = file, csv.NewWriter(file)
	return r, r.out.Write([]string{"row", "line", "column", "reason"})
}

func (r *refusals) add(row, line int64, column, text string) {
	if r.out != nil {
		place := ""
		if line > 0 {
			place = strconv.FormatInt(line, 10)
		}
		_ = r.out.Write([]string{strconv.FormatInt(row, 10), place, column, text}) // close tells
	}
	key := column + " " + withoutValues(text)
	if known, ok := r.reasons[key]; ok {
		known.count++
		return
	}
	if len(r.order) == maxReasons {
		r.more++
		return
	}
	r.reasons[key] = &refusalReason{1, row, column, text}
	r.order = append(r.order, key)
}

// withoutValues leaves the quoted values of rows out of a reason, so that it can be
// counted.
func withoutValues(text string) string {
	b := make([]byte, 0, len(text))
	quoted := false
	for i := range len(text) {
		c := text[i]
		switch {
		case c == '"' && (i == 0 || text[i-1] != '\\'):
			quoted = !quoted
		case !quoted && (c < '0' || c > '9'):
			b = append(b, c)
		}
	}
	return string(b)
}

// shownReasons are told in the summary.
const shownReasons = 20

func (r *refusals) summary(out io.Writer) {
	for n, key := range r.order {
		if n == shownReasons {
			fmt.Fprintf(out, "  and %d further reasons\n", len(r.order)-n+r.more)
			break
		}
		why := r.reasons[key]
		column := ""
		if why.column != "" {
			column = ", " + why.column
		}
		fmt.Fprintf(out, "  refused %d: row %d%s: %s\n", why.count, why.firstRow, column, why.text)
	}
}

func (r *refusals) close() error {
	if r.file == nil {
		return nil
	}
	r.out.Flush()
	err := errors.Join(r.out.Error(), r.file.Close())
	r.file = nil
	if err != nil {
		return fmt.Errorf("the report could not be written to its end: %w", err)
	}
	return nil
}
