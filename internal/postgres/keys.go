package postgres

import (
	"context"
	"fmt"
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
	empty  bool      // a term that no event has was asked for
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
	lists := termLists(f)
	ids, err := s.termIDs(ctx, slices.Concat(lists...), false)
	if err != nil {
		return nil, err
	}
	p := &scan{driver: []int32{allTerm}}
	chosen := false
	for _, list := range lists { // the most selective kinds come first
		var known []int32
		for _, t := range list {
			if id, ok := ids[t]; ok {
				known = append(known, id)
			}
		}
		switch {
		case len(known) == 0:
			return &scan{empty: true}, nil
		case !chosen && len(known) <= maxDriverTerms:
			p.driver, chosen = known, true
		default:
			p.others = append(p.others, known)
		}
	}
	return p, nil
}

// termLists gives the lists of terms that must each hold, the most selective kinds
// first. What is asked in a role is a matter of the row.
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
	add(timeline.TermTag, f.Tags)
	if len(f.Roles) == 0 {
		if f.CountryMatch == timeline.CountryAll {
			for _, codes := range f.Countries {
				add(timeline.TermCountry, codes)
			}
		} else {
			add(timeline.TermCountry, slices.Concat(f.Countries...))
		}
	}
	add(timeline.TermType, f.Types)
	if len(f.Roles) == 0 {
		add(timeline.TermRegion, f.Regions)
	}
	add(timeline.TermDataset, f.Datasets)
	return lists
}

// keysSQL gives a statement of (sort_day, id) of all events that the filter keeps,
// in page order, without a limit: for each term and span class one ordered range
// scan of the index, merged. Neither the branches' order nor the missing LIMIT in
// them is an oversight: see data-model.md's measurements in the design notes.
func keysSQL(p *scan, f *timeline.Filter, order timeline.Order, after *timeline.Position, args pgx.NamedArgs) string {
	conditions := rowConditions(f, args, true)
	var extra strings.Builder
	if len(conditions.sql) > 0 {
		extra.WriteString("\n  AND EXISTS (SELECT FROM event e WHERE e.id = k.id AND " + conditions.where() + ")")
	}
	if f.HasWindow() && matchMode(f) == edtf.ModePossible {
		extra.WriteString("\n  AND (NOT k.gaps OR EXISTS (SELECT FROM event e WHERE e.id = k.id AND " + setCondition(f, 1) + "))")
	}
	for i, terms := range p.others {
		name := fmt.Sprintf("other%d", i)
		among := "= @" + name // one term: an equality, which a generic plan can tell the size of
		if args[name] = terms[0]; len(terms) > 1 {
			args[name], among = terms, "= ANY(@"+name+"::int[])"
		}
		extra.WriteString("\n  AND EXISTS (SELECT FROM event_key x WHERE x.term " + among + " AND x.span = k.span AND x.sort_day = k.sort_day AND x.id = k.id)")
	}
	comparison, direction := ">", ""
	if order == timeline.Descending {
		comparison, direction = "<", " DESC"
	}
	if after != nil {
		args["after_day"], args["after_id"] = int32(after.Day), after.ID
		extra.WriteString("\n  AND (k.sort_day, k.id) " + comparison + " (DATE '1970-01-01' + @after_day::int, @after_id::text COLLATE \"C\")")
	}
	var branches []string
	for i, term := range p.driver {
		name := fmt.Sprintf("term%d", i)
		args[name] = term
		for span := timeline.SpanDay; span <= timeline.SpanOpenStart; span++ {
			branches = append(branches, fmt.Sprintf(
				"(SELECT k.sort_day, k.id FROM event_key k\nWHERE k.term = @%s AND k.span = %d%s%s\nORDER BY k.sort_day%s, k.id%s)",
				name, span, spanBounds(f, span, args), extra.String(), direction, direction))
		}
	}
	distinct := ""
	if len(p.driver) > 1 { // an event has each term once, but may have several of them
		distinct = "DISTINCT "
	}
	return "SELECT " + distinct + "k.sort_day, k.id FROM (\n" + strings.Join(branches, "\nUNION ALL\n") +
		"\n) k ORDER BY k.sort_day" + direction + ", k.id" + direction
}

// spanBounds gives the bounds of a class's range scan: it begins before the window
// by the longest span of the class. Class 5 is sorted by its end, so the window's
// end does not bound it.
func spanBounds(f *timeline.Filter, span int, args pgx.NamedArgs) string {
	var b strings.Builder
	if f.Window.To.Known && span != timeline.SpanOpenStart {
		b.WriteString(" AND k.sort_day <= " + toDay)
	}
	if !f.Window.From.Known {
		return b.String()
	}
	switch span {
	case timeline.SpanDay, timeline.SpanOpenStart:
		b.WriteString(" AND k.sort_day >= " + fromDay)
	case timeline.SpanOpenEnd:
		b.WriteString(" AND (k.last_day >= " + fromDay + " OR k.last_day IS NULL)")
	default:
		name := fmt.Sprintf("from%d", span)
		args[name] = int32(max(edtf.MinDay, f.Window.From.Day-edtf.Day(timeline.MaxSpanDays[span])))
		b.WriteString(" AND k.sort_day >= DATE '1970-01-01' + @" + name + "::int AND k.last_day >= " + fromDay)
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
	needed := s.needed(nil)
	if create {
		needed = onPrimary
	}
	err := s.readAt(ctx, needed, func(ctx context.Context, conn *pgxpool.Conn) error {
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
