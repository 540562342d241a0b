// Package contracttest holds answers against openapi.yaml in tests: every answer of
// the handlers goes through a validator with format assertions in strict mode, so
// that neither an undeclared status nor an undeclared property passes.
package contracttest

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	tarikh "github.com/tarikh-timeline/tarikh"
)

// Contract is openapi.yaml, read once for all tests of a package.
type Contract struct {
	Model     *v3.Document
	validator validator.Validator
	schemas   schema_validation.SchemaValidator
	mu        sync.Mutex // the validator fills caches of its own as it goes
	answers   atomic.Uint64
}

var load = sync.OnceValues(func() (*Contract, error) {
	options := []config.Option{config.WithFormatAssertions(), config.WithStrictMode(), config.WithoutSecurityValidation(),
		// Maps: their keys are open, which strict mode takes for undeclared properties.
		// Their values are held against the schema all the same.
		config.WithStrictIgnorePaths(append(maps("title", "summary", "description", "name", "measures", "attributes"),
			"$.body.facets[*].values[*].label.*", "$.body.groups[*].label.*")...), // the label of a date is none: its keys are closed
		// What HTTP itself and middleware add to every answer.
		config.WithStrictIgnoredHeadersExtra("vary", "x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy",
			"cross-origin-resource-policy", "access-control-allow-origin", "access-control-expose-headers", "retry-after",
			"cache-control", "x-request-id", "server-timing", "etag", "allow", "www-authenticate")}
	document, err := libopenapi.NewDocument(tarikh.Spec)
	if err != nil {
		return nil, err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document, options...)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return &Contract{Model: &model.Model, validator: v, schemas: schema_validation.NewSchemaValidator(options...)}, nil
})

// maps gives the paths of what lies in properties of these names, at any depth.
func maps(names ...string) []string {
	var paths []string
	for _, name := range names {
		paths = append(paths, "$.body."+name+".*", "$.body.**."+name+".*")
	}
	return paths
}

// Load gives the contract.
func Load(t testing.TB) *Contract {
	t.Helper()
	c, err := load()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	return c
}

// Check holds an answer against the operation that the request went to. Answers of
// paths and methods that the contract does not have must be problems.
func (c *Contract) Check(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	if c.answers.Add(1)%everyNth != 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode >= 400 && mediaType != "application/problem+json" {
		t.Errorf("%s %s: %d as %q; want a problem", request.Method, request.URL, response.StatusCode, mediaType)
	}
	if request.Method == http.MethodHead || response.StatusCode == http.StatusNoContent { // nothing to look at
		return
	}
	if response.StatusCode == http.StatusMethodNotAllowed || c.operation(request) == nil {
		c.problem(t, request, body)
		return
	}
	if response.StatusCode == http.StatusMovedPermanently || response.StatusCode == http.StatusNotModified {
		if len(body) > 0 {
			t.Errorf("%s %s: %d with a body", request.Method, request.URL, response.StatusCode)
		}
		return
	}
	if strings.HasPrefix(request.URL.Path, "/openapi.") { // the contract itself, of any form
		return
	}
	if mediaType == "application/x-ndjson" { // the validator takes it for one JSON value
		for line := range bytes.Lines(body) {
			c.holds(t, request, "Event", line)
		}
		return
	}
	copied := *response
	copied.Body = io.NopCloser(bytes.NewReader(body))
	if ok, faults := c.validator.ValidateHttpResponse(request, &copied); !ok {
		for _, f := range faults {
			t.Errorf("%s %s: %d is not as the contract says: %s: %s %v\n%s", request.Method, request.URL, response.StatusCode, f.Message, f.Reason, f.SchemaValidationErrors, body[:min(len(body), 500)])
		}
	}
}

// problem holds a body against the schema of problems.
func (c *Contract) problem(t testing.TB, request *http.Request, body []byte) {
	t.Helper()
	c.holds(t, request, "Problem", body)
}

// holds holds a JSON value against a schema of the contract.
func (c *Contract) holds(t testing.TB, request *http.Request, name string, value []byte) {
	t.Helper()
	var schema *base.Schema
	if proxy, ok := c.Model.Components.Schemas.Get(name); ok {
		schema = proxy.Schema()
	}
	if schema == nil {
		t.Fatalf("the contract has no schema %s", name)
	}
	if ok, faults := c.schemas.ValidateSchemaStringWithVersion(schema, string(value), 3.0); !ok {
		for _, f := range faults {
			t.Errorf("%s %s: not as %s in the contract: %s: %s\n%s", request.Method, request.URL, name, f.Message, f.Reason, value)
		}
	}
}

// Allows tells whether a schema of the contract allows a document.
func (c *Contract) Allows(t testing.TB, name string, document []byte) bool {
	t.Helper()
	proxy, ok := c.Model.Components.Schemas.Get(name)
	if !ok {
		t.Fatalf("the contract has no schema %s", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed, _ := c.schemas.ValidateSchemaStringWithVersion(proxy.Schema(), string(document), 3.0)
	return allowed
}

// operation finds the operation that a request goes to.
func (c *Contract) operation(request *http.Request) *v3.Operation {
	asked := strings.Split(request.URL.EscapedPath(), "/")
	for path, item := range c.Model.Paths.PathItems.FromOldest() {
		parts := strings.Split(path, "/")
		operation := item.GetOperations().GetOrZero(strings.ToLower(request.Method))
		if len(parts) != len(asked) || operation == nil {
			continue
		}
		same := true
		for i, p := range parts {
			same = same && (p == asked[i] || strings.HasPrefix(p, "{") && asked[i] != "")
		}
		if same {
			return operation
		}
	}
	return nil
}
