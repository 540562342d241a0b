package httpapi

import (
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// bearer takes the key out of an Authorization header.
func bearer(header string) (key string, ok bool) {
	scheme, key, found := strings.Cut(header, " ")
	key = strings.TrimSpace(key)
	return key, found && strings.EqualFold(scheme, "Bearer") && key != ""
}

// includes tells whether the scopes hold the wanted one: write includes read, and
// admin includes both.
func includes(scopes []string, wanted string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool {
		return slices.Index(timeline.Scopes, s) >= slices.Index(timeline.Scopes, wanted)
	})
}
