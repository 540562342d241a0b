package httpapi

import (
	"slices"
	"strconv"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// parameter is what may stand in a query under a name; a test holds each against
// openapi.yaml.
type parameter struct {
	name      string
	form      form
	words     []string // closed words, of a list those of its items
	byDefault string
	min, max  int // of a number; of a list its items
	maxLength int // characters; of a list those of an item
	required  bool

	deprecated *deprecation
}

type form uint8

const (
	formText   form = iota
	formWord        // one of words
	formNumber      // a whole number
	formList        // comma-separated, and may be repeated
)

var (
	asOfParameter = parameter{name: "as_of", maxLength: 40}

	// filterParameters are the filters, the same wherever events are asked for.
	filterParameters = []parameter{
		{name: "from"},
		{name: "to"},
		{name: "date", maxLength: 255},
		{name: "match", form: formWord, words: []string{"possible", "certain", "within", "starts"}, byDefault: "possible"},
		{name: "on"},
		{name: "id", form: formList, max: 100, maxLength: 128},
		{name: "country", form: formList, max: 300, maxLength: 100},
		{name: "country_match", form: formWord, words: []string{"any", "all", "only"}, byDefault: "any"},
		{name: "country_role", form: formList, words: timeline.Roles},
		{name: "region", form: formList},
		{name: "predecessors", form: formWord, words: []string{"true", "false"}, byDefault: "false"},
		{name: "type", form: formList, words: timeline.TypeCodes},
		{name: "status", form: formList, words: timeline.Statuses},
		{name: "dataset", form: formList},
		{name: "tag", form: formList, max: 100, maxLength: 100},
		{name: "actor", maxLength: 300},
		{name: "q", maxLength: 500},
		{name: "bbox", form: formList, min: 4, max: 4},
		{name: "min_sources", form: formNumber, min: 1, max: 1000},
		asOfParameter,
	}

	listParameters = filtersAnd(
		parameter{name: "order", form: formWord, words: []string{"asc", "desc"}, byDefault: "asc"},
		parameter{name: "limit", form: formNumber, min: 1, max: 500, byDefault: "50"},
		parameter{name: "cursor", maxLength: 400},
		parameter{name: "count", form: formWord, words: []string{"none", "capped", "exact"}, byDefault: "none"},
	)

	exportParameters = filtersAnd(
		parameter{name: "order", form: formWord, words: []string{"asc", "desc"}, byDefault: "asc"},
	)

	// newestParameters are those of a format that holds the newest events alone.
	newestParameters = filtersAnd(
		parameter{name: "order", form: formWord, words: []string{"asc", "desc"}, byDefault: "desc"},
	)

	chainParameters = []parameter{
		{name: "depth", form: formNumber, min: 1, max: 5, byDefault: "2"},
		asOfParameter,
	}

	historyParameters = []parameter{
		{name: "limit", form: formNumber, min: 1, max: 500, byDefault: "50"},
		{name: "cursor", maxLength: 400},
	}

	// afterParameter is a revision: parsed where it is used, as as_of is.
	afterParameter = parameter{name: "after", byDefault: "0"}

	changeParameters = []parameter{
		afterParameter,
		{name: "limit", form: formNumber, min: 1, max: 1000, byDefault: "100"},
		{name: "cursor", maxLength: 400},
	}

	streamParameters = []parameter{afterParameter}

	deleteParameters = []parameter{
		{name: "reason", maxLength: 1000, required: true},
		{name: "merged_into", maxLength: 128},
	}

	importParameters = []parameter{
		{name: "dry_run", form: formWord, words: []string{"true", "false"}, byDefault: "false"},
	}

	timelineParameters = filtersAnd(
		parameter{name: "interval", form: formWord, words: timeline.Intervals, byDefault: string(timeline.IntervalAuto)},
		parameter{name: "by", form: formWord, words: timeline.ChartBys, byDefault: timeline.ByStart},
		parameter{name: "measure", maxLength: 100, byDefault: timeline.MeasureEvents},
		parameter{name: "group_by", form: formWord, words: timeline.ChartGroups, byDefault: timeline.GroupNone},
	)

	facetParameters = filtersAnd(
		parameter{name: "by", form: formList, words: timeline.FacetBys}, // by default all of them
		parameter{name: "limit", form: formNumber, min: 1, max: timeline.MaxFacetLimit, byDefault: strconv.Itoa(timeline.FacetLimit)},
	)
)

// filtersAnd gives the filters with an operation's own parameters.
func filtersAnd(own ...parameter) []parameter { return slices.Concat(filterParameters, own) }
