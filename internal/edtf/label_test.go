package edtf_test

import (
	"bufio"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

var update = flag.Bool("update", false, "write the golden files anew")

var labelled = strings.Fields(`
2023-09-16 2021-01-01 2023-07 2021 198X 190X 19XX 20XX 1XXX XXXX 000X 004X 0012 0476 0000 -0043 -0043-03-15
2001-21 2001-22 2001-23 2001-24 2001-25 2001-28 2001-29 2001-30 2001-33 2001-34 2001-36 2001-37 2001-39 2001-40 2001-41 198X-21 198X-34
2021~ 2021? 2021% 2023-09-16~ 2023-07~ 2023-07-16% 2001-22~ 198X~
2004-06~-11 2004?-06-11 ?2004-06-~11 2004-%06-11 2004-?06-~11 2004-06-%11 2004-~21 2004-?34 ?2004~-06 ?2004-?06-?11 2004?-~06-11?
156X-12-25 15XX-12-25 1XXX-12 1XXX-XX XXXX-12-XX XXXX-12-25 XXXX-XX-XX 1984-1X 1984-0X 2004-XX 1985-04-XX 1985-08-XX 1985-XX-XX 1985-04-1X 1985-04-0X 1985-01-3X 2004-XX-31 2004-XX-1X 2004-1X-3X 2004-1X-XX 198X-XX 198X-04-XX 198X-1X-0X 19XX-XX-XX
2004-04-3X 2003-02-2X 198X-02-2X 198X-04-3X 2004-XX-03 2004-XX-22 2004-XX-2X 2004-0X-3X 198X-1X 198X-1X-XX 004X-12 19XX-05 XXXX-21 198X-30 00XX 0XXX 01XX 20XX-XX
-0001-24 0000-24 0099-24 2001-26 2001-31 2001-38 0476-36
1985-04-XX~ 1985-04-XX% 2004-XX~ 2004-1X-1X% XXXX~ 2004-XX-31~ 1985-01-3X~ 2001-31? 198X? 2004-06-~XX
1985-04-12T23:20:30 1985-04-12T23:20:30Z 1985-04-12T23:20:30-04 1985-04-12T23:20:30+04:30
1914-07-28/1918-11-11 1964/2008 2004-08/2006-10 198X/199X 2001-21/2001-22 2004-06-XX/2004-07-03 2020~/2021? -0043/0014 2020%/2021-08-01% 1985-04-01/1985-04-12~
2023-07-26/.. 2021/.. 1985-08/.. 198X/.. 2001-23/.. 2021~/.. 2001-24~/..
1985/ 1985-04/ 1985-04-12/ 198X/ 2001-22/ ../1985 ../1985-04 ../1985-04-12 ../198X ../2001-22 ../2001-34 /1985 /1985-04-12 /1985?
[..1984] [..1760-12-03] [..198X] [..2001-21] [..2001-22] [..1984~] [1760-12..] [1760-04-12..] [2016-03-04..2016-03-09] [1670..1672] [1667,1668,1670..1672] [1667,1760-12] [1760-01,1760-02,1760-12..] [1984] [1984?,1985~] [198X..] [2001-21..] [2001-30..] [2004-XX..] [1984~..] [..2004-XX] [..1985-01-3X]
{1960,1961-12} {1667,1668,1670..1672} {..1984} {1984..} {2021-04-01..2021-04-03,2022} {-0043,0014} {198X,2001-21}
`)

// TestLabels compares with a table that was read and judged by eye: one line an
// expression, with its label in English, French and Arabic.
func TestLabels(t *testing.T) {
	t.Parallel()
	const golden = "testdata/labels.tsv"
	var b strings.Builder
	for _, expr := range labelled {
		d, err := edtf.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.Join([]string{expr, d.Label("en"), d.Label("fr"), d.Label("ar")}, "\t") + "\n")
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := bufio.NewScanner(strings.NewReader(b.String())), strings.Split(string(want), "\n")
	i := 0
	for ; got.Scan(); i++ {
		if i >= len(lines) || got.Text() != lines[i] {
			t.Fatalf("line %d: %q", i+1, got.Text())
		}
	}
	if i != len(lines)-1 {
		t.Errorf("%d labels, the table has %d", i, len(lines)-1)
	}
}

// The examples of the design, word for word.
func TestLabelsOfTheDesign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, lang, want string }{
		{"2023-09-16", "en", "16 September 2023"},
		{"2021", "en", "2021"},
		{"2021~", "en", "about 2021"},
		{"2021?", "en", "2021 (uncertain)"},
		{"2021%", "en", "about 2021 (uncertain)"},
		{"198X", "en", "the 1980s"},
		{"2021-21", "en", "spring 2021"},
		{"2020/2021", "en", "2020 to 2021"},
		{"2021/..", "en", "since 2021"},
		{"2021/", "en", "from 2021, end unknown"},
		{"../2021", "en", "until 2021"},
		{"/2021", "en", "until 2021, start unknown"},
		{"[..2021]", "en", "by 2021"},
		{"[2021..]", "en", "on or after 2021"},
		{"[2020,2021]", "en", "2020 or 2021"},
		{"{2020,2021}", "en", "2020 and 2021"},
		{"-0043", "en", "44 BC"},
		{"-0043", "fr", "44 av. J.-C."},
		{"-0043", "ar", "44 ق.م"},
		{"2023-07", "ar", "يوليو 2023"},
		{"2023-07", "fr", "juillet 2023"},
		{"2023-07", "de", "July 2023"},
	} {
		t.Run(c.expr+" "+c.lang, func(t *testing.T) {
			t.Parallel()
			d, err := edtf.Parse(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Label(c.lang); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
