package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// conditions collects the WHERE of a statement about the row alias e (a version
// of an event) with its named arguments.
type conditions struct {
	sql  []string
	args pgx.NamedArgs
}

func (c *conditions) add(sql string) { c.sql = append(c.sql, sql) }

// where joins the conditions with AND: "true" when there are none.
func (c *conditions) where() string {
	if len(c.sql) == 0 {
		return "true"
	}
	return strings.Join(c.sql, "\n  AND ")
}

// after adds that the row stands behind a place in the order of pages.
func (c *conditions) after(order timeline.Order, after *timeline.Position) {
	if after == nil {
		return
	}
	comparison := ">"
	if order == timeline.Descending {
		comparison = "<"
	}
	c.args["after_day"], c.args["after_id"] = int32(after.Day), after.ID
	c.add("(e.sort_day, e.id) " + comparison + " (DATE '1970-01-01' + @after_day::int, @after_id::text COLLATE \"C\")")
}

// Days go to and fro as integers, days since 1970-01-01: years before 1 do not
// survive time.Time and the text format.
const (
	fromDay = `(DATE '1970-01-01' + @from::int)`
	toDay   = `(DATE '1970-01-01' + @to::int)`
)

// rowConditions states the whole filter on the row. With keyed, what the ordered
// index answers by itself (terms, and the window of events without gaps) is left out.
func rowConditions(f *timeline.Filter, args pgx.NamedArgs, keyed bool) *conditions {
	c := &conditions{args: args}
	if f.Window.From.Known {
		args["from"] = int32(f.Window.From.Day)
	}
	if f.Window.To.Known {
		args["to"] = int32(f.Window.To.Day)
	}
	if f.HasWindow() && (!keyed || !windowByKeys(f)) {
		c.add(windowCondition(f))
	}
	if f.On != (timeline.MonthDay{}) && !keyed {
		args["on_month"], args["on_day"] = f.On.Month, f.On.Day
		c.add(`e.start_earliest = e.start_latest AND extract(month FROM e.start_earliest) = @on_month AND extract(day FROM e.start_earliest) = @on_day`)
	}
	if len(f.IDs) > 0 {
		args["ids"] = f.IDs
		c.add(`e.id = ANY(@ids::text[])`)
	}
	c.places(f, keyed)
	if !keyed {
		c.words(f)
	}
	if len(f.Statuses) > 0 && (!keyed || !statusByTerms(f)) {
		args["statuses"] = f.Statuses
		c.add(`e.status = ANY(@statuses::text[])`)
	}
	if len(f.Words) > 0 {
		args["query"] = searchQuery(f.Words)
		if keyed { // frequent words: not by their index, and the planner takes unknown ones for rare
			c.add(`coalesce(e.search @@ @query::tsquery, false)`)
		} else {
			c.add(`e.search @@ @query::tsquery`)
		}
	}
	if f.BBox != nil {
		c.box(f.BBox)
	}
	if f.MinSources > 0 && (!keyed || f.MinSources != timeline.TermedSources) {
		args["min_sources"] = f.MinSources
		c.add(`e.sources >= @min_sources`)
	}
	return c
}

// windowByKeys tells whether the ordered index answers the window by itself, but for
// the gaps of set dates.
func windowByKeys(f *timeline.Filter) bool {
	mode := matchMode(f)
	return mode == edtf.ModePossible || mode == edtf.ModeWithin
}

// statusByTerms tells whether every status that is asked for has a term.
func statusByTerms(f *timeline.Filter) bool {
	return len(f.Statuses) > 0 && !slices.Contains(f.Statuses, timeline.UsualStatus)
}

// words adds the lists that terms answer too.
func (c *conditions) words(f *timeline.Filter) {
	if len(f.Types) > 0 {
		var types []string
		for _, t := range f.Types {
			types = append(types, timeline.TypeWithChildren(t)...)
		}
		c.args["types"] = types
		c.add(`e.type = ANY(@types::text[])`)
	}
	if len(f.Datasets) > 0 {
		c.args["datasets"] = f.Datasets
		c.add(`e.dataset = ANY(@datasets::text[])`)
	}
	if len(f.Tags) > 0 {
		c.args["tags"] = f.Tags
		c.add(`e.tags && @tags::text[]`)
	}
	if f.Actor != "" {
		c.args["actor"] = f.Actor
		c.add(`@actor::text = ANY(e.actors)`)
	}
}

// places adds countries, their roles and regions. Where roles are asked for,
// countries and the countries of regions count in these roles alone.
func (c *conditions) places(f *timeline.Filter, keyed bool) {
	roles := f.Roles
	if len(roles) > 0 {
		c.args["roles"] = roles
		if len(f.Countries) == 0 && len(f.Regions) == 0 {
			c.add(`EXISTS (SELECT FROM unnest(e.country_roles) AS r(v) WHERE split_part(r.v, ':', 1) = ANY(@roles::text[]))`)
		}
	}
	column, listed := "e.countries", func(codes []string) []string { return codes }
	if len(roles) > 0 {
		column, listed = "e.country_roles", func(codes []string) []string { return pairs(roles, codes) }
	}
	var all []string
	for _, codes := range f.Countries {
		all = append(all, listed(codes)...)
	}
	byTerms := keyed && len(roles) == 0
	switch {
	case len(f.Countries) == 0:
	case f.CountryMatch == timeline.CountryAll:
		if byTerms {
			break
		}
		for i, codes := range f.Countries {
			name := fmt.Sprintf("countries%d", i)
			c.args[name] = listed(codes)
			c.add(column + ` && @` + name + `::text[]`)
		}
	case f.CountryMatch == timeline.CountryOnly:
		c.args["countries"] = all
		if !byTerms {
			c.add(column + ` && @countries::text[]`)
		}
		if len(roles) == 0 {
			c.add(`e.countries <@ @countries::text[]`)
		} else {
			c.add(`NOT EXISTS (SELECT FROM unnest(e.country_roles) AS r(v)
			       WHERE split_part(r.v, ':', 1) = ANY(@roles::text[]) AND NOT r.v = ANY(@countries::text[]))`)
		}
	case !byTerms:
		c.args["countries"] = all
		c.add(column + ` && @countries::text[]`)
	}
	if len(f.Regions) > 0 && !byTerms {
		asked := roles
		if len(asked) == 0 {
			asked = timeline.Roles
		}
		c.args["regions"] = pairs(asked, f.Regions)
		c.add(`e.region_roles && @regions::text[]`)
	}
}

// pairs gives "role:code" for every role and code.
func pairs(roles, codes []string) []string {
	list := make([]string, 0, len(roles)*len(codes))
	for _, r := range roles {
		for _, code := range codes {
			list = append(list, r+":"+code)
		}
	}
	return list
}

func (c *conditions) box(b *timeline.BBox) {
	c.args["west"], c.args["south"], c.args["east"], c.args["north"] = b.West, b.South, b.East, b.North
	c.add(`e.latitude BETWEEN @south AND @north`)
	if b.West <= b.East {
		c.add(`e.longitude BETWEEN @west AND @east`)
	} else {
		c.add(`(e.longitude >= @west OR e.longitude <= @east)`)
	}
}

// searchQuery makes a tsquery of folded words: all of them, those of three letters
// and more also as prefixes. The words hold letters and digits only.
func searchQuery(words []string) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(timeline.ClipWord(w)) + "'"
		if len([]rune(w)) >= 3 {
			parts[i] += ":*"
		}
	}
	return strings.Join(parts, " & ")
}

func matchMode(f *timeline.Filter) edtf.Mode {
	if f.Match == "" {
		return edtf.ModePossible
	}
	return f.Match
}

// windowCondition states the four modes of dates.md on the row. NULL bounds carry
// their sign by their place: start_latest is minus infinity where start_earliest
// is open, else plus infinity; end_earliest is plus infinity where end_latest is
// open, else minus infinity.
func windowCondition(f *timeline.Filter) string {
	from, to := f.Window.From.Known, f.Window.To.Known
	switch matchMode(f) {
	case edtf.ModeCertain:
		plain := all(
			when(to, `(e.start_latest <= `+toDay+` OR e.start_latest IS NULL AND e.start_earliest IS NULL)`),
			when(from, `(e.end_earliest >= `+fromDay+` OR e.end_earliest IS NULL AND e.end_latest IS NULL)`))
		inside := all(when(to, `s.hi <= `+toDay), when(from, `s.lo >= `+fromDay))
		// A NULL bound of a span is open, hence not inside: IS NOT TRUE counts it as outside.
		return `NOT e.uncertain AND NOT e.approximate AND CASE e.set_kind
			WHEN 0 THEN ` + plain + `
			WHEN 1 THEN NOT EXISTS (SELECT FROM ` + spans + ` WHERE s.use & 2 <> 0 AND (` + inside + `) IS NOT TRUE)
			ELSE EXISTS (SELECT FROM ` + spans + ` WHERE s.use & 2 <> 0 AND (` + inside + `)) END`
	case edtf.ModeWithin:
		return all(when(from, `e.start_earliest >= `+fromDay), when(to, `e.end_latest <= `+toDay))
	case edtf.ModeStarts:
		return all(
			when(to, `(e.start_earliest <= `+toDay+` OR e.start_earliest IS NULL)`),
			when(from, `(e.start_latest >= `+fromDay+` OR e.start_latest IS NULL AND e.start_earliest IS NOT NULL)`),
			setCondition(f, 4))
	default:
		return all(
			when(to, `(e.start_earliest <= `+toDay+` OR e.start_earliest IS NULL)`),
			when(from, `(e.end_latest >= `+fromDay+` OR e.end_latest IS NULL)`),
			setCondition(f, 1))
	}
}

// spans are the spans of a set date.
const spans = `unnest(e.set_lo, e.set_hi, e.set_use) AS s(lo, hi, use)`

// setCondition states that, for a set date, one of the spans of a use overlaps the window.
func setCondition(f *timeline.Filter, use int) string {
	overlap := all(
		when(f.Window.To.Known, `(s.lo <= `+toDay+` OR s.lo IS NULL)`),
		when(f.Window.From.Known, `(s.hi >= `+fromDay+` OR s.hi IS NULL)`))
	return fmt.Sprintf(`(e.set_kind = 0 OR EXISTS (SELECT FROM %s WHERE s.use & %d <> 0 AND %s))`, spans, use, overlap)
}

// when gives the condition if it applies, else nothing.
func when(applies bool, sql string) string {
	if applies {
		return sql
	}
	return ""
}

// all joins the conditions that are there with AND.
func all(conditions ...string) string {
	var kept []string
	for _, c := range conditions {
		if c != "" {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return "true"
	}
	return "(" + strings.Join(kept, " AND ") + ")"
}
