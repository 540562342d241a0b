package timeline

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// Languages are those that labels are made in, in the order of their tags' bytes.
var Languages = []string{"ar", "en", "fr"}

// TimeLayout is how times stand in documents: UTC, to the microsecond, the
// precision that Postgres keeps.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// AppendJSON appends the canonical JSON of the event: every property present, in
// the contract's order, keys of maps sorted by bytes, no HTML escaping. The bytes
// of an event are the same wherever it appears.
func (e *Event) AppendJSON(b []byte) []byte {
	return AppendStamp(e.AppendBody(b), e.Revision, e.CreatedAt, e.UpdatedAt)
}

// AppendBody appends the canonical JSON up to and without the revision, so that
// an import can make its documents before it knows its revision. AppendStamp
// completes it. Two events with equal bodies are the same.
func (e *Event) AppendBody(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = AppendString(b, e.ID)
	b = append(b, `,"dataset":`...)
	b = AppendString(b, e.Dataset)
	b = append(b, `,"type":`...)
	b = AppendString(b, e.Type)
	b = append(b, `,"status":`...)
	b = AppendString(b, e.Status)
	b = append(b, `,"date":`...)
	b = AppendDate(b, e.Date)
	b = append(b, `,"title":`...)
	b = AppendText(b, e.Title)
	b = append(b, `,"summary":`...)
	b = AppendText(b, e.Summary)
	b = append(b, `,"countries":`...)
	b = appendList(b, e.Countries, appendCountryRole)
	b = append(b, `,"actors":`...)
	b = appendList(b, e.Actors, appendActor)
	b = append(b, `,"location":`...)
	b = appendLocation(b, e.Location)
	b = append(b, `,"measures":`...)
	b = appendMap(b, e.Measures, AppendNumber)
	b = append(b, `,"tags":`...)
	b = appendList(b, e.Tags, AppendString)
	b = append(b, `,"sources":`...)
	b = appendList(b, e.Sources, appendSource)
	b = append(b, `,"links":`...)
	b = appendList(b, e.Links, appendLink)
	b = append(b, `,"attributes":`...)
	return appendMap(b, e.Attributes, AppendString)
}

// AppendStamp appends the members that the store sets to a body that
// Event.AppendBody made, and closes the document.
func AppendStamp(b []byte, revision int64, created, updated time.Time) []byte {
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, revision, 10)
	b = append(b, `,"created_at":"`...)
	b = created.UTC().AppendFormat(b, TimeLayout)
	b = append(b, `","updated_at":"`...)
	b = updated.UTC().AppendFormat(b, TimeLayout)
	return append(b, `"}`...)
}

// AppendDate appends a date with its derived members.
func AppendDate(b []byte, d edtf.Date) []byte {
	b = append(b, `{"edtf":`...)
	b = AppendString(b, d.Expr)
	b = append(b, `,"earliest":`...)
	b = appendBound(b, d.StartEarliest)
	b = append(b, `,"start_latest":`...)
	b = appendBound(b, d.StartLatest)
	b = append(b, `,"end_earliest":`...)
	b = appendBound(b, d.EndEarliest)
	b = append(b, `,"latest":`...)
	b = appendBound(b, d.EndLatest)
	b = append(b, `,"precision":`...)
	b = AppendString(b, string(d.Precision))
	b = append(b, `,"approximate":`...)
	b = strconv.AppendBool(b, d.Approximate)
	b = append(b, `,"uncertain":`...)
	b = strconv.AppendBool(b, d.Uncertain)
	b = append(b, `,"label":{`...)
	for i, lang := range Languages {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, lang)
		b = append(b, ':')
		b = AppendString(b, d.Label(lang))
	}
	return append(b, "}}"...)
}

func appendBound(b []byte, d edtf.Bound) []byte {
	if !d.Known {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = d.Day.AppendTo(b)
	return append(b, '"')
}

// AppendText appends a translated text, null when it is nil.
func AppendText(b []byte, t Text) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	return appendMap(b, t, AppendString)
}

func appendCountryRole(b []byte, c CountryRole) []byte {
	b = append(b, `{"code":`...)
	b = AppendString(b, c.Code)
	b = append(b, `,"role":`...)
	b = AppendString(b, c.Role)
	return append(b, '}')
}

func appendActor(b []byte, a Actor) []byte {
	b = append(b, `{"name":`...)
	b = AppendText(b, a.Name)
	b = append(b, `,"kind":`...)
	b = AppendString(b, a.Kind)
	b = append(b, `,"role":`...)
	b = AppendString(b, a.Role)
	b = append(b, `,"country":`...)
	b = appendNullable(b, a.Country)
	return append(b, '}')
}

func appendLocation(b []byte, l *Location) []byte {
	if l == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"name":`...)
	b = AppendText(b, l.Name)
	b = append(b, `,"latitude":`...)
	b = AppendNumber(b, l.Latitude)
	b = append(b, `,"longitude":`...)
	b = AppendNumber(b, l.Longitude)
	b = append(b, `,"precision":`...)
	b = AppendString(b, l.Precision)
	return append(b, '}')
}

func appendSource(b []byte, s Source) []byte {
	b = append(b, `{"title":`...)
	b = appendNullable(b, s.Title)
	b = append(b, `,"publisher":`...)
	b = appendNullable(b, s.Publisher)
	b = append(b, `,"url":`...)
	b = appendNullable(b, s.URL)
	b = append(b, `,"language":`...)
	b = AppendString(b, s.Language)
	b = append(b, `,"published":`...)
	b = appendNullable(b, s.Published)
	b = append(b, `,"quote":`...)
	b = appendNullable(b, s.Quote)
	b = append(b, `,"supports":`...)
	b = appendList(b, s.Supports, AppendString)
	return append(b, '}')
}

func appendLink(b []byte, l Link) []byte {
	b = append(b, `{"relation":`...)
	b = AppendString(b, l.Relation)
	b = append(b, `,"event":`...)
	b = AppendString(b, l.Event)
	return append(b, '}')
}

func appendNullable(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return AppendString(b, s)
}

func appendList[T any](b []byte, list []T, item func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, v)
	}
	return append(b, ']')
}

func appendMap[V any](b []byte, m map[string]V, value func([]byte, V) []byte) []byte {
	b = append(b, '{')
	switch len(m) {
	case 0:
	case 1: // most maps have one key: no slice to sort
		for k, v := range m {
			b = append(AppendString(b, k), ':')
			b = value(b, v)
		}
	default:
		for i, k := range slices.Sorted(maps.Keys(m)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendString(b, k), ':')
			b = value(b, m[k])
		}
	}
	return append(b, '}')
}

// AppendNumber appends a finite number as encoding/json would: shortest form that
// reads back the same, exponents only where they are far out.
func AppendNumber(b []byte, f float64) []byte {
	// A number of six decimals and fifteen digits is the shortest way to write its float.
	if whole := math.Round(f * decimals); math.Abs(whole) < 1e15 && whole/decimals == f && whole != 0 {
		return appendDecimals(b, int64(whole))
	}
	abs := math.Abs(f)
	if abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendDecimals appends millionths without zeros at the end.
func appendDecimals(b []byte, millionths int64) []byte {
	if millionths < 0 {
		b, millionths = append(b, '-'), -millionths
	}
	b = strconv.AppendInt(b, millionths/decimals, 10)
	rest := millionths % decimals
	if rest == 0 {
		return b
	}
	b = append(b, '.')
	for unit := int64(decimals / 10); rest > 0; unit /= 10 {
		b = append(b, byte('0'+rest/unit))
		rest %= unit
	}
	return b
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string: quote, backslash and control
// characters escaped, everything else as it is. Bytes that are not UTF-8 become
// U+FFFD; the readers of input refuse them before.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(b, s[start:i]...)
			b = append(b, "\uFFFD"...)
			i++
			start = i
			continue
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
