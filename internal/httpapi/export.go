package httpapi

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/render"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// exportPath begins the path of every export; the format's name ends it.
const exportPath = "/v1/events."

// ExportParameters lists the parameters that every export takes.
func ExportParameters() []string {
	var names []string
	for _, p := range exportParameters {
		names = append(names, p.name)
	}
	return names
}

// exportOperation is the operation of a format.
func exportOperation(id, format string) operation {
	f := render.Formats[slices.Index(render.FormatNames(), format)]
	parameters := exportParameters
	if f.Newest {
		parameters = newestParameters
	}
	return operation{
		id: id, path: exportPath + f.Name, gives: f.MediaType, parameters: parameters, endless: true,
		handle: func(a *api, r *request) (*answer, error) { return a.export(r, id, f) },
	}
}

// export answers with the events that the filters keep in a format. What it needs
// to know is asked before it answers; the events are read while it is written.
func (a *api) export(r *request, operation string, format render.Format) (*answer, error) {
	f, err := a.filter(r)
	if err != nil {
		return nil, err
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	order := timeline.Order(r.query.text("order"))
	query := fmt.Sprintf("%sorder=%s", f.Key(), order)
	etag := listETag(f.revision, operation, query)
	if same := r.unchanged(etag, f.cache); same != nil {
		return same, nil
	}
	about := render.About{Order: order, Revision: f.revision, Query: query, Self: r.target.URL.RequestURI()}
	if format.Newest {
		order = timeline.Descending
		stop := r.timed()
		about.At, err = a.Store.RevisionTime(r.ctx, f.revision)
		stop()
		if err != nil {
			return nil, err
		}
	} else if err := a.answers(r); err != nil {
		return nil, err
	}
	return &answer{
		etag: etag, cache: f.cache, contentType: format.ContentType,
		file: fmt.Sprintf("tarikh-events-r%d.%s", f.revision, format.Name),
		stream: func(w io.Writer) error {
			select {
			case a.exports <- struct{}{}:
				defer func() { <-a.exports }()
			default:
				return &timeline.Error{
					Kind: timeline.KindBusy, RetryAfter: 5 * time.Second,
					Message: fmt.Sprintf("%d exports are running, which is the most at once; try again shortly.", a.Limits.Exports),
				}
			}
			out := format.New(w, about)
			err := a.Store.Export(r.ctx, f.Filter, order, func(doc []byte) error {
				r.served.rows++
				return out.Event(doc)
			})
			if err != nil && !errors.Is(err, render.ErrFull) {
				return err
			}
			return out.Close()
		},
	}, nil
}

// answers tells whether the database does. An export may take as long as it needs, and
// would wait for one that has fallen silent.
func (a *api) answers(r *request) error {
	defer r.timed()()
	_, _, err := a.Store.ReadRevision(r.ctx)
	return err
}

// unknownFormat is the error of a path that would be an export in a format that
// there is none of; nil where the path is something else.
func unknownFormat(path string) error {
	name, isExport := strings.CutPrefix(path, exportPath)
	if !isExport || strings.Contains(name, "/") {
		return nil
	}
	formats := render.FormatNames()
	return &timeline.Error{
		Kind: timeline.KindNotFound, Message: fmt.Sprintf("Events are not exported as %q; errors lists the formats, each of which ends the path /v1/events.", clip(name)),
		Faults: []timeline.Fault{{
			Detail:  "There is no such format; write one of " + strings.Join(formats, ", ") + " behind /v1/events and a dot.",
			Allowed: formats, Suggestion: timeline.Nearest(strings.ToLower(clip(name)), formats),
		}},
	}
}
