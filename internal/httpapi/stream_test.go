package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// patience bounds what must happen: above it something hangs.
const patience = time.Minute

// follower reads a stream as a browser would.
type follower struct {
	lines    *bufio.Scanner
	id       string // of the last message that had one
	comments int
	close    func()
}

// follow opens the stream on a real connection, which is cut after the test.
func follow(t testing.TB, server, query string, headers ...string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/v1/changes/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Accept-Encoding", "gzip, zstd") // a compressor would hold messages back
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if h := response.Header; response.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Encoding") != "" || h.Get("No-Gzip-Compression") != "" {
		t.Fatalf("%d %v", response.StatusCode, h)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 4<<20)
	return &follower{lines: lines, close: cancel}
}

// next gives the next message, false when the stream has ended.
func (f *follower) next(t testing.TB) (c change, ok bool) {
	t.Helper()
	data := ""
	for f.lines.Scan() {
		line := f.lines.Text()
		switch {
		case line == "" && data != "":
			if err := json.Unmarshal([]byte(data), &c); err != nil {
				t.Fatalf("%v in %s", err, data)
			}
			return c, true
		case line == "", strings.HasPrefix(line, "retry: "):
		case strings.HasPrefix(line, ":"):
			f.comments++
		case strings.HasPrefix(line, "id: "):
			f.id = strings.TrimPrefix(line, "id: ")
		case strings.HasPrefix(line, "data: "):
			data = strings.TrimPrefix(line, "data: ")
		default:
			t.Fatalf("the line %q", line)
		}
	}
	return c, false
}

func (f *follower) want(t testing.TB, id string) change {
	t.Helper()
	c, ok := f.next(t)
	if !ok || c.EventID != id {
		t.Fatalf("%v: %s, want %s (%v)", ok, c.EventID, id, f.lines.Err())
	}
	return c
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	server := httptestServer(t, s.handler)
	f := follow(t, server, "?after=1")
	s.write(t, "PUT", "/v1/events/a", small("a", "2021")).want(t, 201)
	c := f.want(t, "a")
	if read := s.get(t, "/v1/events/a"); string(c.Event) != string(read.body) || c.Op != "create" || f.id != "2" {
		t.Errorf("%+v with the id %s, read %s", c, f.id, read.body)
	}
	// The id stands only on the last message of a revision.
	s.write(t, "POST", "/v1/imports", "["+small("b1", "2021")+","+small("b2", "2021")+","+small("b3", "2021")+"]").want(t, 200)
	for i, id := range []string{"2", "2", "3"} {
		f.want(t, fmt.Sprintf("b%d", i+1))
		if f.id != id {
			t.Errorf("message %d leaves the id %s, want %s", i, f.id, id)
		}
	}
	s.write(t, "DELETE", "/v1/events/b2?reason=x&merged_into=a", "", "If-Match", "*").want(t, 200)
	if c := f.want(t, "b2"); c.Op != "merge" || string(c.Event) != "null" || f.id != "4" {
		t.Errorf("%+v, id %s", c, f.id)
	}
	// Last-Event-ID goes before after; without either it begins with everything.
	resumed := follow(t, server, "?after=0", "Last-Event-ID", "3")
	resumed.want(t, "b2")
	all := follow(t, server, "")
	got := replica{}
	for range len(s.get(t, "/v1/changes?limit=1000").changes(t).Data) {
		c, ok := all.next(t)
		if !ok {
			t.Fatal(all.lines.Err())
		}
		got.take(c)
	}
	if want := s.export(t, 4); got.export(t, s) != want || all.id != "4" {
		t.Errorf("id %s: %s", all.id, firstDifference(got.export(t, s), want))
	}
	if head := ask(t, http.MethodHead, server+"/v1/changes/stream"); head.status != 200 || head.header.Get("Content-Type") != "text/event-stream" || len(head.body) > 0 || head.header.Get("No-Gzip-Compression") != "" {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
}

// TestStreamOfAnotherInstance: what one instance writes reaches the streams of others,
// which know of it by asking the database.
func TestStreamOfAnotherInstance(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	other := httptestServer(t, handlerOf(t, s.store))
	f := follow(t, other, "?after=1")
	for i := range 3 {
		id := fmt.Sprintf("e%d", i)
		s.write(t, "PUT", "/v1/events/"+id, small(id, "2021")).want(t, 201)
		written := time.Now()
		f.want(t, id)
		t.Logf("it took %s", time.Since(written))
	}
}

// TestStreamCutWithinARevision: who resumes with the last id loses nothing, though a
// revision came in several pages.
func TestStreamCutWithinARevision(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	server := httptestServer(t, s.handler)
	var batch []string
	const events = 1_200 // more than the feed reads at once
	for i := range events {
		batch = append(batch, small(fmt.Sprintf("e%04d", i), "2021"))
	}
	s.write(t, "POST", "/v1/imports", strings.Join(batch, "\n"), "Content-Type", "application/x-ndjson").want(t, 200)
	f := follow(t, server, "?after=1")
	for i := range events - 1 {
		if f.want(t, fmt.Sprintf("e%04d", i)); f.id != "" {
			t.Fatalf("message %d has the id %s", i, f.id)
		}
	}
	f.want(t, fmt.Sprintf("e%04d", events-1))
	if f.id != "2" {
		t.Errorf("the id is %q", f.id)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	s := newsroom(t, func(o *httpapi.Options) { o.Heartbeat = 20 * time.Millisecond })
	f := follow(t, httptestServer(t, s.handler), "?after=1")
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		for f.comments < 4 && f.lines.Scan() {
			if strings.HasPrefix(f.lines.Text(), ":") {
				f.comments++
			}
		}
	}()
	select {
	case <-beaten:
	case <-time.After(patience):
	}
	if f.comments < 4 {
		t.Errorf("%d comments", f.comments)
	}
}

// TestStreamEnds: at once with the server, and so does one whose key was revoked.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	s := newsroom(t, func(o *httpapi.Options) { o.Stop = stop })
	f := follow(t, httptestServer(t, s.handler), "?after=1")
	closed := service{handlerOf(t, s.store, readNeedsKey, func(o *httpapi.Options) { o.Heartbeat = 20 * time.Millisecond }), s.store}
	closed.get(t, "/v1/changes/stream").want(t, 401)
	keyed := follow(t, httptestServer(t, closed.handler), "?after=1", "Authorization", "Bearer key-of-read")
	s.write(t, "PUT", "/v1/events/a", small("a", "2021")).want(t, 201)
	f.want(t, "a")
	keyed.want(t, "a")
	close(stop)
	if c, ok := f.next(t); ok || f.lines.Err() != nil {
		t.Errorf("%+v %v", c, f.lines.Err())
	}
	keys, err := s.store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Name == "readr" {
			if _, err := s.store.RevokeKey(t.Context(), k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c, ok := keyed.next(t); ok || keyed.lines.Err() != nil {
		t.Errorf("%+v %v", c, keyed.lines.Err())
	}
}

// TestStreamOutlivesTheServersLimits: neither the time to read a request nor the time
// to write an answer ends it.
func TestStreamOutlivesTheServersLimits(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	server := httptest.NewUnstartedServer(s.handler)
	const limit = 300 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	t.Cleanup(server.Close)
	f := follow(t, server.URL, "?after=1")
	time.Sleep(3 * limit)
	s.write(t, "PUT", "/v1/events/a", small("a", "2021")).want(t, 201)
	f.want(t, "a")
}

// TestManyFollowers: hundreds follow one instance, and each gets every change in order.
func TestManyFollowers(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	server := httptestServer(t, s.handler)
	const followers, writes = 300, 40
	var group sync.WaitGroup
	for range followers {
		f := follow(t, server, "?after=1")
		group.Go(func() {
			defer f.close()
			for i := range writes {
				if c, ok := f.next(t); !ok || c.EventID != fmt.Sprintf("e%02d", i) || f.id != strconv.Itoa(i+2) {
					t.Errorf("change %d is %s, id %s (%v)", i, c.EventID, f.id, f.lines.Err())
					return
				}
			}
		})
	}
	for i := range writes {
		s.put(t, event(t, fmt.Sprintf("e%02d", i), "2021"))
	}
	group.Wait()
}

// TestSlowFollower: one that does not read costs the others nothing, and when it reads
// on it has lost nothing. The feed hands out more than the sockets and its buffer hold.
func TestSlowFollower(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	server := httptestServer(t, s.handler)
	const rounds, each = 12, 300
	slow, fast := follow(t, server, "?after=1"), follow(t, server, "?after=1")
	text := strings.Repeat("x", 4_000)
	for round := range rounds {
		var batch []timeline.Event
		for i := range each {
			e := event(t, fmt.Sprintf("r%02d-%03d", round, i), "2021")
			e.Attributes = map[string]string{"text": text}
			batch = append(batch, e)
		}
		if _, err := s.store.Import(t.Context(), batch, false, author); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			fast.want(t, fmt.Sprintf("r%02d-%03d", round, i))
		}
	}
	for i := range rounds * each {
		slow.want(t, fmt.Sprintf("r%02d-%03d", i/each, i%each))
	}
	if slow.id != strconv.Itoa(rounds+1) || fast.id != slow.id {
		t.Errorf("the slow one is at %s, the fast one at %s", slow.id, fast.id)
	}
}

// TestAwayForLong: who comes back after many changes catches up, by pages and by the
// stream. Under the race detector there are 5,000.
func TestAwayForLong(t *testing.T) {
	t.Parallel()
	batches := 50
	if underRace {
		batches = 5
	}
	s := newsroom(t)
	const each = 1_000
	for b := range batches {
		var batch []timeline.Event
		for i := range each {
			batch = append(batch, event(t, fmt.Sprintf("e%02d-%03d", b, i), "2021"))
		}
		if _, err := s.store.Import(t.Context(), batch, false, author); err != nil {
			t.Fatal(err)
		}
	}
	paged, streamed := replica{}, replica{}
	revision := s.replay(t, paged, 1, 1000)
	f := follow(t, httptestServer(t, s.handler), "?after=1")
	for range batches * each {
		c, ok := f.next(t)
		if !ok {
			t.Fatalf("the stream ended after %d events: %v", len(streamed), f.lines.Err())
		}
		streamed.take(c)
	}
	if len(paged) != batches*each || len(streamed) != len(paged) || f.id != strconv.FormatInt(revision, 10) {
		t.Errorf("%d events by pages to %d, %d by the stream to %s", len(paged), revision, len(streamed), f.id)
	}
	for id, doc := range paged {
		if streamed[id] != doc {
			t.Fatalf("%s is %s in the stream, %s in the pages", id, streamed[id], doc)
		}
	}
}

// lagging answers now and then as a replica that has reached revision 1 only.
type lagging struct {
	httpapi.Store
	times chan struct{} // holds one for each time that it lags
}

func (l *lagging) Changes(ctx context.Context, after timeline.ChangePosition, limit int) (timeline.ChangePage, error) {
	if after.Revision == 1 {
		select {
		case <-l.times:
			return timeline.ChangePage{Revision: 1}, nil
		default:
		}
	}
	return l.Store.Changes(ctx, after, limit)
}

// TestFollowerOfALaggingReplica: who catches up where less is known than the feed has
// handed out to others misses nothing of it.
func TestFollowerOfALaggingReplica(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	store := &lagging{s.store, make(chan struct{}, 2)}
	server := httptestServer(t, handlerOf(t, store))
	ahead := follow(t, server, "?after=1")
	if _, err := s.store.Put(t.Context(), event(t, "a", "2021"), timeline.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	ahead.want(t, "a")
	store.times <- struct{}{} // for the first page
	store.times <- struct{}{} // and for what is read when it has joined the feed
	late := follow(t, server, "?after=1")
	eventually(t, func() bool { return len(store.times) == 0 })
	if _, err := s.store.Put(t.Context(), event(t, "b", "2021"), timeline.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		late.want(t, id)
	}
	ahead.want(t, "b")
}
