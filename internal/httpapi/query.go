package httpapi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// query is the parsed query of a request. It collects every fault, so that all of
// them are told together.
type query struct {
	known  []parameter
	values map[string][]string // of lists the items, of others one value
	faults []timeline.Fault
}

// parseQuery reads a raw query and checks all that parameters.go states.
func parseQuery(raw string, known []parameter) *query {
	q := &query{known: known, values: map[string][]string{}}
	given := map[string][]string{}
	var order []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		switch {
		case rawName == "":
			q.fault("(no name)", "is not a parameter: a name is missing before the equals sign")
		case nameErr != nil || !printable(name):
			q.fault(clip(rawName), "is not a parameter: its name is not readable text")
		case valueErr != nil:
			q.fault(clip(name), "has a wrong percent-encoding; write %%25 for a percent sign")
		default:
			if _, again := given[name]; !again {
				order = append(order, name)
			}
			given[name] = append(given[name], value)
		}
	}
	for _, name := range order {
		i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		if i < 0 {
			q.unknown(name)
			continue
		}
		q.read(known[i], given[name])
	}
	for _, p := range known {
		if _, there := given[p.name]; p.required && !there {
			q.fault(p.name, "is required")
		}
	}
	return q
}

func (q *query) unknown(name string) {
	if len(q.known) == 0 {
		q.fault(clip(name), "is not a parameter of this operation, which takes none")
		return
	}
	f := q.fault(clip(name), "is not a parameter of this operation; remove it or correct its name")
	for _, p := range q.known {
		f.Allowed = append(f.Allowed, p.name)
	}
	f.Suggestion = timeline.Nearest(clip(name), f.Allowed)
}

// read checks the values of a known parameter and keeps them.
func (q *query) read(p parameter, values []string) {
	if slices.ContainsFunc(values, func(v string) bool { return !printable(v) }) {
		q.fault(p.name, "is not readable text: it must be UTF-8 without control characters")
		return
	}
	if p.form != formList {
		if len(values) > 1 {
			q.fault(p.name, "is given %d times; give it once", len(values))
			return
		}
		if q.check(p, values[0]) {
			q.values[p.name] = values
		}
		return
	}
	var items []string
	ok := true
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			item = strings.TrimSpace(item)
			ok = q.check(p, item) && ok
			if !slices.Contains(items, item) || p.min > 1 {
				items = append(items, item)
			}
		}
	}
	if p.max > 0 && (len(items) > p.max || len(items) < p.min) {
		if p.min == p.max {
			q.fault(p.name, "has %d items; it must have %d", len(items), p.max)
		} else {
			q.fault(p.name, "has %d items; at most %d are allowed", len(items), p.max)
		}
		ok = false
	}
	if ok {
		q.values[p.name] = items
	}
}

// check notes what is wrong with a value, or with an item of a list.
func (q *query) check(p parameter, v string) bool {
	switch {
	case strings.TrimSpace(v) == "" && p.form == formList:
		f := q.fault(p.name, "has an empty item; write one value, or several with commas between them")
		f.Allowed = p.words
	case strings.TrimSpace(v) == "":
		f := q.fault(p.name, "is empty; give it a value or leave it out")
		f.Allowed = p.words
	case p.maxLength > 0 && utf8.RuneCountInString(v) > p.maxLength:
		q.fault(p.name, "has %d characters; at most %d are allowed", utf8.RuneCountInString(v), p.maxLength)
	case p.words != nil && !slices.Contains(p.words, v):
		f := q.fault(p.name, "cannot be %q; it must be one of %s", clip(v), strings.Join(p.words, ", "))
		f.Allowed = p.words
		f.Suggestion = timeline.Nearest(strings.ToLower(clip(v)), p.words)
	case p.form == formNumber:
		n, err := strconv.Atoi(v)
		if err != nil || n < p.min || n > p.max || v != strconv.Itoa(n) {
			q.fault(p.name, "cannot be %q; it must be a whole number from %d to %d", clip(v), p.min, p.max)
			return false
		}
		return true
	default:
		return true
	}
	return false
}

// printable tells whether a text can be stored, compared and shown.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// maxFaults bounds what a request is told: a query of ten thousand wrong names would
// else be answered with megabytes.
const maxFaults = 100

func (q *query) fault(name, format string, args ...any) *timeline.Fault {
	if len(q.faults) == maxFaults {
		q.faults = append(q.faults, timeline.Fault{Parameter: clip(name), Detail: "is wrong too, and there may be more faults; correct these first"})
	}
	if len(q.faults) > maxFaults {
		return &timeline.Fault{} // for nobody
	}
	q.faults = append(q.faults, timeline.Fault{Parameter: name, Detail: fmt.Sprintf(format, args...)})
	return &q.faults[len(q.faults)-1]
}

// err gives all faults as one error, nil when there is none.
func (q *query) err() error {
	if len(q.faults) == 0 {
		return nil
	}
	names := make([]string, 0, len(q.faults))
	for _, f := range q.faults {
		if !slices.Contains(names, f.Parameter) {
			names = append(names, f.Parameter)
		}
	}
	message := "The parameter " + names[0] + " " + q.faults[0].Detail + "."
	switch {
	case len(q.faults) > maxFaults:
		message = fmt.Sprintf("More than %d parameters are wrong. errors tells what to do about the first.", maxFaults)
	case len(names) > 1:
		message = fmt.Sprintf("%d parameters are wrong: %s. errors tells what to do about each.", len(names), strings.Join(names, ", "))
	}
	return &timeline.Error{Kind: timeline.KindInvalidParameter, Message: message, Faults: q.faults}
}

// list gives the items of a list; none when it is absent or wrong.
func (q *query) list(name string) []string { return q.values[name] }

// text gives a value, by default that of the parameter; "" when it is wrong.
func (q *query) text(name string) string {
	if v := q.values[name]; len(v) > 0 {
		return v[0]
	}
	for _, p := range q.known {
		if p.name == name {
			return p.byDefault
		}
	}
	return ""
}

// number gives a whole number, by default that of the parameter, else 0.
func (q *query) number(name string) int {
	n, _ := strconv.Atoi(q.text(name)) // checked when it was read
	return n
}
