package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/seed"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

type serveCmd struct{ settings }

// Limits of the HTTP server that are no settings; limits.go has the others. Exports and
// streams move their own write deadline.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 10 * time.Second
)

// Help is shown below the command's line.
func (serveCmd) Help() string {
	return "Every flag can be set by the environment variable in brackets instead; a flag wins over it. None is needed."
}

// Run serves until it is told to stop.
func (c serveCmd) Run(ctx context.Context, s streams) error {
	config, err := c.check()
	if err != nil {
		return err
	}
	log := newLogger(config, s.err)
	listener, err := listen(ctx, config.Listen, "TARIKH_LISTEN")
	if err != nil {
		return err
	}
	defer listener.Close()
	operators, err := newOperators(ctx, config, log)
	if err != nil {
		return err
	}
	defer operators.close()
	err = serve(ctx, config, listener, operators, log, s.out)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop before it served
	}
	return err
}

// listen takes the address before anything else is started.
func listen(ctx context.Context, address, setting string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	var why syscall.Errno
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use: end the program that uses it, or set %s to another one, such as 127.0.0.1:0 for any free port", address, setting)
	case errors.As(err, &why):
		return nil, fmt.Errorf("the address %s cannot be listened at (%w): set %s to another one", address, why, setting)
	}
	return nil, fmt.Errorf("the address cannot be listened at (%w): set %s to another one", err, setting)
}

// serve opens the database and serves until ctx ends.
func serve(ctx context.Context, config config, listener net.Listener, operators *operators, log *slog.Logger, out io.Writer) error {
	d, err := openDatabase(ctx, config.databaseSettings, log)
	if err != nil {
		return err
	}
	defer d.close()
	store, err := d.openWith(ctx, config.databaseSettings, postgres.Options{
		ReplicaURLs: config.replicas(), Traces: operators.traces.Provider(),
		Logf: func(format string, args ...any) { log.Warn(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return err
	}
	defer store.Close()
	store.LimitStatements(config.statement)
	if config.seed {
		if err := loadSeed(ctx, store); err != nil {
			return err
		}
	}
	beside, stopBeside := context.WithCancel(ctx)
	defer stopBeside() // before the store is closed, which waits for what uses it
	go store.Watch(beside)
	memory := newMemoryLimit(config.cacheBytes)
	go memory.follow(beside)
	go store.Follow(beside, memory.hold)
	go forgetAnswers(beside, store, log)
	handler, err := httpapi.New(httpapi.Options{
		Store: store, Spec: tarikh.Spec, Log: log,
		CORSOrigins: config.corsOrigins, TrustedProxies: config.trustedProxies,
		RateLimit: config.rateLimit, ReadNeedsKey: config.RequireKey == "read",
		Limits: config.http(store.Connections()), WriteBudget: config.writeTime,
		Cache: httpapi.NewCache(config.cacheBytes),
		Stop:  ctx.Done(), Metrics: operators.metrics, Traces: operators.traces.Provider(),
	})
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       config.bodyTime,
		WriteTimeout:      config.bodyTime + 2*max(config.readTime, config.writeTime), // the latest that an answer begins, and as long again to send it
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    config.headerBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	// Beyond the limit clients wait to be accepted, in the kernel's bounded queue.
	go func() { served <- server.Serve(netutil.LimitListener(listener, config.connections)) }()
	operators.serve(beside, store, handler)
	greet(out, listener.Addr(), operators.address(), d.place)
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
	forget := func() {
		if err := store.ForgetAnswers(ctx); err != nil && ctx.Err() == nil {
			log.Warn("expired answers of Idempotency-Keys stay for now", "cause", err)
		}
	}
	forget()
	every(ctx, time.Hour, forget)
}

// every does something again and again, an interval apart, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
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

// loadSeed stores the data set that ships, unless it was stored before. It looks first:
// to store takes the revision, for which a start would wait while others write.
func loadSeed(ctx context.Context, store *postgres.Store) error {
	dataset, events, err := seed.Sahel()
	if err != nil {
		return err
	}
	stored, err := store.Datasets(ctx)
	if err != nil || slices.ContainsFunc(stored, func(d timeline.Dataset) bool { return d.Slug == dataset.Slug }) {
		return err
	}
	_, err = store.CreateDataset(ctx, dataset, events, postgres.Author{Name: "seed"})
	return err
}

func newLogger(c config, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Log == "off" {
		options.Level = slog.LevelWarn // requests are told at the level below
	}
	if c.logJSON {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// greet tells, in one short block, what a person needs to go on.
func greet(out io.Writer, address, operators net.Addr, place string) {
	base, forOperators := baseOf(address), ""
	if operators != nil {
		forOperators = "  ops    " + baseOf(operators) + "/metrics\n"
	}
	fmt.Fprintf(out, `Tarikh serves at %s

  try    curl '%s/v1/events?country=ML&from=2020&to=2023'
  data   %s
%s  stop   Ctrl-C

`, base, base, place, forOperators)
}

// baseOf is the address as it is typed on this machine.
func baseOf(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	return "http://" + address.String()
}
