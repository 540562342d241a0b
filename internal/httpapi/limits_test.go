package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestLowerLimits: what the contract states can be lowered, and each is told.
func TestLowerLimits(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.handler = handlerOf(t, s.store, func(o *httpapi.Options) {
		o.Limits = httpapi.Limits{Target: 1000, Event: 500, Import: 900, ImportEvents: 2, Page: 3, Changes: 2}
	})
	const page = "must be a whole number from 1 to 3"
	for name, c := range map[string]struct {
		ask, body string
		status    int
		detail    string
	}{
		"a page of events":     {"GET /v1/events?limit=4", "", 400, page},
		"a page of history":    {"GET /v1/events/ml-coup-2021/history?limit=4", "", 400, page},
		"a page of changes":    {"GET /v1/changes?limit=3", "", 400, "must be a whole number from 1 to 2"},
		"a target":             {"GET /v1/events?q=" + strings.Repeat("a", 1000), "", 414, "at most 1000 are read"},
		"an event":             {"POST /v1/events", strings.Replace(small("x", "2021"), "{", "{"+strings.Repeat(" ", 500), 1), 413, "more than the 500 bytes"},
		"the events of a file": {"POST /v1/imports", "[{},{},{}]", 413, "more than 2 events"},
		"the body of a file":   {"POST /v1/imports", "[" + strings.Repeat(" ", 900) + "]", 413, "more than the 900 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, target, _ := strings.Cut(c.ask, " ")
			got := s.write(t, method, target, c.body)
			if p := got.problem(t); got.status != c.status || !strings.Contains(p.Detail, c.detail) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	if p := s.get(t, "/v1/events").page(t); p.Page.Limit != 3 || len(p.Data) != 3 {
		t.Errorf("the default of a page is not lowered with its most: %+v", p.Page)
	}
}

// TestRateLimitOfKeys: both quotas are told in one list, and each key has its own.
func TestRateLimitOfKeys(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	now := clock
	s.handler = handlerOf(t, s.store, func(o *httpapi.Options) {
		o.RateLimit, o.Limits.KeyRate, o.ReadNeedsKey = 100, 0.5, true
		o.Now = func() time.Time { return now }
	})
	asked := func(key string) result { return s.get(t, "/v1/types", "Authorization", "Bearer "+key) }
	first := asked("key-of-read")
	if first.status != 200 || first.header.Get("RateLimit-Policy") != `"address";q=100;w=1, "key";q=1;w=2` || first.header.Get("RateLimit") != `"address";r=99;t=1, "key";r=0;t=2` {
		t.Errorf("%d %v", first.status, first.header)
	}
	over := asked("key-of-read")
	if over.status != 429 || over.header.Get("Retry-After") != "2" || !strings.Contains(over.problem(t).Detail, "with this key") {
		t.Errorf("%d %v %s", over.status, over.header, over.body)
	}
	if other := asked("key-of-write"); other.status != 200 {
		t.Errorf("another key: %d %s", other.status, other.body)
	}
	now = now.Add(2 * time.Second)
	if later := asked("key-of-read"); later.status != 200 {
		t.Errorf("two seconds later: %d %s", later.status, later.body)
	}
}

// TestRateLimitCountsOneNetworkOfIPv6Once, and a proxy's word only where it is trusted.
func TestRateLimitCountsOneNetworkOfIPv6Once(t *testing.T) {
	t.Parallel()
	open := serve(t)
	for _, trusted := range []bool{true, false} {
		s := service{handlerOf(t, open.store, func(o *httpapi.Options) {
			o.RateLimit = 1
			if trusted {
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			}
		}), open.store}
		var got []int
		for _, address := range []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "203.0.113.9"} {
			got = append(got, s.get(t, "/v1/types", "X-Forwarded-For", address).status)
		}
		want := "[200 429 200 200]"
		if !trusted {
			want = "[200 429 429 429]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("trusted %t: %v, want %s", trusted, got, want)
		}
	}
}

// held is a store whose look-ups and writes wait until they are let go.
type held struct {
	httpapi.Store
	arrived chan struct{}
	letGo   chan struct{}
}

func (h held) wait(ctx context.Context) error {
	h.arrived <- struct{}{}
	select {
	case <-h.letGo:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h held) Usage(ctx context.Context, kind string) (map[string]timeline.Usage, error) {
	if err := h.wait(ctx); err != nil {
		return nil, err
	}
	return h.Store.Usage(ctx, kind)
}

func (h held) Create(ctx context.Context, e timeline.Event, by timeline.Author) (timeline.Written, error) {
	if err := h.wait(ctx); err != nil {
		return timeline.Written{}, err
	}
	return h.Store.Create(ctx, e, by)
}

// TestLoadIsShed: those beyond what is answered and what waits are refused at once;
// reads that pile up leave writes alone; health is always told; and what was admitted is
// answered.
func TestLoadIsShed(t *testing.T) {
	t.Parallel()
	open := newsroom(t)
	store := held{open.store, make(chan struct{}, 10), make(chan struct{})}
	s := service{handlerOf(t, store, func(o *httpapi.Options) {
		o.Limits = httpapi.Limits{Reads: 2, Writes: 1, Waiting: 1, Patience: time.Hour}
	}), open.store}
	var running sync.WaitGroup
	answers := make(chan result, 10)
	ask := func(method, target, body string) {
		running.Go(func() {
			answers <- s.send(t, method, target, body, "Authorization", "Bearer key-of-write", "Content-Type", "application/json")
		})
	}
	ask("GET", "/v1/types", "")
	ask("GET", "/v1/countries", "")
	<-store.arrived
	<-store.arrived
	ask("GET", "/v1/regions", "") // one of these waits, the other is refused
	ask("GET", "/v1/datasets", "")
	if shed := <-answers; shed.status != 503 || shed.header.Get("Retry-After") == "" || shed.problem(t).Code != "busy" {
		t.Errorf("%d %v %s", shed.status, shed.header, shed.body)
	}
	if got := s.get(t, "/livez"); got.status != 200 {
		t.Errorf("liveness: %d", got.status)
	}
	ask("POST", "/v1/events", small("shed", "2021"))
	<-store.arrived // reads keep no write out
	close(store.letGo)
	running.Wait()
	close(answers)
	n := 0
	for answer := range answers {
		if n++; answer.status != 200 && answer.status != 201 {
			t.Errorf("what was admitted is answered with %d %s", answer.status, answer.body)
		}
	}
	if n != 4 {
		t.Errorf("%d answers", n)
	}
	if got := s.get(t, "/v1/datasets"); got.status != 200 {
		t.Errorf("afterwards: %d", got.status)
	}
}

// TestReadHasItsTime: a read whose answer takes too long is told so.
func TestReadHasItsTime(t *testing.T) {
	t.Parallel()
	open := serve(t)
	store := held{open.store, make(chan struct{}, 10), make(chan struct{})}
	s := service{handlerOf(t, store, func(o *httpapi.Options) { o.Limits.ReadTime = 50 * time.Millisecond }), open.store}
	got := s.get(t, "/v1/types")
	if p := got.problem(t); got.status != 503 || p.Code != "unavailable" || !strings.HasPrefix(p.Detail, "This took longer than a request may") || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestSlowBodiesKeepNobodyWaiting: a client that sends a body byte by byte has no turn
// while it does, so imports of others are done, and memory is taken for what has come
// alone.
func TestSlowBodiesKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	handler := handlerOf(t, s.store, func(o *httpapi.Options) {
		o.Limits = httpapi.Limits{Imports: 1, Writes: 1, Waiting: 50, Import: 1 << 20, Bodies: 1 << 20}
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	body := "[" + small("slow", "2021") + "]"
	var slow []net.Conn
	for range 20 {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "POST /v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-of-write\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:100])
		slow = append(slow, conn)
	}
	for i := range 5 {
		request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/imports", strings.NewReader("["+small(fmt.Sprintf("fast-%d", i), "2021")+"]"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer key-of-write")
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("import %d: %d %s %v", i, response.StatusCode, answer, err)
		}
	}
	if _, err := io.WriteString(slow[0], body[100:]); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	if n, err := io.ReadAtLeast(slow[0], answer, 20); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 OK") {
		t.Errorf("the slow one: %q %v", answer[:n], err)
	}
}

// TestBodiesShareMemory: what all bodies may take together is never exceeded.
func TestBodiesShareMemory(t *testing.T) {
	t.Parallel()
	open := newsroom(t)
	store := held{open.store, make(chan struct{}, 10), make(chan struct{})}
	s := service{handlerOf(t, store, func(o *httpapi.Options) {
		o.Limits = httpapi.Limits{Event: 1000, Import: 1000, Bodies: 1000}
	}), open.store}
	first := make(chan int)
	large := small("first", "2021")
	large += strings.Repeat(" ", 900-len(large))
	go func() {
		_, response, _ := s.ask(t, "POST", "/v1/events", large, "Authorization", "Bearer key-of-write", "Content-Type", "application/json")
		first <- response.StatusCode
	}()
	<-store.arrived
	got := s.write(t, "POST", "/v1/events", large)
	if p := got.problem(t); got.status != 503 || p.Code != "busy" || got.header.Get("Retry-After") != "5" {
		t.Errorf("the second: %d %s", got.status, got.body)
	}
	close(store.letGo)
	if status := <-first; status != 201 {
		t.Errorf("the first: %d", status)
	}
	if got := s.write(t, "POST", "/v1/events", strings.Replace(large, "first", "third", 1)); got.status != 201 {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
}

// TestPatchesOfOneEventGoOneAfterTheOther: with If-Match: * none fails because others
// were faster, and none is lost.
func TestPatchesOfOneEventGoOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	const writers = 16
	var running sync.WaitGroup
	statuses := make([]int, writers)
	for i := range writers {
		running.Go(func() {
			_, response, _ := s.ask(t, "PATCH", "/v1/events/ml-coup-2021", fmt.Sprintf(`{"measures":{"writer_%d":%d}}`, i, i+1),
				"Authorization", "Bearer key-of-write", "Content-Type", "application/merge-patch+json", "If-Match", "*")
			statuses[i] = response.StatusCode
		})
	}
	running.Wait()
	body := string(s.get(t, "/v1/events/ml-coup-2021").body)
	for i, status := range statuses {
		if status != 200 || !strings.Contains(body, fmt.Sprintf(`"writer_%d":%d`, i, i+1)) {
			t.Errorf("writer %d: %d in %.300s", i, status, body)
		}
	}
}

// TestNumbersAreWrittenWhole: a revision is a whole number as one writes it.
func TestNumbersAreWrittenWhole(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for target, parameter := range map[string]string{
		"/v1/changes?after=%2B1":                "after",
		"/v1/changes?after=01":                  "after",
		"/v1/changes/stream?after=+1":           "after",
		"/v1/events?as_of=01":                   "as_of",
		"/v1/events?as_of=%2B1":                 "as_of",
		"/v1/events/ml-coup-2021?as_of=-0":      "as_of",
		"/v1/events.csv?as_of=1e0":              "as_of",
		"/v1/timeline?as_of=0x1":                "as_of",
		"/v1/facets?as_of=99999999999999999999": "as_of",
	} {
		got := s.get(t, target)
		if p := got.problem(t); got.status != 400 || len(p.Errors) != 1 || p.Errors[0].Parameter == nil || *p.Errors[0].Parameter != parameter {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
}
