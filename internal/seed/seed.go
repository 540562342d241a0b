// Package seed carries the data set that ships with the program: sahel, the dated
// facts of one Arabic news article of September 2023. It reads the document that
// lies beside it; storing it is the work of the store. It must know neither the
// database nor HTTP.
//
// sahel.json is meant to be edited by hand. Each event says in its attributes which
// words of the article date it (date_words) and why they became that EDTF
// expression (dating); the tests hold the words and the quotes against the article.
package seed

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

//go:embed sahel.json
var sahel []byte

// Document gives the file as it is written: {"dataset": {"slug", "title",
// "description", "licence", "citation", "url"}, "events": [EventWrite…]}. The
// caller owns the copy.
func Document() []byte { return slices.Clone(sahel) }

// Sahel gives the data set and its events, ready to be stored. It fails only when
// the file was edited into something that is not fit to be stored; a test sees to
// that before it ships.
func Sahel() (timeline.Dataset, []timeline.Event, error) {
	var document struct {
		Dataset struct {
			Slug        string        `json:"slug"`
			Title       timeline.Text `json:"title"`
			Description timeline.Text `json:"description"`
			Licence     string        `json:"licence"`
			Citation    string        `json:"citation"`
			URL         string        `json:"url"`
		} `json:"dataset"`
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(sahel, &document); err != nil {
		return timeline.Dataset{}, nil, fmt.Errorf("sahel.json: %w", err)
	}
	events := make([]timeline.Event, len(document.Events))
	for i, raw := range document.Events {
		e, faults, err := eventjson.Decode(raw)
		if err == nil && len(faults) > 0 {
			err = &timeline.Error{Kind: timeline.KindInvalidEvent, Message: "it is not fit to be stored", Faults: faults}
		}
		if err != nil {
			return timeline.Dataset{}, nil, fmt.Errorf("sahel.json: event %d (%s): %w", i, e.ID, err)
		}
		events[i] = e
	}
	d := document.Dataset
	return timeline.Dataset{
		Slug: d.Slug, Title: d.Title, Description: d.Description, Licence: d.Licence, Citation: d.Citation, URL: d.URL,
	}, events, nil
}
