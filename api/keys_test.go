package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// write sends an event with a key and gives the status.
func (p *instance) write(t *testing.T, id, key string) int {
	t.Helper()
	const body = `{"dataset":"sahel","type":"other","date":{"edtf":"2021"},"title":{"en":"x"},"sources":[{"title":"s","language":"en"}]}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.base+"/v1/events/"+id, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

var keyShape = regexp.MustCompile(`^tarikh_[A-Za-z0-9_-]{43}\n$`)

// TestKeys: a key is printed alone, writes as its scope allows, is listed without
// itself, and ends when it is revoked.
func TestKeys(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.New(t), "TARIKH_SEED=sahel"}
	if got := runProgram(t, env, "keys", "list"); got.code != 0 || !strings.Contains(got.out, "There are no keys") {
		t.Errorf("%+v", got)
	}
	made := map[string]string{}
	for _, scope := range []string{"read", "write", "admin"} {
		got := runProgram(t, env, "keys", "create", "--name", "the "+scope+"r", "--scope", scope)
		if got.code != 0 || !keyShape.MatchString(got.out) || strings.Contains(got.errs, strings.TrimSpace(got.out)) {
			t.Fatalf("%+v", got)
		}
		made[scope] = strings.TrimSpace(got.out)
	}
	p := startServing(t, env)
	for scope, want := range map[string]int{"read": 403, "write": 201, "admin": 201} {
		if got := p.write(t, scope, made[scope]); got != want {
			t.Errorf("the key with the scope %s: %d, want %d", scope, got, want)
		}
	}
	list := runProgram(t, env, "keys", "list").out
	for scope, key := range made {
		if strings.Contains(list, key) || !regexp.MustCompile(`(?m)^\d+ +the `+scope+`r +`+scope+` +20`).MatchString(list) {
			t.Errorf("%s in\n%s", scope, list)
		}
	}
	if got := runProgram(t, env, "keys", "revoke", "2"); got.code != 0 || got.out != "revoked key 2 of the writer\n" {
		t.Errorf("%+v", got)
	}
	if got := p.write(t, "again", made["write"]); got != 401 {
		t.Errorf("a revoked key: %d", got)
	}
	for message, args := range map[string]string{
		"there is no key 2 in force; `api keys list` shows them": "keys revoke 2",
		"there is no key 9 in force; `api keys list` shows them": "keys revoke 9",
	} {
		refuses(t, message, env, strings.Fields(args)...)
	}
	refuses(t, "--name must be 1 to 100 printable characters, such as --name newsroom", env, "keys", "create", "--name", " ")
}

// TestAStreamDoesNotHoldTheProgram: it ends at once when the program is told to, though
// somebody follows the changes.
func TestAStreamDoesNotHoldTheProgram(t *testing.T) {
	t.Parallel()
	p := startServing(t, []string{"DATABASE_URL=" + pgtest.New(t)})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/v1/changes/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	p.signal(syscall.SIGTERM)
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatal("the program waits for the stream")
	}
	if said := p.errs.String(); strings.Contains(said, "were cut") || p.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("it ended with %v:\n%s", p.cmd.ProcessState, said)
	}
}
