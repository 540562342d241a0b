package columns

import (
	"fmt"
	"maps"
	"slices"
)

// SettleAfter sets how many changes are put off.
func (t *Table) SettleAfter(n int) { t.settleAfter = n }

// CellsOfAtMost sets how large the list may be in which marks are counted by value.
func (t *Table) CellsOfAtMost(n int) { t.maxCells = n }

// ViewsOfAtMost sets how many bytes views may take however few events there are.
func (t *Table) ViewsOfAtMost(n int) { t.views.least = n }

// Dump writes what the table has counted and what it holds: how often each term has
// each mark, and each string its holders. Two tables of the same events have the same.
func (t *Table) Dump() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.settle()
	t.findDays()
	var lines []string
	tell := func(name string, y *tally) {
		if y.events == 0 {
			return
		}
		marks := map[string]uint32{}
		y.each(func(mark, times uint32) { marks[string(t.marks.at(mark))] = times })
		for _, m := range slices.Sorted(maps.Keys(marks)) {
			lines = append(lines, fmt.Sprintf("%s %x %d", name, m, marks[m]))
		}
		lines = append(lines, fmt.Sprintf("%s events %d, %v to %v", name, y.events, y.first, y.last))
	}
	tell("all", &t.terms.all)
	for name, list := range map[string][]*tally{"region": t.terms.regions, "country": t.terms.countries, "type": t.terms.types, "status": t.terms.statuses, "dataset": t.terms.datasets} {
		for id, y := range list {
			word := ""
			switch name {
			case "region":
				word = atlas.codes[id]
			case "country":
				word = t.terms.countryWords.list[id]
			case "type":
				word = t.types.list[id]
			case "status":
				word = t.statuses.list[id]
			case "dataset":
				word = t.datasets.list[id]
			}
			tell(name+" "+word, y)
		}
	}
	holders := func(d *dictionary) (n int, strings int) {
		for i := 1; i < d.len(); i++ {
			n += int(d.entries[i].holders)
			if d.entries[i].holders > 0 {
				strings++
			}
		}
		if strings != d.slots.used {
			lines = append(lines, fmt.Sprintf("%d strings in %d slots", strings, d.slots.used))
		}
		return n, strings
	}
	for i, d := range []*dictionary{&t.shapes, &t.classes, &t.roles, &t.tags, &t.measures, &t.marks} {
		n, strings := holders(d)
		lines = append(lines, fmt.Sprintf("dictionary %d: %d strings, %d holders", i, strings, n))
	}
	for id, n := range t.measured {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("measure %s %d", t.measureNames.list[id], n))
		}
	}
	for id, n := range t.tagged {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("tag %s %d", t.tagWords.list[id], n))
		}
	}
	lines = append(lines, fmt.Sprintf("%d records", t.live.n))
	slices.Sort(lines)
	return lines
}
