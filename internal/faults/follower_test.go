package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// follower is a client of the stream that resumes where it was cut, as browsers do.
type follower struct {
	*service
	mu      sync.Mutex
	last    string // Last-Event-ID
	state   map[string]change
	resumed int      // how often it was cut, and served again from where it was
	faults  []string // what it was told wrongly
	done    chan struct{}
	stop    context.CancelFunc
}

func (s *service) follow(ctx context.Context) *follower {
	f := &follower{service: s, state: map[string]change{}, done: make(chan struct{})}
	ctx, f.stop = context.WithCancel(ctx)
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			f.listen(ctx)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return f
}

// listen follows until the stream is cut.
func (f *follower) listen(ctx context.Context) {
	// A network that says nothing any more is noticed by the heartbeats that are missing.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(20*time.Second, cancel)
	defer silence.Stop()
	base, _ := f.base.Load().(string)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/changes/stream", http.NoBody)
	if err != nil {
		return
	}
	if f.last != "" {
		request.Header.Set("Last-Event-ID", f.last)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return
	}
	if f.last != "" {
		f.mu.Lock()
		f.resumed++
		f.mu.Unlock()
	}
	id, data := "", ""
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		silence.Reset(20 * time.Second)
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "id: "):
			id = line[len("id: "):]
		case strings.HasPrefix(line, "data: "):
			data = line[len("data: "):]
		case line == "" && data != "": // a message counts when it is whole
			var c change
			if json.Unmarshal([]byte(data), &c) == nil {
				f.mu.Lock()
				// An id stands at the end of a revision, which is not sent again.
				if had, _ := strconv.ParseInt(f.last, 10, 64); c.Revision <= had && len(f.faults) < 20 {
					f.faults = append(f.faults, fmt.Sprintf("the follower had all up to revision %d, and is sent %s of revision %d", had, c.EventID, c.Revision))
				}
				f.state[c.EventID] = c
				if id != "" {
					f.last = id
				}
				f.mu.Unlock()
			}
			id, data = "", ""
		}
	}
}

// began waits until the follower has a place to resume at.
func (f *follower) began(t *testing.T) {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		f.mu.Lock()
		last := f.last
		f.mu.Unlock()
		if last != "" {
			return
		}
	}
	t.Fatal("the follower is sent nothing")
}

// check waits until the follower has the newest revision, and holds what it was told
// against the export.
func (f *follower) check(t *testing.T) {
	t.Helper()
	want := strings.Split(strings.TrimSuffix(string(f.must(t, "/v1/events.ndjson")), "\n"), "\n")
	slices.Sort(want)
	var got []string
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		got = got[:0]
		f.mu.Lock()
		for _, c := range f.state {
			if c.Event != nil {
				got = append(got, string(c.Event))
			}
		}
		f.mu.Unlock()
		slices.Sort(got)
		if slices.Equal(got, want) {
			break
		}
	}
	f.stop()
	<-f.done
	t.Logf("the follower was cut and resumed %d times", f.resumed)
	for _, fault := range f.faults {
		t.Error(fault)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the follower has %d events, the export %d, and they differ", len(got), len(want))
	}
}
