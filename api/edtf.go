package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

type edtfCmd struct {
	Expressions []string `arg:"" optional:"" name:"expr" help:"EDTF expressions. Without one, they are read from standard input, one a line."`
	From        *string  `placeholder:"DATE" help:"The window's first day: a year, a month or a day. Adds how the date matches it."`
	To          *string  `placeholder:"DATE" help:"The window's last day: a year, a month or a day. Adds how the date matches it."`
}

// Help is shown below the command's line.
func (edtfCmd) Help() string {
	return "Each answer is a JSON object on a line of its own. For example: api edtf --from 2021-05 --to 2021-05 2021 '2023-07-26/..' '[2016-03-04..2016-03-09]'"
}

// Run prints one JSON object a line for each expression, in order. It exits with 1
// when one of them is invalid.
func (c edtfCmd) Run(ctx context.Context, s streams) error {
	window, err := c.window()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.explainAll(window, s) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // a read of standard input does not end with the context
		return exitCode(130)
	}
}

// window reads --from and --to; nil where neither is given.
func (c edtfCmd) window() (*edtf.Window, error) {
	if c.From == nil && c.To == nil {
		return nil, nil
	}
	w := &edtf.Window{}
	if c.From != nil {
		day, err := edtf.ParseFrom(*c.From)
		if err != nil {
			return nil, fmt.Errorf("--from %q: %s", *c.From, reason(err))
		}
		w.From = edtf.At(day)
	}
	if c.To != nil {
		day, err := edtf.ParseTo(*c.To)
		if err != nil {
			return nil, fmt.Errorf("--to %q: %s", *c.To, reason(err))
		}
		w.To = edtf.At(day)
	}
	if w.From.Known && w.To.Known && w.From.Day > w.To.Day {
		return nil, fmt.Errorf("--from %s is after --to %s: write the earlier date as --from", *c.From, *c.To)
	}
	return w, nil
}

// reason gives why an expression is refused, without the expression.
func reason(err error) string {
	var refused *edtf.Error
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return err.Error()
}

// explainAll writes each line at once, so that a program at the other end of two
// pipes can wait for it before it asks on.
func (c edtfCmd) explainAll(window *edtf.Window, s streams) error {
	allValid := true
	out := json.NewEncoder(s.out)
	out.SetEscapeHTML(false)
	one := func(expr string) error {
		d, err := edtf.Parse(expr)
		allValid = allValid && err == nil
		if window == nil {
			return out.Encode(explain(expr, d, err))
		}
		return out.Encode(explainMatch(expr, d, err, *window))
	}
	var err error
	if len(c.Expressions) == 0 {
		err = eachLine(s.in, one)
	}
	for _, expr := range c.Expressions {
		if err = one(expr); err != nil {
			break
		}
	}
	if err == nil && !allValid {
		return exitCode(1)
	}
	return err
}

// longestLine is how much of a line is kept: far more than an expression may have.
const longestLine = 1 << 20

// eachLine calls do with each line, its end taken off. Lines can be of any length,
// and their rest beyond longestLine is left out. An empty line is one too, but not
// the nothing after the last line's end.
func eachLine(in io.Reader, do func(string) error) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	var line []byte
	for {
		piece, more, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		line = append(line, piece[:min(len(piece), longestLine-len(line))]...)
		if more {
			continue
		}
		if err := do(string(bytes.TrimSuffix(line, []byte("\r")))); err != nil {
			return err
		}
		line = line[:0]
	}
}

// explanation is what is printed of an expression. Of an invalid one all is null
// but the reason.
type explanation struct {
	EDTF          string          `json:"edtf"`
	Valid         bool            `json:"valid"`
	Level         *int            `json:"level"`
	StartEarliest edtf.Bound      `json:"start_earliest"`
	StartLatest   edtf.Bound      `json:"start_latest"`
	EndEarliest   edtf.Bound      `json:"end_earliest"`
	EndLatest     edtf.Bound      `json:"end_latest"`
	Precision     *edtf.Precision `json:"precision"`
	Approximate   *bool           `json:"approximate"`
	Uncertain     *bool           `json:"uncertain"`
	Label         *dateLabel      `json:"label"`
	Error         *string         `json:"error"`
}

type dateLabel struct {
	Ar string `json:"ar"`
	En string `json:"en"`
	Fr string `json:"fr"`
}

func explain(expr string, d edtf.Date, err error) explanation {
	if err != nil {
		return explanation{EDTF: expr, Error: new(reason(err))}
	}
	return explanation{
		EDTF: expr, Valid: true, Level: &d.Level,
		StartEarliest: d.StartEarliest, StartLatest: d.StartLatest, EndEarliest: d.EndEarliest, EndLatest: d.EndLatest,
		Precision: &d.Precision, Approximate: &d.Approximate, Uncertain: &d.Uncertain,
		Label: &dateLabel{d.Label("ar"), d.Label("en"), d.Label("fr")},
	}
}

// matchExplanation adds how the date matches a window.
type matchExplanation struct {
	explanation
	Match *modes `json:"match"`
}

type modes struct {
	Possible bool `json:"possible"`
	Certain  bool `json:"certain"`
	Within   bool `json:"within"`
	Starts   bool `json:"starts"`
}

func explainMatch(expr string, d edtf.Date, err error, w edtf.Window) matchExplanation {
	e := matchExplanation{explanation: explain(expr, d, err)}
	if err == nil {
		e.Match = &modes{
			d.Match(w, edtf.ModePossible), d.Match(w, edtf.ModeCertain), d.Match(w, edtf.ModeWithin), d.Match(w, edtf.ModeStarts),
		}
	}
	return e
}
