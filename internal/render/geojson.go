package render

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// geoJSON is a FeatureCollection (RFC 7946) with one feature an event: the
// location as its geometry, null where there is none, and the whole event as its
// properties, as it is stored.
type geoJSON struct {
	w     io.Writer
	about About
	begun bool
	buf   []byte
}

func newGeoJSON(w io.Writer, about About) Writer { return &geoJSON{w: w, about: about} }

func (g *geoJSON) Event(doc []byte) error {
	var e struct {
		ID       string `json:"id"`
		Location *struct {
			Latitude  float64 `json:"latitude"`
			Longitude float64 `json:"longitude"`
		} `json:"location"`
	}
	if err := json.Unmarshal(doc, &e); err != nil {
		return fmt.Errorf("a stored event cannot be read: %w", err)
	}
	b := g.head(g.buf[:0])
	b = append(b, `{"type":"Feature","id":`...)
	b = timeline.AppendString(b, e.ID)
	b = append(b, `,"geometry":`...)
	if l := e.Location; l != nil {
		b = append(b, `{"type":"Point","coordinates":[`...)
		b = append(timeline.AppendNumber(b, l.Longitude), ',')
		b = append(timeline.AppendNumber(b, l.Latitude), "]}"...)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"properties":`...)
	b = append(append(b, doc...), '}')
	g.buf = b
	_, err := g.w.Write(b)
	return err
}

// head begins the collection, or goes on to its next feature.
func (g *geoJSON) head(b []byte) []byte {
	if g.begun {
		return append(b, ",\n"...)
	}
	g.begun = true
	return fmt.Appendf(b, `{"type":"FeatureCollection","revision":%d,"features":[`+"\n", g.about.Revision)
}

func (g *geoJSON) Close() error {
	var b []byte
	if !g.begun {
		b = g.head(b)
	}
	_, err := g.w.Write(append(b, "\n]}"...))
	return err
}
