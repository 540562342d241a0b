package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/seed"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestMain(m *testing.M) { pgtest.Main(m, noLeaks) }

// clock is the time that the examples of the contract and the README were made at.
var clock = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

var author = postgres.Author{Name: "test"}

// service is the API on a database of its own that holds the data set sahel.
type service struct {
	handler http.Handler
	store   *postgres.Store
}

// serve is the API as the program runs it: the revision is watched, and answers are kept.

func serve(t testing.TB, change ...func(*httpapi.Options)) service {
	t.Helper()
	return serveAt(t, pgtest.New(t), change...)
}

func openStore(t testing.TB, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 8, ConnectTime: patience, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	store.LimitStatements(patience)
	t.Cleanup(store.Close)
	return store
}

// serveAt is serve on a database that the test knows.
func serveAt(t testing.TB, url string, change ...func(*httpapi.Options)) service {
	t.Helper()
	store := openStore(t, url)
	watch(t, store)
	dataset, events, err := seed.Sahel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateDataset(t.Context(), dataset, events, author); err != nil {
		t.Fatal(err)
	}
	return service{handlerOf(t, store, change...), store}
}

// watch keeps the revision confirmed until the test ends.
func watch(t testing.TB, store *postgres.Store) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		store.Watch(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
}

func handlerOf(t testing.TB, store httpapi.Store, change ...func(*httpapi.Options)) http.Handler {
	t.Helper()
	options := httpapi.Options{
		Store: store, Spec: tarikh.Spec, Log: slog.New(slog.DiscardHandler), CORSOrigins: []string{"*"},
		Now: func() time.Time { return clock.Add(time.Hour) }, Cache: httpapi.NewCache(16 << 20),
	}
	for _, c := range change {
		c(&options)
	}
	handler, err := httpapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// result is an answer that has been held against the contract.
type result struct {
	status int
	header http.Header
	body   []byte
}

// do asks, and holds the answer against the contract. Headers are name, value pairs.
func (s service) do(t testing.TB, method, target string, headers ...string) result {
	t.Helper()
	return s.send(t, method, target, "", headers...)
}

// send is do with a body.
func (s service) send(t testing.TB, method, target, body string, headers ...string) result {
	t.Helper()
	request, response, got := s.ask(t, method, target, body, headers...)
	if response.Header.Get("Content-Encoding") == "" {
		contracttest.Load(t).Check(t, request, response, got)
	}
	return result{response.StatusCode, response.Header, got}
}

// ask asks without a look at the contract, which takes longer than most answers.
func (s service) ask(t testing.TB, method, target, body string, headers ...string) (*http.Request, *http.Response, []byte) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	response := recorder.Result()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return request, response, got
}

func (s service) get(t testing.TB, target string, headers ...string) result {
	t.Helper()
	return s.do(t, http.MethodGet, target, headers...)
}

// page is what tests look at in a page.
type page struct {
	Data []struct {
		ID   string
		Date struct{ EDTF string }
	}
	Page struct {
		Limit      int
		NextCursor *string `json:"next_cursor"`
		HasMore    bool    `json:"has_more"`
	}
	Count *struct {
		Value    int64
		Relation string
	}
	Revision int64
}

func (r result) page(t testing.TB) page {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("%d: %s", r.status, r.body)
	}
	var p page
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return p
}

func (p page) ids() string {
	list := []string{}
	for _, e := range p.Data {
		list = append(list, e.ID)
	}
	return strings.Join(list, " ")
}

// problem is what tests look at in a problem.
type problem struct {
	Type, Title, Detail, Instance, Code string
	Status                              int
	Errors                              []struct {
		Parameter, Pointer, Suggestion *string
		Line                           *int64
		Detail                         string
		Allowed                        []string
	}
}

func (r result) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%d is no problem: %v in %s", r.status, err, r.body)
	}
	if p.Status != r.status || p.Title != http.StatusText(r.status) {
		t.Errorf("the problem says %d %s in an answer of %d", p.Status, p.Title, r.status)
	}
	return p
}

// event makes an event of the data set sahel, to be stored beside it.
func event(t testing.TB, id, date string) timeline.Event {
	t.Helper()
	d, err := edtf.Parse(date)
	if err != nil {
		t.Fatal(err)
	}
	return timeline.Event{
		ID: id, Dataset: "sahel", Type: "other", Status: "occurred", Date: d, Title: timeline.Text{"en": "Event " + id},
		Sources: []timeline.Source{{Title: "A source", Language: "en", Supports: []string{}}},
	}
}

func (s service) put(t testing.TB, e timeline.Event) postgres.Written {
	t.Helper()
	w, err := s.store.Put(t.Context(), e, postgres.Precondition{}, author)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// readNeedsKey closes reading.
func readNeedsKey(o *httpapi.Options) { o.ReadNeedsKey = true }
