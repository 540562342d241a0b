package eventjson

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Sizes of parts, in characters and items. They are stated in openapi.yaml.
const (
	maxTitle     = 1_000
	maxSummary   = 10_000
	maxName      = 300
	maxQuote     = 20_000
	maxURL       = 2_000
	maxTag       = 100
	maxAttribute = 10_000
	maxKey       = 100

	maxLanguages  = 50
	maxCountries  = 300
	maxActors     = 200
	maxMeasures   = 100
	maxTags       = 100
	maxSources    = 200
	maxLinks      = 200
	maxAttributes = 200
)

// str reads a string that a database and a screen can hold.
func (r *reader) str() (string, bool) {
	if r.err != nil {
		return "", false
	}
	if r.dec.PeekKind() != '"' {
		r.skip()
		if r.err == nil {
			r.fault("must be a string")
		}
		return "", false
	}
	t := r.token()
	if r.err != nil {
		return "", false
	}
	s := t.String()
	if why := Unfit(s); why != "" && !r.stored {
		r.fault("%s", why)
		return "", false
	}
	return s, true
}

// words reads a string of 1 to most characters that is not all blanks.
func (r *reader) words(most int) string {
	s, ok := r.str()
	if !ok {
		return ""
	}
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "":
		r.fault("must not be empty")
	case n > most:
		r.fault("has %d characters; at most %d are allowed", n, most)
	}
	return s
}

// nullableWords is words, with null as "".
func (r *reader) nullableWords(most int) string {
	if r.null() {
		return ""
	}
	return r.words(most)
}

// word reads one of a closed list of words.
func (r *reader) word(allowed []string) string {
	s, ok := r.str()
	if ok && !slices.Contains(allowed, s) {
		f := r.fault("is not one of the allowed words")
		f.Allowed, f.Suggestion = allowed, timeline.Nearest(s, allowed)
	}
	return s
}

// text reads an object of language tags to words, with at least one.
func (r *reader) text(most int) timeline.Text {
	t := timeline.Text{}
	ok := r.object(func(lang string) {
		words := r.words(most)
		if r.err == nil && !ValidLanguage(lang) {
			r.fault("is not a BCP 47 language tag such as ar, en or pt-BR")
		}
		t[lang] = words
	})
	switch {
	case ok && len(t) == 0:
		r.fault("needs the text in at least one language, such as {\"en\": \"…\"}")
	case ok && len(t) > maxLanguages:
		r.fault("has %d languages; at most %d are allowed", len(t), maxLanguages)
	}
	return t
}

// ValidLanguage tells whether s has the form of a BCP 47 tag: a primary subtag of
// 2 to 8 letters, then subtags of 1 to 8 letters and digits, at most 35 in all.
func ValidLanguage(s string) bool {
	if len(s) > 35 {
		return false
	}
	for i, sub := range strings.Split(s, "-") {
		least := 1
		if i == 0 {
			least = 2
		}
		if len(sub) < least || len(sub) > 8 {
			return false
		}
		for _, c := range []byte(sub) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

func (r *reader) countries() []timeline.CountryRole {
	list := []timeline.CountryRole{}
	r.array(maxCountries, func(int) {
		var c timeline.CountryRole
		seen := make([]string, 0, 8)
		ok := r.object(func(name string) {
			seen = append(seen, name)
			switch name {
			case "code":
				c.Code = r.country()
			case "role":
				c.Role = r.word(timeline.Roles)
			default:
				r.unknown(name, []string{"code", "role"})
			}
		})
		if !ok {
			return
		}
		r.required(seen, "code", "role")
		if slices.Contains(list, c) {
			r.fault("repeats a country with the same role")
		}
		list = append(list, c)
	})
	return list
}

func (r *reader) country() string {
	s, ok := r.str()
	if !ok {
		return ""
	}
	if _, known := country.Lookup(s); known {
		return s
	}
	f := r.fault("is not a country code: write ISO 3166-1 alpha-3 in capitals, such as MLI")
	if found := country.Resolve(s); len(found) == 1 {
		f.Suggestion = found[0].Alpha3
	}
	return s
}

func (r *reader) actors() []timeline.Actor {
	list := []timeline.Actor{}
	r.array(maxActors, func(int) {
		var a timeline.Actor
		seen := make([]string, 0, 8)
		ok := r.object(func(name string) {
			seen = append(seen, name)
			switch name {
			case "name":
				a.Name = r.text(maxName)
			case "kind":
				a.Kind = r.word(timeline.ActorKinds)
			case "role":
				a.Role = r.word(timeline.Roles)
			case "country":
				if !r.null() {
					a.Country = r.country()
				}
			default:
				r.unknown(name, []string{"name", "kind", "role", "country"})
			}
		})
		if ok {
			r.required(seen, "name", "kind", "role")
		}
		list = append(list, a)
	})
	return list
}

func (r *reader) location() *timeline.Location {
	var l timeline.Location
	seen := make([]string, 0, 8)
	ok := r.object(func(name string) {
		seen = append(seen, name)
		switch name {
		case "name":
			l.Name = r.text(maxName)
		case "latitude":
			l.Latitude = r.number(-90, 90)
		case "longitude":
			l.Longitude = r.number(-180, 180)
		case "precision":
			l.Precision = r.word(timeline.LocationPrecisions)
		default:
			r.unknown(name, []string{"name", "latitude", "longitude", "precision"})
		}
	})
	if ok {
		r.required(seen, "name", "latitude", "longitude", "precision")
	}
	return &l
}

// number reads a finite number within [low, high].
func (r *reader) number(low, high float64) float64 {
	if r.err != nil {
		return 0
	}
	if r.dec.PeekKind() != '0' {
		r.skip()
		if r.err == nil {
			r.fault("must be a number")
		}
		return 0
	}
	t := r.token()
	if r.err != nil {
		return 0
	}
	f, err := strconv.ParseFloat(t.String(), 64)
	switch {
	case err != nil:
		r.fault("is a number beyond what 64-bit floating point can hold")
		return 0
	case f < low || f > high:
		if math.IsInf(high, 1) {
			r.fault("must be %v or more", low)
		} else {
			r.fault("must lie between %v and %v", low, high)
		}
		return 0
	case f == 0:
		return 0 // never -0
	}
	return f
}

func (r *reader) measures() map[string]float64 {
	m := map[string]float64{}
	ok := r.object(func(name string) {
		v := r.number(0, math.Inf(1))
		if r.err == nil && !ValidMeasure(name) {
			r.fault("the name of a measure must be 1 to 64 of a-z, 0-9 and _, beginning with a letter")
		}
		m[name] = v
	})
	if ok && len(m) > maxMeasures {
		r.fault("has %d measures; at most %d are allowed", len(m), maxMeasures)
	}
	return m
}

// ValidMeasure tells whether s can name a measure: [a-z][a-z0-9_]{0,63}.
func ValidMeasure(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func (r *reader) tags() []string {
	list := []string{}
	r.array(maxTags, func(int) {
		s := r.words(maxTag)
		if slices.Contains(list, s) {
			r.fault("repeats a tag")
		}
		list = append(list, s)
	})
	return list
}

var sourceMembers = []string{"title", "publisher", "url", "language", "published", "quote", "supports"}

func (r *reader) sources() []timeline.Source {
	list := []timeline.Source{}
	r.array(maxSources, func(int) { list = append(list, r.source()) })
	if r.err == nil && len(list) == 0 && !r.faultNotedAt("/sources") {
		r.fault("needs at least one source: an event without one is refused")
	}
	return list
}

// faultNotedAt tells whether a fault is noted already at a pointer, so that an array of
// the wrong type is not also reported as empty.
func (r *reader) faultNotedAt(pointer string) bool {
	return slices.ContainsFunc(r.faults, func(f timeline.Fault) bool { return f.Pointer == pointer })
}

func (r *reader) source() timeline.Source {
	s := timeline.Source{Supports: []string{}}
	seen := make([]string, 0, 8)
	before := len(r.faults)
	ok := r.object(func(name string) {
		seen = append(seen, name)
		switch name {
		case "title":
			s.Title = r.nullableWords(maxTitle)
		case "publisher":
			s.Publisher = r.nullableWords(maxName)
		case "url":
			s.URL = r.url()
		case "language":
			s.Language = r.language()
		case "published":
			s.Published = r.published()
		case "quote":
			s.Quote = r.nullableWords(maxQuote)
		case "supports":
			s.Supports = r.supports()
		default:
			r.unknown(name, sourceMembers)
		}
	})
	if !ok {
		return s
	}
	r.required(seen, "language")
	// Not where one is there, and wrong: that is told already.
	if s.Title+s.Publisher+s.URL+s.Quote == "" && len(r.faults) == before {
		r.fault("needs a title, a publisher, a url or a quote")
	}
	return s
}

func (r *reader) url() string {
	if r.null() {
		return ""
	}
	s := r.words(maxURL)
	if s == "" || r.err != nil {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.fault("must be an absolute http or https address")
	}
	return s
}

func (r *reader) language() string {
	s, ok := r.str()
	if ok && !ValidLanguage(s) {
		r.fault("is not a BCP 47 language tag such as ar, en or pt-BR")
	}
	return s
}

func (r *reader) published() string {
	if r.null() {
		return ""
	}
	s, ok := r.str()
	if !ok {
		return ""
	}
	if _, err := edtf.Parse(s); err != nil {
		r.fault("%s", edtfReason(err))
	}
	return s
}

func (r *reader) supports() []string {
	list := []string{}
	r.array(len(timeline.Supportable), func(int) {
		s := r.word(timeline.Supportable)
		if slices.Contains(list, s) {
			r.fault("repeats a field")
		}
		list = append(list, s)
	})
	return list
}

func (r *reader) links() []timeline.Link {
	list := []timeline.Link{}
	r.array(maxLinks, func(int) {
		var l timeline.Link
		seen := make([]string, 0, 8)
		ok := r.object(func(name string) {
			seen = append(seen, name)
			switch name {
			case "relation":
				l.Relation = r.word(timeline.Relations)
			case "event":
				l.Event = r.id()
			default:
				r.unknown(name, []string{"relation", "event"})
			}
		})
		if !ok {
			return
		}
		r.required(seen, "relation", "event")
		if slices.Contains(list, l) {
			r.fault("repeats a link")
		}
		list = append(list, l)
	})
	return list
}

func (r *reader) attributes() map[string]string {
	m := map[string]string{}
	ok := r.object(func(name string) {
		s, _ := r.str()
		if r.err != nil {
			return
		}
		if n := utf8.RuneCountInString(s); n > maxAttribute {
			r.fault("has %d characters; at most %d are allowed", n, maxAttribute)
		}
		if n := utf8.RuneCountInString(name); n == 0 || n > maxKey || strings.ContainsAny(name, "\n\t\r") || Unfit(name) != "" && !r.stored {
			r.fault("the name of an attribute must be 1 to %d printable characters, without overrides of their direction", maxKey)
		}
		m[name] = s
	})
	if ok && len(m) > maxAttributes {
		r.fault("has %d attributes; at most %d are allowed", len(m), maxAttributes)
	}
	return m
}
