// Package tarikh holds the contract: openapi.yaml, embedded here because a
// package cannot embed what lies above it. Everything else lies in api and internal.
package tarikh

import _ "embed"

// Spec is openapi.yaml, as it lies at the project's root.
//
//go:embed openapi.yaml
var Spec []byte
