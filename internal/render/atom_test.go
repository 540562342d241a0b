package render_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/render"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

type atomText struct {
	Type     string `xml:"type,attr"`
	Language string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	Text     string `xml:",chardata"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomFeed struct {
	XMLName xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string     `xml:"http://www.w3.org/2005/Atom id"`
	Title   atomText   `xml:"http://www.w3.org/2005/Atom title"`
	Updated time.Time  `xml:"http://www.w3.org/2005/Atom updated"`
	Author  string     `xml:"http://www.w3.org/2005/Atom author>name"`
	Links   []atomLink `xml:"http://www.w3.org/2005/Atom link"`
	Entries []struct {
		ID        string     `xml:"http://www.w3.org/2005/Atom id"`
		Title     atomText   `xml:"http://www.w3.org/2005/Atom title"`
		Published time.Time  `xml:"http://www.w3.org/2005/Atom published"`
		Updated   time.Time  `xml:"http://www.w3.org/2005/Atom updated"`
		Links     []atomLink `xml:"http://www.w3.org/2005/Atom link"`
		Content   atomText   `xml:"http://www.w3.org/2005/Atom content"`
	} `xml:"http://www.w3.org/2005/Atom entry"`
}

// readAtom parses a feed and holds it against what RFC 4287 demands: each feed and
// entry has one id (an IRI, no two the same), a title and a time; the feed has an
// author; entries have a content.
func readAtom(t testing.TB, text []byte) atomFeed {
	t.Helper()
	var f atomFeed
	if err := xml.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	ids := map[string]bool{f.ID: true}
	for _, e := range f.Entries {
		if ids[e.ID] || !strings.HasPrefix(e.ID, "urn:uuid:") || len(e.ID) != 45 {
			t.Errorf("the id %q", e.ID)
		}
		ids[e.ID] = true
		if e.Title.Text == "" || e.Updated.IsZero() || e.Published.IsZero() || e.Content.Type != "text" || len(e.Links) != 1 || e.Links[0].Rel != "alternate" {
			t.Errorf("%+v", e)
		}
	}
	if f.Updated.IsZero() || f.Title.Text == "" || f.Author == "" || !strings.HasPrefix(f.ID, "urn:uuid:") {
		t.Errorf("%+v", f)
	}
	return f
}

func TestAtomFeed(t *testing.T) {
	t.Parallel()
	e := event(t, "ml-coup-2021", "2021", func(e *timeline.Event) {
		e.Title = timeline.Text{"ar": "انقلاب", "fr": "Coup <b>d’État</b> & co"}
		e.Summary = timeline.Text{"fr": "Résumé ]]> \uFFFE"}
	})
	f := readAtom(t, write(t, "atom", e))
	if !f.Updated.Equal(made) || len(f.Links) != 1 || f.Links[0] != (atomLink{"self", "application/atom+xml", "/v1/events.atom?a=b&c=d"}) {
		t.Errorf("%+v", f)
	}
	got := f.Entries[0]
	if got.Title != (atomText{"text", "fr", "Coup <b>d’État</b> & co (2021)"}) || !got.Updated.Equal(updated) || !got.Published.Equal(created) ||
		got.Links[0].Href != "/v1/events/ml-coup-2021" || got.Content.Text != "Résumé ]]> \uFFFD\nA source\nar: انقلاب" {
		t.Errorf("%+v", got)
	}
	// The id of an event is the same in every feed, that of a feed belongs to its query.
	again := readAtom(t, writeAs(t, "atom", render.About{At: made, Query: "other"}, e))
	if again.Entries[0].ID != got.ID || again.ID == f.ID {
		t.Errorf("%s became %s, and %s stayed %s", got.ID, again.Entries[0].ID, f.ID, again.ID)
	}
}

func TestAtomHoldsAHundredInTheAskedOrder(t *testing.T) {
	t.Parallel()
	var events []timeline.Event
	for i := range 150 {
		events = append(events, event(t, fmt.Sprintf("e%d", i), "2021"))
	}
	for order, want := range map[timeline.Order][2]string{timeline.Descending: {"e0", "e99"}, timeline.Ascending: {"e99", "e0"}} {
		f := readAtom(t, writeAs(t, "atom", render.About{Order: order, At: made, Query: "q"}, events...))
		if len(f.Entries) != 100 || f.Entries[0].Title.Text != "Event "+want[0]+" (2021)" || f.Entries[99].Title.Text != "Event "+want[1]+" (2021)" {
			t.Errorf("%s: %d entries from %s to %s", order, len(f.Entries), f.Entries[0].Title.Text, f.Entries[len(f.Entries)-1].Title.Text)
		}
	}
}
