package edtf

import "strings"

type arabic struct{}

var arabicMonths = [...]string{"", "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"}

var arabicSeasons = [...]string{"ربيع", "صيف", "خريف", "شتاء"}

// arabicPeriods are the groupings 33 to 41.
var arabicPeriods = [...]string{
	"الربع الأول", "الربع الثاني", "الربع الثالث", "الربع الرابع",
	"الثلث الأول", "الثلث الثاني", "الثلث الثالث", "النصف الأول", "النصف الثاني",
}

func (arabic) year(y int) string {
	switch {
	case y <= 0:
		return number(1-y) + " ق.م"
	case y < 100:
		return number(y) + " م"
	}
	return number(y)
}

// span names consecutive years, with their era once where it is the same.
func (l arabic) span(first, last int) string {
	switch {
	case first == last:
		return l.year(first)
	case last <= 0:
		return number(1-first) + "–" + l.year(last)
	case first > 0 && first < 100:
		return number(first) + "–" + number(last) + " م"
	}
	return l.year(first) + "–" + l.year(last)
}

// years names a year or the years that a mask can be.
func (l arabic) years(c *part) string {
	lo, hi := c.years()
	switch {
	case c.yearX == 0:
		return l.year(lo)
	case c.yearX == 1 && plainDecade(lo):
		return "عقد " + number(lo)
	case c.yearX == 1:
		return "العقد " + l.span(lo, hi)
	case c.yearX == 4:
		return "سنة غير معروفة"
	}
	return "السنوات من " + l.year(lo) + " إلى " + l.year(hi)
}

// inYears names the years after a noun that they belong to.
func (l arabic) inYears(c *part) string {
	if c.yearX == 0 {
		return "عام " + l.years(c)
	}
	return l.years(c)
}

// ofYear names the year after a month or a day.
func (l arabic) ofYear(c *part) string {
	switch c.yearX {
	case 0:
		return " " + l.years(c)
	case 1:
		return " من إحدى سنوات " + l.years(c)
	case 4:
		return " من " + l.years(c)
	}
	return " من إحدى " + l.years(c)
}

func (l arabic) date(c *part) phrase {
	switch {
	case c.has == 1:
		return phrase{text: l.years(c)}
	case c.season():
		return phrase{text: l.season(c)}
	case c.has == 2:
		if c.monthX == 0 {
			return phrase{text: arabicMonths[c.month] + l.ofYear(c)}
		}
		return phrase{text: l.someMonth(c)}
	}
	return phrase{text: l.day(c)}
}

func (l arabic) season(c *part) string {
	switch {
	case c.month <= 32:
	case c.yearX == 0:
		return arabicPeriods[c.month-33] + " من " + l.inYears(c)
	default:
		return arabicPeriods[c.month-33] + l.ofYear(c)
	}
	name := arabicSeasons[(c.month-21)%4]
	switch {
	case c.northern():
		name += " نصف الكرة الشمالي"
	case c.southern():
		name += " نصف الكرة الجنوبي"
	case c.yearX > 0:
		return name + strings.TrimPrefix(l.ofYear(c), " من")
	}
	if c.yearX == 0 {
		return name + " " + l.span(c.seasonYears())
	}
	return name + l.ofYear(c)
}

func (l arabic) someMonth(c *part) string {
	if c.monthX == 2 {
		return "أحد أشهر " + l.inYears(c)
	}
	return "أحد الأشهر من " + l.monthsOf(c)
}

// monthsOf names the months that 0X or 1X can be, and their year.
func (l arabic) monthsOf(c *part) string {
	lo, hi := c.months()
	return arabicMonths[lo] + " إلى " + arabicMonths[hi] + l.ofYear(c)
}

func (l arabic) day(c *part) string {
	switch {
	case c.dayX == 2 && c.monthX == 0:
		return "أحد أيام " + arabicMonths[c.month] + l.ofYear(c)
	case c.dayX == 2 && c.monthX == 2:
		return "أحد أيام " + l.inYears(c)
	case c.dayX == 2:
		return "أحد الأيام من " + l.monthsOf(c)
	}
	var day, month string
	if c.monthX == 0 {
		month = " " + arabicMonths[c.month] + l.ofYear(c)
	} else {
		day, month = "يوم ", " من "+l.someMonth(c)
	}
	first, last := c.daysThatExist()
	switch {
	case last-first > 1:
		return "أحد الأيام من " + number(first) + " إلى " + number(last) + month
	case last > first:
		return day + number(first) + " أو " + number(last) + month
	}
	return day + number(first) + month
}

func (arabic) withTime(date, clock string) string { return date + "، " + clock }

func (arabic) alone(p phrase) string {
	if p.about {
		return "حوالي " + p.text + p.remarks
	}
	return p.text + p.remarks
}

func (l arabic) interval(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "منذ " + l.alone(a)
	case formOpenStart:
		return "حتى " + l.alone(b)
	case formUnknownEnd:
		return "من " + l.alone(a) + "، والنهاية غير معروفة"
	case formUnknownStart:
		return "حتى " + l.alone(b) + "، والبداية غير معروفة"
	}
	return "من " + l.alone(a) + " إلى " + l.alone(b)
}

func (l arabic) anyOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "في " + l.alone(a) + " أو بعد ذلك"
	case formOpenStart:
		return "بحلول " + l.alone(b)
	}
	return "بين " + l.alone(a) + " و" + l.alone(b)
}

func (l arabic) allOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "كل التواريخ ابتداءً من " + l.alone(a)
	case formOpenStart:
		return "كل التواريخ حتى " + l.alone(b)
	}
	return "من " + l.alone(a) + " إلى " + l.alone(b)
}

// list joins every member with the conjunction, as Arabic does.
func (arabic) list(kind SetKind, m []string) string {
	if kind == OneOf {
		return strings.Join(m, " أو ")
	}
	return strings.Join(m, " و")
}

func (arabic) note(flag qualifier, nouns []noun) string {
	names := make([]string, len(nouns))
	feminine := len(nouns) > 0
	for i, n := range nouns {
		names[i] = [...]string{"السنة", "الشهر", "اليوم", "الفصل", "الفترة"}[n]
		feminine = feminine && (n == nounYear || n == nounPeriod)
	}
	// By flag, then singular and dual, masculine and feminine.
	words := [...][2][2]string{
		uncertain:   {{"غير مؤكد", "غير مؤكدة"}, {"غير مؤكدين", "غير مؤكدتين"}},
		approximate: {{"تقريبي", "تقريبية"}, {"تقريبيان", "تقريبيتان"}},
	}
	dual, gender := 0, 0
	if len(nouns) > 1 {
		dual = 1
	}
	if feminine {
		gender = 1
	}
	var said []string
	for _, f := range [...]qualifier{uncertain, approximate} {
		if flag&f != 0 {
			said = append(said, words[f][dual][gender])
		}
	}
	if len(nouns) == 0 {
		return strings.Join(said, " و")
	}
	return strings.Join(names, " و") + " " + strings.Join(said, " و")
}

func (arabic) notes(n []string) string { return " (" + strings.Join(n, "؛ ") + ")" }
