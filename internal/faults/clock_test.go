package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/seed"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestTheClockStepsBack writes while the clock jumps to and fro by days: the times of
// revisions never go back, and the past is what it was. It runs inside the test, for
// there the clock can be set.
func TestTheClockStepsBack(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var offset atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(offset.Load())) }
	store, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.New(t), MaxConns: 8, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	dataset, events, err := seed.Sahel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateDataset(t.Context(), dataset, events, timeline.Author{Name: "seed"}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateKey(t.Context(), "faults", []string{"write"}, "key"); err != nil {
		t.Fatal(err)
	}
	handler, err := httpapi.New(httpapi.Options{Store: store, Spec: tarikh.Spec, Log: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, path string, body []byte) reply {
		request := httptest.NewRequest(method, path, bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer key")
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", path+string(rune('a'+len(body)%26)))
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return reply{answer.Code, answer.Header(), answer.Body.Bytes()}
	}
	const steps = 100
	random := rand.New(rand.NewPCG(1, 2))
	docs := map[int64]string{}
	for i := range steps {
		offset.Store(int64(time.Duration(random.IntN(2_000)-1_000) * time.Hour))
		body := bodyOf(sample(i, fmt.Sprintf("clock.%d", i)))
		r := send(http.MethodPut, "/v1/events/clock", request("clock", body))
		if r.status != http.StatusOK && r.status != http.StatusCreated {
			t.Fatalf("%d %s", r.status, r.body)
		}
		_, revision := identity(r.body)
		docs[revision] = string(r.body)
	}
	var history changesPage
	if err := json.Unmarshal(send(http.MethodGet, "/v1/events/clock/history?limit=500", nil).body, &history); err != nil {
		t.Fatal(err)
	}
	if len(history.Data) != steps {
		t.Fatalf("%d revisions of %d", len(history.Data), steps)
	}
	later := ""
	for i, c := range history.Data { // the newest first
		if string(c.Event) != docs[c.Revision] {
			t.Errorf("revision %d is %s, and was %s", c.Revision, c.Event, docs[c.Revision])
		}
		if i > 0 && c.At > later {
			t.Errorf("revision %d is of %s, and a later one of %s", c.Revision, c.At, later)
		}
		if r := send(http.MethodGet, fmt.Sprintf("/v1/events/clock?as_of=%d", c.Revision), nil); string(r.body) != docs[c.Revision] {
			t.Errorf("as of %d it is %d %s", c.Revision, r.status, r.body)
		}
		later = c.At
	}
	record(t, figures{fault: "the clock steps to and fro", injected: steps, requests: steps, acknowledged: steps})
}
