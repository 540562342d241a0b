package timeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// Filter is what every reading operation can be asked for. All its parts hold at
// once; a list holds when any of its items does. The zero value keeps every event.
type Filter struct {
	Window edtf.Window
	Match  edtf.Mode // "": possible

	On  MonthDay // zero: not asked
	IDs []string

	// Countries holds one set of codes for each country that was listed: the
	// country itself and, where predecessors were asked for, those before it.
	Countries    [][]string
	CountryMatch CountryMatch // "": any
	Roles        []string     // countries, and the countries of regions, count in these roles only
	Regions      []string

	Types    []string // as asked; a parent stands for its children too
	Statuses []string
	Datasets []string
	Tags     []string

	Actor      string   // an actor's whole name, folded
	Words      []string // folded words; those of three letters and more also match as a prefix
	BBox       *BBox
	MinSources int

	// AsOf is the revision whose data are asked for; nil is the newest.
	AsOf *int64
}

// MonthDay is a day of any year.
type MonthDay struct{ Month, Day int }

// CountryMatch tells how a list of countries is compared with an event's.
type CountryMatch string

// The ways to compare countries: any listed one takes part, all of them do, or at
// least one does and no other.
const (
	CountryAny  CountryMatch = "any"
	CountryAll  CountryMatch = "all"
	CountryOnly CountryMatch = "only"
)

// BBox is a box in WGS 84 degrees, edges included. West > East crosses the 180th
// meridian.
type BBox struct{ West, South, East, North float64 }

// Contains tells whether a point lies in the box.
func (b BBox) Contains(latitude, longitude float64) bool {
	if latitude < b.South || latitude > b.North {
		return false
	}
	if b.West <= b.East {
		return b.West <= longitude && longitude <= b.East
	}
	return longitude >= b.West || longitude <= b.East
}

// HasWindow tells whether the filter limits the time at all.
func (f *Filter) HasWindow() bool { return f.Window.From.Known || f.Window.To.Known }

// Order is the order of a list: by (sort day, id), ids compared by bytes.
type Order string

// The orders of lists.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
)

// CountMode tells whether a list is counted.
type CountMode string

// The ways to count: not at all, up to CountCap, or to the end within a time budget.
const (
	CountNone   CountMode = "none"
	CountCapped CountMode = "capped"
	CountExact  CountMode = "exact"
)

// CountCap is where a capped count stops.
const CountCap = 10_000

// Position is a place in the order of lists: that of the event it names.
type Position struct {
	Day edtf.Day
	ID  string
}

// ListQuery asks for one page.
type ListQuery struct {
	Filter
	Order Order
	Limit int
	After *Position // nil: from the beginning
	Count CountMode
	Into  []byte // what the documents are appended to, see Page
}

// Count is how many events a filter keeps: exactly (eq), or at least (gte).
type Count struct {
	Value    int64
	Relation string
}

// Page is one page of ready documents. They lie one behind the other, with commas
// between them, as they go to the client. Next is nil on the last page.
type Page struct {
	Data  []byte // what the page was begun with, and the documents
	Next  *Position
	Count *Count

	begin int
	ends  []int // of the documents in Data
}

// NewPage begins an empty page behind what is there already.
func NewPage(into []byte) Page { return Page{Data: into, begin: len(into)} }

// Append copies a document to the page's end.
func (p *Page) Append(doc []byte) {
	if len(p.ends) > 0 {
		p.Data = append(p.Data, ',')
	}
	p.Data = append(p.Data, doc...)
	p.ends = append(p.ends, len(p.Data))
}

// Len is the number of documents.
func (p *Page) Len() int { return len(p.ends) }

// Docs gives the documents. They are parts of Data.
func (p *Page) Docs() [][]byte {
	docs := make([][]byte, len(p.ends))
	from := p.begin
	for i, end := range p.ends {
		docs[i], from = p.Data[from:end:end], end+1
	}
	return docs
}

// Key gives the filter in one canonical text: two filters with the same key keep
// the same events at every revision. It is what cursors and ETags are bound to.
func (f *Filter) Key() string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s=%q&", name, value)
		}
	}
	list := func(name string, values []string) { add(name, strings.Join(sorted(values), "\x00")) }
	add("from", f.Window.From.String())
	add("to", f.Window.To.String())
	if f.HasWindow() {
		add("match", string(f.Match))
	}
	if f.On != (MonthDay{}) {
		add("on", fmt.Sprintf("%02d-%02d", f.On.Month, f.On.Day))
	}
	list("id", f.IDs)
	countries := make([]string, len(f.Countries))
	for i, codes := range f.Countries {
		countries[i] = strings.Join(sorted(codes), "+")
	}
	list("country", countries)
	if len(f.Countries) > 0 {
		add("country_match", string(f.CountryMatch))
	}
	list("country_role", f.Roles)
	list("region", f.Regions)
	list("type", f.Types)
	list("status", f.Statuses)
	list("dataset", f.Datasets)
	list("tag", f.Tags)
	add("actor", f.Actor)
	list("q", f.Words)
	if f.BBox != nil {
		add("bbox", fmt.Sprint(f.BBox.West, f.BBox.South, f.BBox.East, f.BBox.North))
	}
	if f.MinSources > 0 {
		add("min_sources", strconv.Itoa(f.MinSources))
	}
	if f.AsOf != nil {
		add("as_of", strconv.FormatInt(*f.AsOf, 10))
	}
	return b.String()
}

func sorted(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
