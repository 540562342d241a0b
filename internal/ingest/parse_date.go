package ingest

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// dates reads a date rule, or a list of them: each that a row has a date for makes an
// event.
func (p *mappingParser) dates(n ast.Node) {
	for _, item := range p.items(n) {
		p.m.dates = append(p.m.dates, p.dateRule(item))
	}
}

// dateRule reads {column…} or {year…}, or {start: {…}, end: {…}, as: …}.
func (p *mappingParser) dateRule(n ast.Node) dateRule {
	d := dateRule{within: noCol}
	d.start, d.end = noPoint(), noPoint()
	hasStart, as := false, ""
	keys := p.pointKeys(&d.start)
	pointSeen := false
	for key, read := range keys {
		keys[key] = func(n ast.Node) {
			pointSeen = true
			read(n)
		}
	}
	keys["start"] = func(n ast.Node) {
		hasStart = true
		p.pointNode(n, "start", &d.start)
	}
	keys["end"] = func(n ast.Node) {
		d.hasEnd = true
		p.pointNode(n, "end", &d.end)
	}
	keys["as"] = func(n ast.Node) { as = p.word(n, "as", []string{"duration", "one_day"}) }
	keys["unknown"] = func(n ast.Node) { d.unknown = p.texts(n, "unknown") }
	keys["open"] = func(n ast.Node) { d.open = p.texts(n, "open") }
	keys["none"] = func(n ast.Node) { d.none = p.texts(n, "none") }
	keys["no_year_zero"] = func(n ast.Node) { d.noYearZero = p.truth(n, "no_year_zero") }
	keys["january_1_is_the_year"] = func(n ast.Node) { d.lostPrec = p.truth(n, "january_1_is_the_year") }
	keys["within_year"] = func(n ast.Node) { d.within = p.columnNode(n, "within_year") }
	p.object(n, "date", keys)
	switch {
	case hasStart != d.hasEnd:
		p.fault(n, "date needs both start and end, or neither")
	case d.hasEnd && pointSeen:
		p.fault(n, "date has start and end: put column, layout, year, month, day and precision into them")
	case d.hasEnd && as == "":
		p.fault(n, "date has start and end: say as: duration when the event lasts from one to the other, or as: one_day when it is one unknown day between them")
	case !d.hasEnd:
		if as != "" || d.within != noCol {
			p.fault(n, "as and within_year are for dates with start and end")
		}
		p.checkPoint(n, "date", &d.start)
	}
	d.oneDay = as == "one_day"
	if d.oneDay && d.within != noCol {
		p.fault(n, "within_year is for as: duration")
	}
	return d
}

func noPoint() point { return point{column: noCol, year: noCol, month: noCol, day: noCol} }

func (p *mappingParser) pointKeys(to *point) map[string]func(ast.Node) {
	return map[string]func(ast.Node){
		"column":    func(n ast.Node) { to.column = p.columnNode(n, "column") },
		"layout":    func(n ast.Node) { to.layout = p.word(n, "layout", layouts) },
		"year":      func(n ast.Node) { to.year = p.columnNode(n, "year") },
		"month":     func(n ast.Node) { to.month = p.columnNode(n, "month") },
		"day":       func(n ast.Node) { to.day = p.columnNode(n, "day") },
		"precision": func(n ast.Node) { to.precision = p.wordRule(n, "precision", precisions) },
	}
}

func (p *mappingParser) pointNode(n ast.Node, what string, to *point) {
	p.object(n, what, p.pointKeys(to))
	p.checkPoint(n, what, to)
}

func (p *mappingParser) checkPoint(n ast.Node, what string, to *point) {
	switch {
	case to.column == noCol && to.year == noCol:
		p.fault(n, "%s needs column and layout, or year (and month, day)", what)
	case to.column != noCol && (to.year != noCol || to.month != noCol || to.day != noCol):
		p.fault(n, "%s has column and also year, month or day: keep one form", what)
	case to.column != noCol && to.layout == "":
		p.fault(n, "%s needs layout beside column: one of %s", what, strings.Join(layouts, ", "))
	case to.column == noCol && to.layout != "":
		p.fault(n, "%s: layout belongs to column", what)
	case to.day != noCol && to.month == noCol:
		p.fault(n, "%s has day without month", what)
	case to.layout == layoutEDTF && to.precision.given():
		p.fault(n, "%s: precision does not go with layout edtf, which says it itself", what)
	}
}
