package timeline

// GroupChart makes a chart by groups for whoever counts the events of each group: the
// builder has the events without their groups, those together that are alike, and is
// told how many of them each group has. Measures are not for it.
type GroupChart struct {
	plotter
	chart Chart
	shown []string
	other bool
	total fixed
	sums  []series

	months *MonthCount // of whose marks the chart is made, or nil
}

// Reach gives for each call of AddTimes, or what MonthChart has added in its place, the
// number of buckets that its events possibly lie in. Groups are ranked by the sum of them.
// Its error is that of Chart.
func (c *ChartBuilder) Reach() ([]int32, error) {
	axis, err := c.axis()
	if err != nil {
		return nil, err
	}
	p := plotter{ChartBuilder: c, axis: axis}
	reach := make([]int32, 0, c.size)
	for e := range p.all() {
		buckets := 0
		for _, s := range p.reach(e) {
			buckets += s.last - s.first + 1
		}
		if n := axis.buckets(); e.form == ended && n > 0 {
			buckets = min(axis.at(e.days[3])+1, n) - n // those behind its end
		}
		reach = append(reach, int32(buckets))
	}
	return reach, nil
}

// Groups begins a chart that shows groups of these values, in this order, and the
// others if there are any.
func (c *ChartBuilder) Groups(shown []string, other bool) (*GroupChart, error) {
	g := &GroupChart{chart: Chart{By: c.query.By, Measure: c.query.Measure, GroupBy: c.query.GroupBy}, shown: shown, other: other}
	axis, err := c.axis()
	if err != nil {
		return nil, err
	}
	g.chart.Interval = axis.interval
	g.plotter = plotter{ChartBuilder: c, axis: axis, scale: c.scale()}
	g.sums = make([]series, 2+len(shown))
	for i := range g.sums {
		g.sums[i] = make(series, rows*(axis.buckets()+1))
	}
	return g, nil
}

// Add says of the events of the i-th call of AddTimes, see Reach, how many each shown group
// has, and behind these how many have a value that is not shown. Each i is to be added
// once.
func (g *GroupChart) Add(i int, times []uint32) {
	e := g.events[i/block][i%block]
	all := e.times
	e.times = 1
	weight := g.weigh(&e)
	additions := g.plot(&e)
	g.sums[0].addTimes(additions, all)
	weight = weight.times(uint64(all))
	g.total.add(&weight)
	for group, n := range times {
		if n > 0 {
			g.sums[1+group].addTimes(additions, n)
		}
	}
}

// addTimes adds what so many events add that are alike.
func (s series) addTimes(additions []addition, times uint32) {
	for i := range additions {
		amount := additions[i].amount.times(uint64(times))
		s[additions[i].cell].add(&amount)
	}
}

// Chart makes the chart. Its error is ErrGivenUp.
func (g *GroupChart) Chart() (Chart, error) {
	if g.givenUp {
		return Chart{}, ErrGivenUp
	}
	g.finish(&g.chart, g.total, g.sums, g.shown, g.other)
	if g.months != nil {
		g.chart.Total = float64(g.months.total)
	}
	return g.chart, nil
}
