package httpapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

const ndjson = "application/x-ndjson"

func TestImports(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	lines := small("a", "2021") + "\n\n" + small("b", "2022") + "\n" + small("c", "2023")
	const answer = `{"revision":%d,"created":%d,"updated":%d,"unchanged":%d,"dry_run":%v}`
	for i, c := range []struct {
		target, mediaType, body, want string
	}{
		{"/v1/imports?dry_run=true", ndjson, lines, fmt.Sprintf(answer, 1, 3, 0, 0, true)},
		{"/v1/imports?dry_run=false", ndjson, lines, fmt.Sprintf(answer, 2, 3, 0, 0, false)},
		{"/v1/imports", ndjson, lines, fmt.Sprintf(answer, 2, 0, 0, 3, false)},
		{"/v1/imports?dry_run=true", "application/json; charset=UTF-8", "[" + small("a", "1999") + "," + small("d", "1999") + "," + small("b", "2022") + "]", fmt.Sprintf(answer, 2, 1, 1, 1, true)},
		{"/v1/imports", "application/json", "[" + small("a", "1999") + "," + small("d", "1999") + "," + small("b", "2022") + "]", fmt.Sprintf(answer, 3, 1, 1, 1, false)},
		{"/v1/imports", "application/json", "[]", fmt.Sprintf(answer, 3, 0, 0, 0, false)},
	} {
		got := s.write(t, "POST", c.target, c.body, "Content-Type", c.mediaType).want(t, 200)
		if string(got.body) != c.want {
			t.Errorf("import %d: %s, want %s", i, got.body, c.want)
		}
	}
	if got := s.get(t, "/v1/events?id=a,b,c,d").page(t).ids(); got != "a d b c" {
		t.Errorf("there are %s", got)
	}
	s.write(t, "DELETE", "/v1/events/c?reason=x", "", "If-Match", "*").want(t, 200)
	if got := s.write(t, "POST", "/v1/imports", small("c", "2023"), "Content-Type", ndjson).want(t, 200); string(got.body) != fmt.Sprintf(answer, 5, 1, 0, 0, false) {
		t.Errorf("what was deleted comes back: %s", got.body)
	}
}

// TestFaultsOfImports: every fault with its line and pointer, those that only the store
// knows among them, in the order of the body; and nothing is stored.
func TestFaultsOfImports(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	before := s.revision(t)
	wrong := func(id string) string {
		return strings.NewReplacer(`"sahel"`, `"sahell"`, `"2021"`, `"2021-13"`).Replace(small(id, "2021"))
	}
	nowhere := func(id string) string { return strings.Replace(small(id, "2021"), "sahel", "sahell", 1) }
	a := small("a", "2021")
	t.Run("each", func(t *testing.T) {
		for name, c := range map[string]struct {
			mediaType, body string
			status          int
			want            string // line, pointer and suggestion of each fault
		}{
			"lines":               {ndjson, a + "\n\n" + wrong("b") + "\n" + a, 422, "3 /date/edtf , 3 /dataset sahel, 4 /id "},
			"array":               {"application/json", "[" + a + "," + wrong("b") + "," + a + "]", 422, "0 /1/date/edtf , 0 /1/dataset sahel, 0 /2/id "},
			"lines, the store":    {ndjson, a + "\n\n" + nowhere("b") + "\n" + nowhere("c"), 422, "3 /dataset sahel, 4 /dataset sahel"},
			"array, the store":    {"application/json", "[" + a + "," + nowhere("b") + "]", 422, "0 /1/dataset sahel"},
			"one line, the store": {ndjson, "\n" + nowhere("b"), 422, "2 /dataset sahel"},
			"one, the store":      {"application/json", "[" + nowhere("b") + "]", 422, "0 /0/dataset sahel"},
			"no JSON":             {ndjson, a + "\n" + wrong("b") + "\n{", 400, "2 /date/edtf , 2 /dataset sahel, 3  "},
			"an array cut":        {"application/json", "[" + wrong("b") + ",", 400, "0 /0/date/edtf , 0 /0/dataset sahel, 0  "},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var told []string
				for _, e := range s.write(t, "POST", "/v1/imports", c.body, "Content-Type", c.mediaType).want(t, c.status).problem(t).Errors {
					line, pointer, suggestion := int64(0), "-", ""
					if e.Line != nil {
						line = *e.Line
					}
					if e.Pointer != nil {
						pointer = *e.Pointer
					}
					if e.Suggestion != nil {
						suggestion = *e.Suggestion
					}
					told = append(told, fmt.Sprint(line, " ", pointer, " ", suggestion))
				}
				if got := strings.Join(told, ", "); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			})
		}
	})
	if now := s.revision(t); now != before {
		t.Errorf("revision %d became %d", before, now)
	}
}

// TestTheLargestImport: 10,000 events under one revision; one more is too many.
func TestTheLargestImport(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	var b strings.Builder
	for i := range 10_000 {
		b.WriteString(small(fmt.Sprintf("e%d", i), "2021") + "\n")
	}
	got := s.write(t, "POST", "/v1/imports", b.String(), "Content-Type", ndjson).want(t, 200)
	if string(got.body) != `{"revision":2,"created":10000,"updated":0,"unchanged":0,"dry_run":false}` {
		t.Errorf("%s", got.body)
	}
	p := s.write(t, "POST", "/v1/imports", b.String()+small("more", "2021"), "Content-Type", ndjson).want(t, 413).problem(t)
	if p.Code != "body_too_large" {
		t.Errorf("%+v", p)
	}
}

// TestImportsAndWritesTogether: each is whole, and none is lost.
func TestImportsAndWritesTogether(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	start := s.revision(t)
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			var body []string
			for j := range 50 {
				body = append(body, small(fmt.Sprintf("i%d-%d", i, j), "2021"))
			}
			if got := s.write(t, "POST", "/v1/imports", strings.Join(body, "\n"), "Content-Type", ndjson); got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		group.Go(func() {
			for j := range 10 {
				id := fmt.Sprintf("w%d-%d", i, j)
				if got := s.write(t, "PUT", "/v1/events/"+id, small(id, "2021")); got.status != 201 {
					t.Errorf("%d %s", got.status, got.body)
				}
			}
		})
	}
	group.Wait()
	r := replica{}
	if last := s.replay(t, r, start, 1000); last != start+66 || len(r) != 360 {
		t.Errorf("%d events at revision %d", len(r), last)
	}
}
