package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/telemetry"
)

// operators is what those who run the program see of it: their own server with the
// metrics, and traces. Its parts are nil where they are not asked for.
type operators struct {
	listener net.Listener
	metrics  *telemetry.Metrics
	traces   *telemetry.Traces
	server   *http.Server
	log      *slog.Logger
}

// newOperators takes the address, so that one in use is told before anything is started.
func newOperators(ctx context.Context, config config, log *slog.Logger) (*operators, error) {
	o := &operators{log: log}
	if config.OpsListen != "off" {
		var err error
		if o.listener, err = listen(ctx, config.OpsListen, "TARIKH_OPS_LISTEN"); err != nil {
			return nil, err
		}
		o.metrics = telemetry.NewMetrics(version())
	}
	if config.traces {
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans were not sent", "cause", err) }))
		var err error
		if o.traces, err = telemetry.StartTraces(ctx, version()); err != nil {
			o.close()
			return nil, err
		}
	}
	return o, nil
}

// serve begins to serve, and to look at the store, until ctx ends.
func (o *operators) serve(ctx context.Context, store *postgres.Store, handler http.Handler) {
	if o.listener == nil {
		return
	}
	measureStore(o.metrics, store)
	measureReadiness(ctx, o.metrics, store)
	o.server = telemetry.NewOpsServer(o.metrics, handler, o.log)
	go func() {
		if err := o.server.Serve(o.listener); !errors.Is(err, http.ErrServerClosed) {
			o.log.Error("the server for operators ended", "cause", err)
		}
	}()
}

// address is where operators are served; nil where they are not.
func (o *operators) address() net.Addr {
	if o.listener == nil {
		return nil
	}
	return o.listener.Addr()
}

// tracesTimeout is how long the last spans may take to be sent.
const tracesTimeout = 3 * time.Second

// close ends the server at once, since scrapes can be repeated, and sends the last spans.
func (o *operators) close() {
	if o.server != nil {
		_ = o.server.Close()
	} else if o.listener != nil {
		o.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), tracesTimeout)
	defer cancel()
	if err := o.traces.Stop(ctx); err != nil {
		o.log.Warn("the last spans were not sent", "cause", err)
	}
}

// measureStore registers the figures of the store.
func measureStore(m *telemetry.Metrics, store *postgres.Store) {
	gauge := func(name, help string, read func(s postgres.Stats) float64, labels ...string) {
		m.Gauge(name, help, func() float64 { return read(store.Stats()) }, labels...)
	}
	counter := func(name, help string, read func(s postgres.Stats) float64) {
		m.Counter(name, help, func() float64 { return read(store.Stats()) })
	}
	for state, read := range map[string]func(s postgres.Stats) float64{
		"acquired":   func(s postgres.Stats) float64 { return float64(s.Acquired) },
		"idle":       func(s postgres.Stats) float64 { return float64(s.Idle) },
		"connecting": func(s postgres.Stats) float64 { return float64(s.Connecting) },
	} {
		gauge("tarikh_db_connections", "Connections of the pool, by what they do.", read, "state", state)
	}
	gauge("tarikh_db_connections_max", "Connections that the pool may have.", func(s postgres.Stats) float64 { return float64(s.Most) })
	counter("tarikh_db_acquires_total", "Times that a connection was asked for and had.", func(s postgres.Stats) float64 { return float64(s.Acquires) })
	counter("tarikh_db_acquire_waits_total", "Times that one had to be waited for, because all were in use.", func(s postgres.Stats) float64 { return float64(s.Waits) })
	counter("tarikh_db_acquire_wait_seconds_total", "Time that was spent waiting for a connection.", func(s postgres.Stats) float64 { return s.Waited.Seconds() })
	counter("tarikh_db_acquires_given_up_total", "Times that a connection was waited for in vain.", func(s postgres.Stats) float64 { return float64(s.GivenUp) })
	gauge("tarikh_revision", "The newest revision that this instance knows.", func(s postgres.Stats) float64 {
		if s.Confirmed == postgres.Unconfirmed {
			return math.NaN()
		}
		return float64(s.Revision)
	})
	gauge("tarikh_revision_age_seconds", "Time since that was confirmed to be the newest.", func(s postgres.Stats) float64 { return s.Confirmed.Seconds() })
	gauge("tarikh_memory_loaded", "1 while charts and counts are answered from a copy of the events in memory.", func(s postgres.Stats) float64 { return truth(s.MemoryOn) })
	gauge("tarikh_memory_events", "Events in that copy.", func(s postgres.Stats) float64 { return float64(s.MemoryEvents) })
	gauge("tarikh_memory_bytes", "Memory of that copy.", func(s postgres.Stats) float64 { return float64(s.MemoryBytes) })
	gauge("tarikh_memory_revision_lag", "Revisions that the copy is behind the newest.", func(s postgres.Stats) float64 {
		if !s.MemoryOn {
			return math.NaN()
		}
		return float64(max(0, s.Revision-s.MemoryRevision))
	})
	gauge("tarikh_replicas", "Replicas that DATABASE_REPLICA_URL names.", func(s postgres.Stats) float64 { return float64(s.Replicas) })
	gauge("tarikh_replicas_answering", "Replicas that take part.", func(s postgres.Stats) float64 { return float64(s.Answering) })
	gauge("tarikh_schema_version", "Version of the database's schema when it was last looked at; 0: not known.", func(s postgres.Stats) float64 { return float64(s.Schema) })
	gauge("tarikh_schema_version_wanted", "Version of the schema that this program needs.", func(postgres.Stats) float64 { return float64(postgres.LatestVersion()) })
}

// readyEvery is how often the parts of readiness are looked at for the metrics: a scrape
// itself asks nothing of the database.
const readyEvery = 5 * time.Second

// readiness is what was found last.
type readiness struct {
	mu sync.Mutex
	ok map[string]bool
}

// measureReadiness looks at the readiness now and then, until ctx ends.
func measureReadiness(ctx context.Context, m *telemetry.Metrics, store *postgres.Store) {
	found := &readiness{ok: map[string]bool{}}
	for _, part := range []string{"database", "schema", "revision"} {
		m.Gauge("tarikh_ready", "1 where a part of /readyz is well.", func() float64 {
			found.mu.Lock()
			defer found.mu.Unlock()
			return truth(found.ok[part])
		}, "check", part)
	}
	look := func() {
		checks := store.Ready(ctx)
		found.mu.Lock()
		defer found.mu.Unlock()
		for _, c := range checks {
			found.ok[c.Name] = c.OK
		}
	}
	look()
	go every(ctx, readyEvery, look)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// importFigures are read while an import goes on.
type importFigures struct{ read, refused, stored atomic.Int64 }

// tellOperators serves, at an address, how far an import is, until stop is called.
func (i *importing) tellOperators(ctx context.Context, address string) (stop func(), err error) {
	if address == "off" {
		return func() {}, nil
	}
	if err := checkAddress(address); err != nil {
		return nil, fmt.Errorf("--ops-listen %w, or 'off'", err)
	}
	listener, err := listen(ctx, address, "--ops-listen")
	if err != nil {
		return nil, err
	}
	m := telemetry.NewMetrics(version())
	m.Gauge("tarikh_import_running", "1 while `api import` runs.", func() float64 { return 1 })
	m.Counter("tarikh_import_read_rows_total", "Rows that it has read.", func() float64 { return float64(i.figures.read.Load()) })
	m.Counter("tarikh_import_refused_rows_total", "Rows of them that it has refused.", func() float64 { return float64(i.figures.refused.Load()) })
	m.Gauge("tarikh_import_stored_events", "Events that it has brought into the database.", func() float64 { return float64(i.figures.stored.Load()) })
	server := telemetry.NewOpsServer(m, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(listener) }() // an import goes on without it
	fmt.Fprintf(i.streams.err, "metrics at %s/metrics\n", baseOf(listener.Addr()))
	return func() { _ = server.Close() }, nil
}
