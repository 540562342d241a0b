package load

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWrkIsRead(t *testing.T) {
	t.Parallel()
	const text = `Running 2s test @ http://127.0.0.1:40123/v1/events
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms  310.51us   9.71ms   91.16%
    Req/Sec    31.66k     1.12k   33.33k    76.19%
  66149 requests in 2.10s, 412.60MB read
Requests/sec:  31491.76
Transfer/sec:    196.43MB
`
	for name, c := range map[string]struct {
		line    string
		want    Sample
		problem string
	}{
		"all answered":     {`{"requests":66149,"micros":2100521,"p50":1004,"p99":2310,"unanswered":0,"refused":0,"repeated":7}`, Sample{66149, 2100521 * time.Microsecond, 1004 * time.Microsecond, 2310 * time.Microsecond, 0, 7}, ""},
		"some with errors": {`{"requests":10,"micros":1000000,"p50":1,"p99":2,"unanswered":3,"refused":4,"repeated":0}`, Sample{10, time.Second, time.Microsecond, 2 * time.Microsecond, 7, 0}, "of 10 requests 3 were not answered and 4 were answered with an error"},
		"none":             {`{"requests":0,"micros":1000000,"p50":0,"p99":0,"unanswered":0,"refused":0,"repeated":0}`, Sample{Took: time.Second}, "wrk got no answer at all"},
		"another end":      {"unable to connect", Sample{}, "which is not what its script prints"},
	} {
		got, err := parseWrk(text + c.line + "\n")
		if got != c.want || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestPgbenchIsRead(t *testing.T) {
	t.Parallel()
	const text = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: script.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 1
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 9000
number of failed transactions: 0 (0.000%)
latency average = 1.777 ms
initial connection time = 9.512 ms
tps = 4500.000000 (without initial connection time)
`
	got, err := parsePgbench(text)
	if want := (Sample{Requests: 9000, Took: 2 * time.Second}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parsePgbench(strings.Replace(text, "failed transactions: 0 ", "failed transactions: 3 ", 1)); err == nil {
		t.Error("failed transactions are passed over")
	}
	if _, err := parsePgbench("pgbench: error: connection failed"); err == nil {
		t.Error("no result is passed over")
	}
	times, err := parseTimes("0 1 1500 0 1700000000 100\n1 1 500 0 1700000000 200\n0 2 2500 0 1700000000 300\n")
	if want := []time.Duration{1500 * time.Microsecond, 500 * time.Microsecond, 2500 * time.Microsecond}; err != nil || !slices.Equal(times, want) {
		t.Errorf("%v, %v", times, err)
	}
	if _, err := parseTimes("0 1 failed 0 1700000000 100\n"); err == nil {
		t.Error("a line without a time is passed over")
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 200 {
		times = append(times, time.Duration(200-i))
	}
	if p50, p99, one, none := percentile(times, 50), percentile(times, 99), percentile(times[:1], 99), percentile(nil, 50); p50 != 100 || p99 != 198 || one != 1 || none != 0 {
		t.Error(p50, p99, one, none)
	}
}

func TestProcessesAreRead(t *testing.T) {
	t.Parallel()
	got, err := parseStat([]byte("4242 (a name) with ) R 17 4242 4242 0 -1 4194560 2 3 4 5 150 50 7 3 20 0 1 0 88 99 100"))
	if want := (stat{17, 2 * time.Second, 100 * time.Millisecond}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseStat([]byte("4242 (cut) R")); err == nil {
		t.Error("a cut line is read")
	}
	if now, peak := parseMemory("Name:\tapi\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n"); now != 1<<20 || peak != 2<<20 {
		t.Error(now, peak)
	}
	if Parent(os.Getpid()) != os.Getppid() {
		t.Error("the parent is another")
	}
	if now, peak := Memory(os.Getpid()); now <= 0 || peak < now/2 {
		t.Error(now, peak)
	}
}

func TestRoundsTakeTurns(t *testing.T) {
	t.Parallel()
	var order []string
	target := func(name string, fails bool) Target {
		return Target{Name: name, PID: os.Getpid(), Run: func(_ context.Context, round int) (Sample, error) {
			order = append(order, name)
			if fails && round == 1 {
				return Sample{}, errors.New("broken")
			}
			return Sample{Requests: 100 * (3 - round), Took: time.Second, P50: time.Duration(round)}, nil
		}}
	}
	told := 0
	got := Rounds(t.Context(), 3, []Target{target("a", false), target("b", true), target("c", false)}, 0, func(string, int, Sample, error) { told++ })
	if want := strings.Fields("a b c b c a c a"); !slices.Equal(order, want) || told != len(want) {
		t.Errorf("in the order %v, told of %d", order, told)
	}
	if a, b := got[0], got[1]; a.Err != nil || !reflect.DeepEqual(a.Rates, []float64{100, 200, 300}) || Median(a.Rates) != 200 || a.Requests != 600 || a.Resident == 0 ||
		b.Err == nil || !reflect.DeepEqual(b.Rates, []float64{300}) {
		t.Errorf("%+v", got)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, m := range Rounds(stopped, 1, []Target{target("a", false)}, 0, func(string, int, Sample, error) {}) {
		if m.Err == nil || len(m.Rates) > 0 {
			t.Errorf("%+v after the end", m)
		}
	}
}

func TestTheLoadOfWrk(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("NOT TESTED: wrk is absent (apt-get install wrk)")
	}
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength+1)
		n, _ := r.Body.Read(body)
		mu.Lock()
		seen[r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Asked")+" "+string(body[:n])]++
		mu.Unlock()
		if r.URL.Path == "/fault" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	load := HTTP{URL: server.URL + "/one", Headers: []string{"X-Asked: yes"}, Connections: 2, Length: time.Second, Dir: t.TempDir()}
	if s, err := load.Run(t.Context()); err != nil || s.Requests == 0 || s.P50 <= 0 || s.P99 < s.P50 || s.Repeated != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	load.Lines = []string{"/a", "/b"}
	if s, err := load.Run(t.Context()); err != nil || s.Repeated == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	load.Lines, load.Post = []string{`{"q":1}`}, "/posted"
	if s, err := load.Run(t.Context()); err != nil || s.Repeated == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	load.Lines, load.URL = nil, server.URL+"/fault"
	if s, err := load.Run(t.Context()); err == nil || s.Faults == 0 {
		t.Errorf("errors are passed over: %+v", s)
	}
	for _, want := range []string{"GET /one yes ", "GET /a yes ", "GET /b yes ", `POST /posted yes {"q":1}`} {
		if mu.Lock(); seen[want] == 0 {
			t.Errorf("%q was not asked, but %v", want, seen)
		}
		mu.Unlock()
	}
}
