package timeline

import "github.com/tarikh-timeline/tarikh/internal/edtf"

// Dataset is a collection of events with one origin and one licence.
type Dataset struct {
	Slug        string
	Title       Text
	Description Text // nil: null
	Licence     string
	Citation    string
	URL         string
	Revision    int64
}

// Usage tells how many events a country, region, type or data set has, and the
// first and last real day that they can touch: an event that is open at one end
// counts with the day that it is sorted by (1985/.. from 1985-01-01 to that day,
// ../1985 on 1985-12-31), so that the first day is never after the last.
type Usage struct {
	Events   int64
	FirstDay edtf.Bound
	LastDay  edtf.Bound
}
