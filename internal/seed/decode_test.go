package seed_test

import (
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/seed"
)

func TestSahelIsFitToBeStored(t *testing.T) {
	t.Parallel()
	dataset, events, err := seed.Sahel()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(events), len(sahel(t).Events); got != want || dataset.Slug != "sahel" {
		t.Errorf("read %d events of %q; the document has %d", got, dataset.Slug, want)
	}
}
