package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// filtered is a row of the table.
type filtered struct {
	name   string
	filter timeline.Filter
	goal   bool // one term, or any of four countries: it has a goal
}

// value is a word that some events have, with their number as the statistics tell it.
type value struct {
	text   string
	events int64
}

// choose finds words in the database, rare and frequent ones, and makes filters of them.
func choose(ctx context.Context, url string, store *postgres.Store) (cases []filtered, events int64, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM event`).Scan(&events); err != nil {
		return nil, 0, err
	}
	terms, err := termsOf(ctx, conn)
	if err != nil {
		return nil, 0, err
	}
	countries := terms[timeline.TermCountry]
	if events == 0 || len(countries) < 4 {
		return nil, 0, errors.New("the database has no events, or no statistics of them: import some, and type ANALYZE")
	}
	words, err := wordsOf(ctx, conn)
	if err != nil {
		return nil, 0, err
	}
	newest, _, err := store.Revision(ctx)
	if err != nil {
		return nil, 0, err
	}
	add := func(goal bool, name string, f timeline.Filter) { cases = append(cases, filtered{name, f, goal}) }
	single := func(kind, name string, make func(v string) timeline.Filter) {
		list := terms[kind]
		if len(list) == 0 {
			return
		}
		for _, n := range slices.Compact([]int{0, len(list) / 2, len(list) - 1}) {
			add(true, fmt.Sprintf("%s of %d events", name, list[n].events), make(list[n].text))
		}
	}
	list := func(v string) []string { return []string{v} }
	country := func(v string) [][]string { return [][]string{{v}} }
	add(true, "none", timeline.Filter{})
	single(timeline.TermCountry, "country", func(v string) timeline.Filter { return timeline.Filter{Countries: country(v)} })
	single(timeline.TermRegion, "region", func(v string) timeline.Filter { return timeline.Filter{Regions: list(v)} })
	single(timeline.TermType, "type", func(v string) timeline.Filter { return timeline.Filter{Types: list(v)} })
	single(timeline.TermDataset, "dataset", func(v string) timeline.Filter { return timeline.Filter{Datasets: list(v)} })
	single(timeline.TermTag, "tag", func(v string) timeline.Filter { return timeline.Filter{Tags: list(v)} })
	single(timeline.TermActor, "actor", func(v string) timeline.Filter { return timeline.Filter{Actor: v} })
	single(timeline.TermStatus, "status", func(v string) timeline.Filter { return timeline.Filter{Statuses: list(v)} })
	add(true, "on=09-16", timeline.Filter{On: timeline.MonthDay{Month: 9, Day: 16}})
	add(true, "on=02-29", timeline.Filter{On: timeline.MonthDay{Month: 2, Day: 29}})
	add(true, "min_sources=2", timeline.Filter{MinSources: 2})
	most, rare := countries[0].text, countries[len(countries)-1].text
	four := func(from int) (codes [][]string) {
		for i := range 4 {
			codes = append(codes, []string{countries[(from+i)%len(countries)].text})
		}
		return codes
	}
	add(true, "any of the 4 most frequent countries", timeline.Filter{Countries: four(0)})
	add(true, "any of 4 countries in the middle", timeline.Filter{Countries: four(len(countries) / 2)})
	add(true, "any of the 4 rarest countries", timeline.Filter{Countries: four(len(countries) - 4)})
	add(true, "the most frequent country and the rarest ones", timeline.Filter{Countries: append(four(len(countries) - 3)[:3], []string{most})})
	for _, mode := range []edtf.Mode{edtf.ModeWithin, edtf.ModeStarts, edtf.ModeCertain} {
		add(mode == edtf.ModeWithin, "the most frequent country, match="+string(mode), timeline.Filter{Countries: country(most), Match: mode})
	}

	add(false, "all of the 2 most frequent countries", timeline.Filter{Countries: four(0)[:2], CountryMatch: timeline.CountryAll})
	add(false, "all of 2 rare countries", timeline.Filter{Countries: four(len(countries) - 2)[:2], CountryMatch: timeline.CountryAll})
	add(false, "only the most frequent country", timeline.Filter{Countries: country(most), CountryMatch: timeline.CountryOnly})
	if types := terms[timeline.TermType]; len(types) > 0 {
		last := types[len(types)-1].text
		add(false, "frequent country, frequent type", timeline.Filter{Countries: country(most), Types: list(types[0].text)})
		add(false, "frequent country, rare type", timeline.Filter{Countries: country(most), Types: list(last)})
		add(false, "rare country, rare type", timeline.Filter{Countries: country(rare), Types: list(last)})
		if sets, tags := terms[timeline.TermDataset], terms[timeline.TermTag]; len(sets) > 0 && len(tags) > 0 {
			add(false, "country, dataset and tag", timeline.Filter{Countries: country(most), Datasets: list(sets[0].text), Tags: list(tags[0].text)})
		}
	}
	for _, role := range []string{"location", "mediator"} {
		add(false, "country_role="+role, timeline.Filter{Roles: list(role)})
		add(false, "frequent country, country_role="+role, timeline.Filter{Countries: country(most), Roles: list(role)})
		add(false, "rare country, country_role="+role, timeline.Filter{Countries: country(rare), Roles: list(role)})
	}
	add(true, "region=ecowas", timeline.Filter{Regions: list("ecowas")})
	add(true, "status=occurred", timeline.Filter{Statuses: list("occurred")})
	add(false, "min_sources=4", timeline.Filter{MinSources: 4})
	add(false, "frequent country, on=09-16", timeline.Filter{Countries: country(most), On: timeline.MonthDay{Month: 9, Day: 16}})
	for _, w := range words {
		add(false, fmt.Sprintf("q, a word of %d events", w.events), timeline.Filter{Words: list(w.text)})
	}
	if len(words) > 0 {
		add(false, "q, a frequent word, rare country", timeline.Filter{Words: list(words[0].text), Countries: country(rare)})
		add(false, "q, a rare word, frequent country", timeline.Filter{Words: list(words[len(words)-1].text), Countries: country(most)})
	}
	add(false, "bbox of half the world", timeline.Filter{BBox: &timeline.BBox{West: -180, South: 0, East: 180, North: 90}})
	add(false, "bbox of 10 degrees", timeline.Filter{BBox: &timeline.BBox{West: 0, South: 10, East: 10, North: 20}})
	add(false, "bbox of a tenth of a degree", timeline.Filter{BBox: &timeline.BBox{West: 2, South: 13, East: 2.1, North: 13.1}})
	add(false, "rare country, bbox of 10 degrees", timeline.Filter{Countries: country(rare), BBox: &timeline.BBox{West: 0, South: 10, East: 10, North: 20}})
	for _, back := range []int64{0, 1} {
		if asOf := newest - back; asOf >= 0 {
			add(false, fmt.Sprintf("as_of %d before the newest revision", back), timeline.Filter{AsOf: &asOf})
			add(false, fmt.Sprintf("frequent country, as_of %d before the newest", back), timeline.Filter{Countries: country(most), AsOf: &asOf})
		}
	}
	ids, err := idsOf(ctx, conn)
	add(false, fmt.Sprintf("%d ids", len(ids)), timeline.Filter{IDs: ids})
	return cases, events, err
}

// termsOf gives the terms of each kind that the statistics know, the most frequent first.
func termsOf(ctx context.Context, conn *pgx.Conn) (map[string][]value, error) {
	rows, err := conn.Query(ctx, `
		SELECT t.kind, t.value, round(m.share * c.reltuples)::bigint
		FROM pg_stats s JOIN pg_class c ON c.oid = 'event_key'::regclass,
			unnest(s.most_common_vals::text::int[], s.most_common_freqs) AS m(term, share) JOIN term t ON t.id = m.term
		WHERE s.tablename = 'event_key' AND s.attname = 'term' AND s.schemaname = ANY(current_schemas(false))
		ORDER BY 3 DESC, 2`)
	if err != nil {
		return nil, err
	}
	terms := map[string][]value{}
	var kind string
	var v value
	_, err = pgx.ForEachRow(rows, []any{&kind, &v.text, &v.events}, func() error {
		terms[kind] = append(terms[kind], v)
		return nil
	})
	return terms, err
}

// wordsOf gives a very frequent word, one of some hundredths of the events, and a rare one.
func wordsOf(ctx context.Context, conn *pgx.Conn) ([]value, error) {
	rows, err := conn.Query(ctx, `
		SELECT m.word, round(m.share * c.reltuples)::bigint
		FROM pg_stats s JOIN pg_class c ON c.oid = 'event'::regclass,
			unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS m(word, share)
		WHERE s.tablename = 'event' AND s.attname = 'search' AND s.schemaname = ANY(current_schemas(false)) AND m.word IS NOT NULL
		ORDER BY 2 DESC, 1`)
	if err != nil {
		return nil, err
	}
	words, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v value, err error) { return v, row.Scan(&v.text, &v.events) })
	if err != nil || len(words) == 0 {
		return nil, err
	}
	var rare value
	err = conn.QueryRow(ctx, `
		SELECT w.word, count(*) FROM (SELECT search FROM event LIMIT 300) e, unnest(tsvector_to_array(e.search)) AS w(word)
		WHERE length(w.word) > 5 GROUP BY 1 ORDER BY 2, 1 LIMIT 1`).Scan(&rare.text, &rare.events)
	if err != nil {
		return nil, err
	}
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM event WHERE search @@ ($1 || ':*')::tsquery`, "'"+strings.ReplaceAll(rare.text, "'", "''")+"'").Scan(&rare.events); err != nil {
		return nil, err
	}
	return []value{words[0], words[len(words)/2], rare}, nil
}

func idsOf(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT id FROM event LIMIT 100`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
