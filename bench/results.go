package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// results are all that is kept: of each number of events the newest measure of each
// part. bench/RESULTS.md is written from them.
type results struct {
	Runs map[string]*run `json:"runs"` // by the number of events
}

// run is what was measured on one number of events.
type run struct {
	Events int              `json:"events"`
	Parts  map[string]*part `json:"parts"`
}

// part is what one part of the benchmark found, when, and where.
type part struct {
	Date    string   `json:"date"`
	Command string   `json:"command"`
	Machine machine  `json:"machine"`
	Seconds float64  `json:"seconds"`
	Failed  string   `json:"failed,omitempty"` // why it gave up; what it had found by then is kept
	Tables  []table  `json:"tables,omitempty"`
	Goals   []goal   `json:"goals,omitempty"`
	Notes   []string `json:"notes,omitempty"` // what a reader must know: what was absent, and why
}

// table is a table of RESULTS.md. The first column is text, the others are figures.
type table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// goal is a goal and how far it was reached.
type goal struct {
	Axis    string  `json:"axis"`
	Goal    string  `json:"goal"` // in words
	Value   float64 `json:"value"`
	Unit    string  `json:"unit,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	// Upto is the number of events up to which the goal is set; 0: any.
	Upto int `json:"upto,omitempty"`
	// Same names a figure that is to be about the same on more events: at most
	// AtMost times that on a tenth of them. Value is the figure then.
	Same bool `json:"same,omitempty"`
}

func (g goal) met() bool {
	if g.AtMost > 0 {
		return g.Value <= g.AtMost
	}
	return g.Value >= g.AtLeast
}

// readResults reads what was kept; nothing where there is no file yet.
func readResults(file string) (*results, error) {
	r := &results{Runs: map[string]*run{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(text, r)
}

// of gives the run on so many events.
func (r *results) of(events int) *run {
	key := strconv.Itoa(events)
	if r.Runs[key] == nil {
		r.Runs[key] = &run{Events: events, Parts: map[string]*part{}}
	}
	return r.Runs[key]
}

// write keeps the results as JSON and writes the page.
func (r *results) write(file, page, notes string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	words, err := readNotes(notes)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return errors.Join(replace(file, append(text, '\n')), replace(page, []byte(r.page(words))))
}

// replace writes a file whole, or leaves it as it was.
func replace(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
