package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestPlacesOnTheAxis: no place names a smaller unit than is known, and a day is
// never bound to a zone.
func TestPlacesOnTheAxis(t *testing.T) {
	t.Parallel()
	for date, want := range map[string]struct{ slideStart, slideEnd, start, end string }{
		"2021":                      {"2021", "2021", "2021-01-01T00:00:00", "2022-01-01T00:00:00"},
		"2021-07":                   {"2021-7", "2021-7", "2021-07-01T00:00:00", "2021-08-01T00:00:00"},
		"2021-02":                   {"2021-2", "2021-2", "2021-02-01T00:00:00", "2021-03-01T00:00:00"},
		"2023-07-26":                {"2023-7-26", "2023-7-26", "2023-07-26T00:00:00", ""},
		"2023-07-26T23:30:00-05:00": {"2023-7-26", "2023-7-26", "2023-07-26T00:00:00", ""},
		"198X":                      {"1980", "1989-12-31", "1980-01-01T00:00:00", "1990-01-01T00:00:00"},
		"19XX":                      {"1900", "1999-12-31", "1900-01-01T00:00:00", "2000-01-01T00:00:00"},
		"2021-24":                   {"2021-12", "2022-2-28", "2021-12-01T00:00:00", "2022-03-01T00:00:00"},
		"2021/2023-07":              {"2021", "2023-7-31", "2021-01-01T00:00:00", "2023-08-01T00:00:00"},
		"2021/2021-03":              {"2021", "2021-3-31", "2021-01-01T00:00:00", "2021-04-01T00:00:00"},
		"2021-03-04/2021-03-09":     {"2021-3-4", "2021-3-9", "2021-03-04T00:00:00", "2021-03-10T00:00:00"},
		"2021/..":                   {"2021", "2021", "2021-01-01T00:00:00", ""},
		"2021-03/":                  {"2021-3", "2021-3", "2021-03-01T00:00:00", ""},
		"../2021":                   {"2021", "2021", "2021-12-31T00:00:00", ""},
		"/2021-03-04":               {"2021-3-4", "2021-3-4", "2021-03-04T00:00:00", ""},
		"[2021..]":                  {"2021", "2021", "2021-01-01T00:00:00", ""},
		"[..2021]":                  {"2021", "2021", "2021-12-31T00:00:00", ""},
		"[2021,2023]":               {"2021", "2023-12-31", "2021-01-01T00:00:00", "2024-01-01T00:00:00"},
		"[2016-03-04..2016-03-09]":  {"2016-3-4", "2016-3-9", "2016-03-04T00:00:00", "2016-03-10T00:00:00"},
		"-0043-03-15":               {"-43-3-15", "-43-3-15", "-000043-03-15T00:00:00", ""},
		"-0043":                     {"-43", "-43", "-000043-01-01T00:00:00", "-000042-01-01T00:00:00"},
		"0000":                      {"0", "0", "0000-01-01T00:00:00", "0001-01-01T00:00:00"},
		"9999":                      {"9999", "9999", "9999-01-01T00:00:00", "+010000-01-01T00:00:00"},
	} {
		e := event(t, "a", date)
		type place struct {
			Year       int
			Month, Day *int
		}
		var slides struct {
			Events []struct {
				Start place `json:"start_date"`
				End   place `json:"end_date"`
			}
		}
		unmarshal(t, write(t, "timelinejs.json", e), &slides)
		written := func(p place) string {
			text := jsonOf(p.Year)
			for _, part := range []*int{p.Month, p.Day} {
				if part != nil {
					text += "-" + jsonOf(*part)
				}
			}
			return text
		}
		if s := slides.Events[0]; written(s.Start) != want.slideStart || written(s.End) != want.slideEnd {
			t.Errorf("%s: TimelineJS gets %s to %s, want %s to %s", date, written(s.Start), written(s.End), want.slideStart, want.slideEnd)
		}
		var chart struct {
			Items []struct {
				Start string
				End   *string
				Type  string
			}
		}
		unmarshal(t, write(t, "vis.json", e), &chart)
		i, end, form := chart.Items[0], "", "box"
		if i.End != nil {
			end, form = *i.End, "range"
		}
		if i.Start != want.start || end != want.end || i.Type != form {
			t.Errorf("%s: vis-timeline gets %s to %s (%s), want %s to %s", date, i.Start, end, i.Type, want.start, want.end)
		}
	}
}

func jsonOf(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func TestVisHasAnItemForEachCountry(t *testing.T) {
	t.Parallel()
	two := event(t, "two", "2021", func(e *timeline.Event) {
		e.Countries = []timeline.CountryRole{{Code: "NER", Role: "location"}, {Code: "MLI", Role: "affected"}, {Code: "NER", Role: "affected"}}
		e.Date.Uncertain = true
	})
	want := `{"items":[
{"id":"two:NER","group":"NER","event":"two","content":"2021 (uncertain): Event two","title":"2021 (uncertain)<br>Event two","label":"2021 (uncertain)","start":"2021-01-01T00:00:00","end":"2022-01-01T00:00:00","type":"range","className":"tarikh-year tarikh-coup tarikh-occurred tarikh-uncertain"},
{"id":"two:MLI","group":"MLI","event":"two","content":"2021 (uncertain): Event two","title":"2021 (uncertain)<br>Event two","label":"2021 (uncertain)","start":"2021-01-01T00:00:00","end":"2022-01-01T00:00:00","type":"range","className":"tarikh-year tarikh-coup tarikh-occurred tarikh-uncertain"},
{"id":"none:none","group":"none","event":"none","content":"16 September 2023: Event none","title":"16 September 2023<br>Event none","label":"16 September 2023","start":"2023-09-16T00:00:00","end":null,"type":"box","className":"tarikh-day tarikh-coup tarikh-occurred"}
],"groups":[{"id":"MLI","content":"Mali"},{"id":"NER","content":"Niger"},{"id":"none","content":"No country"}]}`
	two.Date = event(t, "x", "2021?").Date
	if got := string(write(t, "vis.json", two, event(t, "none", "2023-09-16"))); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestChartsShowMarkupAsText: the libraries take these members for HTML.
func TestChartsShowMarkupAsText(t *testing.T) {
	t.Parallel()
	e := event(t, "a", "2021", func(e *timeline.Event) {
		evil := timeline.Text{"en": `<img src=x onerror="alert(1)"> & 'x'`, "fr": "<script>alert(1)</script>", `ar`: "<b>"}
		e.Title, e.Summary = evil, evil
	})
	for _, format := range []string{"timelinejs.json", "vis.json"} {
		text := string(write(t, format, e))
		for _, tag := range []string{"<img", "<script", "<b>", "onerror=\\\""} {
			if strings.Contains(text, tag) {
				t.Errorf("%s holds %s: %s", format, tag, text)
			}
		}
	}
}
