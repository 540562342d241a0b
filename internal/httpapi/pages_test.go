package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
)

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors "

// fetch asks for a page, which is no operation of the contract.
func (s service) fetch(t testing.TB, method, target string, headers ...string) result {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return result{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

// asset finds a hashed file that the explorer's page names.
func (s service) asset(t testing.TB) string {
	t.Helper()
	found := regexp.MustCompile(`/assets/[A-Za-z0-9._-]+\.js`).Find(s.fetch(t, http.MethodGet, "/").body)
	if found == nil {
		t.Fatal("the explorer's page names no script")
	}
	return string(found)
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, c := range []struct{ path, kind, cache, ancestors string }{
		{"/", "text/html; charset=utf-8", "public, no-cache", "'none'"},
		{"/?country=ML&lanes=type", "text/html; charset=utf-8", "public, no-cache", "'none'"},
		{"/embed?country=ML", "text/html; charset=utf-8", "public, no-cache", "*"},
		{"/docs", "text/html; charset=utf-8", "public, no-cache", "'none'"},
		{"/favicon.svg", "image/svg+xml", "public, no-cache", "'none'"},
		{"/licences.txt", "text/plain; charset=utf-8", "public, no-cache", "'none'"},
		{s.asset(t), "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "'none'"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			plain := s.fetch(t, http.MethodGet, c.path)
			for name, want := range map[string]string{
				"Content-Type": c.kind, "Cache-Control": c.cache, "Content-Security-Policy": pagePolicy + c.ancestors,
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Encoding": "", "Vary": "Accept-Encoding",
				"Permissions-Policy": "camera=(), geolocation=(), microphone=()",
			} {
				if got := plain.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if plain.status != http.StatusOK || len(plain.body) == 0 {
				t.Fatalf("%d with %d bytes", plain.status, len(plain.body))
			}
			packed := s.fetch(t, http.MethodGet, c.path, "Accept-Encoding", "br, gzip;q=0.8")
			if packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("ETag") == plain.header.Get("ETag") {
				t.Errorf("packed: %v", packed.header)
			}
			r, err := gzip.NewReader(bytes.NewReader(packed.body))
			if err != nil {
				t.Fatal(err)
			}
			if unpacked, err := io.ReadAll(r); err != nil || !bytes.Equal(unpacked, plain.body) {
				t.Errorf("what was packed is not what is plain: %v", err)
			}
			if head := s.fetch(t, http.MethodHead, c.path); head.status != http.StatusOK || head.header.Get("Content-Length") != plain.header.Get("Content-Length") || head.header.Get("ETag") != plain.header.Get("ETag") {
				t.Errorf("HEAD: %d, %v", head.status, head.header)
			}
			for _, tag := range []string{plain.header.Get("ETag"), packed.header.Get("ETag"), "W/" + plain.header.Get("ETag")} {
				again := s.fetch(t, http.MethodGet, c.path, "If-None-Match", tag, "Accept-Encoding", "gzip")
				if again.status != http.StatusNotModified || len(again.body) != 0 || again.header.Get("Content-Encoding") != "" || again.header.Get("Cache-Control") != c.cache {
					t.Errorf("If-None-Match %s: %d, %d bytes, %v", tag, again.status, len(again.body), again.header)
				}
			}
		})
	}
}

func TestPagesRefuse(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, c := range []struct {
		name, method, path string
		headers            []string
		status             int
		code               string
	}{
		{"an unknown asset", "GET", "/assets/none.js", nil, 404, "not_found"},
		{"a way out of the assets", "GET", "/assets/..%2Findex.html", nil, 404, "not_found"},
		{"the page's own file name", "GET", "/index.html", nil, 404, "not_found"},
		{"a page below a page", "GET", "/docs/x", nil, 404, "not_found"},
		{"a slash behind a page", "GET", "/embed/", nil, 404, "not_found"},
		{"writing to a page", "POST", "/", nil, 405, "method_not_allowed"},
		{"JSON from a page", "GET", "/", []string{"Accept", "application/json"}, 406, "not_acceptable"},
		{"HTML from the API", "GET", "/v1/events", []string{"Accept", "text/html"}, 406, "not_acceptable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := s.fetch(t, c.method, c.path, c.headers...)
			if p := r.problem(t); r.status != c.status || p.Code != c.code {
				t.Errorf("%d %s: %s", r.status, p.Code, r.body)
			}
			if policy := r.header.Get("Content-Security-Policy"); policy != "default-src 'none'; frame-ancestors 'none'" {
				t.Errorf("a problem has the policy %q", policy)
			}
		})
	}
}

// TestPagesNeedNoKey: who may not read the data gets the page that asks for a key.
func TestPagesNeedNoKey(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *httpapi.Options) { o.ReadNeedsKey = true })
	for _, path := range []string{"/", "/docs", "/openapi.json"} {
		if r := s.fetch(t, http.MethodGet, path); r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Cache-Control"), "public") {
			t.Errorf("%s: %d, %v", path, r.status, r.header)
		}
	}
	if r := s.fetch(t, http.MethodGet, "/v1/events"); r.status != http.StatusUnauthorized {
		t.Errorf("the data: %d", r.status)
	}
}
