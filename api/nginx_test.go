package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// front is an nginx with the file of the documentation before an instance.
func front(t *testing.T, p *instance) *instance {
	t.Helper()
	path := program(t, "nginx", "nginx-light")
	text, err := os.ReadFile("../docs/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tarikh-nginx-*") // not TempDir: nginx' workers are another account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	config := string(text)
	address := programtest.FreeAddress(t)
	for here, instead := range map[string]string{"listen 80;": "listen " + address + ";", "server 127.0.0.1:8080;": "server " + strings.TrimPrefix(p.base, "http://") + ";"} {
		if strings.Count(config, here) != 1 {
			t.Fatalf("docs/nginx.conf has %q not once", here)
		}
		config = strings.Replace(config, here, instead, 1)
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-p", dir, "-c", file, "-e", "stderr", "-g", "daemon off;")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said programtest.Output
	cmd.Stdout, cmd.Stderr = &said, &said
	startBeside(t, cmd)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nginx said %s", said.String())
		}
	})
	f := &instance{base: "http://" + address}
	eventually(t, "nginx answers", func() bool { _, err := f.try("/livez"); return err == nil })
	return f
}

// plain asks without a wish for compression of the client's own.
func (p *instance) plain(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return p.get(t, path, append(headers, "Accept-Encoding: identity")...)
}

// notFresh is longer than the documented cache gives an answer without asking: 1 s, and
// 3 s more while it asks, in whole seconds, which may be one more.
const notFresh = 5*time.Second + 500*time.Millisecond

func TestACacheOfNginxBefore(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_SEED=sahel"}
	p := startServing(t, env)
	key := writingKey(t, env)
	f := front(t, p)
	const list, one, past = "/v1/events?limit=500", "/v1/events/ml-coup-2021", "/v1/events?as_of=1&limit=500"
	direct := map[string]reply{}
	for _, path := range []string{list, one, past} {
		direct[path] = p.plain(t, path)
		for i, want := range []string{"MISS", "HIT"} {
			r := f.plain(t, path)
			if r.status != http.StatusOK || r.body != direct[path].body || r.header.Get("X-Cache") != want {
				t.Errorf("%d. %s: %s, and answers %+v", i, path, want, r)
			}
			for _, name := range []string{"Cache-Control", "ETag", "Content-Type", "Vary"} {
				if got := r.header.Values(name); strings.Join(got, "|") != strings.Join(direct[path].header.Values(name), "|") {
					t.Errorf("%s: the client is told %s: %q, not %q", path, name, got, direct[path].header.Values(name))
				}
			}
			if r.header.Get("X-Api-Cache-Control") != "" {
				t.Error("an inner header gets out")
			}
		}
	}
	if got := f.plain(t, past).header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("the past may be kept %q", got)
	}
	// The client's own copy still stands.
	if r := f.plain(t, list, "If-None-Match: "+direct[list].header.Get("ETag")); r.status != http.StatusNotModified || r.body != "" {
		t.Errorf("%+v", r)
	}
	if r := f.plain(t, list, key); r.header.Get("X-Cache") != "BYPASS" {
		t.Errorf("what a key was shown for comes from the cache: %+v", r)
	}
	variants(t, f, list, direct[list].body)

	// A write: when the time that the headers allow is over, nothing stale is given.
	if r, err := p.ask(http.MethodPost, "/v1/events", written("added"), key); err != nil || r.status != http.StatusCreated {
		t.Fatalf("%+v, %v", r, err)
	}
	time.Sleep(notFresh)
	for path, want := range map[string]string{list: "EXPIRED", one: "REVALIDATED", past: "HIT"} {
		now := p.plain(t, path)
		if r := f.plain(t, path); r.body != now.body || r.header.Get("ETag") != now.header.Get("ETag") || r.header.Get("X-Cache") != want {
			t.Errorf("after a write %s is answered %s, with %s: %s", path, r.header.Get("X-Cache"), r.header.Get("ETag"), r.body)
		}
	}
	if r := f.plain(t, list); r.header.Get("X-Cache") != "HIT" || !strings.Contains(r.body, `"id":"added"`) {
		t.Errorf("%+v", r)
	}
	if n := strings.Count(p.errs.String(), `"status":304`) + strings.Count(p.errs.String(), "status=304"); n == 0 {
		t.Error("the API was never asked whether what is stored still stands")
	}
	// Through the cache itself, and the stream without delay.
	stream := follow(t, f, "/v1/changes/stream?after=2")
	if r, err := f.ask(http.MethodPost, "/v1/events", written("through"), key); err != nil || r.status != http.StatusCreated {
		t.Fatalf("%+v, %v", r, err)
	}
	eventually(t, "the stream comes through", func() bool { return stream.has("through") })

	// Nobody answers: what is stored is given for ten minutes, and nothing else.
	p.stop(t, syscall.SIGTERM)
	time.Sleep(notFresh)
	for _, path := range []string{list, one, past} {
		r := f.plain(t, path)
		if want := map[bool]string{true: "HIT", false: "STALE"}[path == past]; r.status != http.StatusOK || r.header.Get("X-Cache") != want {
			t.Errorf("while the API is away %s is answered with %d, %s", path, r.status, r.header.Get("X-Cache"))
		}
	}
	if r := f.plain(t, "/v1/events?limit=7"); r.status != http.StatusBadGateway {
		t.Errorf("what is not stored is answered with %d", r.status)
	}
}

// variants asks in turns for what is compressed and what is not.
func variants(t *testing.T, f *instance, path, body string) {
	t.Helper()
	for range 3 {
		for accepted, want := range map[string]string{"gzip": "gzip", "gzip, deflate, br, zstd": "gzip", "identity": "", "zstd": ""} {
			r := f.get(t, path, "Accept-Encoding: "+accepted)
			if got := r.header.Get("Content-Encoding"); got != want {
				t.Fatalf("who accepts %q gets %q", accepted, got)
			}
			text := r.body
			if want == "gzip" {
				opened, err := gzip.NewReader(bytes.NewReader([]byte(text)))
				if err != nil {
					t.Fatal(err)
				}
				all, err := io.ReadAll(opened)
				if err != nil {
					t.Fatal(err)
				}
				text = string(all)
			}
			if text != body {
				t.Errorf("who accepts %q gets %s", accepted, text)
			}
		}
	}
}
