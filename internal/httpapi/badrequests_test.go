package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/badrequests"
	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/seed"
)

const leastBadRequests = 500

// TestCorpusOfBadRequests: each gets the stated problem, which names the place and tells
// nothing of the inside; none stores anything.
func TestCorpusOfBadRequests(t *testing.T) {
	t.Parallel()
	requests, err := badrequests.Load(os.DirFS("testdata/badrequests"))
	if err != nil || len(requests) < leastBadRequests {
		t.Fatalf("%d bad requests, %v", len(requests), err)
	}
	names := map[string]bool{}
	for _, r := range requests {
		if names[r.Name] {
			t.Errorf("two are called %q", r.Name)
		}
		names[r.Name] = true
	}
	s, url := newsroomAt(t)
	s.write(t, "POST", "/v1/events", small("gone", "2020")).want(t, 201)
	s.write(t, "DELETE", "/v1/events/gone?reason=A+test", "", "If-Match", "*").want(t, 200)
	s.write(t, "POST", "/v1/events", small("used", "2020"), "Idempotency-Key", "used").want(t, 201)
	id, err := s.store.CreateKey(t.Context(), "revoked", []string{"write"}, "key-of-revoked")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.RevokeKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{"read": "key-of-read", "write": "key-of-write", "revoked": "key-of-revoked"}
	cursor := *s.get(t, "/v1/events?limit=1").page(t).Page.NextCursor
	before := s.everything(t, url)
	asked := map[string]bool{}
	t.Run("each", func(t *testing.T) {
		for _, r := range requests {
			f := r.Fill(keys, cursor)
			asked[f.Method+" "+operationOf(f.Target)] = true
			t.Run(r.Name, func(t *testing.T) {
				t.Parallel()
				status, header, body := s.fire(t, f)
				if wrong := r.Check(status, header.Get("Content-Type"), body); wrong != "" {
					t.Fatal(wrong)
				}
				if told := inside(body); told != "" {
					t.Errorf("tells of the inside (%s): %.500s", told, body)
				}
			})
		}
	})
	for _, operation := range httpapi.Operations() {
		if !asked[operation] {
			t.Errorf("no bad request asks for %s", operation)
		}
	}
	if after := s.everything(t, url); after != before {
		t.Errorf("something was stored:\n%s\nwas\n%s", after, before)
	}
}

// newsroomAt is newsroom, with the address of its database.
func newsroomAt(t *testing.T) (service, string) {
	t.Helper()
	url := pgtest.New(t)
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	dataset, events, err := seed.Sahel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateDataset(t.Context(), dataset, events, author); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{"read", "write"} {
		if _, err := store.CreateKey(t.Context(), scope+"r", []string{scope}, "key-of-"+scope); err != nil {
			t.Fatal(err)
		}
	}
	return service{handlerOf(t, store), store}, url
}

// fire sends a request whose target need not be a URL that Go would write.
func (s service) fire(t *testing.T, f badrequests.Filled) (int, http.Header, []byte) {
	t.Helper()
	target, err := url.ParseRequestURI(f.Target)
	if err != nil {
		t.Fatalf("net/http itself would refuse %.100q: %v", f.Target, err)
	}
	request := httptest.NewRequestWithContext(t.Context(), f.Method, "/", bytes.NewReader(f.Body))
	request.URL, request.RequestURI = target, f.Target
	request.Header = f.Header.Clone()
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	response := recorder.Result()
	body := recorder.Body.Bytes()
	if target.Host == "" {
		contracttest.Load(t).Check(t, request, response, body)
	}
	return response.StatusCode, response.Header, body
}

// everything is all that the database holds, and what an export gives.
func (s service) everything(t *testing.T, address string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range tables {
		what := "t"
		if table == "api_key" { // the use of a key is noted once a minute
			what = "(t.id, t.name, t.scopes, t.hash, t.created_at, t.revoked_at)"
		}
		var digest string
		if err := conn.QueryRow(t.Context(), `SELECT count(*) || ' ' || coalesce(md5(string_agg(`+what+`::text, E'\n' ORDER BY `+what+`::text)), '') FROM `+pgx.Identifier{table}.Sanitize()+` t`).Scan(&digest); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		b.WriteString(table + " " + digest + "\n")
	}
	for _, format := range []string{"ndjson", "csv"} {
		b.Write(s.get(t, "/v1/events."+format).want(t, 200).body)
	}
	return b.String()
}

// operationOf gives the path of the contract that a target goes to.
func operationOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	parts := strings.Split(path, "/")
	if len(parts) >= 4 && parts[1] == "v1" && parts[2] == "events" {
		parts[3] = "{id}"
	}
	return strings.Join(parts, "/")
}

// inside gives a word of the body that tells of SQL, Go or files; "": none.
func inside(body []byte) string {
	words := []string{"SQL", "SELECT ", "INSERT ", "pgx", "pgconn", "goroutine", ".go:", "runtime.", "panic", "postgres:", "/internal/", "/home/", "/root/", "/var/", "/usr/", "(0x", "nil pointer", "context deadline", "SQLSTATE", "relation \"", "dial tcp"}
	i := slices.IndexFunc(words, func(w string) bool { return bytes.Contains(body, []byte(w)) })
	if i < 0 {
		return ""
	}
	return words[i]
}

// TestRevisionsNameTheirKey: the log of revisions has the name of the key that wrote.
func TestRevisionsNameTheirKey(t *testing.T) {
	t.Parallel()
	s, url := newsroomAt(t)
	if _, err := s.store.CreateKey(t.Context(), "second", []string{"write"}, "key-of-second"); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for n, key := range []string{"writer", "second", "writer"} {
		secret := map[string]string{"writer": "key-of-write", "second": "key-of-second"}[key]
		s.write(t, "POST", "/v1/events", small(fmt.Sprintf("named-%d", n), "2021"), "Authorization", "Bearer "+secret).want(t, 201)
		var named string
		if err := conn.QueryRow(t.Context(), `SELECT key_name FROM revision_log ORDER BY revision DESC LIMIT 1`).Scan(&named); err != nil || named != key {
			t.Errorf("a write by %q is logged as one by %q, %v", key, named, err)
		}
	}
}
