// Command badrequests puts the corpus of bad requests to a running server: each must get
// the stated problem, and nothing may be stored. The data set sahel must be there.
//
//	go run ./bench/badrequests --url http://127.0.0.1:8080 --key "$(go run ./api keys create --name bad --scope write)"
//
// What the corpus asks with other keys (a reader's, a revoked one), and of events that
// its test makes, is left out: it says how many.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/badrequests"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "badrequests:", err)
		os.Exit(1)
	}
}

func run() error {
	base := flag.String("url", "http://127.0.0.1:8080", "the server")
	key := flag.String("key", "", "a key with the scope write; without it writing is left out")
	folder := flag.String("corpus", "internal/httpapi/testdata/badrequests", "folder of the corpus")
	flag.Parse()
	requests, err := badrequests.Load(os.DirFS(*folder))
	if err != nil {
		return err
	}
	if len(requests) == 0 {
		return errors.New("the corpus is empty: give its folder with --corpus")
	}
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	before, err := state(client, *base)
	if err != nil {
		return err
	}
	asked, wrong, left := 0, 0, 0
	for _, r := range requests {
		if !fits(r, *key != "") {
			left++
			continue
		}
		f := r.Fill(map[string]string{"write": *key}, "")
		request, err := newRequest(*base, f)
		if err != nil { // Go's client does not send everything that a client could
			left++
			continue
		}
		asked++
		if why := ask(client, request, r); why != "" {
			wrong++
			fmt.Printf("%s: %s\n", r.Name, why)
		}
	}
	after, err := state(client, *base)
	if err != nil {
		return err
	}
	fmt.Printf("%d bad requests, %d answered otherwise than stated, %d left out\n", asked, wrong, left)
	switch {
	case after != before:
		return errors.New("something was stored, or somebody else was writing")
	case wrong > 0:
		return errors.New("some answers are not as stated")
	}
	return nil
}

// fits tells whether a request asks for what a server of its own has.
func fits(r badrequests.Request, writes bool) bool {
	switch {
	case r.Key != "" && (r.Key != "write" || !writes):
		return false
	case strings.Contains(r.Request, "${cursor}"), strings.Contains(r.Request, "gone"), r.Status == http.StatusGone, r.Code == "idempotency_mismatch":
		return false
	}
	return true
}

func newRequest(base string, f badrequests.Filled) (*http.Request, error) {
	target, err := url.ParseRequestURI(f.Target)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(f.Target, "//") {
		return nil, errors.New("another host, for a client")
	}
	request, err := http.NewRequest(f.Method, base, bytes.NewReader(f.Body)) //nolint:noctx // the client has a time limit
	if err != nil {
		return nil, err
	}
	request.URL.Path, request.URL.RawPath, request.URL.RawQuery = target.Path, target.RawPath, target.RawQuery
	request.Header = f.Header
	return request, nil
}

func ask(client *http.Client, request *http.Request, r badrequests.Request) string {
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return r.Check(response.StatusCode, response.Header.Get("Content-Type"), body)
}

// state is all events of a server.
func state(client *http.Client, base string) (string, error) {
	response, err := client.Get(base + "/v1/events.ndjson") //nolint:noctx // the client has a time limit
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the export is answered with %d", response.StatusCode)
	}
	return response.Header.Get("Content-Disposition") + string(body), nil
}
