// Package render writes events in the formats that they are exported in: one file
// for each format, each a stream of stored documents in and bytes out, in memory
// that does not grow with their number. It decides what goes into a format;
// libraries know how the format is written. It must know neither HTTP nor the
// database.
//
// No format shows a day where the source gives a year: what people read comes from
// the date's label, and days stand only where they are called by their names
// (earliest, latest) or place a bar on an axis.
package render

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Writer writes one export.
type Writer interface {
	// Event writes a stored document. ErrFull says that no more are wanted.
	Event(doc []byte) error
	// Close completes the export; without it, what was written is a part.
	Close() error
}

// ErrFull ends an export early, with no harm: the format takes no more events.
var ErrFull = errors.New("render: the format takes no more events")

// About is what an export knows of itself.
type About struct {
	Order    timeline.Order
	Revision int64     // the state of the data that it shows
	At       time.Time // when that revision was made
	Query    string    // the canonical query: two exports with the same one are the same feed
	Self     string    // path and query that it was asked by
}

// Format is one way to write events.
type Format struct {
	Name        string // as it ends the path: csv
	MediaType   string
	ContentType string // MediaType with its parameters
	Newest      bool   // only the newest are wanted: events come newest first, whatever About.Order
	New         func(w io.Writer, about About) Writer
}

// Formats are all there are, in the order of the contract.
var Formats = []Format{
	{Name: "ndjson", MediaType: "application/x-ndjson", ContentType: "application/x-ndjson", New: newNDJSON},
	{Name: "csv", MediaType: "text/csv", ContentType: "text/csv; charset=utf-8; header=present", New: newCSV},
	{Name: "geojson", MediaType: "application/geo+json", ContentType: "application/geo+json", New: newGeoJSON},
	{Name: "ics", MediaType: "text/calendar", ContentType: "text/calendar; charset=utf-8", New: newICS},
	{Name: "atom", MediaType: "application/atom+xml", ContentType: "application/atom+xml; charset=utf-8", Newest: true, New: newAtom},
	{Name: "parquet", MediaType: "application/vnd.apache.parquet", ContentType: "application/vnd.apache.parquet", New: newParquet},
	{Name: "timelinejs.json", MediaType: "application/json", ContentType: "application/json", New: newTimelineJS},
	{Name: "vis.json", MediaType: "application/json", ContentType: "application/json", New: newVis},
}

// FormatNames lists the names of Formats.
func FormatNames() []string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return names
}

// decode reads a stored document.
func decode(doc []byte) (timeline.Event, error) {
	e, err := eventjson.DecodeStored(doc)
	if err != nil {
		return e, fmt.Errorf("a stored event cannot be read: %w", err)
	}
	return e, nil
}
