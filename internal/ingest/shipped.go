package ingest

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

//go:embed mappings/*.yaml
var shipped embed.FS

// Names lists the mappings that ship with the program, sorted.
func Names() []string {
	entries, err := fs.ReadDir(shipped, "mappings")
	if err != nil {
		panic("ingest: " + err.Error()) // a fault of the build
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Shipped gives the text of a mapping that ships.
func Shipped(name string) ([]byte, bool) {
	data, err := shipped.ReadFile("mappings/" + name + ".yaml")
	return data, err == nil
}

// Load finds a mapping by the name of one that ships, or reads it from a file: what
// ends with .yaml or .yml, or holds a slash, is a file.
func Load(nameOrFile string) (*Mapping, error) {
	extension := strings.ToLower(filepath.Ext(nameOrFile))
	if extension != ".yaml" && extension != ".yml" && !strings.ContainsAny(nameOrFile, `/\`) {
		data, ok := Shipped(nameOrFile)
		if !ok {
			hint := ""
			if near := timeline.Nearest(nameOrFile, Names()); near != "" {
				hint = fmt.Sprintf(" (did you mean %s?)", near)
			}
			return nil, fmt.Errorf("there is no mapping %q%s; there are %s, or give a .yaml file", nameOrFile, hint, strings.Join(Names(), ", "))
		}
		return ParseMapping(nameOrFile, data)
	}
	data, err := os.ReadFile(nameOrFile)
	if err != nil {
		return nil, fmt.Errorf("the mapping cannot be read: %w", err)
	}
	return ParseMapping(nameOrFile, data)
}

// ValidSlug tells whether s can name a data set.
func ValidSlug(s string) bool { return eventjson.ValidSlug(s) }
