package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// document walks the nodes of a YAML file and notes every fault with its line, where a
// decoder into structs would stop at the first. Anchors and aliases are refused: a
// mapping is short, and they can make a small file endless.
type document struct{ faults []MappingFault }

// What the YAML library needs grows with the square of a file's depth: 900 kB of open
// brackets took 22 GB.
const (
	maxMappingBytes = 64 << 10
	maxMappingDepth = 100
)

// tooDeep tells whether brackets are open within each other beyond the limit. Those of
// templates and texts count too: they are closed again.
func tooDeep(data []byte) bool {
	depth := 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > maxMappingDepth {
			return true
		}
	}
	return bytes.Contains(data, bytes.Repeat([]byte("- "), maxMappingDepth)) || bytes.Contains(data, bytes.Repeat([]byte("? "), maxMappingDepth))
}

// parse gives the root of the file, nil when it cannot be read.
func (d *document) parse(data []byte) ast.Node {
	if len(data) > maxMappingBytes {
		d.at(1, "the file is larger than 64 kB; a mapping is a short text")
		return nil
	}
	if tooDeep(data) {
		d.at(1, fmt.Sprintf("has brackets or lists within each other more than %d deep; is one never closed?", maxMappingDepth))
		return nil
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		line, message := 1, err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			message = syntax.GetMessage()
			if t := syntax.GetToken(); t != nil {
				line = t.Position.Line
			}
		}
		d.at(line, "is not valid YAML: "+message)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		d.at(1, "must be one YAML document")
		return nil
	}
	return file.Docs[0].Body
}

func (d *document) at(line int, detail string) {
	d.faults = append(d.faults, MappingFault{Line: line, Detail: detail})
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

func (d *document) fault(n ast.Node, format string, args ...any) {
	d.at(lineOf(n), fmt.Sprintf(format, args...))
}

// pair is one key with its value.
type pair struct {
	key   string
	node  ast.Node // the key's
	value ast.Node
}

// pairs gives the keys and values of a mapping node.
func (d *document) pairs(n ast.Node, what string) []pair {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.fault(n, "%s must have keys and values, as in `key: value`", what)
		return nil
	}
	var pairs []pair
	for _, v := range values {
		key, ok := scalar(v.Key)
		if !ok {
			d.fault(v.Key, "%s has a key that is no plain text", what)
			continue
		}
		pairs = append(pairs, pair{key, v.Key, v.Value})
	}
	return pairs
}

// object hands the value of each key to its reader; unknown keys are faults, and so
// are the missing ones of required.
func (d *document) object(n ast.Node, what string, readers map[string]func(ast.Node), required ...string) {
	var seen []string
	for _, p := range d.pairs(n, what) {
		read, known := readers[p.key]
		if !known {
			d.unknownKey(p, what, readers)
			continue
		}
		seen = append(seen, p.key)
		read(p.value)
	}
	for _, key := range required {
		if !slices.Contains(seen, key) {
			d.fault(n, "%s lacks the key %s", what, key)
		}
	}
}

func (d *document) unknownKey(p pair, what string, readers map[string]func(ast.Node)) {
	var known []string
	for key := range readers {
		known = append(known, key)
	}
	slices.Sort(known)
	hint := ""
	if near := timeline.Nearest(p.key, known); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	d.fault(p.node, "%s has no key %q%s; there are %s", what, p.key, hint, strings.Join(known, ", "))
}

// scalar gives the text of a plain value as it is written: 07 stays 07.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		return "", n.GetToken() == nil || n.GetToken().Value == ""
	}
	return "", false
}

// text reads a plain value that is not empty.
func (d *document) text(n ast.Node, what string) string {
	s, ok := scalar(n)
	switch {
	case !ok:
		d.fault(n, "%s must be a text", what)
	case s == "":
		d.fault(n, "%s must not be empty", what)
	}
	return s
}

// items gives the items of a list; a single value counts as a list of one.
func (d *document) items(n ast.Node) []ast.Node {
	if list, ok := n.(*ast.SequenceNode); ok {
		return list.Values
	}
	return []ast.Node{n}
}

// texts reads a text or a list of texts; empty ones are kept.
func (d *document) texts(n ast.Node, what string) []string {
	var texts []string
	for _, item := range d.items(n) {
		s, ok := scalar(item)
		if !ok {
			d.fault(item, "%s must be a text or a list of texts", what)
		}
		texts = append(texts, s)
	}
	return texts
}

// word reads one of a closed list of words.
func (d *document) word(n ast.Node, what string, allowed []string) string {
	s, _ := scalar(n)
	d.oneOf(n, what, s, allowed)
	return s
}

func (d *document) oneOf(n ast.Node, what, s string, allowed []string) {
	if slices.Contains(allowed, s) {
		return
	}
	hint := ""
	if near := timeline.Nearest(s, allowed); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	d.fault(n, "%s cannot be %q%s; there are %s", what, s, hint, strings.Join(allowed, ", "))
}

// truth reads true or false.
func (d *document) truth(n ast.Node, what string) bool {
	return d.word(n, what, []string{"true", "false"}) == "true"
}
