package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func openParquet(t testing.TB, text []byte) (*file.Reader, arrow.Table) {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	return f, table
}

// readParquet reads a file with another library than the one that wrote it, and
// gives its rows as what Arrow makes of them in JSON.
func readParquet(t testing.TB, text []byte) []map[string]any {
	t.Helper()
	_, table := openParquet(t, text)
	list := []map[string]any{}
	reader := array.NewTableReader(table, 0)
	defer reader.Release()
	for reader.Next() {
		batch, err := json.Marshal(reader.RecordBatch())
		if err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		unmarshal(t, batch, &rows)
		list = append(list, rows...)
	}
	return list
}

func TestParquetSchema(t *testing.T) {
	t.Parallel()
	f, table := openParquet(t, write(t, "parquet"))
	var got []string
	for _, field := range table.Schema().Fields() {
		null := ""
		if field.Nullable {
			null = " null"
		}
		got = append(got, field.Name+" "+strings.NewReplacer(", items_nullable", "", " ", "").Replace(field.Type.String())+null)
	}
	want := []string{
		"id utf8", "dataset utf8", "type utf8", "status utf8",
		"date_edtf utf8", "date_label_ar utf8", "date_label_en utf8", "date_label_fr utf8", "date_precision utf8",
		"date_earliest date32 null", "date_start_latest date32 null", "date_end_earliest date32 null", "date_latest date32 null",
		"date_approximate bool", "date_uncertain bool",
	}
	if fmt.Sprint(got[:len(want)]) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
	for _, field := range []string{"created_at timestamp[us,tz=UTC]", "latitude float64 null", "revision int64"} {
		if !strings.Contains(strings.Join(got, "\n"), field) {
			t.Errorf("%s is not in %q", field, got)
		}
	}
	if v := f.MetaData().KeyValueMetadata().FindValue("tarikh.revision"); v == nil || *v != "17" {
		t.Errorf("tarikh.revision is %v", v)
	}
}

// TestParquetComesBack reads every column of random events with the other library.
func TestParquetComesBack(t *testing.T) {
	t.Parallel()
	events := random(150)
	events = append(events, event(t, "epoch", "1970-01-01"), event(t, "bc", "-0043-03-15"))
	got := readParquet(t, write(t, "parquet", events...))
	if len(got) != len(events) {
		t.Fatalf("%d rows of %d events", len(got), len(events))
	}
	for i, row := range got {
		e := events[i]
		want := map[string]any{
			"id": e.ID, "dataset": e.Dataset, "type": e.Type, "status": e.Status, "date_edtf": e.Date.Expr, "date_precision": string(e.Date.Precision),
			"date_label_ar": e.Date.Label("ar"), "date_label_en": e.Date.Label("en"), "date_label_fr": e.Date.Label("fr"),
			"date_approximate": e.Date.Approximate, "date_uncertain": e.Date.Uncertain, "revision": float64(e.Revision),
			"title": pairs(e.Title), "summary": pairs(e.Summary), "measures": pairs(e.Measures), "attributes": pairs(e.Attributes),
			"latitude": nil, "longitude": nil, "location_precision": nil, "location_name": nil,
			"created_at": "2026-01-02T03:04:05.000678Z", "updated_at": "2026-02-03T04:05:06Z",
		}
		if l := e.Location; l != nil {
			want["latitude"], want["longitude"], want["location_precision"], want["location_name"] = l.Latitude, l.Longitude, l.Precision, pairs(l.Name)
		}
		for name, value := range want {
			if got := sorted(row[name]); fmt.Sprint(got) != fmt.Sprint(sorted(value)) {
				t.Errorf("%s: %s is %v, want %v", e.ID, name, got, value)
			}
		}
		for name, n := range map[string]int{"countries": len(e.Countries), "actors": len(e.Actors), "tags": len(e.Tags), "sources": len(e.Sources), "links": len(e.Links)} {
			if list, ok := row[name].([]any); !ok || len(list) != n {
				t.Errorf("%s: %s is %v", e.ID, name, row[name])
			}
		}
		for j, c := range e.Countries {
			if got := row["countries"].([]any)[j].(map[string]any); got["code"] != c.Code || got["role"] != c.Role {
				t.Errorf("%s: country %v", e.ID, got)
			}
		}
		for j, s := range e.Sources {
			got := row["sources"].([]any)[j].(map[string]any)
			if got["title"] != s.Title || got["language"] != s.Language || (s.Quote == "") != (got["quote"] == nil) || len(got["supports"].([]any)) != len(s.Supports) {
				t.Errorf("%s: source %v", e.ID, got)
			}
		}
	}
	checkDays(t, events, write(t, "parquet", events...))
}

// checkDays compares the four days as numbers: JSON and time.Time do not carry
// those before year 1.
func checkDays(t *testing.T, events []timeline.Event, text []byte) {
	t.Helper()
	_, table := openParquet(t, text)
	bounds := map[string]func(e *timeline.Event) edtf.Bound{
		"date_earliest":     func(e *timeline.Event) edtf.Bound { return e.Date.StartEarliest },
		"date_start_latest": func(e *timeline.Event) edtf.Bound { return e.Date.StartLatest },
		"date_end_earliest": func(e *timeline.Event) edtf.Bound { return e.Date.EndEarliest },
		"date_latest":       func(e *timeline.Event) edtf.Bound { return e.Date.EndLatest },
	}
	for name, bound := range bounds {
		column := table.Column(table.Schema().FieldIndices(name)[0]).Data()
		at := 0
		for _, chunk := range column.Chunks() {
			days := chunk.(*array.Date32)
			for i := range days.Len() {
				got := edtf.Open
				if !days.IsNull(i) {
					got = edtf.At(edtf.Day(days.Value(i)))
				}
				if want := bound(&events[at]); got != want {
					t.Errorf("%s: %s is %v, want %v", events[at].Date.Expr, name, got, want)
				}
				at++
			}
		}
		if at != len(events) {
			t.Errorf("%s has %d values", name, at)
		}
	}
}

// pairs gives a map as Arrow's JSON has it, nil as null.
func pairs[M ~map[string]V, V any](m M) any {
	if m == nil {
		return nil
	}
	list := []any{}
	for k, v := range m {
		list = append(list, map[string]any{"key": k, "value": v})
	}
	return list
}

// sorted makes lists of pairs comparable: a map has no order.
func sorted(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	m := map[string]any{}
	for _, item := range list {
		if pair, ok := item.(map[string]any); ok {
			m[fmt.Sprint(pair["key"])] = pair["value"]
		}
	}
	return m
}

// TestParquetRowGroups: what is held in memory is written out in between.
func TestParquetRowGroups(t *testing.T) {
	t.Parallel()
	long := map[string]string{}
	for i := range 100 {
		long[fmt.Sprint("k", i)] = strings.Repeat("x", 10_000)
	}
	var events []timeline.Event
	for i := range 36 {
		events = append(events, event(t, fmt.Sprintf("e%d", i), "2021", func(e *timeline.Event) { e.Attributes = long }))
	}
	f, table := openParquet(t, write(t, "parquet", events...))
	if f.NumRowGroups() != 8 || table.NumRows() != 36 {
		t.Errorf("%d row groups, %d rows", f.NumRowGroups(), table.NumRows())
	}
}
