package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// counting tells how often the store is asked, and can hold answers up.
type counting struct {
	httpapi.Store
	revisions, lists atomic.Int64
	onList           func(ctx context.Context) error
}

func (c *counting) Revision(ctx context.Context) (int64, time.Time, error) {
	c.revisions.Add(1)
	return c.Store.Revision(ctx)
}

func (c *counting) ListEvents(ctx context.Context, q timeline.ListQuery) (timeline.Page, error) {
	c.lists.Add(1)
	if c.onList != nil {
		if err := c.onList(ctx); err != nil {
			return timeline.Page{}, err
		}
	}
	return c.Store.ListEvents(ctx, q)
}

// decoded gives an answer without what may differ each time, and with its body unpacked.
func decoded(t testing.TB, r result) result {
	t.Helper()
	header := r.header.Clone()
	for _, name := range []string{"X-Request-Id", "Server-Timing", "Date"} {
		header.Del(name)
	}
	// Without the cache a body is packed as it goes: its length is not known before.
	if header.Get("Content-Encoding") != "" {
		header.Del("Content-Length")
	}
	var err error
	body := r.body
	switch header.Get("Content-Encoding") {
	case "gzip":
		var unzip *gzip.Reader
		if unzip, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(unzip)
		}
	case "zstd":
		var unpack *zstd.Decoder
		if unpack, err = zstd.NewReader(nil); err == nil {
			body, err = unpack.DecodeAll(body, nil)
			unpack.Close()
		}
	}
	if err != nil {
		t.Fatalf("the body cannot be unpacked: %v", err)
	}
	return result{r.status, header, body}
}

func same(a, b result) bool {
	return a.status == b.status && bytes.Equal(a.body, b.body) && maps.EqualFunc(a.header, b.header, slices.Equal)
}

// isHit tells whether an answer came from the cache.
func (r result) isHit() bool { return r.header.Get("Server-Timing") == "cache;desc=hit" }

// twins are two handlers over one store, one of which keeps nothing.
func twins(t testing.TB, change ...func(*httpapi.Options)) (keeping, bare service) {
	t.Helper()
	keeping = serve(t, change...)
	bare = service{handlerOf(t, keeping.store, append(change, func(o *httpapi.Options) { o.Cache = nil })...), keeping.store}
	return keeping, bare
}

// checkTwice asks three times (the first fills, the last takes the short way), and once
// where nothing is kept: nobody can tell the answers apart.
func checkTwice(t testing.TB, keeping, bare service, method, target string, headers ...string) (hits int) {
	t.Helper()
	want := decoded(t, bare.do(t, method, target, headers...))
	if method == http.MethodHead {
		want.body = []byte{} // net/http sends none; a recorder shows what was written
	}
	for i := range 3 {
		raw := keeping.do(t, method, target, headers...)
		if raw.isHit() {
			hits++
		}
		got := decoded(t, raw)
		if method == http.MethodHead {
			got.body = []byte{}
		}
		if !same(got, want) {
			t.Fatalf("%s %s %q, time %d, gives\n%d %v\n%.600s\nand without a cache\n%d %v\n%.600s",
				method, target, headers, i+1, got.status, got.header, got.body, want.status, want.header, want.body)
		}
	}
	return hits
}

// TestHitsAreAsMisses: every documented example, and requests at random.
func TestHitsAreAsMisses(t *testing.T) {
	t.Parallel()
	keeping, bare := twins(t)
	keeping.put(t, event(t, "later", "2024-02"))
	spec, err := os.ReadFile(filepath.Join("..", "..", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{"/v1/events?limit=1&as_of=2026-11-24T09:30:00Z", "/v1/events.atom?limit=1", "/v1/nothing", "/v1/events?country=Congo"}
	for line := range strings.Lines(string(spec)) {
		if m := exampleRequest.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			targets = append(targets, m[2])
		}
	}
	hits := 0
	for _, target := range targets {
		for _, encoding := range []string{"", "gzip", "zstd", "br, gzip;q=0.8, zstd;q=0.1", "identity"} {
			headers := []string{}
			if encoding != "" {
				headers = append(headers, "Accept-Encoding", encoding)
			}
			hits += checkTwice(t, keeping, bare, http.MethodGet, target, headers...)
			hits += checkTwice(t, keeping, bare, http.MethodHead, target, headers...)
		}
	}
	if hits < 5*len(targets) {
		t.Errorf("only %d hits in %d requests", hits, 30*len(targets))
	}
	t.Logf("%d targets, %d hits", len(targets), hits)
}

// pairs are parameters, among them several ways to write the same.
var pairs = []string{
	"country=ML", "country=MLI", "country=%D9%85%D8%A7%D9%84%D9%8A", "country=NER,BF", "country=BFA&country=NE", "predecessors=true", "country_match=all",
	"country_role=location", "type=coup", "type=politics,diplomacy", "status=occurred", "dataset=sahel", "region=ecowas", "from=2020", "to=2023-07", "date=2021", "date=2020/2023",
	"match=certain", "match=possible", "order=asc", "order=desc", "limit=2", "limit=50", "count=exact", "count=none", "q=coup", "q=%D8%A7%D9%86%D9%82%D9%84%D8%A7%D8%A8", "on=08-10",
	"min_sources=1", "tag=military-rule", "bbox=-20,0,20,30", "as_of=1", "as_of=2", "as_of=2026-11-24T09:30:00Z", "interval=year", "by=active", "by=country,type", "group_by=dataset",
	"group_by=country", "measure=deaths", "depth=3", "id=ml-coup-2021", "nonsense=1", "limit=0", "country=Congo", "", "%zz",
}

func TestRequestsAtRandomAreKeptRight(t *testing.T) {
	t.Parallel()
	keeping, bare := twins(t)
	keeping.put(t, event(t, "later", "2024-02"))
	hits, asked := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.SampledFrom([]string{
			"/v1/events", "/v1/events", "/v1/events", "/v1/timeline", "/v1/facets", "/v1/events/ml-coup-2021", "/v1/events/none", "/v1/events/ml-coup-2021/chain",
			"/v1/countries", "/v1/types", "/v1/datasets", "/v1/events.csv", "/v1/events/ml-coup-2021/history", "/v1/changes",
		}).Draw(rt, "path")
		chosen := rapid.SliceOfN(rapid.SampledFrom(pairs), 0, 3).Draw(rt, "parameters")
		target := path
		if len(chosen) > 0 {
			target += "?" + strings.Join(chosen, "&")
		}
		var headers []string
		for name, values := range map[string][]string{
			"Accept-Encoding": {"", "gzip", "zstd, gzip", "gzip;q=0"},
			"Accept":          {"", "*/*", "application/json", "application/json, text/plain, */*", "text/html", "application/*;q=0.5", "application/json;q=0, */*"},
			"Origin":          {"", "https://a.example"},
			"X-Request-Id":    {"", "mine-1", "not good"},
			"If-None-Match":   {"", "*", `"2"`, `"x", W/"y"`},
		} {
			if v := rapid.SampledFrom(values).Draw(rt, name); v != "" {
				headers = append(headers, name, v)
			}
		}
		method := rapid.SampledFrom([]string{http.MethodGet, http.MethodGet, http.MethodHead}).Draw(rt, "method")
		hits += checkTwice(t, keeping, bare, method, target, headers...)
		asked++
		// And with the tag that came.
		if tag := bare.do(t, method, target, headers...).header.Get("ETag"); tag != "" {
			checkTwice(t, keeping, bare, method, target, append(slices.Clone(headers), "If-None-Match", tag)...)
		}
	})
	if asked > 50 && hits == 0 {
		t.Error("nothing came from the cache")
	}
	t.Logf("%d hits in %d requests of three each", hits, asked)
}

// TestOneAnswerForManySpellings: the order of parameters, defaults and names of
// countries make no difference.
func TestOneAnswerForManySpellings(t *testing.T) {
	t.Parallel()
	open := serve(t)
	store := &counting{Store: open.store}
	s := service{handlerOf(t, store), open.store}
	for _, query := range []string{
		"country=ML&type=coup", "type=coup&country=MLI", "country=466&type=coup&limit=50", "country=mali&order=asc&type=coup&count=none",
		"type=coup,coup&country=%D9%85%D8%A7%D9%84%D9%8A", "country=ML&type=coup&match=certain", "country=ML&type=coup&country_match=any", "&country=ML&&type=coup",
	} {
		if got := s.get(t, "/v1/events?"+query).page(t); len(got.Data) == 0 {
			t.Errorf("%s finds nothing", query)
		}
	}
	if n := store.lists.Load(); n != 1 {
		t.Errorf("the store was asked %d times", n)
	}
}

// TestTheShortWayAsksNothing of the store, also for a copy that the client has.
func TestTheShortWayAsksNothing(t *testing.T) {
	t.Parallel()
	open := serve(t)
	store := &counting{Store: open.store}
	s := service{handlerOf(t, store), open.store}
	const target = "/v1/events?country=ML&limit=3"
	first := s.get(t, target)
	tag := first.header.Get("ETag")
	asked := store.revisions.Load()
	for range 10 {
		if got := s.get(t, target); !got.isHit() || !bytes.Equal(got.body, first.body) {
			t.Errorf("%d %v", got.status, got.header)
		}
		if got := s.get(t, target, "If-None-Match", tag); got.status != http.StatusNotModified || !got.isHit() || len(got.body) > 0 {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
	if now := store.revisions.Load(); now != asked {
		t.Errorf("the revision was read %d times", now-asked)
	}
	// A target that is remembered for its tag alone has no answer to give yet.
	const other = "/v1/events?country=NE&limit=1"
	tag = service{handlerOf(t, open.store), open.store}.get(t, other).header.Get("ETag")
	for range 2 {
		if got := s.get(t, other, "If-None-Match", tag); got.status != http.StatusNotModified {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := s.get(t, other); got.status != http.StatusOK || got.header.Get("Link") == "" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// TestAStampedeIsOneComputation, whoever of them hangs up.
func TestAStampedeIsOneComputation(t *testing.T) {
	t.Parallel()
	open := serve(t)
	for name, leave := range map[string]bool{"all stay": false, "the first leaves": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, release := make(chan struct{}), make(chan struct{})
			store := &counting{Store: open.store, onList: func(ctx context.Context) error {
				close(begun) // a second call would panic
				<-release
				return ctx.Err()
			}}
			cache := httpapi.NewCache(1 << 20)
			s := service{handlerOf(t, store, func(o *httpapi.Options) { o.Cache = cache }), open.store}
			first, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			var asking sync.WaitGroup
			asking.Go(func() {
				request := httptest.NewRequestWithContext(first, http.MethodGet, "/v1/events?limit=7", nil)
				s.handler.ServeHTTP(httptest.NewRecorder(), request)
			})
			<-begun
			bodies := make([][]byte, 99)
			for i := range bodies {
				asking.Go(func() {
					headers := []string{}
					if i%3 == 1 {
						headers = append(headers, "Accept-Encoding", "gzip")
					}
					_, response, body := s.ask(t, http.MethodGet, "/v1/events?limit=7", "", headers...)
					bodies[i] = decoded(t, result{response.StatusCode, response.Header, body}).body
				})
			}
			for cache.Stats().Waiting < 100 {
				time.Sleep(time.Millisecond)
			}
			if leave {
				hangUp()
				for cache.Stats().Waiting > 99 {
					time.Sleep(time.Millisecond)
				}
			}
			close(release)
			asking.Wait()
			want := service{handlerOf(t, open.store), open.store}.get(t, "/v1/events?limit=7").body
			for _, body := range bodies {
				if !bytes.Equal(body, want) {
					t.Fatalf("one got %s", body)
				}
			}
			if n := store.lists.Load(); n != 1 {
				t.Errorf("%d computations", n)
			}
		})
	}
}

// TestWhatNobodyWaitsForIsGivenUp, and the next who asks is not told of it.
func TestWhatNobodyWaitsForIsGivenUp(t *testing.T) {
	t.Parallel()
	open := serve(t)
	begun, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	store := &counting{Store: open.store}
	store.onList = func(ctx context.Context) error {
		if store.lists.Load() > 1 {
			return nil
		}
		begun <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		return ctx.Err()
	}
	s := service{handlerOf(t, store), open.store}
	first, hangUp := context.WithCancel(t.Context())
	go func() {
		<-begun
		hangUp()
	}()
	s.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(first, http.MethodGet, "/v1/events", nil))
	if got := s.get(t, "/v1/events"); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	<-ended
}

// TestFailuresAreNotKept.
func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	open := serve(t)
	store := &counting{Store: open.store}
	for _, fail := range []func(context.Context) error{
		func(context.Context) error {
			return &timeline.Error{Kind: timeline.KindTooCostly, Message: "Too costly."}
		},
		func(context.Context) error { panic("secret") },
	} {
		s := service{handlerOf(t, store), open.store}
		store.onList = fail
		for range 2 {
			if got := s.get(t, "/v1/events"); got.status < 500 || strings.Contains(string(got.body), "secret") {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		store.onList = nil
		if got := s.get(t, "/v1/events"); got.status != http.StatusOK || got.isHit() {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
}

// TestNothingIsStale: writes and reads at random on two instances of one database. After
// a write is acknowledged no answer of its instance is older, and the other one follows.
func TestNothingIsStale(t *testing.T) {
	t.Parallel()
	one, two := pair(t)
	instances := []service{one, two}
	read := func(s service, target string) []byte {
		_, _, body := s.ask(t, http.MethodGet, target, "")
		return body
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		acknowledged := [2]int64{}
		newest := int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			at := rapid.IntRange(0, 1).Draw(rt, "instance")
			s := instances[at]
			if rapid.IntRange(0, 2).Draw(rt, "write") == 0 {
				n++
				id := "w-" + strconv.Itoa(rapid.IntRange(0, 5).Draw(rt, "id"))
				e := event(t, id, "2021-03")
				e.Title["en"] = fmt.Sprint("Version ", n)
				newest = s.put(t, e).Revision
				acknowledged[at] = newest
				if body := read(s, "/v1/events/"+id); !bytes.Contains(body, fmt.Appendf(nil, `"Version %d"`, n)) {
					t.Fatalf("after its write: %s", body)
				}
			}
			target := rapid.SampledFrom([]string{"/v1/events?country_match=any&limit=500", "/v1/events?limit=500", "/v1/timeline?interval=year", "/v1/facets?by=type", "/v1/types", "/v1/changes?limit=1000", "/v1/events/w-0/history"}).Draw(rt, "target")
			feed := strings.Contains(target, "changes") || strings.Contains(target, "history")
			body := read(s, target)
			if bytes.Contains(body, []byte(`"code":"not_found"`)) && feed {
				continue // w-0 is yet to come
			}
			if revision := revisionOf(t, body); revision < acknowledged[at] {
				t.Fatalf("%s tells of revision %d after a write of %d", target, revision, acknowledged[at])
			} else if revision > acknowledged[at] {
				acknowledged[at] = revision // and never back
			}
		}
		for _, s := range instances {
			eventually(t, func() bool { return revisionOf(t, read(s, "/v1/events?limit=500")) >= newest })
		}
		a, b := read(one, "/v1/events?limit=500"), read(two, "/v1/events?limit=500")
		if !bytes.Equal(a, b) || !bytes.Contains(a, fmt.Appendf(nil, `"Version %d"`, n)) && newest > 0 {
			t.Fatal("the instances do not agree")
		}
	})
}

// pair is two instances over one database.
func pair(t testing.TB) (one, two service) {
	t.Helper()
	url := pgtest.New(t)
	one = serveAt(t, url)
	store := openStore(t, url)
	watch(t, store)
	return one, service{handlerOf(t, store), store}
}

func revisionOf(t testing.TB, body []byte) int64 {
	t.Helper()
	_, after, found := bytes.Cut(body[max(0, len(body)-40):], []byte(`"revision":`))
	n, err := strconv.ParseInt(strings.TrimSuffix(string(after), "}"), 10, 64)
	if !found || err != nil {
		t.Fatalf("no revision in %s", body)
	}
	return n
}

func eventually(t testing.TB, met func() bool) {
	t.Helper()
	for began := time.Now(); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("a minute passed, but it did not come")
		}
	}
}

// TestAnAsOfAheadIsLookedUp: what another instance has told of is no fault here, even
// within the second in which it is not known.
func TestAnAsOfAheadIsLookedUp(t *testing.T) {
	t.Parallel()
	one, two := pair(t)
	for i := range 20 {
		w := one.put(t, event(t, fmt.Sprint("e", i), "2021"))
		if got := two.get(t, fmt.Sprint("/v1/events?as_of=", w.Revision)); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if got := two.get(t, "/v1/events?as_of=1000"); got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestARestoredDatabaseIsNotMistaken: revisions that are used again mean other data.
func TestARestoredDatabaseIsNotMistaken(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	s := serveAt(t, url)
	s.put(t, event(t, "before", "2021-01"))
	targets := []string{"/v1/events?limit=500", "/v1/events?limit=500&as_of=2", "/v1/events/before"}
	for _, target := range targets {
		s.get(t, target)
		if got := s.get(t, target); !got.isHit() || !bytes.Contains(got.body, []byte(`"before"`)) {
			t.Fatalf("%s: %d %v", target, got.status, got.header)
		}
	}
	_, era, _ := s.store.Known()
	restoring, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer restoring.Close(context.Background())
	for _, sql := range []string{
		`DELETE FROM event_key WHERE id = 'before'`, `DELETE FROM event WHERE id = 'before'`, `DELETE FROM revision_log WHERE revision = 2`, `UPDATE revision SET revision = 1`,
	} {
		if _, err := restoring.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { _, now, _ := s.store.Known(); return now > era })
	s.put(t, event(t, "after", "2021-01"))
	for _, target := range targets {
		if got := s.get(t, target); bytes.Contains(got.body, []byte(`"id":"before"`)) {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
}

// TestLostRevisionsAreNeverShown: what was lost behind a backup is told so, the first time
// and every time, also once the raised revision is known here.
func TestLostRevisionsAreNeverShown(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if _, _, err := s.store.RaiseRevision(t.Context(), 500, author); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/events", "/v1/events/ml-coup-2021", "/v1/events/ml-coup-2021/chain", "/v1/timeline", "/v1/facets", "/v1/events.csv"} {
		for _, revision := range []int{300, 300, 2, 499} {
			if got := s.get(t, fmt.Sprintf("%s?as_of=%d", path, revision)); got.status != http.StatusBadRequest || !bytes.Contains(got.body, []byte("was lost when a backup was restored")) {
				t.Errorf("%s as of %d: %d %s", path, revision, got.status, got.body)
			}
		}
		for _, revision := range []int{1, 500, 1} {
			if got := s.get(t, fmt.Sprintf("%s?as_of=%d", path, revision)); got.status != http.StatusOK {
				t.Errorf("%s as of %d: %d %s", path, revision, got.status, got.body)
			}
		}
	}
}

// TestHitsHoldToTheRules: limits, origins and the log know of them too.
func TestHitsHoldToTheRules(t *testing.T) {
	t.Parallel()
	now := clock.Add(time.Hour)
	var log programtest.Output
	keeping, bare := twins(t, func(o *httpapi.Options) {
		o.RateLimit, o.CORSOrigins, o.Now = 4, []string{"https://a.example"}, func() time.Time { return now }
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, s := range []service{bare, keeping} { // each has buckets of its own
		for i := range 6 {
			got := s.get(t, "/v1/events?limit=1", "Origin", "https://a.example", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			left := max(0, 3-i)
			if status := http.StatusOK; i >= 4 {
				status = http.StatusTooManyRequests
				if got.status != status || got.header.Get("Retry-After") == "" {
					t.Errorf("%d: %d %v", i, got.status, got.header)
				}
			} else if got.status != status || got.header.Get("RateLimit-Policy") != `"address";q=4;w=1` || !strings.HasPrefix(got.header.Get("RateLimit"), fmt.Sprintf(`"address";r=%d;`, left)) {
				t.Errorf("%d: %d %v", i, got.status, got.header)
			}
			if got.header.Get("Access-Control-Allow-Origin") != "https://a.example" || !slices.Equal(got.header.Values("Vary"), []string{"Accept-Encoding", "Origin"}) {
				t.Errorf("%d: %v", i, got.header)
			}
		}
	}
	now = now.Add(time.Minute)
	for _, origin := range []string{"", "https://b.example", "https://a.example"} {
		headers := []string{}
		if origin != "" {
			headers = append(headers, "Origin", origin)
		}
		if got, want := decoded(t, keeping.get(t, "/v1/events?limit=1", headers...)), decoded(t, bare.get(t, "/v1/events?limit=1", headers...)); !same(got, want) {
			t.Errorf("%q: %v\nnot %v", origin, got.header, want.header)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	hits := 0
	for _, l := range lines {
		if strings.Contains(l, " cache=hit") {
			hits++
			if !strings.Contains(l, "route=/v1/events status=200 ms=") || !strings.Contains(l, "method=GET") || !strings.Contains(l, "request_id=") {
				t.Errorf("the log says %s", l)
			}
		}
	}
	if len(lines) != 18 || hits != 6 || strings.Count(log.String(), "trace_id=0af7651916cd43dd8448eb211c80319c") != 12 {
		t.Errorf("%d lines, %d hits:\n%s", len(lines), hits, log.String())
	}
}

// TestClosedReadingIsAskedForAKeyEachTime, also where the answer is kept.
func TestClosedReadingIsAskedForAKeyEachTime(t *testing.T) {
	t.Parallel()
	s := serve(t, readNeedsKey)
	if _, err := s.store.CreateKey(t.Context(), "reader", []string{timeline.ScopeRead}, "the-key"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if got := s.get(t, "/v1/events", "Authorization", "Bearer the-key"); got.status != http.StatusOK || got.isHit() != (i > 0) || !strings.HasPrefix(got.header.Get("Cache-Control"), "private") {
			t.Errorf("%d %v", got.status, got.header)
		}
		if got := s.get(t, "/v1/events"); got.status != http.StatusUnauthorized {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
}

// TestTheCacheStaysInItsBytes: the heap grows by little more than the limit, whatever is
// asked: large answers, small ones, one answer in ever new words.
func TestTheCacheStaysInItsBytes(t *testing.T) { //nolint:paralleltest // it measures the heap
	const limit = 8 << 20
	open := serve(t, func(o *httpapi.Options) { o.Cache = nil })
	for name, target := range map[string]func(i int) string{
		"pages":   func(i int) string { return fmt.Sprintf("/v1/events?limit=500&tag=military-rule,x%d", i) },
		"nothing": func(i int) string { return fmt.Sprintf("/v1/events?tag=x%d", i) },
		"same words": func(i int) string {
			return fmt.Sprintf("/v1/events?limit=1&%s", strings.Repeat("&", i%2000)) + strings.Repeat("&", i/2000)
		},
		"long words": func(i int) string { return fmt.Sprintf("/v1/events?tag=x%d&q=%s", i, strings.Repeat("ab+", 160)) },
	} {
		cache := httpapi.NewCache(limit)
		handler := handlerOf(t, open.store, func(o *httpapi.Options) { o.Cache = cache })
		before := heap()
		for i := range 8000 {
			request := httptest.NewRequest(http.MethodGet, target(i), nil)
			if i%2 == 1 {
				request.Header.Set("Accept-Encoding", "gzip")
			}
			recorder := httptest.NewRecorder()
			if handler.ServeHTTP(recorder, request); recorder.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", name, recorder.Code, recorder.Body)
			}
			if stats := cache.Stats(); stats.Bytes > limit {
				t.Fatalf("%s: it holds %d bytes", name, stats.Bytes)
			}
		}
		stats := cache.Stats()
		grown := heap() - before
		t.Logf("%s: the heap grew by %d kB of %d kB; %+v", name, grown>>10, limit>>10, stats)
		if grown > limit+limit/4 {
			t.Errorf("%s: the heap grew by %d kB", name, grown>>10)
		}
		runtime.KeepAlive(handler)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAHitAllocatesLittle: what is left are the id of the request and the header that a
// test's recorder has none of.
func TestAHitAllocatesLittle(t *testing.T) { //nolint:paralleltest // it counts allocations
	s := serve(t)
	for name, headers := range map[string][]string{
		"plain": nil, "zstd": {"Accept-Encoding", "gzip, deflate, br, zstd"}, "a browser": {"Accept", "application/json, text/plain, */*", "Accept-Encoding", "gzip", "Origin", "https://a.example"},
		"not modified": {"If-None-Match", s.get(t, "/v1/events").header.Get("ETag")}, "with an id": {"X-Request-Id", "abc"},
	} {
		request := httptest.NewRequest(http.MethodGet, "/v1/events", nil)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		w := &discarding{header: http.Header{}}
		s.handler.ServeHTTP(w, request)
		eventually(t, func() bool {
			clear(w.header)
			s.handler.ServeHTTP(w, request)
			return w.header.Get("Server-Timing") == "cache;desc=hit"
		})
		n := testing.AllocsPerRun(500, func() {
			clear(w.header)
			s.handler.ServeHTTP(w, request)
		})
		t.Logf("%s: %.1f allocations", name, n)
		if n > 6 && !underRace {
			t.Errorf("%s: %.1f allocations", name, n)
		}
	}
}

// discarding is a response writer that costs nothing.
type discarding struct{ header http.Header }

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarding) WriteHeader(int)             {}

// TestACacheWithoutRoom is none, and no fault.
func TestACacheWithoutRoom(t *testing.T) {
	t.Parallel()
	for bytes := range int64(1000) {
		if none := httpapi.NewCache(bytes) == nil; none != (bytes < 640) {
			t.Errorf("of %d bytes there is none: %t", bytes, none)
		}
	}
}
