package edtf_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// failer is a test, a fuzz run or a property.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkFourDays holds what dates promise: order, and a real day among the four.
func checkFourDays(t failer, d edtf.Date) {
	t.Helper()
	ordered := func(name string, a, b edtf.Bound) {
		t.Helper()
		if a.Known && b.Known && a.Day > b.Day {
			t.Errorf("%s: %s: %v > %v", d, name, a, b)
		}
	}
	ordered("start_earliest <= start_latest", d.StartEarliest, d.StartLatest)
	ordered("end_earliest <= end_latest", d.EndEarliest, d.EndLatest)
	ordered("start_earliest <= end_earliest", d.StartEarliest, d.EndEarliest)
	ordered("start_latest <= end_latest", d.StartLatest, d.EndLatest)
	known := 0
	for _, b := range []edtf.Bound{d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest} {
		if !b.Known {
			continue
		}
		known++
		if b.Day < edtf.MinDay || b.Day > edtf.MaxDay {
			t.Errorf("%s: %v is out of range", d, b)
		}
		if day, err := edtf.ParseDay(b.String()); err != nil || day != b.Day {
			t.Errorf("%s: %v is read as %v, %v", d, b, day, err)
		}
	}
	if known == 0 {
		t.Errorf("%s: no real day", d)
	}
	sort := d.StartEarliest
	if !sort.Known {
		sort = d.EndLatest
	}
	if !sort.Known || d.SortDay() != sort.Day {
		t.Errorf("%s: sort day %v, want %v", d, d.SortDay(), sort)
	}
}

func checkLabels(t failer, d edtf.Date) {
	t.Helper()
	for _, lang := range []string{"ar", "en", "fr"} {
		label := d.Label(lang)
		foreign := func(r rune) bool { return unicode.IsDigit(r) && r > unicode.MaxASCII }
		if label == "" || !utf8.ValidString(label) || strings.ContainsFunc(label, foreign) ||
			strings.Contains(label, "  ") || strings.TrimSpace(label) != label || strings.Contains(label, "X") {
			t.Errorf("%s in %s: %q", d, lang, label)
		}
	}
}

// checkRefusal gives the reason of a refusal, which must say what to write.
func checkRefusal(t failer, expr string, err error) string {
	t.Helper()
	var refused *edtf.Error
	switch {
	case !errors.As(err, &refused):
		t.Errorf("%q: %v is no refusal", expr, err)
		return ""
	case refused.Expr != expr || !utf8.ValidString(refused.Reason) || !strings.Contains(refused.Reason, "write "):
		t.Errorf("%q: %q does not say what to write", expr, refused.Reason)
	}
	return refused.Reason
}

func FuzzParse(f *testing.F) {
	for _, expr := range labelled {
		f.Add(expr)
	}
	for _, c := range refused {
		f.Add(c.expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, parse := range []func(string) (edtf.Day, error){edtf.ParseFrom, edtf.ParseTo, edtf.ParseDay} {
			if day, err := parse(expr); err != nil {
				checkRefusal(t, expr, err)
			} else if day < edtf.MinDay || day > edtf.MaxDay {
				t.Errorf("%q: %v is out of range", expr, day)
			}
		}
		w, err := edtf.ParseWindow(expr)
		if err != nil {
			checkRefusal(t, expr, err)
		} else if !w.From.Known && !w.To.Known || w.From.Known && w.To.Known && w.From.Day > w.To.Day {
			t.Errorf("%q: window %v to %v", expr, w.From, w.To)
		}

		d, err := edtf.Parse(expr)
		if err != nil {
			checkRefusal(t, expr, err)
			return
		}
		again, err := edtf.Parse(d.String())
		if err != nil || d.String() != expr || !reflect.DeepEqual(d, again) {
			t.Errorf("%q comes back as %+v, %v", expr, again, err)
		}
		if len(expr) > 255 || d.Level < 0 || d.Level > 2 || d.Precision == "" || (d.Set == edtf.NotSet) != (d.Members == nil) {
			t.Errorf("%q: %+v", expr, d)
		}
		checkFourDays(t, d)
		checkLabels(t, d)
		checkWindows(t, d)
		body, err := json.Marshal(d.Bounds)
		var read edtf.Bounds
		if err != nil || json.Unmarshal(body, &read) != nil || read != d.Bounds {
			t.Errorf("%q: JSON %s, %v", expr, body, err)
		}
	})
}

// checkWindows tries windows at the date's own days.
func checkWindows(t failer, d edtf.Date) {
	t.Helper()
	sides := []edtf.Bound{edtf.Open, d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest}
	for _, from := range sides {
		for _, to := range sides {
			w := edtf.Window{From: from, To: to}
			possible, certain := d.Match(w, edtf.ModePossible), d.Match(w, edtf.ModeCertain)
			switch {
			case from.Known && to.Known && from.Day > to.Day:
				continue
			case certain && !possible:
				t.Errorf("%s in %v..%v: certain, not possible", d, from, to)
			case d.Match(w, edtf.ModeWithin) && !possible:
				t.Errorf("%s in %v..%v: within, not possible", d, from, to)
			case d.Match(w, edtf.ModeStarts) && !possible:
				t.Errorf("%s in %v..%v: starts, not possible", d, from, to)
			case d.Set != edtf.NotSet && (from.Known || to.Known):
				if a := bySpans(d, w); a.possible != possible || a.certain != certain || a.starts != d.Match(w, edtf.ModeStarts) {
					t.Errorf("%s in %v..%v: by spans %+v", d, from, to, a)
				}
			}
		}
	}
}
