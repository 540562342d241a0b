package httpapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tarikh-timeline/tarikh/internal/explorer"
)

// page is a path that gives a file for people. Pages are no operations of the
// contract: clients are not generated for them.
type page struct {
	path   string
	file   string // of the explorer; "": the one that the path's {name} names
	framed bool   // other sites may show it in a frame
}

// pages are served beside the operations, on the same rules for methods, Accept and
// validators, without a key and without a limit.
var pages = []page{
	{path: "/", file: explorer.PageExplorer},
	{path: "/embed", file: explorer.PageExplorer, framed: true},
	{path: "/docs", file: explorer.PageDocs},
	{path: "/favicon.svg", file: explorer.Favicon},
	{path: "/licences.txt", file: explorer.Licences},
	{path: "/assets/:name"},
}

// pagePolicy lets a page use this server's own files and API, and nothing else: no
// code within the page, no other host, no text that becomes code.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors "

// servePage sends a page's file.
func (a *api) servePage(p page) gin.HandlerFunc {
	return func(c *gin.Context) {
		name := p.file
		if name == "" {
			name = "assets/" + c.Param("name")
		}
		f, ok := a.files[name]
		if !ok {
			a.noRoute(c)
			return
		}
		given, err := a.pageAnswer(c.Request, f)
		if err != nil {
			a.fail(c, err)
			return
		}
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", pagePolicy+"'none'")
		if p.framed {
			h.Set("Content-Security-Policy", pagePolicy+"*")
			h.Del("X-Frame-Options")
		}
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if given.encoding != "" && given.status == 0 {
			h.Set("Content-Encoding", given.encoding)
		}
		a.write(c, operation{gives: f.Type, public: true}, &given.answer)
	}
}

// fileAnswer is an answer in the encoding that the client takes.
type fileAnswer struct {
	answer
	encoding string
}

func (a *api) pageAnswer(r *http.Request, f explorer.File) (*fileAnswer, error) {
	kind, _, _ := strings.Cut(f.Type, ";")
	if !accepts(r.Header.Values("Accept"), kind) {
		return nil, &httpError{status: http.StatusNotAcceptable, code: "not_acceptable", place: "Accept", detail: "This path gives " + kind + " alone; the API lies under /v1/."}
	}
	given := fileAnswer{answer: answer{body: f.Plain, etag: `"` + f.Digest + `"`, cache: pageRevalidated}}
	if f.Hashed {
		given.cache = immutable
	}
	if f.Gzip != nil && takesGzip(r.Header.Values("Accept-Encoding")) {
		given.body, given.etag, given.encoding = f.Gzip, `"`+f.Digest+gzipSuffix+`"`, "gzip"
	}
	asked := request{ifNoneMatch: r.Header.Get("If-None-Match")}
	if same := asked.unchanged(given.etag, given.cache); same != nil {
		given.answer = *same
	}
	return &given, nil
}

// takesGzip tells whether the Accept-Encoding headers admit gzip. No header admits
// only what is not compressed: who says nothing, such as a plain curl, may not
// unpack.
func takesGzip(headers []string) bool {
	if strings.TrimSpace(strings.Join(headers, ",")) == "" {
		return false
	}
	named := make([]string, 0, len(headers))
	for _, h := range headers { // codings look like ranges of one kind to accepts
		for item := range strings.SplitSeq(h, ",") {
			named = append(named, "coding/"+strings.TrimSpace(item))
		}
	}
	return accepts(named, "coding/gzip")
}
