package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/dustin/go-humanize"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// exportCmd writes what GET /v1/events.FORMAT answers. It asks the handler of the
// HTTP API, without a network between them, so that filters mean the same.
type exportCmd struct {
	databaseSettings `embed:""`

	Format string `default:"ndjson" enum:"ndjson,csv,geojson,ics,atom,parquet,timelinejs.json,vis.json" placeholder:"FORMAT" help:"ndjson, csv, geojson, ics, atom, parquet, timelinejs.json or vis.json."`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"File to write, whole or not at all; - for standard output."`

	exportFilters `embed:"" group:"Which events (as the parameters of GET /v1/events):"`
}

// exportFilters are the parameters of an export. What may be in them is the HTTP
// API's to say: a flag that is given twice, or empty, reaches it as it is.
type exportFilters struct {
	From         []string `sep:"none" placeholder:"DATE" help:"The window begins on the first day of this year, month or day (--from=-0043 before year 1)."`
	To           []string `sep:"none" placeholder:"DATE" help:"The window ends on its last day."`
	Date         []string `sep:"none" placeholder:"EDTF" help:"The window in one word, such as 2021 or 2020/2023-07."`
	Match        []string `sep:"none" placeholder:"HOW" help:"possible, certain, within or starts."`
	On           []string `sep:"none" placeholder:"MM-DD" help:"Began on this day of any year."`
	ID           []string `name:"id" sep:"none" placeholder:"ID,…" help:"These events."`
	Country      []string `sep:"none" placeholder:"ML,…" help:"Countries, by code or name."`
	CountryMatch []string `aliases:"country_match" sep:"none" placeholder:"HOW" help:"any, all or only."`
	CountryRole  []string `aliases:"country_role" sep:"none" placeholder:"ROLE,…" help:"The part that they play."`
	Region       []string `sep:"none" placeholder:"CODE,…" help:"UN M49 regions or groups."`
	Predecessors []string `sep:"none" placeholder:"true" help:"Countries with the states before them."`
	Type         []string `sep:"none" placeholder:"TYPE,…" help:"Types; a parent finds its children."`
	Status       []string `sep:"none" placeholder:"STATUS,…" help:"Statuses."`
	Dataset      []string `sep:"none" placeholder:"SLUG,…" help:"Data sets."`
	Tag          []string `sep:"none" placeholder:"TAG,…" help:"Tags."`
	Actor        []string `sep:"none" placeholder:"NAME" help:"An actor's whole name."`
	Q            []string `name:"q" sep:"none" placeholder:"WORDS" help:"Words to find."`
	BBox         []string `name:"bbox" sep:"none" placeholder:"W,S,E,N" help:"A box in degrees."`
	MinSources   []string `aliases:"min_sources" sep:"none" placeholder:"N" help:"At least so many sources."`
	AsOf         []string `aliases:"as_of" sep:"none" placeholder:"REVISION" help:"The data as they stood at a revision or time."`
	Order        []string `sep:"none" placeholder:"ORDER" help:"asc or desc."`
}

// values gives the query that the flags stand for.
func (f exportFilters) values() url.Values {
	values := url.Values{}
	for name, given := range map[string][]string{
		"from": f.From, "to": f.To, "date": f.Date, "match": f.Match, "on": f.On, "id": f.ID, "country": f.Country, "country_match": f.CountryMatch,
		"country_role": f.CountryRole, "region": f.Region, "predecessors": f.Predecessors, "type": f.Type, "status": f.Status, "dataset": f.Dataset,
		"tag": f.Tag, "actor": f.Actor, "q": f.Q, "bbox": f.BBox, "min_sources": f.MinSources, "as_of": f.AsOf, "order": f.Order,
	} {
		if len(given) > 0 {
			values[name] = given
		}
	}
	return values
}

// Run exports.
func (c exportCmd) Run(ctx context.Context, s streams) error {
	if faults := c.faults(); len(faults) > 0 {
		return fmt.Errorf("these settings are wrong:\n%w", errors.Join(faults...))
	}
	if c.Format == "parquet" && c.Output == "-" && isTerminal(s.out) {
		return errors.New("a Parquet file is nothing for a terminal: give --output FILE, or send it elsewhere")
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelError}))
	d, err := openDatabase(ctx, c.databaseSettings, log)
	if err != nil {
		return err
	}
	defer d.close()
	store, err := d.openStore(ctx, c.databaseSettings)
	if err != nil {
		return err
	}
	defer store.Close()
	e := exporting{command: c, store: &countingStore{Store: store, progress: newProgress(s.err)}, errs: s.err}
	if e.handler, err = httpapi.New(httpapi.Options{Store: e.store, Spec: tarikh.Spec, Log: log}); err != nil {
		return err
	}
	out, err := openOutput(c.Output, s.out)
	if err != nil {
		return err
	}
	if err := e.run(ctx, out); err != nil {
		return errors.Join(err, out.discard())
	}
	return out.keep()
}

// exporting is one run.
type exporting struct {
	command exportCmd
	store   *countingStore
	handler http.Handler
	errs    io.Writer
}

// run writes the export and tells how it goes, for a file also what it came to.
func (e exporting) run(ctx context.Context, out *output) error {
	var total int64
	if isTerminal(e.errs) { // a line now and then is not worth the counting
		total = e.total(ctx)
	}
	e.store.progress.counting("exporting", total)
	err := e.get(ctx, "/v1/events."+e.command.Format, e.command.values(), out)
	e.store.progress.end()
	if err != nil {
		return err
	}
	if err := out.buffer.Flush(); err != nil {
		return err
	}
	if e.command.Output != "-" {
		fmt.Fprintf(e.errs, "%s events read, %s written\n", humanize.Comma(e.store.events), humanize.Bytes(uint64(out.bytes)))
	}
	return nil
}

// total asks how many events there will be; 0 where that is not known in time.
func (e exporting) total(ctx context.Context) int64 {
	var page struct{ Count struct{ Value int64 } }
	var body bytes.Buffer
	query := e.command.values()
	query.Set("limit", "1")
	query.Set("count", "exact")
	if err := e.get(ctx, "/v1/events", query, &body); err != nil {
		return 0 // the export itself will say what is wrong
	}
	_ = json.Unmarshal(body.Bytes(), &page)
	return page.Count.Value
}

var errInterrupted = errors.New("interrupted; nothing was exported")

// get hands the body of an answer to out, or gives its problem as an error.
func (e exporting) get(ctx context.Context, path string, query url.Values, out io.Writer) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	answer := &localAnswer{header: http.Header{}, out: out}
	defer func() {
		if fault := recover(); fault == http.ErrAbortHandler { //nolint:errorlint // a value that is panicked with
			err = errors.New("the export broke off; the line above says why")
			if ctx.Err() != nil {
				err = errInterrupted
			} else if answer.err != nil {
				err = answer.err
			}
		} else if fault != nil {
			panic(fault)
		}
	}()
	e.handler.ServeHTTP(answer, request)
	switch {
	case answer.err != nil:
		return answer.err
	case ctx.Err() != nil:
		return errInterrupted
	case answer.status != http.StatusOK:
		return answer.problem()
	}
	return nil
}

// countingStore counts the events that are exported.
type countingStore struct {
	*postgres.Store
	progress *progress
	events   int64
}

// Export is that of the store.
func (s *countingStore) Export(ctx context.Context, f timeline.Filter, order timeline.Order, each func(doc []byte) error) error {
	return s.Store.Export(ctx, f, order, func(doc []byte) error {
		if s.events++; s.events%100 == 0 {
			s.progress.counted(s.events)
		}
		return each(doc)
	})
}
