package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// codes gives the alpha-3 codes that the column names, each once. day is the first
// that the event can touch: numbers of states mean different states at different times.
func (c *countryRule) codes(r *row, date edtf.Date) ([]string, error) {
	texts := []string{r.get(c.column)}
	if c.split != "" {
		texts = splitOutside(texts[0], c.split)
	}
	var codes []string
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		code, listed := c.values[text]
		if !listed {
			if c.skips(text) {
				continue
			}
			var reason string
			if code, reason = c.resolve(text, int32(date.SortDay())); reason != "" {
				if c.unresolved == "omit" {
					continue
				}
				return nil, &dateFault{c.column, reason}
			}
		}
		if code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// resolve gives the code of one text, or the reason why there is none.
func (c *countryRule) resolve(text string, day int32) (code, reason string) {
	switch c.system {
	case "cow", "gw":
		find, name := country.FromCOW, "COW"
		if c.system == "gw" {
			find, name = country.FromGW, "Gleditsch-Ward"
		}
		n, ok := wholeNumber(text)
		if !ok {
			return "", fmt.Sprintf("%q is not a %s number", text, name)
		}
		code, ok := find(n, day)
		if !ok {
			return "", fmt.Sprintf("no country has the %s number %d; say in the mapping's values what it is", name, n)
		}
		return code, ""
	case "iso":
		if len(text) > 3 {
			return "", fmt.Sprintf("%q is not an ISO 3166-1 code", text)
		}
	}
	switch found := country.Resolve(text); len(found) {
	case 1:
		return found[0].Alpha3, ""
	case 0:
		hint := ""
		if near := country.Suggest(text); near != "" {
			hint = fmt.Sprintf(" (did you mean %s?)", near)
		}
		return "", fmt.Sprintf("%q is not a country that is known%s; say in the mapping's values what it is", text, hint)
	default:
		both := make([]string, len(found))
		for i, f := range found {
			both[i] = f.Alpha3
		}
		return "", fmt.Sprintf("%q may be %s; say in the mapping's values which", text, strings.Join(both, " or "))
	}
}
