package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/seed"
)

type serveCmd struct{ settings }

// Limits of the HTTP server. Exports and streams move their own write deadline.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 256 << 10 // above the longest target, so that it gets its 414 as a problem
	shutdownTimeout   = 10 * time.Second
)

// Run serves until it is told to stop.
func (c serveCmd) Run(ctx context.Context, s streams) error {
	config, err := c.check()
	if err != nil {
		return err
	}
	log := newLogger(config, s.err)
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("%s cannot be listened at (%w): end the program that uses it, or set TARIKH_LISTEN", config.Listen, err)
	}
	defer listener.Close()
	d, err := openDatabase(ctx, config.databaseSettings, log)
	if err != nil {
		return err
	}
	defer d.close()
	store, err := d.openStore(ctx, config.databaseSettings)
	if err != nil {
		return err
	}
	defer store.Close()
	if config.seed {
		if err := loadSeed(ctx, store); err != nil {
			return err
		}
	}
	handler, err := httpapi.New(httpapi.Options{
		Store: store, Spec: tarikh.Spec, Log: log,
		CORSOrigins: config.corsOrigins, TrustedProxies: config.trustedProxies,
		RateLimit: config.rateLimit, ReadNeedsKey: config.RequireKey == "read",
		Stop: ctx.Done(),
	})
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go forgetAnswers(ctx, store, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	greet(s.out, listener.Addr(), d.place)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return shutDown(server, log)
}

// forgetAnswers deletes, now and then, the answers that were kept for repetitions and
// have expired.
func forgetAnswers(ctx context.Context, store *postgres.Store, log *slog.Logger) {
	for {
		if err := store.ForgetAnswers(ctx); err != nil && ctx.Err() == nil {
			log.Warn("expired answers of Idempotency-Keys stay for now", "cause", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// shutDown stops accepting and lets what is in flight finish.
func shutDown(server *http.Server, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests were still running after 10 s and were cut")
		return server.Close()
	}
	return err
}

// loadSeed stores the data set that ships, unless it was stored before.
func loadSeed(ctx context.Context, store *postgres.Store) error {
	dataset, events, err := seed.Sahel()
	if err != nil {
		return err
	}
	_, err = store.CreateDataset(ctx, dataset, events, postgres.Author{Name: "seed"})
	return err
}

func newLogger(c config, out io.Writer) *slog.Logger {
	if c.logJSON {
		return slog.New(slog.NewJSONHandler(out, nil))
	}
	return slog.New(slog.NewTextHandler(out, nil))
}

// greet tells, in one short block, what a person needs to go on.
func greet(out io.Writer, address net.Addr, place string) {
	base := "http://" + address.String()
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		base = fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	fmt.Fprintf(out, `Tarikh serves at %s

  try    curl '%s/v1/events?country=ML&from=2020&to=2023'
  data   %s
  stop   Ctrl-C

`, base, base, place)
}
