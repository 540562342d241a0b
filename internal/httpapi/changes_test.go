package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// change is a change as a client reads it.
type change struct {
	Revision int64
	Op       string
	EventID  string `json:"event_id"`
	Event    json.RawMessage
}

type changePage struct {
	Data []change
	Page struct {
		NextCursor *string `json:"next_cursor"`
		HasMore    bool    `json:"has_more"`
	}
	Revision int64
}

func (r result) changes(t testing.TB) changePage {
	t.Helper()
	var p changePage
	if err := json.Unmarshal(r.want(t, 200).body, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// replica is what a follower has built from changes.
type replica map[string]string

func (r replica) take(c change) {
	if string(c.Event) == "null" {
		delete(r, c.EventID)
	} else {
		r[c.EventID] = string(c.Event)
	}
}

// export writes the replica as the export at a revision would be, in page order.
func (s service) export(t testing.TB, revision int64) string {
	t.Helper()
	var b strings.Builder
	err := s.store.Export(t.Context(), timeline.Filter{AsOf: &revision}, timeline.Ascending, func(doc []byte) error {
		b.Write(doc)
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (r replica) export(t testing.TB, s service) string {
	t.Helper()
	type placed struct{ day, id, doc string }
	var list []placed
	for id, doc := range r {
		var e struct {
			Date struct{ Earliest, Latest *string }
		}
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			t.Fatal(err)
		}
		day := e.Date.Latest
		if e.Date.Earliest != nil {
			day = e.Date.Earliest
		}
		list = append(list, placed{*day, id, doc})
	}
	slices.SortFunc(list, func(a, b placed) int { return strings.Compare(a.day+a.id, b.day+b.id) })
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.doc + "\n")
	}
	return b.String()
}

// replay walks the changes from a revision to the end and gives the last page's revision.
func (s service) replay(t testing.TB, r replica, after int64, limit int) int64 {
	t.Helper()
	target := fmt.Sprintf("/v1/changes?after=%d&limit=%d", after, limit)
	var last change
	for {
		_, response, body := s.ask(t, http.MethodGet, target, "")
		answer := result{response.StatusCode, response.Header, body}
		p := answer.changes(t)
		if len(p.Data) > limit {
			t.Errorf("%s gives %d", target, len(p.Data))
		}
		for _, c := range p.Data {
			if c.Revision < last.Revision || c.Revision == last.Revision && c.EventID <= last.EventID {
				t.Errorf("%s: %d %s comes after %d %s", target, c.Revision, c.EventID, last.Revision, last.EventID)
			}
			r.take(c)
			last = c
		}
		link := answer.header.Get("Link")
		if p.Page.HasMore != (link != "") || p.Page.HasMore != (p.Page.NextCursor != nil) {
			t.Fatalf("%s: %+v with the Link %q", target, p.Page, link)
		}
		if !p.Page.HasMore {
			return p.Revision
		}
		target = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	}
}

// TestReplayIsTheExport: following the changes from 0, in pages of any size, gives the
// bytes of the export at the revision of the last page.
func TestReplayIsTheExport(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	var batch []string
	for i := range 30 {
		batch = append(batch, small(fmt.Sprintf("batch%02d", i), fmt.Sprintf("20%02d", i)))
	}
	s.write(t, "POST", "/v1/imports", strings.Join(batch, "\n"), "Content-Type", "application/x-ndjson").want(t, 200)
	s.write(t, "PUT", "/v1/events/batch03", small("batch03", "1999")).want(t, 200)
	s.write(t, "DELETE", "/v1/events/batch04?reason=x", "", "If-Match", "*").want(t, 200)
	s.write(t, "DELETE", "/v1/events/batch05?reason=x&merged_into=batch06", "", "If-Match", "*").want(t, 200)
	s.write(t, "POST", "/v1/events", small("batch04", "1998")).want(t, 201)
	for _, limit := range []int{1, 7, 29, 1000} {
		r := replica{}
		revision := s.replay(t, r, 0, limit)
		if want := s.export(t, revision); r.export(t, s) != want {
			t.Errorf("limit %d: %s", limit, firstDifference(r.export(t, s), want))
		}
		if revision != s.revision(t) {
			t.Errorf("limit %d: the last page is of revision %d", limit, revision)
		}
	}
	// A page ends between revisions unless one revision alone is larger.
	s.write(t, "POST", "/v1/imports", "["+small("last1", "2001")+","+small("last2", "2002")+"]").want(t, 200)
	// Of the 30, three have changed since; so revision 2 has 27 changes, 3, 5 and 6 have one, 7 has two.
	for limit, want := range map[int]int{20: 20, 27: 27, 28: 28, 30: 30, 31: 30, 32: 32} {
		if p := s.get(t, fmt.Sprintf("/v1/changes?after=1&limit=%d", limit)).changes(t); len(p.Data) != want || p.Page.HasMore != (want < 32) {
			t.Errorf("a page of %d has %d changes, %+v", limit, len(p.Data), p.Page)
		}
	}
}

func TestBadChanges(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	first := *s.get(t, "/v1/changes?limit=1").changes(t).Page.NextCursor
	list := *s.get(t, "/v1/events?limit=1").page(t).Page.NextCursor
	s.put(t, event(t, "ml-coup-2021", "2022"))
	history := *s.get(t, "/v1/events/ml-coup-2021/history?limit=1").changes(t).Page.NextCursor
	for target, parameter := range map[string]string{
		"/v1/changes?after=x":                                   "after",
		"/v1/changes?after=-1":                                  "after",
		"/v1/changes?after=1.5":                                 "after",
		"/v1/changes?after=99":                                  "after",
		"/v1/changes?after=99999999999999999999":                "after",
		"/v1/changes?after=":                                    "after",
		"/v1/changes?limit=0":                                   "limit",
		"/v1/changes?limit=1001":                                "limit",
		"/v1/changes?as_of=1":                                   "as_of",
		"/v1/changes?cursor=" + alter(first):                    "cursor",
		"/v1/changes?cursor=" + list:                            "cursor",
		"/v1/changes?cursor=" + history:                         "cursor",
		"/v1/changes?after=0&cursor=" + first:                   "after",
		"/v1/events?cursor=" + first:                            "cursor",
		"/v1/changes/stream?after=99":                           "after",
		"/v1/changes/stream?after=x":                            "after",
		"/v1/changes/stream?limit=5":                            "limit",
		"/v1/events/ml-coup-2021/history?limit=501":             "limit",
		"/v1/events/ml-coup-2021/history?cursor=x":              "cursor",
		"/v1/events/ml-coup-2021/history?cursor=" + first:       "cursor",
		"/v1/events/bf-coup-2022/history?cursor=" + history:     "cursor",
		"/v1/events/ml-coup-2021/history?as_of=1":               "as_of",
		"/v1/events/ML/history":                                 "id",
		"/v1/events/ml-coup-2021/history?cursor=" + history[1:]: "cursor",
	} {
		p := s.get(t, target).want(t, 400).problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Parameter == nil || *p.Errors[0].Parameter != parameter {
			t.Errorf("%s: %+v", target, p.Errors)
		}
	}
	s.get(t, "/v1/events/nobody/history").want(t, 404)
	if p := s.get(t, "/v1/changes/stream", "Last-Event-ID", "abc").want(t, 400).problem(t); *p.Errors[0].Parameter != "Last-Event-ID" {
		t.Errorf("%+v", p)
	}
	s.get(t, "/v1/changes/stream", "Accept", "application/json").want(t, 406)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	for year := 2001; year <= 2007; year++ {
		s.write(t, "PUT", "/v1/events/a", small("a", fmt.Sprint(year)))
	}
	before := s.get(t, "/v1/events/a/history").want(t, 200)
	if again := s.get(t, "/v1/events/a/history", "If-None-Match", before.etag()); again.status != http.StatusNotModified {
		t.Errorf("again: %d", again.status)
	}
	s.write(t, "DELETE", "/v1/events/a?reason=wrong", "", "If-Match", "*").want(t, 200)
	s.get(t, "/v1/events/a/history", "If-None-Match", before.etag()).want(t, 200)
	var walked []string
	target := "/v1/events/a/history?limit=3"
	for target != "" {
		answer := s.get(t, target)
		for _, c := range answer.changes(t).Data {
			var e struct{ Date struct{ EDTF string } }
			if err := json.Unmarshal(c.Event, &e); err != nil {
				t.Fatal(err)
			}
			walked = append(walked, fmt.Sprint(c.Revision, c.Op, e.Date.EDTF))
			if c.Op == timeline.OpDelete {
				continue
			}
			// Each version is what as_of gives, for ever.
			then := s.get(t, fmt.Sprintf("/v1/events/a?as_of=%d", c.Revision)).want(t, 200)
			if string(then.body) != string(c.Event) || then.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("as of %d: %v %s", c.Revision, then.header, then.body)
			}
		}
		target = strings.TrimSuffix(strings.TrimPrefix(answer.header.Get("Link"), "<"), `>; rel="next"`)
	}
	if got := strings.Join(walked, ", "); got != "9delete, 8update2007, 7update2006, 6update2005, 5update2004, 4update2003, 3update2002, 2create2001" {
		t.Error(got)
	}
}

// TestThePastEverywhere: each operation that takes as_of gives what it gave then, by
// revision for ever, by time never so.
func TestThePastEverywhere(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.write(t, "PUT", "/v1/events/a", strings.Replace(small("a", "2021"), `"sources"`, `"links":[{"relation":"follows","event":"ml-coup-2021"}],"sources"`, 1)).want(t, 201)
	targets := []string{"/v1/events?type=other", "/v1/events/a", "/v1/events/ml-coup-2021/chain", "/v1/timeline?type=other", "/v1/facets?by=type"}
	then := map[string]string{}
	for _, target := range targets {
		then[target] = string(s.get(t, target).want(t, 200).body)
	}
	revision := s.revision(t)
	s.write(t, "PUT", "/v1/events/a", small("a", "1950")).want(t, 200)
	s.write(t, "DELETE", "/v1/events/a?reason=x", "", "If-Match", "*").want(t, 200)
	for _, target := range targets {
		glue := "?"
		if strings.Contains(target, "?") {
			glue = "&"
		}
		past := s.get(t, fmt.Sprintf("%s%sas_of=%d", target, glue, revision)).want(t, 200)
		if string(past.body) != then[target] || past.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s as of %d: %v\n%s\nwas\n%s", target, revision, past.header, past.body, then[target])
		}
		if now := s.get(t, target); string(now.body) == then[target] {
			t.Errorf("%s has not changed", target)
		}
		if timed := s.get(t, target+glue+"as_of=2026-11-24T09:00:01Z"); strings.Contains(timed.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s as of a time: %v", target, timed.header)
		}
	}
	closed := service{handlerOf(t, s.store, readNeedsKey), s.store}
	past := closed.get(t, "/v1/events?as_of=1", "Authorization", "Bearer key-of-read").want(t, 200)
	if past.header.Get("Cache-Control") != "private, max-age=31536000, immutable" || !strings.Contains(strings.Join(past.header.Values("Vary"), ","), "Authorization") {
		t.Errorf("where reading needs a key: %v", past.header)
	}
}

// TestWritersAndAFollower: 16 writers over HTTP with 10,000 writes (2,000 under the race
// detector), and a follower of the pages beside them; no two changes have one place, the follower misses none, and at the
// end, and on the way, it has the bytes of the export.
func TestWritersAndAFollower(t *testing.T) {
	t.Parallel()
	const writers = 16
	writes := 625
	if underRace {
		writes = 125
	}
	s := newsroom(t)
	start := s.revision(t)
	var group sync.WaitGroup
	var left, taken atomic.Int64
	left.Store(writers)
	for w := range writers {
		group.Go(func() {
			defer left.Add(-1)
			for i := range writes {
				id := fmt.Sprintf("w%d-%d", w, i%(writes/2)) // half of the writes replace
				method, target, body, headers := "PUT", "/v1/events/"+id, small(id, fmt.Sprint(1000+i)), []string{"Authorization", "Bearer key-of-write", "Content-Type", "application/json"}
				if i%10 == 9 {
					method, target, body, headers = "DELETE", target+"?reason=x", "", append(headers, "If-Match", "*")
				}
				_, response, got := s.ask(t, method, target, body, headers...)
				switch response.StatusCode {
				case http.StatusOK, http.StatusCreated:
					taken.Add(1)
				case http.StatusNotFound, http.StatusGone:
				default:
					t.Errorf("%s: %d %s", id, response.StatusCode, got)
				}
			}
		})
	}
	r := replica{}
	position := s.replay(t, r, 0, 100)
	for compared := position; left.Load() > 0 && !t.Failed(); {
		position = s.replay(t, r, position, 100)
		if position < compared+500 {
			continue
		}
		compared = position
		if want := s.export(t, position); r.export(t, s) != want {
			t.Fatalf("at revision %d: %s", position, firstDifference(r.export(t, s), want))
		}
	}
	group.Wait()
	position = s.replay(t, r, position, 100)
	if now := s.revision(t); now != start+taken.Load() || position != now {
		t.Errorf("%d writes from revision %d on made revision %d; the follower is at %d", taken.Load(), start, now, position)
	}
	if want := s.export(t, position); r.export(t, s) != want {
		t.Error(firstDifference(r.export(t, s), want))
	}
}

// TestALostRevisionIsNeverAnswered: what stood at one that was lost with a backup is not
// told from what stands now, though newer ones are known.
func TestALostRevisionIsNeverAnswered(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if _, _, err := s.store.RaiseRevision(t.Context(), 50, author); err != nil {
		t.Fatal(err)
	}
	s.put(t, event(t, "after", "2021")) // 51
	for _, path := range []string{"/v1/events", "/v1/events/ml-coup-2021", "/v1/events/ml-coup-2021/chain", "/v1/timeline", "/v1/facets", "/v1/events.csv"} {
		for revision, status := range map[int64]int{1: 200, 2: 400, 49: 400, 50: 200, 51: 200} {
			got := s.get(t, fmt.Sprintf("%s?as_of=%d", path, revision)).want(t, status)
			if told := strings.Contains(string(got.body), "was lost when a backup was restored"); told != (status == 400) {
				t.Errorf("%s at %d: %s", path, revision, got.body)
			}
		}
	}
}

// TestFollowersAtOnePlaceShareAPage: it is read once for all of them, until a write.
func TestFollowersAtOnePlaceShareAPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, target := range []string{"/v1/changes?limit=1000", "/v1/changes?after=1", "/v1/events/ml-coup-2021/history"} {
		first := s.get(t, target)
		second := s.get(t, target)
		if first.isHit() || !second.isHit() || !bytes.Equal(first.body, second.body) || first.header.Get("ETag") != second.header.Get("ETag") {
			t.Errorf("%s: %v, then %v", target, first.header, second.header)
		}
		e := event(t, "of-now", "2024")
		e.Summary = map[string]string{"en": target}
		written := s.put(t, e)
		if third := s.get(t, target); third.isHit() || revisionOf(t, third.body) != written.Revision {
			t.Errorf("%s after a write: %v %.300s", target, third.header, third.body)
		}
	}
	// Any answer will do, but there is none of what never was.
	for _, target := range []string{"/v1/events/none", "/v1/events/none/history", "/v1/events/none/chain"} {
		if got := s.get(t, target, "If-None-Match", "*"); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
	for _, target := range []string{"/v1/changes", "/v1/events", "/v1/events/ml-coup-2021", "/v1/events/ml-coup-2021/chain"} {
		for range 2 {
			if got := s.get(t, target, "If-None-Match", "*"); got.status != http.StatusNotModified {
				t.Errorf("%s: %d %s", target, got.status, got.body)
			}
		}
	}
}
