package httpapi_test

import (
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var eventsSeed = flag.Int("events", 0, "seed of the random events; 0 takes one from the clock")

// serveRandom is the API on so many of the reference's random events, beside the data
// set that ships, with these events as the store should hold them.
func serveRandom(t testing.TB, n int, change ...func(*httpapi.Options)) (service, []timeline.Event) {
	t.Helper()
	seed := *eventsSeed
	if seed == 0 {
		seed = int(time.Now().UnixNano() % 1_000_000)
	}
	t.Logf("the events are those of -events=%d", seed)
	s := serve(t, change...)
	for _, slug := range reference.Datasets {
		if _, err := s.store.CreateDataset(t.Context(), timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	events := reference.Events(seed, n)
	result, err := s.store.Import(t.Context(), events, false, author)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		events[i].Revision, events[i].CreatedAt, events[i].UpdatedAt = result.Revision, clock, clock
	}
	return s, events
}

// queryOf writes a filter as a client would ask for it.
func queryOf(f *timeline.Filter) url.Values {
	v := url.Values{}
	set := func(name string, items ...string) {
		if len(items) > 0 {
			v.Set(name, strings.Join(items, ","))
		}
	}
	if f.Window.From.Known {
		set("from", f.Window.From.Day.String())
	}
	if f.Window.To.Known {
		set("to", f.Window.To.Day.String())
	}
	if f.Match != "" {
		set("match", string(f.Match))
	}
	if f.On != (timeline.MonthDay{}) {
		set("on", fmt.Sprintf("%02d-%02d", f.On.Month, f.On.Day))
	}
	set("id", f.IDs...)
	for _, codes := range f.Countries {
		v.Add("country", codes[0])
		if len(codes) > 1 {
			v.Set("predecessors", "true")
		}
	}
	if f.CountryMatch != "" {
		set("country_match", string(f.CountryMatch))
	}
	set("country_role", f.Roles...)
	set("region", f.Regions...)
	set("type", f.Types...)
	set("status", f.Statuses...)
	set("dataset", f.Datasets...)
	set("tag", f.Tags...)
	set("actor", f.Actor)
	if f.Actor == "" {
		v.Del("actor")
	}
	set("q", strings.Join(f.Words, " "))
	if len(f.Words) == 0 {
		v.Del("q")
	}
	if f.BBox != nil {
		set("bbox", fmt.Sprint(f.BBox.West), fmt.Sprint(f.BBox.South), fmt.Sprint(f.BBox.East), fmt.Sprint(f.BBox.North))
	}
	if f.MinSources > 0 {
		set("min_sources", fmt.Sprint(f.MinSources))
	}
	return v
}

// asAsked makes of a random filter one that a request can express: the parameter
// predecessors widens every country or none, and years end with 9999.
func asAsked(f timeline.Filter) timeline.Filter {
	wide := slices.ContainsFunc(f.Countries, func(codes []string) bool { return len(codes) > 1 })
	for i, codes := range f.Countries {
		if wide { // the asked country first, as queryOf wants it
			f.Countries[i] = addDistinct(codes[:1:1], country.WithPredecessors(codes[0]))
		}
	}
	first, last := edtf.DayOf(-4712, 1, 1), edtf.DayOf(9999, 12, 31)
	for _, bound := range []*edtf.Bound{&f.Window.From, &f.Window.To} {
		if bound.Known {
			bound.Day = min(max(bound.Day, first), last)
		}
	}
	return f
}

func addDistinct(list, more []string) []string {
	for _, v := range more {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}
