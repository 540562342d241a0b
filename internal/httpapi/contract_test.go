package httpapi

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestRoutesAreThoseOfTheContract: both ways, with the media type each gives.
func TestRoutesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	stated := map[string]string{}
	for path, item := range contract.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			if method != "get" {
				t.Errorf("%s %s is not served", method, path)
			}
			success, ok := operation.Responses.Codes.Get("200")
			if !ok || success.Content.Len() != 1 {
				t.Errorf("%s must give one media type with 200", operation.OperationId)
				continue
			}
			stated[operation.OperationId] = path + " " + success.Content.First().Key()
		}
	}
	for _, op := range operations {
		want := strings.ReplaceAll(op.path, ":id", "{id}") + " " + op.gives
		if stated[op.id] != want {
			t.Errorf("%s is %q in the contract, %q in the router", op.id, stated[op.id], want)
		}
		delete(stated, op.id)
	}
	for id, path := range stated {
		t.Errorf("%s %s is in the contract alone", id, path)
	}
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
				if item.Get == nil || item.Get.OperationId != op.id {
					continue
				}
				for _, p := range item.Get.Parameters {
					if p.In == "query" {
						stated[p.Name] = p
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
		if !slices.Contains(codes, code) && !slices.Contains([]string{"method_not_allowed", "not_acceptable", "uri_too_long", "rate_limited"}, code) {
			t.Errorf("no error has the code %s", code)
		}
	}
}

// TestSchemasSuitGenerators holds the contract's rules for generated SDKs.
func TestSchemasSuitGenerators(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	for name, proxy := range contract.Model.Components.Schemas.FromOldest() {
		s := proxy.Schema()
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
			if !slices.Contains(s.Required, property) {
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
