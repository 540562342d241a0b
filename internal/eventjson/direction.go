package eventjson

import "fmt"

// Characters that direct how text is laid out (Unicode's UAX #9).
const (
	embedLeftToRight = '\u202A'
	embedRightToLeft = '\u202B'
	popEmbedding     = '\u202C'
	overrideLeft     = '\u202D'
	overrideRight    = '\u202E'
	isolateFirst     = '\u2066' // left to right; U+2067 right to left, U+2068 as its first letter
	isolateLast      = '\u2068'
	popIsolate       = '\u2069'
)

// Unfit tells why a text cannot be stored, or would be shown as something else than it
// is; "" where it can.
//
// The marks U+200E, U+200F and U+061C are kept, since Arabic text with numbers and Latin
// names needs them; so are embeddings and isolates that are closed. Overrides show
// letters in another order than they are written in, and what is not closed goes on
// into the text that a page shows behind: with both a headline can say what it does
// not.
func Unfit(s string) string {
	var open []rune
	for _, c := range s {
		switch {
		case c < 0x20 && c != '\n' && c != '\t' && c != '\r', 0x7F <= c && c <= 0x9F:
			return fmt.Sprintf("holds the control character U+%04X; remove it", c)
		case c < popEmbedding-2: // most text
		case c == overrideLeft || c == overrideRight:
			return fmt.Sprintf("holds U+%04X, which shows letters in another order than they are written in; remove it", c)
		case c == embedLeftToRight || c == embedRightToLeft || isolateFirst <= c && c <= isolateLast:
			open = append(open, c)
		case c == popEmbedding || c == popIsolate:
			last := len(open) - 1
			if last < 0 || (open[last] >= isolateFirst) != (c == popIsolate) {
				return fmt.Sprintf("holds U+%04X, which ends a direction that was not begun; remove it", c)
			}
			open = open[:last]
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("holds U+%04X, a direction that is never ended; end it, or remove it", open[len(open)-1])
	}
	return ""
}
