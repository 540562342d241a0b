package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for command, tells := range map[string][]string{
		"":                {"api <command>", "http://127.0.0.1:8080", "serve ", "migrate up ", "migrate version ", "migrate force ", "import ", "export ", "mappings ", "edtf ", "keys create ", "keys list ", "keys revoke ", "revision raise ", "version "},
		"serve":           {"api serve [flags]", "Where the events are kept:", "How they are served:", "environment variable"},
		"migrate":         {"api migrate <command>", "migrate up ", "migrate version ", "migrate force "},
		"migrate up":      {"api migrate up [flags]", "Where the events are kept:", "$DATABASE_DIRECT_URL"},
		"migrate version": {"api migrate version [flags]", "Where the events are kept:"},
		"migrate force":   {"api migrate force <version> [flags]", "It changes no table", "0 when it is empty"},
		"import":          {"api import", "<file>", "--mapping=NAME", "--dataset=SLUG", "--dry-run", "--report=FILE", "--max-refused=0", "--ops-listen=off", "Where the events are kept:"},
		"mappings":        {"api mappings [<name>]", "List the mappings that ship"},
		"edtf":            {"api edtf [<expr> ...] [flags]", "For example: api edtf", "one a line", "--from=DATE", "--to=DATE"},
		"keys":            {"api keys <command>", "keys create ", "keys list ", "keys revoke "},
		"keys create":     {"api keys create --name=NAME [flags]", "--scope=read", "Where the events are kept:"},
		"keys list":       {"api keys list [flags]", "Where the events are kept:"},
		"keys revoke":     {"api keys revoke <id> [flags]", "Where the events are kept:"},
		"revision raise":  {"api revision raise [flags]", "--to=N", "between restoring a backup", "Where the events are kept:"},
		"version":         {"api version", "Print the program's version."},
	} {
		t.Run("api "+command, func(t *testing.T) {
			t.Parallel()
			got := runProgram(t, nil, append(strings.Fields(command), "--help")...)
			if got.code != 0 || got.errs != "" {
				t.Errorf("%+v", got)
			}
			for _, part := range tells {
				if !strings.Contains(got.out, part) {
					t.Errorf("it does not say %q:\n%s", part, got.out)
				}
			}
			for line := range strings.SplitSeq(got.out, "\n") {
				if utf8.RuneCountInString(line) > 80 {
					t.Errorf("wider than a terminal: %s", line)
				}
			}
		})
	}
}

func TestWhatCannotBeTyped(t *testing.T) {
	t.Parallel()
	const seeHelp = "; type `api --help`, or `api <command> --help`, to see what can be given"
	for typed, message := range map[string]string{
		"event":               "unexpected argument event" + seeHelp,
		"--lisen=:0":          `unknown flag --lisen, did you mean "--listen"?` + seeHelp,
		"migrate":             `expected one of "up", "version", "force"` + seeHelp,
		"migrate down":        `unexpected argument down` + seeHelp,
		"migrate force":       `expected "<version>"` + seeHelp,
		"migrate force one":   `<version>: expected a valid 64 bit int but got "one"` + seeHelp,
		"migrate force 999":   fmt.Sprintf("there is no schema version 999: give one from 0 to %d", postgres.LatestVersion()),
		"serve --seed":        `--seed: expected string value but got "EOL" (<EOL>)` + seeHelp,
		"migrate force -- -1": fmt.Sprintf("there is no schema version -1: give one from 0 to %d", postgres.LatestVersion()),
	} {
		t.Run(typed, func(t *testing.T) {
			t.Parallel()
			refuses(t, message, nil, strings.Fields(typed)...)
		})
	}
}
