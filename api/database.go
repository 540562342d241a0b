package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

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

// openStore brings the schema up to date and opens the store of the primary alone.
func (d *database) openStore(ctx context.Context, s databaseSettings) (*postgres.Store, error) {
	return d.openWith(ctx, s, postgres.Options{})
}

// openWith is openStore with options beyond those of the settings: replicas, and what
// is told of the store.
func (d *database) openWith(ctx context.Context, s databaseSettings, o postgres.Options) (*postgres.Store, error) {
	if err := postgres.Migrate(ctx, d.directURL); err != nil {
		return nil, err
	}
	if d.url != d.directURL {
		if err := postgres.CheckReachable(ctx, d.url, s.ExecMode); err != nil {
			return nil, err
		}
	}
	o.URL, o.ExecMode = d.url, s.ExecMode
	o.ConnectTime, _ = readSpan(s.ConnectTime) // faults has told what cannot be read
	return postgres.Open(ctx, o)
}
