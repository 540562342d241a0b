package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	tarikh "github.com/tarikh-timeline/tarikh"
)

// stated is what openapi.yaml says of deprecation.
type stated struct {
	Paths map[string]map[string]struct {
		OperationID string `yaml:"operationId"`
		Deprecated  bool
		Parameters  []statedParameter
	}
	Components struct{ Parameters map[string]statedParameter }
}

type statedParameter struct {
	Ref        string `yaml:"$ref"`
	Name, In   string
	Deprecated bool
}

// deprecatedIn lists what a contract calls deprecated: "operation", "operation parameter".
func deprecatedIn(t *testing.T, spec string) []string {
	t.Helper()
	var s stated
	if err := yaml.Unmarshal([]byte(spec), &s); err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, item := range s.Paths {
		for _, op := range item {
			if op.Deprecated {
				found = append(found, op.OperationID)
			}
			for _, p := range op.Parameters {
				if name, isRef := strings.CutPrefix(p.Ref, "#/components/parameters/"); isRef {
					p = s.Components.Parameters[name]
				}
				if p.Deprecated && p.In == "query" {
					found = append(found, op.OperationID+" "+p.Name)
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// deprecatedOf lists the same of the tables.
func deprecatedOf(operations []operation) []string {
	found := []string{}
	for _, op := range operations {
		if op.deprecated != nil {
			found = append(found, op.id)
		}
		for _, p := range op.parameters {
			if p.deprecated != nil {
				found = append(found, op.id+" "+p.name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// TestDeprecationIsThatOfTheContract: exactly what the tables call deprecated is it in
// openapi.yaml.
func TestDeprecationIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	if code, contract := deprecatedOf(operations), deprecatedIn(t, string(tarikh.Spec)); !slices.Equal(code, contract) {
		t.Errorf("the tables call %q deprecated, the contract %q", code, contract)
	}
	for _, op := range operations {
		for _, d := range append([]*deprecation{op.deprecated}, deprecationsOf(op.parameters)...) {
			if d != nil && (d.since.IsZero() || d.about == "" || !d.sunset.IsZero() && d.sunset.Before(d.since.AddDate(0, 12, 0))) {
				t.Errorf("%s: a deprecation needs a date, a page, and a year until its sunset: %+v", op.id, d)
			}
		}
	}
}

func deprecationsOf(parameters []parameter) (found []*deprecation) {
	for _, p := range parameters {
		found = append(found, p.deprecated)
	}
	return found
}

// TestDeprecationIsLookedFor: the test above sees each kind, in a contract that was
// changed for it.
func TestDeprecationIsLookedFor(t *testing.T) {
	t.Parallel()
	spec := string(tarikh.Spec)
	for _, change := range []struct {
		at   string
		want []string
	}{
		{"      operationId: getFacets\n", []string{"getFacets"}},
		{"      name: depth\n", []string{"getEventChain depth"}},
	} {
		if strings.Count(spec, change.at) != 1 {
			t.Fatalf("%q is there %d times", change.at, strings.Count(spec, change.at))
		}
		changed := strings.Replace(spec, change.at, change.at+"      deprecated: true\n", 1)
		if got := deprecatedIn(t, changed); !slices.Equal(got, change.want) {
			t.Errorf("the contract calls %q deprecated, not %q", got, change.want)
		}
	}
	fake := fakeOperation()
	if got := deprecatedOf([]operation{fake}); !slices.Equal(got, []string{"getFake", "getFake older", "getFake oldest"}) {
		t.Errorf("the tables call %q deprecated", got)
	}
}

func fakeOperation() operation {
	day := func(month time.Month) time.Time { return time.Date(2027, month, 1, 0, 0, 0, 0, time.UTC) }
	return operation{
		id: "getFake", path: "/v1/fake", gives: typeJSON,
		deprecated: &deprecation{since: day(2), sunset: day(2).AddDate(2, 0, 0), about: "/docs#fake"},
		parameters: []parameter{
			{name: "new"},
			{name: "older", deprecated: &deprecation{since: day(3), about: "/docs#older"}},
			{name: "oldest", deprecated: &deprecation{since: day(1), sunset: day(1).AddDate(1, 0, 0), about: "/docs#oldest"}},
		},
		handle: func(_ *api, r *request) (*answer, error) {
			if err := r.query.err(); err != nil {
				return nil, err
			}
			if r.ifNoneMatch != "" {
				return &answer{status: http.StatusNotModified}, nil
			}
			return &answer{body: []byte(`{}`), next: "/v1/fake?cursor=x"}, nil
		},
	}
}

// keptOperation is one whose answers are kept in the cache.
func keptOperation() operation {
	op := fakeOperation()
	op.path = "/v1/kept"
	op.handle = func(*api, *request) (*answer, error) {
		return &answer{etag: `"kept"`, cache: revalidated, query: "kept", newest: 1, make: func(*request) (made, error) {
			return made{body: []byte(`{}`), next: "x"}, nil
		}}, nil
	}
	return op
}

// noEvents is a store that knows a revision and nothing else.
type noEvents struct{ Store }

func (noEvents) Known() (revision int64, era uint64, fresh bool) { return 1, 0, true }

func TestDeprecationIsTold(t *testing.T) {
	t.Parallel()
	fresh := fakeOperation()
	fresh.path, fresh.deprecated = "/v1/fresh", nil
	handler, err := newHandler(Options{
		Spec: tarikh.Spec, Log: slog.New(slog.DiscardHandler), CORSOrigins: []string{"*"}, Store: noEvents{}, Cache: NewCache(1 << 20),
	}, []operation{fakeOperation(), fresh, keptOperation()})
	if err != nil {
		t.Fatal(err)
	}
	const keptNext = `</v1/kept?cursor=x>; rel="next"`
	const next, older, oldest, fake = `</v1/fake?cursor=x>; rel="next"`, `</docs#older>; rel="deprecation"; type="text/html"`, `</docs#oldest>; rel="deprecation"; type="text/html"`, `</docs#fake>; rel="deprecation"; type="text/html"`
	for _, test := range []struct {
		target              string
		headers             http.Header
		status              int
		deprecation, sunset string
		links               []string
	}{
		{"/v1/fresh", nil, 200, "", "", []string{next}},
		{"/v1/fresh?new=1", nil, 200, "", "", []string{next}},
		{"/v1/fresh?older=1", nil, 200, "@1803859200", "", []string{older, next}},
		{"/v1/fresh?older=1&oldest=1", nil, 200, "@1798761600", "Sat, 01 Jan 2028 00:00:00 GMT", []string{older, oldest, next}},
		{"/v1/fake", nil, 200, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake, next}},
		{"/v1/fake", http.Header{"If-None-Match": {"*"}}, 304, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake}},
		{"/v1/fake?oldest=1", nil, 200, "@1798761600", "Sat, 01 Jan 2028 00:00:00 GMT", []string{fake, oldest, next}},
		{"/v1/kept", nil, 200, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake, keptNext}},
		{"/v1/kept", nil, 200, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake, keptNext}}, // out of the cache
		{"/v1/kept", http.Header{"If-None-Match": {`"kept"`}}, 304, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake}},
		{"/v1/kept", nil, 200, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake, keptNext}},
		{"/v1/fake?wrong=1", nil, 400, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake}},
		{"/v1/fake", http.Header{"Accept": {"text/html"}}, 406, "@1801440000", "Thu, 01 Feb 2029 00:00:00 GMT", []string{fake}},
	} {
		request := httptest.NewRequest(http.MethodGet, test.target, http.NoBody)
		request.Header = test.headers.Clone()
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		h := recorder.Result().Header
		if recorder.Code != test.status || h.Get("Deprecation") != test.deprecation || h.Get("Sunset") != test.sunset || !slices.Equal(h.Values("Link"), test.links) {
			t.Errorf("%s %v: %d with Deprecation %q, Sunset %q, Link %q", test.target, test.headers, recorder.Code, h.Get("Deprecation"), h.Get("Sunset"), h.Values("Link"))
		}
	}
}
