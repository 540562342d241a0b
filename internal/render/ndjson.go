package render

import "io"

// ndjson is one document a line, as it is stored.
type ndjson struct{ w io.Writer }

func newNDJSON(w io.Writer, _ About) Writer { return ndjson{w} }

var newline = []byte{'\n'}

func (n ndjson) Event(doc []byte) error {
	if _, err := n.w.Write(doc); err != nil {
		return err
	}
	_, err := n.w.Write(newline)
	return err
}

func (n ndjson) Close() error { return nil }
