// Package badrequests reads the corpus of bad requests: what each asks, and the answer
// that it must get. Tests put it to the handler, bench/badrequests to a running server.
// It knows neither the handler nor the contract.
//
// A file has a request a line, as JSON. In its request line, header values and body,
// ${text*n} stands for a text repeated n times, and ${cursor} for page.next_cursor of
// /v1/events?limit=1.
package badrequests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Request is one bad request.
type Request struct {
	Name       string      `json:"name"`
	Request    string      `json:"request"` // method and target
	Headers    [][2]string `json:"headers"`
	Key        string      `json:"key"` // that is shown: read, write, revoked; "": none
	Body       string      `json:"body"`
	BodyBase64 []byte      `json:"body_base64"` // in the place of Body
	Status     int         `json:"status"`
	Code       string      `json:"code"`
	// Places are those that the problem must name, and no others: "parameter limit",
	// "pointer /title/en", "line 2 pointer /id". None: any.
	Places []string `json:"places"`
}

// Load reads every file of a folder, in the order of their names.
func Load(folder fs.FS) ([]Request, error) {
	names, err := fs.Glob(folder, "*.jsonl")
	if err != nil {
		return nil, err
	}
	var list []Request
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
			d.DisallowUnknownFields()
			var r Request
			if err := d.Decode(&r); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
			}
			list = append(list, r)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return list, nil
}

// Filled is a request with its texts written out.
type Filled struct {
	Method, Target string
	Header         http.Header
	Body           []byte
}

// Fill writes a request's texts out. keys gives the key that each name stands for.
func (r Request) Fill(keys map[string]string, cursor string) Filled {
	method, target, _ := strings.Cut(expand(r.Request, cursor), " ")
	f := Filled{Method: method, Target: target, Header: http.Header{}, Body: r.BodyBase64}
	if r.Body != "" {
		f.Body = []byte(expand(r.Body, cursor))
	}
	if key := keys[r.Key]; key != "" {
		f.Header.Set("Authorization", "Bearer "+key)
	}
	for _, h := range r.Headers {
		if h[0] == "Authorization" {
			f.Header.Del(h[0])
		}
		f.Header.Add(h[0], expand(h[1], cursor))
	}
	return f
}

var repeated = regexp.MustCompile(`(?s)\$\{(.+?)\*(\d+)\}`)

func expand(text, cursor string) string {
	text = strings.ReplaceAll(text, "${cursor}", cursor)
	return repeated.ReplaceAllStringFunc(text, func(found string) string {
		part := repeated.FindStringSubmatch(found)
		n, err := strconv.Atoi(part[2])
		if err != nil {
			return found
		}
		return strings.Repeat(part[1], n)
	})
}

// Problem is what is looked at in an answer.
type Problem struct {
	Status int
	Code   string
	Errors []struct {
		Parameter, Pointer *string
		Line               *int64
		Detail             string
	}
}

// Check tells what is wrong with the answer that a request got; "": nothing.
func (r Request) Check(status int, contentType string, body []byte) string {
	if status >= 500 {
		return fmt.Sprintf("%d: %.300s", status, body)
	}
	if contentType != "application/problem+json" {
		return fmt.Sprintf("%d, and no problem but %q", status, contentType)
	}
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		return fmt.Sprintf("%d: %v", status, err)
	}
	if status != r.Status || p.Status != r.Status || p.Code != r.Code {
		return fmt.Sprintf("%d %s, want %d %s: %.500s", status, p.Code, r.Status, r.Code, body)
	}
	var places []string
	for _, e := range p.Errors {
		place := ""
		if e.Line != nil {
			place = fmt.Sprintf("line %d ", *e.Line)
		}
		switch {
		case e.Parameter != nil:
			place += "parameter " + *e.Parameter
		case e.Pointer != nil:
			place += "pointer " + *e.Pointer
		case !needsPlace(r.Status):
			continue
		default:
			return fmt.Sprintf("a fault without a place: %.500s", body)
		}
		if e.Detail == "" {
			return fmt.Sprintf("a fault without a word: %.500s", body)
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	if needsPlace(r.Status) && len(places) == 0 {
		return fmt.Sprintf("no place is named: %.500s", body)
	}
	want := slices.Clone(r.Places)
	slices.Sort(want)
	slices.Sort(places)
	if len(r.Places) > 0 && !slices.Equal(places, want) {
		return fmt.Sprintf("names %q, want %q: %.500s", places, want, body)
	}
	return ""
}

// needsPlace tells whether an answer has a place to name: a path that does not exist, an
// event that is gone and a target that is too long have none but the address itself.
func needsPlace(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed, http.StatusRequestURITooLong, http.StatusConflict:
		return false
	}
	return true
}
