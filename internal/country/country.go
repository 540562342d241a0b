// Package country knows the codes and names of countries, states that ended, UN
// M49 regions and groups of states with their members over time. Codes are ISO
// 3166-1 alpha-3; states that ended keep theirs of ISO 3166-3, and Kosovo is XKX.
//
// An alpha-2 code is never a key: several were used again after a state ended. The
// facts stand in the .tsv files beside the code. Days are numbers of days since
// 1970-01-01, so that the package needs nothing of edtf.
package country

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/fold"
)

// MinDay and MaxDay stand for no limit.
const (
	MinDay int32 = math.MinInt32
	MaxDay int32 = math.MaxInt32
)

// Names are the common names that newspapers use.
type Names struct{ AR, EN, FR string }

// Country is a country or a state that ended.
type Country struct {
	Alpha3       string
	Alpha2       string // "": none of today
	Numeric      string // ISO 3166-1 numeric with leading zeros; "": none
	Names        Names
	First        string // first day, YYYY-MM-DD; "" where ISO 3166 has it without one
	Last         string // last day of a state that ended, else ""
	Successors   []string
	Predecessors []string
	Regions      []string // M49 codes, the widest first
	variants     []string
}

// Ended tells whether the state is no more.
func (c Country) Ended() bool { return c.Last != "" }

//go:embed countries.tsv
var countriesTSV string

// atlas is everything that is known, built once and never changed.
var atlas = build()

type tables struct {
	countries []Country
	byCode    map[string]int
	byText    map[string][]int // folded code or name -> countries
	byLoose   map[string][]int // the same without the signs in it
	texts     []string         // folded names, for suggestions
	regions   []Region
	byRegion  map[string]int
	groups    map[string][]span // country -> its memberships
	states    map[stateKey][]stateSpell
}

// records gives the rows of an embedded table, without comments and heading. The
// tables are part of the program: a fault in one is a fault of the build.
func records(table string, columns int) [][]string {
	var rows [][]string
	for i, line := range strings.Split(strings.TrimRight(table, "\n"), "\n") {
		if i < 2 {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != columns {
			panic(fmt.Sprintf("country: line %d has %d columns, not %d", i+1, len(fields), columns))
		}
		rows = append(rows, fields)
	}
	return rows
}

func list(s, separator string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, separator)
}

func build() *tables {
	t := &tables{byCode: map[string]int{}, byText: map[string][]int{}, byLoose: map[string][]int{}}
	for i, r := range records(countriesTSV, 11) {
		t.countries = append(t.countries, Country{
			Alpha3: r[0], Alpha2: r[1], Numeric: r[2], Names: Names{EN: r[3], FR: r[4], AR: r[5]},
			Regions: list(r[6], ","), First: r[7], Last: r[8], Successors: list(r[9], ","), variants: list(r[10], "|"),
		})
		t.byCode[r[0]] = i
	}
	for i := range t.countries {
		for _, successor := range t.countries[i].Successors {
			s := &t.countries[t.byCode[successor]]
			s.Predecessors = append(s.Predecessors, t.countries[i].Alpha3)
		}
		t.addTexts(i)
	}
	for text, meant := range ambiguous {
		t.byText[fold.Text(text)] = nil
		for _, code := range meant {
			t.byText[fold.Text(text)] = append(t.byText[fold.Text(text)], t.byCode[code])
		}
	}
	for text, meant := range t.byText {
		for _, i := range meant {
			if key := loose(text); !slices.Contains(t.byLoose[key], i) {
				t.byLoose[key] = append(t.byLoose[key], i)
				slices.Sort(t.byLoose[key])
			}
		}
		if len([]rune(text)) > 3 {
			t.texts = append(t.texts, text)
		}
	}
	slices.Sort(t.texts)
	t.buildRegions()
	t.buildStates()
	return t
}

func (t *tables) addTexts(i int) {
	c := t.countries[i]
	texts := append([]string{c.Alpha3, c.Alpha2, c.Numeric, c.Names.AR, c.Names.EN, c.Names.FR}, c.variants...)
	for _, text := range texts {
		if key := fold.Text(text); key != "" && !slices.Contains(t.byText[key], i) {
			t.byText[key] = append(t.byText[key], i)
		}
	}
}

// ambiguous are the names that two countries bear; asked for, both are told.
var ambiguous = map[string][]string{
	"Congo": {"COD", "COG"}, "Le Congo": {"COD", "COG"}, "الكونغو": {"COD", "COG"}, "كونغو": {"COD", "COG"},
	"Korea": {"KOR", "PRK"}, "Corée": {"KOR", "PRK"}, "كوريا": {"KOR", "PRK"},
	"Virgin Islands": {"VGB", "VIR"}, "Îles Vierges": {"VGB", "VIR"}, "جزر العذراء": {"VGB", "VIR"},
	"Saint Martin": {"MAF", "SXM"}, "Saint-Martin": {"MAF", "SXM"}, "St. Martin": {"MAF", "SXM"}, "سانت مارتن": {"MAF", "SXM"},
}

// All gives every country, by alpha-3 code. The slices in them must not be changed.
func All() []Country { return slices.Clone(atlas.countries) }

// Lookup finds a country by its code, in capitals.
func Lookup(alpha3 string) (Country, bool) {
	i, ok := atlas.byCode[alpha3]
	if !ok {
		return Country{}, false
	}
	return atlas.countries[i], true
}

// Resolve gives the countries that a text may mean: an alpha-2, alpha-3 or numeric
// code or a name in Arabic, English or French, in any case. One: found; several:
// the name is ambiguous; none: unknown.
func Resolve(text string) []Country {
	key := fold.Text(text)
	found := atlas.byText[key]
	if found == nil {
		found = atlas.nearly(key)
	}
	if found == nil && len(key) > 0 && len(key) < 3 {
		if n, err := strconv.Atoi(key); err == nil { // a numeric code without its zeros
			found = atlas.byText[fmt.Sprintf("%03d", n)]
		}
	}
	var countries []Country
	for _, i := range found {
		countries = append(countries, atlas.countries[i])
	}
	return countries
}

// nearly finds a folded name that is written with other signs, with or without an
// article, or with the form of the state before it.
func (t *tables) nearly(key string) []int {
	if found := t.byLoose[loose(key)]; found != nil {
		return found
	}
	others := []string{strings.TrimPrefix(key, "ال"), "ال" + key}
	for _, form := range []string{"republic of ", "republique du ", "republique de ", "republique d'", "kingdom of ", "state of ", "جمهوريه ", "مملكه ", "دوله "} {
		if name, ok := strings.CutPrefix(key, form); ok {
			others = append(others, name, "ال"+name)
		}
	}
	for _, other := range others {
		if other != key && t.byText[other] != nil && len([]rune(other)) > 3 {
			return t.byText[other]
		}
	}
	return nil
}

// signs are those that names are written with or without.
var signs = strings.NewReplacer(".", "", "'", "", "-", " ", ",", " ", "(", " ", ")", " ", "/", " ", "_", " ", "&", " and ")

// loose gives a folded name without the signs in it, the article, and short for saint.
func loose(key string) string {
	words := strings.Fields(signs.Replace(key))
	words = slices.DeleteFunc(words, func(w string) bool { return w == "the" })
	for i, w := range words {
		if w == "st" || w == "ste" {
			words[i] = "saint"
		}
	}
	return strings.Join(words, " ")
}

// Suggest gives the name of a country that was nearly typed, or "".
func Suggest(text string) string {
	near := nearest(fold.Text(text), atlas.texts)
	if near == "" {
		return ""
	}
	for name := range ambiguous {
		if fold.Text(name) == near {
			return name // asked for, it tells the countries that bear it
		}
	}
	c := atlas.countries[atlas.byText[near][0]]
	for _, name := range append([]string{c.Names.EN, c.Names.FR, c.Names.AR}, c.variants...) {
		if fold.Text(name) == near {
			return name
		}
	}
	return c.Names.EN
}

// WithPredecessors gives a country's code and those of the states before it,
// theirs included, sorted.
func WithPredecessors(alpha3 string) []string {
	found := []string{alpha3}
	for i := 0; i < len(found); i++ {
		c, _ := Lookup(found[i])
		for _, p := range c.Predecessors {
			if !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
	}
	slices.Sort(found)
	return found
}

// dayNumber reads YYYY-MM-DD; "" is open.
func dayNumber(s string, open int32) int32 {
	if s == "" {
		return open
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic("country: " + err.Error()) // a fault of the tables
	}
	return int32(t.Unix() / 86400)
}

// nearest gives the word within a third of the letters of what was typed, or "".
func nearest(typed string, words []string) string {
	letters := []rune(typed)
	best, limit := "", 1+max(1, len(letters)/4)
	if len(letters) < 3 {
		return ""
	}
	for _, w := range words {
		if d := distance(letters, []rune(w), limit); d < limit {
			best, limit = w, d
		}
	}
	return best
}

// distance is the Levenshtein distance, or limit when it is that or more.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return min(row[len(b)], limit)
}
