package httpapi

import (
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"
)

// contract is openapi.yaml in both its forms. To read it takes as long as all else that
// the program does before its first answer, so it becomes JSON when that is first asked
// for; that it can is a matter of the build, and of a test.
type contract struct {
	yaml               []byte
	json               func() ([]byte, error)
	yamlETag, jsonETag string
}

func newContract(spec []byte) contract {
	tag := digest(string(spec))
	return contract{yaml: spec, yamlETag: `"` + tag + `-yaml"`, jsonETag: `"` + tag + `-json"`, json: sync.OnceValues(func() ([]byte, error) {
		asJSON, err := yaml.YAMLToJSON(spec)
		if err != nil {
			return nil, fmt.Errorf("openapi.yaml cannot be read: %w", err)
		}
		return asJSON, nil
	})}
}

func (a *api) getContractYAML(r *request) (*answer, error) {
	if same := r.unchanged(a.contract.yamlETag, revalidated); same != nil {
		return same, nil
	}
	return &answer{body: a.contract.yaml, etag: a.contract.yamlETag, cache: revalidated}, nil
}

func (a *api) getContractJSON(r *request) (*answer, error) {
	if same := r.unchanged(a.contract.jsonETag, revalidated); same != nil {
		return same, nil
	}
	asJSON, err := a.contract.json()
	if err != nil {
		return nil, err
	}
	return &answer{body: asJSON, etag: a.contract.jsonETag, cache: revalidated}, nil
}
