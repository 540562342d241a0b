// Command example prints what concerned Mali from 2020 to 2023, with a client that
// ogen generated.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/ogen-go/ogen/ogenerrors"

	"example.org/go-ogen/tarikh"
)

// withoutKey reads as anybody may. With a key, ApiKey gives tarikh.ApiKey{Token: KEY}.
type withoutKey struct{}

func (withoutKey) ApiKey(context.Context, tarikh.OperationName) (tarikh.ApiKey, error) {
	return tarikh.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

func main() {
	client, err := tarikh.NewClient(cmp.Or(os.Getenv("TARIKH_URL"), "http://127.0.0.1:8080"), withoutKey{})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.ListEvents(context.Background(), tarikh.ListEventsParams{
		Country: []string{"ML"}, From: tarikh.NewOptPartialDate("2020"), To: tarikh.NewOptPartialDate("2023"),
	})
	if err != nil {
		log.Fatal(err)
	}
	page, ok := answer.(*tarikh.EventPageHeaders)
	if !ok {
		log.Fatalf("%+v", answer)
	}
	for _, event := range page.Response.Data {
		fmt.Printf("%s: %s\n", event.Date.Label.En, event.Title["en"])
	}
}
