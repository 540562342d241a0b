package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"github.com/tarikh-timeline/tarikh/internal/telemetry"
)

// databaseSettings say where the events are kept.
type databaseSettings struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" group:"database" placeholder:"URL" help:"Your own Postgres (14 or later), as postgres://user:password@host:5432/database. Without it the program runs a Postgres of its own."`
	DirectURL   string `name:"database-direct-url" env:"DATABASE_DIRECT_URL" group:"database" placeholder:"URL" help:"The same database past a pooler, for migrations."`
	ReplicaURLs string `name:"database-replica-url" env:"DATABASE_REPLICA_URL" group:"database" placeholder:"URL,…" help:"Replicas for reading, one server each; a comma before postgres:// begins the next one."`
	ExecMode    string `name:"db-exec-mode" aliases:"tarikh-db-exec-mode" env:"TARIKH_DB_EXEC_MODE" group:"database" default:"prepared" placeholder:"prepared" help:"'exec' behind a transaction pooler, else 'prepared'."`
	ConnectTime string `name:"db-connect-time" aliases:"tarikh-db-connect-time" env:"TARIKH_DB_CONNECT_TIME" group:"database" default:"2s" placeholder:"2s" help:"Most time to get a connection to the database, and to make one."`
	DataDir     string `name:"data-dir" aliases:"tarikh-data-dir" env:"TARIKH_DATA_DIR" group:"database" placeholder:"FOLDER" help:"Where the program's own Postgres keeps its data. Absent: /var/lib/tarikh for root, else tarikh in the user's folder for data."`
}

// settings are all that can be set, by flag or environment variable. They are read
// once, and all their faults are told together.
type settings struct {
	databaseSettings `embed:""`

	Listen         string `name:"listen" aliases:"tarikh-listen" env:"TARIKH_LISTEN" group:"http" default:"127.0.0.1:8080" placeholder:"127.0.0.1:8080" help:"Address to serve at; port 0 picks a free one."`
	OpsListen      string `name:"ops-listen" aliases:"tarikh-ops-listen" env:"TARIKH_OPS_LISTEN" group:"http" default:"off" placeholder:"off" help:"Address for operators alone: /metrics, /livez, /readyz and /debug/pprof, without a key. Or 'off'."`
	RequireKey     string `name:"require-key" aliases:"tarikh-require-key" env:"TARIKH_REQUIRE_KEY" group:"http" default:"write" placeholder:"write" help:"What asks for a key: 'write', or 'read' to close reading too."`
	RateLimit      string `name:"rate-limit" aliases:"tarikh-rate-limit" env:"TARIKH_RATE_LIMIT" group:"http" default:"off" placeholder:"off" help:"Requests a second for each address, or 'off'."`
	TrustedProxies string `name:"trusted-proxies" aliases:"tarikh-trusted-proxies" env:"TARIKH_TRUSTED_PROXIES" group:"http" placeholder:"ADDRESS,…" help:"Addresses or networks of proxies whose X-Forwarded-For is believed."`
	CORSOrigins    string `name:"cors-origins" aliases:"tarikh-cors-origins" env:"TARIKH_CORS_ORIGINS" group:"http" default:"*" placeholder:"*" help:"Origins that browsers may read from, comma-separated; * for any."`
	CacheBytes     string `name:"cache-bytes" aliases:"tarikh-cache-bytes" env:"TARIKH_CACHE_BYTES" group:"http" default:"64MB" placeholder:"64MB" help:"Most memory for cached answers; 0 for none."`

	limitSettings `embed:""`

	Seed string `name:"seed" aliases:"tarikh-seed" env:"TARIKH_SEED" group:"database" placeholder:"NAME" help:"Data set to load, once: 'sahel' or 'none'. Absent: sahel into the program's own Postgres, none with DATABASE_URL."`
	Log  string `name:"log" aliases:"tarikh-log" env:"TARIKH_LOG" group:"http" placeholder:"FORMAT" help:"Form of the log: 'text' or 'json'; absent: text on a terminal, else json. 'off' leaves out the line of each request: warnings and errors still come."`
}

// config is what the settings mean.
type config struct {
	settings
	seed       bool
	logJSON    bool
	cacheBytes int64
	rateLimit  float64 // requests a second and address; 0: off
	limits
	trustedProxies []netip.Prefix
	corsOrigins    []string
	traces         bool // OTEL_* asks for them
}

// check reads the settings, or gives one error that names every fault.
func (s settings) check() (config, error) {
	c := config{settings: s}
	var faults []error
	fault := func(name, format string, args ...any) {
		faults = append(faults, fmt.Errorf("  %s %s", name, fmt.Sprintf(format, args...)))
	}
	faults = append(faults, s.faults()...)
	if err := checkAddress(s.Listen); err != nil {
		fault("TARIKH_LISTEN", "%v", err)
	}
	if s.OpsListen != "off" {
		if err := checkAddress(s.OpsListen); err != nil {
			fault("TARIKH_OPS_LISTEN", "%v, or 'off'", err)
		}
	}
	switch s.Seed {
	case "sahel", "none", "":
		c.seed = s.Seed == "sahel" || s.Seed == "" && s.DatabaseURL == ""
	default:
		fault("TARIKH_SEED", "is %q: it must be 'sahel' or 'none'", s.Seed)
	}
	switch s.Log {
	case "text", "json", "off", "":
		c.logJSON = s.Log == "json" || s.Log != "text" && !term.IsTerminal(int(os.Stderr.Fd()))
	default:
		fault("TARIKH_LOG", "is %q: it must be 'text', 'json' or 'off'", s.Log)
	}
	if bytes, err := humanize.ParseBytes(s.CacheBytes); err != nil || bytes > 1<<50 {
		fault("TARIKH_CACHE_BYTES", "is %q: it must be a size such as 64MB, or 0", s.CacheBytes)
	} else {
		c.cacheBytes = int64(bytes)
	}
	c.rateLimit = readRate("TARIKH_RATE_LIMIT", s.RateLimit, fault)
	c.limits = s.read(fault)
	if s.RequireKey != "write" && s.RequireKey != "read" {
		fault("TARIKH_REQUIRE_KEY", "is %q: it must be 'write' or 'read'", s.RequireKey)
	}
	for _, proxy := range items(s.TrustedProxies) {
		prefix, err := parsePrefix(proxy)
		if err != nil {
			fault("TARIKH_TRUSTED_PROXIES", "has %q: each must be an address or a network such as 10.0.0.0/8", proxy)
		}
		c.trustedProxies = append(c.trustedProxies, prefix)
	}
	c.corsOrigins = items(s.CORSOrigins)
	for _, origin := range c.corsOrigins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "") {
			fault("TARIKH_CORS_ORIGINS", "has %q: each must be an origin such as https://example.org, or *", origin)
		}
	}
	var err error
	if c.traces, err = telemetry.TracesWanted(); err != nil {
		faults = append(faults, fmt.Errorf("  %w", err))
	}
	if len(faults) > 0 {
		return config{}, fmt.Errorf("these settings are wrong:\n%w", errors.Join(faults...))
	}
	return c, nil
}

// faults lists what is wrong with the database's settings. A connection string is
// never repeated in them: it may hold a password.
func (s databaseSettings) faults() []error {
	var faults []error
	check := func(name, address string) {
		if _, err := pgxpool.ParseConfig(address); err != nil {
			faults = append(faults, fmt.Errorf("  %s cannot be read: it must look like postgres://user:password@host:5432/database", name))
		}
	}
	if s.DatabaseURL != "" {
		check("DATABASE_URL", s.DatabaseURL)
	}
	for _, beside := range []struct{ name, address string }{{"DATABASE_DIRECT_URL", s.DirectURL}, {"DATABASE_REPLICA_URL", s.ReplicaURLs}} {
		if beside.address != "" && s.DatabaseURL == "" {
			faults = append(faults, fmt.Errorf("  %s is set, but DATABASE_URL is not: set both or neither", beside.name))
		}
	}
	if s.DirectURL != "" {
		check("DATABASE_DIRECT_URL", s.DirectURL)
	}
	for _, address := range s.replicas() {
		if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
			address = "postgres://h:port" // key=value pairs cannot be told apart in a list
		}
		check("DATABASE_REPLICA_URL", address)
	}
	if s.ExecMode != "prepared" && s.ExecMode != "exec" {
		faults = append(faults, fmt.Errorf("  TARIKH_DB_EXEC_MODE is %q: it must be 'prepared' or 'exec'", s.ExecMode))
	}
	if _, err := readSpan(s.ConnectTime); err != nil {
		faults = append(faults, fmt.Errorf("  TARIKH_DB_CONNECT_TIME %w", err))
	}
	if info, err := os.Stat(s.DataDir); s.DatabaseURL == "" && err == nil && !info.IsDir() {
		faults = append(faults, fmt.Errorf("  TARIKH_DATA_DIR is %q, which is a file: it must be a folder, or a name that is still free", s.DataDir))
	}
	return faults
}

// nextReplica is a comma that begins another address. One in an address, between its
// hosts, is not followed by a scheme.
var nextReplica = regexp.MustCompile(`,\s*postgres(ql)?://`)

// replicas splits DATABASE_REPLICA_URL.
func (s databaseSettings) replicas() []string {
	var list []string
	rest := s.ReplicaURLs
	for {
		at := nextReplica.FindStringIndex(rest)
		address := rest
		if at != nil {
			address = rest[:at[0]]
		}
		if address = strings.Trim(address, ", \t\r\n"); address != "" {
			list = append(list, address)
		}
		if at == nil {
			return list
		}
		rest = rest[at[0]+1:]
	}
}

// items splits a comma-separated list, without blanks and empty items.
func items(list string) []string {
	var found []string
	for _, item := range strings.Split(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			found = append(found, item)
		}
	}
	return found
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("is %q: it must be host:port, such as 127.0.0.1:8080", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("is %q: the port must be a number from 0 to 65535", address)
	} else if _, err := netip.ParseAddr(host); err != nil && host != "" && strings.ContainsAny(host, " /") {
		return fmt.Errorf("is %q: the host %q is no name or address (port %d)", address, host, n)
	}
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	address, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}
