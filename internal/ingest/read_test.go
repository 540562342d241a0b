package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

// told gives the refusals as text.
func (r result) told() []string {
	var list []string
	for _, f := range r.refused {
		list = append(list, fmt.Sprintf("row %d line %d %s: %s", f.Row, f.Line, f.Column, f.Reason))
	}
	return list
}

func (r result) ids() []string {
	var list []string
	for _, e := range r.events {
		list = append(list, e.ID)
	}
	return list
}

// check compares with the ids and refusals that are wanted, or with the error that ends
// the reading.
func (r result) check(t *testing.T, ids, told []string, failure string) {
	t.Helper()
	if failure != "" {
		if r.err == nil || !strings.Contains(r.err.Error(), failure) {
			t.Errorf("%v, want %q", r.err, failure)
		}
		return
	}
	if r.err != nil || !slices.Equal(r.ids(), ids) {
		t.Errorf("%q, %v; want %q", r.ids(), r.err, ids)
	}
	if !slices.Equal(r.told(), told) {
		t.Errorf("refused %q\nwant %q", r.told(), told)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	latin := plain + "encoding: iso-8859-1\n"
	windows := plain + "encoding: windows-1252\n"
	for name, c := range map[string]struct {
		mapping, file string
		ids, told     []string
		err           string
	}{
		"a byte order mark": {plain, "\ufeffid,date,title\n1,2021,A\n", []string{"t-1"}, nil, ""},
		"carriage returns and line feeds, a quoted line break": {
			plain, "id,date,title\r\n1,2021,\"A\r\nB\"\r\n2,2022,B\r\n", []string{"t-1", "t-2"}, nil, ""},
		"lone carriage returns":                       {plain + "lines: cr\n", "id,date,title\r1,2021,A\r2,2022,B\r", []string{"t-1", "t-2"}, nil, ""},
		"lone carriage returns that are not declared": {plain, "id,date,title\r1,2021,A\r", nil, nil, "the heading holds carriage returns: say `lines: cr` in the mapping"},
		"tabs":                    {strings.Replace(plain, "csv", "tsv", 1), "id\tdate\ttitle\n1\t2021\tA, B\n", []string{"t-1"}, nil, ""},
		"quotes that are letters": {strings.Replace(plain, "csv", "tsv", 1) + "quotes: none\n", "id\tdate\ttitle\r\n1\t2021\t\"A\" and \"B\"\r\n\n2\t2021\t\"C\n3\t2021", []string{"t-1", "t-2"}, []string{"row 3 line 5 : the row has 2 cells; the heading has 3"}, ""},
		"tabs that are commas":    {strings.Replace(plain, "csv", "tsv", 1), "id,date,title\n1,2021,A\n", nil, nil, `the file has no column "id"`},
		"a second heading":        {plain + "skip_rows: 1\n", "id,date,title\n#id,#date,#title\n1,2021,A\n", []string{"t-1"}, nil, ""},
		"blanks around":           {plain, " id ,date,title \n 1 , 2021 , A \n", []string{"t-1"}, nil, ""},
		"nothing":                 {plain, "", nil, nil, "the file is empty"},
		"a heading alone":         {plain, "id,date,title\n", nil, nil, ""},
		"a column is missing":     {plain, "id,dat,title\n1,2021,A\n", nil, nil, `the file has no column "date" (did you mean "dat"?)`},
		"a column twice":          {plain, "id,date,title,id\n1,2021,A,2\n", nil, nil, `the file has two columns "id"`},
		"too few and too many":    {plain, "id,date,title\n1,2021\n2,2021,A,B\n3,2021,A\n", []string{"t-3"}, []string{"row 1 line 2 : the row has 2 cells; the heading has 3", "row 2 line 3 : the row has 4 cells; the heading has 3"}, ""},
		"a quote that stays open": {plain, "id,date,title\n1,2021,A\n2,2021,\"A\n3,2021,B\n", nil, nil, "row 2, which begins at line 3: a quote stands where none belongs, or is never closed"},
		"latin letters in UTF-8": {plain, "id,date,title\n1,2021,Coup d'\xc9tat\n2,2021,\xc3\x89tat\n", []string{"t-2"}, []string{
			"row 1 line 2 : byte 29 of the file is 0xC9, which is not utf-8: correct the file, or the mapping's encoding"}, ""},
		"latin letters, declared":            {latin, "id,date,title\n1,2021,\xc9tat\n", []string{"t-1"}, nil, ""},
		"windows letters, declared as latin": {latin, "id,date,title\n1,2021,d\x92\xc9tat\n", nil, []string{"row 1 line 2 : byte 23 of the file is 0x92, which is not iso-8859-1: correct the file, or the mapping's encoding"}, ""},
		"UTF-8, declared as windows":         {windows, "id,date,title\n1,2021,\xc3\x89tat\n", nil, []string{`row 1 line 2 title: holds the bytes "État", which are utf-8 and not windows-1252: correct the mapping's encoding`}, ""},
		"a byte that windows has not":        {windows, "id,date,title\n1,2021,A\n2,2021,\x81\n", []string{"t-1"}, []string{"row 2 line 3 : byte 31 of the file is 0x81, which is not windows-1252: correct the file, or the mapping's encoding"}, ""},
		"UTF-16":                             {plain, "\xff\xfei\x00d\x00", nil, nil, "the file is UTF-16: save it as UTF-8"},
		"a wrong heading":                    {plain, "id,date,title\xff\n", nil, nil, "the heading cannot be read: byte 14 of the file is 0xFF"},
		"a control character":                {plain, "id,date,title\n1,2021,A\x00B\n", nil, []string{"row 1 line 2 /title/en: holds the control character U+0000; remove it"}, ""},
		"every fault of a row": {plain, "id,date,title\n,2021-13,\n", nil, []string{
			`row 1 line 2 date: "2021-13" is no date: there is no month 13: write 01 to 12, or 21 to 41 for a season or a part of the year`}, ""},
		"faults beside the date": {plain, "id,date,title\n,2021,\n", nil, []string{
			"row 1 line 2 id: the id is empty: a column that it is made of has no value", "row 1 line 2 : the title is empty: the columns that it is made of have no value"}, ""},
		"an id that cannot be": {plain, "id,date,title\nÄ B,2021,A\n", nil, []string{
			"row 1 line 2 /id: must be 1 to 128 characters: a lower-case letter or digit, then letters a-z, digits, and . _ ~ -"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readWith(t, parse(t, c.mapping), []byte(c.file))
			r.check(t, c.ids, c.told, c.err)
		})
	}
}

func TestLettersOfOldEncodings(t *testing.T) {
	t.Parallel()
	r := readWith(t, parse(t, plain+"encoding: windows-1252\n"), []byte("id,date,title\n1,2021,Man\xe9 \x93J\x94 \x80\n"))
	if len(r.events) != 1 || r.events[0].Title["en"] != "Mané “J” €" {
		t.Errorf("%+v, %v", r.events, r.told())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	lines := strings.Replace(plain, "csv", "ndjson", 1)
	array := strings.Replace(plain, "csv", "json", 1)
	deep := strings.NewReplacer("{id}", "{a.0.id}", "column: date", "column: when.day").Replace(array) + "records: result.rows\n"
	geo := strings.Replace(plain, "csv", "geojson", 1) + "location: {name: {en: \"{title}\"}, latitude: geometry.latitude, longitude: geometry.longitude, precision: exact}\n"
	feature := func(id, geometry string) string {
		return `{"type":"Feature","id":"f` + id + `","properties":{"id":` + id + `,"date":2021,"title":"A"},"geometry":` + geometry + `}`
	}
	for name, c := range map[string]struct {
		mapping, file string
		ids, told     []string
		err           string
	}{
		"lines": {lines, "\n{\"id\":1,\"date\":\"2021\",\"title\":\"A\"}\r\n\n{\"id\":2,\"date\":2022,\"title\":\"B\"}", []string{"t-1", "t-2"}, nil, ""},
		"a broken line": {lines, "{\"id\":1,\"date\":\"2021\",\"title\":\"A\"}\n{\"id\":2,\n", []string{"t-1"}, []string{
			"row 2 line 2 : is not valid JSON: jsontext: unexpected EOF after offset 8"}, ""},
		"a line that is not UTF-8": {lines, "{\"id\":1,\"date\":\"2021\",\"title\":\"A\"}\n{\"id\":2,\"date\":\"2021\",\"title\":\"\xe9\"}\n", []string{"t-1"}, []string{
			"row 2 line 2 : byte 67 of the file is 0xE9, which is not utf-8: correct the file, or the mapping's encoding"}, ""},
		"no record has the column": {lines, "{\"id\":1,\"dat\":\"2021\",\"title\":\"A\"}\n", nil, nil, `the mapping test.yaml does not fit the file: no record has "date"`},
		"an array":                 {array, `[{"id":1,"date":"2021","title":"A"}, {"id":2,"date":null,"title":"A"}]`, []string{"t-1"}, []string{"row 2 line 0 date: the row has no date"}, ""},
		"an array of nothing":      {array, ` [ ] `, nil, nil, ""},
		"a deep array":             {deep, `{"x":[1,{"y":2}],"result":{"rows":[{"a":[{"id":7}],"when":{"day":"2021"},"title":"A"}],"more":1},"z":null}`, []string{"t-7"}, nil, ""},
		"an array elsewhere":       {deep, `{"result":{"row":[]}}`, nil, nil, "the file has no array at result.rows"},
		"no array":                 {array, `{"id":1}`, nil, nil, "the file is not an array of records"},
		"cut within a record":      {array, `[{"id":1,"date":"2021","title":"A"},{"id":2`, nil, nil, "row 2: the file ends before its JSON does"},
		"cut behind a record":      {array, `[{"id":1,"date":"2021","title":"A"}`, nil, nil, "row 2: the file ends before its JSON does"},
		"cut behind the array":     {deep, `{"result":{"rows":[]}`, nil, nil, "the file ends before its JSON does"},
		"more behind the array":    {array, `[] []`, nil, nil, "something follows the JSON document"},
		"a record not UTF-8":       {array, "[{\"id\":1,\"date\":\"2021\",\"title\":\"\xff\"},{\"id\":2,\"date\":\"2021\",\"title\":\"A\"}]", []string{"t-2"}, []string{"row 1 line 0 : byte 33 of the file is 0xFF, which is not utf-8: correct the file, or the mapping's encoding"}, ""},
		"a syntax error":           {array, `[{"id":1,"date":"2021","title":"A"},{"id" 2}]`, nil, nil, "row 2: the file is not valid JSON"},
		"features":                 {geo, `{"type":"FeatureCollection","features":[` + feature("1", `{"type":"Point","coordinates":[2.1,13.5]}`) + `,` + feature("2", "null") + `]}`, []string{"t-1", "t-2"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readWith(t, parse(t, c.mapping), []byte(c.file))
			r.check(t, c.ids, c.told, c.err)
			if name == "features" && (len(r.events) != 2 || r.events[0].Location == nil || r.events[0].Location.Latitude != 13.5 || r.events[1].Location != nil) {
				t.Errorf("%+v, %+v", r.events[0].Location, r.events[1].Location)
			}
		})
	}
}

func TestEventsAsTheyAre(t *testing.T) {
	t.Parallel()
	m, err := ingest.Load("events")
	if err != nil {
		t.Fatal(err)
	}
	file := `{"id":"a","dataset":"x","type":"war","date":{"edtf":"2021"},"title":{"en":"A"},"sources":[{"title":"S","language":"en"}]}
{"id":"b","type":"wra","date":{"edtf":"2021-13"},"title":{},"sources":[]}
{"dataset":"x","type":"war","date":{"edtf":"2021"},"title":{"en":"A"},"sources":[{"title":"S","language":"en"}]}
{"id":"a","id":"b"}
`
	r := readWith(t, m, []byte(file))
	if !slices.Equal(r.ids(), []string{"a"}) || r.faulty != 3 || r.events[0].Dataset != "x" {
		t.Errorf("%q, %d refused", r.ids(), r.faulty)
	}
	want := []string{
		"row 2 line 2 /type: is not one of the allowed words: politics, ",
		"row 2 line 2 /date/edtf: there is no month 13",
		"row 2 line 2 /title: needs the text in at least one language",
		"row 2 line 2 /sources: needs at least one source",
		"row 2 line 2 /dataset: is required",
		"row 3 line 3 /id: is required in an import",
		"row 4 line 4 : The body has a duplicate key at /id",
	}
	got := r.told()
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
}

func TestDamagedGzip(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	file.WriteString("id,date,title\n")
	for i := range 20_000 {
		fmt.Fprintf(&file, "%d,2021,Title %x\n", i, i*7919)
	}
	good := gzipped(t, file.Bytes())
	m := parse(t, plain)
	if r := readWith(t, m, good); r.err != nil || len(r.events) != 20_000 {
		t.Fatalf("%d, %v", len(r.events), r.err)
	}
	if r := readWith(t, m, slices.Concat(good, gzipped(t, []byte("20000,2021,in a second member\n")))); r.err != nil || len(r.events) != 20_001 {
		t.Errorf("two members: %d, %v", len(r.events), r.err)
	}
	turned := slices.Clone(good)
	turned[len(turned)/2] ^= 0xff
	for name, damaged := range map[string][]byte{
		"cut": good[:len(good)/2], "a byte turned": turned, "rubbish behind": append(slices.Clone(good), "rubbish"...), "the head alone": good[:4],
	} {
		if r := readWith(t, m, damaged); r.err == nil || !strings.Contains(r.err.Error(), "gzip data are damaged or cut short") {
			t.Errorf("%s: %v", name, r.err)
		}
	}
}

// endless is a quote that is never closed.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	n := copy(p, "id,date,title\n\""[min(e.n, 15):])
	if e.n >= 15 {
		n = len(p)
	}
	e.n += int64(n)
	return n, nil
}

func TestARecordWithoutEnd(t *testing.T) {
	t.Parallel()
	in := &endless{}
	same := func(_ context.Context, b *ingest.Batch) (*ingest.Batch, error) { return b, nil }
	err := ingest.Each(t.Context(), in, parse(t, plain), ingest.Options{}, same, func(*ingest.Batch) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "longer than 16 MB") {
		t.Errorf("%v", err)
	}
	if in.n > 40<<20 {
		t.Errorf("%d bytes were read", in.n)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wall := errors.New("no more")
	for _, in := range []io.Reader{
		io.MultiReader(strings.NewReader("id,date,title\n"), strings.NewReader(strings.Repeat("1,2021,A\n", 200_000))),
	} {
		batches := 0
		same := func(_ context.Context, b *ingest.Batch) (*ingest.Batch, error) { return b, nil }
		err := ingest.Each(ctx, in, parse(t, plain), ingest.Options{}, same, func(*ingest.Batch) error {
			if batches++; batches == 2 {
				return wall
			}
			return nil
		})
		if !errors.Is(err, wall) {
			t.Errorf("%v", err)
		}
	}
	cancel()
	same := func(_ context.Context, b *ingest.Batch) (*ingest.Batch, error) { return b, nil }
	err := ingest.Each(ctx, strings.NewReader("id,date,title\n1,2021,A\n"), parse(t, plain), ingest.Options{}, same, func(*ingest.Batch) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
