package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEveryRule makes one event with all that a mapping can say, and holds its JSON.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	m := parse(t, mappingOfEveryRule)
	file := "name,n,kind,certain,y,arabic,ccode,names,iso,who,where,lat,lon,prec,dead,hurt,url,quote,war\n" +
		`Coup d'État,7,Government,0,1950,انقلاب,640;-8;369,Congo/(A/B)/Sea/Mali,MLI,"IS, Ansar (A, B)",Gao,16.27,-0.04,2,3,"13,500",https://example.org/a,"He said ""no"".",World War` + "\n"
	r := readWith(t, m, []byte(file))
	if r.err != nil || len(r.events) != 1 {
		t.Fatalf("%v %v", r.err, r.told())
	}
	want := `{"id":"t-coup-d-etat-07","dataset":"test","type":"coup","status":"alleged","date":{"edtf":"1950","earliest":"1950-01-01","start_latest":"1950-12-31","end_earliest":"1950-01-01","latest":"1950-12-31","precision":"year","approximate":false,"uncertain":false,"label":{"ar":"1950","en":"1950","fr":"1950"}},` +
		`"title":{"ar":"انقلاب","en":"Coup d'État"},"summary":{"en":"About Coup d'État"},` +
		`"countries":[{"code":"TUR","role":"location"},{"code":"UKR","role":"location"},{"code":"COD","role":"participant"},{"code":"MLI","role":"participant"},{"code":"MLI","role":"affected"}],` +
		`"actors":[{"name":{"en":"IS"},"kind":"armed_group","role":"initiator","country":"MLI"},{"name":{"en":"Ansar (A, B)"},"kind":"armed_group","role":"initiator","country":"MLI"}],` +
		`"location":{"name":{"en":"Gao"},"latitude":16.27,"longitude":-0.04,"precision":"region"},"measures":{"deaths":3,"wounded":13500},"tags":["kind:government","fixed"],` +
		`"sources":[{"title":"Coup d'État","publisher":null,"url":"https://example.org/a","language":"en","published":"1950","quote":"He said \"no\".","supports":["date","title"]}],` +
		`"links":[{"relation":"part_of","event":"t-world-war"}],"attributes":{"raw":"Congo/(A/B)/Sea/Mali"}`
	if got := string(r.events[0].AppendBody(nil)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}

	bad := strings.NewReplacer("Government,0", "battle,2", "640;-8;369", "640;9999", "/Mali", "/Malia", "MLI", "XYZ", "16.27", "north", ",3,", ",-3,").Replace(file)
	r = readWith(t, m, []byte(bad))
	got := strings.Join(r.told(), "\n")
	for _, want := range []string{
		`row 1 line 2 certain: status: "2" is not among the mapping's values`,
		`row 1 line 2 code: no country has the Gleditsch-Ward number 9999; say in the mapping's values what it is`,
		`row 1 line 2 names: "Malia" is not a country that is known (did you mean Mali?)`,
		`row 1 line 2 iso: "XYZ" is not a country that is known`,
		`row 1 line 2 lat: "north" is not a number`,
		`row 1 line 2 dead: "-3" is below 0; say in the mapping's unknown when it is a code`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	if r.faulty != 1 {
		t.Errorf("%d refused", r.faulty)
	}
}

const mappingOfEveryRule = `dataset: {slug: test, title: {en: Test}}
format: csv
columns: {code: [gwno, ccode]}
may_lack: [absent]
id: "t-{name|slug}-{n|pad2}"
type: {column: kind, values: {"Gov*": coup, battle: battle}, otherwise: other}
status: {column: certain, values: {"0": alleged, "1": occurred}}
date: {year: y}
title: {en: ["{absent}", "{name}"], ar: "{arabic}", fr: "{absent}"}
summary: {en: "About {name}"}
countries:
  - {column: code, system: gw, role: location, split: ";", skip: ["-8"]}
  - {column: names, system: name, role: participant, split: "/", skip: ["(*)"], values: {Congo: COD, Sea: ""}}
  - {column: iso, system: iso, role: affected, unresolved: omit}
actors:
  - {name: {en: "{who}"}, split: ", ", kind: armed_group, role: initiator, country: {column: iso, system: iso}}
  - {name: {en: "{absent}"}, kind: state, role: target}
location: {name: {en: "{where}"}, latitude: lat, longitude: lon, precision: {column: prec, values: {"1": exact}, otherwise: region}}
measures: {deaths: dead, wounded: {column: hurt, unknown: ["-9"], thousands: ","}}
tags: ["kind:{kind|lower}", "{absent}", fixed]
sources:
  - {title: "{name}", url: "{url}", language: en, published: "{y}", quote: "{quote}", supports: [date, title]}
  - {title: "{absent}", language: fr}
links: [{relation: part_of, event: "t-{war|slug}"}, {relation: follows, event: "{absent}"}]
attributes: {raw: "{names}", left out: "{absent}"}
`

// TestNamesInTexts names the event's type and its first country in the language of
// each text, and gives their codes where a text has none.
func TestNamesInTexts(t *testing.T) {
	t.Parallel()
	m := parse(t, `dataset: {slug: test, title: {en: Test}}
format: csv
id: t-{n}
type: {column: kind, values: {c: coup, a: coup_attempt}}
date: {year: y}
title: {ar: "{#type}: {#country}", en: ["{#type}: {#country}", "{#type}: {place|words}"], fr: "{#type} : {#country}", de: "{#type}"}
countries: [{column: place, system: name, role: location, unresolved: omit}]
tags: ["{#type}-{#country}", "{#type|upper}"]
sources: [{title: Test, language: en}]
`)
	r := readWith(t, m, []byte("n,kind,y,place\n1,c,2021,MALI\n2,a,2021,SEA OF JAPAN:  OFF THE NW COAST:\n3,x,2021,Mali\n"))
	var got []string
	for _, e := range r.events {
		got = append(got, fmt.Sprint(e.ID, e.Title, e.Tags))
	}
	want := []string{
		"t-1map[ar:انقلاب: مالي en:Coup: Mali fr:Coup d’État : Mali] [coup-MLI COUP]",
		"t-2map[en:Coup attempt: Sea of Japan: Off the NW Coast] [COUP_ATTEMPT]",
	}
	if !slices.Equal(got, want) || len(r.refused) != 1 || r.refused[0].Column != "kind" {
		t.Errorf("%q\n%v", got, r.told())
	}
}
