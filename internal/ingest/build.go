package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// builder makes one event of a row and collects what is wrong with it.
type builder struct {
	m        *Mapping
	r        *row
	refusals []Refusal
}

func (b *builder) refuse(column, format string, args ...any) {
	b.refusals = append(b.refusals, Refusal{Row: b.r.number, Line: b.r.line, Column: column, Reason: fmt.Sprintf(format, args...)})
}

// refuseDate notes an error that may know its column.
func (b *builder) refuseDate(err error) {
	var f *dateFault
	if errors.As(err, &f) {
		b.refuse(b.m.columnName(f.column), "%s", f.reason)
		return
	}
	b.refuse("", "%s", err)
}

// build makes the events of a row: one for each date rule that the row has a date for.
func (m *Mapping) build(r *row, dataset string) (events []timeline.Event, refused []Refusal) {
	dated := false
	for i := range m.dates {
		r.segment = i + 1
		b := &builder{m: m, r: r}
		expr, err := m.dates[i].expression(r)
		if err == nil && expr == "" {
			continue
		}
		dated = true
		var e timeline.Event
		if err != nil {
			b.refuseDate(err)
		} else {
			e = b.event(expr, &m.dates[i], dataset)
		}
		if len(b.refusals) > 0 {
			refused = append(refused, b.refusals...)
			r.faulty++
		} else {
			events = append(events, e)
		}
	}
	if !dated {
		b := &builder{m: m, r: r}
		b.refuse(m.columnName(m.dates[0].start.anyColumn()), "the row has no date")
		refused = b.refusals
		r.faulty = 1
	}
	return events, refused
}

func (b *builder) event(expr string, rule *dateRule, dataset string) timeline.Event {
	m, r := b.m, b.r
	r.kind, r.country = "", "" // those of the row's event before this one
	e := timeline.Event{Dataset: dataset, ID: m.id.text(r), Type: b.word(m.kind, "type"), Status: "occurred"}
	date, err := edtf.Parse(expr)
	if err != nil {
		b.refuse(m.columnName(rule.start.anyColumn()), "%q is no date: %s", expr, reasonOf(err))
		return e
	}
	e.Date = date
	if m.status.given() {
		e.Status = b.word(m.status, "status")
	}
	if e.ID == "" {
		b.refuse(m.columnName(m.id.columnOf()), "the id is empty: a column that it is made of has no value")
	}
	named := e.Type != "" // the words that #type and #country stand for are known
	for i := range m.countries {
		codes, err := m.countries[i].codes(r, date)
		if err != nil {
			named = false
			b.refuseDate(err)
		}
		for _, code := range codes {
			if c := (timeline.CountryRole{Code: code, Role: m.countries[i].role}); !slices.Contains(e.Countries, c) {
				e.Countries = append(e.Countries, c)
			}
		}
	}
	r.kind = e.Type
	if len(e.Countries) > 0 {
		r.country = e.Countries[0].Code
	}
	e.Title = m.title.text(r)
	if e.Title == nil && named {
		b.refuse("", "the title is empty: the columns that it is made of have no value")
	}
	e.Summary = m.summary.text(r)
	for i := range m.actors {
		b.actor(&e, &m.actors[i])
	}
	e.Location = b.location()
	b.measures(&e)
	for _, t := range m.tags {
		if tag := t.text(r); tag != "" && !slices.Contains(e.Tags, tag) {
			e.Tags = append(e.Tags, tag)
		}
	}
	b.sources(&e)
	for _, l := range m.links {
		if id := l.event.text(r); id != "" {
			e.Links = append(e.Links, timeline.Link{Relation: l.relation, Event: id})
		}
	}
	for _, a := range m.attrs {
		if text := a.text.text(r); text != "" {
			if e.Attributes == nil {
				e.Attributes = map[string]string{}
			}
			e.Attributes[a.name] = text
		}
	}
	if len(b.refusals) > 0 {
		return e
	}
	return b.checked(e)
}

// checked reads the event as if a writer had sent it, so that one set of rules says
// what an event may be, wherever it comes from.
func (b *builder) checked(e timeline.Event) timeline.Event {
	checked, faults, err := eventjson.Decode(append(e.AppendBody(nil), '}'))
	if err != nil {
		b.refuse("", "%s", err)
		return e
	}
	for _, f := range faults {
		b.refuse(f.Pointer, "%s", describe(f))
	}
	return checked
}

// describe words a fault with what it allows or suggests.
func describe(f timeline.Fault) string {
	s := f.Detail
	if len(f.Allowed) > 0 {
		s += ": " + strings.Join(f.Allowed, ", ")
	}
	if f.Suggestion != "" {
		s += fmt.Sprintf(" (did you mean %s?)", f.Suggestion)
	}
	return s
}

// word gives the word of a rule.
func (b *builder) word(w wordRule, what string) string {
	word, err := w.word(b.r)
	if err != nil {
		b.refuse(b.m.columnName(w.column), "%s: %s", what, err)
	}
	return word
}

func (w *wordRule) word(r *row) (string, error) {
	if w.constant != "" {
		return w.constant, nil
	}
	value := r.get(w.column)
	if word, ok := w.values[value]; ok {
		return word, nil
	}
	for _, p := range w.patterns {
		if matches(p.pattern, value) {
			return p.word, nil
		}
	}
	if w.otherwise != "" {
		return w.otherwise, nil
	}
	return "", &dateFault{w.column, fmt.Sprintf("%q is not among the mapping's values", value)}
}

func (b *builder) actor(e *timeline.Event, rule *actorRule) {
	name := rule.name.text(b.r)
	if name == nil {
		return
	}
	a := timeline.Actor{Kind: b.word(rule.kind, "kind"), Role: b.word(rule.role, "role")}
	if rule.country != nil {
		codes, err := rule.country.codes(b.r, e.Date)
		switch {
		case err != nil:
			b.refuseDate(err)
		case len(codes) > 1:
			b.refuse(b.m.columnName(rule.country.column), "an actor has one country; there are %s", strings.Join(codes, ", "))
		case len(codes) == 1:
			a.Country = codes[0]
		}
	}
	for _, name := range splitText(name, rule.split) {
		a.Name = name
		e.Actors = append(e.Actors, a)
	}
}

// splitText makes several names of one that lists them. Where the languages list
// different numbers of names, they stay one.
func splitText(name timeline.Text, separator string) []timeline.Text {
	if separator == "" {
		return []timeline.Text{name}
	}
	var names []timeline.Text
	for language, words := range name {
		items := splitOutside(words, separator)
		if names == nil {
			names = make([]timeline.Text, len(items))
		}
		if len(names) != len(items) {
			return []timeline.Text{name}
		}
		for i, item := range items {
			if names[i] == nil {
				names[i] = timeline.Text{}
			}
			names[i][language] = strings.TrimSpace(item)
		}
	}
	return slices.DeleteFunc(names, func(t timeline.Text) bool {
		for _, words := range t {
			if words != "" {
				return false
			}
		}
		return true
	})
}

// location gives the place, or nil where the row lacks its name or a coordinate.
func (b *builder) location() *timeline.Location {
	rule := b.m.location
	if rule == nil {
		return nil
	}
	name := rule.name.text(b.r)
	latitude, longitude := b.r.get(rule.latitude), b.r.get(rule.longitude)
	if name == nil || latitude == "" || longitude == "" {
		return nil
	}
	l := &timeline.Location{Name: name, Precision: b.word(rule.precision, "precision")}
	l.Latitude = b.number(latitude, rule.latitude)
	l.Longitude = b.number(longitude, rule.longitude)
	return l
}

func (b *builder) number(text string, c col) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		b.refuse(b.m.columnName(c), "%q is not a number", text)
		return 0
	}
	return f
}

func (b *builder) measures(e *timeline.Event) {
	for i := range b.m.measures {
		rule := &b.m.measures[i]
		text := b.r.get(rule.column)
		if text == "" || slices.Contains(rule.unknown, text) {
			continue
		}
		if rule.thousands != "" {
			text = strings.ReplaceAll(text, rule.thousands, "")
		}
		f := b.number(text, rule.column)
		if f < 0 {
			b.refuse(b.m.columnName(rule.column), "%q is below 0; say in the mapping's unknown when it is a code", text)
		}
		if e.Measures == nil {
			e.Measures = map[string]float64{}
		}
		e.Measures[rule.name] = f
	}
}

func (b *builder) sources(e *timeline.Event) {
	for i := range b.m.sources {
		rule := &b.m.sources[i]
		s := timeline.Source{
			Title: rule.title.text(b.r), Publisher: rule.publisher.text(b.r), URL: rule.url.text(b.r), Quote: rule.quote.text(b.r),
			Language: rule.language, Published: rule.published.text(b.r), Supports: rule.supports,
		}
		if s.Title+s.Publisher+s.URL+s.Quote != "" {
			e.Sources = append(e.Sources, s)
		}
	}
}

func reasonOf(err error) string {
	var e *edtf.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return err.Error()
}
