package columns

import (
	"math"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Answers tells whether the table keeps all that a filter needs: not words, actors,
// places, ids nor the past.
func Answers(f *timeline.Filter) bool {
	return len(f.IDs) == 0 && f.Actor == "" && len(f.Words) == 0 && f.BBox == nil && f.AsOf == nil
}

// bits are a set of numbers; nil is all of them.
type bits []uint64

func newBits(n int) bits { return make(bits, n/64+1) }

func (b bits) set(n int) { b[n/64] |= 1 << (n % 64) }

func (b bits) has(n uint32) bool { return b == nil || b[n/64]>>(n%64)&1 != 0 }

// conditions are a filter as tests of the dictionaries' strings, which are good until a
// string comes that is not there yet; nil keeps all. An event is kept when each of its
// strings is.
type conditions struct {
	shapes  func(text []byte) bool
	classes func(text []byte) bool
	tags    func(text []byte) bool
	// roles tells, too, whether it depends on the date that a country belongs to a region
	// which is asked for; periods tells the dates, by pair.
	roles   func(pairs []byte) (kept, sometimes bool)
	periods [][]membership
}

// wordsOf counts the words that a filter's conditions look for theirs among.
func (t *Table) wordsOf(f *timeline.Filter) (n int) {
	if len(f.Types) > 0 {
		n += len(t.types.list)
	}
	if len(f.Statuses) > 0 {
		n += len(t.statuses.list)
	}
	if len(f.Datasets) > 0 {
		n += len(t.datasets.list)
	}
	if len(f.Tags) > 0 {
		n += len(t.tagWords.list)
	}
	if len(f.Countries)+len(f.Roles)+len(f.Regions) > 0 {
		n += len(t.pairInfo)
	}
	return n
}

func (t *Table) conditions(f *timeline.Filter) *conditions {
	c := &conditions{}
	if hasDays(f) {
		c.shapes = shapeTest(f)
	}
	if len(f.Types)+len(f.Statuses)+len(f.Datasets) > 0 || f.MinSources > 0 {
		c.classes = t.classTest(f)
	}
	if len(f.Countries)+len(f.Roles)+len(f.Regions) > 0 {
		t.testRoles(c, f)
	}
	if len(f.Tags) > 0 {
		asked := t.tagWords.numbers(f.Tags)
		c.tags = func(text []byte) bool {
			for ; len(text) > 0; text = text[4:] {
				if slices.Contains(asked, number4(text)) {
					return true
				}
			}
			return false
		}
	}
	return c
}

// keeps tells whether an event is kept.
func (t *Table) keeps(c *conditions, r record) bool {
	if c.shapes != nil && !c.shapes(t.shapes.at(r.shape)) || c.classes != nil && !c.classes(t.classes.at(r.class)) ||
		c.tags != nil && !c.tags(t.tags.at(r.tags)) {
		return false
	}
	if c.roles == nil {
		return true
	}
	kept, sometimes := c.roles(t.roles.at(r.roles))
	return kept && (!sometimes || t.onTheDay(c.periods, r.roles, r.shape))
}

// query is a filter as sets of the dictionaries' numbers: a record is kept when each
// of its numbers is in the set.
type query struct {
	shapes, classes, roles, tags bits
	sometimes                    bits // see conditions
	periods                      [][]membership

	giveUp func() bool // asked before each chunk of a scan; nil: no need to
}

// compile tries each condition on each string of its dictionary.
func (t *Table) compile(f *timeline.Filter, giveUp func() bool) *query {
	c := t.conditions(f)
	q := &query{periods: c.periods, giveUp: giveUp}
	if c.shapes != nil {
		q.shapes = t.shapes.among(c.shapes)
	}
	if c.classes != nil {
		q.classes = t.classes.among(c.classes)
	}
	if c.tags != nil {
		q.tags = t.tags.among(c.tags)
	}
	if c.roles != nil {
		q.sometimes = newBits(t.roles.len())
		q.roles = newBits(t.roles.len())
		for n := range t.roles.len() {
			kept, sometimes := c.roles(t.roles.at(uint32(n)))
			if kept {
				q.roles.set(n)
			}
			if sometimes {
				q.sometimes.set(n)
			}
		}
	}
	return q
}

// among gives the numbers of the strings that a test keeps. Of those that are given up,
// which are empty, none is in a record.
func (d *dictionary) among(keep func(text []byte) bool) bits {
	kept := newBits(d.len())
	for n := 1; n < d.len(); n++ {
		if text := d.at(uint32(n)); len(text) > 0 && keep(text) {
			kept.set(n)
		}
	}
	return kept
}

func (t *Table) classTest(f *timeline.Filter) func(text []byte) bool {
	var asked []string
	for _, code := range f.Types {
		asked = append(asked, timeline.TypeWithChildren(code)...)
	}
	types, statuses, datasets := t.types.numbers(asked), t.statuses.numbers(f.Statuses), t.datasets.numbers(f.Datasets)
	return func(text []byte) bool {
		c := readClass(text)
		return (len(f.Types) == 0 || slices.Contains(types, c.kind)) && (len(f.Statuses) == 0 || slices.Contains(statuses, c.status)) &&
			(len(f.Datasets) == 0 || slices.Contains(datasets, c.dataset)) && int64(c.sources) >= int64(f.MinSources)
	}
}

func shapeTest(f *timeline.Filter) func(text []byte) bool {
	inWindow := windowTest(f)
	var s shape
	return func(text []byte) bool {
		readShape(text, &s)
		if f.HasWindow() && !inWindow(&s) {
			return false
		}
		if f.On == (timeline.MonthDay{}) {
			return true
		}
		if s.days[0] == open || s.days[0] != s.days[1] {
			return false
		}
		_, month, day := s.days[0].Civil()
		return month == f.On.Month && day == f.On.Day
	}
}

// testRoles tests countries, roles and regions, each of the pairs in an asked role
// alone.
func (t *Table) testRoles(c *conditions, f *timeline.Filter) {
	inRole := make([]bool, len(t.pairInfo)) // whether a pair counts
	listed := make([][]int, len(t.pairInfo))
	always := make([]bool, len(t.pairInfo)) // of a region that is asked for, on every day
	c.periods = make([][]membership, len(t.pairInfo))
	for pair, info := range t.pairInfo {
		if inRole[pair] = len(f.Roles) == 0 || slices.Contains(f.Roles, info.role); !inRole[pair] {
			continue
		}
		for i, set := range f.Countries {
			if slices.Contains(set, info.code) {
				listed[pair] = append(listed[pair], i)
			}
		}
		for _, m := range info.regions {
			switch {
			case !slices.Contains(f.Regions, atlas.codes[m.region]):
			case m.always():
				always[pair] = true
			default:
				c.periods[pair] = append(c.periods[pair], m)
			}
		}
	}
	c.roles = func(pairs []byte) (kept, sometimes bool) {
		if len(f.Roles) > 0 && !anyPair(pairs, func(pair int) bool { return inRole[pair] }) ||
			len(f.Countries) > 0 && !keepsCountries(f, pairs, inRole, listed) {
			return false, false
		}
		if len(f.Regions) > 0 && !anyPair(pairs, func(pair int) bool { return always[pair] }) {
			sometimes = anyPair(pairs, func(pair int) bool { return len(c.periods[pair]) > 0 })
			return sometimes, sometimes
		}
		return true, false
	}
}

func anyPair(pairs []byte, is func(pair int) bool) bool {
	for i := range len(pairs) / 2 {
		if is(number(pairs, i)) {
			return true
		}
	}
	return false
}

// keepsCountries compares an event's countries with those listed; listed tells, by
// pair, which of the list it is.
func keepsCountries(f *timeline.Filter, pairs []byte, inRole []bool, listed [][]int) bool {
	found := anyPair(pairs, func(pair int) bool { return len(listed[pair]) > 0 })
	switch f.CountryMatch {
	case timeline.CountryAll:
		for i := range f.Countries {
			if !anyPair(pairs, func(pair int) bool { return slices.Contains(listed[pair], i) }) {
				return false
			}
		}
		return true
	case timeline.CountryOnly:
		return found && !anyPair(pairs, func(pair int) bool { return inRole[pair] && len(listed[pair]) == 0 })
	}
	return found
}

// onTheDay tells whether a country belongs to a region while the event may touch.
func (t *Table) onTheDay(periods [][]membership, roles, shapeNumber uint32) bool {
	var s shape
	text := t.shapes.at(shapeNumber)
	for i := range s.days {
		s.days[i] = readDay(text[1+4*i:])
	}
	earliest, latest := s.touches()
	return anyPair(t.roles.at(roles), func(pair int) bool {
		return slices.ContainsFunc(periods[pair], func(m membership) bool { return m.first <= latest && m.last >= earliest })
	})
}

// windowTest tests the four modes of matching; see edtf.Bounds for the signs of open
// days and edtf.MatchSpan for sets.
func windowTest(f *timeline.Filter) func(*shape) bool {
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
		return func(v *shape) bool {
			if v.doubtful() {
				return false
			}
			switch v.set {
			case edtf.OneOf:
				return !slices.ContainsFunc(v.spans, func(s edtf.MatchSpan) bool { return s.Certain && !inside(s) })
			case edtf.AllOf:
				return slices.ContainsFunc(v.spans, func(s edtf.MatchSpan) bool { return s.Certain && inside(s) })
			}
			_, startLatest, endEarliest, _ := v.signed()
			return startLatest <= to && endEarliest >= from
		}
	case edtf.ModeWithin:
		return func(v *shape) bool {
			startEarliest, _, _, endLatest := v.signed()
			return startEarliest >= from && endLatest <= to
		}
	case edtf.ModeStarts:
		return func(v *shape) bool {
			if v.set != edtf.NotSet {
				return slices.ContainsFunc(v.spans, func(s edtf.MatchSpan) bool { return s.Starts && overlaps(s) })
			}
			startEarliest, startLatest, _, _ := v.signed()
			return startEarliest <= to && startLatest >= from
		}
	}
	return func(v *shape) bool {
		if v.set != edtf.NotSet {
			return slices.ContainsFunc(v.spans, func(s edtf.MatchSpan) bool { return s.Possible && overlaps(s) })
		}
		startEarliest, _, _, endLatest := v.signed()
		return startEarliest <= to && endLatest >= from
	}
}

// signed gives the four days with the infinities that open ones stand for.
func (s *shape) signed() (startEarliest, startLatest, endEarliest, endLatest edtf.Day) {
	startEarliest, startLatest, endEarliest, endLatest = s.days[0], s.days[1], s.days[2], s.days[3]
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

func cutPair(text string) (role, code string, ok bool) { return strings.Cut(text, ":") }
