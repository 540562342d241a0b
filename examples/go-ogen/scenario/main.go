// Command scenario does what examples/curl/scenario.sh does, with a client that ogen
// generated.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"

	"github.com/ogen-go/ogen/ogenerrors"

	"example.org/go-ogen/tarikh"
)

type withoutKey struct{}

func (withoutKey) ApiKey(context.Context, tarikh.OperationName) (tarikh.ApiKey, error) {
	return tarikh.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

func main() {
	log.SetFlags(0)
	client, err := tarikh.NewClient(os.Getenv("TARIKH_URL"), withoutKey{})
	check(err)
	ctx := context.Background()
	lists(ctx, client)
	one(ctx, client)
	charts(ctx, client)
}

func lists(ctx context.Context, client *tarikh.Client) {
	list, err := client.ListEvents(ctx, tarikh.ListEventsParams{
		Country: []string{"ML", "النيجر"}, From: tarikh.NewOptPartialDate("2020"), To: tarikh.NewOptPartialDate("2023"),
		Type:       []tarikh.EventType{tarikh.EventTypePolitics, tarikh.EventTypeDiplomacy},
		Status:     []tarikh.EventStatus{tarikh.EventStatusOccurred, tarikh.EventStatusOngoing},
		MinSources: tarikh.NewOptInt(1), Order: tarikh.NewOptSortOrder(tarikh.SortOrderDesc),
		Count: tarikh.NewOptCountMode(tarikh.CountModeExact), Limit: tarikh.NewOptInt(3),
	})
	page := expect[*tarikh.EventPageHeaders](list, err).Response
	fmt.Println("list", page.Count.Value.Value, page.Count.Value.Relation, page.Page.HasMore)
	show(page.Data...)

	box, err := client.ListEvents(ctx, tarikh.ListEventsParams{Bbox: []float64{-12.5, 10, 16, 25}})
	fmt.Println("box", len(expect[*tarikh.EventPageHeaders](box, err).Response.Data))

	var cursor tarikh.OptString
	for number := 1; number <= 3; number++ {
		answer, err := client.ListEvents(ctx, tarikh.ListEventsParams{Country: []string{"ML"}, Limit: tarikh.NewOptInt(4), Cursor: cursor})
		page := expect[*tarikh.EventPageHeaders](answer, err).Response
		fmt.Println("page", number, page.Page.HasMore)
		show(page.Data...)
		cursor = tarikh.NewOptString(page.Page.NextCursor.Value)
	}
}

func one(ctx context.Context, client *tarikh.Client) {
	event, err := client.GetEvent(ctx, tarikh.GetEventParams{ID: "ml-coup-2021"})
	show(expect[*tarikh.GetEventOKHeaders](event, err).Response)

	missing, err := client.GetEvent(ctx, tarikh.GetEventParams{ID: "atlantis-sinks"})
	problem := expect[*tarikh.GetEventNotFound](missing, err)
	fmt.Println("missing", problem.Status, problem.Code, problem.Instance)
}

func charts(ctx context.Context, client *tarikh.Client) {
	chart, err := client.GetTimeline(ctx, tarikh.GetTimelineParams{
		Type: []tarikh.EventType{tarikh.EventTypeCoup}, Date: tarikh.NewOptString("2021"),
		Interval: tarikh.NewOptIntervalChoice(tarikh.IntervalChoiceMonth),
	})
	timeline := expect[*tarikh.TimelineHeaders](chart, err).Response
	fmt.Println("timeline", timeline.Interval, timeline.By, timeline.Total)
	for _, b := range timeline.Buckets {
		fmt.Println("bucket", b.Start, b.End, b.Certain, b.Possible, math.Round(b.Expected*1e6))
	}

	counted, err := client.GetFacets(ctx, tarikh.GetFacetsParams{
		Country: []string{"ML"}, By: []tarikh.FacetName{tarikh.FacetNameType, tarikh.FacetNameCountry}, Limit: tarikh.NewOptInt(3),
	})
	for _, facet := range expect[*tarikh.FacetsHeaders](counted, err).Response.Facets {
		fmt.Println("facet", facet.By, facet.More)
		for _, v := range facet.Values {
			fmt.Println("value", v.Value, v.Count, v.Label.Value["ar"])
		}
	}
}

func show(events ...tarikh.Event) {
	for _, e := range events {
		d := e.Date
		fmt.Printf("event %s | %s | %s | %s | %s | %s | %s | %s | %s\n",
			e.ID, d.Edtf, day(d.Earliest), day(d.StartLatest), day(d.EndEarliest), day(d.Latest), d.Label.En, d.Label.Ar, e.Title["ar"])
	}
}

func day(d tarikh.NilNullableDay) string {
	if d.Null {
		return "null"
	}
	return string(d.Value)
}

// expect gives the answer of the type that was expected, or ends with the one that came.
func expect[T any](answer any, err error) T {
	check(err)
	body, ok := answer.(T)
	if !ok {
		log.Fatalf("another answer: %+v", answer)
	}
	return body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
