package columns

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// compile makes one test of a record out of a filter's conditions, which must all hold.
func (t *Table) compile(f *timeline.Filter) func(*record) bool {
	var tests []func(*record) bool
	add := func(test func(*record) bool) { tests = append(tests, test) }
	if f.HasWindow() {
		add(t.window(f))
	}
	if f.On != (timeline.MonthDay{}) {
		add(func(r *record) bool {
			if r.days[0] == open || r.days[0] != r.days[1] {
				return false
			}
			_, month, day := r.days[0].Civil()
			return month == f.On.Month && day == f.On.Day
		})
	}
	if len(f.Types) > 0 {
		var asked []string
		for _, code := range f.Types {
			asked = append(asked, timeline.TypeWithChildren(code)...)
		}
		among := t.types.among(asked)
		add(func(r *record) bool { return among[r.kind] })
	}
	if len(f.Statuses) > 0 {
		among := t.statuses.among(f.Statuses)
		add(func(r *record) bool { return among[r.status] })
	}
	if len(f.Datasets) > 0 {
		among := t.datasets.among(f.Datasets)
		add(func(r *record) bool { return among[r.dataset] })
	}
	if len(f.Tags) > 0 {
		among := t.tagWords.among(f.Tags)
		add(func(r *record) bool {
			return slices.ContainsFunc(t.tags[r.tags:r.tags+uint32(r.tagCount)], func(tag uint32) bool { return among[tag] })
		})
	}
	if f.MinSources > 0 {
		add(func(r *record) bool { return int(r.sources) >= f.MinSources })
	}
	tests = append(tests, t.geography(f)...)
	switch len(tests) {
	case 0:
		return func(*record) bool { return true }
	case 1:
		return tests[0]
	}
	return func(r *record) bool {
		for _, test := range tests {
			if !test(r) {
				return false
			}
		}
		return true
	}
}

// among tells for each known word whether it is one of those asked for.
func (w *words) among(asked []string) []bool {
	is := make([]bool, len(w.list))
	for _, word := range asked {
		if id, ok := w.ids[word]; ok {
			is[id] = true
		}
	}
	return is
}

// geography tests countries, roles and regions, each of the pairs in an asked role alone.
func (t *Table) geography(f *timeline.Filter) []func(*record) bool {
	inRole := make([]bool, len(t.roles.list)) // whether a pair counts
	codes := make([]string, len(t.roles.list))
	for i, pair := range t.roles.list {
		role, code, _ := strings.Cut(pair, ":")
		inRole[i], codes[i] = len(f.Roles) == 0 || slices.Contains(f.Roles, role), code
	}
	var tests []func(*record) bool
	if len(f.Roles) > 0 {
		tests = append(tests, func(r *record) bool {
			return slices.ContainsFunc(t.pairsOf(r), func(pair uint16) bool { return inRole[pair] })
		})
	}
	if len(f.Countries) > 0 {
		tests = append(tests, t.countries(f, inRole, codes))
	}
	if len(f.Regions) > 0 {
		tests = append(tests, t.regions(f, inRole, codes))
	}
	return tests
}

func (t *Table) countries(f *timeline.Filter, inRole []bool, codes []string) func(*record) bool {
	// Which of the listed countries a pair is one of, by its place in the list.
	listed := make([][]int, len(codes))
	for pair, code := range codes {
		for i, set := range f.Countries {
			if inRole[pair] && slices.Contains(set, code) {
				listed[pair] = append(listed[pair], i)
			}
		}
	}
	switch f.CountryMatch {
	case timeline.CountryAll:
		return func(r *record) bool {
			pairs := t.pairsOf(r)
			for i := range f.Countries {
				if !slices.ContainsFunc(pairs, func(pair uint16) bool { return slices.Contains(listed[pair], i) }) {
					return false
				}
			}
			return true
		}
	case timeline.CountryOnly:
		return func(r *record) bool {
			found := false
			for _, pair := range t.pairsOf(r) {
				switch {
				case len(listed[pair]) > 0:
					found = true
				case inRole[pair]:
					return false
				}
			}
			return found
		}
	}
	return func(r *record) bool {
		for _, pair := range t.pairsOf(r) {
			if len(listed[pair]) > 0 {
				return true
			}
		}
		return false
	}
}

// period is a membership in a group, both ends inclusive.
type period struct{ first, last edtf.Day }

func (t *Table) regions(f *timeline.Filter, inRole []bool, codes []string) func(*record) bool {
	always := make([]bool, len(codes)) // an M49 region does not depend on the date
	periods := make([][]period, len(codes))
	for _, region := range country.Regions() {
		if !slices.Contains(f.Regions, region.Code) {
			continue
		}
		for _, m := range region.Members {
			for pair, code := range codes {
				switch {
				case code != m.Country || !inRole[pair]:
				case region.Kind == "m49":
					always[pair] = true
				default:
					periods[pair] = append(periods[pair], period{dayOf(m.From, math.MinInt32), dayOf(m.To, math.MaxInt32)})
				}
			}
		}
	}
	return func(r *record) bool {
		earliest, latest := r.days[0], r.days[3] // an open start is the smallest number already
		if latest == open {
			latest = math.MaxInt32
		}
		for _, pair := range t.pairsOf(r) {
			if always[pair] {
				return true
			}
			for _, p := range periods[pair] {
				if p.first <= latest && p.last >= earliest {
					return true
				}
			}
		}
		return false
	}
}

// dayOf reads a day of the tables of countries; "" is open.
func dayOf(s string, open edtf.Day) edtf.Day {
	if s == "" {
		return open
	}
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic("columns: " + err.Error()) // a fault of the tables
	}
	return edtf.DayOf(d.Year(), int(d.Month()), d.Day())
}

// window tests the four modes of matching; see edtf.Bounds for the signs of open days
// and edtf.MatchSpan for sets.
func (t *Table) window(f *timeline.Filter) func(*record) bool {
	from, to := edtf.Day(math.MinInt32), edtf.Day(math.MaxInt32)
	if f.Window.From.Known {
		from = f.Window.From.Day
	}
	if f.Window.To.Known {
		to = f.Window.To.Day
	}
	overlaps := func(s edtf.MatchSpan) bool {
		return (!s.Lo.Known || s.Lo.Day <= to) && (!s.Hi.Known || s.Hi.Day >= from)
	}
	inside := func(s edtf.MatchSpan) bool {
		return (s.Lo.Known && s.Lo.Day >= from || !f.Window.From.Known) && (s.Hi.Known && s.Hi.Day <= to || !f.Window.To.Known)
	}
	switch f.Match {
	case edtf.ModeCertain:
		return func(r *record) bool {
			if r.flags&(approximate|uncertain) != 0 {
				return false
			}
			switch r.set {
			case edtf.OneOf:
				return !slices.ContainsFunc(t.spansOf(r), func(s edtf.MatchSpan) bool { return s.Certain && !inside(s) })
			case edtf.AllOf:
				return slices.ContainsFunc(t.spansOf(r), func(s edtf.MatchSpan) bool { return s.Certain && inside(s) })
			}
			_, startLatest, endEarliest, _ := signed(r)
			return startLatest <= to && endEarliest >= from
		}
	case edtf.ModeWithin:
		return func(r *record) bool {
			startEarliest, _, _, endLatest := signed(r)
			return startEarliest >= from && endLatest <= to
		}
	case edtf.ModeStarts:
		return func(r *record) bool {
			if r.set != edtf.NotSet {
				return slices.ContainsFunc(t.spansOf(r), func(s edtf.MatchSpan) bool { return s.Starts && overlaps(s) })
			}
			startEarliest, startLatest, _, _ := signed(r)
			return startEarliest <= to && startLatest >= from
		}
	}
	return func(r *record) bool {
		if r.set != edtf.NotSet {
			return slices.ContainsFunc(t.spansOf(r), func(s edtf.MatchSpan) bool { return s.Possible && overlaps(s) })
		}
		startEarliest, _, _, endLatest := signed(r)
		return startEarliest <= to && endLatest >= from
	}
}

// signed gives the four days with the infinities that open ones stand for.
func signed(r *record) (startEarliest, startLatest, endEarliest, endLatest edtf.Day) {
	startEarliest, startLatest, endEarliest, endLatest = r.days[0], r.days[1], r.days[2], r.days[3]
	if startLatest == open && startEarliest != open {
		startLatest = math.MaxInt32
	}
	if endLatest == open {
		endLatest = math.MaxInt32
		if endEarliest == open {
			endEarliest = math.MaxInt32
		}
	}
	return startEarliest, startLatest, endEarliest, endLatest
}
