package httpapi

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	tarikh "github.com/tarikh-timeline/tarikh"
	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestRoutesAreThoseOfTheContract: both ways, with the media types that each takes and
// the one that it gives, and with the key that it needs.
func TestRoutesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	stated := map[string]string{}
	for path, item := range contract.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			var gives, takes []string
			for code, response := range operation.Responses.Codes.FromOldest() {
				if strings.HasPrefix(code, "2") {
					gives = append(gives, slices.Collect(response.Content.KeysFromOldest())...)
				}
			}
			if gives = slices.Compact(gives); len(gives) != 1 {
				t.Errorf("%s must give one media type with each 2xx", operation.OperationId)
				continue
			}
			if operation.RequestBody != nil {
				takes = slices.Collect(operation.RequestBody.Content.KeysFromOldest())
			}
			key := "key " + strconv.FormatBool(operation.Security != nil && needsKey(operation.Security))
			stated[operation.OperationId] = strings.Join([]string{method, path, strings.Join(takes, ","), gives[0], key}, " ")
		}
	}
	for _, op := range operations {
		key := "key " + strconv.FormatBool(op.scope != "")
		want := strings.Join([]string{methodOf(op), strings.ReplaceAll(op.path, ":id", "{id}"), strings.Join(op.takes, ","), op.gives, key}, " ")
		if stated[op.id] != want {
			t.Errorf("%s is %q in the contract, %q in the router", op.id, stated[op.id], want)
		}
		delete(stated, op.id)
	}
	for id, path := range stated {
		t.Errorf("%s %s is in the contract alone", id, path)
	}
}

// TestFailuresAreThoseOfTheContract: what can end a request before its handler, and the
// 304 that belongs to If-None-Match, stand with each operation, and nowhere else.
func TestFailuresAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	stated, conditional := map[string][]string{}, map[string]bool{}
	for _, item := range contract.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			stated[operation.OperationId] = slices.Collect(operation.Responses.Codes.KeysFromOldest())
			conditional[operation.OperationId] = method == "get" && slices.ContainsFunc(operation.Parameters, func(p *v3.Parameter) bool { return p.Name == "If-None-Match" })
		}
	}
	for _, op := range operations {
		for code, want := range map[string]bool{
			"304": conditional[op.id], "400": true, "406": true, "414": true,
			"401": !op.public, "403": !op.public, "429": !op.public,
			"413": len(op.takes) > 0, "415": len(op.takes) > 0,
		} {
			if slices.Contains(stated[op.id], code) != want {
				t.Errorf("%s: the contract has %v; a %s: %t", op.id, stated[op.id], code, want)
			}
		}
	}
}

// needsKey tells whether no alternative goes without a key.
func needsKey(security []*base.SecurityRequirement) bool {
	return !slices.ContainsFunc(security, func(s *base.SecurityRequirement) bool { return s.Requirements.Len() == 0 })
}

func methodOf(op operation) string {
	if op.method == "" {
		return "get"
	}
	return strings.ToLower(op.method)
}

// TestParametersAreThoseOfTheContract: names, forms, enums, limits and defaults, both ways.
func TestParametersAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	for _, op := range operations {
		t.Run(op.id, func(t *testing.T) {
			t.Parallel()
			stated := map[string]*v3.Parameter{}
			for _, item := range contract.Model.Paths.PathItems.FromOldest() {
				for _, operation := range item.GetOperations().FromOldest() {
					if operation.OperationId != op.id {
						continue
					}
					for _, p := range operation.Parameters {
						if p.In == "query" {
							stated[p.Name] = p
						}
					}
				}
			}
			for _, p := range op.parameters {
				if stated[p.name] == nil {
					t.Errorf("%s is not in the contract", p.name)
					continue
				}
				compareParameter(t, p, stated[p.name])
				delete(stated, p.name)
			}
			for name := range stated {
				t.Errorf("%s is in the contract alone", name)
			}
		})
	}
}

func compareParameter(t *testing.T, p parameter, stated *v3.Parameter) {
	t.Helper()
	schema := stated.Schema.Schema()
	item := schema
	if isList := slices.Contains(schema.Type, "array"); isList != (p.form == formList) {
		t.Errorf("%s: a list in one place, not in the other", p.name)
	} else if isList {
		item = schema.Items.A.Schema()
		if stated.Style != "form" || stated.Explode == nil || *stated.Explode {
			t.Errorf("%s: a list must be style form, explode false", p.name)
		}
		compareNumber(t, p.name+" maxItems", int64(p.max), schema.MaxItems)
	}
	if required := stated.Required != nil && *stated.Required; required != p.required {
		t.Errorf("%s: required in one place, not in the other", p.name)
	}
	if p.form == formNumber {
		if !slices.Contains(schema.Type, "integer") || schema.Minimum == nil || int(*schema.Minimum) != p.min || schema.Maximum == nil || int(*schema.Maximum) != p.max {
			t.Errorf("%s: %d to %d is stated otherwise", p.name, p.min, p.max)
		}
	}
	compareNumber(t, p.name+" maxLength", int64(p.maxLength), item.MaxLength)
	words := enumOf(item)
	if slices.Contains(schema.Type, "boolean") {
		words = []string{"true", "false"}
	}
	if !slices.Equal(words, p.words) {
		t.Errorf("%s: the contract has %v, the code %v", p.name, words, p.words)
	}
	byDefault := ""
	if schema.Default != nil {
		byDefault = schema.Default.Value
	}
	if byDefault != p.byDefault {
		t.Errorf("%s: the default is %q in the contract, %q in the code", p.name, byDefault, p.byDefault)
	}
}

func compareNumber(t *testing.T, what string, code int64, stated *int64) {
	t.Helper()
	if stated == nil && code != 0 || stated != nil && *stated != code {
		t.Errorf("%s: the code has %d, the contract %v", what, code, stated)
	}
}

func enumOf(s *base.Schema) []string {
	var words []string
	for _, node := range s.Enum {
		words = append(words, node.Value)
	}
	return words
}

// TestClosedWordsAreThoseOfTheContract holds the enums of the event's shape.
func TestClosedWordsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	var codes []string
	for kind := range statusOf {
		codes = append(codes, string(kind))
	}
	for name, want := range map[string][]string{
		"EventType": timeline.TypeCodes, "EventStatus": timeline.Statuses, "Role": timeline.Roles, "ActorKind": timeline.ActorKinds,
		"LocationPrecision": timeline.LocationPrecisions, "Relation": timeline.Relations, "EventField": timeline.Supportable,
	} {
		proxy, ok := contract.Model.Components.Schemas.Get(name)
		if !ok || !slices.Equal(enumOf(proxy.Schema()), want) {
			t.Errorf("%s is not %v", name, want)
		}
	}
	proxy, _ := contract.Model.Components.Schemas.Get("ProblemCode")
	for _, code := range enumOf(proxy.Schema()) {
		if !slices.Contains(codes, code) && !slices.Contains([]string{"method_not_allowed", "not_acceptable", "uri_too_long", "rate_limited", "unsupported_media_type"}, code) {
			t.Errorf("no error has the code %s", code)
		}
	}
}

// TestSchemasSuitGenerators holds the contract's rules for generated SDKs.
func TestSchemasSuitGenerators(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	answered := schemasOfAnswers(contract)
	for name, proxy := range contract.Model.Components.Schemas.FromOldest() {
		s := proxy.Schema()
		// What is written may lack what has a default; what is read never does.
		if isWrite := strings.HasSuffix(name, "Write") || name == "EventPatch"; isWrite == answered[name] {
			t.Errorf("%s is written and answered, or neither; what is only written ends in Write", name)
		}
		if len(s.OneOf)+len(s.AllOf)+len(s.AnyOf) > 0 || s.ReadOnly != nil && *s.ReadOnly {
			t.Errorf("%s uses what generators do not agree on", name)
		}
		seen := map[string]bool{}
		for _, word := range enumOf(s) {
			key := strings.ToLower(strings.ReplaceAll(word, "_", ""))
			if seen[key] || word == "null" {
				t.Errorf("%s: %s is not distinct", name, word)
			}
			seen[key] = true
		}
		if s.Properties == nil {
			continue
		}
		for property, of := range s.Properties.FromOldest() {
			if answered[name] && !slices.Contains(s.Required, property) {
				t.Errorf("%s.%s is not always present", name, property)
			}
			if inner := of.Schema(); inner.Format == "date" || !of.IsReference() && len(inner.Enum) > 1 {
				t.Errorf("%s.%s has the format date, or an enum without a name", name, property)
			}
		}
	}
	if version := contract.Model.Version; version != "3.0.3" {
		t.Error("not 3.0.3 but " + strconv.Quote(version))
	}
}

// TestParametersSuitGenerators: an enum without a name gets another name from each
// generator, and oapi-codegen makes a Go type of every parameter beside those of the
// schemas.
func TestParametersSuitGenerators(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	schemas := contract.Model.Components.Schemas
	for name, p := range contract.Model.Components.Parameters.FromOldest() {
		item := p.Schema
		if s := item.Schema(); s.Items != nil {
			item = s.Items.A
		}
		if !item.IsReference() && len(item.Schema().Enum) > 0 {
			t.Errorf("%s has an enum without a name: put it into components/schemas", name)
		}
		goName, renamed := p.Extensions.Get("x-go-name")
		if renamed {
			name = goName.Value
		}
		if _, clash := schemas.Get(name); clash && (renamed || p.Schema.GetReference() != "#/components/schemas/"+name) {
			t.Errorf("the parameter %s bears the name of the schema %s: give it an x-go-name", p.Name, name)
		}
	}
	for path, item := range contract.Model.Paths.PathItems.FromOldest() {
		for _, operation := range item.GetOperations().FromOldest() {
			for _, p := range operation.Parameters {
				if schema := p.Schema; !schema.IsReference() && len(schema.Schema().Enum) > 0 {
					t.Errorf("%s: %s has an enum without a name", path, p.Name)
				}
			}
		}
	}
}

// schemasOfAnswers names the schemas that some answer or parameter can hold.
func schemasOfAnswers(contract *contracttest.Contract) map[string]bool {
	found := map[string]bool{}
	var visit func(proxy *base.SchemaProxy)
	visit = func(proxy *base.SchemaProxy) {
		if proxy == nil {
			return
		}
		if name := proxy.GetReference(); name != "" {
			name = name[strings.LastIndex(name, "/")+1:]
			if found[name] {
				return
			}
			found[name] = true
		}
		s := proxy.Schema()
		if s.Properties != nil {
			for _, of := range s.Properties.FromOldest() {
				visit(of)
			}
		}
		if s.Items != nil {
			visit(s.Items.A)
		}
		if s.AdditionalProperties != nil {
			visit(s.AdditionalProperties.A)
		}
	}
	for _, item := range contract.Model.Paths.PathItems.FromOldest() {
		for _, operation := range item.GetOperations().FromOldest() {
			for _, p := range operation.Parameters {
				visit(p.Schema)
			}
			for _, response := range operation.Responses.Codes.FromOldest() {
				for _, content := range response.Content.FromOldest() {
					visit(content.Schema)
				}
			}
		}
	}
	return found
}

// TestNullableEventIsAnEvent: OpenAPI 3.0 has no way to say "this schema, or null" that
// generators agree on, so the schema is there twice.
func TestNullableEventIsAnEvent(t *testing.T) {
	t.Parallel()
	properties := func(name string) string {
		_, text, _ := strings.Cut(string(tarikh.Spec), "\n    "+name+":\n")
		_, text, found := strings.Cut(text, "      additionalProperties: false\n")
		text, _, ended := strings.Cut(text, "\n    Event") // the next schema begins
		text, _, _ = strings.Cut(text, "\n    NullableEvent")
		if !found || !ended || !strings.Contains(text, "updated_at:") {
			t.Fatalf("%s is not found: %s", name, text)
		}
		return text
	}
	if properties("NullableEvent") != properties("Event") {
		t.Error("NullableEvent is not Event")
	}
}
