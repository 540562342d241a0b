package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/render"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const exports = "/v1/events."

// randomQuery draws a query of a few filters, as a client writes it.
func randomQuery(t *rapid.T) url.Values {
	query := url.Values{}
	draw := func(name string, of ...string) { query.Set(name, rapid.SampledFrom(of).Draw(t, name)) }
	for range rapid.IntRange(0, 3).Draw(t, "filters") {
		switch rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).Draw(t, "filter") {
		case 0:
			query.Del("date")
			draw("from", "1900", "2020", "2021-06", "2022-02-28", "-0752")
			if rapid.Bool().Draw(t, "open") {
				draw("to", "9999", "2023", "2099-12-31")
			}
		case 1:
			query.Del("from")
			query.Del("to")
			draw("date", "2021", "202X", "2021-21", "../2000", "2000/..", "2023-07")
		case 2:
			draw("match", "possible", "certain", "within", "starts")
		case 3:
			draw("country", "ML", "NER,BFA", "RUS", "النيجر,France", "YUG")
			draw("country_match", "any", "all", "only")
		case 4:
			draw("region", "011", "ecowas,eu", "150", "cis")
			draw("predecessors", "true", "false")
		case 5:
			draw("type", "politics", "coup,attack", "other")
		case 6:
			draw("status", "occurred", "planned,alleged")
		case 7:
			draw("dataset", "alpha", "beta,gamma")
		case 8:
			draw("tag", "a", "b,état", "two words")
		case 9:
			draw("q", "mali", "coup", "النيجر", "election niamey")
		case 10:
			draw("bbox", "-20,-20,20,20", "170,-20,-170,0", "-180,-90,180,90")
		}
	}
	draw("order", "asc", "desc")
	return query
}

// randomService is the API on random events.
func randomService(t *testing.T, events int) service {
	t.Helper()
	s := serve(t)
	for _, slug := range reference.Datasets {
		if _, err := s.store.CreateDataset(t.Context(), timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	seed := int(time.Now().UnixNano() % 1_000_000)
	t.Logf("the events are those of seed %d", seed)
	if _, err := s.store.Import(t.Context(), reference.Events(seed, events), false, author); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestExportsAgreeWithPagesAndCount: for random filters, what is exported in each
// format is what the walk of the pages gives, in its order, and as many as the
// exact count says.
func TestExportsAgreeWithPagesAndCount(t *testing.T) {
	t.Parallel()
	s := randomService(t, 550) // more than an export reads at a time
	readers := map[string]func([]byte) []string{
		"ndjson": idsOfLines, "csv": idsOfCSV(t), "geojson": idsIn(t, "features", "id"), "parquet": idsOfParquet(t),
		"timelinejs.json": idsIn(t, "events", "unique_id"), "vis.json": idsIn(t, "items", "event"),
	}
	queries, seed := rapid.Custom(randomQuery), int(time.Now().UnixNano()%1_000_000)
	for i := range 12 {
		query := queries.Example(seed + i)
		if i == 0 {
			query = url.Values{"order": {"desc"}} // all of them
		}
		walked, days, count := s.walk(t, query)
		if int64(len(walked)) != count {
			t.Errorf("%s: %d events walked, %d counted", query.Encode(), len(walked), count)
		}
		for format, ids := range readers {
			answer := s.plain(t, exports+format+"?"+query.Encode())
			if answer.status != http.StatusOK {
				t.Fatalf("%s: %d %s", format, answer.status, answer.body)
			}
			if got := slices.Compact(ids(answer.body)); !slices.Equal(got, walked) {
				t.Errorf("%s of %s has %d events, the pages %d:\n%v\n%v", format, query.Encode(), len(got), len(walked), got, walked)
			}
		}
		calendar := string(s.plain(t, exports+"ics?"+query.Encode()).body)
		if got := strings.Count(calendar, "BEGIN:VEVENT"); got != days {
			t.Errorf("ics of %s has %d events, %d are known to the day", query.Encode(), got, days)
		}
		s.checkFeed(t, query)
	}
}

// checkFeed holds a feed against the first hundred of the pages from the newest.
func (s service) checkFeed(t *testing.T, query url.Values) {
	t.Helper()
	query.Set("order", "desc")
	newest, _, _ := s.walk(t, query)
	newest = newest[:min(100, len(newest))]
	feed := string(s.plain(t, exports+"atom?"+query.Encode()).body)
	if got := strings.Count(feed, "<entry>"); got != len(newest) {
		t.Errorf("atom of %s has %d entries, not %d", query.Encode(), got, len(newest))
	}
	at := 0
	for _, id := range newest {
		found := strings.Index(feed[at:], `href="/v1/events/`+id+`"`)
		if found < 0 {
			t.Fatalf("atom of %s lacks %s, or not in its place", query.Encode(), id)
		}
		at += found
	}
}

// walk gives the ids of all pages, how many events are known to the day in years
// that a calendar has, and the exact count.
func (s service) walk(t testing.TB, query url.Values) (ids []string, days int, count int64) {
	t.Helper()
	asked := url.Values{}
	for name, value := range query {
		asked[name] = value
	}
	asked.Set("limit", "300")
	asked.Set("count", "exact")
	for {
		var page struct {
			Data []struct {
				ID   string
				Date struct{ Precision, Earliest string }
			}
			Page  struct{ NextCursor *string }
			Count struct{ Value int64 }
		}
		answer := s.plain(t, "/v1/events?"+asked.Encode())
		body := strings.ReplaceAll(string(answer.body), `"next_cursor"`, `"NextCursor"`)
		if err := json.Unmarshal([]byte(body), &page); err != nil || answer.status != http.StatusOK {
			t.Fatalf("%d %v: %s", answer.status, err, answer.body)
		}
		for _, e := range page.Data {
			ids = append(ids, e.ID)
			if e.Date.Precision == "day" && !strings.HasPrefix(e.Date.Earliest, "-") && !strings.HasPrefix(e.Date.Earliest, "0000") {
				days++
			}
		}
		if page.Page.NextCursor == nil {
			return ids, days, page.Count.Value
		}
		asked.Set("cursor", *page.Page.NextCursor)
	}
}

// plain asks without the contract, which takes its time on long bodies.
func (s service) plain(t testing.TB, target string, headers ...string) result {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return result{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func idsOfLines(body []byte) []string {
	var ids []string
	for line := range bytes.Lines(body) {
		rest, _ := bytes.CutPrefix(line, []byte(`{"id":"`))
		id, _, _ := bytes.Cut(rest, []byte(`"`))
		ids = append(ids, string(id))
	}
	return ids
}

func idsOfCSV(t testing.TB) func([]byte) []string {
	return func(body []byte) []string {
		records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range records[1:] {
			ids = append(ids, r[0])
		}
		return ids
	}
}

func idsIn(t testing.TB, list, member string) func([]byte) []string {
	return func(body []byte) []string {
		var document map[string]json.RawMessage
		var items []map[string]any
		if err := errors.Join(json.Unmarshal(body, &document), json.Unmarshal(document[list], &items)); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		var ids []string
		for _, item := range items {
			ids = append(ids, fmt.Sprint(item[member]))
		}
		return ids
	}
}

func idsOfParquet(t testing.TB) func([]byte) []string {
	return func(body []byte) []string {
		rows, err := parquet.Read[struct {
			ID string `parquet:"id"`
		}](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
}

func TestExportHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, f := range render.Formats {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			target := exports + f.Name + "?country=ML"
			answer := s.get(t, target)
			tag := answer.header.Get("ETag")
			for name, want := range map[string]string{
				"Content-Type": f.ContentType, "Content-Disposition": `attachment; filename="tarikh-events-r1.` + f.Name + `"`,
				"Cache-Control": "public, max-age=0, stale-while-revalidate=5, stale-if-error=600", "Vary": "Accept-Encoding",
				"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*",
			} {
				if got := answer.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if answer.status != http.StatusOK || len(answer.body) == 0 || !strings.HasPrefix(tag, `W/"1-`) {
				t.Errorf("%d with %d bytes and the ETag %s", answer.status, len(answer.body), tag)
			}
			if same := s.get(t, target, "If-None-Match", tag); same.status != http.StatusNotModified || same.header.Get("ETag") != tag || same.header.Get("Content-Disposition") != "" {
				t.Errorf("with its ETag: %d %v", same.status, same.header)
			}
			other := s.get(t, exports+f.Name+"?country=NE").header.Get("ETag")
			if list := s.get(t, "/v1/events?country=ML").header.Get("ETag"); other == tag || list == tag {
				t.Errorf("other answers have the same ETag %s", tag)
			}
			if past := s.get(t, target+"&as_of=1").header.Get("Cache-Control"); past != "public, max-age=31536000, immutable" {
				t.Errorf("of a revision: %s", past)
			}
			if refused := s.get(t, target, "Accept", "text/html"); refused.status != http.StatusNotAcceptable {
				t.Errorf("for text/html: %d", refused.status)
			}
			if given := s.get(t, target, "Accept", f.MediaType); given.status != http.StatusOK {
				t.Errorf("for %s: %d", f.MediaType, given.status)
			}
			for parameter := range map[string]bool{"limit=5": true, "cursor=x": true, "count=exact": true, "format=csv": true} {
				if wrong := s.get(t, target+"&"+parameter); wrong.status != http.StatusBadRequest {
					t.Errorf("%s: %d", parameter, wrong.status)
				}
			}
			if nothing := s.get(t, exports+f.Name+"?tag=nobody-has-this"); nothing.status != http.StatusOK {
				t.Errorf("an export of nothing: %d %s", nothing.status, nothing.body)
			}
		})
	}
}

// strange is a store whose exports are what a test makes of them.
type strange struct {
	httpapi.Store
	export func(ctx context.Context, each func(doc []byte) error) error
}

func (s strange) Export(ctx context.Context, _ timeline.Filter, _ timeline.Order, each func(doc []byte) error) error {
	return s.export(ctx, each)
}

func withExports(t *testing.T, export func(ctx context.Context, each func(doc []byte) error) error, change ...func(*httpapi.Options)) service {
	t.Helper()
	s := serve(t)
	return service{handlerOf(t, strange{s.store, export}, change...), s.store}
}

func TestHeadDoesNotRunTheExport(t *testing.T) {
	t.Parallel()
	s := withExports(t, func(context.Context, func([]byte) error) error {
		t.Error("the export ran")
		return nil
	})
	for _, f := range render.Formats {
		answer := s.do(t, http.MethodHead, exports+f.Name)
		if answer.status != http.StatusOK || len(answer.body) != 0 || answer.header.Get("Content-Type") != f.ContentType ||
			answer.header.Get("Content-Disposition") == "" || answer.header.Get("ETag") == "" {
			t.Errorf("%s: %d %v", f.Name, answer.status, answer.header)
		}
	}
	if wrong := s.do(t, http.MethodHead, exports+"csv?country=Atlantis"); wrong.status != http.StatusBadRequest {
		t.Errorf("with a wrong parameter: %d", wrong.status)
	}
}

func TestAFormatThatDoesNotExist(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for path, suggestion := range map[string]string{"xml": "", "cvs": "csv", "CSV": "csv", "json": "", "": "", "timelinejs": "", "ndjso": "ndjson", strings.Repeat("x", 500): ""} {
		answer := s.get(t, exports+path+"?country=ML")
		p := answer.problem(t)
		if answer.status != http.StatusNotFound || p.Code != "not_found" || len(p.Errors) != 1 || !slices.Equal(p.Errors[0].Allowed, render.FormatNames()) {
			t.Errorf("%s: %s", path, answer.body)
			continue
		}
		if got := p.Errors[0].Suggestion; suggestion != "" && (got == nil || *got != suggestion) {
			t.Errorf("%s: suggests %v", path, got)
		}
	}
	if p := s.get(t, exports+"csv/x").problem(t); len(p.Errors) != 0 {
		t.Errorf("below an export: %+v", p)
	}
}

// TestExportsFailBeforeTheirFirstByteAsProblems: nothing of the file is sent then.
func TestExportsFailBeforeTheirFirstByteAsProblems(t *testing.T) {
	t.Parallel()
	down := &timeline.Error{Kind: timeline.KindUnavailable, Message: "The database cannot be reached; try again shortly.", RetryAfter: time.Second}
	s := withExports(t, func(context.Context, func([]byte) error) error { return down })
	for _, f := range render.Formats {
		answer := s.get(t, exports+f.Name)
		if answer.status != http.StatusServiceUnavailable || answer.problem(t).Code != "unavailable" || answer.header.Get("Retry-After") != "1" ||
			answer.header.Get("Content-Disposition")+answer.header.Get("ETag") != "" || answer.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", f.Name, answer.status, answer.header, answer.body)
		}
	}
}

// endless gives a stored document again and again until it fails.
func (s service) endless(t testing.TB, each func(doc []byte) error) error {
	t.Helper()
	doc, _, err := s.store.Event(t.Context(), "ml-coup-2021", nil)
	for err == nil {
		err = each(doc)
	}
	return err
}

// TestAnExportThatBreaksIsCut: no client takes what came for the whole, and the log
// tells why it was cut.
func TestAnExportThatBreaksIsCut(t *testing.T) {
	t.Parallel()
	var s service
	var log programtest.Output
	s = withExports(t, func(_ context.Context, each func([]byte) error) error {
		sent := 0
		return s.endless(t, func(doc []byte) error {
			if sent++; sent > 2_000 {
				return errors.New("the database went away")
			}
			return each(doc)
		})
	}, func(o *httpapi.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	server := httptestServer(t, s.handler)
	for _, format := range []string{"ndjson", "csv", "vis.json"} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+exports+format, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept-Encoding", encoding)
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				continue // cut before the headers had left
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, %s: %d, %d bytes, %v", format, encoding, response.StatusCode, len(body), err)
			}
		}
	}
	if got := strings.Count(log.String(), `cause="the database went away"`); got != 9 {
		t.Errorf("the log tells it %d times:\n%s", got, log.String())
	}
}

// TestAClientThatHangsUpEndsTheExport: this test ends because the export does.
func TestAClientThatHangsUpEndsTheExport(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	var s service
	s = withExports(t, func(ctx context.Context, each func([]byte) error) error {
		err := s.endless(t, func(doc []byte) error { return errors.Join(ctx.Err(), each(doc)) })
		ended <- err
		return err
	})
	server := httptestServer(t, s.handler)
	for _, format := range []string{"ndjson", "csv"} {
		response, err := http.Get(server + exports + format)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(response.Body, make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if err := <-ended; err == nil {
			t.Error("it ended well")
		}
	}
}

// TestAClientThatHangsUpEndsTheQuery: the same while the database is asked and
// nothing is written.
func TestAClientThatHangsUpEndsTheQuery(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), make(chan struct{})
	s := withExports(t, func(ctx context.Context, _ func([]byte) error) error {
		close(began)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	})
	server := httptestServer(t, s.handler)
	ctx, hangUp := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+exports+"ndjson", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-began
		hangUp()
	}()
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
		response.Body.Close()
		t.Errorf("an answer came: %d", response.StatusCode)
	}
	<-ended
}

// TestExportsOutliveTheServersLimits: the time for reading a request and writing an
// answer are for ordinary answers.
func TestExportsOutliveTheServersLimits(t *testing.T) {
	t.Parallel()
	const limit = 100 * time.Millisecond
	doc := []byte(`{"id":"x","pad":"` + strings.Repeat("x", 100_000) + `"}`)
	s := withExports(t, func(ctx context.Context, each func([]byte) error) error {
		for range 4 {
			if err := each(doc); err != nil {
				return err
			}
			select {
			case <-time.After(2 * limit):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	answer := ask(t, http.MethodGet, server.URL+exports+"ndjson")
	if want := strings.Repeat(string(doc)+"\n", 4); answer.status != http.StatusOK || string(answer.body) != want {
		t.Errorf("%d with %d bytes of %d", answer.status, len(answer.body), len(want))
	}
}

// TestExportsAreCompressedAsTheyGo: with each encoding the same bytes come, and
// what is compressed inside is not compressed again.
func TestExportsAreCompressedAsTheyGo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	server := httptestServer(t, s.handler)
	for _, f := range render.Formats {
		if f.Name == "parquet" {
			continue
		}
		plain := s.plain(t, exports+f.Name).body
		for encoding, read := range map[string]func(io.Reader) ([]byte, error){
			"gzip": func(r io.Reader) ([]byte, error) {
				unzipped, err := gzip.NewReader(r)
				if err != nil {
					return nil, err
				}
				return io.ReadAll(unzipped)
			},
			"zstd": func(r io.Reader) ([]byte, error) {
				unpacked, err := zstd.NewReader(r)
				if err != nil {
					return nil, err
				}
				defer unpacked.Close()
				return io.ReadAll(unpacked)
			},
		} {
			answer := ask(t, http.MethodGet, server+exports+f.Name, "Accept-Encoding", encoding)
			body, err := read(bytes.NewReader(answer.body))
			if err != nil || !bytes.Equal(body, plain) || answer.header.Get("Content-Encoding") != encoding || !strings.HasSuffix(answer.header.Get("ETag"), "-"+encoding+`"`) {
				t.Errorf("%s, %s: %v %v, %d bytes of %d", f.Name, encoding, err, answer.header, len(body), len(plain))
			}
			if same := ask(t, http.MethodGet, server+exports+f.Name, "Accept-Encoding", encoding, "If-None-Match", answer.header.Get("ETag")); same.status != http.StatusNotModified {
				t.Errorf("%s, %s: with its ETag %d", f.Name, encoding, same.status)
			}
		}
	}
	if answer := ask(t, http.MethodGet, server+exports+"parquet", "Accept-Encoding", "gzip, zstd"); answer.header.Get("Content-Encoding") != "" {
		t.Errorf("parquet: %v", answer.header)
	}
}

func TestTooManyExportsAtOnce(t *testing.T) {
	t.Parallel()
	const most = 64
	running, free := make(chan struct{}, most), make(chan struct{})
	s := withExports(t, func(context.Context, func([]byte) error) error {
		running <- struct{}{}
		<-free
		return nil
	})
	done := make(chan int, most)
	for range most {
		go func() { done <- s.plain(t, exports+"ndjson").status }()
	}
	for range most {
		<-running
	}
	answer := s.get(t, exports+"csv")
	if answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") != "5" || !strings.Contains(string(answer.body), `"code":"busy"`) {
		t.Errorf("one more: %d %s", answer.status, answer.body)
	}
	close(free)
	for range most {
		if status := <-done; status != http.StatusOK {
			t.Errorf("one of those before: %d", status)
		}
	}
	if answer := s.get(t, exports+"csv"); answer.status != http.StatusOK {
		t.Errorf("afterwards: %d", answer.status)
	}
}

// TestAtomIsOfItsRevision: the feed's time is that of the revision, also of a past one.
func TestAtomIsOfItsRevision(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.put(t, event(t, "later", "2030"))
	for as, want := range map[string]string{"": "2026-11-24T09:00:00Z", "?as_of=1": "2026-11-24T09:00:00Z", "?as_of=0": "2026-11-24T09:00:00Z"} {
		answer := s.get(t, exports+"atom"+as)
		if !strings.Contains(string(answer.body), "\n <updated>"+want+"</updated>") {
			t.Errorf("%s: %s", as, answer.body[:400])
		}
		if later := strings.Contains(string(answer.body), "Event later"); later != (as == "") {
			t.Errorf("%q: a later event is there: %v", as, later)
		}
	}
}

func TestExportsNeedAKeyWhereReadingDoes(t *testing.T) {
	t.Parallel()
	s := withExports(t, func(context.Context, func([]byte) error) error { return nil }, func(o *httpapi.Options) { o.ReadNeedsKey = true })
	for _, f := range render.Formats {
		if answer := s.get(t, exports+f.Name); answer.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", f.Name, answer.status)
		}
	}
}
