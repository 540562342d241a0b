package render

import (
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// visTimeline is what vis-timeline loads with setData: one item for each event and
// country, and a lane (group) for each country. The library takes content and title
// for HTML.
//
// Days are written with a time and without a zone: the library reads these in the
// reader's own zone, where a bare 2021-01-01 would be taken for UTC and lie on the
// day before in America.
type visTimeline struct {
	list  jsonList
	lanes map[string]bool
}

func newVis(w io.Writer, _ About) Writer {
	return &visTimeline{list: jsonList{w: w, head: `{"items":[` + "\n"}, lanes: map[string]bool{}}
}

type visItem struct {
	ID        string  `json:"id"`
	Group     string  `json:"group"`
	Event     string  `json:"event"`
	Content   string  `json:"content"`
	Title     string  `json:"title"`
	Label     string  `json:"label"`
	Start     string  `json:"start"`
	End       *string `json:"end"` // null: a place, not a stretch
	Type      string  `json:"type"`
	ClassName string  `json:"className"`
}

type visGroup struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// noCountry is the lane of events in which no state took part.
const noCountry = "none"

func (v *visTimeline) Event(doc []byte) error {
	e, err := decode(doc)
	if err != nil {
		return err
	}
	item := visItem{Event: e.ID, ClassName: visClass(&e)}
	item.Start, item.End, item.Type = visSpan(e.Date)
	title, label, _ := titled(&e)
	item.Label = label
	item.Content = html.EscapeString(label + ": " + lines(title))
	tooltip := []string{label, title}
	if summary, _ := pick(e.Summary); summary != "" {
		tooltip = append(tooltip, summary)
	}
	tooltip = append(tooltip, others(e.Title)...)
	item.Title = strings.ReplaceAll(html.EscapeString(lines(strings.Join(tooltip, "\n"))), "\n", "<br>")
	for _, lane := range lanes(&e) {
		item.ID, item.Group = e.ID+":"+lane, lane
		v.lanes[lane] = true
		if err := v.list.add(item); err != nil {
			return err
		}
	}
	return nil
}

// lanes gives the distinct countries of an event.
func lanes(e *timeline.Event) []string {
	var list []string
	for _, c := range e.Countries {
		if !slices.Contains(list, c.Code) {
			list = append(list, c.Code)
		}
	}
	if list == nil {
		return []string{noCountry}
	}
	return list
}

func visClass(e *timeline.Event) string {
	classes := "tarikh-" + string(e.Date.Precision) + " tarikh-" + e.Type + " tarikh-" + e.Status
	if e.Date.Uncertain {
		classes += " tarikh-uncertain"
	}
	if e.Date.Approximate {
		classes += " tarikh-approximate"
	}
	return classes
}

// visSpan gives a bar over all days that the date can touch, its end exclusive as
// the library draws it; a box on a single day, and at the one end of a date whose
// other end is open.
func visSpan(d edtf.Date) (start string, end *string, form string) {
	first, last := d.StartEarliest, d.EndLatest
	switch {
	case !first.Known:
		return midnight(last.Day), nil, "box"
	case !last.Known:
		return midnight(first.Day), nil, "box"
	case first == last:
		return midnight(first.Day), nil, "box"
	}
	after := midnight(last.Day + 1)
	return midnight(first.Day), &after, "range"
}

// midnight writes the beginning of a day without a zone. Years that have not four
// digits take the expanded form, a sign and six digits.
func midnight(d edtf.Day) string {
	year, month, day := d.Civil()
	if year >= 0 && year <= 9999 {
		return fmt.Sprintf("%04d-%02d-%02dT00:00:00", year, month, day)
	}
	return fmt.Sprintf("%+07d-%02d-%02dT00:00:00", year, month, day)
}

func (v *visTimeline) Close() error {
	groups := []visGroup{}
	for _, code := range slices.Sorted(maps.Keys(v.lanes)) {
		name := "No country"
		if c, ok := country.Lookup(code); ok {
			name = c.Names.EN
		}
		groups = append(groups, visGroup{code, html.EscapeString(name)})
	}
	text, err := appendJSON([]byte("\n],\"groups\":"), groups)
	if err != nil {
		return err
	}
	return v.list.close(string(text) + "}")
}
