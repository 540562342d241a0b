package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/render"
)

// TestExportFlagsAreTheParameters: every parameter of an export is a flag, every
// format can be asked for, and what is typed reaches the API as it is.
func TestExportFlagsAreTheParameters(t *testing.T) {
	t.Parallel()
	args := []string{}
	for i, name := range httpapi.ExportParameters() {
		if i%2 == 0 {
			name = strings.ReplaceAll(name, "_", "-")
		}
		args = append(args, "--"+name+"=a,b", "--"+name+"=")
	}
	for _, format := range render.FormatNames() {
		var c exportCmd
		parser, err := kong.New(&c, kong.Exit(func(int) {}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append(args, "--format="+format)); err != nil {
			t.Fatal(err)
		}
		values := c.values()
		for _, name := range httpapi.ExportParameters() {
			if !slices.Equal(values[name], []string{"a,b", ""}) {
				t.Errorf("%s is %q", name, values[name])
			}
			delete(values, name)
		}
		if len(values) > 0 || c.Format != format {
			t.Errorf("%s: flags of no parameter: %v", c.Format, values)
		}
	}
}

// exportTo runs an export that a handler answers.
func exportTo(t *testing.T, ctx context.Context, name string, handler http.HandlerFunc) (stdout, errs string, err error) {
	t.Helper()
	var out, told bytes.Buffer
	e := exporting{
		command: exportCmd{Format: "csv", Output: name, exportFilters: exportFilters{Country: []string{"ML", "NE"}}},
		store:   &countingStore{progress: newProgress(&told)}, handler: handler, errs: &told,
	}
	o, err := openOutput(name, &out)
	if err != nil {
		return "", "", err
	}
	if err = e.run(ctx, o); err != nil {
		if left := o.discard(); left != nil {
			t.Error(left)
		}
	} else {
		err = o.keep()
	}
	return out.String(), told.String(), err
}

func TestExportToAFileIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		handler http.HandlerFunc
		err     string // "": the file is written
	}{
		"whole": {handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.String() != "/v1/events.csv?country=ML&country=NE" {
				t.Errorf("asked for %s", r.URL)
			}
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "new")
		}},
		"empty": {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }},
		"cut": {err: "broke off", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "new")
			panic(http.ErrAbortHandler)
		}},
		"interrupted": {ctx: cancelled, err: "interrupted", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "new")
			panic(http.ErrAbortHandler)
		}},
		"refused": {err: "these flags are wrong:\n  --country-match cannot be \"x\" (did you mean any?)", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"detail":"d","errors":[{"parameter":"country_match","detail":"cannot be \"x\"","suggestion":"any"}]}`)
		}},
		"down": {err: "The database cannot be reached.", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"detail":"The database cannot be reached.","errors":[]}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := c.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			folder := t.TempDir()
			file := filepath.Join(folder, "events.csv")
			if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, errs, err := exportTo(t, ctx, file, c.handler)
			text, readErr := os.ReadFile(file)
			left, globErr := filepath.Glob(filepath.Join(folder, "*"))
			if readErr != nil || globErr != nil || len(left) != 1 || stdout != "" {
				t.Fatalf("%v %v: %v is left, on standard output %q", readErr, globErr, left, stdout)
			}
			want := map[string]string{"whole": "new", "empty": ""}[name]
			if c.err != "" {
				want = "old"
			}
			if string(text) != want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("the file is %q, want %q; error %v", text, want, err)
			}
			if told := strings.Contains(errs, "events read"); told != (c.err == "") {
				t.Errorf("it tells %q", errs)
			}
		})
	}
}

func TestExportToStandardOutput(t *testing.T) {
	t.Parallel()
	stdout, errs, err := exportTo(t, t.Context(), "-", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") })
	if stdout != "text" || errs != "" || err != nil {
		t.Errorf("%q %q %v", stdout, errs, err)
	}
}

func TestExportToWhatIsNoFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, _, err := exportTo(t, t.Context(), folder, nil); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("to a folder: %v", err)
	}
	if _, _, err := exportTo(t, t.Context(), filepath.Join(folder, "no", "file"), nil); err == nil {
		t.Error("to a folder that is not there")
	}
	text := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") }
	if _, _, err := exportTo(t, t.Context(), os.DevNull, text); err != nil {
		t.Errorf("to a device: %v", err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device was replaced: %v %v", info, err)
	}
}
