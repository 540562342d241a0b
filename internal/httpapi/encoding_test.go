package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestEncodingsAreChosenAsByTheCompressor: kept answers come in the encoding that the
// compressor of all others would have taken.
func TestEncodingsAreChosenAsByTheCompressor(t *testing.T) {
	t.Parallel()
	other, err := compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typeJSON)
		_, _ = io.WriteString(w, strings.Repeat("a", 2*minCompressed))
	}))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"gzip", "zstd", " GZip", "zSTD ", "br", "*", "identity", ""}).Draw(t, "coding") +
				rapid.SampledFrom([]string{"", "", ";q=0", "; q=0.5", ";Q=1", ";q=2", ";q=-1", ";q=much", ";a=b;q=0.1", ";q", ";"}).Draw(t, "quality")
		})
		request := httptest.NewRequest(rapid.SampledFrom([]string{http.MethodGet, http.MethodHead}).Draw(t, "method"), "/", nil)
		for _, header := range rapid.SliceOfN(rapid.Map(rapid.SliceOfN(item, 0, 4), func(items []string) string { return strings.Join(items, ",") }), 0, 2).Draw(t, "headers") {
			request.Header.Add("Accept-Encoding", header)
		}
		recorder := httptest.NewRecorder()
		other.ServeHTTP(recorder, request)
		if got, want := encodingNames[encodingOf(request)], recorder.Header().Get("Content-Encoding"); got != want {
			t.Fatalf("%q for %q; the compressor takes %q", got, request.Header["Accept-Encoding"], want)
		}
	})
}
