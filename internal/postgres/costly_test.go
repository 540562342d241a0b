package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestCostlyQuestionsTakeTurns: however many are asked at once, a few are answered at a
// time, from memory and from the rows; whoever waits in vain is told so, and whoever hangs
// up waits no more. Pages are not held up.
func TestCostlyQuestionsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, 1)
	follow(t, w)
	past, far := w.last, timeline.Filter{Actor: "nobody at all"} // which memory does not know
	asked := map[string]func(ctx context.Context) error{
		"a chart": func(ctx context.Context) error { _, err := w.Chart(ctx, timeline.ChartQuery{}); return err },
		"a chart of the rows": func(ctx context.Context) error {
			_, err := w.Chart(ctx, timeline.ChartQuery{Filter: timeline.Filter{AsOf: &past}})
			return err
		},
		"facets": func(ctx context.Context) error {
			_, err := w.Facets(ctx, timeline.Filter{}, timeline.FacetBys, 20)
			return err
		},
		"facets of the rows": func(ctx context.Context) error {
			_, err := w.Facets(ctx, timeline.Filter{AsOf: &past}, timeline.FacetBys, 20)
			return err
		},
		"a facet of actors": func(ctx context.Context) error {
			_, err := w.Facets(ctx, timeline.Filter{}, []string{timeline.GroupActor}, 20)
			return err
		},
		"an exact count": func(ctx context.Context) error {
			_, err := w.ListEvents(ctx, timeline.ListQuery{Limit: 1, Count: timeline.CountExact})
			return err
		},
	}
	release := w.OccupyTurns()
	answers := map[string]chan error{}
	gone, hangUp := context.WithCancel(t.Context())
	for name, ask := range asked {
		stays, leaves := make(chan error, 1), make(chan error, 1)
		answers[name], answers[name+", of one who hangs up"] = stays, leaves
		go func() { stays <- ask(t.Context()) }()
		go func() { leaves <- ask(gone) }()
	}
	if _, err := w.ListEvents(t.Context(), timeline.ListQuery{Filter: far, Limit: 1}); err != nil {
		t.Errorf("a page: %v", err)
	}
	hangUp()
	for name := range asked {
		if err := <-answers[name+", of one who hangs up"]; !errors.Is(err, context.Canceled) {
			t.Errorf("%s, of one who hangs up: %v", name, err)
		}
		var e *timeline.Error
		if err := <-answers[name]; !errors.As(err, &e) || e.Kind != timeline.KindBusy || e.RetryAfter == 0 {
			t.Errorf("%s, while others are answered: %v", name, err)
		}
	}
	release()
	for name, ask := range asked {
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s, when its turn has come: %v", name, err)
		}
	}
}

// TestAChartThatTakesTooLong: it is told as one, unless nobody waits for it any more.
func TestAChartThatTakesTooLong(t *testing.T) {
	t.Parallel()
	var e *timeline.Error
	if err := postgres.TooCostly(t.Context(), timeline.ErrGivenUp); !errors.As(err, &e) || e.Kind != timeline.KindTooCostly || !errors.Is(err, timeline.ErrGivenUp) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := postgres.TooCostly(ctx, timeline.ErrGivenUp); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := postgres.TooCostly(ctx, nil); err != nil {
		t.Errorf("%v", err)
	}
}

// TestTheSizeOfMemoryIsTold: also when it grows by what is written, write by write.
func TestTheSizeOfMemoryIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, 1)
	ctx, stop := context.WithCancel(t.Context())
	sizes, ended := make(chan int, 100), make(chan struct{})
	go func() {
		w.Follow(ctx, func(bytes int) { sizes <- bytes })
		close(ended)
	}()
	defer func() { stop(); <-ended }()
	first := <-sizes
	var more []timeline.Event
	for i := range 2_000 {
		e := event(t, fmt.Sprint("more-", i), "2021")
		e.Tags = []string{fmt.Sprint("tag ", i)}
		more = append(more, e)
	}
	if _, err := w.Import(t.Context(), more, false, author); err != nil {
		t.Fatal(err)
	}
	select {
	case size := <-sizes:
		if is := w.BytesInMemory(); size <= first || size != is {
			t.Errorf("%d bytes were told, after %d; it is %d", size, first, is)
		}
	case <-time.After(time.Minute):
		t.Error("nothing was told")
	}
}
