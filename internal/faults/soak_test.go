package faults_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// readings are what a visitor of a page asks for.
var readings = []string{
	"/v1/events?limit=50", "/v1/events?country=ML&from=2020&to=2023", "/v1/events?type=politics&order=desc&limit=20", "/v1/events?q=coup&limit=20",
	"/v1/events?region=ecowas&date=2021&count=exact", "/v1/events/ml-coup-2021", "/v1/timeline?from=1950&to=2025&interval=year&group_by=country", "/v1/facets?by=country,type",
	"/v1/countries", "/v1/changes?after=1&limit=50",
}

// reading gives one of them, and every other time what nobody has asked before.
func reading() string {
	if rand.IntN(2) == 0 {
		return readings[rand.IntN(len(readings))]
	}
	from := time.Date(1950, 1, 1+rand.IntN(365*75), 0, 0, 0, 0, time.UTC)
	return fmt.Sprintf("/v1/events?from=%s&to=%s&limit=20", from.Format(time.DateOnly), from.AddDate(5, 0, rand.IntN(2000)).Format(time.DateOnly))
}

// TestTwiceTheLoad offers, for half an hour where TARIKH_SOAK=1, twice the reads that the
// program can serve here, beside writers, an importer and followers of the stream. What
// is too much is refused with Retry-After; nothing grows; and all is well when it ends.
func TestTwiceTheLoad(t *testing.T) {
	onItsOwn(t) // alone: it measures what the machine can do
	lasting := seconds(t, 10*time.Second, 30*time.Minute)
	ops := programtest.FreeAddress(t)
	s := newService(t, "DATABASE_URL="+ownPostgres(t, nil).URL(), "TARIKH_OPS_LISTEN="+ops)
	s.fillWith(t, 3_000)
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = mostInFlight

	capacity, calm := s.capacity(t, max(2*time.Second, lasting/20))
	l := startLoad(t, s, 8, 1, 200)
	l.injecting(fmt.Sprintf("twice the load, %s", lasting))
	var followers []*follower
	for range 10 {
		followers = append(followers, s.follow(t.Context()))
	}
	before := s.uses(t, ops)
	rate := max(50, 2*capacity)
	m := s.offer(t, rate, lasting, func() use { return s.uses(t, ops) })
	began := time.Now()
	l.halt()
	s.calm(t)
	recovery := time.Since(began)
	l.recoveries, l.injected = append(l.recoveries, recovery), 1
	l.requests += len(m.admitted) + m.shed
	l.refused += m.shed
	l.check(t)
	for _, f := range followers {
		f.check(t)
	}
	s.client.CloseIdleConnections()
	after := s.settled(t, ops, before)

	t.Logf("%d reads a second can be served here (p99 %s); %.0f a second were offered: %d admitted (p50 %s, p99 %s), %d shed, %d withheld because %d were under way",
		int(capacity), quantile(calm, 0.99), rate, len(m.admitted), quantile(m.admitted, 0.5), quantile(m.admitted, 0.99), m.shed, m.withheld, mostInFlight)
	t.Logf("before %s; most of the first half %s; most of the second half %s; after %s", before, m.firstHalf, m.secondHalf, after)
	for _, fault := range m.faults {
		t.Error(fault)
	}
	if m.shed == 0 {
		t.Error("nothing was shed, though twice what can be served was offered")
	}
	// What grows without an end has grown by more than this in half an hour.
	if m.secondHalf.memory > 2*m.firstHalf.memory+100<<20 {
		t.Errorf("memory grows: from at most %s to %s", m.firstHalf, m.secondHalf)
	}
	if m.secondHalf.files > 2*m.firstHalf.files+100 || m.secondHalf.goroutines > 2*m.firstHalf.goroutines+1_000 {
		t.Errorf("files or goroutines grow: from at most %s to %s", m.firstHalf, m.secondHalf)
	}
	record(t, l.figures)
}

// mostInFlight bounds what this client itself can have under way.
const mostInFlight = 2_000

// capacity finds how many reads a second are served to clients that wait for each answer.
func (s *service) capacity(t *testing.T, lasting time.Duration) (perSecond float64, took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var clients sync.WaitGroup
	began := time.Now()
	for range 16 {
		clients.Go(func() {
			for time.Since(began) < lasting {
				asked := time.Now()
				r, err := s.get(t.Context(), reading())
				if err != nil || r.status != http.StatusOK && r.status != http.StatusServiceUnavailable {
					t.Errorf("%v %d %s", err, r.status, r.body)
					return
				}
				mu.Lock()
				took = append(took, time.Since(asked))
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return float64(len(took)) / time.Since(began).Seconds(), took
}

// measured is what came of the offer.
type measured struct {
	mu                    sync.Mutex
	admitted              []time.Duration
	shed, withheld        int
	faults                []string
	firstHalf, secondHalf use // the most of each
}

// offer sends so many reads a second, whether the ones before were answered or not.
func (s *service) offer(t *testing.T, rate float64, lasting time.Duration, uses func() use) *measured {
	t.Helper()
	m := &measured{}
	var clients sync.WaitGroup
	var underWay atomic.Int64
	began := time.Now()
	sampled := began
	for sent := 0; time.Since(began) < lasting; {
		due := int(rate * time.Since(began).Seconds())
		for ; sent < due; sent++ {
			if underWay.Load() >= mostInFlight {
				m.withheld++
				continue
			}
			underWay.Add(1)
			path := reading()
			clients.Go(func() {
				defer underWay.Add(-1)
				m.ask(s, path)
			})
		}
		if time.Since(sampled) > lasting/40 {
			sampled = time.Now()
			half := &m.firstHalf
			if time.Since(began) > lasting/2 {
				half = &m.secondHalf
			}
			*half = half.most(uses())
		}
		time.Sleep(2 * time.Millisecond)
	}
	clients.Wait()
	return m
}

func (m *measured) ask(s *service, path string) {
	asked := time.Now()
	r, err := s.get(context.Background(), path)
	took := time.Since(asked)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil && r.status == http.StatusOK:
		m.admitted = append(m.admitted, took)
	case err == nil && (r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable) && r.header.Get("Retry-After") != "":
		m.shed++
	case len(m.faults) < 10:
		m.faults = append(m.faults, fmt.Sprintf("%s is answered with %v %d %.300s", path, err, r.status, r.body))
	}
}

// calm waits until a row of reads is served without a refusal.
func (s *service) calm(t *testing.T) {
	t.Helper()
	for began, good := time.Now(), 0; good < 20; {
		if time.Since(began) > patience {
			t.Fatal("it does not recover from the load")
		}
		if r, err := s.get(t.Context(), readings[good%len(readings)]); err == nil && r.status == http.StatusOK {
			good++
		} else {
			good = 0
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// settled waits until the program uses no more than before the load, but for what its
// pools and caches keep.
func (s *service) settled(t *testing.T, ops string, before use) use {
	t.Helper()
	after := s.uses(t, ops)
	for began := time.Now(); after.files > before.files+40 || after.goroutines > before.goroutines+100; after = s.uses(t, ops) {
		if time.Since(began) > patience {
			t.Errorf("before the load it used %s, and long after it %s", before, after)
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return after
}

// use is what the program takes of the machine.
type use struct {
	memory, files, threads, goroutines int // bytes, and counts; goroutines 0: not told
}

// String gives it for people.
func (u use) String() string {
	goroutines := "not told"
	if u.goroutines > 0 {
		goroutines = strconv.Itoa(u.goroutines)
	}
	return fmt.Sprintf("%d MB, %d files, %d threads, goroutines %s", u.memory>>20, u.files, u.threads, goroutines)
}

func (u use) most(v use) use {
	return use{max(u.memory, v.memory), max(u.files, v.files), max(u.threads, v.threads), max(u.goroutines, v.goroutines)}
}

// uses reads it from /proc, and from the port for operators where that is served.
func (s *service) uses(t *testing.T, ops string) use {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		t.Fatal(err)
	}
	u := use{files: s.files(t)}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "VmRSS":
			u.memory = n << 10
		case "Threads":
			u.threads = n
		}
	}
	response, err := (&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + ops + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		return u // no such port yet, or too busy now
	}
	defer response.Body.Close()
	profile, _ := io.ReadAll(response.Body)
	_, _ = fmt.Sscanf(string(profile), "goroutine profile: total %d", &u.goroutines)
	return u
}

func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1))].Round(time.Millisecond)
}
