package timeline_test

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func countFacet(list []timeline.Event, f timeline.Filter, by string, limit int) timeline.Facet {
	counter := timeline.NewFacetCounter(by)
	for _, e := range keptBy(list, timeline.FacetFilter(f, by)) {
		s := sampleOf(&e, "")
		counter.Add(&s)
		clear(s.Countries)
	}
	return counter.Facet(limit)
}

// TestFacetsAgainstReference: every count is what the list finds with the value in the
// place of the facet's own filters.
func TestFacetsAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := chartEvents(t, 30, true)
		f := reference.Filter().Draw(t, "filter")
		if rapid.Bool().Draw(t, "no window") {
			f.Window = edtf.Window{}
		}
		by := rapid.SampledFrom(timeline.FacetBys).Draw(t, "by")
		limit := rapid.SampledFrom([]int{1, 3, 20, 200}).Draw(t, "limit")
		got, want := countFacet(list, f, by, limit), reference.Facet(list, f, by, limit)
		for i := range got.Values {
			if label := got.Values[i].Label; len(label) != 3 || label["ar"] == "" || label["en"] == "" || label["fr"] == "" {
				t.Fatalf("%s has the label %v", got.Values[i].Value, label)
			}
			got.Values[i].Label = nil
		}
		if len(got.Values) == 0 {
			got.Values = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s of %s:%s\nis %+v\nnot %+v", by, f.Key(), describe(list), got, want)
		}
	})
}

func TestFacetJSON(t *testing.T) {
	t.Parallel()
	list := []timeline.Event{
		{Type: "coup", Dataset: "sahel", Countries: []timeline.CountryRole{{Code: "NER", Role: "location"}, {Code: "NER", Role: "target"}}},
		{Type: "politics", Dataset: "sahel", Tags: []string{"مالي"}, Countries: []timeline.CountryRole{{Code: "MLI", Role: "location"}}, Actors: []timeline.Actor{{Name: timeline.Text{"en": "Wagner"}}}},
	}
	actors := countFacet(list, timeline.Filter{}, "actor", 20)
	actors.Name(map[string]timeline.Text{"wagner": {"en": "Wagner Group", "ar": "فاغنر"}})
	got := string(timeline.AppendFacets(nil, []timeline.Facet{
		countFacet(list, timeline.Filter{}, "country", 1), countFacet(list, timeline.Filter{Types: []string{"coup"}}, "type", 20), actors,
		countFacet(list, timeline.Filter{}, "tag", 20), countFacet(nil, timeline.Filter{}, "dataset", 20),
	}, 17))
	want := `{"facets":[` +
		`{"by":"country","values":[{"value":"MLI","label":{"ar":"مالي","en":"Mali","fr":"Mali"},"count":1}],"more":true},` +
		`{"by":"type","values":[{"value":"politics","label":{"ar":"سياسة","en":"Politics","fr":"Politique"},"count":2},{"value":"coup","label":{"ar":"انقلاب","en":"Coup","fr":"Coup d’État"},"count":1}],"more":false},` +
		`{"by":"actor","values":[{"value":"wagner","label":{"ar":"فاغنر","en":"Wagner Group","fr":"Wagner Group"},"count":1}],"more":false},` +
		`{"by":"tag","values":[{"value":"مالي","label":{"ar":"مالي","en":"مالي","fr":"مالي"},"count":1}],"more":false},` +
		`{"by":"dataset","values":[],"more":false}],"revision":17}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFacetFilter(t *testing.T) {
	t.Parallel()
	f := timeline.Filter{
		Countries: [][]string{{"RUS", "SUN"}}, CountryMatch: timeline.CountryAll, Roles: []string{"target"}, Regions: []string{"011"},
		Types: []string{"coup"}, Statuses: []string{"planned"}, Datasets: []string{"sahel"}, Tags: []string{"a"}, Actor: "x", MinSources: 2,
	}
	for by, want := range map[string]string{
		"country": `type="coup"&status="planned"&dataset="sahel"&tag="a"&actor="x"&min_sources="2"&`,
		"type":    `country="RUS+SUN"&country_match="all"&country_role="target"&region="011"&status="planned"&dataset="sahel"&tag="a"&actor="x"&min_sources="2"&`,
		"status":  `country="RUS+SUN"&country_match="all"&country_role="target"&region="011"&type="coup"&dataset="sahel"&tag="a"&actor="x"&min_sources="2"&`,
		"dataset": `country="RUS+SUN"&country_match="all"&country_role="target"&region="011"&type="coup"&status="planned"&tag="a"&actor="x"&min_sources="2"&`,
		"actor":   `country="RUS+SUN"&country_match="all"&country_role="target"&region="011"&type="coup"&status="planned"&dataset="sahel"&tag="a"&min_sources="2"&`,
		"tag":     `country="RUS+SUN"&country_match="all"&country_role="target"&region="011"&type="coup"&status="planned"&dataset="sahel"&actor="x"&min_sources="2"&`,
	} {
		changed := timeline.FacetFilter(f, by)
		if got := changed.Key(); got != want {
			t.Errorf("%s: %s\nwant %s", by, got, want)
		}
	}
	if len(timeline.FacetBys) != 6 {
		t.Error("a facet is not checked here")
	}
}

// TestChartGroups: beyond twenty groups, what is left counts once, under a label that
// tells it from the type of the same name.
func TestChartGroups(t *testing.T) {
	t.Parallel()
	var list []timeline.Event
	for i := range 22 {
		e := timeline.Event{Date: dated("2023")}
		for _, code := range someCountries[2 : 24-i] {
			e.Countries = append(e.Countries, timeline.CountryRole{Code: code, Role: "location"})
		}
		list = append(list, e)
	}
	list = append(list, timeline.Event{Date: dated("2023")})
	chart, err := build(list, timeline.ChartQuery{Interval: "year", GroupBy: "country"}).Chart()
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, g := range chart.Groups {
		got += fmt.Sprintf("%s %s %v; ", g.Value, g.Label["en"], g.Buckets[0].Possible)
	}
	want := "NER Niger 22; BFA Burkina Faso 21; TCD Chad 20; NGA Nigeria 19; FRA France 18; SUN Soviet Union 17; XKX Kosovo 16; ZAF South Africa 15; AGO Angola 14; DZA Algeria 13; " +
		"EGY Egypt 12; MAR Morocco 11; TUN Tunisia 10; LBY Libya 9; SDN Sudan 8; KEN Kenya 7; UGA Uganda 6; RWA Rwanda 5; BDI Burundi 4; COD DR Congo 3; other All others 2; "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
