package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
)

// limitSettings bound what one request, one client and all together may take. Their
// texts are read by read, so that all faults are told together.
type limitSettings struct {
	KeyRateLimit  string `name:"key-rate-limit" aliases:"tarikh-key-rate-limit" env:"TARIKH_KEY_RATE_LIMIT" group:"limits" default:"off" placeholder:"off" help:"Requests a second with each key, or 'off'."`
	Reads         string `name:"max-reads" aliases:"tarikh-max-reads" env:"TARIKH_MAX_READS" group:"limits" default:"auto" placeholder:"auto" help:"Reads that are answered at once; 'auto' is 4 for each connection of the pool."`
	Writes        string `name:"max-writes" aliases:"tarikh-max-writes" env:"TARIKH_MAX_WRITES" group:"limits" default:"auto" placeholder:"auto" help:"Writes that are done at once; 'auto' is 4 for each connection of the pool."`
	Waiting       string `name:"max-waiting" aliases:"tarikh-max-waiting" env:"TARIKH_MAX_WAITING" group:"limits" default:"auto" placeholder:"auto" help:"Requests that wait for a turn; those beyond get a 503 at once. 'auto' is 32 for each that is answered."`
	Connections   string `name:"max-connections" aliases:"tarikh-max-connections" env:"TARIKH_MAX_CONNECTIONS" group:"limits" default:"4096" placeholder:"4096" help:"Connections of clients; others wait to be accepted."`
	Imports       string `name:"max-imports" aliases:"tarikh-max-imports" env:"TARIKH_MAX_IMPORTS" group:"limits" default:"2" placeholder:"2" help:"Imports that are done at once."`
	Exports       string `name:"max-exports" aliases:"tarikh-max-exports" env:"TARIKH_MAX_EXPORTS" group:"limits" default:"64" placeholder:"64" help:"Exports that are sent at once."`
	Streams       string `name:"max-streams" aliases:"tarikh-max-streams" env:"TARIKH_MAX_STREAMS" group:"limits" default:"2000" placeholder:"2000" help:"Clients that follow the stream of changes."`
	ReadTime      string `name:"read-time" aliases:"tarikh-read-time" env:"TARIKH_READ_TIME" group:"limits" default:"30s" placeholder:"30s" help:"Most time for the answer of a read; exports and streams excepted."`
	WriteTime     string `name:"write-time" aliases:"tarikh-write-time" env:"TARIKH_WRITE_TIME" group:"limits" default:"30s" placeholder:"30s" help:"Most time for a write, when its body is there."`
	BodyTime      string `name:"body-time" aliases:"tarikh-body-time" env:"TARIKH_BODY_TIME" group:"limits" default:"60s" placeholder:"60s" help:"Most time for a request to arrive whole."`
	StatementTime string `name:"statement-time" aliases:"tarikh-statement-time" env:"TARIKH_STATEMENT_TIME" group:"limits" default:"2s" placeholder:"2s" help:"Most time for a statement that reads; exports excepted."`
	HeaderBytes   string `name:"max-header-bytes" aliases:"tarikh-max-header-bytes" env:"TARIKH_MAX_HEADER_BYTES" group:"limits" default:"256KiB" placeholder:"256KiB" help:"Bytes of a request's head."`
	TargetBytes   string `name:"max-target-bytes" aliases:"tarikh-max-target-bytes" env:"TARIKH_MAX_TARGET_BYTES" group:"limits" default:"32KiB" placeholder:"32KiB" help:"Bytes of a path with its query, 32KiB at most."`
	EventBytes    string `name:"max-event-bytes" aliases:"tarikh-max-event-bytes" env:"TARIKH_MAX_EVENT_BYTES" group:"limits" default:"1MiB" placeholder:"1MiB" help:"Bytes of the body of an event, 1MiB at most."`
	ImportBytes   string `name:"max-import-bytes" aliases:"tarikh-max-import-bytes" env:"TARIKH_MAX_IMPORT_BYTES" group:"limits" default:"32MiB" placeholder:"32MiB" help:"Bytes of the body of an import, unpacked, 32MiB at most."`
	BodyBytes     string `name:"max-body-memory" aliases:"tarikh-max-body-memory" env:"TARIKH_MAX_BODY_MEMORY" group:"limits" default:"256MiB" placeholder:"256MiB" help:"Memory for all bodies that are arriving or being stored."`
	ImportEvents  string `name:"max-import-events" aliases:"tarikh-max-import-events" env:"TARIKH_MAX_IMPORT_EVENTS" group:"limits" default:"10000" placeholder:"10000" help:"Events of an import, 10000 at most."`
	PageEvents    string `name:"max-page-events" aliases:"tarikh-max-page-events" env:"TARIKH_MAX_PAGE_EVENTS" group:"limits" default:"500" placeholder:"500" help:"Events of a page, 500 at most."`
	PageChanges   string `name:"max-page-changes" aliases:"tarikh-max-page-changes" env:"TARIKH_MAX_PAGE_CHANGES" group:"limits" default:"1000" placeholder:"1000" help:"Changes of a page, 1000 at most."`
}

// limits are what they mean.
type limits struct {
	api                                      httpapi.Limits
	connections, headerBytes                 int
	readTime, writeTime, bodyTime, statement time.Duration
}

// perConnection is how many requests are answered at once for each connection of the
// pool: most of a request is not spent in the database, and a turn that waits for a
// connection is short.
const perConnection = 4

// http gives the limits of the API on a pool of so many connections.
func (l limits) http(connections int) httpapi.Limits {
	limits := l.api
	if limits.Reads == 0 {
		limits.Reads = perConnection * connections
	}
	if limits.Writes == 0 {
		limits.Writes = perConnection * connections
	}
	return limits
}

type faultFunc func(name, format string, args ...any)

func (s limitSettings) read(fault faultFunc) limits {
	count := func(name, value string, most int) int {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > most {
			fault(name, "is %q: it must be a whole number from 1 to %d", value, most)
		}
		return n
	}
	countOrAuto := func(name, value string) int {
		const most = 100_000
		n, err := strconv.Atoi(value)
		if value != "auto" && (err != nil || n < 1 || n > most) {
			fault(name, "is %q: it must be a whole number from 1 to %d, or 'auto'", value, most)
		}
		return n
	}
	size := func(name, value string, least, most uint64) int64 {
		n, err := humanize.ParseBytes(value)
		if err != nil || n < least || n > most {
			fault(name, "is %q: it must be a size from %s to %s", value, humanize.IBytes(least), humanize.IBytes(most))
			return 0
		}
		return int64(n)
	}
	span := func(name, value string) time.Duration {
		d, err := readSpan(value)
		if err != nil {
			fault(name, "%v", err)
		}
		return d
	}
	l := limits{
		connections: count("TARIKH_MAX_CONNECTIONS", s.Connections, 1_000_000),
		headerBytes: int(size("TARIKH_MAX_HEADER_BYTES", s.HeaderBytes, 4<<10, 16<<20)),
		readTime:    span("TARIKH_READ_TIME", s.ReadTime),
		writeTime:   span("TARIKH_WRITE_TIME", s.WriteTime),
		bodyTime:    span("TARIKH_BODY_TIME", s.BodyTime),
		statement:   span("TARIKH_STATEMENT_TIME", s.StatementTime),
		api: httpapi.Limits{
			Target:       int(size("TARIKH_MAX_TARGET_BYTES", s.TargetBytes, 1<<10, httpapi.MaxTarget)),
			Event:        size("TARIKH_MAX_EVENT_BYTES", s.EventBytes, 1<<10, httpapi.MaxEvent),
			Import:       size("TARIKH_MAX_IMPORT_BYTES", s.ImportBytes, 1<<10, httpapi.MaxImport),
			ImportEvents: count("TARIKH_MAX_IMPORT_EVENTS", s.ImportEvents, httpapi.MaxImportEvents),
			Page:         count("TARIKH_MAX_PAGE_EVENTS", s.PageEvents, httpapi.MaxPage),
			Changes:      count("TARIKH_MAX_PAGE_CHANGES", s.PageChanges, httpapi.MaxChanges),
			Bodies:       size("TARIKH_MAX_BODY_MEMORY", s.BodyBytes, 1<<20, 1<<40),
			Reads:        countOrAuto("TARIKH_MAX_READS", s.Reads),
			Writes:       countOrAuto("TARIKH_MAX_WRITES", s.Writes),
			Waiting:      countOrAuto("TARIKH_MAX_WAITING", s.Waiting),
			Imports:      count("TARIKH_MAX_IMPORTS", s.Imports, 100),
			Exports:      count("TARIKH_MAX_EXPORTS", s.Exports, 100_000),
			Streams:      count("TARIKH_MAX_STREAMS", s.Streams, 100_000),
			KeyRate:      readRate("TARIKH_KEY_RATE_LIMIT", s.KeyRateLimit, fault),
		},
	}
	l.api.ReadTime = l.readTime
	if l.api.Target > 0 && l.headerBytes > 0 && l.headerBytes <= l.api.Target {
		fault("TARIKH_MAX_HEADER_BYTES", "is %q: it must be above TARIKH_MAX_TARGET_BYTES, so that a longer target is told as a problem", s.HeaderBytes)
	}
	return l
}

// readSpan reads a time limit.
func readSpan(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 100*time.Millisecond || d > time.Hour {
		return 0, fmt.Errorf("is %q: it must be a time from 100ms to 1h, such as 30s", value)
	}
	return d, nil
}

// readRate reads requests a second; 0 is off.
func readRate(name, value string, fault faultFunc) float64 {
	if value == "off" {
		return 0
	}
	rate, err := strconv.ParseFloat(value, 64)
	if err != nil || !(rate > 0 && rate <= 1e6) {
		fault(name, "is %q: it must be a number of requests a second above 0, or 'off'", value)
	}
	return rate
}
