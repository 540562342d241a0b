package eventjson_test

import (
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/reference"
)

// TestStoredDocumentsComeBack: what is read from a stored document writes the same
// bytes again.
func TestStoredDocumentsComeBack(t *testing.T) {
	t.Parallel()
	for i, e := range reference.Events(int(time.Now().UnixNano()%1_000_000), 200) {
		e.Revision, e.CreatedAt, e.UpdatedAt = int64(i), time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC), time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
		e.Attributes[`,"revision":9`] = `,"revision":9`
		doc := e.AppendJSON(nil)
		read, err := eventjson.DecodeStored(doc)
		if err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		if again := string(read.AppendJSON(nil)); again != string(doc) {
			t.Errorf("%s\nbecame\n%s", doc, again)
		}
	}
}

func TestWhatIsNotStoredIsRefused(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		``, `{}`, `[]`, `{"id":"a"}`,
		`{"id":"a","dataset":"d","type":"coup","date":{"edtf":"2021"},"title":{"en":"t"},"sources":[{"title":"s","language":"en"}]}`,
		`{"id":"a","dataset":"d","type":"coup","date":{"edtf":"2021"},"title":{"en":"t"},"sources":[{"title":"s","language":"en"}],"revision":"x"}`,
	} {
		if e, err := eventjson.DecodeStored([]byte(doc)); err == nil {
			t.Errorf("%s is taken for %+v", doc, e)
		}
	}
}
