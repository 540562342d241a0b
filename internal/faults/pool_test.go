package faults_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestThePoolIsExhausted: 64 writers meet a revision that somebody holds, with a pool of
// four connections. They are refused in time, with Retry-After, and readers are served
// all the while.
func TestThePoolIsExhausted(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	address := ownPostgres(t, nil).URL()
	s := newService(t, "DATABASE_URL="+address+"&pool_max_conns=4")
	holder, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.WithoutCancel(t.Context()))
	l := startLoad(t, s, 64, 1, 100)
	l.injecting("the pool is exhausted by writers")
	for range times(20) {
		l.writing(t, time.Now())
		if _, err := holder.Exec(t.Context(), `BEGIN; UPDATE revision SET revision = revision + 1`); err != nil {
			t.Fatal(err)
		}
		before := l.refusals()
		for began := time.Now(); l.refusals() < before+64; time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > patience {
				t.Fatal("writers wait without an end")
			}
			if r, err := s.get(t.Context(), "/v1/events?limit=1"); err != nil || r.status != http.StatusOK {
				t.Fatalf("a reader is answered with %v %d %s", err, r.status, r.body)
			}
		}
		if _, err := holder.Exec(t.Context(), `ROLLBACK`); err != nil {
			t.Fatal(err)
		}
		l.back(t, time.Now())
	}
	l.halt()
	l.check(t)
	record(t, l.figures)
}

// TestPostgresHasNoConnectionLeft: others take all connections that Postgres has. The
// program says that it cannot, and can when they go.
func TestPostgresHasNoConnectionLeft(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	const most = 12 - 1 // the program watches the revision on one that it keeps
	address := ownPostgres(t, map[string]string{"max_connections": "12", "superuser_reserved_connections": "0"}).URL()
	s := newService(t, "DATABASE_URL="+address+"&pool_max_conns=8&pool_max_conn_lifetime=200ms&pool_health_check_period=100ms")
	l := startLoad(t, s, 4, 0, 0)
	l.injecting("Postgres has no connection left")
	for range times(20) {
		some(300 * time.Millisecond)
		var mu sync.Mutex
		var taken []*pgx.Conn
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		for full := false; !full && ctx.Err() == nil; {
			conn, err := pgx.Connect(ctx, address)
			mu.Lock()
			if err == nil {
				taken = append(taken, conn)
			} else { // whenever one of the program's goes, it is taken too
				time.Sleep(20 * time.Millisecond)
			}
			full = len(taken) == most
			mu.Unlock()
		}
		cancel()
		if len(taken) < most {
			t.Fatalf("only %d connections of %d were to be had", len(taken), most)
		}
		r, err := s.get(t.Context(), "/v1/events?limit=1")
		var p struct{ Code string }
		if err != nil || r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || json.Unmarshal(r.body, &p) != nil {
			t.Errorf("a reader is answered with %v %d %s", err, r.status, r.body)
		}
		for _, conn := range taken {
			_ = conn.Close(t.Context())
		}
		l.back(t, time.Now())
	}
	l.halt()
	l.check(t)
	record(t, l.figures)
}
