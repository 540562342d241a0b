package render_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// readCalendar parses a calendar, and holds its bytes against RFC 5545: lines of at
// most 75 octets that end in CRLF and are UTF-8 each.
func readCalendar(t testing.TB, text []byte) *ics.Calendar {
	t.Helper()
	for line := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 75 || !utf8.Valid(line) || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("%d octets in %q", len(line), line)
		}
	}
	if !bytes.HasSuffix(text, []byte("END:VCALENDAR\r\n")) {
		t.Errorf("the end is %q", text[max(0, len(text)-40):])
	}
	c, err := ics.ParseCalendar(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return c
}

func property(e *ics.VEvent, name ics.ComponentProperty) string {
	if p := e.GetProperty(name); p != nil {
		return p.Value
	}
	return ""
}

func TestCalendarHoldsTheEventsKnownToTheDay(t *testing.T) {
	t.Parallel()
	events := random(300)
	want := map[string]edtf.Day{}
	for _, e := range events {
		if e.Date.Precision == edtf.PrecisionDay {
			if year, _, _ := e.Date.StartEarliest.Day.Civil(); year >= 1 {
				want[e.ID+"@tarikh"] = e.Date.StartEarliest.Day
			}
		}
	}
	c := readCalendar(t, write(t, "ics", events...))
	for _, e := range c.Events() {
		day, ok := want[e.Id()]
		if !ok {
			t.Errorf("%s is there (twice, or without a day)", e.Id())
			continue
		}
		delete(want, e.Id())
		basic := strings.ReplaceAll(day.String(), "-", "")
		next := strings.ReplaceAll((day + 1).String(), "-", "")
		if day == edtf.MaxDay {
			next = ""
		}
		if start, end := property(e, "DTSTART"), property(e, "DTEND"); start != basic || end != next {
			t.Errorf("%s on %s: DTSTART %s, DTEND %s", e.Id(), day, start, end)
		}
		if stamp := property(e, "DTSTAMP"); stamp != "20260203T040506Z" {
			t.Errorf("DTSTAMP %s", stamp)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestCalendarTextsComeBack(t *testing.T) {
	t.Parallel()
	for _, title := range []string{
		"a, b; c: d \\ e", `\n is not a line break`, "one\ntwo", strings.Repeat("ع", 200), strings.Repeat("😀", 60), strings.Repeat("a", 74) + "é", "BEGIN:VEVENT", `"quoted" 'words'`,
	} {
		e := event(t, "a", "2023-09-16?", func(e *timeline.Event) {
			e.Title = timeline.Text{"ar": title}
			e.Location = &timeline.Location{Name: timeline.Text{"en": title}, Latitude: 1.5, Longitude: -2, Precision: "city"}
			e.Tags = []string{"x,y"}
		})
		got := readCalendar(t, write(t, "ics", e)).Events()
		if len(got) != 1 {
			t.Fatalf("%d events", len(got))
		}
		for name, want := range map[ics.ComponentProperty]string{
			"UID": "a@tarikh", "SUMMARY": title, "LOCATION": title, "GEO": "1.5;-2", "STATUS": "TENTATIVE", "SEQUENCE": "7", "DTSTART": "20230916", "DTEND": "20230917",
			"DTSTAMP": "20260203T040506Z", "LAST-MODIFIED": "20260203T040506Z", "CREATED": "20260102T030405Z", "TRANSP": "TRANSPARENT",
			"DESCRIPTION": e.Date.Label("ar") + "\nA source",
		} {
			if p := property(got[0], name); p != want {
				t.Errorf("%s is %q, want %q", name, p, want)
			}
		}
	}
}

// TestCalendarLineBreaks: no text ends its line, whatever break it holds.
func TestCalendarLineBreaks(t *testing.T) {
	t.Parallel()
	e := event(t, "a", "2023-09-16", func(e *timeline.Event) {
		e.Title = timeline.Text{"en": "x\r\nEND:VEVENT\rEND:VCALENDAR\ny"}
		e.Tags = []string{"t\r\nX:1"}
	})
	if got := property(readCalendar(t, write(t, "ics", e)).Events()[0], "SUMMARY"); got != "x\nEND:VEVENT\nEND:VCALENDAR\ny" {
		t.Errorf("%q", got)
	}
}

// TestCalendarYears: what has no four digits of a year from 1 on is left out.
func TestCalendarYears(t *testing.T) {
	t.Parallel()
	c := readCalendar(t, write(t, "ics", event(t, "bc", "-0043-03-15"), event(t, "zero", "0000-01-01"), event(t, "one", "0001-01-01"), event(t, "last", "9999-12-31")))
	var got []string
	for _, e := range c.Events() {
		got = append(got, e.Id()+" "+property(e, "DTSTART")+" "+property(e, "DTEND"))
	}
	if strings.Join(got, ", ") != "one@tarikh 00010101 00010102, last@tarikh 99991231 " {
		t.Errorf("%q", got)
	}
}
