package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// scan is the ordered index's part of a query: the terms whose postings are
// walked, and those that must hold besides. All its conditions hold at once.
type scan struct {
	driver []int32   // any of them
	others [][]int32 // each: any of them
	empty  bool      // a term that no event of today has was asked for
}

// maxDriverTerms bounds the branches of a statement: six for each term.
const maxDriverTerms = 8

// planScan picks the terms of a filter, or gives nil where the row must be asked
// instead: for listed ids, for words (which have an index of their own) and for
// the past, which has no postings.
func (s *Store) planScan(ctx context.Context, f *timeline.Filter) (*scan, error) {
	if len(f.IDs) > 0 || len(f.Words) > 0 || f.AsOf != nil {
		return nil, nil
	}
	return s.planTerms(ctx, f)
}

// planPage is planScan for a few events in page order: what very many events have, a
// word or that they have not changed since a revision, is looked for on the way along
// the terms.
func (s *Store) planPage(ctx context.Context, f *timeline.Filter) (*scan, error) {
	many, err := true, error(nil)
	switch {
	case len(f.IDs) > 0, len(f.Words) > 0 && f.AsOf != nil:
		return nil, nil
	case len(f.Words) > 0:
		many, err = s.expectsMany(ctx, `e.search @@ @query::tsquery`, pgx.NamedArgs{"query": searchQuery(f.Words)})
	case f.AsOf != nil:
		many, err = s.expectsMany(ctx, `e.revision <= @as_of`, pgx.NamedArgs{"as_of": *f.AsOf})
	}
	if err != nil || !many {
		return nil, err
	}
	return s.planTerms(ctx, f)
}

// planExport is planPage where all pages are read one after the other: then what has
// changed since a revision would be sorted for each of them.
func (s *Store) planExport(ctx context.Context, f *timeline.Filter) (*scan, error) {
	if f.AsOf != nil {
		return nil, nil
	}
	return s.planPage(ctx, f)
}

// planTerms picks the list of terms to walk: the rarest.
func (s *Store) planTerms(ctx context.Context, f *timeline.Filter) (*scan, error) {
	lists := termLists(f)
	ids, err := s.termIDs(ctx, slices.Concat(lists...), false)
	if err != nil {
		return nil, err
	}
	var known [][]int32
	for _, list := range lists {
		var some []int32
		for _, t := range list {
			if id, ok := ids[t]; ok {
				some = append(some, id)
			}
		}
		if len(some) == 0 {
			return &scan{empty: true}, nil
		}
		known = append(known, some)
	}
	p := &scan{driver: []int32{allTerm}}
	driver := -1
	if len(known) > 0 {
		shares := s.termShares(ctx, len(known) > 1)
		rarest := math.Inf(1)
		for i, list := range known {
			share := 0.0
			for _, id := range list {
				share += shares[id]
			}
			if len(list) <= maxDriverTerms && share < rarest { // of equals the first
				driver, rarest = i, share
			}
		}
	}
	for i, list := range known {
		if i == driver {
			p.driver = list
		} else {
			p.others = append(p.others, list)
		}
	}
	return p, nil
}

// termLists gives the lists of terms that must each hold, those of kinds that are
// usually the most selective first. In which role a country takes part is a matter of
// the row besides.
func termLists(f *timeline.Filter) [][]timeline.Term {
	var lists [][]timeline.Term
	add := func(kind string, values []string) {
		if len(values) == 0 {
			return
		}
		var list []timeline.Term
		for _, v := range values {
			if t := (timeline.Term{Kind: kind, Value: v}); !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
		lists = append(lists, list)
	}
	if f.Actor != "" {
		add(timeline.TermActor, []string{f.Actor})
	}
	if f.On != (timeline.MonthDay{}) {
		lists = append(lists, []timeline.Term{timeline.DayTerm(f.On)})
	}
	add(timeline.TermTag, f.Tags)
	if f.CountryMatch == timeline.CountryAll {
		for _, codes := range f.Countries {
			add(timeline.TermCountry, codes)
		}
	} else {
		add(timeline.TermCountry, slices.Concat(f.Countries...))
	}
	if statusByTerms(f) {
		add(timeline.TermStatus, f.Statuses)
	}
	add(timeline.TermType, f.Types)
	add(timeline.TermRegion, f.Regions)
	if f.MinSources >= timeline.TermedSources {
		lists = append(lists, []timeline.Term{timeline.SourcesTerm()})
	}
	add(timeline.TermDataset, f.Datasets)
	return lists
}

// probe ends a condition that is to be asked of one key after the other, in the order of
// the driver. Without it Postgres makes joins of them, and one plan for all arguments
// sometimes walks the other term from end to end, which may be most of all events.
const probe = " OFFSET 0"

// keysSQL gives a statement of (sort_day, id) of all events that the filter keeps,
// in page order, without a limit (with AsOf, of those that have not changed since): for each term and span class one ordered range
// scan of the index, merged. Neither the branches' order nor the missing LIMIT in
// them is an oversight: see data-model.md's measurements in the design notes.
func keysSQL(p *scan, f *timeline.Filter, order timeline.Order, after *timeline.Position, args pgx.NamedArgs) string {
	keys, _ := orderedSQL(p, f, order, after, args, false)
	return keys
}

// orderedSQL is keysSQL. With docs, a row that is looked at anyhow gives its document, too,
// unless an event can be found by several terms; that is told.
func orderedSQL(p *scan, f *timeline.Filter, order timeline.Order, after *timeline.Position, args pgx.NamedArgs, docs bool) (keys string, withDocs bool) {
	conditions := rowConditions(f, args, true)
	if f.AsOf != nil {
		args["as_of"] = *f.AsOf
		conditions.add("e.revision + 0 <= @as_of") // not by the index of revisions: by the id
	}
	var extra strings.Builder
	columns, row := "k.sort_day, k.id", ""
	withDocs = docs && len(conditions.sql) > 0 && len(p.driver) == 1
	switch {
	case withDocs:
		columns += ", k.doc"
		row = " CROSS JOIN LATERAL (SELECT e.doc FROM event e WHERE e.id = k.id AND " + conditions.where() + probe + ") e"
	case len(conditions.sql) > 0:
		extra.WriteString("\n  AND EXISTS (SELECT FROM event e WHERE e.id = k.id AND " + conditions.where() + probe + ")")
	}
	if f.HasWindow() && matchMode(f) == edtf.ModePossible {
		extra.WriteString("\n  AND (NOT k.gaps OR EXISTS (SELECT FROM event e WHERE e.id = k.id AND " + setCondition(f, 1) + probe + "))")
	}
	for i, terms := range p.others {
		name := fmt.Sprintf("other%d", i)
		among := "= ANY(@" + name + "::int[])"
		if args[name] = terms; len(terms) == 1 { // an equality, which a generic plan can tell the size of
			args[name], among = terms[0], "= @"+name
		}
		extra.WriteString("\n  AND EXISTS (SELECT FROM event_key x WHERE x.term " + among + " AND x.span = k.span AND x.sort_day = k.sort_day AND x.id = k.id" + probe + ")")
	}
	direction := ""
	if order == timeline.Descending {
		direction = " DESC"
	}
	var branches []string
	for i, term := range p.driver {
		name := fmt.Sprintf("term%d", i)
		args[name] = term
		for span := timeline.SpanDay; span <= timeline.SpanOpenStart; span++ {
			if span == timeline.SpanOpenStart && f.Window.From.Known && matchMode(f) == edtf.ModeWithin {
				continue // what began at no known day does not lie within
			}
			branches = append(branches, fmt.Sprintf(
				"(SELECT %s FROM event_key k%s\nWHERE k.term = @%s AND k.span = %d%s%s\nORDER BY k.sort_day%s, k.id%s)",
				strings.Replace(columns, "k.doc", "e.doc", 1), row, name, span, spanBounds(f, span, order, after, args), extra.String(), direction, direction))
		}
	}
	distinct := ""
	if len(p.driver) > 1 { // an event has each term once, but may have several of them
		distinct = "DISTINCT "
	}
	return "SELECT " + distinct + columns + " FROM (\n" + strings.Join(branches, "\nUNION ALL\n") +
		"\n) k ORDER BY k.sort_day" + direction + ", k.id" + direction, withDocs
}

// spanBounds gives the bounds of a class's range scan: it begins before the window by
// the longest span of the class. Class 5 is sorted by its end, so the window's end does
// not bound it, unless what ends after the window is left out. A page that begins
// behind another event begins there; of that and the window's edge only the further one
// is said, for Postgres might begin its scan at the other.
func spanBounds(f *timeline.Filter, span int, order timeline.Order, after *timeline.Position, args pgx.NamedArgs) string {
	var b strings.Builder
	within := matchMode(f) == edtf.ModeWithin
	from, to := f.Window.From, f.Window.To
	first, firstName := from, "from"
	switch {
	case !from.Known, within, span == timeline.SpanDay, span == timeline.SpanOpenStart:
	case span == timeline.SpanOpenEnd:
		first = edtf.Open
		b.WriteString(" AND (k.last_day >= " + fromDay + " OR k.last_day IS NULL)")
	default:
		first, firstName = edtf.At(max(edtf.MinDay, from.Day-edtf.Day(timeline.MaxSpanDays[span]))), fmt.Sprintf("from%d", span)
		b.WriteString(" AND k.last_day >= " + fromDay)
	}
	last := to
	if span == timeline.SpanOpenStart && !within {
		last = edtf.Open
	}
	if to.Known && within && span != timeline.SpanDay {
		b.WriteString(" AND k.last_day <= " + toDay)
	}
	if after != nil {
		place := "(DATE '1970-01-01' + @after_day::int, @after_id::text COLLATE \"C\")"
		var ahead bool
		if order == timeline.Descending {
			if ahead = !last.Known || after.Day <= last.Day; ahead {
				last = edtf.Open
				b.WriteString(" AND (k.sort_day, k.id) < " + place)
			}
		} else if ahead = !first.Known || after.Day >= first.Day; ahead {
			first = edtf.Open
			b.WriteString(" AND (k.sort_day, k.id) > " + place)
		}
		if ahead {
			args["after_day"], args["after_id"] = int32(after.Day), after.ID
		}
	}
	if first.Known {
		args[firstName] = int32(first.Day)
		b.WriteString(" AND k.sort_day >= DATE '1970-01-01' + @" + firstName + "::int")
	}
	if last.Known {
		b.WriteString(" AND k.sort_day <= " + toDay)
	}
	return b.String()
}

// allTerm is the id of the term that every event has; the first migration sets it.
const allTerm int32 = 1

// termIDs gives the ids of terms. Those that are not known yet are left out, or
// made when create is set.
func (s *Store) termIDs(ctx context.Context, terms []timeline.Term, create bool) (map[timeline.Term]int32, error) {
	ids := make(map[timeline.Term]int32, len(terms))
	var kinds, values []string
	for _, t := range terms {
		if id, ok := s.terms.get(t); ok {
			ids[t] = id
		} else {
			kinds, values = append(kinds, t.Kind), append(values, t.Value)
		}
	}
	if len(kinds) == 0 {
		return ids, nil
	}
	read := func(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
		return s.readWithinAt(ctx, s.needed(nil), errNoAnswer, do)
	}
	if create {
		read = s.read // an import may bring any number of new words
	}
	err := read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		args := pgx.NamedArgs{"kinds": kinds, "values": values}
		if create {
			// Outside the write's transaction: a term without events is harmless, and
			// two writers must not wait for each other over a new word.
			_, err := conn.Exec(ctx, `
				INSERT INTO term (kind, value)
				SELECT DISTINCT n.kind, n.value FROM unnest(@kinds::text[], @values::text[]) AS n(kind, value)
				WHERE NOT EXISTS (SELECT FROM term t WHERE t.kind = n.kind AND t.value = n.value)
				ORDER BY 1, 2
				ON CONFLICT (kind, value) DO NOTHING`, args)
			if err != nil {
				return err
			}
		}
		rows, err := conn.Query(ctx, `
			SELECT t.id, t.kind, t.value
			FROM unnest(@kinds::text[], @values::text[]) AS n(kind, value)
			JOIN term t ON t.kind = n.kind AND t.value = n.value`, args)
		if err != nil {
			return err
		}
		var id int32
		var t timeline.Term
		_, err = pgx.ForEachRow(rows, []any{&id, &t.Kind, &t.Value}, func() error {
			ids[t] = id
			s.terms.put(t, id)
			return nil
		})
		return err
	})
	return ids, err
}
