// Package explorer holds the built web pages: the explorer and the page of the
// contract, made from web/ by .ci/web. It describes files; it knows neither HTTP's
// headers nor the API.
package explorer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// dist holds text compressed alone (name.gz), and as they are the files whose
// format is compressed already.
//
//go:embed dist
var dist embed.FS

// The pages, as File.Path has them.
const (
	PageExplorer = "index.html" // serves / and /embed
	PageDocs     = "docs.html"
	Favicon      = "favicon.svg"
	Licences     = "licences.txt" // of the fonts and libraries within
)

// assets is where files lie whose names change with their content.
const assets = "assets/"

// File is one file of the pages.
type File struct {
	Path   string // below the root of the site, such as assets/app-3f2a.js
	Type   string // media type
	Digest string // 72 bits of the SHA-256 of Plain, in letters that fit a tag
	Hashed bool   // the name changes with the content, so it may be kept for ever
	Plain  []byte
	Gzip   []byte // nil where the format is compressed already
}

// types are the media types of what the build makes, by extension.
var types = map[string]string{
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// Files gives all files by path. Its error is a build that lacks a page, or that
// holds what cannot be read or is of no known type.
func Files() (map[string]File, error) {
	files := map[string]File{}
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := read(name)
		files[f.Path] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the built pages cannot be read: %w", err)
	}
	for _, page := range []string{PageExplorer, PageDocs, Favicon, Licences} {
		if files[page].Plain == nil {
			return nil, fmt.Errorf("the built pages lack %s: run .ci/web", page)
		}
	}
	return files, nil
}

func read(name string) (File, error) {
	stored, err := dist.ReadFile(name)
	if err != nil {
		return File{}, err
	}
	relative, compressed := strings.CutSuffix(strings.TrimPrefix(name, "dist/"), ".gz")
	f := File{Path: relative, Type: types[path.Ext(relative)], Hashed: strings.HasPrefix(relative, assets), Plain: stored}
	if f.Type == "" {
		return f, fmt.Errorf("%s is of no known type", name)
	}
	if compressed {
		f.Gzip = stored
		if f.Plain, err = unpack(stored); err != nil {
			return f, fmt.Errorf("%s: %w", name, err)
		}
	}
	sum := sha256.Sum256(f.Plain)
	f.Digest = base64.RawURLEncoding.EncodeToString(sum[:9])
	return f, nil
}

func unpack(stored []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
