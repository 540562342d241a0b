package columns

import (
	"math"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// tally is how many events of a term leave each mark (see timeline.Mark), kept with
// every change: what is added for an event is taken away again when it goes. A shape
// that has no marks is a mark of its own, see whole.
type tally struct {
	list   []uint64 // open addressing: the number of a mark, and in the lower half how often
	used   int
	events int64

	// The first sort day of the events and their last day. When the event goes that they
	// are of, they are looked for when they are asked for.
	first, last edtf.Day
	stale       bool
}

// tallyOf makes a tally without its events of how often each mark is there, by its number.
func tallyOf(times []int32) *tally {
	y := &tally{}
	for _, n := range times {
		if n > 0 {
			y.used++
		}
	}
	y.list = make([]uint64, listFor(y.used))
	for mark, n := range times {
		if n > 0 {
			y.list[y.find(uint32(mark))] = uint64(mark)<<32 | uint64(n)
		}
	}
	return y
}

// add gives false where less than nothing would be left.
func (y *tally) add(mark uint32, by int) bool {
	if 8*(y.used+1) > 7*len(y.list) {
		y.grow()
	}
	i := y.find(mark)
	if by < 0 && uint32(y.list[i]) == 0 {
		return false
	}
	if y.list[i] == 0 {
		y.list[i] = uint64(mark) << 32
		y.used++
	}
	y.list[i] += uint64(by) // never out of its half
	return true
}

// find gives the place of a mark, or the free one where it belongs.
func (y *tally) find(mark uint32) int {
	i := int(uint64(mark*0x9E3779B1) * uint64(len(y.list)) >> 32)
	for y.list[i] != 0 && uint32(y.list[i]>>32) != mark {
		if i++; i == len(y.list) {
			i = 0
		}
	}
	return i
}

// grow makes room and leaves out the marks that are not there any more.
func (y *tally) grow() {
	old := y.list
	y.used = 0
	for _, m := range old {
		if uint32(m) != 0 {
			y.used++
		}
	}
	y.list = make([]uint64, listFor(y.used))
	for _, m := range old {
		if uint32(m) != 0 {
			y.list[y.find(uint32(m>>32))] = m
		}
	}
}

// listFor is how long a list is made for so many marks.
func listFor(used int) int { return used + used/3 + 4 }

// each gives the marks that are there and how often.
func (y *tally) each(do func(mark, times uint32)) {
	for _, m := range y.list {
		if uint32(m) != 0 {
			do(uint32(m>>32), uint32(m))
		}
	}
}

func (y *tally) bytes() int { return 8*cap(y.list) + 64 }

// note adds an event, or takes it away, with the days that Usage tells.
func (y *tally) note(first, last edtf.Day, by int) {
	y.events += int64(by)
	switch {
	case y.events == 0:
		y.stale = false
	case by > 0 && y.events == 1:
		y.first, y.last = first, last
	case by > 0:
		y.first, y.last = min(y.first, first), max(y.last, last)
	case first == y.first || last == y.last:
		y.stale = true
	}
}

// terms are the tallies of what charts are drawn of most.
type terms struct {
	all                                           tally
	types, statuses, datasets, countries, regions []*tally // by their numbers
	countryWords                                  words
	seen                                          []int // by region: the last event that was counted for it
	counted                                       int
}

func newTerms() terms {
	t := terms{seen: make([]int, len(atlas.codes))}
	for range atlas.codes {
		t.regions = append(t.regions, &tally{})
	}
	return t
}

// of gives the tallies of the values of a facet, by their numbers. It gives false for the
// facets that are not counted: tags and actors.
func (t *terms) of(by string) ([]*tally, bool) {
	switch by {
	case timeline.GroupCountry:
		return t.countries, true
	case timeline.GroupType:
		return t.types, true
	case timeline.GroupStatus:
		return t.statuses, true
	case timeline.GroupDataset:
		return t.datasets, true
	}
	return nil, false
}

// of gives the tally of a number, made where there is none.
func of(list *[]*tally, n uint32) *tally {
	for int(n) >= len(*list) {
		*list = append(*list, &tally{})
	}
	return (*list)[n]
}

func (t *terms) bytes() int {
	n := cap(t.all.list)
	for _, list := range [][]*tally{t.types, t.statuses, t.datasets, t.countries, t.regions} {
		for _, y := range list {
			n += cap(y.list) + 8
		}
	}
	return 8 * n
}

// membership is the days on which a country counts as a part of a region.
type membership struct {
	region      int
	first, last edtf.Day
}

// atlas is the regions by their numbers, and those of each country.
var atlas = func() (a struct {
	codes       []string
	memberships map[string][]membership
}) {
	a.memberships = map[string][]membership{}
	for i, region := range country.Regions() {
		a.codes = append(a.codes, region.Code)
		for _, m := range region.Members {
			in := membership{i, math.MinInt32, math.MaxInt32} // an M49 region does not depend on the date
			if region.Kind != "m49" {
				in.first, in.last = dayOf(m.From, in.first), dayOf(m.To, in.last)
			}
			a.memberships[m.Country] = append(a.memberships[m.Country], in)
		}
	}
	return a
}()

// always tells that a membership does not depend on the date.
func (m membership) always() bool { return m.first == math.MinInt32 && m.last == math.MaxInt32 }

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

// touches gives the days that an event can touch, with infinities.
func (s *shape) touches() (earliest, latest edtf.Day) {
	earliest, latest = s.days[0], s.days[3] // an open start is the smallest number already
	if latest == open {
		latest = math.MaxInt32
	}
	return earliest, latest
}

// pair gives the number of a country in a role.
func (t *Table) pair(text string) uint32 {
	id := t.pairs.id(text)
	if int(id) == len(t.pairInfo) {
		role, code, _ := cutPair(t.pairs.list[id])
		t.pairInfo = append(t.pairInfo, pairInfo{role, code, t.terms.countryWords.id(code), atlas.memberships[code]})
	}
	return id
}

// holdMarks finds the marks of a new shape.
func (t *Table) holdMarks(n uint32) {
	for int(n) >= len(t.shapeMarks) {
		t.shapeMarks = append(t.shapeMarks, [2]uint32{})
	}
	var s shape
	text := t.shapes.at(n)
	readShape(text, &s)
	var numbers [2]uint32
	sample := s.sample()
	marks, found := timeline.MarksOf(&sample)
	for i, m := range marks[:found] {
		numbers[i], _ = t.marks.hold(appendMark(nil, m))
	}
	if found == 0 {
		numbers[0], _ = t.marks.hold(append([]byte{byte(whole)}, text...))
	}
	t.shapeMarks[n] = numbers
}

// count adds an event to all its tallies, or takes it away.
func (t *Table) count(r record, by int) {
	marks := t.shapeMarks[r.shape]
	t.eachTally(r, func(y *tally, first, last edtf.Day) {
		for _, m := range marks {
			if m != 0 {
				t.broken = !y.add(m, by) || t.broken
			}
		}
		y.note(first, last, by)
	})
	for b := t.measures.at(r.measures); len(b) > 0; b = b[measureSize:] {
		name, _ := readMeasure(b)
		addTo(&t.measured, name, by)
	}
	for b := t.tags.at(r.tags); len(b) > 0; b = b[4:] {
		addTo(&t.tagged, number4(b), by)
	}
}

// addTo adds to the count of a number.
func addTo(counts *[]int64, n uint32, by int) {
	for int(n) >= len(*counts) {
		*counts = append(*counts, 0)
	}
	(*counts)[n] += int64(by)
}

// eachTally gives the tallies that count an event, and its sort day and last day.
func (t *Table) eachTally(r record, do func(y *tally, first, last edtf.Day)) {
	var s shape
	text := t.shapes.at(r.shape)
	for i := range s.days {
		s.days[i] = readDay(text[1+4*i:])
	}
	first, last := s.usage()
	do(&t.terms.all, first, last)
	c := readClass(t.classes.at(r.class))
	do(of(&t.terms.types, c.kind), first, last)
	do(of(&t.terms.statuses, c.status), first, last)
	do(of(&t.terms.datasets, c.dataset), first, last)
	earliest, latest := s.touches()
	t.terms.counted++
	roles := t.roles.at(r.roles)
	for i := range len(roles) / 2 {
		info := &t.pairInfo[number(roles, i)]
		if !t.hasCountry(roles[:2*i], info.country) {
			do(of(&t.terms.countries, info.country), first, last)
		}
		for _, m := range info.regions {
			if m.first <= latest && m.last >= earliest && t.terms.seen[m.region] != t.terms.counted {
				t.terms.seen[m.region] = t.terms.counted
				do(t.terms.regions[m.region], first, last)
			}
		}
	}
}

// hasCountry tells whether a country stands among pairs.
func (t *Table) hasCountry(roles []byte, country uint32) bool {
	for i := range len(roles) / 2 {
		if t.pairInfo[number(roles, i)].country == country {
			return true
		}
	}
	return false
}

// usage gives the days that timeline.Usage tells: the sort day and the last day.
func (s *shape) usage() (first, last edtf.Day) {
	first = s.days[0]
	if first == open {
		first = s.days[3]
	}
	return first, max(first, s.days[3])
}
