package reference_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func date(t testing.TB, expression string) edtf.Date {
	t.Helper()
	d, err := edtf.Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// alliance is the event that the table below asks about.
func alliance(t testing.TB) timeline.Event {
	return timeline.Event{
		ID: "aes", Dataset: "sahel", Type: "alliance_founded", Status: "occurred", Date: date(t, "2023-09-16"),
		Title: timeline.Text{"en": "Alliance of Sahel States", "ar": "تحالف دول الساحل"},
		Countries: []timeline.CountryRole{
			{Code: "MLI", Role: "signatory"}, {Code: "NER", Role: "signatory"}, {Code: "BFA", Role: "signatory"}, {Code: "MLI", Role: "location"}, {Code: "RUS", Role: "mediator"},
		},
		Actors:   []timeline.Actor{{Name: timeline.Text{"en": "Assimi Goïta", "ar": "أسيمي جويتا"}}},
		Location: &timeline.Location{Name: timeline.Text{"fr": "Bamako"}, Latitude: 12.65, Longitude: -8},
		Tags:     []string{"aes"},
		Sources:  []timeline.Source{{Language: "ar", Quote: "بين مالي والنيجر"}},
	}
}

func TestKeeps(t *testing.T) {
	t.Parallel()
	e := alliance(t)
	window := func(from, to string) edtf.Window {
		w := edtf.Window{}
		if from != "" {
			w.From = date(t, from).StartEarliest
		}
		if to != "" {
			w.To = date(t, to).EndLatest
		}
		return w
	}
	sets := func(codes ...string) (list [][]string) {
		for _, c := range codes {
			list = append(list, strings.Fields(c))
		}
		return list
	}
	for name, c := range map[string]struct {
		filter timeline.Filter
		want   bool
	}{
		"nothing asked":                              {timeline.Filter{}, true},
		"a window around it":                         {timeline.Filter{Window: window("2023", "2023")}, true},
		"a window after it":                          {timeline.Filter{Window: window("2023-09-17", "")}, false},
		"its day of a year":                          {timeline.Filter{On: timeline.MonthDay{Month: 9, Day: 16}}, true},
		"another day of a year":                      {timeline.Filter{On: timeline.MonthDay{Month: 9, Day: 17}}, false},
		"its id":                                     {timeline.Filter{IDs: []string{"x", "aes"}}, true},
		"other ids":                                  {timeline.Filter{IDs: []string{"x"}}, false},
		"any of two countries":                       {timeline.Filter{Countries: sets("FRA", "MLI")}, true},
		"all of two countries, one there":            {timeline.Filter{Countries: sets("FRA", "MLI"), CountryMatch: "all"}, false},
		"all of two countries":                       {timeline.Filter{Countries: sets("NER", "MLI"), CountryMatch: "all"}, true},
		"only two of four":                           {timeline.Filter{Countries: sets("NER", "MLI"), CountryMatch: "only"}, false},
		"only all four and one more":                 {timeline.Filter{Countries: sets("NER", "MLI", "BFA", "RUS", "FRA"), CountryMatch: "only"}, true},
		"only the signatories, in that role":         {timeline.Filter{Countries: sets("NER", "MLI", "BFA"), CountryMatch: "only", Roles: []string{"signatory"}}, true},
		"only one that has not the role":             {timeline.Filter{Countries: sets("RUS"), CountryMatch: "only", Roles: []string{"location"}}, false},
		"all in a role that one has not":             {timeline.Filter{Countries: sets("NER", "RUS"), CountryMatch: "all", Roles: []string{"signatory"}}, false},
		"a predecessor stands for its country":       {timeline.Filter{Countries: sets("MLI", "SUN RUS"), CountryMatch: "all"}, true},
		"a role of some country":                     {timeline.Filter{Roles: []string{"target", "mediator"}}, true},
		"a role of no country":                       {timeline.Filter{Roles: []string{"target"}}, false},
		"a region":                                   {timeline.Filter{Regions: []string{"011"}}, true},
		"a region in a role that its members do not": {timeline.Filter{Regions: []string{"011"}, Roles: []string{"mediator"}}, false},
		"a group on its first day":                   {timeline.Filter{Regions: []string{"aes"}}, true},
		"a group that one has left, others not":      {timeline.Filter{Regions: []string{"g5-sahel"}}, true},
		"a group of none":                            {timeline.Filter{Regions: []string{"eu"}}, false},
		"its type":                                   {timeline.Filter{Types: []string{"coup", "alliance_founded"}}, true},
		"the type above it":                          {timeline.Filter{Types: []string{"diplomacy"}}, true},
		"another type":                               {timeline.Filter{Types: []string{"treaty"}}, false},
		"another status":                             {timeline.Filter{Statuses: []string{"planned"}}, false},
		"another data set":                           {timeline.Filter{Datasets: []string{"test"}}, false},
		"a tag":                                      {timeline.Filter{Tags: []string{"x", "aes"}}, true},
		"no tag":                                     {timeline.Filter{Tags: []string{"ae"}}, false},
		"an actor without accents":                   {timeline.Filter{Actor: "assimi goita"}, true},
		"an actor in Arabic":                         {timeline.Filter{Actor: fold.Text("اسيمي جويتا")}, true},
		"half an actor":                              {timeline.Filter{Actor: "goita"}, false},
		"words of several texts":                     {timeline.Filter{Words: fold.Words("sahel نيجر bamako Goïta")}, true},
		"a prefix":                                   {timeline.Filter{Words: fold.Words("alli")}, true},
		"a prefix of two letters":                    {timeline.Filter{Words: fold.Words("al")}, false},
		"one word too many":                          {timeline.Filter{Words: fold.Words("sahel chad")}, false},
		"a box around it":                            {timeline.Filter{BBox: &timeline.BBox{West: -8, South: 12.65, East: 0, North: 20}}, true},
		"a box beside it":                            {timeline.Filter{BBox: &timeline.BBox{West: -7, South: 12, East: 0, North: 20}}, false},
		"a box around the globe, without it":         {timeline.Filter{BBox: &timeline.BBox{West: 0, South: 12, East: -9, North: 20}}, false},
		"a box across the meridian":                  {timeline.Filter{BBox: &timeline.BBox{West: 170, South: 12, East: -7, North: 20}}, true},
		"one source":                                 {timeline.Filter{MinSources: 1}, true},
		"two sources":                                {timeline.Filter{MinSources: 2}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := reference.Keeps(&c.filter, &e); got != c.want {
				t.Errorf("%s keeps it: %v", c.filter.Key(), got)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var events []timeline.Event
	for i, d := range []string{"2021", "2021-05-03", "../1985", "1985/..", "-0043-03-15", "2021-05-03"} {
		events = append(events, timeline.Event{ID: fmt.Sprintf("e%d", i), Date: date(t, d)})
	}
	for order, want := range map[timeline.Order]string{timeline.Ascending: "e4 e3 | e2 e0 | e1 e5", timeline.Descending: "e5 e1 | e0 e2 | e3 e4"} {
		q := timeline.ListQuery{Order: order, Limit: 2, Count: timeline.CountExact}
		var pages []string
		for {
			page, next, count := reference.List(events, q)
			if count.Value != 6 || count.Relation != "eq" {
				t.Errorf("counted %+v", count)
			}
			var ids []string
			for _, e := range page {
				ids = append(ids, e.ID)
			}
			pages = append(pages, strings.Join(ids, " "))
			if q.After = next; next == nil {
				break
			}
		}
		if got := strings.Join(pages, " | "); got != want {
			t.Errorf("%s: %s; want %s", order, got, want)
		}
	}
}

// TestRandomEventsAreFitToBeStored: what the generators make, a writer could send.
func TestRandomEventsAreFitToBeStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := reference.Event("e1").Draw(t, "event")
		body := string(e.AppendBody(nil))
		read, faults, err := eventjson.Decode([]byte(body + "}"))
		if err != nil || len(faults) > 0 {
			t.Fatalf("%v %+v in %s", err, faults, body)
		}
		if again := string(read.AppendBody(nil)); again != body {
			t.Fatalf("%s became %s", body, again)
		}
	})
}

// TestRandomFiltersFindSomething: a filter that keeps nothing tests little.
func TestRandomFiltersFindSomething(t *testing.T) {
	t.Parallel()
	events := reference.Events(1, 300)
	forms := map[edtf.Precision]int{}
	for i := range events {
		forms[events[i].Date.Precision]++
	}
	if len(forms) != 8 {
		t.Errorf("precisions %v; want all eight", forms)
	}
	found, part := 0, 0
	for seed := range 1000 {
		f := reference.Filter().Example(seed)
		if n := len(reference.All(events, &f, timeline.Ascending)); n > 0 {
			found++
			if n < len(events) {
				part++
			}
		}
	}
	if found < 500 || part < 400 {
		t.Errorf("of 1,000 filters %d found something, %d of them not everything", found, part)
	}
	t.Logf("of 1,000 filters %d found something, %d of them not everything; dates %v", found, part, forms)
}
