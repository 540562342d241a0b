package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestBadInput: each fault gets a problem that names its place, and what was meant
// where that is clear.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := serve(t)
	first := *s.get(t, "/v1/events?limit=1").page(t).Page.NextCursor
	const events = "/v1/events?"
	for name, c := range map[string]struct {
		target     string
		status     int    // 0: 400
		parameters string // that the problem names
		suggestion string
	}{
		"unknown parameter":        {target: events + "contry=ML", parameters: "contry", suggestion: "country"},
		"parameter of no one":      {target: events + "xyzzy=1", parameters: "xyzzy"},
		"parameter of none":        {target: "/v1/countries?limit=5", parameters: "limit"},
		"parameter on health":      {target: "/livez?x=1", parameters: "x"},
		"unknown country":          {target: events + "country=Atlantis", parameters: "country"},
		"near country":             {target: events + "country=Malli", parameters: "country", suggestion: "Mali"},
		"two countries":            {target: events + "country=Congo", parameters: "country"},
		"empty country":            {target: events + "country=", parameters: "country"},
		"empty item":               {target: events + "country=ML,,NE", parameters: "country"},
		"no month 13":              {target: events + "from=2021-13", parameters: "from"},
		"qualified from":           {target: events + "from=2021~", parameters: "from"},
		"words as a date":          {target: events + "to=yesterday", parameters: "to"},
		"from after to":            {target: events + "from=2023&to=2021", parameters: "from to"},
		"date with from":           {target: events + "date=2021&from=2020", parameters: "date"},
		"date with to":             {target: events + "date=2021&to=2020", parameters: "date"},
		"a set as date":            {target: events + "date=%5B2020,2021%5D", parameters: "date"},
		"an unknown end as date":   {target: events + "date=2020/", parameters: "date"},
		"empty date":               {target: events + "date=", parameters: "date"},
		"limit 0":                  {target: events + "limit=0", parameters: "limit"},
		"limit 501":                {target: events + "limit=501", parameters: "limit"},
		"limit abc":                {target: events + "limit=abc", parameters: "limit"},
		"limit with a sign":        {target: events + "limit=%2B5", parameters: "limit"},
		"limit huge":               {target: events + "limit=99999999999999999999", parameters: "limit"},
		"limit twice":              {target: events + "limit=5&limit=6", parameters: "limit"},
		"order up":                 {target: events + "order=up", parameters: "order"},
		"order in capitals":        {target: events + "order=ASC", parameters: "order", suggestion: "asc"},
		"match maybe":              {target: events + "match=maybe", parameters: "match"},
		"match near":               {target: events + "match=certian", parameters: "match", suggestion: "certain"},
		"count all":                {target: events + "count=all", parameters: "count"},
		"type unknown":             {target: events + "type=cuop", parameters: "type", suggestion: "coup"},
		"status unknown":           {target: events + "status=ocurred", parameters: "status", suggestion: "occurred"},
		"dataset unknown":          {target: events + "dataset=sahell", parameters: "dataset", suggestion: "sahel"},
		"role unknown":             {target: events + "country_role=target,victim", parameters: "country_role"},
		"country_match unknown":    {target: events + "country_match=some", parameters: "country_match"},
		"region unknown":           {target: events + "region=ecowass", parameters: "region", suggestion: "ecowas"},
		"predecessors maybe":       {target: events + "predecessors=maybe", parameters: "predecessors"},
		"on 02-30":                 {target: events + "on=02-30", parameters: "on"},
		"on as words":              {target: events + "on=today", parameters: "on"},
		"bbox of three":            {target: events + "bbox=1,2,3", parameters: "bbox"},
		"bbox of words":            {target: events + "bbox=a,b,c,d", parameters: "bbox"},
		"bbox not finite":          {target: events + "bbox=NaN,0,1,1", parameters: "bbox"},
		"bbox upside down":         {target: events + "bbox=0,20,10,10", parameters: "bbox"},
		"bbox beyond the pole":     {target: events + "bbox=0,0,10,91", parameters: "bbox"},
		"bbox beyond the date":     {target: events + "bbox=-181,0,10,10", parameters: "bbox"},
		"min_sources 0":            {target: events + "min_sources=0", parameters: "min_sources"},
		"q of punctuation":         {target: events + "q=%3F%21%2E", parameters: "q"},
		"q too long":               {target: events + "q=" + strings.Repeat("a", 10_000), parameters: "q"},
		"actor too long":           {target: events + "actor=" + strings.Repeat("a", 301), parameters: "actor"},
		"101 ids":                  {target: events + "id=" + manyIDs(101), parameters: "id"},
		"as_of ahead":              {target: events + "as_of=999999", parameters: "as_of"},
		"as_of in the future":      {target: events + "as_of=2999-01-01T00:00:00Z", parameters: "as_of"},
		"as_of negative":           {target: events + "as_of=-1", parameters: "as_of"},
		"as_of as words":           {target: events + "as_of=yesterday", parameters: "as_of"},
		"a measure for by":         {target: "/v1/timeline?by=deaths", parameters: "by"},
		"a measure of no event":    {target: "/v1/timeline?measure=deaths", parameters: "measure", suggestion: ""},
		"interval unknown":         {target: "/v1/timeline?interval=months", parameters: "interval", suggestion: "month"},
		"interval too short":       {target: "/v1/timeline?interval=day&from=1500&to=2100", parameters: "interval", suggestion: "week"},
		"group_by unknown":         {target: "/v1/timeline?group_by=countries", parameters: "group_by", suggestion: "country"},
		"limit on a timeline":      {target: "/v1/timeline?limit=5", parameters: "limit"},
		"order on a timeline":      {target: "/v1/timeline?order=asc", parameters: "order"},
		"facet unknown":            {target: "/v1/facets?by=country,types", parameters: "by", suggestion: "type"},
		"facet limit 201":          {target: "/v1/facets?limit=201", parameters: "limit"},
		"chain depth 6":            {target: "/v1/events/ml-coup-2021/chain?depth=6", parameters: "depth"},
		"chain of a wrong id":      {target: "/v1/events/ML/chain", parameters: "id"},
		"as_of ahead on a chain":   {target: "/v1/events/ml-coup-2021/chain?as_of=99", parameters: "as_of"},
		"cursor altered":           {target: events + "cursor=" + alter(first), parameters: "cursor"},
		"cursor cut":               {target: events + "cursor=" + first[:len(first)-3], parameters: "cursor"},
		"cursor of nobody":         {target: events + "cursor=abc", parameters: "cursor"},
		"cursor, other filters":    {target: events + "country=ML&cursor=" + first, parameters: "cursor"},
		"cursor, other order":      {target: events + "order=desc&cursor=" + first, parameters: "cursor"},
		"cursor, other as_of":      {target: events + "as_of=1&cursor=" + first, parameters: "cursor"},
		"NUL":                      {target: events + "country=%00", parameters: "country"},
		"NUL in q":                 {target: events + "q=a%00b", parameters: "q"},
		"not UTF-8":                {target: events + "country=%ff%fe", parameters: "country"},
		"name not UTF-8":           {target: events + "%ff=1", parameters: "%ff"},
		"wrong percent":            {target: events + "country=%zz", parameters: "country"},
		"three faults together":    {target: events + "limit=0&contry=ML&from=2021-13", parameters: "limit contry from"},
		"faults of several stages": {target: events + "dataset=none&order=up&cursor=x&as_of=77777", parameters: "order dataset as_of cursor"},
		"id of 300 characters":     {target: "/v1/events/" + strings.Repeat("a", 300), parameters: "id"},
		"id with a slash":          {target: "/v1/events/a%2Fb", parameters: "id"},
		"id in capitals":           {target: "/v1/events/ML-COUP", parameters: "id"},
		"id with NUL":              {target: "/v1/events/a%00b", parameters: "id"},
		"id and a parameter":       {target: "/v1/events/ml-coup-2021?country=ML", parameters: "country"},
		"id nobody has":            {target: "/v1/events/nobody", status: 404},
		"path below an id":         {target: "/v1/events/a/b", status: 404},
		"unknown path":             {target: "/v1/evnts", status: 404},
		"unknown format":           {target: "/v2", status: 404},
		"slash at the end":         {target: "/v1/events/", status: 404},
		"64 KB of query":           {target: events + "q=" + strings.Repeat("a", 64<<10), status: 414},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := s.get(t, c.target)
			if c.status == 0 {
				c.status = http.StatusBadRequest
			}
			if answer.status != c.status {
				t.Fatalf("%d, want %d: %s", answer.status, c.status, answer.body)
			}
			p := answer.problem(t)
			var named []string
			suggested := ""
			for _, e := range p.Errors {
				if e.Parameter == nil {
					t.Errorf("a fault without a parameter: %s", answer.body)
					continue
				}
				if !slices.Contains(named, *e.Parameter) {
					named = append(named, *e.Parameter)
				}
				if e.Suggestion != nil {
					suggested = *e.Suggestion
				}
			}
			if got := strings.Join(named, " "); got != c.parameters {
				t.Errorf("names %q, want %q: %s", got, c.parameters, answer.body)
			}
			if c.suggestion != "" && suggested != c.suggestion {
				t.Errorf("suggests %q, want %q: %s", suggested, c.suggestion, answer.body)
			}
			for _, word := range []string{"SQL", "SELECT", "pgx", "goroutine", ".go:"} {
				if strings.Contains(string(answer.body), word) {
					t.Errorf("tells of the inside: %s", answer.body)
				}
			}
			if answer.header.Get("Cache-Control") != "no-store" || answer.header.Get("X-Request-Id") == "" {
				t.Errorf("headers %v", answer.header)
			}
		})
	}
}

func manyIDs(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "e" + strings.Repeat("x", i)
	}
	return strings.Join(list, ",")
}

// alter exchanges a letter in the middle.
func alter(cursor string) string {
	b := []byte(cursor)
	i := len(b) / 2
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func TestTwoCountriesOfOneNameAreBothTold(t *testing.T) {
	t.Parallel()
	p := serve(t).get(t, "/v1/events?country=Congo").problem(t)
	if len(p.Errors) != 1 || !slices.Equal(p.Errors[0].Allowed, []string{"COD", "COG"}) {
		t.Errorf("%+v", p.Errors)
	}
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "BREW"} {
		answer := s.do(t, method, "/v1/countries")
		if answer.status != http.StatusMethodNotAllowed || answer.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, answer.status, answer.header.Get("Allow"))
		}
		if code := answer.problem(t).Code; code != "method_not_allowed" {
			t.Errorf("%s: code %s", method, code)
		}
	}
	if answer := s.do(t, http.MethodPost, "/nowhere"); answer.status != http.StatusNotFound {
		t.Errorf("POST to an unknown path: %d", answer.status)
	}
	if answer := s.do(t, http.MethodOptions, "/nowhere"); answer.status != http.StatusNotFound {
		t.Errorf("OPTIONS on an unknown path: %d", answer.status)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for accept, want := range map[string]int{
		"":                                    200,
		"*/*":                                 200,
		"application/json":                    200,
		"application/*":                       200,
		"APPLICATION/JSON":                    200,
		"text/html":                           406,
		"text/html,*/*;q=0.1":                 200,
		"text/html, application/json;q=0":     406,
		"*/*, application/json;q=0":           406,
		"application/json;q=0, */*":           406,
		"text/html;q=0.9, application/json":   200,
		"application/*;q=0, application/json": 200,
		"application/xml, text/*":             406,
		"gibberish":                           406,
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8": 200,
	} {
		answer := s.get(t, "/v1/events?limit=1", "Accept", accept)
		if answer.status != want {
			t.Errorf("Accept %q: %d, want %d", accept, answer.status, want)
		}
		if want == 406 && answer.problem(t).Code != "not_acceptable" {
			t.Errorf("Accept %q: %s", accept, answer.body)
		}
	}
}
