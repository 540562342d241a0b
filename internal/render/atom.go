package render

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// AtomEntries is how many events a feed holds: the newest by date.
const AtomEntries = 100

// feed is an RFC 4287 feed. Its times are those at which the data changed, never
// the dates of the events, which stand in words behind each title.
type feed struct {
	w       io.Writer
	about   About
	entries []atomEntry
}

func newAtom(w io.Writer, about About) Writer { return &feed{w: w, about: about} }

type atomText struct {
	Type     string `xml:"type,attr"`
	Language string `xml:"xml:lang,attr,omitempty"`
	Text     string `xml:",chardata"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr,omitempty"`
}

type atomEntry struct {
	XMLName    xml.Name       `xml:"entry"`
	ID         string         `xml:"id"`
	Title      atomText       `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Content    atomText       `xml:"content"`
}

type atomFeed struct {
	XMLName xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string     `xml:"id"`
	Title   atomText   `xml:"title"`
	Updated string     `xml:"updated"`
	Author  string     `xml:"author>name"`
	Link    []atomLink `xml:"link"`
	Entries []atomEntry
}

func (f *feed) Event(doc []byte) error {
	if len(f.entries) == AtomEntries {
		return ErrFull
	}
	e, err := decode(doc)
	if err != nil {
		return err
	}
	title, label, language := titled(&e)
	entry := atomEntry{
		ID: urn("event", e.ID), Published: rfc3339(e.CreatedAt), Updated: rfc3339(e.UpdatedAt),
		Title: atomText{"text", language, title + " (" + label + ")"},
		// Ids are made of letters that an address holds as they are.
		Links:      []atomLink{{"alternate", "application/json", "/v1/events/" + e.ID}},
		Categories: []atomCategory{{Term: e.Type}},
		Content:    atomText{"text", language, strings.Join(append(append(feedText(&e), others(e.Title)...), others(e.Summary)...), "\n")},
	}
	if t, ok := timeline.TypeByCode(e.Type); ok {
		entry.Categories[0].Label = t.Label["en"]
	}
	for _, tag := range e.Tags {
		entry.Categories = append(entry.Categories, atomCategory{Term: tag})
	}
	f.entries = append(f.entries, entry)
	return nil
}

// feedText begins an entry's text: the summary, and a line for each source.
func feedText(e *timeline.Event) []string {
	var text []string
	if summary, _ := pick(e.Summary); summary != "" {
		text = append(text, summary)
	}
	for _, s := range e.Sources {
		if line := citation(s); line != "" && !slices.Contains(text, line) {
			text = append(text, line)
		}
	}
	return text
}

func (f *feed) Close() error {
	if f.about.Order == timeline.Ascending {
		slices.Reverse(f.entries)
	}
	document := atomFeed{
		ID: urn("feed", f.about.Query), Title: atomText{"text", "en", "Tarikh: events"}, Updated: rfc3339(f.about.At), Author: "Tarikh",
		Link:    []atomLink{{"self", "application/atom+xml", f.about.Self}},
		Entries: f.entries,
	}
	if _, err := io.WriteString(f.w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(f.w)
	encoder.Indent("", " ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := f.w.Write(newline)
	return err
}

// urn makes an identifier that is always the same for the same name.
func urn(kind, name string) string {
	return "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("tarikh:"+kind+":"+name)).String()
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
