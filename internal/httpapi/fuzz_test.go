package httpapi

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// FuzzQuery: no query makes parsing panic, and each ends in a filter or in faults
// that name a parameter and say what to do.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "country=ML,NE&from=2020&to=2023", "date=202X&match=certain", "q=%D9%85%D8%A7%D9%84%D9%8A", "bbox=-180,-90,180,90",
		"on=02-29", "&&==&%", "country=%00", "limit=1&limit=2", "as_of=2026-01-01T00:00:00+02:00", "region=011,ECOWAS&predecessors=true",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := parseQuery(raw, listParameters)
		q.window()
		q.monthDay()
		q.countries()
		q.regions()
		q.bbox()
		if q.number("limit") < 1 || q.number("limit") > 500 {
			t.Errorf("limit %d", q.number("limit"))
		}
		for _, fault := range q.faults {
			if fault.Parameter == "" || fault.Detail == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}

// FuzzCursor: no text makes a cursor panic, and only what encodeCursor made is one.
func FuzzCursor(f *testing.F) {
	f.Add(encodeCursor(timeline.Position{Day: 19_000, ID: "a"}, "q"))
	f.Add(encodeChangeCursor(timeline.ChangePosition{Revision: 17}, "q"))
	f.Add(encodeChangeCursor(timeline.ChangePosition{Revision: 17, ID: "a"}, "q"))
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, cursor string) {
		position, fault := decodeCursor(cursor, "q")
		if fault == "" && encodeCursor(position, "q") != cursor {
			t.Errorf("%q is taken for the cursor of %+v", cursor, position)
		}
		change, fault := decodeChangeCursor(cursor, "q")
		if fault == "" && encodeChangeCursor(change, "q") != cursor {
			t.Errorf("%q is taken for the cursor of %+v", cursor, change)
		}
	})
}

func TestCursorsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := timeline.Position{
			Day: edtf.Day(rapid.Int32Range(int32(edtf.MinDay), int32(edtf.MaxDay)).Draw(t, "day")),
			ID:  rapid.StringMatching(`[a-z0-9][a-z0-9._~-]{0,127}`).Draw(t, "id"),
		}
		query := rapid.String().Draw(t, "query")
		cursor := encodeCursor(p, query)
		if got, fault := decodeCursor(cursor, query); fault != "" || got != p {
			t.Fatalf("%+v became %+v (%s)", p, got, fault)
		}
		if _, fault := decodeChangeCursor(cursor, query); fault == "" {
			t.Fatal("a cursor of events is one of changes")
		}
		c := timeline.ChangePosition{Revision: rapid.Int64Min(0).Draw(t, "revision"), ID: rapid.SampledFrom([]string{"", p.ID}).Draw(t, "within")}
		if got, fault := decodeChangeCursor(encodeChangeCursor(c, query), query); fault != "" || got != c {
			t.Fatalf("%+v became %+v (%s)", c, got, fault)
		}
		if _, fault := decodeCursor(cursor, query+"x"); fault == "" {
			t.Fatal("it is good for another query")
		}
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]byte("ABab01-_=")).Draw(t, "letter")
		if cursor[at] != letter {
			if _, fault := decodeCursor(cursor[:at]+string(letter)+cursor[at+1:], query); fault == "" {
				t.Fatal("an altered cursor is good")
			}
		}
	})
}
