package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// TestTwoInstancesAgree: what is written to one is on the other a moment later, in every
// kind of answer; and once the other has told a revision, it lacks nothing of it.
func TestTwoInstancesAgree(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_SEED=sahel"}
	instances := []*instance{startServing(t, env), startServing(t, env)}
	key := writingKey(t, env)
	streams := []*following{follow(t, instances[0], "/v1/changes/stream?after=1"), follow(t, instances[1], "/v1/changes/stream?after=1")}
	var slowest time.Duration
	const writes = 12
	for n := range writes {
		to, from := n%2, 1-n%2
		id := fmt.Sprintf("event-%d", n)
		r, err := instances[to].ask(http.MethodPost, "/v1/events", written(id), key)
		if err != nil || r.status != http.StatusCreated {
			t.Fatalf("%+v, %v", r, err)
		}
		acknowledged := time.Now()
		if got := instances[to].get(t, "/v1/events/"+id); got.status != http.StatusOK {
			t.Fatalf("the instance that took it answers %+v", got)
		}
		revision := strings.Trim(r.header.Get("ETag"), `"`)
		other := instances[from]
		// Each kind of answer, told apart by what it holds of all that was written.
		for path, has := range map[string]string{
			"/v1/events?limit=1&order=desc":                      `"revision":` + revision + `}`,
			"/v1/events?limit=500":                               `"id":"` + id + `"`,
			"/v1/events?limit=1&type=coup&count=exact&q=Written": fmt.Sprintf(`"count":{"value":%d,`, n+1),
			"/v1/timeline?q=Written&interval=year":               fmt.Sprintf(`"total":%d,"revision":%s}`, n+1, revision),
			"/v1/timeline?country=NE&date=2023-08-22":            `"revision":` + revision + `}`, // from the copy in memory
			"/v1/facets?by=country":                              `"revision":` + revision + `}`,
			"/v1/countries":                                      `"revision":` + revision + `}`,
			"/v1/changes?after=1":                                `"event_id":"` + id + `"`,
		} {
			eventually(t, path+" has it", func() bool { return strings.Contains(other.get(t, path).body, has) })
		}
		eventually(t, "the stream tells of it", func() bool { return streams[from].has(id) && streams[to].has(id) })
		slowest = max(slowest, time.Since(acknowledged))
		// A client that names the revision is never answered from before it.
		if got := other.get(t, "/v1/events?as_of="+revision); got.status != http.StatusOK || !strings.Contains(got.body, id) {
			t.Errorf("as_of=%s: %+v", revision, got)
		}
	}
	t.Logf("the slowest of %d writes was everywhere after %s", writes, slowest.Round(time.Millisecond))
	if a, b := instances[0].everything(t), instances[1].everything(t); a != b {
		t.Errorf("in the end one serves\n%s\nthe other\n%s", a, b)
	}
}

// TestAClientMovesBetweenInstances: an answer that one instance gave is never followed by
// an older one of another, when the client shows what it has.
func TestAClientMovesBetweenInstances(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_SEED=sahel"}
	instances := []*instance{startServing(t, env), startServing(t, env)}
	key := writingKey(t, env)
	for n := range 10 {
		id := fmt.Sprintf("event-%d", n)
		if r, err := instances[0].ask(http.MethodPost, "/v1/events", written(id), key); err != nil || r.status != http.StatusCreated {
			t.Fatalf("%+v, %v", r, err)
		}
		const path = "/v1/events?limit=500"
		first := instances[0].get(t, path)
		if !strings.Contains(first.body, id) {
			t.Fatalf("%+v", first)
		}
		// At once: the other one has not looked yet.
		if second := instances[1].get(t, path, "If-None-Match: "+first.header.Get("ETag")); second.status != http.StatusNotModified {
			t.Errorf("%d. who holds %s is answered with %d, %s", n, first.header.Get("ETag"), second.status, second.header.Get("ETag"))
		}
	}
}
