package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// absent are rivals that cannot be had where this was written, told in every table.
const absent = "Absent: pREST (its Go module is refused by the module proxy; the stand-in makes its pages as pREST does, by `json_agg` in Postgres), pg_featureserv (its Go module likewise), PostgREST (npm's package fetches the program from a place that cannot be reached), Hasura (no package of Go, npm or Debian), and Directus, which npm has, but asks for a newer Node than this machine's and for tables of its own: it was not set up."

// variant is one way to ask a rival.
type variant struct {
	title string
	post  string // path that questions are posted to; "": they are paths
	line  func(q synthetic.Question) string
}

// rival is a server that users would take instead.
type rival struct {
	name     string
	npm      []string // arguments of node, in the folder of its package; nil: it is of Go
	variants []variant
}

func byPath(path string) func(synthetic.Question) string {
	return func(q synthetic.Question) string {
		return path + "?country=" + q.Country + "&from=" + q.From + "&to=" + q.To
	}
}

// rivals are those that answer from the database.
var rivals = []rival{
	{"gin", nil, []variant{{"stand-in for pREST: gin with pgx, json_agg", "", byPath("/events")}}},
	{"fastify", []string{"server.mjs"}, []variant{
		{"fastify with pg", "", byPath("/events")},
		{"fastify with pg, documents as text", "", byPath("/text")},
	}},
	{"postgraphile", []string{filepath.Join("node_modules", "postgraphile", "dist", "cli-run.js"), "--config", "graphile.config.mjs"}, []variant{
		{"PostGraphile", "/graphql", func(q synthetic.Question) string {
			query, _ := json.Marshal(map[string]any{
				"query":     `query($c: String!, $f: Date!, $t: Date!) { eventsOf(ofCountry: $c, fromDay: $f, toDay: $t, first: 50) { nodes { doc } } }`,
				"variables": map[string]string{"c": q.Country, "f": q.From, "t": q.To},
			})
			return string(query)
		}},
	}},
}

// jsonServer is the rival of the small case.
const jsonServer = "json-server"

func rivalNames() []string {
	var names []string
	for _, r := range rivals {
		names = append(names, r.name)
	}
	return append(names, jsonServer)
}

// rivalRows are what the rivals are given: whether their tables were made, and why not.
type rivalRows struct {
	countries, events bool
	err               error
}

// fillCountries makes the table of countries with their dates, with the index that a
// developer would make for a country's events by date.
func (b *bench) fillCountries(ctx context.Context) error {
	return b.fill(ctx, &b.rows.countries, "event_country", `
		CREATE SCHEMA IF NOT EXISTS rival;
		DROP TABLE IF EXISTS rival.event_country CASCADE;
		CREATE TABLE rival.event_country AS
			SELECT c.code AS country, e.sort_day AS sort_date, coalesce(e.end_latest, 'infinity') AS end_date, e.id COLLATE "C" AS event_id
			FROM event e, unnest(e.countries) AS c(code);
		ALTER TABLE rival.event_country ALTER country SET NOT NULL, ADD PRIMARY KEY (country, sort_date, event_id) INCLUDE (end_date)`)
}

// fillRivals makes all tables of the rivals. It is done once, and its error is told by
// every part that needs them.
func (b *bench) fillRivals(ctx context.Context) error {
	if b.rows.err == nil {
		b.rows.err = b.fillCountries(ctx)
	}
	if b.rows.err == nil {
		b.rows.err = b.fill(ctx, &b.rows.events, "event", `
		CREATE SCHEMA IF NOT EXISTS rival;
		DROP TABLE IF EXISTS rival.event CASCADE;
		CREATE TABLE rival.event AS
			SELECT id COLLATE "C" AS id, sort_day AS sort_date, coalesce(end_latest, 'infinity') AS end_date, dataset, type, status, countries, tags,
				latitude, longitude, convert_from(doc, 'UTF8')::json AS doc
			FROM event;
		ALTER TABLE rival.event ADD PRIMARY KEY (id);
		CREATE FUNCTION rival.events_of(of_country text, from_day date, to_day date) RETURNS SETOF rival.event LANGUAGE sql STABLE AS $$
			SELECT e.* FROM rival.event_country c JOIN rival.event e ON e.id = c.event_id
			WHERE c.country = of_country AND c.sort_date <= to_day AND c.end_date >= from_day
			ORDER BY c.sort_date, c.event_id
		$$`)
	}
	return b.rows.err
}

// fill makes a table, unless this run or an earlier one made it.
func (b *bench) fill(ctx context.Context, done *bool, name, sql string) error {
	if *done {
		return nil
	}
	return b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		var comment string
		table := "rival." + name
		err := conn.QueryRow(ctx, `SELECT coalesce(obj_description(to_regclass($1), 'pg_class'), '')`, table).Scan(&comment)
		if err != nil || comment == b.marker() {
			*done = err == nil
			return err
		}
		b.say("the rivals' table %s is filled", table)
		if _, err := conn.Exec(ctx, `SET maintenance_work_mem = '512MB';`+sql); err != nil {
			return fmt.Errorf("the rivals' table %s: %w", table, err)
		}
		for _, then := range []string{`VACUUM ANALYZE ` + table, `COMMENT ON TABLE ` + table + ` IS '` + b.marker() + `'`} {
			if _, err := conn.Exec(ctx, then); err != nil {
				return err
			}
		}
		*done = true
		return nil
	})
}

// startRival starts a rival on the events.
func (b *bench) startRival(ctx context.Context, r rival) (*process, error) {
	var command *exec.Cmd
	if r.npm == nil {
		program := filepath.Join(b.work, "rival-"+r.name)
		if err := b.goBuild(ctx, program, "./bench/rivals/"+r.name); err != nil {
			return nil, err
		}
		command = exec.CommandContext(context.WithoutCancel(ctx), program)
	} else {
		folder, err := b.npmInstall(ctx, r.name)
		if err != nil {
			return nil, err
		}
		node, err := b.node(ctx)
		if err != nil {
			return nil, err
		}
		command = exec.CommandContext(context.WithoutCancel(ctx), node, r.npm...)
		command.Dir = folder
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	command.Env = append(os.Environ(), "NODE_ENV=production", "GRAPHILE_ENV=production", "PORT="+port, "PGHOST="+b.socket(), "PGPORT=5432", "PGUSER=tarikh", "PGDATABASE=tarikh", "PGAPPNAME="+r.name,
		"RIVAL_DATABASE_URL=postgresql://tarikh@"+url.QueryEscape(b.socket())+"/tarikh?application_name="+r.name)
	if r.npm == nil {
		return b.greeted(ctx, command)
	}
	p, err := launch(command, filepath.Join(b.work, r.name+".log"))
	if err != nil {
		return nil, err
	}
	p.address = "http://127.0.0.1:" + port
	return p, nil
}

// check waits until a rival answers a question, and gives the ids that it answers with.
func (p *process) check(ctx context.Context, v variant, q synthetic.Question) ([]string, error) {
	tries := 0
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var body []byte
		var err error
		if v.post != "" {
			body, err = post(ctx, p.address+v.post, v.line(q))
		} else {
			body, _, err = get(ctx, p.address+v.line(q), nil)
		}
		answered := len(body) > 0
		if err == nil && bytes.Contains(body, []byte(`"errors":`)) { // GraphQL's have the status 200
			err = fmt.Errorf("it answers %.300s", body)
		}
		if err == nil {
			return idsOf(body), nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("it ended: %s", p.lastWords())
		default:
		}
		// A server that begins to listen is not there at first; whoever answers with an error
		// several times will go on doing so.
		if tries++; ctx.Err() != nil || time.Since(begun) > startLimit || answered && tries > 100 {
			return nil, err
		}
	}
}

var idInBody = regexp.MustCompile(`"id": ?"(s-\d+)"`)

// idsOf finds the ids of events in a body, in their order.
func idsOf(body []byte) []string {
	var ids []string
	for _, m := range idInBody.FindAllSubmatch(body, -1) {
		ids = append(ids, string(m[1]))
	}
	return ids
}

// npmInstall puts a rival's package and its dependencies into the user's cache, where
// they stay for the next run.
func (b *bench) npmInstall(ctx context.Context, name string) (string, error) {
	from := filepath.Join("bench", "rivals", name)
	sum := sha256.New()
	files, err := fs.ReadDir(os.DirFS(from), ".")
	if err != nil {
		return "", err
	}
	content := map[string][]byte{}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		if content[f.Name()], err = os.ReadFile(filepath.Join(from, f.Name())); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %x\n", f.Name(), content[f.Name()])
	}
	folder, err := cacheFolder()
	if err != nil {
		return "", err
	}
	folder = filepath.Join(folder, fmt.Sprintf("%s-%.8x", name, sum.Sum(nil)))
	complete := filepath.Join(folder, "complete")
	if _, err := os.Stat(complete); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for file, text := range content {
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o644); err != nil {
			return "", err
		}
	}
	b.say("npm ci for %s", name)
	limited, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	command := exec.CommandContext(limited, "npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error")
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		words := strings.Join(strings.Fields(string(out)), " ")
		return "", errors.Join(fmt.Errorf("npm ci: %w: %.300s", err, words), os.RemoveAll(folder))
	}
	return folder, os.WriteFile(complete, nil, 0o644)
}

// running is a rival's variant that is ready to be asked.
type running struct {
	variant
	process *process
}

// startRivals starts those that were asked for. Who does not start or answer is noted.
// ours answers the same questions, so that the rivals' answers can be compared with it.
func (b *bench) startRivals(ctx context.Context, p *part, ours *process, questions []synthetic.Question) (ready []running, stop func()) {
	var started []*process
	stop = func() {
		for _, s := range started {
			s.stop()
		}
	}
	if b.events > asFile {
		p.Notes = append(p.Notes, fmt.Sprintf("Rivals are not asked on more than %s events.", count(asFile)))
		return nil, stop
	}
	p.Notes = append(p.Notes, absent)
	if err := b.fillRivals(ctx); err != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("No rival was measured: %v.", err))
		return nil, stop
	}
	var own [][]string
	for _, q := range questions {
		body, _, err := get(ctx, ours.address+ownPath(q), nil)
		if err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("No rival was measured: %v.", err))
			return nil, stop
		}
		own = append(own, idsOf(body))
	}
	for _, r := range rivals {
		if !slices.Contains(b.rivals, r.name) {
			p.Notes = append(p.Notes, fmt.Sprintf("Not asked for: %s.", r.name))
			continue
		}
		b.say("%s starts", r.name)
		s, err := b.startRival(ctx, r)
		if err != nil {
			b.say("%s is absent: %v", r.name, err)
			p.Notes = append(p.Notes, fmt.Sprintf("Absent: %s (%v).", r.name, err))
			continue
		}
		started = append(started, s)
		for _, v := range r.variants {
			same := 0
			var others []string // events that only the rival gives
			for i, q := range questions {
				var ids []string
				if ids, err = s.check(ctx, v, q); err != nil {
					break
				}
				if slices.Equal(ids, own[i]) {
					same++
				}
				others = append(others, slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(own[i], id) })...)
			}
			sets := 0
			if err == nil {
				sets, err = b.countSets(ctx, others)
			}
			if err != nil {
				b.say("%s does not answer: %v", v.title, err)
				p.Notes = append(p.Notes, fmt.Sprintf("Absent: %s (%v).", v.title, err))
				continue
			}
			if len(questions) > 1 {
				p.Notes = append(p.Notes, fmt.Sprintf("%s gives the same events in %d of %d answers that were compared; %d events are in its answers alone, %d of them dates that are sets.", v.title, same, len(questions), len(others), sets))
			}
			ready = append(ready, running{v, s})
		}
	}
	return ready, stop
}

// countSets tells how many of some events have a date that is a set.
func (b *bench) countSets(ctx context.Context, ids []string) (n int, err error) {
	err = b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(*) FROM unnest($1::text[]) AS o(id) JOIN event e USING (id) WHERE e.set_kind <> 0`, ids).Scan(&n)
	})
	return n, err
}

// ownPath asks the program the question.
func ownPath(q synthetic.Question) string { return byPath("/v1/events")(q) }
