package country

import (
	_ "embed"
	"strconv"
)

//go:embed states.tsv
var statesTSV string

type stateKey struct {
	system string
	number int
}

type stateSpell struct {
	first, last int32
	code        string // "-": none of the contract's
}

func (t *tables) buildStates() {
	t.states = map[stateKey][]stateSpell{}
	for _, r := range records(statesTSV, 5) {
		number, err := strconv.Atoi(r[1])
		if err != nil {
			panic("country: " + err.Error())
		}
		key := stateKey{r[0], number}
		t.states[key] = append(t.states[key], stateSpell{dayNumber(r[2], MinDay), dayNumber(r[3], MaxDay), r[4]})
	}
}

// FromCOW gives the country that a state number of the Correlates of War means on a
// day. Outside every spell of the number, the nearest one counts: data sets name
// states a little before and after their lists do.
func FromCOW(number int, day int32) (alpha3 string, ok bool) { return atlas.state("COW", number, day) }

// FromGW is FromCOW for the numbers of Gleditsch and Ward.
func FromGW(number int, day int32) (alpha3 string, ok bool) { return atlas.state("GW", number, day) }

func (t *tables) state(system string, number int, day int32) (string, bool) {
	best, bestDistance := "-", int64(1)<<40
	for _, s := range t.states[stateKey{system, number}] {
		distance := max(0, int64(s.first)-int64(day), int64(day)-int64(s.last))
		if distance < bestDistance {
			best, bestDistance = s.code, distance
		}
	}
	return best, best != "-"
}
