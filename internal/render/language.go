package render

import (
	"maps"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// preferred are the languages that a format which shows one text alone takes it
// from, the first that is there: most readers of charts and calendars of mixed
// events can read it. After them comes the first other tag by its bytes.
var preferred = []string{"en", "fr", "ar"}

// pick gives the text that a format of one language shows, and its tag.
func pick(t timeline.Text) (words, language string) {
	for _, language := range preferred {
		if words, ok := t[language]; ok {
			return words, language
		}
	}
	for _, language := range slices.Sorted(maps.Keys(t)) {
		return t[language], language
	}
	return "", ""
}

// others gives the texts that pick left, each with its tag: "ar: …".
func others(t timeline.Text) []string {
	_, shown := pick(t)
	var list []string
	for _, language := range slices.Sorted(maps.Keys(t)) {
		if language != shown {
			list = append(list, language+": "+t[language])
		}
	}
	return list
}

// labelIn gives the date in words, in the language of a text or, where there are
// no labels in that one, in English.
func labelIn(d edtf.Date, language string) string {
	primary, _, _ := strings.Cut(language, "-")
	return d.Label(primary)
}

// titled gives an event's title and its date in words.
func titled(e *timeline.Event) (title, label, language string) {
	title, language = pick(e.Title)
	return title, labelIn(e.Date, language), language
}
