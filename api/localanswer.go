package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// localAnswer takes an answer of the HTTP API in the same process.
type localAnswer struct {
	header http.Header
	status int
	out    io.Writer    // of a body that was asked for
	other  bytes.Buffer // a problem
	err    error        // of out
}

func (a *localAnswer) Header() http.Header { return a.header }

func (a *localAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *localAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.status != http.StatusOK {
		return a.other.Write(b)
	}
	n, err := a.out.Write(b)
	a.err = errors.Join(a.err, err)
	return n, err
}

// problem words what the API refused for someone who typed flags.
func (a *localAnswer) problem() error {
	var p struct {
		Detail string
		Errors []struct {
			Parameter, Suggestion *string
			Detail                string
		}
	}
	if err := json.Unmarshal(a.other.Bytes(), &p); err != nil {
		return fmt.Errorf("the export failed with %d", a.status)
	}
	var lines []string
	for _, e := range p.Errors {
		if e.Parameter == nil {
			continue
		}
		line := "  --" + strings.ReplaceAll(*e.Parameter, "_", "-") + " " + e.Detail
		if e.Suggestion != nil {
			line += " (did you mean " + *e.Suggestion + "?)"
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return errors.New(p.Detail)
	}
	return errors.New("these flags are wrong:\n" + strings.Join(lines, "\n"))
}
