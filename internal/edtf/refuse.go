package edtf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error tells why an expression is refused.
type Error struct {
	Expr   string
	Reason string // why, and what to write instead
}

// Error gives the expression, or the beginning of one that is far too long, and
// the reason.
func (e *Error) Error() string {
	if len(e.Expr) > 4*maxLength {
		return fmt.Sprintf("edtf: %q…: %s", e.Expr[:maxLength], e.Reason)
	}
	return fmt.Sprintf("edtf: %q: %s", e.Expr, e.Reason)
}

// fail makes the error. Faults of single characters explain an expression better
// than the place where the scanner stopped, so they go first.
func fail(s, reason string) *Error {
	if better := characters(s); better != "" {
		reason = better
	}
	return &Error{s, reason}
}

func characters(s string) string {
	if !utf8.ValidString(s) {
		return "not valid UTF-8: write the expression in ASCII"
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r <= unicode.MaxASCII && unicode.IsLetter(r) && !strings.ContainsRune("xuXtTzZyYeEsS", r)
	}) {
		switch {
		case strings.Contains(s, "/open"), strings.Contains(s, "open/"):
			return "an open end is two points: write 2023/.. or ../2023"
		case strings.Contains(s, "/unknown"), strings.Contains(s, "unknown/"):
			return "an unknown end is left out: write 2023/ or /2023"
		}
		return "words are not dates: write 2023, 2023-07 or 2023-07-26"
	}
	for _, r := range s {
		switch {
		case r == ' ' || unicode.IsSpace(r):
			return "spaces are not allowed: write it without them, also after the commas of a set"
		case unicode.IsDigit(r) && r > unicode.MaxASCII:
			return "digits must be the ASCII ones: write 0 to 9"
		case r > unicode.MaxASCII && unicode.Is(unicode.Dash, r):
			return "a dash that is not ASCII: write the hyphen -"
		case r > unicode.MaxASCII:
			return fmt.Sprintf("the character %q is not allowed: write the expression in ASCII", r)
		case r == 'x' || r == 'u':
			return "an unspecified digit is an upper-case X: write 198X"
		case r == 't' || r == 'z':
			return "T and Z of a time are upper case: write 1985-04-12T23:20:30Z"
		case r == 'Y' || r == 'y':
			return "years written with Y are not accepted: write a year of four digits, -4712 to 9999"
		case r == 'E' || r == 'e':
			return "years with an exponent E are not accepted: write a year of four digits, -4712 to 9999"
		case r == 'S' || r == 's':
			return "years with significant digits S are not accepted: write X for the digits that are not known, as in 19XX"
		}
	}
	return ""
}

const setAlone = "a set stands alone: write it without an interval or other text around it"

// noYear says what to write where no year stands at the place.
func noYear(s string, at int) string {
	switch {
	case at >= len(s):
		return "a date is missing: write a year of four digits, as in 2023"
	case s[at] == '?' || s[at] == '~' || s[at] == '%':
		return "a qualifier without a date: write one qualifier directly before or after a part, as in 2023?"
	case s[at] == '.':
		return "two points stand for an open end in intervals and sets only: write ../2023, 2023/.. or [..2023]"
	case s[at] == '[' || s[at] == '{':
		return setAlone
	}
	return "not a date: write 2023, 2023-07 or 2023-07-26"
}

// yearLength says what to write for a year that has not four digits.
func yearLength(text string, negative bool, n int, x uint8, rest string) string {
	switch {
	case n < 3 && !negative && rest != "" && strings.IndexByte("-.", rest[0]) >= 0 && !strings.HasPrefix(rest, ".."):
		return "the year comes first, and hyphens between: write 2023-07-26"
	case n == 8 && x == 0 && !negative:
		return "parts are separated by hyphens: write " + text[:4] + "-" + text[4:6] + "-" + text[6:]
	case n == 6 && x == 0 && !negative:
		return "a year has four digits: write " + text[:4] + "-" + text[4:] + " for a month"
	case n > 4:
		return "a year has four digits, and lies in -4712 to 9999: write such a year"
	case n == 2 && x == 0 && !negative:
		return "a bare century: write " + text + "XX, or " + strings.Repeat("0", 2) + text + " for the year"
	case n == 3 && x == 0 && !negative:
		return "a bare decade: write " + text + "X, or 0" + text + " for the year"
	case negative && x == 0:
		return "a year has four digits: write -" + strings.Repeat("0", 4-n) + text[1:]
	}
	return "a year has four digits: write it as 0043, or 198X where digits are not known"
}

// trailing says what to write where something follows a date.
func trailing(s string, at int) string {
	rest := s[at:]
	switch {
	case strings.HasPrefix(rest, "..."):
		return "too many points: write START/END for an interval, [START..END] for one unknown day of it"
	case strings.HasPrefix(rest, ".."):
		return "a range stands in a set only: write an interval " + s[:at] + "/" + rest[2:] + ", or [" + s + "] for one unknown day of it"
	case rest[0] == '.':
		return "parts are separated by hyphens: write 2023-07-26"
	case strings.ContainsAny(rest, "]}"):
		return "a set that is not opened: write [A,B] for one of its dates, {A,B} for all of them"
	case rest[0] == ',':
		return "several dates make a set: write [" + s + "] for one of them, {" + s + "} for all"
	case rest[0] == '?' || rest[0] == '~' || rest[0] == '%':
		return "a qualifier is in the wrong place: write it directly before or after a part, as in 2023-07~"
	}
	return fmt.Sprintf("%q does not belong after the date: write %s alone", rest, s[:at])
}
