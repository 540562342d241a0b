package main

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// settable are the settings of the contract: the variable, its flag, and a value that
// is refused.
var settable = []struct{ variable, flag, bad, fault string }{
	{"DATABASE_URL", "--database-url", "postgres://u:secret@h:port/d", `cannot be read: it must look like postgres://user:password@host:5432/database`},
	{"DATABASE_DIRECT_URL", "--database-direct-url", "postgres://u:secret@h:port/d", `cannot be read: it must look like postgres://user:password@host:5432/database`},
	{"DATABASE_REPLICA_URL", "--database-replica-url", "postgres://h/d, postgres://u:secret@h:port/d", `cannot be read: it must look like postgres://user:password@host:5432/database`},
	{"TARIKH_DB_EXEC_MODE", "--db-exec-mode", "simple", `is "simple": it must be 'prepared' or 'exec'`},
	{"TARIKH_DB_CONNECT_TIME", "--db-connect-time", "2", `is "2": it must be a time from 100ms to 1h, such as 30s`},
	{"TARIKH_LISTEN", "--listen", "8080", `is "8080": it must be host:port, such as 127.0.0.1:8080`},
	{"TARIKH_OPS_LISTEN", "--ops-listen", "127.0.0.1:x", `is "127.0.0.1:x": the port must be a number from 0 to 65535, or 'off'`},
	{"TARIKH_SEED", "--seed", "sahara", `is "sahara": it must be 'sahel' or 'none'`},
	{"TARIKH_LOG", "--log", "xml", `is "xml": it must be 'text', 'json' or 'off'`},
	{"TARIKH_CACHE_BYTES", "--cache-bytes", "much", `is "much": it must be a size such as 64MB, or 0`},
	{"TARIKH_RATE_LIMIT", "--rate-limit", "0", `is "0": it must be a number of requests a second above 0, or 'off'`},
	{"TARIKH_MAX_CONNECTIONS", "--max-connections", "0", `is "0": it must be a whole number from 1 to 1000000`},
	{"TARIKH_MAX_HEADER_BYTES", "--max-header-bytes", "1kB", `is "1kB": it must be a size from 4.0 KiB to 16 MiB`},
	{"TARIKH_READ_TIME", "--read-time", "30", `is "30": it must be a time from 100ms to 1h, such as 30s`},
	{"TARIKH_WRITE_TIME", "--write-time", "2h", `is "2h": it must be a time from 100ms to 1h, such as 30s`},
	{"TARIKH_BODY_TIME", "--body-time", "soon", `is "soon": it must be a time from 100ms to 1h, such as 30s`},
	{"TARIKH_STATEMENT_TIME", "--statement-time", "1ms", `is "1ms": it must be a time from 100ms to 1h, such as 30s`},
	{"TARIKH_MAX_TARGET_BYTES", "--max-target-bytes", "1MB", `is "1MB": it must be a size from 1.0 KiB to 32 KiB`},
	{"TARIKH_MAX_EVENT_BYTES", "--max-event-bytes", "2MiB", `is "2MiB": it must be a size from 1.0 KiB to 1.0 MiB`},
	{"TARIKH_MAX_IMPORT_BYTES", "--max-import-bytes", "1GB", `is "1GB": it must be a size from 1.0 KiB to 32 MiB`},
	{"TARIKH_MAX_IMPORT_EVENTS", "--max-import-events", "10001", `is "10001": it must be a whole number from 1 to 10000`},
	{"TARIKH_MAX_PAGE_EVENTS", "--max-page-events", "501", `is "501": it must be a whole number from 1 to 500`},
	{"TARIKH_MAX_PAGE_CHANGES", "--max-page-changes", "1001", `is "1001": it must be a whole number from 1 to 1000`},
	{"TARIKH_MAX_BODY_MEMORY", "--max-body-memory", "all", `is "all": it must be a size from 1.0 MiB to 1.0 TiB`},
	{"TARIKH_MAX_READS", "--max-reads", "many", `is "many": it must be a whole number from 1 to 100000, or 'auto'`},
	{"TARIKH_MAX_WRITES", "--max-writes", "0", `is "0": it must be a whole number from 1 to 100000, or 'auto'`},
	{"TARIKH_MAX_WAITING", "--max-waiting", "none", `is "none": it must be a whole number from 1 to 100000, or 'auto'`},
	{"TARIKH_MAX_IMPORTS", "--max-imports", "101", `is "101": it must be a whole number from 1 to 100`},
	{"TARIKH_MAX_EXPORTS", "--max-exports", "x", `is "x": it must be a whole number from 1 to 100000`},
	{"TARIKH_MAX_STREAMS", "--max-streams", "1.5", `is "1.5": it must be a whole number from 1 to 100000`},
	{"TARIKH_KEY_RATE_LIMIT", "--key-rate-limit", "0", `is "0": it must be a number of requests a second above 0, or 'off'`},
	{"TARIKH_REQUIRE_KEY", "--require-key", "none", `is "none": it must be 'write' or 'read'`},
	{"TARIKH_TRUSTED_PROXIES", "--trusted-proxies", "10.0.0.0/8,proxy", `has "proxy": each must be an address or a network such as 10.0.0.0/8`},
	{"TARIKH_CORS_ORIGINS", "--cors-origins", "example.org", `has "example.org": each must be an origin such as https://example.org, or *`},
}

// The data folder is a setting too, which cannot be wrong beside DATABASE_URL.
var settableNames = func() []string {
	names := []string{"TARIKH_DATA_DIR"}
	for _, s := range settable {
		names = append(names, s.variable)
	}
	slices.Sort(names)
	return names
}()

func TestAllFaultsOfSettingsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	var message strings.Builder
	message.WriteString("these settings are wrong:")
	var variables, flags, longFlags []string
	for _, s := range settable {
		message.WriteString("\n  " + s.variable + " " + s.fault)
		variables = append(variables, s.variable+"="+s.bad)
		flags = append(flags, s.flag+"="+s.bad)
		longFlags = append(longFlags, longFlag(s.variable), s.bad)
	}
	for name, c := range map[string]struct{ env, args []string }{
		"variables":                     {env: variables},
		"flags":                         {args: flags},
		"flags named as the variables":  {args: append([]string{"serve"}, longFlags...)},
		"flags before right variables":  {env: []string{"DATABASE_URL=postgres://h/d", "TARIKH_SEED=none", "TARIKH_LOG=text"}, args: flags},
		"the command and all variables": {env: variables, args: []string{"serve"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			refuses(t, message.String(), slices.Concat(c.env, []string{"TARIKH_DATA_DIR=" + data}), c.args...)
			absent(t, data)
		})
	}
}

// longFlag is a flag of the variable's own name.
func longFlag(variable string) string {
	return "--" + strings.ReplaceAll(strings.ToLower(variable), "_", "-")
}

func TestReplicasAreSplitAtAddresses(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string][]string{
		"":                                nil,
		" , ":                             nil,
		"postgres://a/d":                  {"postgres://a/d"},
		"postgres://a/d,postgresql://b/d": {"postgres://a/d", "postgresql://b/d"},
		" postgres://a:1,b:2/d?x=1,2 ,\n postgres://c,d/d,": {"postgres://a:1,b:2/d?x=1,2", "postgres://c,d/d"},
		"host=a dbname=d": {"host=a dbname=d"},
	} {
		if got := (databaseSettings{ReplicaURLs: setting}).replicas(); !slices.Equal(got, want) {
			t.Errorf("%q is split into %q", setting, got)
		}
	}
	refuses(t, "these settings are wrong:\n  DATABASE_REPLICA_URL cannot be read: it must look like postgres://user:password@host:5432/database",
		[]string{"DATABASE_URL=postgres://h/d", "DATABASE_REPLICA_URL=host=a dbname=d"})
}

func TestSettingsThatNeedAnotherOne(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const message = `these settings are wrong:
  DATABASE_DIRECT_URL is set, but DATABASE_URL is not: set both or neither
  DATABASE_REPLICA_URL is set, but DATABASE_URL is not: set both or neither
  TARIKH_DATA_DIR is `
	env := []string{"DATABASE_DIRECT_URL=postgres://h/d", "DATABASE_REPLICA_URL=postgres://h/d", "TARIKH_DATA_DIR=" + data}
	for _, args := range [][]string{nil, {"migrate", "up"}, {"migrate", "version"}, {"migrate", "force", "1"}} {
		refuses(t, message+`"`+data+`", which is a file: it must be a folder, or a name that is still free`, env, args...)
	}
}

// Every setting is taken in each of its forms, and does what it says where that can be
// seen from outside.
func TestEverySettingIsAccepted(t *testing.T) {
	t.Parallel()
	good := func(t *testing.T) map[string]string {
		url := pgtest.New(t)
		return map[string]string{
			"DATABASE_URL": url + "&pool_max_conns=3", "DATABASE_DIRECT_URL": url, "DATABASE_REPLICA_URL": url + "," + url,
			"TARIKH_DB_EXEC_MODE": "exec", "TARIKH_DB_CONNECT_TIME": "10s", "TARIKH_LISTEN": "localhost:0", "TARIKH_OPS_LISTEN": "127.0.0.1:0",
			"TARIKH_DATA_DIR": filepath.Join(t.TempDir(), "data"), "TARIKH_SEED": "sahel", "TARIKH_LOG": "text",
			"TARIKH_CACHE_BYTES": "1GiB", "TARIKH_RATE_LIMIT": "0.001", "TARIKH_REQUIRE_KEY": "read",
			"TARIKH_KEY_RATE_LIMIT": "10", "TARIKH_MAX_CONNECTIONS": "100", "TARIKH_MAX_READS": "2", "TARIKH_MAX_WRITES": "auto", "TARIKH_MAX_WAITING": "20",
			"TARIKH_MAX_IMPORTS": "1", "TARIKH_MAX_EXPORTS": "5", "TARIKH_MAX_STREAMS": "7", "TARIKH_READ_TIME": "5s", "TARIKH_WRITE_TIME": "1m",
			"TARIKH_BODY_TIME": "90s", "TARIKH_STATEMENT_TIME": "1500ms", "TARIKH_MAX_HEADER_BYTES": "64KiB", "TARIKH_MAX_TARGET_BYTES": "2KiB",
			"TARIKH_MAX_EVENT_BYTES": "100kB", "TARIKH_MAX_IMPORT_BYTES": "1MB", "TARIKH_MAX_IMPORT_EVENTS": "100", "TARIKH_MAX_PAGE_EVENTS": "50",
			"TARIKH_MAX_PAGE_CHANGES": "10", "TARIKH_MAX_BODY_MEMORY": "8MiB",
			"TARIKH_TRUSTED_PROXIES": "127.0.0.0/8, ::1", "TARIKH_CORS_ORIGINS": "https://a.example, https://b.example",
		}
	}
	bad := []string{}
	for _, s := range settable {
		bad = append(bad, s.variable+"="+s.bad)
	}
	for name, start := range map[string]func(t *testing.T, values map[string]string) *instance{
		"variables": func(t *testing.T, values map[string]string) *instance {
			env := []string{}
			for variable, value := range values {
				env = append(env, variable+"="+value)
			}
			return startServing(t, env)
		},
		"flags before variables": func(t *testing.T, values map[string]string) *instance {
			args := []string{"--data-dir", values["TARIKH_DATA_DIR"]}
			for _, s := range settable {
				args = append(args, s.flag, values[s.variable])
			}
			return startServing(t, bad, args...)
		},
		"flags named as the variables": func(t *testing.T, values map[string]string) *instance {
			args := []string{"serve"}
			for variable, value := range values {
				args = append(args, longFlag(variable)+"="+value)
			}
			return startServing(t, bad, args...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := good(t)
			p := start(t, values)
			const from = "X-Forwarded-For: 203.0.113.1"
			if r := p.get(t, "/v1/events", from, "Origin: https://b.example"); r.status != http.StatusUnauthorized || r.header.Get("Access-Control-Allow-Origin") != "https://b.example" {
				t.Errorf("%+v", r)
			}
			if r := p.get(t, "/v1/events", from, "Origin: https://c.example"); r.status != http.StatusTooManyRequests || r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%+v", r)
			}
			if r := p.get(t, "/v1/events", "X-Forwarded-For: 203.0.113.2"); r.status != http.StatusUnauthorized {
				t.Errorf("%+v", r)
			}
			if r := p.get(t, "/readyz"); r.status != http.StatusOK {
				t.Errorf("%+v", r)
			}
			if r := p.get(t, "/v1/events?q="+strings.Repeat("a", 3000)); r.status != http.StatusRequestURITooLong {
				t.Errorf("%+v", r)
			}
			p.stop(t, syscall.SIGTERM)
			if errs := p.errs.String(); strings.Count(errs, "level=INFO msg=request") != 5 {
				t.Errorf("the log is\n%s", errs)
			}
			absent(t, values["TARIKH_DATA_DIR"])
		})
	}
}

// The table of the README, the program and this test know the same settings, and the
// help names each with the flag that the README's rule gives it.
func TestSettingsAreDescribed(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:TARIKH|DATABASE)_[A-Z_]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		described = append(described, row[1])
	}
	slices.Sort(described)
	if !slices.Equal(described, settableNames) {
		t.Errorf("the README describes %q\nand the settings are %q", described, settableNames)
	}
	var known []string
	var collect func(of reflect.Type)
	collect = func(of reflect.Type) {
		for field := range of.Fields() {
			if field.Anonymous {
				collect(field.Type)
			} else {
				known = append(known, field.Tag.Get("env"))
			}
		}
	}
	collect(reflect.TypeFor[settings]())
	slices.Sort(known)
	if !slices.Equal(known, settableNames) {
		t.Errorf("the program knows %q\nand the settings are %q", known, settableNames)
	}
	help := runProgram(t, nil, "serve", "--help")
	for _, name := range settableNames {
		flag := strings.Replace(longFlag(name), "--tarikh-", "--", 1)
		if !strings.Contains(help.out, "\n  "+flag+"=") || !strings.Contains(help.out, "($"+name+")") {
			t.Errorf("the help does not tell of %s or %s", flag, name)
		}
	}
}

// Without the lines of requests the log still tells what went wrong.
func TestTheLogOfRequestsIsOff(t *testing.T) {
	t.Parallel()
	database := newStarted(t)
	p := startServing(t, []string{"DATABASE_URL=" + database.wire.URL(), "TARIKH_SEED=sahel", "TARIKH_LOG=off"})
	for _, path := range []string{"/v1/events", "/v1/events", "/v1/none"} {
		p.get(t, path)
	}
	database.stop(t)
	if r := p.get(t, "/v1/changes"); r.status != http.StatusServiceUnavailable {
		t.Errorf("%+v", r)
	}
	p.stop(t, syscall.SIGTERM)
	if errs := p.errs.String(); strings.Contains(errs, "INFO") || strings.Count(errs, "request") == 0 || !strings.Contains(errs, `"level":"ERROR"`) {
		t.Errorf("the log is\n%s", errs)
	}
}
