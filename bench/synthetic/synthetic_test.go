package synthetic_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const sample = 20_000

// near fails where a share is off by more than chance explains.
func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if off := 5 * math.Sqrt(want*(1-want)/sample); math.Abs(got-want) > off {
		t.Errorf("%s: the share is %.4f, not %.4f ± %.4f", name, got, want, off)
	}
}

func TestShapeOfTheEvents(t *testing.T) {
	t.Parallel()
	g := synthetic.New(1)
	precisions, kinds := map[string]int{}, map[string]int{}
	countries, byCount := map[string]int{}, map[int]int{}
	recent, qualified, text, size := 0, 0, 0, 0
	for range sample {
		e := g.Event()
		precisions[string(e.Date.Precision)]++
		kinds[e.Type]++
		byCount[len(e.Countries)]++
		countries[e.Countries[0].Code]++
		if e.Date.Uncertain || e.Date.Approximate {
			qualified++
		}
		if e.Date.SortDay().String() >= "1995" {
			recent++
		}
		for _, texts := range []timeline.Text{e.Title, e.Summary} {
			if len(texts) != 3 {
				t.Fatalf("%s has %d languages", e.ID, len(texts))
			}
			for _, s := range texts {
				text += len(s)
			}
		}
		size += len(e.AppendBody(nil))
	}
	share := func(n int) float64 { return float64(n) / sample }
	for name, want := range map[string]float64{"day": 0.62, "month": 0.20, "year": 0.10, "decade": 0.03, "interval": 0.04, "set": 0.01} {
		near(t, name, share(precisions[name]), want)
	}
	for count, want := range map[int]float64{1: 0.65, 2: 0.23, 3: 0.08, 4: 0.04} {
		near(t, "events of several countries", share(byCount[count]), want)
	}
	// Zipf's law: the second has half of the first, the hundredth a hundredth.
	harmonic := 0.0
	for i := range synthetic.Countries {
		harmonic += 1 / float64(i+1)
	}
	for _, rank := range []int{1, 2, 3, 10, 100} {
		near(t, "country", share(countries[synthetic.CountryCodes()[rank-1]]), 1/float64(rank)/harmonic)
	}
	if len(countries) != synthetic.Countries {
		t.Errorf("%d countries have events, not %d", len(countries), synthetic.Countries)
	}
	if len(kinds) != len(synthetic.TypeCodes()) {
		t.Errorf("%d types have events, not %d", len(kinds), len(synthetic.TypeCodes()))
	}
	near(t, "qualified", share(qualified), 0.92*0.05)
	if share(recent) < 0.45 || share(recent) > 0.55 {
		t.Errorf("%.2f of the events are of 1995 or later, not about half", share(recent))
	}
	if mean := float64(text) / sample; mean < 290 || mean > 340 {
		t.Errorf("an event has %.0f bytes of text, not about 300", mean)
	}
	if mean := float64(size) / sample; mean < 800 || mean > 1400 {
		t.Errorf("an event has %.0f bytes", mean)
	}
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	t.Parallel()
	write := func(seed uint64) []byte {
		var out bytes.Buffer
		if err := synthetic.Write(&out, seed, 500, nil); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if !bytes.Equal(write(7), write(7)) {
		t.Error("one seed gives two sets of events")
	}
	if bytes.Equal(write(7), write(8)) {
		t.Error("two seeds give one set of events")
	}
	if !slices.Equal(synthetic.NewAsker(7).Ask(500), synthetic.NewAsker(7).Ask(500)) {
		t.Error("one seed gives two lists of questions")
	}
}

func TestEveryEventIsAccepted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := synthetic.Write(&out, 3, 3_000, nil); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != 3_000 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		e, faults, err := eventjson.Decode(line)
		if err != nil || len(faults) > 0 {
			t.Fatalf("%s\n%v %v", line, err, faults)
		}
		if again := append(e.AppendBody(nil), '}'); !bytes.Equal(again, line) {
			t.Fatalf("%s\nis read as\n%s", line, again)
		}
	}
}

func TestQuestionsNeverRepeat(t *testing.T) {
	t.Parallel()
	a := synthetic.NewAsker(1)
	seen := map[synthetic.Question]bool{}
	for _, q := range slices.Concat(a.Ask(30_000), a.Ask(30_000)) {
		if seen[q] {
			t.Fatalf("%v twice", q)
		}
		if seen[q] = true; q.From >= q.To || q.Country != synthetic.CountryCodes()[q.Rank] {
			t.Fatalf("%v", q)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	g := synthetic.New(1)
	var line []byte
	for b.Loop() {
		e := g.Event()
		line = e.AppendBody(line[:0])
	}
	b.SetBytes(int64(len(line)))
}
