package httpapi

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// contract is openapi.yaml in both its forms.
type contract struct {
	yaml, json         []byte
	yamlETag, jsonETag string
}

func newContract(spec []byte) (contract, error) {
	asJSON, err := yaml.YAMLToJSON(spec)
	if err != nil {
		return contract{}, fmt.Errorf("openapi.yaml cannot be read: %w", err)
	}
	tag := digest(string(spec))
	return contract{yaml: spec, json: asJSON, yamlETag: `"` + tag + `-yaml"`, jsonETag: `"` + tag + `-json"`}, nil
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
	return &answer{body: a.contract.json, etag: a.contract.jsonETag, cache: revalidated}, nil
}
