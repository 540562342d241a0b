package country

import (
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/fold"
)

// Region is a UN M49 region or a group of states.
type Region struct {
	Code    string // three digits, or a group's slug
	Kind    string // "m49" or "group"
	Names   Names
	Parent  string // the M49 region around it; "": none
	Members []Membership
}

// Membership is a country's time in a region. From and To are days, YYYY-MM-DD, the
// last one included; "" is no limit.
type Membership struct{ Country, From, To string }

// span is a membership with its days as numbers.
type span struct {
	group       string
	first, last int32
}

var m49 = []Region{
	{Code: "002", Names: Names{"أفريقيا", "Africa", "Afrique"}},
	{Code: "015", Parent: "002", Names: Names{"شمال أفريقيا", "Northern Africa", "Afrique septentrionale"}},
	{Code: "202", Parent: "002", Names: Names{"أفريقيا جنوب الصحراء", "Sub-Saharan Africa", "Afrique subsaharienne"}},
	{Code: "011", Parent: "202", Names: Names{"غرب أفريقيا", "Western Africa", "Afrique occidentale"}},
	{Code: "014", Parent: "202", Names: Names{"شرق أفريقيا", "Eastern Africa", "Afrique orientale"}},
	{Code: "017", Parent: "202", Names: Names{"وسط أفريقيا", "Middle Africa", "Afrique centrale"}},
	{Code: "018", Parent: "202", Names: Names{"الجنوب الأفريقي", "Southern Africa", "Afrique australe"}},
	{Code: "019", Names: Names{"الأمريكتان", "Americas", "Amériques"}},
	{Code: "021", Parent: "019", Names: Names{"أمريكا الشمالية", "Northern America", "Amérique septentrionale"}},
	{Code: "419", Parent: "019", Names: Names{"أمريكا اللاتينية والكاريبي", "Latin America and the Caribbean", "Amérique latine et Caraïbes"}},
	{Code: "005", Parent: "419", Names: Names{"أمريكا الجنوبية", "South America", "Amérique du Sud"}},
	{Code: "013", Parent: "419", Names: Names{"أمريكا الوسطى", "Central America", "Amérique centrale"}},
	{Code: "029", Parent: "419", Names: Names{"الكاريبي", "Caribbean", "Caraïbes"}},
	{Code: "142", Names: Names{"آسيا", "Asia", "Asie"}},
	{Code: "030", Parent: "142", Names: Names{"شرق آسيا", "Eastern Asia", "Asie orientale"}},
	{Code: "034", Parent: "142", Names: Names{"جنوب آسيا", "Southern Asia", "Asie méridionale"}},
	{Code: "035", Parent: "142", Names: Names{"جنوب شرق آسيا", "South-eastern Asia", "Asie du Sud-Est"}},
	{Code: "143", Parent: "142", Names: Names{"آسيا الوسطى", "Central Asia", "Asie centrale"}},
	{Code: "145", Parent: "142", Names: Names{"غرب آسيا", "Western Asia", "Asie occidentale"}},
	{Code: "150", Names: Names{"أوروبا", "Europe", "Europe"}},
	{Code: "039", Parent: "150", Names: Names{"جنوب أوروبا", "Southern Europe", "Europe méridionale"}},
	{Code: "151", Parent: "150", Names: Names{"شرق أوروبا", "Eastern Europe", "Europe orientale"}},
	{Code: "154", Parent: "150", Names: Names{"شمال أوروبا", "Northern Europe", "Europe septentrionale"}},
	{Code: "155", Parent: "150", Names: Names{"غرب أوروبا", "Western Europe", "Europe occidentale"}},
	{Code: "009", Names: Names{"أوقيانوسيا", "Oceania", "Océanie"}},
	{Code: "053", Parent: "009", Names: Names{"أستراليا ونيوزيلندا", "Australia and New Zealand", "Australie et Nouvelle-Zélande"}},
	{Code: "054", Parent: "009", Names: Names{"ميلانيزيا", "Melanesia", "Mélanésie"}},
	{Code: "057", Parent: "009", Names: Names{"ميكرونيزيا", "Micronesia", "Micronésie"}},
	{Code: "061", Parent: "009", Names: Names{"بولينيزيا", "Polynesia", "Polynésie"}},
}

// groups are written as "CODES from..to": the members of one spell. A code may
// stand in several. Suspension is not leaving: a suspended state stays a member.
// Days are those on which the treaty entered into force for the member, or, for
// founders, the founding; the last day is the last as a member.
var groups = []struct {
	code  string
	names Names
	spell []string
}{
	{"ecowas", Names{"إيكواس", "ECOWAS", "CEDEAO"}, []string{
		"BEN CIV GMB GHA GIN GNB LBR NGA SEN SLE TGO 1975-05-28..",
		"BFA MLI NER 1975-05-28..2025-01-28", // they left on 29 January 2025
		"MRT 1975-05-28..2000-12-31",
		"CPV 1977-01-01..", // the year it joined
	}},
	{"uemoa", Names{"الاتحاد الاقتصادي والنقدي لغرب أفريقيا", "UEMOA", "UEMOA"}, []string{
		"BEN BFA CIV MLI NER SEN TGO 1994-01-10..", "GNB 1997-05-02..",
	}},
	{"g5-sahel", Names{"مجموعة دول الساحل الخمس", "G5 Sahel", "G5 Sahel"}, []string{
		"TCD MRT 2014-02-16..2023-12-06", // that day the last two announced the end
		"MLI 2014-02-16..2022-05-15",     // announced on that day
		"BFA NER 2014-02-16..2023-12-02",
	}},
	{"aes", Names{"تحالف دول الساحل", "Alliance of Sahel States", "Alliance des États du Sahel"}, []string{
		"BFA MLI NER 2023-09-16..",
	}},
	{"african-union", Names{"الاتحاد الأفريقي", "African Union", "Union africaine"}, []string{
		// With the Organisation of African Unity before 2002.
		"BEN BFA BDI CMR CAF TCD COG COD CIV EGY ETH GAB GHA GIN LBR LBY MDG MLI MRT NER NGA RWA SEN SLE SOM SDN TGO TUN UGA DZA TZA 1963-05-25..",
		"MAR 1963-05-25..1984-11-12", "MAR 2017-01-30..",
		"KEN 1963-12-13..", "MWI 1964-07-13..", "ZMB 1964-12-16..", "GMB 1965-10-01..", "BWA 1966-10-31..", "LSO 1966-10-31..",
		"MUS 1968-08-01..", "SWZ 1968-09-24..", "GNQ 1968-10-12..", "GNB 1973-11-19..", "AGO 1976-02-11..", "CPV 1975-07-18..",
		"COM 1975-07-18..", "MOZ 1975-07-18..", "STP 1975-07-18..", "SYC 1976-06-29..", "DJI 1977-06-27..", "ZWE 1980-06-01..",
		"ESH 1982-02-22..", "NAM 1990-06-01..", "ERI 1993-05-24..", "ZAF 1994-06-06..", "SSD 2011-07-27..",
	}},
	{"eccas", Names{"الجماعة الاقتصادية لدول وسط أفريقيا", "ECCAS", "CEEAC"}, []string{
		"BDI CMR CAF TCD COG COD GAB GNQ STP 1983-10-18..", "AGO 1999-01-01..",
		"RWA 1983-10-18..2007-12-31", "RWA 2016-08-17..2025-06-07",
	}},
	{"arab-league", Names{"جامعة الدول العربية", "Arab League", "Ligue arabe"}, []string{
		"EGY IRQ JOR LBN SAU SYR 1945-03-22..", "YEM 1945-05-05..", "LBY 1953-03-28..", "SDN 1956-01-19..", "MAR TUN 1958-10-01..",
		"KWT 1961-07-20..", "DZA 1962-08-16..", "YMD 1967-12-12..1990-05-21", "BHR QAT 1971-09-11..", "OMN 1971-09-29..",
		"ARE 1971-12-06..", "MRT 1973-11-26..", "SOM 1974-02-14..", "PSE 1976-09-09..", "DJI 1977-09-04..", "COM 1993-11-20..",
	}},
	{"eu", Names{"الاتحاد الأوروبي", "European Union", "Union européenne"}, []string{
		// With the European Economic Community before 1993.
		"BEL DEU FRA ITA LUX NLD 1958-01-01..", "DNK IRL 1973-01-01..", "GBR 1973-01-01..2020-01-31", "GRC 1981-01-01..",
		"ESP PRT 1986-01-01..", "AUT FIN SWE 1995-01-01..", "CYP CZE EST HUN LTU LVA MLT POL SVK SVN 2004-05-01..",
		"BGR ROU 2007-01-01..", "HRV 2013-07-01..",
	}},
	{"nato", Names{"حلف شمال الأطلسي", "NATO", "OTAN"}, []string{
		"BEL CAN DNK FRA GBR ISL ITA LUX NLD NOR PRT USA 1949-08-24..", "GRC TUR 1952-02-18..", "DEU 1955-05-06..", "ESP 1982-05-30..",
		"CZE HUN POL 1999-03-12..", "BGR EST LTU LVA ROU SVK SVN 2004-03-29..", "ALB HRV 2009-04-01..", "MNE 2017-06-05..",
		"MKD 2020-03-27..", "FIN 2023-04-04..", "SWE 2024-03-07..",
	}},
	{"cis", Names{"رابطة الدول المستقلة", "Commonwealth of Independent States", "Communauté des États indépendants"}, []string{
		// Turkmenistan, since 2005 associated, and Ukraine, which never ratified the
		// charter, count from the founding; Ukraine until it ended its part in 2018.
		"BLR RUS 1991-12-08..", "ARM KAZ KGZ MDA TJK TKM UZB 1991-12-21..", "AZE 1993-09-24..",
		"UKR 1991-12-08..2018-05-19", "GEO 1993-12-03..2009-08-17",
	}},
	{"csto", Names{"منظمة معاهدة الأمن الجماعي", "CSTO", "OTSC"}, []string{
		"ARM KAZ KGZ RUS TJK BLR 1994-04-20..", "AZE GEO UZB 1994-04-20..1999-04-02", "UZB 2006-08-16..2012-12-19",
	}},
}

func (t *tables) buildRegions() {
	t.byRegion, t.groups = map[string]int{}, map[string][]span{}
	for _, r := range m49 {
		r.Kind = "m49"
		for _, c := range t.countries {
			if slices.Contains(c.Regions, r.Code) {
				r.Members = append(r.Members, Membership{c.Alpha3, c.First, c.Last})
			}
		}
		t.regions = append(t.regions, r)
	}
	for _, g := range groups {
		r := Region{Code: g.code, Kind: "group", Names: g.names}
		for _, spell := range g.spell {
			words := strings.Fields(spell)
			from, to, _ := strings.Cut(words[len(words)-1], "..")
			for _, code := range words[:len(words)-1] {
				r.Members = append(r.Members, Membership{code, from, to})
				t.groups[code] = append(t.groups[code], span{g.code, dayNumber(from, MinDay), dayNumber(to, MaxDay)})
			}
		}
		slices.SortStableFunc(r.Members, func(a, b Membership) int { return strings.Compare(a.Country+a.From, b.Country+b.From) })
		t.regions = append(t.regions, r)
	}
	for i, r := range t.regions {
		t.byRegion[r.Code] = i
	}
}

// Regions gives every M49 region and every group. The slices in them must not be
// changed.
func Regions() []Region { return slices.Clone(atlas.regions) }

// LookupRegion finds a region by its M49 code or a group by its slug, in any case.
func LookupRegion(code string) (Region, bool) {
	i, ok := atlas.byRegion[strings.ToLower(strings.TrimSpace(code))]
	if !ok {
		return Region{}, false
	}
	return atlas.regions[i], true
}

// SuggestRegion gives the code of a region that was nearly typed, by code or name,
// or "".
func SuggestRegion(text string) string {
	key := fold.Text(text)
	byName := map[string]string{}
	var words []string
	for _, r := range atlas.regions {
		for _, name := range []string{r.Code, r.Names.AR, r.Names.EN, r.Names.FR} {
			byName[fold.Text(name)] = r.Code
			words = append(words, fold.Text(name))
		}
	}
	for _, exact := range []string{key, "0" + key, "00" + key} { // a code without its zeros
		if code, ok := byName[exact]; ok {
			return code
		}
	}
	return byName[nearest(key, words)]
}

// RegionsOf gives the M49 regions of a country, and every group that it was a
// member of on some day from earliest to latest, sorted.
func RegionsOf(alpha3 string, earliest, latest int32) []string {
	i, ok := atlas.byCode[alpha3]
	if !ok {
		return nil
	}
	found := slices.Clone(atlas.countries[i].Regions)
	for _, g := range atlas.groups[alpha3] {
		if g.first <= latest && g.last >= earliest && !slices.Contains(found, g.group) {
			found = append(found, g.group)
		}
	}
	slices.Sort(found)
	return found
}
