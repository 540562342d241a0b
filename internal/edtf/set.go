package edtf

import "strings"

// parseSet reads [..] or {..}. Members may stand in any order and be repeated:
// a set says which dates there are, and sources list them as they come.
func (d *Date) parseSet(s string) string {
	d.Level, d.Precision, d.form = 2, PrecisionSet, formSet
	closing := byte(']')
	d.Set = OneOf
	if s[0] == '{' {
		closing, d.Set = '}', AllOf
	}
	last := len(s) - 1
	switch {
	case strings.IndexByte(s, closing) == last-1 && strings.IndexByte("?~%", s[last]) >= 0:
		return "a set takes no qualifier: write it after each date that it holds for, as in [1984?,1985?]"
	case last == 0 || s[last] != closing:
		if strings.IndexByte(s, closing) >= 0 {
			return setAlone
		}
		return "the set is not closed: write [A,B] for one of its dates, {A,B} for all of them"
	case last == 1:
		return "an empty set: write at least one date, as in [1984,1985]"
	case strings.ContainsAny(s[1:last], "[]{}"):
		return "a set inside a set: write one set with all its dates"
	case strings.IndexByte(s, '/') >= 0:
		return "an interval inside a set: write a range with two points, as in [1984..1986]"
	}
	d.Members = make([]Member, 0, 1+strings.Count(s, ","))
	openStart, openEnd := false, false
	for rest, more := s[1:last], true; more; {
		var text string
		text, rest, more = strings.Cut(rest, ",")
		d.Members = append(d.Members, Member{})
		m := &d.Members[len(d.Members)-1]
		if reason := m.parse(text); reason != "" {
			return reason
		}
		d.flag(m.a)
		d.flag(m.b)
		openStart = openStart || m.form == formOpenStart
		openEnd = openEnd || m.form == formOpenEnd
	}
	if openStart && openEnd {
		return "a set open at both ends holds every date: write one open end, as in [..1984] or [1984..]"
	}
	d.Bounds = hull(d.Members)
	return ""
}

func (m *Member) parse(s string) string {
	a, b, ranged := strings.Cut(s, "..")
	var reason string
	switch {
	case s == "":
		return "an empty member: write a date between the commas, or take the comma out"
	case !ranged:
		if m.a, reason = wholePart(s, "a set"); reason != "" {
			return reason
		}
		m.First = days(m.a.lo, m.a.hi)
		m.Bounds = m.First.some()
		return ""
	case a == "" && b == "":
		return "a set open at both ends holds every date: write one open end, as in [..1984] or [1984..]"
	case strings.Contains(b, ".."):
		return "a range has two ends: write A..B, and a comma between ranges"
	}
	m.Range = true
	span := Span{}
	if a != "" {
		if m.a, reason = wholePart(a, "a set"); reason != "" {
			return reason
		}
		m.First = days(m.a.lo, m.a.hi)
		span.Lo = m.First.Lo
	}
	if b != "" {
		if m.b, reason = wholePart(b, "a set"); reason != "" {
			return reason
		}
		m.Last = days(m.b.lo, m.b.hi)
		span.Hi = m.Last.Hi
	}
	switch {
	case a == "":
		m.form = formOpenStart
	case b == "":
		m.form = formOpenEnd
	case m.b.hi < m.a.lo:
		return "the range " + s + " ends before it can begin: write the earlier date first, " + b + ".." + a
	default:
		m.form = formBetween
	}
	m.Bounds = span.some()
	return ""
}
