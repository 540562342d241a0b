package synthetic

import (
	"fmt"
	"math/rand/v2"
)

// Question asks for the first page of a country's events in a window.
type Question struct {
	Rank     int    // of the country, from 0
	Country  string // alpha-3
	From, To string // the window's first and last day, YYYY-MM-DD
}

// Asker makes questions that never repeat: countries as the events have them, windows
// of a month to ten years anywhere. It is not safe for concurrent use.
type Asker struct {
	random  *rand.Rand
	country *zipf
	asked   map[[3]int]struct{}
}

// NewAsker gives an asker whose questions depend on the seed alone.
func NewAsker(seed uint64) *Asker {
	return &Asker{random: rand.New(rand.NewPCG(seed, 2)), country: newZipf(Countries), asked: map[[3]int]struct{}{}}
}

// Window gives the distribution of windows: the first month is drawn from so many
// since January of FirstYear, the length in months from 1 to the second number.
func Window() (firstMonths, longest int) { return (LastYear - FirstYear - 10) * 12, 120 }

// Ask gives the next questions.
func (a *Asker) Ask(n int) []Question {
	firstMonths, longest := Window()
	questions := make([]Question, 0, n)
	for len(questions) < n {
		key := [3]int{a.country.draw(a.random), a.random.IntN(firstMonths), 1 + a.random.IntN(longest)}
		if _, repeated := a.asked[key]; repeated {
			continue
		}
		a.asked[key] = struct{}{}
		last := key[1] + key[2] - 1
		questions = append(questions, Question{
			Rank: key[0], Country: CountryCodes()[key[0]],
			From: fmt.Sprintf("%04d-%02d-01", FirstYear+key[1]/12, 1+key[1]%12),
			To:   fmt.Sprintf("%04d-%02d-28", FirstYear+last/12, 1+last%12),
		})
	}
	return questions
}
