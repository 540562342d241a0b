package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

// shared gives a file of ../shared/data beside the project. Where it is absent the
// test is skipped, and says what was not checked.
func shared(t testing.TB, path string) []byte {
	t.Helper()
	name := filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(path))
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		t.Skipf("NOT CHECKED: %s is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// result is a whole file, read.
type result struct {
	rows, faulty int
	events       []ingest.Event
	refused      []ingest.Refusal
	err          error
}

func read(t testing.TB, mapping string, file []byte) result {
	t.Helper()
	m, err := ingest.Load(mapping)
	if err != nil {
		t.Fatal(err)
	}
	return readWith(t, m, file)
}

func readWith(t testing.TB, m *ingest.Mapping, file []byte) result {
	t.Helper()
	var r result
	same := func(_ context.Context, b *ingest.Batch) (*ingest.Batch, error) { return b, nil }
	r.err = ingest.Each(t.Context(), bytes.NewReader(file), m, ingest.Options{}, same, func(b *ingest.Batch) error {
		r.rows += b.Rows
		r.faulty += b.Faulty
		r.events = append(r.events, b.Events...)
		r.refused = append(r.refused, b.Refused...)
		return nil
	})
	return r
}

// reasons counts refusals by column and reason, quoted values left out.
func (r result) reasons() map[string]int {
	counts := map[string]int{}
	for _, f := range r.refused {
		counts[f.Column+": "+f.Reason]++
	}
	return counts
}

func TestRealFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mapping, file        string
		rows, events, faulty int
		reasons              map[string]int
	}{
		{"cline-cdp-coups", "cline-cdp-coups/coup-data-2.1.2.csv", 981, 981, 0, nil},
		{"powell-thyne-coups", "powell-thyne-coups/powell_thyne_coups_final.csv", 491, 491, 0, nil},
		{"ucdp-ged", "ucdp-ged/ged_syria_2016_2019.csv", 16566, 16566, 0, nil},
		{"ucdp-ged-hdx", "ucdp-ged/hdx_conflict_data_ukr.csv", 2989, 2989, 0, nil},
		{"ucdp-ged-geojson", "ucdp-ged/GEDEvent_v23_1_central_african_republic.geojson", 1848, 1848, 0, nil},
		{"ucdp-prio-conflicts", "ucdp-prio-acd/ucdp_prio_conflicts.csv", 2752, 2752, 0, nil},
		{"pax-agreements", "pax-peace-agreements/pax.csv", 2257, 2257, 0, nil},
		{"cow-wars", "cow-wars/cow_interstate_wars_v4.csv", 337, 356, 0, nil},
		{"cow-wars", "cow-wars/cow_intrastate_wars_v4.csv", 442, 453, 1, map[string]int{
			`StartYear1: "1894-02-29" is no date: there is no such day: 1894-02 has 28 days; write 1894-02-28 at most, or 1894-02 for the month`: 1,
		}},
		{"cow-wars", "cow-wars/cow_extrastate_wars_v4.csv", 198, 201, 0, nil},
		{"wikidata-events", "wikidata-events/coups_raw.json", 487, 456, 31, map[string]int{"date.value: the row has no date": 31}},
		{"wikidata-events", "wikidata-events/treaties_raw.json", 3174, 1492, 1682, map[string]int{
			"date.value: the row has no date": 1681,
			`date.value: "http://www.wikidata.org/.well-known/genid/aac5259aa23520126c14139b3f5fd049" is not a date of the form YYYY-MM-DD`: 1,
		}},
		{"noaa-earthquakes", "noaa-hazards/noaa_significant_earthquakes.csv", 6675, 6675, 0, nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			file := shared(t, c.file)
			r := read(t, c.mapping, file)
			if r.err != nil {
				t.Fatal(r.err)
			}
			if r.rows != c.rows || len(r.events) != c.events || r.faulty != c.faulty {
				t.Errorf("%d rows, %d events, %d refused; want %d, %d, %d", r.rows, len(r.events), r.faulty, c.rows, c.events, c.faulty)
			}
			got := r.reasons()
			for reason, n := range got {
				if c.reasons[reason] != n {
					t.Errorf("%d times %s", n, reason)
				}
			}
			if len(got) != len(c.reasons) {
				t.Errorf("%d reasons, want %d", len(got), len(c.reasons))
			}
			ids := map[string]int64{}
			for _, e := range r.events {
				if before, twice := ids[e.ID]; twice {
					t.Errorf("the id %s is that of rows %d and %d", e.ID, before, e.Row)
				}
				ids[e.ID] = e.Row
				for _, s := range []string{e.Title["en"], e.Summary["en"], e.Attributes["side_a"], e.Attributes["country_in_source"]} {
					if strings.Contains(s, "\uFFFD") || strings.Contains(s, "Ã") {
						t.Errorf("row %d: spoilt text %q", e.Row, s)
					}
				}
			}
			if packed := read(t, c.mapping, gzipped(t, file)); len(packed.events) != len(r.events) || packed.err != nil {
				t.Errorf("gzipped: %d events, %v", len(packed.events), packed.err)
			}
		})
	}
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// derived is a row of the table of expected dates.
type derived struct {
	edtf    string
	days    [4]string
	system  string
	codes   string
	current string
}

func derivedRows(t testing.TB) map[string]map[string]derived {
	t.Helper()
	rows := csv.NewReader(bytes.NewReader(shared(t, "derived/events_edtf.tsv")))
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord = '\t', true, 14
	sets := map[string]map[string]derived{}
	for first := true; ; first = false {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return sets
		}
		if err != nil {
			t.Fatal(err)
		}
		if first {
			continue
		}
		if sets[row[0]] == nil {
			sets[row[0]] = map[string]derived{}
		}
		sets[row[0]][row[1]] = derived{row[5], [4]string(row[6:10]), row[10], row[11], row[12]}
	}
}

// TestDatesAndCountriesOfEveryRow holds every event that the shipped mappings make
// against the table of dates that were derived from the same files by other means.
func TestDatesAndCountriesOfEveryRow(t *testing.T) {
	t.Parallel()
	want := derivedRows(t)
	for _, c := range []struct {
		set, mapping, file string
		key                func(ingest.Event) string
	}{
		{"cline-cdp-coups", "cline-cdp-coups", "cline-cdp-coups/coup-data-2.1.2.csv", func(e ingest.Event) string { return e.Attributes["coup_id"] }},
		{"powell-thyne-coups", "powell-thyne-coups", "powell-thyne-coups/powell_thyne_coups_final.csv", func(e ingest.Event) string { return strconv.FormatInt(e.Row, 10) }},
		{"ucdp-ged-syria", "ucdp-ged", "ucdp-ged/ged_syria_2016_2019.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "ged-") }},
		{"ucdp-ged-ukraine", "ucdp-ged-hdx", "ucdp-ged/hdx_conflict_data_ukr.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "ged-") }},
		{"pax", "pax-agreements", "pax-peace-agreements/pax.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "pax-") }},
		{"noaa-earthquakes", "noaa-earthquakes", "noaa-hazards/noaa_significant_earthquakes.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "noaa-eq-") }},
		{"cow-wars-inter", "cow-wars", "cow-wars/cow_interstate_wars_v4.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "cow-") }},
		{"cow-wars-intra", "cow-wars", "cow-wars/cow_intrastate_wars_v4.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "cow-") }},
		{"cow-wars-extra", "cow-wars", "cow-wars/cow_extrastate_wars_v4.csv", func(e ingest.Event) string { return strings.TrimPrefix(e.ID, "cow-") }},
		{"wikidata-coups", "wikidata-events", "wikidata-events/coups_raw.json", func(e ingest.Event) string { return fmt.Sprintf("%s#%d", e.Attributes["wikidata"], e.Row) }},
		{"wikidata-treaties", "wikidata-events", "wikidata-events/treaties_raw.json", func(e ingest.Event) string { return fmt.Sprintf("%s#%d", e.Attributes["wikidata"], e.Row) }},
	} {
		t.Run(c.set, func(t *testing.T) {
			t.Parallel()
			r := read(t, c.mapping, shared(t, c.file))
			if r.err != nil {
				t.Fatal(r.err)
			}
			seen := map[string]bool{}
			for _, e := range r.events {
				key := c.key(e)
				row, ok := want[c.set][key]
				if !ok {
					t.Errorf("%s is not in the table", key)
					continue
				}
				seen[key] = true
				if e.Date.Expr != row.edtf {
					t.Errorf("%s: %s, want %s", key, e.Date.Expr, row.edtf)
				}
				for i, b := range []edtf.Bound{e.Date.StartEarliest, e.Date.StartLatest, e.Date.EndEarliest, e.Date.EndLatest} {
					day := row.days[i]
					if strings.HasSuffix(day, "inf") {
						day = ""
					}
					if b.String() != day {
						t.Errorf("%s: day %d is %q, want %q", key, i, b, day)
					}
				}
				checkCountries(t, key, e, row)
			}
			for key := range want[c.set] {
				if !seen[key] {
					t.Errorf("%s was not read", key)
				}
			}
		})
	}
}

// otherwise are the countries of the table that no list resolves by itself, as the
// mappings say them.
var otherwise = map[string]string{
	"COW 393": "RUS", "COW 340": "SCG", // Gleditsch-Ward numbers in the coups of Cline
	"name AZORES (PORTUGAL)": "PRT", "name CANARY ISLANDS": "ESP", "name KERMADEC ISLANDS (NEW ZEALAND)": "NZL",
	"name MICRONESIA, FED. STATES OF": "FSM", "name WALLIS AND FUTUNA (FRENCH TERRITORY)": "WLF",
	"name UK TERRITORY": "GBR", "name USA TERRITORY": "USA", "name CONGO": "COD",
	"name (Kosovo)": "XKX", "name (Somaliland)": "", // an entity that is no state by the list
}

func checkCountries(t *testing.T, key string, e ingest.Event, row derived) {
	t.Helper()
	var got, want []string
	for _, c := range e.Countries {
		got = append(got, c.Code)
	}
	separator := " "
	if row.system == "name" {
		separator = "|"
	}
	for _, text := range strings.Split(row.codes, separator) {
		code, known := otherwise[row.system+" "+text]
		switch {
		case known:
			if text == "CONGO" && strings.Contains(e.Title["en"], "Loango") {
				code = "COG"
			}
		case row.system == "name":
			if found := country.Resolve(text); len(found) == 1 {
				code = found[0].Alpha3
			}
		default:
			n, err := strconv.Atoi(text)
			if err != nil {
				continue // no state
			}
			find := country.FromCOW
			if row.system == "GW" {
				find = country.FromGW
			}
			if found, ok := find(n, int32(e.Date.SortDay())); ok {
				code = found
			}
		}
		if code != "" && !slices.Contains(want, code) {
			want = append(want, code)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: countries %v, want %v (%s)", key, got, want, row.codes)
	}
	// The table's own codes are of today's states only.
	for _, current := range strings.Fields(row.current) {
		ended := slices.ContainsFunc(got, func(code string) bool {
			c, _ := country.Lookup(code)
			return c.Ended() && slices.Contains(country.WithPredecessors(current), code)
		})
		if !slices.Contains(got, current) && !ended {
			t.Errorf("%s: %s is missing among %v", key, current, got)
		}
	}
}

// TestTitlesOfRealFiles looks at what people read first: each language where the words
// are known in it, and no event called what it was not.
func TestTitlesOfRealFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ mapping, file, id, title, roles string }{
		{
			"cline-cdp-coups", "cline-cdp-coups/coup-data-2.1.2.csv", "cdp-43208182020",
			"map[ar:انقلاب: مالي en:Coup: Mali fr:Coup d’État\u00a0: Mali]", "",
		},
		{
			"powell-thyne-coups", "powell-thyne-coups/powell_thyne_coups_final.csv", "pt-90-1955-01-20",
			"map[ar:محاولة انقلاب: غواتيمالا en:Coup attempt: Guatemala fr:Tentative de coup d’État\u00a0: Guatemala]", "",
		},
		{
			"noaa-earthquakes", "noaa-hazards/noaa_significant_earthquakes.csv", "noaa-eq-2311",
			"map[ar:زلزال: سلوفينيا en:Earthquake: Balkans NW: Slovenia: Ljubljana: W fr:Séisme\u00a0: Slovénie]", "",
		},
		{"cow-wars", "cow-wars/cow_interstate_wars_v4.csv", "cow-22-20-1", "map[en:War: Crimean (Italy)]", ""},
		{
			"ucdp-prio-conflicts", "ucdp-prio-acd/ucdp_prio_conflicts.csv", "acd-330-1998",
			"map[en:Indonesia: Government of Indonesia – CNRT over East Timor (1998)]", "participant participant",
		},
		// Side A of fighting is the government, or the first by name, and need not have begun it.
		{
			"ucdp-ged", "ucdp-ged/ged_syria_2016_2019.csv", "ged-227074",
			"map[en:Government of Syria - SDF: Al Hasakah town]", "participant participant",
		},
	} {
		t.Run(c.mapping, func(t *testing.T) {
			t.Parallel()
			for _, e := range read(t, c.mapping, shared(t, c.file)).events {
				if e.ID != c.id {
					continue
				}
				var roles []string
				for _, a := range e.Actors {
					roles = append(roles, a.Role)
				}
				if got := fmt.Sprint(e.Title); got != c.title || strings.Join(roles, " ") != c.roles {
					t.Errorf("%s, %s", got, roles)
				}
				return
			}
			t.Errorf("there is no %s", c.id)
		})
	}
}
