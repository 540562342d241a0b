package eventjson

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Patch is a JSON Merge Patch (RFC 7396) that has been read.
//
// It is our own, and of few lines, because the libraries take the last of duplicate
// keys, and drop nulls from within arrays, which the RFC replaces as they are.
type Patch struct{ root value }

// ParsePatch reads a patch. The error is a *timeline.Error of KindMalformedBody.
func ParsePatch(data []byte) (Patch, error) {
	v, err := parseValue(data)
	if err != nil {
		return Patch{}, malformed(err)
	}
	return Patch{v}, nil
}

// Apply gives the document with the patch applied: a null removes, an object is
// merged, and everything else takes the place of what was there. The document must be
// JSON.
func (p Patch) Apply(doc []byte) ([]byte, error) {
	target, err := parseValue(doc)
	if err != nil {
		return nil, malformed(err)
	}
	return merge(target, p.root).appendTo(nil), nil
}

// value is a JSON value: an object with its members in order, or the text of any
// other. Numbers stay the text that they are.
type value struct {
	object  bool
	members []member
	raw     jsontext.Value
}

type member struct {
	name  string
	value value
}

func merge(target, patch value) value {
	if !patch.object {
		return patch
	}
	merged := value{object: true}
	index := map[string]int{}
	for _, m := range target.members { // none when the target is no object
		index[m.name] = len(merged.members)
		merged.members = append(merged.members, m)
	}
	removed := map[string]bool{}
	for _, m := range patch.members {
		at, there := index[m.name]
		switch {
		case !m.value.object && m.value.raw.Kind() == 'n':
			removed[m.name] = true
		case there:
			merged.members[at].value = merge(merged.members[at].value, m.value)
		default:
			merged.members = append(merged.members, member{m.name, merge(value{}, m.value)})
		}
	}
	merged.members = slices.DeleteFunc(merged.members, func(m member) bool { return removed[m.name] })
	return merged
}

// parseValue reads one value, and nothing after it.
func parseValue(data []byte) (value, error) {
	r := &reader{dec: jsontext.NewDecoder(bytes.NewBuffer(data))}
	v := r.value()
	r.end()
	return v, r.err
}

func (r *reader) value() value {
	if r.err != nil {
		return value{}
	}
	if r.dec.PeekKind() != '{' {
		raw, err := r.dec.ReadValue()
		r.err = err
		return value{raw: raw.Clone()}
	}
	v := value{object: true}
	r.members(func(name string) { v.members = append(v.members, member{name, r.value()}) })
	return v
}

func (v value) appendTo(b []byte) []byte {
	if !v.object {
		return append(b, v.raw...)
	}
	b = append(b, '{')
	for i, m := range v.members {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, m.name) // the name was read from JSON: it is UTF-8
		b = append(b, ':')
		b = m.value.appendTo(b)
	}
	return append(b, '}')
}
