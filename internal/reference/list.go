package reference

import (
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// SortDay gives the day that lists are ordered by: the first that the event can
// touch, or the last where its start is open.
func SortDay(e *timeline.Event) edtf.Day {
	if e.Date.StartEarliest.Known {
		return e.Date.StartEarliest.Day
	}
	return e.Date.EndLatest.Day
}

// compare orders events by (sort day, id), ids by bytes.
func compare(aDay edtf.Day, aID string, bDay edtf.Day, bID string) int {
	if aDay != bDay {
		return int(aDay) - int(bDay)
	}
	return strings.Compare(aID, bID)
}

// All gives every event that the filter keeps, in order.
func All(events []timeline.Event, f *timeline.Filter, order timeline.Order) []timeline.Event {
	var kept []timeline.Event
	for i := range events {
		if Keeps(f, &events[i]) {
			kept = append(kept, events[i])
		}
	}
	slices.SortFunc(kept, func(a, b timeline.Event) int {
		if order == timeline.Descending {
			a, b = b, a
		}
		return compare(SortDay(&a), a.ID, SortDay(&b), b.ID)
	})
	return kept
}

// List answers a query for one page, given the events as they stood at its AsOf.
func List(events []timeline.Event, q timeline.ListQuery) (page []timeline.Event, next *timeline.Position, count *timeline.Count) {
	all := All(events, &q.Filter, q.Order)
	switch {
	case q.Count == timeline.CountCapped && len(all) > timeline.CountCap:
		count = &timeline.Count{Value: timeline.CountCap, Relation: "gte"}
	case q.Count == timeline.CountCapped, q.Count == timeline.CountExact:
		count = &timeline.Count{Value: int64(len(all)), Relation: "eq"}
	}
	for i := range all {
		if q.After != nil {
			c := compare(SortDay(&all[i]), all[i].ID, q.After.Day, q.After.ID)
			if q.Order == timeline.Descending {
				c = -c
			}
			if c <= 0 {
				continue
			}
		}
		if len(page) == q.Limit {
			last := &page[len(page)-1]
			next = &timeline.Position{Day: SortDay(last), ID: last.ID}
			break
		}
		page = append(page, all[i])
	}
	return page, next, count
}
