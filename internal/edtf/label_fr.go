package edtf

import "strings"

type french struct{}

var frenchMonths = [...]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

var frenchSeasons = [...]string{"printemps", "été", "automne", "hiver"}

// frenchPeriods are the groupings 33 to 41.
var frenchPeriods = [...]string{
	"1er trimestre", "2e trimestre", "3e trimestre", "4e trimestre",
	"1er quadrimestre", "2e quadrimestre", "3e quadrimestre", "1er semestre", "2e semestre",
}

func (french) year(y int) string {
	switch {
	case y <= 0:
		return number(1-y) + " av. J.-C."
	case y < 100:
		return number(y) + " apr. J.-C."
	}
	return number(y)
}

// span names consecutive years, with their era once where it is the same.
func (l french) span(first, last int) string {
	switch {
	case first == last:
		return l.year(first)
	case last <= 0:
		return number(1-first) + "–" + l.year(last)
	case first > 0 && first < 100:
		return number(first) + "–" + number(last) + " apr. J.-C."
	}
	return l.year(first) + "–" + l.year(last)
}

// years names a year or the years that a mask can be.
func (l french) years(c *part) phrase {
	lo, hi := c.years()
	switch {
	case c.yearX == 0:
		return phrase{text: l.year(lo)}
	case c.yearX == 1 && plainDecade(lo):
		return phrase{text: "années " + number(lo), class: classPlural}
	case c.yearX == 1:
		return phrase{text: "décennie " + l.span(lo, hi), class: classFeminine}
	case c.yearX == 4:
		return phrase{text: "une année inconnue", class: classIndefinite}
	}
	return phrase{text: "années " + l.year(lo) + " à " + l.year(hi), class: classPlural}
}

// ofYear names the year after a month or a day.
func (l french) ofYear(c *part) string {
	switch c.yearX {
	case 0:
		return " " + l.years(c).text
	case 4:
		return " " + of(l.years(c))
	}
	return " d'une année " + of(l.years(c))
}

func (l french) date(c *part) phrase {
	switch {
	case c.has == 1:
		return l.years(c)
	case c.season():
		return l.season(c)
	case c.has == 2:
		if c.monthX == 0 {
			return phrase{text: frenchMonths[c.month] + l.ofYear(c)}
		}
		return phrase{text: l.someMonth(c), class: classIndefinite}
	}
	return l.day(c)
}

func (l french) season(c *part) phrase {
	var name string
	class := classMasculine
	if c.month > 32 {
		name = frenchPeriods[c.month-33]
	} else if name = frenchSeasons[(c.month-21)%4]; name != "printemps" {
		class = classElided
	}
	if c.northern() {
		name += " boréal"
	}
	if c.southern() {
		name += " austral"
	}
	if c.yearX == 0 {
		return phrase{text: name + " " + l.span(c.seasonYears()), class: class}
	}
	return phrase{text: name + l.ofYear(c), class: class}
}

func (l french) someMonth(c *part) string {
	if c.monthX == 2 {
		return "un mois " + of(l.years(c))
	}
	return "un mois entre " + l.monthsOf(c)
}

// monthsOf names the months that 0X or 1X can be, and their year.
func (l french) monthsOf(c *part) string {
	lo, hi := c.months()
	return frenchMonths[lo] + " et " + frenchMonths[hi] + l.ofYear(c)
}

func (l french) day(c *part) phrase {
	switch {
	case c.dayX == 2 && c.monthX == 0:
		return phrase{text: "un jour " + of(phrase{text: frenchMonths[c.month] + l.ofYear(c)}), class: classIndefinite}
	case c.dayX == 2 && c.monthX == 2:
		return phrase{text: "un jour " + of(l.years(c)), class: classIndefinite}
	case c.dayX == 2:
		return phrase{text: "un jour entre " + l.monthsOf(c), class: classIndefinite}
	}
	var month string
	if c.monthX == 0 {
		month = " " + frenchMonths[c.month] + l.ofYear(c)
	} else {
		month = " d'" + l.someMonth(c)
	}
	first, last := c.daysThatExist()
	switch {
	case last-first > 1:
		return phrase{text: "un jour entre le " + frenchDay(first) + " et le " + frenchDay(last) + month, class: classIndefinite}
	case last > first:
		return phrase{text: frenchDay(first) + " ou " + frenchDay(last) + month, class: classDay}
	}
	return phrase{text: frenchDay(first) + month, class: classDay}
}

func frenchDay(n int) string {
	if n == 1 {
		return "1er"
	}
	return number(n)
}

func (french) withTime(date, clock string) string { return date + " à " + clock }

// tail is what follows a date inside a sentence.
func (p phrase) tail() string {
	if p.about {
		return p.text + " environ" + p.remarks
	}
	return p.text + p.remarks
}

// the gives the date with its article: le 3 mars 2016, l'été 2021, 2021.
func the(p phrase, text string) string {
	return [...]string{classDay: "le ", classMasculine: "le ", classElided: "l'", classFeminine: "la ", classPlural: "les "}[p.class] + text
}

// of gives the date after "de": du 3 mars 2016, des années 1980, d'avril 2021.
func of(p phrase) string {
	text := p.tail()
	switch p.class {
	case classDay, classMasculine:
		return "du " + text
	case classPlural:
		return "des " + text
	case classElided, classFeminine:
		return "de " + the(p, text)
	}
	for _, vowel := range [...]string{"a", "o", "u"} { // avril, août, octobre, un, une
		if strings.HasPrefix(text, vowel) {
			return "d'" + text
		}
	}
	return "de " + text
}

// to gives the date after "à": au 3 mars 2016, aux années 1980, à 2021.
func to(p phrase) string {
	text := p.tail()
	switch p.class {
	case classDay, classMasculine:
		return "au " + text
	case classPlural:
		return "aux " + text
	}
	return "à " + the(p, text)
}

// until gives the date after "jusqu'": en 2021, au 3 mars 2016.
func until(p phrase) string {
	if p.class == classBare {
		return "en " + p.tail()
	}
	return to(p)
}

// in gives when something is: en 2021, le 3 mars 2016, à l'été 2021, dans les années 1980.
func in(p phrase) string {
	switch p.class {
	case classMasculine, classElided:
		return to(p)
	case classFeminine, classPlural:
		return "dans " + the(p, p.tail())
	case classBare:
		return "en " + p.tail()
	}
	return the(p, p.tail())
}

func (french) alone(p phrase) string {
	if p.about {
		return "vers " + the(p, p.text) + p.remarks
	}
	return p.text + p.remarks
}

func (french) interval(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "depuis " + the(a, a.tail())
	case formOpenStart:
		return "jusqu'" + until(b)
	case formUnknownEnd:
		return "à partir " + of(a) + ", fin inconnue"
	case formUnknownStart:
		return "jusqu'" + until(b) + ", début inconnu"
	}
	return of(a) + " " + to(b)
}

func (french) anyOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return in(a) + " ou plus tard"
	case formOpenStart:
		return "au plus tard " + in(b)
	}
	return "entre " + the(a, a.tail()) + " et " + the(b, b.tail())
}

func (french) allOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "toutes les dates à partir " + of(a)
	case formOpenStart:
		return "toutes les dates jusqu'" + until(b)
	}
	return of(a) + " " + to(b)
}

func (french) list(kind SetKind, m []string) string {
	if kind == OneOf {
		return commas(m, " ou ")
	}
	return commas(m, " et ")
}

func (french) note(flag qualifier, nouns []noun) string {
	names := make([]string, len(nouns))
	feminine := len(nouns) > 0
	for i, n := range nouns {
		names[i] = [...]string{"année", "mois", "jour", "saison", "période"}[n]
		feminine = feminine && n != nounMonth && n != nounDay
	}
	words := [...]string{uncertain: "incertain", approximate: "approximatif"}
	if feminine {
		words = [...]string{uncertain: "incertaine", approximate: "approximative"}
	}
	plural := ""
	if len(nouns) > 1 {
		plural = "s"
	}
	var said []string
	for _, f := range [...]qualifier{uncertain, approximate} {
		if flag&f != 0 {
			said = append(said, words[f]+plural)
		}
	}
	if len(nouns) == 0 {
		return commas(said, " et ")
	}
	return commas(names, " et ") + " " + commas(said, " et ")
}

func (french) notes(n []string) string { return " (" + strings.Join(n, " ; ") + ")" }
