package render

import (
	"bytes"
	"encoding/json"
	"io"
)

// jsonList writes an array of objects as they come, one a line.
type jsonList struct {
	w     io.Writer
	head  string
	begun bool
}

func (l *jsonList) add(v any) error {
	before := ",\n"
	if !l.begun {
		l.begun, before = true, l.head
	}
	text, err := appendJSON([]byte(before), v)
	if err != nil {
		return err
	}
	_, err = l.w.Write(text)
	return err
}

// appendJSON appends a value without HTML escaping, as all other documents are.
func appendJSON(b []byte, v any) ([]byte, error) {
	text := bytes.NewBuffer(b)
	e := json.NewEncoder(text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), newline), nil
}

func (l *jsonList) close(foot string) error {
	if !l.begun {
		foot = l.head + foot
	}
	_, err := io.WriteString(l.w, foot)
	return err
}
