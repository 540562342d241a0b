package render_test

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestCSVOpensInLibreOffice: Arabic is intact, the byte order mark is gone, and no
// cell has become a formula.
func TestCSVOpensInLibreOffice(t *testing.T) {
	t.Parallel()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("NOT CHECKED: LibreOffice is not installed (Debian: libreoffice-calc-nogui)")
	}
	folder := t.TempDir()
	e := event(t, "a", "2021", func(e *timeline.Event) {
		e.Title = timeline.Text{"ar": "انقلاب في مالي، «بالقوة»", "en": "=1+1", "fr": "+1"}
		e.Location = &timeline.Location{Name: timeline.Text{"en": "@SUM(1)"}, Latitude: -12.5, Longitude: 8, Precision: "city"}
	})
	source := filepath.Join(folder, "events.csv")
	if err := os.WriteFile(source, write(t, "csv", e), 0o600); err != nil {
		t.Fatal(err)
	}
	// Comma, double quote, UTF-8: what a person picks in the dialogue.
	command := exec.CommandContext(t.Context(), soffice, "--headless", "-env:UserInstallation=file://"+folder+"/profile",
		"--infilter=CSV:44,34,76", "--convert-to", "ods", "--outdir", folder, source)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	archive, err := zip.OpenReader(filepath.Join(folder, "events.ods"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	file, err := archive.Open("content.xml")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, cell := range []string{">id<", ">انقلاب في مالي، «بالقوة»<", "=1+1<", "@SUM(1)<", `office:value="-12.5"`} {
		if !strings.Contains(text, cell) {
			t.Errorf("there is no %s", cell)
		}
	}
	if strings.Contains(text, "table:formula") {
		t.Errorf("a cell is a formula: %s", text)
	}
}
