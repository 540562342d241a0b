package httpapi

import (
	"mime"
	"strconv"
	"strings"
)

// accepts tells whether the Accept headers admit a media type: the most specific
// range that matches it decides by its quality. No header admits everything.
func accepts(headers []string, mediaType string) bool {
	header := strings.TrimSpace(strings.Join(headers, ","))
	if header == "" {
		return true
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	best, admitted := -1, false
	for item := range strings.SplitSeq(header, ",") {
		asked, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		specific := -1
		switch asked {
		case mediaType:
			specific = 2
		case kind + "/*":
			specific = 1
		case "*/*":
			specific = 0
		}
		if specific <= best {
			continue
		}
		quality, err := strconv.ParseFloat(parameters["q"], 64)
		best, admitted = specific, err != nil || quality > 0
	}
	return admitted
}
