package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// FuzzQuery: no query of any operation makes parsing panic; what is kept of it comes back
// when it is written anew; and each fault names a parameter, says what to do, and is
// short: an answer must not be many times what was asked.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "country=ML,NE&from=2020&to=2023", "date=202X&match=certain", "q=%D9%85%D8%A7%D9%84%D9%8A", "bbox=-180,-90,180,90",
		"on=02-29", "&&==&%", "country=%00", "limit=1&limit=2", "as_of=2026-01-01T00:00:00+02:00", "region=011,ECOWAS&predecessors=true",
		"interval=year&group_by=country&measure=deaths&by=active", "reason=a%20b&merged_into=x", "after=17&cursor=AQ", "depth=5", "dry_run=true",
		"a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v&w&x&y&z&aa&ab&ac&ad&ae&af&ag&ah&ai&aj&ak&al&am&an&ao&ap&aq&ar&as&at&au&av&aw&ax&ay&az",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, op := range operations {
			q := parseQuery(raw, op.parameters)
			again := parseQuery(written(q), op.parameters)
			if !maps.EqualFunc(again.values, q.values, slices.Equal) {
				t.Errorf("%s: %q is kept as %q, and that as %q", op.id, raw, q.values, again.values)
			}
			q.window()
			q.monthDay()
			q.countries()
			q.regions()
			q.bbox()
			if slices.ContainsFunc(op.parameters, func(p parameter) bool { return p.name == "limit" }) && (q.number("limit") < 1 || q.number("limit") > 500) {
				t.Errorf("limit %d", q.number("limit"))
			}
			if len(q.faults) > maxFaults+1 {
				t.Errorf("%s: %d faults", op.id, len(q.faults))
			}
			for _, fault := range q.faults {
				if fault.Parameter == "" || fault.Detail == "" || len(fault.Parameter)+len(fault.Detail) > 5_000 || !utf8.ValidString(fault.Parameter+fault.Detail) {
					t.Errorf("%s: %+v", op.id, fault)
				}
			}
		}
	})
}

// written gives a query of what was kept of one.
func written(q *query) string {
	values := url.Values{}
	for name, items := range q.values {
		values.Set(name, strings.Join(items, ","))
	}
	return values.Encode()
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

// TestManyFaultsOfAQueryAreNotAllTold: ten thousand wrong names would be answered with
// megabytes.
func TestManyFaultsOfAQueryAreNotAllTold(t *testing.T) {
	t.Parallel()
	raw := ""
	for i := range 10_000 {
		raw += fmt.Sprintf("&%x", i)
	}
	q := parseQuery(raw, listParameters)
	var e *timeline.Error
	if !errors.As(q.err(), &e) || len(e.Faults) != maxFaults+1 {
		t.Fatalf("%d faults: %.300v", len(q.faults), q.err())
	}
	if e.Message != "More than 100 parameters are wrong. errors tells what to do about the first." ||
		e.Faults[maxFaults].Detail != "is wrong too, and there may be more faults; correct these first" || e.Faults[0].Suggestion == "" && len(e.Faults[0].Allowed) == 0 {
		t.Errorf("%s, %+v", e.Message, e.Faults[maxFaults])
	}
}
