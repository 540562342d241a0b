package httpapi_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/contracttest"
)

// TestExamplesOfWrites sends each example of a body in openapi.yaml. It must be taken,
// and where the answer has an example of the same name, that is the answer.
func TestExamplesOfWrites(t *testing.T) {
	t.Parallel()
	seen := 0
	for path, item := range contracttest.Load(t).Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			if operation.RequestBody == nil {
				continue
			}
			for mediaType, content := range operation.RequestBody.Content.FromOldest() {
				for name, example := range content.Examples.FromOldest() {
					seen++
					t.Run(operation.OperationId+" "+name, func(t *testing.T) {
						t.Parallel()
						var value any
						if err := example.Value.Decode(&value); err != nil {
							t.Fatal(err)
						}
						body, isText := value.(string)
						if !isText {
							text, err := json.Marshal(value)
							if err != nil {
								t.Fatal(err)
							}
							body = string(text)
						}
						answer := newsroom(t).write(t, strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "ml-coup-2021"), body,
							"Content-Type", mediaType, "If-Match", "*")
						if answer.status != http.StatusOK && answer.status != http.StatusCreated {
							t.Fatalf("%d: %s", answer.status, answer.body)
						}
						for _, response := range operation.Responses.Codes.FromOldest() {
							for _, stated := range response.Content.FromOldest() {
								if stated.Examples.GetOrZero(name) == nil {
									continue
								}
								var want any
								if err := stated.Examples.GetOrZero(name).Value.Decode(&want); err != nil {
									t.Fatal(err)
								}
								var got any
								if err := json.Unmarshal(answer.body, &got); err != nil {
									t.Fatal(err)
								}
								if !reflect.DeepEqual(got, normal(t, want)) {
									t.Errorf("the example is not the answer:\n%s", pretty(t, answer.body, ""))
								}
							}
						}
					})
				}
			}
		}
	}
	if seen < 3 {
		t.Errorf("%d examples", seen)
	}
}
