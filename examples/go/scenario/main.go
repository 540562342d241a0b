// Command scenario does what examples/curl/scenario.sh does, with a client that
// oapi-codegen generated. Words of enums are written out: it gives their constants
// other names once another enum has the same word.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"

	"example.org/go/tarikh"
)

func main() {
	log.SetFlags(0)
	client, err := tarikh.NewClientWithResponses(os.Getenv("TARIKH_URL"))
	check(err)
	ctx := context.Background()
	lists(ctx, client)
	one(ctx, client)
	charts(ctx, client)
}

func lists(ctx context.Context, client *tarikh.ClientWithResponses) {
	list, err := client.ListEventsWithResponse(ctx, &tarikh.ListEventsParams{
		Countries: &[]string{"ML", "النيجر"}, From: new("2020"), To: new("2023"),
		Type:       &[]tarikh.EventType{"politics", "diplomacy"},
		Status:     &[]tarikh.EventStatus{"occurred", "ongoing"},
		MinSources: new(1), Order: new(tarikh.SortOrder("desc")), Counting: new(tarikh.CountMode("exact")), Limit: new(3),
	})
	check(err)
	page := must(list.JSON200, list.Body)
	fmt.Println("list", page.Count.Value, page.Count.Relation, page.Page.HasMore)
	show(page.Data...)

	box, err := client.ListEventsWithResponse(ctx, &tarikh.ListEventsParams{Bbox: &[]float32{-12.5, 10, 16, 25}})
	check(err)
	fmt.Println("box", len(must(box.JSON200, box.Body).Data))

	var cursor *string
	for number := 1; number <= 3; number++ {
		answer, err := client.ListEventsWithResponse(ctx, &tarikh.ListEventsParams{Countries: &[]string{"ML"}, Limit: new(4), Cursor: cursor})
		check(err)
		page := must(answer.JSON200, answer.Body)
		fmt.Println("page", number, page.Page.HasMore)
		show(page.Data...)
		cursor = page.Page.NextCursor
	}
}

func one(ctx context.Context, client *tarikh.ClientWithResponses) {
	event, err := client.GetEventWithResponse(ctx, "ml-coup-2021", &tarikh.GetEventParams{})
	check(err)
	show(*must(event.JSON200, event.Body))

	missing, err := client.GetEventWithResponse(ctx, "atlantis-sinks", &tarikh.GetEventParams{})
	check(err)
	problem := must(missing.ApplicationproblemJSON404, missing.Body)
	fmt.Println("missing", problem.Status, problem.Code, problem.Instance)
}

func charts(ctx context.Context, client *tarikh.ClientWithResponses) {
	chart, err := client.GetTimelineWithResponse(ctx, &tarikh.GetTimelineParams{
		Type: &[]tarikh.EventType{"coup"}, Date: new("2021"), Interval: new(tarikh.IntervalChoice("month")),
	})
	check(err)
	timeline := must(chart.JSON200, chart.Body)
	fmt.Println("timeline", timeline.Interval, timeline.By, timeline.Total)
	for _, b := range timeline.Buckets {
		fmt.Println("bucket", b.Start, b.End, b.Certain, b.Possible, math.Round(b.Expected*1e6))
	}

	counted, err := client.GetFacetsWithResponse(ctx, &tarikh.GetFacetsParams{
		Countries: &[]string{"ML"}, By: &[]tarikh.FacetName{"type", "country"}, Limit: new(3),
	})
	check(err)
	for _, facet := range must(counted.JSON200, counted.Body).Facets {
		fmt.Println("facet", facet.By, facet.More)
		for _, v := range facet.Values {
			fmt.Println("value", v.Value, v.Count, (*v.Label)["ar"])
		}
	}
}

func show(events ...tarikh.Event) {
	for _, e := range events {
		d := e.Date
		fmt.Printf("event %s | %s | %s | %s | %s | %s | %s | %s | %s\n",
			e.Id, d.Edtf, day(d.Earliest), day(d.StartLatest), day(d.EndEarliest), day(d.Latest), d.Label.En, d.Label.Ar, e.Title["ar"])
	}
}

func day(d *string) string {
	if d == nil {
		return "null"
	}
	return *d
}

// must gives the body that was expected, or ends with the one that came.
func must[T any](body *T, came []byte) *T {
	if body == nil {
		log.Fatalf("another answer: %s", came)
	}
	return body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
