package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// TestLimitsOfTheProgram: a query that is too long is told as a problem, since the head may
// be longer; a head that is too long by net/http itself; and no more clients follow than
// may.
func TestLimitsOfTheProgram(t *testing.T) {
	t.Parallel()
	p := startServing(t, []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_SEED=sahel", "TARIKH_MAX_STREAMS=1"})
	const problem = "application/problem+json"
	if got := p.get(t, "/v1/events?q="+strings.Repeat("a", 64<<10)); got.status != http.StatusRequestURITooLong || got.header.Get("Content-Type") != problem {
		t.Errorf("64 kB of query: %d %s %.200s", got.status, got.header.Get("Content-Type"), got.body)
	}
	if got := p.get(t, "/v1/events?limit=1", "X-Long", strings.Repeat("a", 200<<10)); got.status != http.StatusOK {
		t.Errorf("a head of 200 kB: %d %.200s", got.status, got.body)
	}
	if status := headOf(t, p, 300<<10); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a head of 300 kB: %d", status)
	}
	first := follow(t, p, "/v1/changes/stream?after=0")
	eventually(t, "the first client follows", func() bool { return first.has("ml-coup-2021") })
	got := p.get(t, "/v1/changes/stream")
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, `"code":"busy"`) || got.header.Get("Retry-After") != "60" {
		t.Errorf("one more follower: %d %v %s", got.status, got.header, got.body)
	}
	if got := p.get(t, "/v1/events?limit=1"); got.status != http.StatusOK {
		t.Errorf("others, meanwhile: %d %s", got.status, got.body)
	}
}

// headOf asks with a head of so many bytes and gives the status. The server answers before
// it has read all, which a client of net/http may take for a broken connection.
func headOf(t *testing.T, p *instance, size int) int {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = fmt.Fprintf(conn, "GET /v1/events?limit=1 HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", size))
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}
