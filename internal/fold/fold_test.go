package fold_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/fold"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"case":                  {"MaLi", "mali"},
		"Latin accents":         {"Côte d’Ivoire", "cote d'ivoire"},
		"the final ya":          {"مالى", "مالي"},
		"hamza on alif":         {"أإآ", "ااا"},
		"ta marbuta":            {"سورية", "سوريه"},
		"marks and tatweel":     {"مَـالِي", "مالي"},
		"white space":           {"  a \t b\n", "a b"},
		"digits of the East":    {"٢٠٢٣ ۲۰۲۳", "2023 2023"},
		"ligatures":             {"Œuvre ﬁn Straße", "oeuvre fin strasse"},
		"marks of direction":    {"\u200fمالي\u200e", "مالي"},
		"what is plain already": {"plain", "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fold.Text(c[0]); got != c[1] {
				t.Errorf("%q gives %q; want %q", c[0], got, c[1])
			}
		})
	}
}

func TestSearchWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"والنيجر":        {"والنيجر", "النيجر", "نيجر"},
		"للنيجر":         {"للنيجر", "نيجر"},
		"بالنيجر":        {"بالنيجر", "النيجر", "نيجر"},
		"Côte d’Ivoire!": {"cote", "d", "ivoire"},
	} {
		got := fold.SearchWords(text)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%q is not found as %q: %q", text, w, got)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Mali", "مالى", "\xff", "İ", "ﷺ", "e\u0301", "  "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestTextIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
}

type failer interface {
	Fatalf(format string, args ...any)
}

func check(t failer, s string) {
	folded := fold.Text(s)
	if again := fold.Text(folded); again != folded {
		t.Fatalf("%q folds to %q, and that to %q", s, folded, again)
	}
	if !utf8.ValidString(folded) || strings.TrimSpace(folded) != folded {
		t.Fatalf("%q folds to %q", s, folded)
	}
	for _, w := range fold.SearchWords(s) {
		if w == "" || len(fold.Words(w)) != 1 || fold.Words(w)[0] != w {
			t.Fatalf("%q has the word %q", s, w)
		}
	}
}

func BenchmarkSearchWords(b *testing.B) {
	const text = "وأعلن رئيس مالي المؤقت الكولونيل أسيمي جويتا توقيع ميثاق. Le président du Mali annonce la charte à Bamako. Mali's leader announces the charter."
	b.ReportAllocs()
	for b.Loop() {
		fold.SearchWords(text)
	}
}
