package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestFiltersOnTheSeed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for query, want := range map[string]string{
		"id=ml-coup-2021,nobody":                            "ml-coup-2021",
		"country=ML&type=coup":                              "ml-coup-2021",
		"country=MLI&type=coup":                             "ml-coup-2021",
		"country=466&type=coup":                             "ml-coup-2021",
		"country=mali&type=coup":                            "ml-coup-2021",
		"country=" + url.QueryEscape("مالي") + "&type=coup": "ml-coup-2021",
		"country=ML&type=coup&from=2021&to=2021":            "ml-coup-2021",
		"country=ML&type=coup&date=2021":                    "ml-coup-2021",
		"country=ML&type=coup&date=2021-05":                 "ml-coup-2021", // it may have been in May
		"country=ML&type=coup&date=2021-05&match=certain":   "",
		"country=ML&type=coup&date=2021&match=certain":      "ml-coup-2021",
		"country=ML&type=coup&date=2021&match=within":       "ml-coup-2021",
		"country=ML&type=coup&date=2022":                    "",
		"country=NGA":                                       "",
		"dataset=sahel&country=ML&type=coup":                "ml-coup-2021",
		"type=coup&country=ML&status=planned":               "",
	} {
		if got := s.get(t, "/v1/events?"+query).page(t).ids(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	all := len(s.get(t, "/v1/events?limit=500").page(t).Data)
	mali := len(s.get(t, "/v1/events?limit=500&country=ML").page(t).Data)
	both := len(s.get(t, "/v1/events?limit=500&country=ML,NE&country_match=all").page(t).Data)
	if all < 14 || mali == 0 || mali >= all || both == 0 || both > mali {
		t.Errorf("%d events, %d of Mali, %d of Mali and Niger", all, mali, both)
	}
	if got := len(s.get(t, "/v1/events?limit=500&type=politics").page(t).Data); got == 0 {
		t.Error("a parent finds none of its children")
	}
}

// TestOneShapeEverywhere: the bytes of an event are the same alone and in a page.
func TestOneShapeEverywhere(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alone := s.get(t, "/v1/events/ml-coup-2021")
	page := s.get(t, "/v1/events?id=ml-coup-2021")
	if !bytes.Contains(page.body, alone.body) {
		t.Errorf("the page\n%s\nlacks the bytes of\n%s", page.body, alone.body)
	}
	if alone.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %q", alone.header.Get("ETag"))
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, order := range []string{"asc", "desc"} {
		whole := s.get(t, "/v1/events?limit=500&count=exact&order="+order).page(t)
		if whole.Page.HasMore || whole.Page.NextCursor != nil || whole.Count == nil || whole.Count.Value != int64(len(whole.Data)) || whole.Count.Relation != "eq" {
			t.Fatalf("the whole: %+v %+v", whole.Page, whole.Count)
		}
		var walked []string
		target := "/v1/events?limit=3&order=" + order
		for target != "" {
			answer := s.get(t, target)
			p := answer.page(t)
			walked = append(walked, p.ids())
			link := answer.header.Get("Link")
			if p.Page.HasMore != (link != "") || p.Page.HasMore != (p.Page.NextCursor != nil) {
				t.Fatalf("%+v with the Link %q", p.Page, link)
			}
			target = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		}
		if got := strings.Join(walked, " "); got != whole.ids() {
			t.Errorf("%s: walked\n%s\nwant\n%s", order, got, whole.ids())
		}
	}
	// A cursor is not bound to the limit, nor to how the same filters are written.
	first := s.get(t, "/v1/events?limit=2&country=ML,NE").page(t)
	rest := s.get(t, "/v1/events?country=niger&country=466&limit=500&cursor="+*first.Page.NextCursor).page(t)
	whole := s.get(t, "/v1/events?limit=500&country=ML,NE").page(t)
	if first.ids()+" "+rest.ids() != whole.ids() {
		t.Errorf("%s + %s is not %s", first.ids(), rest.ids(), whole.ids())
	}
}

// TestTheNextPageKeepsEveryFilter: Go's own reading of a query drops some.
func TestTheNextPageKeepsEveryFilter(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	for _, id := range []string{"x1", "x2"} {
		s.write(t, "PUT", "/v1/events/"+id, strings.Replace(small(id, "2021"), "{", `{"tags":["a;b","+%"],`, 1)).want(t, 201)
	}
	for _, target := range []string{"/v1/events?limit=1&tag=a;b", "/v1/events?tag=%2B%25&&limit=1"} {
		first := s.get(t, target)
		next := s.get(t, strings.TrimSuffix(strings.TrimPrefix(first.header.Get("Link"), "<"), `>; rel="next"`))
		if got := first.page(t).ids() + " " + next.page(t).ids(); got != "x1 x2" {
			t.Errorf("%s: %s", target, got)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	s := serve(t)
	targets := []string{"/v1/events", "/v1/events?country=ML", "/v1/events/ml-coup-2021", "/v1/countries", "/v1/regions", "/v1/types", "/v1/datasets", "/openapi.yaml", "/openapi.json"}
	tags := map[string]string{}
	for _, target := range targets {
		answer := s.get(t, target)
		tag := answer.header.Get("ETag")
		if tag == "" || answer.header.Get("Cache-Control") != "public, max-age=0, stale-while-revalidate=5, stale-if-error=600" {
			t.Errorf("%s: %v", target, answer.header)
		}
		for _, held := range []string{tag, "*", `"other", ` + tag, strings.TrimPrefix(tag, "W/"), strings.TrimSuffix(tag, `"`) + `-gzip"`, strings.TrimSuffix(tag, `"`) + `-zstd"`} {
			if got := s.get(t, target, "If-None-Match", held); got.status != http.StatusNotModified || len(got.body) > 0 || got.header.Get("ETag") == "" {
				t.Errorf("%s with %s: %d", target, held, got.status)
			}
		}
		if got := s.get(t, target, "If-None-Match", `"other"`); got.status != http.StatusOK {
			t.Errorf("%s with another tag: %d", target, got.status)
		}
		tags[target] = tag
	}
	if tags["/v1/events"] == tags["/v1/events?country=ML"] {
		t.Error("two queries have one tag")
	}
	// A deletion moves the tags of lists.
	if _, err := s.store.Delete(t.Context(), "ml-coup-2021", "for the test", "", postgres.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets[:2] {
		if got := s.get(t, target, "If-None-Match", tags[target]); got.status != http.StatusOK || got.header.Get("ETag") == tags[target] {
			t.Errorf("%s after a deletion: %d", target, got.status)
		}
	}
}

func TestDeletedMergedAndPast(t *testing.T) {
	t.Parallel()
	s := serve(t)
	first := s.put(t, event(t, "a", "2021"))
	second := s.put(t, event(t, "a", "2022-05-03"))
	s.put(t, event(t, "b", "2022-05-03"))
	if _, err := s.store.Delete(t.Context(), "a", "the same as b", "b", postgres.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Delete(t.Context(), "ml-coup-2021", "a hoax", "", postgres.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	if got := s.get(t, "/v1/events/a"); got.status != http.StatusMovedPermanently || got.header.Get("Location") != "/v1/events/b" {
		t.Errorf("merged: %d %v", got.status, got.header)
	}
	if got := s.get(t, "/v1/events/ml-coup-2021"); got.status != http.StatusGone || !strings.Contains(got.problem(t).Detail, "a hoax") {
		t.Errorf("deleted: %d %s", got.status, got.body)
	}
	for revision, want := range map[int64]string{first.Revision: "2021", second.Revision: "2022-05-03"} {
		target := fmt.Sprintf("/v1/events/a?as_of=%d", revision)
		var e struct{ Date struct{ EDTF string } }
		got := s.get(t, target)
		if err := json.Unmarshal(got.body, &e); err != nil || e.Date.EDTF != want || got.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v %s", target, got.status, got.header, got.body)
		}
		page := s.get(t, fmt.Sprintf("/v1/events?id=a&as_of=%d", revision)).page(t)
		if page.Revision != revision || len(page.Data) != 1 || page.Data[0].Date.EDTF != want {
			t.Errorf("the list as of %d: %+v", revision, page)
		}
	}
	if got := s.get(t, "/v1/events/a?as_of=1"); got.status != http.StatusNotFound {
		t.Errorf("before it was: %d", got.status)
	}
	at := clock.Add(30 * time.Minute)
	got := s.get(t, "/v1/events?as_of="+url.QueryEscape(at.Format(time.RFC3339)))
	if p := got.page(t); p.Revision != second.Revision+3 || strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("as of a time: revision %d, %v", p.Revision, got.header)
	}
	if p := s.get(t, "/v1/events?as_of="+clock.Add(-time.Hour).Format("2006-01-02T15:04:05+00:00")).page(t); p.Revision != 0 || len(p.Data) != 0 {
		t.Errorf("before all: %+v", p)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	server := httptestServer(t, serve(t).handler)
	for _, op := range []string{"/v1/events", "/v1/events/ml-coup-2021", "/v1/countries", "/v1/regions", "/v1/types", "/v1/datasets", "/openapi.yaml", "/openapi.json", "/livez", "/readyz", "/v1/events?limit=0", "/nowhere"} {
		get, head := ask(t, http.MethodGet, server+op), ask(t, http.MethodHead, server+op)
		if head.status != get.status || len(head.body) != 0 || head.header.Get("ETag") != get.header.Get("ETag") || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("%s: HEAD gives %d %v, GET %d %v", op, head.status, head.header, get.status, get.header)
		}
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	server := httptestServer(t, serve(t).handler)
	plain := ask(t, http.MethodGet, server+"/v1/events", "Accept-Encoding", "identity")
	for encoding, read := range map[string]func([]byte) ([]byte, error){
		"gzip": func(b []byte) ([]byte, error) {
			r, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(r)
		},
		"zstd": func(b []byte) ([]byte, error) {
			r, err := zstd.NewReader(nil)
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return r.DecodeAll(b, nil)
		},
	} {
		got := ask(t, http.MethodGet, server+"/v1/events", "Accept-Encoding", encoding)
		body, err := read(got.body)
		if err != nil || !bytes.Equal(body, plain.body) || got.header.Get("Content-Encoding") != encoding || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: %v %v", encoding, err, got.header)
		}
		if tag := got.header.Get("ETag"); !strings.HasSuffix(tag, "-"+encoding+`"`) {
			t.Errorf("%s: ETag %s", encoding, tag)
		} else if again := ask(t, http.MethodGet, server+"/v1/events", "Accept-Encoding", encoding, "If-None-Match", tag); again.status != http.StatusNotModified || again.header.Get("ETag") != tag {
			t.Errorf("%s: asked again %d %v", encoding, again.status, again.header)
		}
	}
	if small := ask(t, http.MethodGet, server+"/livez", "Accept-Encoding", "gzip"); small.header.Get("Content-Encoding") != "" {
		t.Error("a body under 1 kB is compressed")
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := serve(t)
	got := s.get(t, "/v1/types", "Origin", "https://charts.example")
	if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", got.header)
	}
	for _, name := range []string{"ETag", "Link", "RateLimit", "Retry-After"} {
		if !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("%s is not exposed", name)
		}
	}
	pre := s.do(t, http.MethodOptions, "/v1/events", "Origin", "https://charts.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match")
	if pre.status != http.StatusNoContent || !strings.Contains(pre.header.Get("Access-Control-Allow-Methods"), "GET") || !strings.Contains(pre.header.Get("Access-Control-Allow-Headers"), "If-None-Match") {
		t.Errorf("preflight: %d %v", pre.status, pre.header)
	}
	chosen := service{handlerOf(t, s.store, func(o *httpapi.Options) { o.CORSOrigins = []string{"https://a.example"} }), s.store}
	if got := chosen.get(t, "/v1/types", "Origin", "https://a.example"); got.header.Get("Access-Control-Allow-Origin") != "https://a.example" || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Origin") {
		t.Errorf("a listed origin: %v", got.header)
	}
	if got := chosen.get(t, "/v1/types", "Origin", "https://b.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", got.header)
	}
}

func TestVocabulary(t *testing.T) {
	t.Parallel()
	s := serve(t)
	type word struct {
		Code, Slug string
		Alpha2     *string `json:"alpha_2"`
		Events     int64
		FirstDay   *string `json:"first_day"`
		LastDay    *string `json:"last_day"`
	}
	list := func(path string) map[string]word {
		var p struct{ Data []word }
		if err := json.Unmarshal(s.get(t, path).body, &p); err != nil {
			t.Fatal(err)
		}
		found := map[string]word{}
		for _, w := range p.Data {
			found[w.Code+w.Slug] = w
		}
		return found
	}
	countries, regions, types, datasets := list("/v1/countries"), list("/v1/regions"), list("/v1/types"), list("/v1/datasets")
	if n := countries["NER"]; n.Alpha2 == nil || *n.Alpha2 != "NE" || n.Events == 0 || n.FirstDay == nil {
		t.Errorf("Niger: %+v", n)
	}
	if u := countries["SUN"]; u.Alpha2 != nil || u.Events != 0 || u.FirstDay != nil {
		t.Errorf("the Soviet Union: %+v", u)
	}
	if regions["011"].Events == 0 || regions["aes"].Events == 0 || regions["nato"].Events == 0 || len(types) != len(timeline.Types) {
		t.Errorf("%+v %+v", regions["011"], regions["aes"])
	}
	all := s.get(t, "/v1/events?count=exact&limit=1").page(t).Count.Value
	if types["politics"].Events <= types["coup"].Events || datasets["sahel"].Events != all {
		t.Errorf("%+v %+v %+v", types["politics"], types["coup"], datasets["sahel"])
	}
}

func TestReadingNeedsAKeyWhereTheOperatorSaysSo(t *testing.T) {
	t.Parallel()
	open := serve(t)
	s := service{handlerOf(t, open.store, func(o *httpapi.Options) { o.ReadNeedsKey = true }), open.store}
	for name, scope := range map[string]string{"reader": "read", "writer": "write"} {
		if _, err := s.store.CreateKey(t.Context(), name, []string{scope}, "key-of-"+name); err != nil {
			t.Fatal(err)
		}
	}
	for authorization, want := range map[string]int{"": 401, "Bearer": 401, "Bearer nobody": 401, "Basic key-of-reader": 401, "Bearer key-of-reader": 200, "bearer key-of-writer": 200} {
		got := s.get(t, "/v1/events", "Authorization", authorization)
		if got.status != want || want == 401 && got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d %v", authorization, got.status, got.header)
		}
		if want == 200 && (!strings.HasPrefix(got.header.Get("Cache-Control"), "private") || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Authorization")) {
			t.Errorf("%q: %v", authorization, got.header)
		}
	}
	if got := s.get(t, "/livez"); got.status != 200 {
		t.Errorf("liveness asks for a key: %d", got.status)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	open := serve(t)
	now := clock
	s := service{handlerOf(t, open.store, func(o *httpapi.Options) {
		o.RateLimit = 2
		o.Now = func() time.Time { return now }
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // where httptest's requests come from
	}), open.store}
	from := func(address string) result { return s.get(t, "/v1/types", "X-Forwarded-For", address) }
	for range 2 {
		if got := from("203.0.113.7"); got.status != 200 || got.header.Get("RateLimit-Policy") != `"address";q=2;w=1` {
			t.Fatalf("within the limit: %d %v", got.status, got.header)
		}
	}
	over := from("203.0.113.7")
	if over.status != http.StatusTooManyRequests || over.header.Get("Retry-After") != "1" || over.header.Get("RateLimit") != `"address";r=0;t=1` || over.problem(t).Code != "rate_limited" {
		t.Errorf("over the limit: %d %v %s", over.status, over.header, over.body)
	}
	if got := from("203.0.113.8"); got.status != 200 {
		t.Errorf("another address: %d", got.status)
	}
	for i := range 3 { // a proxy that names nobody: nobody names themselves
		got := s.get(t, "/v1/types", "X-Forwarded-For", "unknown", "X-Real-Ip", fmt.Sprintf("203.0.113.%d", 20+i))
		if limited := got.status == http.StatusTooManyRequests; limited != (i == 2) {
			t.Errorf("request %d under an address of its own: %d", i, got.status)
		}
	}
	if got := s.get(t, "/livez", "X-Forwarded-For", "203.0.113.7"); got.status != 200 {
		t.Errorf("liveness: %d", got.status)
	}
	now = now.Add(time.Second)
	if got := from("203.0.113.7"); got.status != 200 {
		t.Errorf("a second later: %d", got.status)
	}
}

// broken is a store whose list fails in a chosen way. It is no stand-in for the real
// one, which cannot be made to panic.
type broken struct {
	httpapi.Store
	list func() error
}

func (b broken) ListEvents(context.Context, timeline.ListQuery) (timeline.Page, error) {
	return timeline.Page{}, b.list()
}

func TestFailuresTellNothingOfTheInside(t *testing.T) {
	t.Parallel()
	open := serve(t)
	for name, c := range map[string]struct {
		fail   func() error
		status int
		code   string
	}{
		"panic":       {func() error { panic("secret SELECT") }, 500, "internal"},
		"plain error": {func() error { return fmt.Errorf("secret SELECT") }, 500, "internal"},
		"unavailable": {func() error {
			return &timeline.Error{Kind: timeline.KindUnavailable, Message: "The database cannot be reached; try again shortly.", RetryAfter: time.Second, Cause: fmt.Errorf("secret SELECT")}
		}, 503, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service{handlerOf(t, broken{open.store, c.fail}), open.store}
			got := s.get(t, "/v1/events", "X-Request-Id", "my-id-7")
			p := got.problem(t)
			if got.status != c.status || p.Code != c.code || strings.Contains(string(got.body), "secret") || !strings.Contains(p.Detail, "my-id-7") {
				t.Errorf("%d %s", got.status, got.body)
			}
			if c.status == 503 && got.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
		})
	}
}

// silent is a store whose database takes writes and never answers them.
type silent struct{ httpapi.Store }

func (silent) Put(ctx context.Context, _ timeline.Event, _ timeline.Precondition, _ timeline.Author) (timeline.Written, error) {
	<-ctx.Done()
	return timeline.Written{}, ctx.Err()
}

func (silent) Create(ctx context.Context, _ timeline.Event, _ timeline.Author) (timeline.Written, error) {
	<-ctx.Done()
	return timeline.Written{}, ctx.Err()
}

func TestAWriteIsNotWaitedForForever(t *testing.T) {
	t.Parallel()
	open := newsroom(t)
	s := service{handlerOf(t, silent{open.store}, func(o *httpapi.Options) { o.WriteBudget = time.Second }), open.store}
	for name, got := range map[string]result{
		"put":         s.write(t, "PUT", "/v1/events/x", small("x", "2021")),
		"create":      s.write(t, "POST", "/v1/events", small("x", "2021")),
		"create once": s.write(t, "POST", "/v1/events", small("x", "2021"), "Idempotency-Key", "k"),
	} {
		if p := got.problem(t); got.status != 503 || got.header.Get("Retry-After") != "1" || p.Code != "unavailable" || !strings.Contains(p.Detail, "look before you send it again") {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if got := s.get(t, "/readyz"); got.status != 200 || !strings.Contains(string(got.body), `"name":"schema","ok":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	nowhere, err := postgres.Open(t.Context(), postgres.Options{URL: "postgres://nobody@127.0.0.1:1/none"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	down := service{handlerOf(t, nowhere), nowhere}
	got := down.get(t, "/readyz")
	if got.status != 503 || got.header.Get("Retry-After") == "" || !strings.Contains(string(got.body), "database: does not answer") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := down.get(t, "/v1/events"); got.status != 503 || got.header.Get("Retry-After") == "" || got.problem(t).Code != "unavailable" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := down.get(t, "/livez"); got.status != 200 {
		t.Errorf("liveness: %d", got.status)
	}
}
