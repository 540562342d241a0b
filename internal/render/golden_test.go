package render_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestChartsOfOddDates keeps the files that tools/charts loads in a browser: dates
// of every form, years before 1 and of fewer than four digits, and texts that are
// markup.
func TestChartsOfOddDates(t *testing.T) {
	t.Parallel()
	var events []timeline.Event
	for i, date := range []string{
		"-4712", "-0043-03-15", "-0043", "0000", "0000-03-01", "0001-01-01", "0050-12-31", "0099", "0476-09-04", "1582-10-15", "19XX", "198X", "1985-04-XX", "2021", "2021-01",
		"2021-01-01", "2021-21", "2021-24", "2021-12-31T23:59:59-08:00", "2021?", "2021-07~", "2021/..", "../2021", "2021/", "/2021", "2021/2023-07", "2021-03-04/2021-03-09", "[2021..]",
		"[..2021]", "[2021,2023]", "{2021,2023}", "[2016-03-04..2016-03-09]", "2024-03-10", "2024-11-03", "9999-12-31", "9999",
	} {
		events = append(events, event(t, fmt.Sprintf("odd-%d", i), date, func(e *timeline.Event) {
			e.Countries = []timeline.CountryRole{{Code: "MLI", Role: "location"}}
		}))
	}
	evil := `<img src=x onerror="window.stolen=1"><script>window.stolen=1</script> & <b>bold</b>`
	events = append(events,
		event(t, "markup", "2021", func(e *timeline.Event) {
			e.Title, e.Summary = timeline.Text{"en": evil, "ar": evil}, timeline.Text{"fr": evil}
		}),
		event(t, "arabic", "2023-07", func(e *timeline.Event) { e.Title = timeline.Text{"ar": "انقلاب في النيجر"} }),
	)
	for _, format := range []string{"timelinejs.json", "vis.json"} {
		got := write(t, format, events...)
		path := filepath.Join("testdata", "odd."+format)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what it was; look at it in tools/charts, then run with -update:\n%s", path, got)
		}
	}
}
