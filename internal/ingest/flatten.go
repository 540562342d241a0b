package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

// flattener takes the values of the mapping's columns out of JSON records. A column is
// named by the keys that lead to it, joined by points; an item of an array by its
// number from 0.
type flattener struct {
	m      *Mapping
	wanted map[string]bool
	seen   []atomic.Bool // by column: some record had it
	geo    bool
}

func newFlattener(m *Mapping) *flattener {
	f := &flattener{m: m, wanted: map[string]bool{}, seen: make([]atomic.Bool, len(m.columns)), geo: m.format == formatGeoJSON}
	for _, c := range m.columns {
		for _, name := range c.names {
			f.wanted[name] = true
		}
	}
	return f
}

// values gives the mapping's columns of a record.
func (f *flattener) values(raw *rawRow) []string {
	found := map[string]string{}
	if err := f.flatten(jsontext.NewDecoder(bytes.NewBuffer(raw.value)), "", found); err != nil {
		raw.reason = "is not valid JSON: " + err.Error()
		return nil
	}
	if f.geo {
		if found["geometry.type"] == "Point" {
			found["geometry.longitude"], found["geometry.latitude"] = found["geometry.coordinates.0"], found["geometry.coordinates.1"]
		}
	}
	values := make([]string, len(f.m.columns))
	for i, c := range f.m.columns {
		for _, name := range c.names {
			text, there := found[name]
			if there {
				f.seen[i].Store(true)
			}
			if values[i] == "" {
				values[i] = text
			}
		}
	}
	return values
}

func (f *flattener) wants(path string) bool {
	return f.wanted[path] || f.geo && strings.HasPrefix(path, "geometry.")
}

func (f *flattener) flatten(dec *jsontext.Decoder, path string, found map[string]string) error {
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	join := func(name string) string {
		switch {
		case path == "", f.geo && path == "properties": // a feature's properties are its columns
			return name
		}
		return path + "." + name
	}
	switch t.Kind() {
	case '{':
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			inner := join(name.String())
			if f.geo && path == "" && name.String() == "id" {
				inner = "feature.id"
			}
			if err := f.flatten(dec, inner, found); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
		return err
	case '[':
		for i := 0; dec.PeekKind() != ']'; i++ {
			if err := f.flatten(dec, join(strconv.Itoa(i)), found); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
		return err
	}
	if f.wants(path) {
		found[path] = ""
		if t.Kind() != 'n' {
			found[path] = t.String()
		}
	}
	return nil
}

// missing tells the columns that no record had.
func (f *flattener) missing() error {
	var names []string
	for i, c := range f.m.columns {
		if !f.seen[i].Load() && !c.mayLack {
			names = append(names, strconv.Quote(strings.Join(c.names, " or ")))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("the mapping %s does not fit the file: no record has %s", f.m.Name, strings.Join(names, ", "))
}
