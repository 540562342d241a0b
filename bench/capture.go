package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// captured is the statement that the program sends for a question, read from Postgres'
// log, and what each of its parameters stands for.
type captured struct {
	text       string
	parameters []parameter
	terms      []int64  // of each country, by its rank
	settings   []string // of the program's connections: name=value
}

// parameter is one of a statement's parameters: always the same, the country's term, or
// a day that lies so many days behind the window's first or last.
type parameter struct {
	kind     string // constant, term, from, to
	constant string
	offset   int64
}

// sampled is a statement with the arguments that a question was sent with.
type sampled struct {
	question  synthetic.Question
	arguments []string
}

var (
	executed = regexp.MustCompile(`^duration: [\d.]+ ms  execute [^:]*: (?s:(.*))$`)
	argument = regexp.MustCompile(`\$(\d+) = ('(?:[^']|'')*'|NULL)`)
	setting  = regexp.MustCompile(`set_config\('([a-z_.]+)', '([^' ]*)', false\)`)
)

// capture asks the program questions, and finds the statement that it sends for them.
func (b *bench) capture(ctx context.Context) (*captured, error) {
	mark := b.slow.mark()
	own, err := b.start(ctx, serving{database: b.url("tarikh", "capture") + "&log_min_duration_statement=0", cache: "0"})
	if err != nil {
		return nil, err
	}
	defer own.stop()
	b.settle(ctx, 3*time.Minute, own.pid())
	var samples []sampled
	c := &captured{}
	for _, q := range synthetic.NewAsker(seed + 1).Ask(12) {
		before := b.slow.mark()
		if _, _, err := get(ctx, own.address+ownPath(q), nil); err != nil {
			return nil, err
		}
		text, arguments := longest(b.slow.since(before))
		switch {
		case text == "":
			return nil, errors.New("the log of Postgres shows no statement of the program")
		case c.text != "" && c.text != text:
			return nil, errors.New("the program sends more than one statement for such questions")
		}
		c.text = text
		samples = append(samples, sampled{q, arguments})
	}
	c.settings = settingsOf(b.slow.since(mark))
	if err := b.readTerms(ctx, c); err != nil {
		return nil, err
	}
	c.parameters, err = explain(samples, c.terms)
	return c, err
}

// longest finds the longest statement that the program ran, and its arguments. What it
// runs besides, such as to look at the revision, is shorter.
func longest(records []record) (text string, arguments []string) {
	for i, r := range records {
		m := executed.FindStringSubmatch(r.text)
		if m == nil || r.user != "capture" || len(m[1]) <= len(text) {
			continue
		}
		text, arguments = m[1], nil
		if i+1 < len(records) && records[i+1].level == "DETAIL" {
			for _, a := range argument.FindAllStringSubmatch(records[i+1].text, -1) {
				arguments = append(arguments, a[2])
			}
		}
	}
	return text, arguments
}

// readTerms reads the terms of the countries.
func (b *bench) readTerms(ctx context.Context, c *captured) error {
	return b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT coalesce(t.id, 0) FROM unnest($1::text[]) WITH ORDINALITY AS c(code, rank) LEFT JOIN term t ON t.kind = 'country' AND t.value = c.code ORDER BY c.rank`, synthetic.CountryCodes())
		if err != nil {
			return err
		}
		c.terms, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
}

// explain finds out what each parameter stands for, from the arguments of questions.
func explain(samples []sampled, terms []int64) ([]parameter, error) {
	var all []parameter
	for i := range samples[0].arguments {
		p, ok := parameter{}, false
		for _, kind := range []string{"constant", "term", "from", "to"} {
			if p, ok = fits(samples, i, kind, terms); ok {
				break
			}
		}
		if !ok {
			return nil, fmt.Errorf("it is not clear what the statement's parameter $%d stands for, which was %s for %+v", i+1, samples[0].arguments[i], samples[0].question)
		}
		all = append(all, p)
	}
	return all, nil
}

// fits tells whether a parameter is of a kind in all samples.
func fits(samples []sampled, i int, kind string, terms []int64) (parameter, bool) {
	p := parameter{kind: kind}
	for n, s := range samples {
		if i >= len(s.arguments) {
			return p, false
		}
		if kind == "constant" {
			if n == 0 {
				p.constant = s.arguments[i]
			}
			if s.arguments[i] != p.constant {
				return p, false
			}
			continue
		}
		value, err := strconv.ParseInt(strings.Trim(s.arguments[i], "'"), 10, 64)
		if err != nil {
			return p, false
		}
		base := map[string]func() int64{
			"term": func() int64 { return terms[s.question.Rank] },
			"from": func() int64 { return daysOf(s.question.From) },
			"to":   func() int64 { return daysOf(s.question.To) },
		}[kind]()
		if n == 0 {
			p.offset = value - base
		}
		if value-base != p.offset || kind == "term" && p.offset != 0 {
			return p, false
		}
	}
	return p, true
}

// daysOf counts the days since 1970.
func daysOf(day string) int64 {
	t, err := time.Parse("2006-01-02", day)
	if err != nil {
		panic(err)
	}
	return t.Unix() / 86400
}

// script makes a script of pgbench with arguments of the questions' distribution.
func (c *captured) script() string {
	var b strings.Builder
	first, longest := synthetic.Window()
	// A month is 30.436875 days. random_zipfian takes no exponent of 1.
	fmt.Fprintf(&b, "\\set rank random_zipfian(1, %d, 1.001)\n\\set term %s\n", len(c.terms), choose(c.terms, 1))
	fmt.Fprintf(&b, "\\set first random(0, %d)\n\\set months random(1, %d)\n", first-1, longest)
	fmt.Fprintf(&b, "\\set from %d + :first * 30436875 / 1000000\n\\set to :from + :months * 30436875 / 1000000 - 3\n", daysOf(fmt.Sprintf("%d-01-01", synthetic.FirstYear)))
	for i, p := range c.parameters {
		switch p.kind {
		case "constant":
			fmt.Fprintf(&b, "\\set p%d %s\n", i+1, strings.Trim(p.constant, "'"))
		default:
			fmt.Fprintf(&b, "\\set p%d :%s + (%d)\n", i+1, p.kind, p.offset)
		}
	}
	text := regexp.MustCompile(`\$(\d+)`).ReplaceAllString(c.text, ":p$1")
	return b.String() + strings.TrimRight(text, "; \n") + ";\n"
}

// choose makes an expression that gives the term of a rank, by halving.
func choose(terms []int64, first int) string {
	if len(terms) == 1 {
		return strconv.FormatInt(terms[0], 10)
	}
	half := len(terms) / 2
	return fmt.Sprintf("case when :rank < %d then %s else %s end", first+half, choose(terms[:half], first), choose(terms[half:], first+half))
}

// settingsOf finds what the program sets for each of its connections.
func settingsOf(records []record) []string {
	var all []string
	for _, r := range records {
		for _, m := range setting.FindAllStringSubmatch(r.text, -1) {
			if s := m[1] + "=" + m[2]; r.user == "capture" && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// options give pgbench's connections what those of the program have.
func (c *captured) options() string {
	var all strings.Builder
	for _, s := range c.settings {
		all.WriteString(" -c " + s)
	}
	return all.String()
}
