package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

// database is a reachable Postgres: the user's, or one of our own.
type database struct {
	url, directURL string
	place          string // where the data lie, for people
	embedded       *pgembed.Server
}

// openDatabase finds or starts Postgres.
func openDatabase(ctx context.Context, s databaseSettings, log *slog.Logger) (*database, error) {
	if s.DatabaseURL != "" {
		direct := s.DirectURL
		if direct == "" {
			direct = s.DatabaseURL
		}
		return &database{url: s.DatabaseURL, directURL: direct, place: "the Postgres of DATABASE_URL"}, nil
	}
	server, err := pgembed.Start(ctx, pgembed.Options{
		DataDir: s.DataDir,
		Logf:    func(format string, args ...any) { log.Info(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return nil, err
	}
	return &database{url: server.URL(), directURL: server.URL(), place: server.DataDir(), embedded: server}, nil
}

// close gives our own server back, which stops when nobody else uses it.
func (d *database) close() {
	if d.embedded == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = d.embedded.Stop(ctx) // the guard stops it in any case
}

// openStore brings the schema up to date and opens the store.
func (d *database) openStore(ctx context.Context, s databaseSettings) (*postgres.Store, error) {
	return d.openTraced(ctx, s, nil)
}

// openTraced is openStore with spans, where traces is not nil.
func (d *database) openTraced(ctx context.Context, s databaseSettings, traces trace.TracerProvider) (*postgres.Store, error) {
	if err := postgres.Migrate(ctx, d.directURL); err != nil {
		return nil, err
	}
	if d.url != d.directURL {
		if err := postgres.CheckReachable(ctx, d.url); err != nil {
			return nil, err
		}
	}
	return postgres.Open(ctx, postgres.Options{URL: d.url, DirectURL: d.directURL, ExecMode: s.ExecMode, Traces: traces})
}
