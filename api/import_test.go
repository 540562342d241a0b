package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

const testMapping = `dataset:
  slug: coups
  title: {en: Coups, fr: Coups d’État}
  licence: CC0-1.0
  citation: Somebody (2026)
format: csv
id: coup-{id}
type: coup
date: {year: year, month: month}
title: {en: "{title}"}
sources: [{title: A list of coups, language: en}]
`

// folder gives a folder with files in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func counts(read, created, updated, unchanged, repeated, refused int, last string) string {
	return fmt.Sprintf("read %d rows\ncreated %d\nupdated %d\nunchanged %d\nrepeated %d\nrefused %d\n%s", read, created, updated, unchanged, repeated, refused, last)
}

func TestImport(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	env := []string{"DATABASE_URL=" + url}
	dir := folder(t, map[string]string{
		"map.yaml": testMapping,
		"a.csv":    "id,year,month,title\n1,1963,3,First\n2,1964,,Second\n2,1964,,Second\n",
		"b.csv":    "id,year,month,title\n1,1963,3,First\n2,1964,5,Second\n3,1965,13,Third\n4,1966,,\n5,1967,,Fifth\n",
	})
	run := func(args ...string) result {
		return runProgram(t, env, append([]string{"import", "--mapping", filepath.Join(dir, "map.yaml")}, args...)...)
	}
	a, b, report := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "report.csv")
	same := func(what string, got, want result) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %+v\nwant %+v", what, got, want)
		}
	}
	same("a dry run", run(a, "--dry-run"), result{out: counts(3, 2, 0, 0, 1, 0, "dry run: nothing was stored\n")})
	same("the first time", run(a), result{out: counts(3, 2, 0, 0, 1, 0, "revision 1\n")})
	same("again", run(a), result{out: counts(3, 0, 0, 2, 1, 0, "revision 1\n")})
	refusals := `  refused 1: row 3, year: "1965-13" is no date: there is no month 13: write 01 to 12, or 21 to 41 for a season or a part of the year
  refused 1: row 4: the title is empty: the columns that it is made of have no value
`
	same("with faults", run(b), result{out: counts(5, 0, 0, 0, 0, 2, ""), errs: refusals + "nothing was imported: 2 refused, and --max-refused is 0 (2 lets the rest in); --report FILE writes them all\n", code: 2})
	same("with faults and a report", run(b, "--report", report, "--max-refused", "1"),
		result{out: counts(5, 0, 0, 0, 0, 2, ""), errs: refusals + "nothing was imported: 2 refused, and --max-refused is 1 (2 lets the rest in); " + report + " has them all\n", code: 2})
	written, err := os.ReadFile(report)
	if want := `row,line,column,reason
3,4,year,"""1965-13"" is no date: there is no month 13: write 01 to 12, or 21 to 41 for a season or a part of the year"
4,5,,the title is empty: the columns that it is made of have no value
`; err != nil || string(written) != want {
		t.Errorf("%s, %v", written, err)
	}
	same("the rest", run(b, "--max-refused", "2"), result{out: counts(5, 1, 1, 1, 0, 2, "revision 2\n"), errs: refusals})

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("id,year,month,title\n7,1970,,Seventh\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, env, "import", "-", "--mapping", filepath.Join(dir, "map.yaml"), "--dataset", "others")
	cmd.Stdin = &packed
	same("from standard input, gzipped, into another data set", launch(t, cmd).wait(t), result{out: counts(1, 1, 0, 0, 0, 0, "revision 3\n")})
	same("an id of another data set", run(a, "--dataset", "others"), result{
		out: counts(3, 0, 0, 0, 1, 2, ""), code: 2,
		errs: `  refused 2: row 1, /id: the id "coup-1" is that of an event of the data set "coups": two data sets cannot share an id, so begin the mapping's id with a prefix of its own
nothing was imported: 2 refused, and --max-refused is 0 (2 lets the rest in); --report FILE writes them all
`})

	p := startServing(t, env)
	datasets := p.get(t, "/v1/datasets").body
	for _, want := range []string{`"slug":"coups","title":{"en":"Coups","fr":"Coups d’État"}`, `"licence":"CC0-1.0","citation":"Somebody (2026)"`, `"slug":"others"`} {
		if !strings.Contains(datasets, want) {
			t.Errorf("no %s in %s", want, datasets)
		}
	}
	if events := p.get(t, "/v1/events?count=exact&dataset=coups").body; !strings.Contains(events, `"count":{"value":3,`) || !strings.Contains(events, `"edtf":"1964-05"`) {
		t.Error(events)
	}
}

func TestImportOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	env := []string{"DATABASE_URL=" + url}
	dir := folder(t, map[string]string{
		"map.yaml": testMapping, "bad.yaml": strings.NewReplacer("format: csv", "format: cvs", "type: coup", "typ: coup").Replace(testMapping),
		"a.csv": "id,year,month,title\n1,1963,3,First\n", "latin.csv": "id,year,month,title\n1,1963,3,d'\xc9tat\n",
		"cut.csv.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "other.csv": "a,b\n1,2\n", "quote.csv": "id,year,month,title\n1,1963,3,\"First\n",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	kinds := "there are csv, tsv, ndjson, json, geojson, events"
	for _, c := range []struct {
		message string
		args    []string
	}{
		{`there is no mapping "cline-cdp-coup" (did you mean cline-cdp-coups?); there are cline-cdp-coups, cow-wars, events, noaa-earthquakes, pax-agreements, powell-thyne-coups, ucdp-ged, ucdp-ged-geojson, ucdp-ged-hdx, ucdp-prio-conflicts, wikidata-events, or give a .yaml file`, []string{at("a.csv"), "--mapping", "cline-cdp-coup"}},
		{"the mapping " + at("bad.yaml") + " cannot be used:\n  line 6: format cannot be \"cvs\" (did you mean csv?); " + kinds +
			"\n  line 8: the mapping has no key \"typ\" (did you mean type?); there are about, actors, attributes, columns, countries, dataset, date, encoding, format, id, lines, links, location, may_lack, measures, quotes, records, skip_rows, sources, status, summary, tags, title, type", []string{at("a.csv"), "--mapping", at("bad.yaml")}},
		{"open " + at("absent.csv") + ": no such file or directory", []string{at("absent.csv"), "--mapping", at("map.yaml")}},
		{dir + " is a folder: name a file in it", []string{dir, "--mapping", at("map.yaml")}},
		{"--dataset must be 1 to 64 of a-z, 0-9 and -, not beginning with -", []string{at("a.csv"), "--mapping", at("map.yaml"), "--dataset", "A B"}},
		{"--max-refused must be 0 or more", []string{at("a.csv"), "--mapping", at("map.yaml"), "--max-refused=-1"}},
		{"the report cannot be written: open " + at("absent/report.csv") + ": no such file or directory", []string{at("a.csv"), "--mapping", at("map.yaml"), "--report", at("absent/report.csv")}},
		{"the gzip data are damaged or cut short (unexpected EOF): fetch the file again", []string{at("cut.csv.gz"), "--mapping", at("map.yaml")}},
		{"the mapping " + at("map.yaml") + " does not fit the file:\n  the file has no column \"id\"\n  the file has no column \"year\"\n  the file has no column \"month\"\n  the file has no column \"title\"\n  its columns are a, b", []string{at("other.csv"), "--mapping", at("map.yaml")}},
		{"row 1, which begins at line 2: a quote stands where none belongs, or is never closed (noticed at line 2, byte 17); what follows cannot be told apart", []string{at("quote.csv"), "--mapping", at("map.yaml")}},
	} {
		refuses(t, c.message, env, append([]string{"import"}, c.args...)...)
	}
	got := runProgram(t, env, "import", at("latin.csv"), "--mapping", at("map.yaml"))
	if want := "  refused 1: row 1: byte 32 of the file is 0xC9, which is not utf-8: correct the file, or the mapping's encoding\n"; got.code != 2 || !strings.HasPrefix(got.errs, want) {
		t.Errorf("%+v", got)
	}
	if n := revision(t, url); n != 0 {
		t.Errorf("revision %d", n)
	}
}

func revision(t *testing.T, url string) (n int64) {
	t.Helper()
	ask(t, url, `SELECT revision FROM revision`, &n)
	return n
}

func ask(t *testing.T, url, sql string, into ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if err := conn.QueryRow(t.Context(), sql).Scan(into...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestMappings(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "mappings")
	if lines := strings.Split(strings.TrimSpace(got.out), "\n"); got.code != 0 || len(lines) != 11 || !strings.HasPrefix(lines[0], "cline-cdp-coups       Cline Center") {
		t.Errorf("%+v", got)
	}
	if got = runProgram(t, nil, "mappings", "cow-wars"); got.code != 0 || !strings.Contains(got.out, "\nlines: cr\n") {
		t.Errorf("%+v", got)
	}
}

// TestImportWhileServing imports into the program's own Postgres while another process
// serves from it.
func TestImportWhileServing(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	env := []string{"TARIKH_DATA_DIR=" + data, "TARIKH_SEED=none"}
	p := startServing(t, env)
	dir := folder(t, map[string]string{"map.yaml": testMapping, "a.csv": "id,year,month,title\n1,1963,3,First\n"})
	got := runProgram(t, env, "import", filepath.Join(dir, "a.csv"), "--mapping", filepath.Join(dir, "map.yaml"))
	if want := (result{out: counts(1, 1, 0, 0, 0, 0, "revision 1\n")}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	eventually(t, "the event is served", func() bool { return strings.Contains(p.get(t, "/v1/events").body, `"coup-1"`) })
}

// many writes so many rows for the test mapping.
func many(t *testing.T, path string, rows int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "id,year,month,title")
	for i := range rows {
		fmt.Fprintf(w, "%d,%d,%d,Title %d\n", i, 1900+i%100, 1+i%12, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestImportKilled ends an import of 200,000 rows while they are copied, once by kill
// -9 and once by Ctrl-C. Nothing of it is visible, no temporary file is left, and the
// next import works.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	const rows = 200_000
	url := pgtest.New(t)
	dir := folder(t, map[string]string{"map.yaml": testMapping})
	temporary := t.TempDir()
	file := filepath.Join(dir, "many.csv")
	many(t, file, rows)
	env := []string{"DATABASE_URL=" + url}
	start := func() *instance {
		cmd := command(t, env, "import", file, "--mapping", filepath.Join(dir, "map.yaml"))
		cmd.Env = append(cmd.Env, "TMPDIR="+temporary)
		return launch(t, cmd)
	}
	copying := func(p *instance) {
		t.Helper()
		eventually(t, "rows are copied", func() bool {
			select {
			case <-p.ended:
				t.Fatalf("it ended: %s%s", p.out.String(), p.errs.String())
			default:
			}
			var n int64
			ask(t, url, `SELECT coalesce(sum(tuples_processed), 0) FROM pg_stat_progress_copy WHERE datname = current_database()`, &n)
			return n > 1_000
		})
	}
	nothing := func() {
		t.Helper()
		eventually(t, "the server notices", func() bool {
			var n int64
			ask(t, url, `SELECT count(*) FROM pg_stat_progress_copy WHERE datname = current_database()`, &n)
			return n == 0
		})
		var events, keys, datasets, log int64
		ask(t, url, `SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event_key), (SELECT count(*) FROM dataset), (SELECT count(*) FROM revision_log)`, &events, &keys, &datasets, &log)
		if events+keys+datasets+log+revision(t, url) != 0 {
			t.Errorf("%d events, %d keys, %d data sets, %d revisions are visible", events, keys, datasets, log)
		}
		left, err := os.ReadDir(temporary)
		if err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	p := start()
	copying(p)
	p.signal(syscall.SIGKILL)
	p.wait(t)
	nothing()

	p = start()
	copying(p)
	p.signal(syscall.SIGINT)
	if got := p.wait(t); got.code != 1 || got.out != "" || !strings.HasSuffix(got.errs, "api: interrupted; nothing was imported\n") {
		t.Errorf("%+v", got)
	}
	nothing()

	if got := start().wait(t); got.code != 0 || got.out != counts(rows, rows, 0, 0, 0, 0, "revision 1\n") {
		t.Errorf("%+v", got)
	}
}

func TestAReportIsNotWrittenOverWhatIsRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, mapping, link := filepath.Join(folder, "a.csv"), filepath.Join(folder, "m.yaml"), filepath.Join(folder, "link")
	const text = "format: ndjson\n"
	for _, name := range []string{file, mapping} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		report string
		same   bool
	}{{file, true}, {link, true}, {mapping, true}, {filepath.Join(folder, "new"), false}, {"", false}, {os.DevNull, false}} {
		if got := sameFile(c.report, file) || sameFile(c.report, mapping); got != c.same {
			t.Errorf("%q: %v", c.report, got)
		}
	}
	for _, report := range []string{file, link} {
		command := importCmd{databaseSettings: databaseSettings{ExecMode: "prepared", ConnectTime: "2s"}, File: file, Mapping: "cow-wars", Report: report}
		if err := command.Run(t.Context(), streams{}); err == nil || !strings.Contains(err.Error(), "name another file") {
			t.Errorf("%s: %v", report, err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != text {
		t.Errorf("the file is %q now, %v", got, err)
	}
}
