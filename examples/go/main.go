// Command example prints what concerned Mali from 2020 to 2023, with a client that
// oapi-codegen generated.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"example.org/go/tarikh"
)

func main() {
	client, err := tarikh.NewClientWithResponses(cmp.Or(os.Getenv("TARIKH_URL"), "http://127.0.0.1:8080"))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.ListEventsWithResponse(context.Background(), &tarikh.ListEventsParams{
		Countries: &[]string{"ML"}, From: new("2020"), To: new("2023"),
	})
	if err != nil {
		log.Fatal(err)
	}
	if answer.JSON200 == nil {
		log.Fatalf("%s: %s", answer.Status(), answer.Body)
	}
	for _, event := range answer.JSON200.Data {
		fmt.Printf("%s: %s\n", event.Date.Label.En, event.Title["en"])
	}
}
