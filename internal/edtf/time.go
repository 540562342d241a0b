package edtf

import "strings"

// checkTime says what is wrong with the time after T, or "".
func checkTime(c part, s string) string {
	switch {
	case c.has != 3 || c.masked():
		return "a time of day needs a whole day: write it as 1985-04-12T23:20:30"
	case c.qualified() || strings.ContainsAny(s, "?~%"):
		return qualifiedTime
	}
	hour, ok1 := twoDigits(s, 0)
	minute, ok2 := twoDigits(s, 3)
	second, ok3 := twoDigits(s, 6)
	if !ok1 || !ok2 || !ok3 || s[2] != ':' || s[5] != ':' {
		return "a time of day is hh:mm:ss: write it as 1985-04-12T23:20:30"
	}
	switch {
	case hour == 24:
		return "there is no hour 24: write 00:00:00 of the next day"
	case hour > 23 || minute > 59 || second > 59:
		return "no such time of day: write 00:00:00 to 23:59:59"
	}
	return checkShift(s[8:])
}

const qualifiedTime = "a time of day takes no qualifier: write the day alone with it, as in 1985-04-12?"

// checkShift says what is wrong with the time shift, or "". None is local time.
func checkShift(s string) string {
	const form = "a time shift is Z, +hh, -hh, +hh:mm or -hh:mm: write 1985-04-12T23:20:30Z or 1985-04-12T23:20:30-04:30"
	if s == "" || s == "Z" {
		return ""
	}
	switch s[0] {
	case '.', ',':
		return "fractions of a second are not kept: write whole seconds, as in 23:20:30"
	case '+', '-':
	default:
		return form
	}
	hour, ok := twoDigits(s, 1)
	minute := 0
	if ok && len(s) > 3 {
		if len(s) != 6 || s[3] != ':' {
			return form
		}
		minute, ok = twoDigits(s, 4)
	}
	switch {
	case !ok:
		return form
	case hour > 23 || minute > 59:
		return "no such time shift: write -23:59 to +23:59"
	}
	return ""
}

func twoDigits(s string, at int) (int, bool) {
	if len(s) < at+2 {
		return 0, false
	}
	a, b := s[at]-'0', s[at+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}
