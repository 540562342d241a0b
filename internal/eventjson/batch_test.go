package eventjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func minimal(id string) string {
	return fmt.Sprintf(`{"id":%q,"dataset":"d","type":"coup","date":{"edtf":"2021"},"title":{"en":"x"},"sources":[{"title":"s","language":"en"}]}`, id)
}

// told gives the kind of an error and the place of each of its faults.
func told(err error) string {
	var e *timeline.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	text := string(e.Kind)
	for _, f := range e.Faults {
		text += fmt.Sprintf(" %d:%s", f.Line, f.Pointer)
	}
	return text
}

func TestBatches(t *testing.T) {
	t.Parallel()
	a, b := minimal("a"), minimal("b")
	wrong := strings.Replace(minimal("c"), "2021", "2021-13", 1)
	anonymous := strings.Replace(a, `"id":"a",`, "", 1)
	for name, c := range map[string]struct{ lines, array, wantLines, wantArray string }{
		"good":               {a + "\n\n" + b, "[" + a + "," + b + "]", "<nil>", "<nil>"},
		"carriage returns":   {a + "\r\n" + b + "\r\n", " [ " + a + "\r\n," + b + "] ", "<nil>", "<nil>"},
		"one wrong":          {a + "\n" + wrong, "[" + a + "," + wrong + "]", "invalid_event 2:/date/edtf", "invalid_event 0:/1/date/edtf"},
		"every one wrong":    {wrong + "\n{}", "[" + wrong + ",{}]", "invalid_event 1:/date/edtf 2:/dataset 2:/type 2:/date 2:/title 2:/sources 2:/id", "invalid_event 0:/0/date/edtf 0:/1/dataset 0:/1/type 0:/1/date 0:/1/title 0:/1/sources 0:/1/id"},
		"no id":              {anonymous, "[" + anonymous + "]", "invalid_event 1:/id", "invalid_event 0:/0/id"},
		"an id twice":        {a + "\n" + b + "\n\n" + a, "[" + a + "," + b + "," + a + "]", "invalid_event 4:/id", "invalid_event 0:/2/id"},
		"no JSON":            {a + "\n{\n" + wrong, "[" + a + ",{" + wrong + "]", "malformed_body 2: 3:/date/edtf", "malformed_body 0:/1"},
		"a duplicate key":    {a + "\n" + `{"id":"x","id":"y"}`, "[" + a + `,{"id":"x","id":"y"}]`, "malformed_body 2:/id", "malformed_body 0:/1/id"},
		"two on a line":      {a + b, "[" + a + "]" + "[" + b + "]", "malformed_body 1:", "malformed_body 0:"},
		"too many":           {strings.Repeat(a+"\n", 6), "[" + strings.Repeat(a+",", 5) + a + "]", "body_too_large", "body_too_large"},
		"empty":              {"", "", "malformed_body", "malformed_body 0:"},
		"blank":              {"\n \n", " ", "malformed_body", "malformed_body 0:"},
		"no events":          {"[]", "[]", "invalid_event 1:", "<nil>"},
		"not an array":       {`"a"`, a, "invalid_event 1:", "invalid_event 0:"},
		"an array cut":       {a + "\n[", "[" + a + ",", "malformed_body 2:", "malformed_body 0:"},
		"an event too large": {a + "\n" + strings.Replace(b, `"title":{`, `"attributes":{"a":"`+strings.Repeat("x", 1<<20)+`"},"title":{`, 1), "[" + strings.Replace(b, `"title":{`, `"attributes":{"a":"`+strings.Repeat("x", 1<<20)+`"},"title":{`, 1) + "]", "invalid_event 2:", "invalid_event 0:/0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines, err := eventjson.DecodeLines([]byte(c.lines), 5)
			if got := told(err); got != c.wantLines {
				t.Errorf("lines: %s, want %s", got, c.wantLines)
			}
			array, err := eventjson.DecodeArray([]byte(c.array), 5)
			if got := told(err); got != c.wantArray {
				t.Errorf("array: %s, want %s", got, c.wantArray)
			}
			if name == "good" && (len(lines.Events) != 2 || len(array.Events) != 2 || fmt.Sprint(lines.Lines) != "[1 3]") {
				t.Errorf("%d and %d events on the lines %v", len(lines.Events), len(array.Events), lines.Lines)
			}
		})
	}
}

// TestFaultsAreBounded: a body of nothing but faults is not answered with more than it
// has, nor does it take long.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("{")
	for i := range 50_000 {
		fmt.Fprintf(&b, `"x%d":1,`, i)
	}
	_, faults, err := eventjson.Decode([]byte(b.String()[:b.Len()-1] + "}"))
	if err != nil || len(faults) != 1_001 || !strings.Contains(faults[1_000].Detail, "more faults") {
		t.Errorf("%d faults, %v", len(faults), err)
	}
	_, err = eventjson.DecodeLines([]byte(strings.Repeat("{}\n", 5_000)), 10_000)
	var e *timeline.Error
	if !errors.As(err, &e) || len(e.Faults) != 10_000 || !strings.Contains(e.Message, "more faults") {
		t.Errorf("%.200v", err)
	}
}

// FuzzBatch: no body makes it panic; there are events, which come back when they are
// written anew, or faults, a bounded number, each with its place.
func FuzzBatch(f *testing.F) {
	f.Add("[" + minimal("a") + "]")
	f.Add(minimal("a") + "\n" + minimal("b"))
	f.Add(minimal("a") + "\r\n\n" + minimal("a") + "\n")
	f.Add("[{},{]")
	f.Add("\n\n[")
	const most = 100
	f.Fuzz(func(t *testing.T, body string) {
		lines := true
		for _, decode := range []func([]byte, int) (eventjson.Batch, error){eventjson.DecodeLines, eventjson.DecodeArray} {
			batch, err := decode([]byte(body), most)
			var e *timeline.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			if err != nil {
				checkPlaces(t, e, lines)
			} else if len(batch.Events) > 0 {
				checkReturn(t, batch)
			}
			lines = false
		}
	})
}

func checkPlaces(t *testing.T, e *timeline.Error, lines bool) {
	t.Helper()
	if e.Message == "" || len(e.Message) > 1_000 || len(e.Faults) > 10_001 {
		t.Errorf("%d faults: %.2000s", len(e.Faults), e.Message)
	}
	for _, fault := range e.Faults {
		if fault.Detail == "" || len(fault.Detail) > 2_000 || (fault.Line > 0) != lines || fault.Pointer != "" && fault.Pointer[0] != '/' {
			t.Errorf("%+v", fault)
		}
	}
}

// checkReturn writes a batch anew and reads it again.
func checkReturn(t *testing.T, batch eventjson.Batch) {
	t.Helper()
	if batch.Lines != nil && len(batch.Lines) != len(batch.Events) {
		t.Errorf("%d lines of %d events", len(batch.Lines), len(batch.Events))
	}
	var text []byte
	for i := range batch.Events {
		text = append(batch.Events[i].AppendBody(text), '}', '\n')
	}
	again, err := eventjson.DecodeLines(text, len(batch.Events))
	if err != nil || len(again.Events) != len(batch.Events) {
		t.Fatalf("%d events become %d, %v, in %s", len(batch.Events), len(again.Events), err, text)
	}
	var twice []byte
	for i := range again.Events {
		twice = append(again.Events[i].AppendBody(twice), '}', '\n')
	}
	if string(twice) != string(text) {
		t.Errorf("%s\ncomes back as\n%s", text, twice)
	}
}
