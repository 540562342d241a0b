package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := openAt(t, pgtest.New(t), func() time.Time { return clock })
	var done atomic.Int64
	do := func(context.Context) (postgres.Answer, error) {
		done.Add(1)
		time.Sleep(20 * time.Millisecond) // the others have time to come
		return postgres.Answer{Status: 201, Headers: map[string]string{"ETag": `"7"`}, Body: []byte("body")}, nil
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			a, err := s.Once(ctx, 1, "k", []byte("hash"), do)
			if err != nil || a.Status != 201 || a.Headers["ETag"] != `"7"` || string(a.Body) != "body" {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 {
		t.Errorf("it was done %d times", done.Load())
	}
	if _, err := s.Once(ctx, 1, "k", []byte("other"), do); kindOf(err) != timeline.KindIdempotencyMismatch {
		t.Errorf("another body: %v", err)
	}
	for name, c := range map[string]struct {
		id  int64
		key string
	}{"another's": {2, "k"}, "another": {1, "k2"}} {
		before := done.Load()
		if _, err := s.Once(ctx, c.id, c.key, []byte("hash"), do); err != nil || done.Load() != before+1 {
			t.Errorf("%s: %v, done %d times", name, err, done.Load()-before)
		}
	}
	failed := errors.New("failed")
	if _, err := s.Once(ctx, 1, "k3", []byte("hash"), func(context.Context) (postgres.Answer, error) { return postgres.Answer{}, failed }); !errors.Is(err, failed) {
		t.Errorf("a failure: %v", err)
	}
	before := done.Load()
	if _, err := s.Once(ctx, 1, "k3", []byte("other"), do); err != nil || done.Load() != before+1 {
		t.Errorf("after a failure: %v", err)
	}
	clock = clock.Add(25 * time.Hour)
	if err := s.ForgetAnswers(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Once(ctx, 1, "k", []byte("other"), do); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// TestTheWriteAndItsAnswerAreKeptTogether: what fails between the write and its answer,
// as when the process is killed there, takes the write along; what succeeds is there.
func TestTheWriteAndItsAnswerAreKeptTogether(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := open(t)
	before, _, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	killed := errors.New("killed")
	write := func(end error) func(context.Context) (postgres.Answer, error) {
		return func(ctx context.Context) (postgres.Answer, error) {
			w, err := s.Create(ctx, event(t, "a", "2021"), author)
			if err != nil || w.Revision != before+1 {
				t.Errorf("%+v %v", w, err)
			}
			return postgres.Answer{Status: 201, Headers: map[string]string{}, Body: w.Doc}, end
		}
	}
	if _, err := s.Once(ctx, 1, "k", []byte("hash"), write(killed)); !errors.Is(err, killed) {
		t.Errorf("%v", err)
	}
	if _, _, err := s.Event(ctx, "a", nil); kindOf(err) != timeline.KindNotFound {
		t.Errorf("it was written without its answer: %v", err)
	}
	answer, err := s.Once(ctx, 1, "k", []byte("hash"), write(nil))
	if err != nil {
		t.Fatal(err)
	}
	doc, revision, err := s.Event(ctx, "a", nil)
	if err != nil || revision != before+1 || string(doc) != string(answer.Body) {
		t.Errorf("%s at %d, %v; the answer was %s", doc, revision, err, answer.Body)
	}
	// A write that changes nothing takes no revision, and does not keep others waiting.
	same, err := s.Once(ctx, 1, "k2", []byte("hash"), func(ctx context.Context) (postgres.Answer, error) {
		w, err := s.Put(ctx, event(t, "a", "2021"), postgres.Precondition{}, author)
		if other, otherErr := s.Put(t.Context(), event(t, "b", "2021"), postgres.Precondition{}, author); otherErr != nil || other.Revision != before+2 {
			t.Errorf("another write meanwhile: %+v %v", other, otherErr)
		}
		return postgres.Answer{Status: 200, Headers: map[string]string{}, Body: w.Doc}, err
	})
	if err != nil || string(same.Body) != string(doc) {
		t.Errorf("%s %v", same.Body, err)
	}
}
