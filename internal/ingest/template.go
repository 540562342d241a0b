package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// template is a text with the values of columns in it, as a list of alternatives: the
// first in which no column is empty counts. None: there is no text.
type template [][]piece

// piece is a literal text, or a column's value through filters.
type piece struct {
	text    string
	column  col
	filters []func(string) string
}

// filters are what can be done to a column's value within a template.
var filters = map[string]func(string) string{
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"slug":  slug,
	"pad2":  pad2,
	"tail":  tail,
	"day":   dayOfTime,
	"words": inWords,
}

var filterNames = []string{"lower", "upper", "slug", "pad2", "tail", "day", "words"}

// slug makes a text fit for an id: letters folded, all but a-z and 0-9 one hyphen.
func slug(s string) string {
	var b strings.Builder
	for _, c := range fold.Text(s) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			b.WriteRune(c)
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// pad2 writes a whole number with at least two digits.
func pad2(s string) string {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return fmt.Sprintf("%02d", n)
	}
	return s
}

// tail gives what stands after the last slash or number sign: the name at the end of
// an address.
func tail(s string) string { return s[strings.LastIndexAny(s, "/#")+1:] }

// dayOfTime gives what stands before the time of day.
func dayOfTime(s string) string {
	if i := strings.IndexAny(s, "T "); i > 0 {
		return s[:i]
	}
	return s
}

// inCapitals are the words that stay so in a text that was written in capitals alone.
var inCapitals = []string{
	"N", "S", "E", "W", "NE", "NW", "SE", "SW", "NNE", "NNW", "SSE", "SSW", "ENE", "ESE", "WNW", "WSW", "USA", "UK", "USSR",
}

var capitalWord = regexp.MustCompile(`\p{L}[\p{L}\p{M}'’]*`)

// inSmall are the words that begin with a small letter, unless they stand first.
var inSmall = []string{"AND", "OF", "THE"}

// inWords makes a text in capitals one that can be read: a capital for each word, one
// blank between them, and no sign at the end that nothing follows. A text that has
// small letters keeps its letters.
func inWords(s string) string {
	s = strings.TrimRight(strings.Join(strings.Fields(s), " "), " :;,")
	if strings.ToUpper(s) != s {
		return s
	}
	first := true
	return capitalWord.ReplaceAllStringFunc(s, func(word string) string {
		small := slices.Contains(inSmall, word) && !first
		first = false
		switch {
		case slices.Contains(inCapitals, word):
			return word
		case small:
			return strings.ToLower(word)
		}
		_, size := utf8.DecodeRuneInString(word)
		return word[:size] + strings.ToLower(word[size:])
	})
}

// parseTemplate reads one alternative. column registers a column's name.
func parseTemplate(s string, column func(name string) col) ([]piece, error) {
	var pieces []piece
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return append(pieces, piece{text: s, column: noCol}), nil
		}
		if open > 0 {
			pieces = append(pieces, piece{text: s[:open], column: noCol})
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 {
			return nil, fmt.Errorf("has a { without its }: write {column} where a column's value belongs")
		}
		p, err := parsePlace(s[open+1:open+end], column)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
		s = s[open+end+1:]
	}
	return pieces, nil
}

func parsePlace(s string, column func(name string) col) (piece, error) {
	name, rest, filtered := strings.Cut(s, "|")
	p := piece{}
	switch name {
	case "":
		return p, fmt.Errorf("has a {} without a column's name in it")
	case "#row":
		p.column = rowCol
	case "#segment":
		p.column = segmentCol
	case "#type":
		p.column = typeCol
	case "#country":
		p.column = countryCol
	default:
		p.column = column(name)
	}
	if !filtered {
		return p, nil
	}
	for _, f := range strings.Split(rest, "|") {
		filter, known := filters[f]
		if !known {
			hint := ""
			if near := timeline.Nearest(f, filterNames); near != "" {
				hint = fmt.Sprintf(" (did you mean %s?)", near)
			}
			return p, fmt.Errorf("has the filter %q%s; there are %s", f, hint, strings.Join(filterNames, ", "))
		}
		p.filters = append(p.filters, filter)
	}
	return p, nil
}

// text gives the first alternative that has all its values, or "".
func (t template) text(r *row) string {
	for _, pieces := range t {
		if s, ok := fill(pieces, r); ok {
			return s
		}
	}
	return ""
}

func fill(pieces []piece, r *row) (string, bool) {
	if len(pieces) == 1 && pieces[0].column == noCol {
		return pieces[0].text, true
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.column == noCol {
			b.WriteString(p.text)
			continue
		}
		value := r.get(p.column)
		for _, filter := range p.filters {
			value = filter(value)
		}
		if value == "" {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// columnOf gives the only column of a template, for reports; noCol where there are
// several or none.
func (t template) columnOf() col {
	found := noCol
	for _, pieces := range t {
		for _, p := range pieces {
			if p.column >= 0 && found >= 0 && p.column != found {
				return noCol
			}
			if p.column >= 0 {
				found = p.column
			}
		}
	}
	return found
}

// text gives the translated text, nil where no language has words.
func (rule textRule) text(r *row) timeline.Text {
	var t timeline.Text
	defer func() { r.language = "" }()
	for _, in := range rule {
		r.language = in.language
		if words := in.words.text(r); words != "" {
			if t == nil {
				t = timeline.Text{}
			}
			t[in.language] = words
		}
	}
	return t
}
