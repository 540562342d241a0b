package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

// TestStatementTime: a statement that waits for a lock ends at the limit that is set, and
// goes on where more is allowed than the default of 2 s.
func TestStatementTime(t *testing.T) {
	t.Parallel()
	address := pgtest.NewEmpty(t)
	database := []string{"DATABASE_URL=" + address, "TARIKH_CACHE_BYTES=0"}
	patient := startServing(t, append([]string{"TARIKH_STATEMENT_TIME=20s"}, database...))
	hasty := startServing(t, append([]string{"TARIKH_STATEMENT_TIME=100ms"}, database...))
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{`BEGIN`, `LOCK TABLE event IN ACCESS EXCLUSIVE MODE`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	answers := make(chan reply, 1)
	go func() {
		r, _ := patient.try("/v1/events?limit=1")
		answers <- r
	}()
	if got := hasty.get(t, "/v1/events?limit=1"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "query_too_costly") {
		t.Errorf("100 ms: %d %s", got.status, got.body)
	}
	time.Sleep(3 * time.Second)
	if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if got := <-answers; got.status != http.StatusOK {
		t.Errorf("20 s: %d %s", got.status, got.body)
	}
}

// TestMostConnections: one more connection than may be open waits until another ends.
func TestMostConnections(t *testing.T) {
	t.Parallel()
	p := startServing(t, []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_MAX_CONNECTIONS=1"})
	first, second := dial(t, p), dial(t, p)
	ask := func(conn net.Conn) { _, _ = fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") }
	answer := func(conn net.Conn) (int, error) {
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	ask(first)
	if status, err := answer(first); status != http.StatusOK || err != nil {
		t.Fatalf("the first: %d, %v", status, err)
	}
	ask(second)
	_ = second.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if status, err := answer(second); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the second, beside the first: %d, %v", status, err)
	}
	_ = first.Close()
	_ = second.SetReadDeadline(time.Time{})
	if status, err := answer(second); status != http.StatusOK || err != nil {
		t.Errorf("the second, after the first: %d, %v", status, err)
	}
}

func dial(t *testing.T, p *instance) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// headOf asks with a head of so many bytes and gives the status. The server answers before
// it has read all, which a client of net/http may take for a broken connection.
func headOf(t *testing.T, p *instance, size int) int {
	t.Helper()
	conn := dial(t, p)
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
