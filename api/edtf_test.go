package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// edtfRun runs the command with args, and gives what it did.
func edtfRun(t *testing.T, in string, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"edtf"}, args...), strings.NewReader(in), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

const (
	explained2021 = `{"edtf":"2021","valid":true,"level":0,"start_earliest":"2021-01-01","start_latest":"2021-12-31","end_earliest":"2021-01-01","end_latest":"2021-12-31","precision":"year","approximate":false,"uncertain":false,"label":{"ar":"2021","en":"2021","fr":"2021"},"error":null}` + "\n"
	explainedOpen = `{"edtf":"-0043-03-15/..","valid":true,"level":1,"start_earliest":"-0043-03-15","start_latest":"-0043-03-15","end_earliest":null,"end_latest":null,"precision":"interval","approximate":false,"uncertain":false,"label":{"ar":"منذ 15 مارس 44 ق.م","en":"since 15 March 44 BC","fr":"depuis le 15 mars 44 av. J.-C."},"error":null}` + "\n"
	explainedSet  = `{"edtf":"[1667,1668~]","valid":true,"level":2,"start_earliest":"1667-01-01","start_latest":"1668-12-31","end_earliest":"1667-01-01","end_latest":"1668-12-31","precision":"set","approximate":true,"uncertain":false,"label":{"ar":"1667 أو حوالي 1668","en":"1667 or about 1668","fr":"1667 ou vers 1668"},"error":null}` + "\n"
	explainedNone = `{"edtf":"<&>","valid":false,"level":null,"start_earliest":null,"start_latest":null,"end_earliest":null,"end_latest":null,"precision":null,"approximate":null,"uncertain":null,"label":null,"error":"not a date: write 2023, 2023-07 or 2023-07-26"}` + "\n"
	explainedVoid = `{"edtf":"","valid":false,"level":null,"start_earliest":null,"start_latest":null,"end_earliest":null,"end_latest":null,"precision":null,"approximate":null,"uncertain":null,"label":null,"error":"empty: write a date such as 2023, 2023-07 or 2023-07-26"}` + "\n"
)

func TestEDTFCommand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, out string
		args    []string
		code    int
	}{
		"arguments, in order":            {args: []string{"2021", "-0043-03-15/..", "[1667,1668~]"}, out: explained2021 + explainedOpen + explainedSet},
		"an invalid one among them":      {args: []string{"<&>", "2021"}, out: explainedNone + explained2021, code: 1},
		"an empty argument":              {args: []string{""}, in: "2021\n", out: explainedVoid, code: 1},
		"lines":                          {in: "2021\n-0043-03-15/..\n", out: explained2021 + explainedOpen},
		"a last line without its end":    {in: "2021\n2021", out: explained2021 + explained2021},
		"lines that end in CR LF":        {in: "2021\r\n2021\r\n", out: explained2021 + explained2021},
		"an empty line":                  {in: "2021\n\n2021\n", out: explained2021 + explainedVoid + explained2021, code: 1},
		"no line":                        {},
		"a window":                       {args: []string{"--from", "-0043", "--to=2021-12-31", "2021"}, out: withMatch(explained2021, `{"possible":true,"certain":true,"within":true,"starts":true}`)},
		"a window open at its end":       {args: []string{"--from", "1668", "[1667,1668~]"}, out: withMatch(explainedSet, `{"possible":true,"certain":false,"within":false,"starts":true}`)},
		"a window and lines":             {args: []string{"--to", "2021-06"}, in: "2021\n<&>\n", out: withMatch(explained2021, `{"possible":true,"certain":false,"within":false,"starts":true}`) + withMatch(explainedNone, "null"), code: 1},
		"a window after the expressions": {args: []string{"2021", "--to", "2020"}, out: withMatch(explained2021, `{"possible":false,"certain":false,"within":false,"starts":false}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := edtfRun(t, c.in, c.args...)
			if out != c.out || errs != "" || code != c.code {
				t.Errorf("exit code %d, want %d\n%s\nwant\n%s%s", code, c.code, out, c.out, errs)
			}
		})
	}
}

// withMatch puts the match at the end of the object.
func withMatch(line, match string) string {
	return strings.TrimSuffix(line, "}\n") + `,"match":` + match + "}\n"
}

func TestEDTFCommandRefusesWindows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		why  string
	}{
		"from":          {[]string{"--from", "2021-13"}, `--from "2021-13": there is no month 13: write`},
		"to":            {[]string{"--to", "202X"}, `--to "202X": not a year, a month or a day: write`},
		"empty":         {[]string{"--from="}, `--from "": empty: write`},
		"the wrong way": {[]string{"--from", "2021", "--to", "2020-12-31"}, "--from 2021 is after --to 2020-12-31: write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := edtfRun(t, "", append(c.args, "2021")...)
			if out != "" || code != 1 || !strings.Contains(errs, c.why) {
				t.Errorf("exit code %d, out %q, errors %q", code, out, errs)
			}
		})
	}
}

// Whatever stands on a line, an object that can be read stands on the same line of
// the answer.
func TestEDTFCommandTakesAnyLine(t *testing.T) {
	t.Parallel()
	lines := []string{
		"\xff\xfe2021", "\x00", "\u2028", `"\`, strings.Repeat("2021,", 20_000), strings.Repeat("é", 3<<20), "2021",
	}
	out, _, code := edtfRun(t, strings.Join(lines, "\n"))
	answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(answers) != len(lines) || code != 1 {
		t.Fatalf("%d answers to %d lines, exit code %d", len(answers), len(lines), code)
	}
	for i, answer := range answers {
		var e explanation
		if err := json.Unmarshal([]byte(answer), &e); err != nil || !utf8.ValidString(answer) {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if e.Valid != (i == len(lines)-1) || e.Valid != (e.Error == nil) {
			t.Errorf("line %d: valid %v", i+1, e.Valid)
		}
	}
	if want := strings.Repeat("2021,", 20_000); !strings.Contains(answers[4], want) {
		t.Error("a long line is not told back")
	}
}

// A program that holds both pipes may wait for each answer.
func TestEDTFCommandAnswersEachLine(t *testing.T) {
	t.Parallel()
	ask, in := io.Pipe()
	out, answer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(context.Background(), []string{"edtf"}, ask, answer, io.Discard)
	}()
	answers := bufio.NewReader(out)
	for range 3 {
		if _, err := io.WriteString(in, "2021\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || line != explained2021 {
			t.Fatalf("%q, %v", line, err)
		}
	}
	in.Close()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d", c)
	}
}

// A signal ends it while it waits for a line.
func TestEDTFCommandEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ask, in := io.Pipe()
	defer in.Close()
	ctx, stop := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"edtf"}, ask, io.Discard, io.Discard) }()
	stop()
	select {
	case c := <-code:
		if c == 0 {
			t.Error("exit code 0")
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}
