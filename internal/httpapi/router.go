// Package httpapi speaks HTTP: it reads requests as openapi.yaml states them, asks
// the store, and writes answers or problem details. It knows gin and the contract,
// and neither SQL nor Postgres.
//
// One request goes: router.go (which operation), serve.go (what all operations
// share), the operation's handler, the store. A handler gives an answer or an
// error and never writes; problem.go turns every error into its problem. Where an
// answer can be kept, the handler gives what makes it: kept.go looks whether it is
// there, and hot.go gives it before the router where the same was asked before.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/tarikh-timeline/tarikh/internal/explorer"
	"github.com/tarikh-timeline/tarikh/internal/telemetry"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Store is what the handlers ask. internal/postgres is one.
type Store interface {
	Revision(ctx context.Context) (int64, time.Time, error)
	ReadRevision(ctx context.Context) (int64, time.Time, error)
	Known() (revision int64, era uint64, fresh bool)
	Reached() int64
	RevisionAt(ctx context.Context, t time.Time) (int64, error)
	RevisionTime(ctx context.Context, revision int64) (time.Time, error)
	RevisionLost(ctx context.Context, revision int64) (bool, error)
	ListEvents(ctx context.Context, q timeline.ListQuery) (timeline.Page, error)
	Event(ctx context.Context, id string, asOf *int64) ([]byte, int64, error)
	Chain(ctx context.Context, id string, depth int, asOf *int64) (docs [][]byte, more bool, err error)
	Chart(ctx context.Context, q timeline.ChartQuery) (timeline.Chart, error)
	Facets(ctx context.Context, f timeline.Filter, bys []string, limit int) ([]timeline.Facet, error)
	Export(ctx context.Context, f timeline.Filter, order timeline.Order, each func(doc []byte) error) error
	HasMeasure(ctx context.Context, name string) (bool, error)
	Measures(ctx context.Context) ([]string, error)
	Datasets(ctx context.Context) ([]timeline.Dataset, error)
	Usage(ctx context.Context, kind string) (map[string]timeline.Usage, error)
	Ready(ctx context.Context) []timeline.Check
	Authenticate(ctx context.Context, key string) (timeline.APIKey, error)
	Create(ctx context.Context, e timeline.Event, by timeline.Author) (timeline.Written, error)
	Put(ctx context.Context, e timeline.Event, pre timeline.Precondition, by timeline.Author) (timeline.Written, error)
	Delete(ctx context.Context, id, reason, mergedInto string, pre timeline.Precondition, by timeline.Author) (timeline.Change, error)
	Import(ctx context.Context, events []timeline.Event, dryRun bool, by timeline.Author) (timeline.ImportResult, error)
	Once(ctx context.Context, keyID int64, key string, bodyHash []byte, do func(ctx context.Context) (timeline.Answer, error)) (timeline.Answer, error)
	History(ctx context.Context, id string, before int64, limit int) (timeline.ChangePage, error)
	Changes(ctx context.Context, after timeline.ChangePosition, limit int) (timeline.ChangePage, error)
}

// Options are what the API is made of.
type Options struct {
	Store          Store
	Spec           []byte // openapi.yaml
	Log            *slog.Logger
	CORSOrigins    []string       // that browsers may read from; "*" for any
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	RateLimit      float64        // requests a second for each address; 0: no limit
	ReadNeedsKey   bool
	Limits         Limits
	Cache          *Cache           // of this API alone; nil: nothing is kept
	Now            func() time.Time // nil: time.Now
	Heartbeat      time.Duration    // of streams that have nothing to tell; 0: 15 s
	WriteBudget    time.Duration    // of a write, from its arrival to its answer; 0: 30 s
	Stop           <-chan struct{}  // closed when the server begins to shut down: streams end; nil: never

	Metrics *telemetry.Metrics   // nil: nothing is counted
	Traces  trace.TracerProvider // nil: no spans
}

type api struct {
	Options
	contract contract
	limits   *limiter[netip.Prefix] // of addresses; nil: none
	keys     *limiter[int64]        // of keys; nil: none
	gates    gates
	bodies   *semaphore.Weighted // bytes of those that are held
	patches  *turns
	pageSize documentSize
	vary     []string // of every answer
	feed     *feed
	looking  singleflight.Group // whether requests can be served
	exports  chan struct{}      // those that are running
	imported atomic.Int64       // events, since the start
	meters   map[string]*telemetry.Route

	files map[string]explorer.File // of the pages
}

// operation is one operation of the contract. HEAD comes with each GET.
type operation struct {
	id         string
	method     string // "": GET
	path       string
	gives      string // media type of its answer
	parameters []parameter
	takes      []string // media types of its body; none: it has no body
	limit      int64    // bytes of its body; see Limits.bound
	scope      string   // that a key must have; "": read, where reading needs a key
	public     bool     // answers without a key and without a limit, whatever the settings
	endless    bool     // its answer is sent while it is made, for as long as that takes
	deprecated *deprecation
	handle     func(*api, *request) (*answer, error)
}

const typeJSON, typeYAML, typeEventStream = "application/json", "application/yaml", "text/event-stream"

// operations are all that is served; a test holds them against openapi.yaml.
var operations = []operation{
	{id: "listEvents", path: "/v1/events", gives: typeJSON, parameters: listParameters, handle: (*api).listEvents},
	{id: "createEvent", method: http.MethodPost, path: "/v1/events", gives: typeJSON, takes: []string{typeJSON}, scope: timeline.ScopeWrite, handle: (*api).createEvent},
	{id: "getEvent", path: "/v1/events/:id", gives: typeJSON, parameters: []parameter{asOfParameter}, handle: (*api).getEvent},
	{id: "putEvent", method: http.MethodPut, path: "/v1/events/:id", gives: typeJSON, takes: []string{typeJSON}, scope: timeline.ScopeWrite, handle: (*api).putEvent},
	{id: "patchEvent", method: http.MethodPatch, path: "/v1/events/:id", gives: typeJSON, takes: []string{typeMergePatch}, scope: timeline.ScopeWrite, handle: (*api).patchEvent},
	{id: "deleteEvent", method: http.MethodDelete, path: "/v1/events/:id", gives: typeJSON, parameters: deleteParameters, scope: timeline.ScopeWrite, handle: (*api).deleteEvent},
	{id: "getEventHistory", path: "/v1/events/:id/history", gives: typeJSON, parameters: historyParameters, handle: (*api).getEventHistory},
	{id: "getEventChain", path: "/v1/events/:id/chain", gives: typeJSON, parameters: chainParameters, handle: (*api).getEventChain},
	{id: "importEvents", method: http.MethodPost, path: "/v1/imports", gives: typeJSON, parameters: importParameters, takes: []string{typeLines, typeJSON}, scope: timeline.ScopeWrite, handle: (*api).importEvents},
	{id: "listChanges", path: "/v1/changes", gives: typeJSON, parameters: changeParameters, handle: (*api).listChanges},
	{id: "streamChanges", path: "/v1/changes/stream", gives: typeEventStream, parameters: streamParameters, endless: true, handle: (*api).streamChanges},
	{id: "getTimeline", path: "/v1/timeline", gives: typeJSON, parameters: timelineParameters, handle: (*api).getTimeline},
	{id: "getFacets", path: "/v1/facets", gives: typeJSON, parameters: facetParameters, handle: (*api).getFacets},
	{id: "listCountries", path: "/v1/countries", gives: typeJSON, handle: (*api).listCountries},
	{id: "listRegions", path: "/v1/regions", gives: typeJSON, handle: (*api).listRegions},
	{id: "listTypes", path: "/v1/types", gives: typeJSON, handle: (*api).listTypes},
	{id: "listDatasets", path: "/v1/datasets", gives: typeJSON, handle: (*api).listDatasets},
	exportOperation("exportEventsNDJSON", "ndjson"),
	exportOperation("exportEventsCSV", "csv"),
	exportOperation("exportEventsGeoJSON", "geojson"),
	exportOperation("exportEventsICS", "ics"),
	exportOperation("exportEventsAtom", "atom"),
	exportOperation("exportEventsParquet", "parquet"),
	exportOperation("exportEventsTimelineJS", "timelinejs.json"),
	exportOperation("exportEventsVis", "vis.json"),
	{id: "getContractYAML", path: "/openapi.yaml", gives: typeYAML, public: true, handle: (*api).getContractYAML},
	{id: "getContractJSON", path: "/openapi.json", gives: typeJSON, public: true, handle: (*api).getContractJSON},
	{id: "getLiveness", path: "/livez", gives: typeJSON, public: true, handle: (*api).getLiveness},
	{id: "getReadiness", path: "/readyz", gives: typeJSON, public: true, handle: (*api).getReadiness},
}

// New makes the handler of the whole API and its pages. Its error is a page that cannot
// be read.
func New(o Options) (http.Handler, error) { return newHandler(o, operations) }

func newHandler(o Options, operations []operation) (http.Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeat
	}
	if o.WriteBudget == 0 {
		o.WriteBudget = writeBudget
	}
	o.Limits = o.Limits.withDefaults()
	a := &api{Options: o, contract: newContract(o.Spec), vary: varies(&o), feed: newFeed(o.Store, o.Log, o.Limits.Streams), exports: make(chan struct{}, o.Limits.Exports)}
	a.limits, a.keys = newLimiter[netip.Prefix]("address", "from this address", o.RateLimit), newLimiter[int64]("key", "with this key", o.Limits.KeyRate)
	a.gates, a.bodies, a.patches = newGates(o.Limits), semaphore.NewWeighted(o.Limits.Bodies), newTurns()
	var err error
	if a.files, err = explorer.Files(); err != nil {
		return nil, err
	}

	a.measure(operations)

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	router.UseRawPath = true          // an id with %2F in it is one segment, and refused as an id
	router.ContextWithFallback = true // a client that hangs up ends its query
	// Not gin's X-Real-Ip, which clients may set where a proxy does not.
	router.RemoteIPHeaders = []string{"X-Forwarded-For"}
	proxies := make([]string, len(o.TrustedProxies))
	for i, p := range o.TrustedProxies {
		proxies[i] = p.String()
	}
	if err := router.SetTrustedProxies(proxies); err != nil { // none by default
		return nil, err
	}
	if o.Traces != nil {
		router.Use(otelgin.Middleware("", otelgin.WithTracerProvider(o.Traces), otelgin.WithPropagators(propagation.TraceContext{})))
	}
	router.Use(a.observe, a.begin, a.recover, a.targetLength)
	router.NoRoute(a.noRoute)
	router.NoMethod(a.noMethod)
	for _, op := range operations {
		handle := a.serve(o.Limits.bound(op))
		if op.method != "" {
			router.Handle(op.method, op.path, handle)
			continue
		}
		router.GET(op.path, handle)
		router.HEAD(op.path, handle)
	}
	for _, p := range pages {
		handle := a.servePage(p)
		router.GET(p.path, handle)
		router.HEAD(p.path, handle)
	}
	rest, err := compressed(router)
	if err != nil || a.Cache == nil || a.ReadNeedsKey || a.Traces != nil { // a key is looked for in the database, spans are made by the router
		return rest, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.hot(w, r) {
			rest.ServeHTTP(w, r)
		}
	}), nil
}
