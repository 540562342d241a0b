package ingest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// ParseMapping reads a mapping file. The error is a *MappingError that tells every
// fault with its line.
func ParseMapping(name string, data []byte) (*Mapping, error) {
	p := &mappingParser{m: &Mapping{Name: name, encoding: encodingUTF8}, byName: map[string]col{}}
	if root := p.parse(data); root != nil {
		p.root(root)
	}
	if len(p.faults) > 0 {
		slices.SortStableFunc(p.faults, func(a, b MappingFault) int { return a.Line - b.Line })
		return nil, &MappingError{Name: name, Faults: p.faults}
	}
	return p.m, nil
}

type mappingParser struct {
	document
	m      *Mapping
	byName map[string]col
}

// column registers a column's name.
func (p *mappingParser) column(name string) col {
	c, known := p.byName[name]
	if !known {
		c = col(len(p.m.columns))
		p.byName[name] = c
		p.m.columns = append(p.m.columns, column{name: name, names: []string{name}})
	}
	return c
}

func (p *mappingParser) columnNode(n ast.Node, what string) col {
	name := p.text(n, what)
	if name == "" {
		return noCol
	}
	return p.column(name)
}

func (p *mappingParser) root(n ast.Node) {
	m := p.m
	var renames, lacking ast.Node
	keys := map[string]func(ast.Node){
		"about":      func(n ast.Node) { m.About = p.text(n, "about") },
		"dataset":    p.dataset,
		"format":     func(n ast.Node) { m.format = p.word(n, "format", formats) },
		"encoding":   func(n ast.Node) { m.encoding = p.word(n, "encoding", encodings) },
		"lines":      func(n ast.Node) { m.loneReturn = p.word(n, "lines", []string{"lf", "cr"}) == "cr" },
		"quotes":     func(n ast.Node) { m.noQuotes = p.word(n, "quotes", []string{"double", "none"}) == "none" },
		"skip_rows":  func(n ast.Node) { m.skipRows = p.count(n, "skip_rows") },
		"records":    p.recordsPath,
		"columns":    func(n ast.Node) { renames = n },
		"may_lack":   func(n ast.Node) { lacking = n },
		"id":         func(n ast.Node) { m.id = p.template(n, "id") },
		"type":       func(n ast.Node) { m.kind = p.wordRule(n, "type", timeline.TypeCodes) },
		"status":     func(n ast.Node) { m.status = p.wordRule(n, "status", timeline.Statuses) },
		"date":       p.dates,
		"title":      func(n ast.Node) { m.title = p.textRule(n, "title") },
		"summary":    func(n ast.Node) { m.summary = p.textRule(n, "summary") },
		"countries":  p.countries,
		"actors":     p.actors,
		"location":   p.location,
		"measures":   p.measures,
		"tags":       p.tags,
		"sources":    p.sources,
		"links":      p.links,
		"attributes": p.attributes,
	}
	seen := map[string]bool{}
	for key, read := range keys {
		keys[key] = func(n ast.Node) {
			seen[key] = true
			read(n)
		}
	}
	p.object(n, "the mapping", keys, "format")
	if renames != nil {
		p.renames(renames)
	}
	if lacking != nil {
		p.lacking(lacking)
	}
	p.whole(n, seen)
}

// whole checks what no single key can tell.
func (p *mappingParser) whole(n ast.Node, seen map[string]bool) {
	m := p.m
	if !slices.Contains(formats, m.format) {
		return // what is needed depends on it
	}
	if m.isEvents() {
		for key := range seen {
			if !slices.Contains([]string{"about", "dataset", "format"}, key) {
				p.fault(n, "format events reads events as they are: it takes about and dataset, not %s", key)
			}
		}
		return
	}
	for _, key := range []string{"dataset", "id", "type", "date", "title", "sources"} {
		if !seen[key] {
			p.fault(n, "the mapping lacks the key %s", key)
		}
	}
	if seen["records"] && m.format != formatJSON {
		p.fault(n, "records is for format json only")
	}
	if (seen["skip_rows"] || seen["lines"] || seen["quotes"]) && !m.tabular() {
		p.fault(n, "skip_rows, lines and quotes are for formats csv and tsv only")
	}
	if m.encoding != encodingUTF8 && !m.tabular() {
		p.fault(n, "JSON is always utf-8: remove encoding")
	}
}

func (p *mappingParser) count(n ast.Node, what string) int {
	i, err := strconv.Atoi(p.text(n, what))
	if err != nil || i < 0 || i > 1000 {
		p.fault(n, "%s must be a number from 0 to 1000", what)
		return 0
	}
	return i
}

func (p *mappingParser) recordsPath(n ast.Node) {
	path := p.text(n, "records")
	p.m.records = strings.Split(path, ".")
	if slices.Contains(p.m.records, "") {
		p.fault(n, "records must be the keys that lead to the array, joined by points, as in results.bindings")
	}
}

func (p *mappingParser) dataset(n ast.Node) {
	d := &p.m.Dataset
	plain := func(to *string, what string) func(ast.Node) {
		return func(n ast.Node) { *to = p.text(n, what) }
	}
	p.object(n, "dataset", map[string]func(ast.Node){
		"slug": func(n ast.Node) {
			d.Slug = p.text(n, "slug")
			if d.Slug != "" && !eventjson.ValidSlug(d.Slug) {
				p.fault(n, "slug must be 1 to 64 of a-z, 0-9 and -, not beginning with -")
			}
		},
		"title":       func(n ast.Node) { d.Title = p.constants(n, "title") },
		"description": func(n ast.Node) { d.Description = p.constants(n, "description") },
		"licence":     plain(&d.Licence, "licence"),
		"citation":    plain(&d.Citation, "citation"),
		"url":         plain(&d.URL, "url"),
	}, "slug", "title")
}

// constants reads a translated text without columns.
func (p *mappingParser) constants(n ast.Node, what string) timeline.Text {
	t := timeline.Text{}
	for _, pair := range p.pairs(n, what) {
		if t[pair.key] = p.text(pair.value, what); !eventjson.ValidLanguage(pair.key) {
			p.fault(pair.node, "%s: %q is not a language tag such as ar, en or fr", what, pair.key)
		}
	}
	return t
}

// renames gives columns of the mapping the names that they may have in a file.
func (p *mappingParser) renames(n ast.Node) {
	for _, pair := range p.pairs(n, "columns") {
		c, used := p.byName[pair.key]
		if !used {
			p.fault(pair.node, "columns: %q is used nowhere in the mapping", pair.key)
			continue
		}
		p.m.columns[c].names = p.texts(pair.value, "columns")
	}
}

// lacking marks columns that a file need not have.
func (p *mappingParser) lacking(n ast.Node) {
	for _, item := range p.items(n) {
		name := p.text(item, "may_lack")
		c, used := p.byName[name]
		if !used {
			p.fault(item, "may_lack: %q is used nowhere in the mapping", name)
			continue
		}
		p.m.columns[c].mayLack = true
	}
}

// template reads a template, or a list of alternatives.
func (p *mappingParser) template(n ast.Node, what string) template {
	var t template
	for _, item := range p.items(n) {
		pieces, err := parseTemplate(p.text(item, what), p.column)
		if err != nil {
			p.fault(item, "%s %s", what, err)
			continue
		}
		t = append(t, pieces)
	}
	return t
}

func (p *mappingParser) textRule(n ast.Node, what string) textRule {
	var rule textRule
	for _, pair := range p.pairs(n, what) {
		if !eventjson.ValidLanguage(pair.key) {
			p.fault(pair.node, "%s: %q is not a language tag such as ar, en or fr", what, pair.key)
		}
		rule = append(rule, struct {
			language string
			words    template
		}{pair.key, p.template(pair.value, what)})
	}
	return rule
}

// wordRule reads a word, or {column, values, otherwise}.
func (p *mappingParser) wordRule(n ast.Node, what string, allowed []string) wordRule {
	if s, plain := scalar(n); plain {
		p.oneOf(n, what, s, allowed)
		return wordRule{constant: s, column: noCol}
	}
	w := wordRule{column: noCol, values: map[string]string{}}
	p.object(n, what, map[string]func(ast.Node){
		"column": func(n ast.Node) { w.column = p.columnNode(n, "column") },
		"values": func(n ast.Node) {
			for _, pair := range p.pairs(n, "values") {
				word := p.word(pair.value, what, allowed)
				if strings.Contains(pair.key, "*") {
					w.patterns = append(w.patterns, patternWord{pair.key, word})
				} else {
					w.values[pair.key] = word
				}
			}
		},
		"otherwise": func(n ast.Node) { w.otherwise = p.word(n, what, allowed) },
	}, "column", "values")
	return w
}

func (p *mappingParser) countries(n ast.Node) {
	for _, item := range p.items(n) {
		p.m.countries = append(p.m.countries, p.countryRule(item, true))
	}
}

func (p *mappingParser) countryRule(n ast.Node, withRole bool) countryRule {
	c := countryRule{column: noCol, values: map[string]string{}}
	keys := map[string]func(ast.Node){
		"column":     func(n ast.Node) { c.column = p.columnNode(n, "column") },
		"system":     func(n ast.Node) { c.system = p.word(n, "system", systems) },
		"split":      func(n ast.Node) { c.split = p.text(n, "split") },
		"skip":       func(n ast.Node) { c.skip = p.texts(n, "skip") },
		"unresolved": func(n ast.Node) { c.unresolved = p.word(n, "unresolved", []string{"refuse", "omit"}) },
		"values": func(n ast.Node) {
			for _, pair := range p.pairs(n, "values") {
				code, _ := scalar(pair.value)
				if _, known := country.Lookup(code); !known && code != "" {
					p.fault(pair.value, "values: %q is not a country code: write ISO 3166-1 alpha-3 in capitals, or \"\" for none", code)
				}
				c.values[pair.key] = code
			}
		},
	}
	required := []string{"column", "system"}
	if withRole {
		keys["role"] = func(n ast.Node) { c.role = p.word(n, "role", timeline.Roles) }
		required = append(required, "role")
	}
	p.object(n, "countries", keys, required...)
	return c
}

func (p *mappingParser) actors(n ast.Node) {
	for _, item := range p.items(n) {
		var a actorRule
		p.object(item, "actors", map[string]func(ast.Node){
			"name":  func(n ast.Node) { a.name = p.textRule(n, "name") },
			"split": func(n ast.Node) { a.split = p.text(n, "split") },
			"kind":  func(n ast.Node) { a.kind = p.wordRule(n, "kind", timeline.ActorKinds) },
			"role":  func(n ast.Node) { a.role = p.wordRule(n, "role", timeline.Roles) },
			"country": func(n ast.Node) {
				c := p.countryRule(n, false)
				a.country = &c
			},
		}, "name", "kind", "role")
		p.m.actors = append(p.m.actors, a)
	}
}

func (p *mappingParser) location(n ast.Node) {
	l := &locationRule{latitude: noCol, longitude: noCol}
	p.object(n, "location", map[string]func(ast.Node){
		"name":      func(n ast.Node) { l.name = p.textRule(n, "name") },
		"latitude":  func(n ast.Node) { l.latitude = p.columnNode(n, "latitude") },
		"longitude": func(n ast.Node) { l.longitude = p.columnNode(n, "longitude") },
		"precision": func(n ast.Node) { l.precision = p.wordRule(n, "precision", timeline.LocationPrecisions) },
	}, "name", "latitude", "longitude", "precision")
	p.m.location = l
}

// measures reads `name: column`, or `name: {column, unknown, thousands}`.
func (p *mappingParser) measures(n ast.Node) {
	for _, pair := range p.pairs(n, "measures") {
		rule := measureRule{name: pair.key, column: noCol}
		if !eventjson.ValidMeasure(pair.key) {
			p.fault(pair.node, "the name of a measure must be 1 to 64 of a-z, 0-9 and _, beginning with a letter")
		}
		if _, plain := scalar(pair.value); plain {
			rule.column = p.columnNode(pair.value, "measures")
		} else {
			p.object(pair.value, "measures", map[string]func(ast.Node){
				"column":    func(n ast.Node) { rule.column = p.columnNode(n, "column") },
				"unknown":   func(n ast.Node) { rule.unknown = p.texts(n, "unknown") },
				"thousands": func(n ast.Node) { rule.thousands = p.text(n, "thousands") },
			}, "column")
		}
		p.m.measures = append(p.m.measures, rule)
	}
}

func (p *mappingParser) tags(n ast.Node) {
	for _, item := range p.items(n) {
		p.m.tags = append(p.m.tags, p.template(item, "tags"))
	}
}

func (p *mappingParser) sources(n ast.Node) {
	for _, item := range p.items(n) {
		s := sourceRule{}
		place := func(to *template, what string) func(ast.Node) {
			return func(n ast.Node) { *to = p.template(n, what) }
		}
		p.object(item, "sources", map[string]func(ast.Node){
			"title":     place(&s.title, "title"),
			"publisher": place(&s.publisher, "publisher"),
			"url":       place(&s.url, "url"),
			"published": place(&s.published, "published"),
			"quote":     place(&s.quote, "quote"),
			"language": func(n ast.Node) {
				if s.language = p.text(n, "language"); !eventjson.ValidLanguage(s.language) {
					p.fault(n, "language: %q is not a language tag such as ar, en or fr", s.language)
				}
			},
			"supports": func(n ast.Node) {
				for _, item := range p.items(n) {
					s.supports = append(s.supports, p.word(item, "supports", timeline.Supportable))
				}
			},
		}, "language")
		if s.title == nil && s.publisher == nil && s.url == nil && s.quote == nil {
			p.fault(item, "a source needs a title, a publisher, a url or a quote")
		}
		p.m.sources = append(p.m.sources, s)
	}
}

func (p *mappingParser) links(n ast.Node) {
	for _, item := range p.items(n) {
		var l linkRule
		p.object(item, "links", map[string]func(ast.Node){
			"relation": func(n ast.Node) { l.relation = p.word(n, "relation", timeline.Relations) },
			"event":    func(n ast.Node) { l.event = p.template(n, "event") },
		}, "relation", "event")
		p.m.links = append(p.m.links, l)
	}
}

func (p *mappingParser) attributes(n ast.Node) {
	for _, pair := range p.pairs(n, "attributes") {
		p.m.attrs = append(p.m.attrs, attributeRule{pair.key, p.template(pair.value, "attributes")})
	}
}
