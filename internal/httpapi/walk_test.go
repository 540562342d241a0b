package httpapi_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/tarikh-timeline/tarikh/internal/contracttest"
)

// walkLength is less under the race detector, which looks for other faults.
var walkLength = map[bool]int{false: 2_000, true: 400}[underRace]

var (
	walkSeed     = flag.Uint64("walk", 0, "seed of the walk over the contract; 0 takes one from the clock")
	walkRequests = flag.Int("walk-requests", walkLength, "how many requests the walk over the contract makes")
)

// oddValues are what clients send by mistake or on purpose.
var oddValues = []string{
	"", " ", ",", ",,", "a,,b", "\x00", "a\x00b", "\xff\xfe", "\xc3", "\u202e\u202dMali", "\ufeff", "é", "e\u0301", "مالي", "النيجر", "😀", "\r\nX-Injected: 1",
	"0", "-1", "1", "2", "00", "+5", "1.5", "1e9", "NaN", "Infinity", "9223372036854775807", "9223372036854775808", "0x10", "１２",
	"null", "true", "false", "undefined", "[]", "{}", "[object Object]", "'", "\"", "';DROP TABLE event;--", "$1", "@as_of", "%", "%25", "\\", "../../etc/passwd", "<script>",
	"2021", "2021-13", "2021-02-30", "0000", "-0001", "-4712", "-4713", "9999", "10000", "Y17E7", "202X", "2021/2020", "../..", "2021/..", "[2020,2021]", "2021~", "1985-04-12T23:20:30Z",
	"ML", "ml,NE", "Congo", "Atlantis", "ecowas", "011", "coup", "asc", "DESC", "180,90,-180,-90", "-180,-90,180,90", "1,2,3", "02-30", "02-29",
	strings.Repeat("a", 5_000), strings.Repeat("ب", 300), strings.Repeat("x,", 700),
}

// TestNoRequestBreaksTheService walks every reading operation and every parameter of
// openapi.yaml with values that are right, odd and hostile: there is no 5xx, each 4xx is
// a problem that names the parameter, and each 2xx is as the contract says.
func TestNoRequestBreaksTheService(t *testing.T) {
	t.Parallel()
	s := serve(t)
	seed := *walkSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("the requests are those of -walk=%d", seed)
	w := walk{random: rand.New(rand.NewPCG(seed, 0))}
	type reading struct {
		path      string
		operation *v3.Operation
	}
	var operations []reading
	for path, item := range contracttest.Load(t).Model.Paths.PathItems.FromOldest() {
		if item.Get != nil && !strings.HasSuffix(path, "/stream") { // a stream does not end
			operations = append(operations, reading{path, item.Get})
		}
	}
	statuses := map[int]int{}
	for i := range *walkRequests {
		op := operations[i%len(operations)]
		target, names := w.request(op.path, op.operation)
		answer := s.get(t, target) // holds every answer against the contract
		statuses[answer.status]++
		if answer.status >= 500 {
			t.Errorf("GET %s: %d %s", target, answer.status, answer.body)
		}
		if answer.header.Get("X-Injected") != "" {
			t.Errorf("GET %s: a header was injected", target)
		}
		if answer.status == http.StatusBadRequest {
			checkFaultsName(t, target, answer, names)
		}
		if t.Failed() {
			return
		}
	}
	if statuses[200] < *walkRequests/20 || statuses[400] < *walkRequests/20 {
		t.Errorf("the walk is one-sided: %v", statuses)
	}
}

// checkFaultsName: every fault of a 400 names a parameter that was sent.
func checkFaultsName(t *testing.T, target string, answer result, names []string) {
	t.Helper()
	p := answer.problem(t)
	if len(p.Errors) == 0 {
		t.Errorf("GET %s: a 400 without faults: %s", target, answer.body)
	}
	for _, e := range p.Errors {
		if e.Parameter == nil || !slices.Contains(names, *e.Parameter) || e.Detail == "" {
			t.Errorf("GET %s: a fault names none of %q: %s", target, names, answer.body)
		}
	}
}

type walk struct{ random *rand.Rand }

func (w walk) pick(from []string) string { return from[w.random.IntN(len(from))] }

// request makes a target of an operation and tells the names that its faults can have.
func (w walk) request(path string, operation *v3.Operation) (target string, names []string) {
	id := "ml-coup-2021"
	if w.random.IntN(3) == 0 {
		id = w.pick(oddValues)
	}
	path = strings.ReplaceAll(path, "{id}", url.PathEscape(id))
	names = []string{"id"}
	var pairs []string
	add := func(name, value string) {
		names = append(names, name)
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	var known []*v3.Parameter
	for _, p := range operation.Parameters {
		if p.In == "query" {
			known = append(known, p)
		}
	}
	for range w.random.IntN(4) {
		switch {
		case len(known) == 0 || w.random.IntN(15) == 0:
			add(w.pick([]string{"contry", "x", "LIMIT", "from[]", "مالي"}), w.pick(oddValues))
		default:
			p := known[w.random.IntN(len(known))]
			add(p.Name, w.value(p))
		}
	}
	if len(pairs) == 0 {
		return path, names
	}
	return path + "?" + strings.Join(pairs, "&"), names
}

// value is what the contract allows, or something odd.
func (w walk) value(p *v3.Parameter) string {
	if w.random.IntN(3) == 0 {
		return w.pick(oddValues)
	}
	schema := p.Schema.Schema()
	if schema.Items != nil && w.random.IntN(2) == 0 {
		schema = schema.Items.A.Schema()
	}
	var stated []string
	for _, node := range schema.Enum {
		stated = append(stated, node.Value)
	}
	for _, number := range []*float64{schema.Minimum, schema.Maximum} {
		if number != nil {
			text, _ := json.Marshal(*number)
			stated = append(stated, string(text))
		}
	}
	stated = append(stated, example(p)...)
	if slices.Contains(schema.Type, "boolean") {
		stated = append(stated, "true", "false")
	}
	if schema.Default != nil {
		stated = append(stated, schema.Default.Value)
	}
	if len(stated) == 0 {
		return w.pick(oddValues)
	}
	return w.pick(stated)
}

// example gives the parameter's example as it stands in a query.
func example(p *v3.Parameter) []string {
	if p.Example == nil {
		return nil
	}
	if len(p.Example.Content) == 0 {
		return []string{p.Example.Value}
	}
	var items []string
	for _, node := range p.Example.Content {
		items = append(items, node.Value)
	}
	return []string{strings.Join(items, ",")}
}
