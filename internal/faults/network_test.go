package faults_test

import (
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// TestTheNetworkFails cuts, delays, silences and loses the connections between the program
// and its database, and loses the answer to COMMIT, under load.
func TestTheNetworkFails(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	for name, fault := range map[string]func(t *testing.T, w *pgtest.Wire){
		"connections are cut":                func(_ *testing.T, w *pgtest.Wire) { w.Reset() },
		"connections are refused":            func(t *testing.T, w *pgtest.Wire) { w.Cut(); some(time.Second); w.Mend(t) },
		"connections are delayed":            func(_ *testing.T, w *pgtest.Wire) { w.Delay(30 * time.Millisecond); some(time.Second); w.Delay(0) },
		"connections are silent for a while": func(_ *testing.T, w *pgtest.Wire) { w.Silence(); some(3 * time.Second); w.Speak() },
		"connections are half-open, and stay so": func(t *testing.T, w *pgtest.Wire) {
			before := w.Dead()
			w.Vanish()
			some(time.Second)
			w.Return()
			if w.Dead() == before {
				t.Fatal("no connection was there to be lost")
			}
		},
		"the answer to COMMIT is lost": func(t *testing.T, w *pgtest.Wire) {
			w.LoseCommits(3)
			for began := time.Now(); w.Lost() > 0 && time.Since(began) < patience; {
				time.Sleep(time.Millisecond)
			}
			if left := w.Lost(); left > 0 {
				t.Fatalf("no COMMIT came whose answer could be lost: %d of 3 are still to come", left)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pgtest.NewWire(t, ownPostgres(t, nil).URL())
			s := newService(t, "DATABASE_URL="+w.URL())
			l := startLoad(t, s, 4, 1, 200)
			f := s.follow(t.Context())
			l.injecting(name)
			for range times(20) {
				some(400 * time.Millisecond)
				fault(t, w)
				l.back(t, time.Now())
			}
			some(300 * time.Millisecond)
			l.halt()
			l.check(t)
			f.check(t)
			record(t, l.figures)
		})
	}
}
