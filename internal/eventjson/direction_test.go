package eventjson

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextsThatAreShownAsSomethingElseAreRefused(t *testing.T) {
	t.Parallel()
	for text, refused := range map[string]bool{
		"":             false,
		"Coup in Mali": false,
		"انقلاب في مالي\u200f (2021)":         false, // the marks
		"\u200eECOWAS\u200e \u061c":           false,
		"line\nline\tx\r\n":                   false,
		"a \u202bعربي\u202c b":                false, // closed
		"a \u2068عربي\u2069 b":                false,
		"\u2067\u202aab\u202c\u2069":          false,
		"👨\u200d👩\u200d👧":                     false,
		"a\u202eb":                            true,
		"a\u202db\u202c":                      true, // closed, and still an override
		"a\u202bb":                            true,
		"a\u2066b":                            true,
		"a\u202cb":                            true,
		"a\u2069b":                            true,
		"\u2067\u202aab\u2069\u202c":          true, // crossed
		"a\u0000":                             true,
		"a\u001bb":                            true,
		"a\u0085b":                            true,
		"a\u007fb":                            true,
		strings.Repeat("\u2066", 10_000) + "": true,
	} {
		if why := Unfit(text); (why != "") != refused {
			t.Errorf("%q: %q", text, why)
		}
	}
}

// TestFitTextLeavesNoDirectionOpen: whatever is let through holds no override, and as
// many ends as beginnings.
func TestFitTextLeavesNoDirectionOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f"))).Draw(t, "text")
		if Unfit(text) != "" {
			return
		}
		count := func(of string) (n int) {
			for _, c := range of {
				n += strings.Count(text, string(c))
			}
			return n
		}
		if count("\u202d\u202e") > 0 || count("\u202a\u202b") != count("\u202c") || count("\u2066\u2067\u2068") != count("\u2069") {
			t.Errorf("%q is let through", text)
		}
	})
}

// TestStoredTextIsReadAsItIs: what an earlier version stored is still exported.
func TestStoredTextIsReadAsItIs(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"id":"x","dataset":"d","type":"other","status":"occurred","date":{"edtf":"2021"},"title":{"en":"a\u202eb"},"sources":[{"title":"s","language":"en"}],"revision":1,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`)
	if _, faults, err := Decode(doc); err != nil || len(faults) != 1 {
		t.Errorf("as sent: %v %v", faults, err)
	}
	if e, err := DecodeStored(doc); err != nil || e.Title["en"] != "a\u202eb" {
		t.Errorf("as stored: %+v %v", e.Title, err)
	}
}
