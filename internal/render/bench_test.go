package render_test

import (
	"io"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/render"
)

// BenchmarkFormats writes random events; an operation is one event.
func BenchmarkFormats(b *testing.B) {
	events := random(500)
	docs := make([][]byte, len(events))
	bytes := 0
	for i := range events {
		docs[i] = events[i].AppendJSON(nil)
		bytes += len(docs[i])
	}
	for _, f := range render.Formats {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(bytes / len(docs)))
			w := f.New(io.Discard, render.About{})
			for i := range b.N {
				_ = w.Event(docs[i%len(docs)])
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
