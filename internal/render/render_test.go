package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/render"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var (
	created = time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC)
	updated = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	made    = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
)

// event makes an event that is stored.
func event(t testing.TB, id, date string, change ...func(*timeline.Event)) timeline.Event {
	t.Helper()
	d, err := edtf.Parse(date)
	if err != nil {
		t.Fatal(err)
	}
	e := timeline.Event{
		ID: id, Dataset: "sahel", Type: "coup", Status: "occurred", Date: d, Title: timeline.Text{"en": "Event " + id},
		Sources:  []timeline.Source{{Title: "A source", Language: "en"}},
		Measures: map[string]float64{}, Attributes: map[string]string{},
		Revision: 7, CreatedAt: created, UpdatedAt: updated,
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

// random makes events of every kind.
func random(n int) []timeline.Event {
	events := reference.Events(int(time.Now().UnixNano()%1_000_000), n)
	for i := range events {
		events[i].Revision, events[i].CreatedAt, events[i].UpdatedAt = int64(i+1), created, updated
	}
	return events
}

// write gives what a format makes of events.
func write(t testing.TB, format string, events ...timeline.Event) []byte {
	t.Helper()
	return writeAs(t, format, render.About{Order: timeline.Ascending, Revision: 17, At: made, Query: "q", Self: "/v1/events." + format + "?a=b&c=d"}, events...)
}

func writeAs(t testing.TB, format string, about render.About, events ...timeline.Event) []byte {
	t.Helper()
	for _, f := range render.Formats {
		if f.Name != format {
			continue
		}
		var b bytes.Buffer
		w := f.New(&b, about)
		for i := range events {
			if err := w.Event(events[i].AppendJSON(nil)); errors.Is(err, render.ErrFull) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", events[i].ID, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	t.Fatalf("there is no format %s", format)
	return nil
}

func TestNDJSONIsTheStoredDocuments(t *testing.T) {
	t.Parallel()
	events := random(50)
	var want []byte
	for i := range events {
		want = append(events[i].AppendJSON(want), '\n')
	}
	if got := write(t, "ndjson", events...); !bytes.Equal(got, want) {
		t.Errorf("%s", got)
	}
}

func TestAnExportOfNothingIsValid(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"ndjson":          "",
		"geojson":         `{"type":"FeatureCollection","revision":17,"features":[` + "\n\n]}",
		"timelinejs.json": `{"scale":"human","events":[` + "\n\n]}",
		"vis.json":        `{"items":[` + "\n\n" + `],"groups":[]}`,
		"ics": strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Tarikh//Tarikh 1//EN
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Tarikh
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
BEGIN:VTIMEZONE
TZID:UTC
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0000
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
END:VCALENDAR
`, "\n", "\r\n"),
	} {
		if got := string(write(t, format)); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
	if records := readCSV(t, write(t, "csv")); len(records) != 1 {
		t.Errorf("csv: %q", records)
	}
	if feed := readAtom(t, write(t, "atom")); len(feed.Entries) != 0 || feed.ID == "" {
		t.Errorf("atom: %+v", feed)
	}
	if rows := readParquet(t, write(t, "parquet")); len(rows) != 0 {
		t.Errorf("parquet: %v", rows)
	}
}

// TestAWriterThatFails: no format goes on, or says that all is well, when its
// output does not arrive.
func TestAWriterThatFails(t *testing.T) {
	t.Parallel()
	doc := random(1)[0]
	for _, f := range render.Formats {
		w := f.New(broken{}, render.About{})
		err := w.Event(doc.AppendJSON(nil))
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Errorf("%s does not tell that nothing was written", f.Name)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }

func TestADocumentThatIsNoneEndsTheExport(t *testing.T) {
	t.Parallel()
	for _, f := range render.Formats {
		if f.Name == "ndjson" { // it looks at none
			continue
		}
		if err := f.New(&bytes.Buffer{}, render.About{}).Event([]byte(`{"id":1}`)); err == nil {
			t.Errorf("%s takes anything for an event", f.Name)
		}
	}
}

// TestPeopleReadLabels: what a person sees of an imprecise date is its label, in
// every format that shows dates to people.
func TestPeopleReadLabels(t *testing.T) {
	t.Parallel()
	for date, label := range map[string]string{
		"2021": "2021", "2021-07": "July 2021", "202X": "the 2020s", "2021-21": "spring 2021", "2021/..": "since 2021",
		"../2021": "until 2021", "[2021..]": "on or after 2021", "2021/2022": "2021 to 2022", "2021~": "about 2021", "-0043": "44 BC", "[..2021]": "by 2021",
	} {
		e := event(t, "a", date)
		var slides struct {
			Events []struct {
				DisplayDate string `json:"display_date"`
				Start       struct {
					DisplayDate string `json:"display_date"`
				} `json:"start_date"`
				End struct {
					DisplayDate string `json:"display_date"`
				} `json:"end_date"`
			}
		}
		unmarshal(t, write(t, "timelinejs.json", e), &slides)
		if s := slides.Events[0]; s.DisplayDate != label || s.Start.DisplayDate != label || s.End.DisplayDate != label {
			t.Errorf("%s: TimelineJS shows %+v", date, s)
		}
		var items struct {
			Items []struct{ Label, Content, Title string }
		}
		unmarshal(t, write(t, "vis.json", e), &items)
		if i := items.Items[0]; i.Label != label || i.Content != label+": Event a" || i.Title != label+"<br>Event a" {
			t.Errorf("%s: vis-timeline shows %+v", date, i)
		}
		if feed := readAtom(t, write(t, "atom", e)); feed.Entries[0].Title.Text != "Event a ("+label+")" {
			t.Errorf("%s: a feed reader shows %+v", date, feed.Entries[0])
		}
		if c := readCalendar(t, write(t, "ics", e)); len(c.Events()) != 0 {
			t.Errorf("%s: a calendar shows a day", date)
		}
		for _, shown := range []string{"timelinejs.json", "atom", "csv"} {
			text := string(write(t, shown, e))
			for _, day := range []string{"January 1", "1 January", "01/01/2021", "Jan 1"} {
				if strings.Contains(text, day) {
					t.Errorf("%s: %s says %s: %s", date, shown, day, text)
				}
			}
		}
	}
}

func unmarshal(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
