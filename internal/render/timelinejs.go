package render

import (
	"html"
	"io"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// timelineJS is what TimelineJS3 loads. The library takes headline and text for
// HTML, and makes a date of year, month and day in the reader's own zone, so that
// the day is the same in all of them. display_date takes the place of what it would
// make of the numbers.
type timelineJS struct{ list jsonList }

func newTimelineJS(w io.Writer, _ About) Writer {
	return &timelineJS{jsonList{w: w, head: `{"scale":"human","events":[` + "\n"}}
}

// tlDate is a place on the axis: no finer than the date is known.
type tlDate struct {
	Year        int    `json:"year"`
	Month       *int   `json:"month"`
	Day         *int   `json:"day"`
	DisplayDate string `json:"display_date"`
}

type tlText struct {
	Headline string `json:"headline"`
	Text     string `json:"text"`
}

type tlEvent struct {
	UniqueID    string `json:"unique_id"`
	StartDate   tlDate `json:"start_date"`
	EndDate     tlDate `json:"end_date"`
	DisplayDate string `json:"display_date"`
	Text        tlText `json:"text"`
}

func (t *timelineJS) Event(doc []byte) error {
	e, err := decode(doc)
	if err != nil {
		return err
	}
	title, label, language := titled(&e)
	shown := tlEvent{UniqueID: e.ID, DisplayDate: html.EscapeString(label)}
	shown.StartDate, shown.EndDate = tlSpan(e.Date, shown.DisplayDate)
	shown.Text.Headline = marked("span", title, language)
	var text []string
	if summary, language := pick(e.Summary); summary != "" {
		text = append(text, marked("p", summary, language))
	}
	for _, translated := range []timeline.Text{e.Title, e.Summary} {
		for _, other := range others(translated) {
			language, words, _ := strings.Cut(other, ": ")
			text = append(text, marked("p", words, language))
		}
	}
	shown.Text.Text = strings.Join(text, "")
	return t.list.add(shown)
}

func (t *timelineJS) Close() error { return t.list.close("\n]}") }

// tlSpan places a date. A day, month or year is one place: the library shows a year
// as a year, and drops an end that equals the start. What spans more ends on its
// last day; an open side has no place.
func tlSpan(d edtf.Date, label string) (start, end tlDate) {
	first, last := d.StartEarliest, d.EndLatest
	switch {
	case !first.Known:
		start = tlPlace(d.EndEarliest, last, label)
		return start, start
	case !last.Known:
		start = tlPlace(first, d.StartLatest, label)
		return start, start
	}
	start = tlPlace(first, last, label)
	switch d.Precision {
	case edtf.PrecisionDay, edtf.PrecisionMonth, edtf.PrecisionYear:
		return start, start
	case edtf.PrecisionInterval: // the beginning as it is written, whatever the end makes of it
		written, _, _ := strings.Cut(d.Expr, "/")
		if a, err := edtf.Parse(written); err == nil {
			start = tlPlace(a.StartEarliest, a.EndLatest, label)
		}
	}
	return start, tlPlace(last, last, label)
}

// tlPlace names the first of the days from lo to hi, to the unit that they fill: a
// day, a month, or a year. With one of them alone the year is all that is named.
func tlPlace(lo, hi edtf.Bound, label string) tlDate {
	known := lo
	if !known.Known {
		known = hi
	}
	year, month, day := known.Day.Civil()
	place := tlDate{Year: year, DisplayDate: label}
	if !lo.Known || !hi.Known || hi.Day-lo.Day >= 364 {
		return place
	}
	place.Month = &month
	if hi.Day-lo.Day < 27 {
		place.Day = &day
	}
	return place
}

// marked makes an HTML element of a text, in its language and direction.
func marked(element, text, language string) string {
	direction := "ltr"
	if primary, _, _ := strings.Cut(language, "-"); primary == "ar" || primary == "fa" || primary == "he" || primary == "ur" {
		direction = "rtl"
	}
	return "<" + element + ` lang="` + html.EscapeString(language) + `" dir="` + direction + `">` +
		strings.ReplaceAll(html.EscapeString(lines(text)), "\n", "<br>") + "</" + element + ">"
}
