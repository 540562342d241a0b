package postgres_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/migrations"
)

// downSQL gives all down files, the newest first.
func downSQL(t *testing.T) string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.down.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no down files: %v", err)
	}
	slices.Sort(names)
	slices.Reverse(names)
	var all []string
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimRight(strings.TrimSpace(string(text)), ";"))
	}
	return strings.Join(all, ";\n")
}

func TestEveryMigrationHasItsOppositeAndLaterOnesOneStatement(t *testing.T) {
	t.Parallel()
	ups, err := fs.Glob(migrations.FS, "*.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, up := range ups {
		down := strings.TrimSuffix(up, ".up.sql") + ".down.sql"
		if _, err := fs.Stat(migrations.FS, down); err != nil {
			t.Errorf("%s has no %s", up, down)
		}
		text, err := fs.ReadFile(migrations.FS, up)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && !strings.Contains(string(text), "$$") && strings.Count(string(text), ";") > 1 {
			t.Errorf("%s holds more than one statement", up)
		}
	}
}
