package timeline

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// The ways to place an event in time: where it may have begun, or in every bucket
// that it lasts through.
const (
	ByStart  = "start"
	ByActive = "active"
)

// MeasureEvents counts events; any other measure is summed.
const MeasureEvents = "events"

// What charts and facets group by. GroupNone is for charts, GroupActor and GroupTag
// are for facets.
const (
	GroupNone    = "none"
	GroupCountry = "country"
	GroupType    = "type"
	GroupStatus  = "status"
	GroupDataset = "dataset"
	GroupActor   = "actor"
	GroupTag     = "tag"
)

// The words of a chart's parameters, the default first.
var (
	ChartBys    = []string{ByStart, ByActive}
	ChartGroups = []string{GroupNone, GroupCountry, GroupType, GroupStatus, GroupDataset}
)

// MaxGroups is how many groups a chart shows beside GroupOther.
const MaxGroups = 20

// GroupOther is the value of the group of all values that are not shown. It is the
// last group and there is none where all are shown. A type is called so too: told
// apart by the place and the label.
const GroupOther = "other"

// ChartQuery asks for a chart. Empty words are the defaults: auto, start, events,
// none.
type ChartQuery struct {
	Filter
	Interval Interval
	By       string
	Measure  string
	GroupBy  string

	// GiveUp is asked now and then while the chart is made, which ends with ErrGivenUp once
	// it gives true. nil: it may take as long as it needs.
	GiveUp func() bool
}

// ErrGivenUp is the error of a chart, a facet or a count whose maker was told to give up.
var ErrGivenUp = errors.New("timeline: given up")

// Chart is how many events there are, or how much of a measure, in each bucket of
// time. Interval is the one that was used, never auto.
//
// The axis runs from the first to the last known day of the events of the filter,
// whatever By is, cut to the filter's window. Known days are those of the four (see
// edtf.Bounds) that are not open, and of a set those of its members too.
// Buckets are whole weeks, months and so on, but for the ends of the window: Start
// and End of the first and last bucket never lie outside it, nor outside of what a
// window can name (edtf.MinDay to MaxDay). So the days counted in a bucket are
// exactly those from Start to End. There are no buckets where no event has a known
// day within the window.
//
// Total is the number of events that the filter keeps, or the sum of the measure
// over them, also of those that are in no bucket: an event that lasts into the
// window but began before it is in no bucket by start.
type Chart struct {
	Interval Interval
	By       string
	Measure  string
	GroupBy  string
	Buckets  []Bucket
	Groups   []Group
	Total    float64
}

// Bucket is the events of some days, both ends inclusive: those that are certain to
// lie in it, those that possibly do, and as many as are to be expected. Certain <=
// Expected <= Possible. All sums are rounded to six decimals.
type Bucket struct {
	Start, End                  edtf.Day
	Certain, Possible, Expected float64
}

// Group is the same buckets for the events with one value. Groups go from the
// highest to the lowest sum of Possible over their buckets, then by value.
type Group struct {
	Value   string
	Label   Text
	Buckets []Bucket
}

// ChartBuilder takes the events of a chart, in any order, and then makes it. It keeps
// about 60 bytes of each, or of as many as are alike and were added together.
type ChartBuilder struct {
	query   ChartQuery
	events  [][]chartEvent // in blocks, so that growing copies nothing
	size    int            // of events
	number  int            // of the events that they stand for
	spans   []daySpan
	groups  []uint32 // of all events, see chartEvent
	values  []string // of groups
	ids     map[string]uint32
	first   edtf.Day // the known days of all events
	last    edtf.Day
	largest float64
	summing bool    // see MonthChart.AddSum
	sums    []fixed // of events that were added up
}

// chartEvent is what is kept of an event.
type chartEvent struct {
	days     [4]edtf.Day // of a lasting event; of one day of a single span, the first two
	span     uint32      // its spans in ChartBuilder.spans
	group    uint32      // its values in ChartBuilder.groups
	spans    uint16
	groups   uint16
	form     chartForm
	doubtful bool   // uncertain or approximate: never certain
	times    uint32 // how many events it stands for
	sum      uint32 // the place in ChartBuilder.sums, behind 0, of what is in the weight's place
	weight   float64
}

// chartForm is how an event takes its place in time.
type chartForm uint8

const (
	oneDay  chartForm = iota // on one unknown day of its spans
	lasting                  // from a start to an end
	allOf                    // on each of the members of a set
	ended                    // not on the days after an end: takes away from what began
)

// daySpan is some days, both ends inclusive, or an infinity for an open side. Of an
// event of form oneDay they are in order and disjoint. Of a set of form allOf they
// are its members: a single date, or a range, which is followed by one span for each
// of its ends that is known.
type daySpan struct {
	lo, hi         edtf.Day
	isRange, isEnd bool
}

const (
	minusInfinity edtf.Day = math.MinInt32
	plusInfinity  edtf.Day = math.MaxInt32
)

func dayOr(b edtf.Bound, infinity edtf.Day) edtf.Day {
	if b.Known {
		return b.Day
	}
	return infinity
}

func infinite(d edtf.Day) bool { return d == minusInfinity || d == plusInfinity }

// signedDays gives the four days with the infinities that open ones stand for.
func signedDays(b edtf.Bounds) [4]edtf.Day {
	startOpen, endOpen := plusInfinity, minusInfinity
	if !b.StartEarliest.Known {
		startOpen = minusInfinity
	}
	if !b.EndLatest.Known {
		endOpen = plusInfinity
	}
	return [4]edtf.Day{
		dayOr(b.StartEarliest, minusInfinity), dayOr(b.StartLatest, startOpen),
		dayOr(b.EndEarliest, endOpen), dayOr(b.EndLatest, plusInfinity),
	}
}

// block is how many events are kept together.
const block = 1024

// NewChartBuilder makes a builder without events.
func NewChartBuilder(q ChartQuery) *ChartBuilder {
	q.By = cmp.Or(q.By, ByStart)
	q.Measure = cmp.Or(q.Measure, MeasureEvents)
	q.GroupBy = cmp.Or(q.GroupBy, GroupNone)
	return &ChartBuilder{query: q, ids: map[string]uint32{}, first: plusInfinity, last: minusInfinity}
}

// Add takes an event. The sample is not used after the call.
func (c *ChartBuilder) Add(s *Sample) { c.AddTimes(s, 1) }

// AddTimes takes so many events that differ in nothing a sample tells.
func (c *ChartBuilder) AddTimes(s *Sample, times uint32) {
	c.extend(s.StartEarliest, s.StartLatest, s.EndEarliest, s.EndLatest)
	for _, span := range s.Spans {
		c.extend(span.Lo, span.Hi)
	}
	e := chartEvent{
		days: signedDays(s.Bounds), span: uint32(len(c.spans)), group: uint32(len(c.groups)),
		doubtful: s.Uncertain || s.Approximate, times: times,
	}
	switch {
	case c.query.Measure == MeasureEvents:
		e.weight = 1
	case s.HasMeasure:
		e.weight = s.Measure
	}
	c.largest = max(c.largest, e.weight)
	switch {
	case s.Set == edtf.AllOf && c.query.By == ByActive:
		e.form = allOf
		c.keepMembers(s.Spans)
	case s.Set != edtf.NotSet:
		c.keepDays(s.Spans)
	case c.query.By == ByActive:
		e.form = lasting
	}
	e.spans = uint16(len(c.spans) - int(e.span))
	c.keepGroups(s)
	e.groups = uint16(len(c.groups) - int(e.group))
	c.keep(e)
}

func (c *ChartBuilder) keep(e chartEvent) {
	if c.size%block == 0 {
		c.events = append(c.events, make([]chartEvent, 0, block))
	}
	last := &c.events[len(c.events)-1]
	*last = append(*last, e)
	c.size++
	c.number += int(e.times)
}

// extend notes the known ones of some days. Those of a set are more than its four: the
// bounded start of {2021,2023..} lies before an open one, which hides its last day.
func (c *ChartBuilder) extend(days ...edtf.Bound) {
	for _, d := range days {
		if d.Known {
			c.first, c.last = min(c.first, d.Day), max(c.last, d.Day)
		}
	}
}

// keepDays keeps the days on which a set may have begun, in order and disjoint. Of
// a one-of set these are all its days, the event being on one of them.
func (c *ChartBuilder) keepDays(spans []edtf.MatchSpan) {
	from := len(c.spans)
	for _, s := range spans {
		if s.Starts {
			c.spans = append(c.spans, daySpan{lo: dayOr(s.Lo, minusInfinity), hi: dayOr(s.Hi, plusInfinity)})
		}
	}
	found := c.spans[from:]
	slices.SortFunc(found, func(a, b daySpan) int { return cmp.Compare(a.lo, b.lo) })
	kept := found[:0]
	for _, s := range found {
		if n := len(kept); n > 0 && s.lo <= kept[n-1].hi {
			kept[n-1].hi = max(kept[n-1].hi, s.hi)
			continue
		}
		kept = append(kept, s)
	}
	c.spans = c.spans[:from+len(kept)]
}

// keepMembers keeps the members of an all-of set in order, ranges with their named
// ends behind them.
func (c *ChartBuilder) keepMembers(spans []edtf.MatchSpan) {
	for _, s := range spans {
		c.spans = append(c.spans, daySpan{
			lo: dayOr(s.Lo, minusInfinity), hi: dayOr(s.Hi, plusInfinity), isRange: s.Possible && !s.Certain, isEnd: !s.Possible,
		})
	}
}

// AddGroups makes the groups of a sample known, which then are in the chart even where
// they have none of its measure.
func (c *ChartBuilder) AddGroups(s *Sample) {
	from := len(c.groups)
	c.keepGroups(s)
	c.groups = c.groups[:from]
}

func (c *ChartBuilder) keepGroups(s *Sample) {
	for _, value := range s.Groups(c.query.GroupBy) {
		c.keepGroup(value)
	}
}

func (c *ChartBuilder) keepGroup(value string) {
	id, ok := c.ids[value]
	if !ok {
		id = uint32(len(c.values))
		value = strings.Clone(value)
		c.values = append(c.values, value)
		c.ids[value] = id
	}
	c.groups = append(c.groups, id)
}

// Chart makes the chart of the events that were added. Its error is an *Error (the
// interval makes too many buckets) or ErrGivenUp.
func (c *ChartBuilder) Chart() (Chart, error) {
	chart := Chart{By: c.query.By, Measure: c.query.Measure, GroupBy: c.query.GroupBy}
	axis, err := c.axis()
	if err != nil {
		return Chart{}, err
	}
	chart.Interval = axis.interval
	p := plotter{ChartBuilder: c, axis: axis, scale: c.scale()}
	shown, other := p.rank()
	total, sums := p.sum(shown, other)
	if p.givenUp {
		return Chart{}, ErrGivenUp
	}
	values := make([]string, len(shown))
	for i, id := range shown {
		values[i] = c.values[id]
	}
	p.finish(&chart, total, sums, values, other)
	return chart, nil
}

// finish fills a chart: the sums are of all events, of those of the groups shown, and,
// where there are others, of these.
func (p *plotter) finish(c *Chart, total fixed, sums []series, shown []string, other bool) {
	c.Total = p.scale.float(total)
	c.Buckets = sums[0].buckets(p)
	for i, value := range shown {
		c.Groups = append(c.Groups, Group{value, labelOf(c.GroupBy, value), sums[1+i].buckets(p)})
	}
	if other {
		c.Groups = append(c.Groups, Group{GroupOther, labels("غير ذلك", "All others", "Tous les autres"), sums[1+len(shown)].buckets(p)})
	}
}

// chartAxis is the buckets of a chart: bucket i goes from edges[i] to the day before
// edges[i+1].
type chartAxis struct {
	interval Interval
	ordinal  int // of the first bucket
	edges    []edtf.Day
}

// axis cuts the known days of the events to the window and lays buckets over them.
func (c *ChartBuilder) axis() (chartAxis, error) {
	from := max(dayOr(c.query.Window.From, edtf.MinDay), edtf.MinDay)
	to := min(dayOr(c.query.Window.To, edtf.MaxDay), edtf.MaxDay)
	first, last := max(from, c.first), min(to, c.last)
	if first > last {
		interval := c.query.Interval
		if interval.auto() {
			interval = lengths[0]
		}
		return chartAxis{interval: interval}, nil
	}
	interval, err := c.query.Interval.fit(first, last)
	if err != nil {
		return chartAxis{}, err
	}
	a := chartAxis{interval: interval, ordinal: interval.ordinal(first)}
	n := interval.buckets(first, last)
	a.edges = make([]edtf.Day, 0, n+1)
	for i := range n + 1 {
		a.edges = append(a.edges, interval.first(a.ordinal+i))
	}
	a.edges[0], a.edges[n] = max(a.edges[0], from), min(a.edges[n], to+1)
	return a, nil
}

// buckets counts the buckets.
func (a *chartAxis) buckets() int { return max(0, len(a.edges)-1) }

// at gives the bucket of a day: -1 before the first, their number after the last.
func (a *chartAxis) at(d edtf.Day) int {
	n := len(a.edges) - 1
	switch {
	case d < a.edges[0]:
		return -1
	case d >= a.edges[n]:
		return n
	}
	return a.interval.ordinal(d) - a.ordinal
}

// stretch is some buckets, the last one included; none where last < first.
type stretch struct{ first, last int }

// within gives the buckets that hold a day of lo or later and one of hi or earlier:
// where lo <= hi, those that the days lie in.
func (a *chartAxis) within(lo, hi edtf.Day) stretch {
	return stretch{max(a.at(lo), 0), min(a.at(hi), a.buckets()-1)}
}

// AppendJSON appends the answer with the revision that it is of.
func (c *Chart) AppendJSON(b []byte, revision int64) []byte {
	const ofBucket, around = 96, 512 // bytes, about
	b = slices.Grow(b, around+(ofBucket*len(c.Buckets)+around)*(1+len(c.Groups)))
	b = append(b, `{"interval":`...)
	b = AppendString(b, string(c.Interval))
	b = append(b, `,"by":`...)
	b = AppendString(b, c.By)
	b = append(b, `,"measure":`...)
	b = AppendString(b, c.Measure)
	b = append(b, `,"group_by":`...)
	b = AppendString(b, c.GroupBy)
	b = append(b, `,"buckets":`...)
	b = appendList(b, c.Buckets, appendBucket)
	b = append(b, `,"groups":`...)
	b = appendList(b, c.Groups, appendGroup)
	b = append(b, `,"total":`...)
	b = AppendNumber(b, c.Total)
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, revision, 10)
	return append(b, '}')
}

func appendBucket(b []byte, v Bucket) []byte {
	b = append(b, `{"start":"`...)
	b = v.Start.AppendTo(b)
	b = append(b, `","end":"`...)
	b = v.End.AppendTo(b)
	b = append(b, `","certain":`...)
	b = AppendNumber(b, v.Certain)
	b = append(b, `,"possible":`...)
	b = AppendNumber(b, v.Possible)
	b = append(b, `,"expected":`...)
	b = AppendNumber(b, v.Expected)
	return append(b, '}')
}

func appendGroup(b []byte, g Group) []byte {
	b = append(b, `{"value":`...)
	b = AppendString(b, g.Value)
	b = append(b, `,"label":`...)
	b = AppendText(b, g.Label)
	b = append(b, `,"buckets":`...)
	b = appendList(b, g.Buckets, appendBucket)
	return append(b, '}')
}
