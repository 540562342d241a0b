// Package fold makes texts comparable: the same letters, whatever case, accents
// and marks they were typed with. Search, actors' names and country names are
// folded by the same functions when they are stored and when they are asked for.
//
// It knows letters, and nothing of events.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text folds a text: lower case, Latin accents and Arabic marks and tatweel
// dropped, أ إ آ ٱ as ا, ى as ي, ة as ه, compatibility forms as the letters they
// stand for, digits of any script as 0 to 9, runs of white space as one space,
// none at the ends. It is idempotent; bytes that are not UTF-8 are dropped.
func Text(s string) string {
	if folded, ok := ascii(s); ok {
		return folded
	}
	// Twice: the second pass meets what lower-casing and the letters below uncover.
	return once(once(s))
}

func once(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "")) {
		r = unicode.ToLower(r)
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unicode.Is(unicode.Mn, r), r == 'ـ', unicode.Is(unicode.Cf, r):
			continue // accents, Arabic marks, tatweel, invisible controls of direction
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if letters, ok := plain[r]; ok {
			b.WriteString(letters)
			continue
		}
		if unicode.Is(unicode.Nd, r) && r > '9' {
			b.WriteByte(byte('0' + digit(r)))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// digit gives the value of a decimal digit: Unicode lays each script's ten in a row.
func digit(r rune) int {
	n := 0
	for n < 9 && unicode.Is(unicode.Nd, r-1) {
		r--
		n++
	}
	return n
}

// plain holds the letters that have no decomposition.
var plain = map[rune]string{
	'ß': "ss", 'œ': "oe", 'æ': "ae", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t",
	'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ة': "ه",
	'’': "'", '‘': "'", 'ʼ': "'", '`': "'", '´': "'", '–': "-", '‐': "-", '‑': "-", '—': "-",
}

// ascii folds a text of ASCII alone, which most are in part of the fields.
func ascii(s string) (string, bool) {
	clean := true
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 {
			return "", false
		}
		if 'A' <= c && c <= 'Z' || c < 0x20 || c == ' ' && (i == 0 || s[i-1] == ' ' || i == len(s)-1) {
			clean = false
		}
	}
	if clean {
		return strings.ReplaceAll(s, "`", "'"), true
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(strings.ToLower(s)), " "), "`", "'"), true
}

// Words gives the folded words of a text: its runs of letters and digits.
func Words(s string) []string {
	return strings.FieldsFunc(Text(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsNumber(r) })
}

// prefixes are the Arabic particles that are written together with the next word.
const prefixes = "وفبكل"

// SearchWords gives the words under which a text is found: each of its Words and,
// for Arabic ones, what remains without the particles و ف ب ك ل and the article
// ال before it (also as لل), down to two letters: والنيجر gives النيجر and نيجر too.
func SearchWords(s string) []string {
	words := Words(s)
	for i := 0; i < len(words); i++ { // stems are appended and stripped in their turn
		words = append(words, stems(words[i])...)
	}
	return words
}

func stems(word string) []string {
	if first, _ := utf8.DecodeRuneInString(word); first < 0x600 || first > 0x6ff {
		return nil // most words: no runes are made of them
	}
	letters := []rune(word)
	if len(letters) < 3 {
		return nil
	}
	var found []string
	if strings.ContainsRune(prefixes, letters[0]) {
		found = append(found, string(letters[1:]))
	}
	article := letters[0] == 'ا' && letters[1] == 'ل' || letters[0] == 'ل' && letters[1] == 'ل'
	if article && len(letters) >= 4 {
		found = append(found, string(letters[2:]))
	}
	return found
}
