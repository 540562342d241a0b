package timeline_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestSpanClass(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]int{
		"2021-05-03": timeline.SpanDay, "2021-05-03/2021-05-03": timeline.SpanDay,
		"2021-05": 1, "2021-05-03/2021-06-02": 1, "2021-05-03/2021-06-03": 2,
		"2020": 2, "2021": 2, "2021-01-01/2022-01-02": 3, "202X": 3, "2021/2022": 3,
		"20XX": timeline.SpanOpenEnd, "2021/..": timeline.SpanOpenEnd, "2021/": timeline.SpanOpenEnd, "[2021..]": timeline.SpanOpenEnd,
		"../2021": timeline.SpanOpenStart, "/2021": timeline.SpanOpenStart, "[..2021]": timeline.SpanOpenStart,
	} {
		if got := timeline.SpanClass(date(t, expression).Bounds); got != want {
			t.Errorf("%s is of class %d; want %d", expression, got, want)
		}
	}
}

func TestClipWord(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"", "short", strings.Repeat("a", 200), strings.Repeat("a", 201), strings.Repeat("م", 100), strings.Repeat("م", 101), "a" + strings.Repeat("م", 100)} {
		clipped := timeline.ClipWord(word)
		if len(clipped) > 200 || !strings.HasPrefix(word, clipped) || !utf8.ValidString(clipped) || len(word) <= 200 && clipped != word {
			t.Errorf("%d bytes became %d: %q", len(word), len(clipped), clipped)
		}
	}
}

// TestDeriveAgainstTheReference: the terms and words of an event are those that the
// plain reference finds it by.
func TestDeriveAgainstTheReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := reference.Event("e1").Draw(t, "event")
		x := e.Derive()
		seen := map[timeline.Term]bool{}
		for _, term := range x.Terms {
			if seen[term] {
				t.Fatalf("the term %v is there twice", term)
			}
			seen[term] = true
		}
		is := func(term timeline.Term, f timeline.Filter) {
			if got, want := seen[term], reference.Keeps(&f, &e); got != want {
				t.Fatalf("the term %v is there: %v; the reference keeps it: %v", term, got, want)
			}
		}
		for _, r := range country.Regions() {
			is(timeline.Term{Kind: timeline.TermRegion, Value: r.Code}, timeline.Filter{Regions: []string{r.Code}})
			for _, role := range timeline.Roles {
				f := timeline.Filter{Regions: []string{r.Code}, Roles: []string{role}}
				if got, want := slices.Contains(x.RegionRoles, role+":"+r.Code), reference.Keeps(&f, &e); got != want {
					t.Fatalf("%s in %s: %v; the reference has %v", role, r.Code, got, want)
				}
			}
		}
		for _, c := range country.All() {
			is(timeline.Term{Kind: timeline.TermCountry, Value: c.Alpha3}, timeline.Filter{Countries: [][]string{{c.Alpha3}}})
		}
		for _, code := range timeline.TypeCodes {
			is(timeline.Term{Kind: timeline.TermType, Value: code}, timeline.Filter{Types: []string{code}})
		}
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 31; day++ {
				on := timeline.MonthDay{Month: month, Day: day}
				is(timeline.DayTerm(on), timeline.Filter{On: on})
			}
		}
		is(timeline.SourcesTerm(), timeline.Filter{MinSources: timeline.TermedSources})
		for _, status := range timeline.Statuses {
			if status != timeline.UsualStatus {
				is(timeline.Term{Kind: timeline.TermStatus, Value: status}, timeline.Filter{Statuses: []string{status}})
			}
		}
		for _, a := range e.Actors {
			for _, name := range a.Name {
				is(timeline.Term{Kind: timeline.TermActor, Value: fold.Text(name)}, timeline.Filter{Actor: fold.Text(name)})
			}
		}
		for _, w := range x.Words {
			if f := (timeline.Filter{Words: []string{w}}); !reference.Keeps(&f, &e) {
				t.Fatalf("the reference does not find it by %q", w)
			}
		}
		if !slices.IsSorted(x.Words) {
			t.Fatalf("words are not sorted: %q", x.Words)
		}
	})
}

// TestWordsOfAHugeEvent: what does not fit into the index is left out, not refused.
func TestWordsOfAHugeEvent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 300_000 {
		b.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%7))
		b.WriteString(string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576%26)) + " ")
	}
	e := timeline.Event{Date: date(t, "2021"), Title: timeline.Text{"en": b.String()}}
	size := 0
	for _, w := range e.Derive().Words {
		size += len(w) + 2
	}
	if size < 500_000 || size > 900_000 {
		t.Errorf("the words take %d bytes", size)
	}
}
