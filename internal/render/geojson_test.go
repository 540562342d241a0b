package render_test

import (
	"encoding/json"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestGeoJSON(t *testing.T) {
	t.Parallel()
	events := random(100)
	events = append(events, event(t, "placed", "2021", func(e *timeline.Event) {
		e.Location = &timeline.Location{Name: timeline.Text{"en": "Suva"}, Latitude: -18.14, Longitude: 178.44, Precision: "city"}
	}))
	var got struct {
		Type     string
		Revision int64
		Features []struct {
			Type, ID string
			Geometry *struct {
				Type        string
				Coordinates []float64
			}
			Properties json.RawMessage
		}
	}
	unmarshal(t, write(t, "geojson", events...), &got)
	if got.Type != "FeatureCollection" || got.Revision != 17 || len(got.Features) != len(events) {
		t.Fatalf("%s of %d features", got.Type, len(got.Features))
	}
	for i, f := range got.Features {
		e := events[i]
		if f.Type != "Feature" || f.ID != e.ID || string(f.Properties) != string(e.AppendJSON(nil)) {
			t.Errorf("%+v is not the feature of %+v", f, e)
		}
		switch {
		case e.Location == nil && f.Geometry != nil, e.Location != nil && f.Geometry == nil:
			t.Errorf("%s: the geometry is %+v", e.ID, f.Geometry)
		case e.Location != nil:
			if g := f.Geometry; g.Type != "Point" || len(g.Coordinates) != 2 || g.Coordinates[0] != e.Location.Longitude || g.Coordinates[1] != e.Location.Latitude {
				t.Errorf("%s: %+v", e.ID, g)
			}
		}
	}
}
