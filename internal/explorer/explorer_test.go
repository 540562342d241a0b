package explorer

import (
	"bytes"
	"compress/gzip"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// What the build names by its content, wherever it is referred to, and what the
// policy of the pages would refuse.
var (
	hashed     = regexp.MustCompile(`[A-Za-z0-9_.-]+-[A-Za-z0-9_-]{8}\.(?:json|js|css|woff2|svg)\b`)
	inlineCode = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>\s*[^<\s]|<style|\son[a-z]+=|\sstyle=`)
	otherHost  = regexp.MustCompile(`(?i)(?:src|href)=["']?(?:https?:)?//`)
)

// TestFilesAreWhole: what refers to a file finds it, nothing is fetched from another
// host, and pages hold no code that the policy would refuse.
func TestFilesAreWhole(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{PageExplorer: true, PageDocs: true, Favicon: true, Licences: true}
	for name, f := range files {
		if name != f.Path || len(f.Plain) == 0 || len(f.Digest) != 12 {
			t.Errorf("%s is not described: %s, %d bytes, %q", name, f.Path, len(f.Plain), f.Digest)
		}
		if stored := max(len(f.Gzip), 1); stored > 2<<20 || f.Gzip == nil && len(f.Plain) > 2<<20 {
			t.Errorf("%s has over 2 MB", name)
		}
		if !strings.HasPrefix(f.Type, "text/") && f.Type != types[".svg"] {
			continue
		}
		if f.Gzip == nil {
			t.Errorf("%s is text and not compressed", name)
		}
		for _, reference := range hashed.FindAll(f.Plain, -1) {
			path := "assets/" + string(reference)
			if _, ok := files[path]; !ok {
				t.Errorf("%s refers to %s, which is not there", name, reference)
			}
			seen[path] = true
		}
		if strings.HasSuffix(name, ".html") && (inlineCode.Match(f.Plain) || otherHost.Match(f.Plain)) {
			t.Errorf("%s holds code of its own, or asks another host", name)
		}
	}
	for name := range maps.Keys(files) {
		if !seen[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

// TestScriptOfTheFirstView holds the budget: what the explorer's page loads before
// anyone asks for more is under 100 kB compressed.
func TestScriptOfTheFirstView(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, tag := range regexp.MustCompile(`<(?:script|link)[^>]*/assets/([A-Za-z0-9._-]+\.js)`).FindAllSubmatch(files[PageExplorer].Plain, -1) {
		total += len(files["assets/"+string(tag[1])].Gzip)
	}
	if total == 0 || total > 100_000 {
		t.Errorf("the first view's script has %d bytes compressed", total)
	}
}

func TestUnpackRefusesWhatIsCut(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	w := gzip.NewWriter(&whole)
	if _, err := w.Write([]byte("a page")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if plain, err := unpack(whole.Bytes()); err != nil || string(plain) != "a page" {
		t.Errorf("%q, %v", plain, err)
	}
	for _, cut := range []int{0, 5, whole.Len() - 1} {
		if _, err := unpack(whole.Bytes()[:cut]); err == nil {
			t.Errorf("cut to %d bytes: no error", cut)
		}
	}
}
