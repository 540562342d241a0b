package country_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/fold"
)

func day(t *testing.T, s string) int32 {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return int32(d.Unix() / 86400)
}

// shared opens a file of ../shared, or says loudly what is not checked without it.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "countries", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("NOT CHECKED against %s: ../shared is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func codes(found []country.Country) string {
	list := []string{}
	for _, c := range found {
		list = append(list, c.Alpha3)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ML": "MLI", "mli": "MLI", "466": "MLI", "Mali": "MLI", "MALI": "MLI", "مالي": "MLI", "مالى": "MLI", " mali ": "MLI",
		"NE": "NER", "ne": "NER", "Niger": "NER", "النيجر": "NER", "نيجر": "NER", "562": "NER", "NG": "NGA", "Nigeria": "NGA", "Nigéria": "NGA", "نيجيريا": "NGA",
		"Côte d'Ivoire": "CIV", "Côte d’Ivoire": "CIV", "cote d'ivoire": "CIV", "Ivory Coast": "CIV", "كوت ديفوار": "CIV", "ساحل العاج": "CIV",
		"DR Congo": "COD", "DRC": "COD", "Democratic Republic of the Congo": "COD", "Congo-Kinshasa": "COD", "الكونغو الديمقراطية": "COD", "Zaire": "COD", "Zaïre": "COD",
		"Republic of the Congo": "COG", "Congo-Brazzaville": "COG", "Congo": "COD COG", "الكونغو": "COD COG", "Korea": "KOR PRK",
		"Burkina Faso": "BFA", "بوركينا فاسو": "BFA", "بوركينافاسو": "BFA", "Upper Volta": "BFA", "Haute-Volta": "BFA", "Dahomey": "BEN", "Burma": "MMR", "Birmanie": "MMR",
		"Rhodesia": "ZWE", "Ceylon": "LKA", "Swaziland": "SWZ", "Macedonia": "MKD", "Cape Verde": "CPV", "Czech Republic": "CZE", "Turkey": "TUR", "Türkiye": "TUR", "East Timor": "TLS", "Persia": "IRN",
		"Soviet Union": "SUN", "USSR": "SUN", "URSS": "SUN", "الاتحاد السوفيتي": "SUN", "SUN": "SUN", "Yugoslavia": "YUG", "Yougoslavie": "YUG", "Czechoslovakia": "CSK", "East Germany": "DDR", "West Germany": "DEU",
		"South Yemen": "YMD", "North Yemen": "YEM", "Yemen": "YEM", "اليمن": "YEM", "North Vietnam": "VDR", "South Vietnam": "VNM", "Serbia and Montenegro": "SCG", "Netherlands Antilles": "ANT", "Kosovo": "XKX", "XK": "XKX", "XKX": "XKX",
		"USA": "USA", "US": "USA", "America": "USA", "États-Unis": "USA", "etats-unis": "USA", "الولايات المتحدة": "USA", "أمريكا": "USA", "أميركا": "USA", "UK": "GBR", "Britain": "GBR", "بريطانيا": "GBR", "Royaume-Uni": "GBR",
		"Russia": "RUS", "روسيا": "RUS", "Russie": "RUS", "France": "FRA", "فرنسا": "FRA", "Tchad": "TCD", "تشاد": "TCD", "Mauritanie": "MRT", "موريتانيا": "MRT", "Holland": "NLD", "UAE": "ARE", "الإمارات": "ARE",
		"Guinea": "GIN", "Guinea-Bissau": "GNB", "Equatorial Guinea": "GNQ", "Sudan": "SDN", "السودان": "SDN", "South Sudan": "SSD", "Soudan": "SDN", "Germany": "DEU", "إسرائيل": "ISR", "اسرائيل": "ISR", "سورية": "SYR", "سوريا": "SYR",
		"أوغندا": "UGA", "اوغندا": "UGA", "ليبيا": "LBY", "افغانستان": "AFG", "أفغانستان": "AFG", "the gambia": "GMB", "The Netherlands": "NLD", "Holy See": "VAT", "4": "AFG", "004": "AFG",
		"Atlantis": "", "": "", "CS": "", "ZZ": "", "999": "",
	} {
		if got := codes(country.Resolve(text)); got != want {
			t.Errorf("%q means %q; want %q", text, got, want)
		}
	}
}

// TestNamesThatPeopleType: the forms of newspapers, of data sets and of search boxes.
func TestNamesThatPeopleType(t *testing.T) {
	t.Parallel()
	for want, typed := range map[string][]string{
		"ALA":     {"Aland Islands"},
		"ANT":     {"Netherlands Antilles", "AN"},
		"ARE":     {"UAE", "United Arab Emirates", "U.A.E.", "الإمارات", "Emirates", "EAU", "الإمارات العربية المتحدة"},
		"ATG":     {"Antigua & Barbuda", "Antigua and Barbuda"},
		"AUS":     {"أستراليا", "استراليا"},
		"BEN":     {"Benin", "Bénin", "بنين", "Dahomey"},
		"BFA":     {"Burkina", "Burkina Faso", "بوركينا فاسو", "بوركينافاسو", "بوركينا"},
		"BHR":     {"البحرين", "Bahreïn", "Bahrein"},
		"BIH":     {"Bosnia", "Bosnia and Herzegovina", "Bosnia-Herzegovina", "البوسنة", "البوسنة والهرسك", "Bosnie"},
		"BLR":     {"Belarus", "Byelorussia", "بيلاروسيا", "روسيا البيضاء", "Biélorussie"},
		"BOL":     {"Bolivia", "Bolivia (Plurinational State of)", "بوليفيا"},
		"BRA":     {"البرازيل"},
		"BRN":     {"Brunei", "Brunei Darussalam", "بروناي"},
		"CAF":     {"Central African Republic", "CAR", "RCA", "République centrafricaine", "Centrafrique", "جمهورية أفريقيا الوسطى", "أفريقيا الوسطى", "إفريقيا الوسطى"},
		"CHN":     {"China", "People's Republic of China", "PRC", "الصين", "Chine"},
		"CIV":     {"Côte d’Ivoire", "Cote dIvoire", "Cote d Ivoire", "Côte-d'Ivoire", "ساحل العاج", "كوت ديفوار", "كوت دي فوار", "Ivory coast", "Côte d´Ivoire", "Cote D'Ivoire (Ivory Coast)"},
		"COD":     {"DR Congo", "D.R. Congo", "D.R.C.", "DRC", "RDC", "R.D.C.", "RD Congo", "République démocratique du Congo", "Congo, Democratic Republic of the", "Congo (Kinshasa)", "Congo, DR", "Congo-Kinshasa", "Congo Kinshasa", "Congo, Dem. Rep.", "Democratic Republic of Congo", "جمهورية الكونغو الديمقراطية", "الكونغو الديموقراطية", "Congo (DRC)", "Dem. Rep. Congo", "Zaire", "زائير", "Belgian Congo", "Congo, the Democratic Republic of the", "Congo (Democratic Republic of the)"},
		"COD COG": {"Congo", "congo", "الكونغو", "CONGO"},
		"COG":     {"Congo-Brazzaville", "Congo Brazzaville", "Republic of Congo", "Congo (Brazzaville)", "Congo, Republic of the", "Congo, Rep.", "جمهورية الكونغو", "الكونغو برازافيل", "République du Congo"},
		"COM":     {"جزر القمر", "Comores"},
		"CPV":     {"Cabo Verde", "Cape Verde", "Cap-Vert", "Cap Vert", "الرأس الأخضر", "كاب فيردي"},
		"CSK":     {"Czechoslovakia", "Tchécoslovaquie", "تشيكوسلوفاكيا"},
		"CUW":     {"Curaçao", "Curacao"},
		"CZE":     {"Czech Republic", "Czechia", "التشيك", "جمهورية التشيك", "Tchéquie", "République tchèque"},
		"DDR":     {"East Germany", "GDR", "ألمانيا الشرقية", "Allemagne de l'Est", "German Democratic Republic"},
		"DEU":     {"Germany", "West Germany", "ألمانيا", "المانيا", "Allemagne", "FRG", "Federal Republic of Germany", "ألمانيا الغربية", "RFA"},
		"DJI":     {"جيبوتي"},
		"DZA":     {"Algeria", "الجزائر", "Algérie"},
		"EGY":     {"Egypt", "مصر", "Égypte", "United Arab Republic"},
		"ESH":     {"Western Sahara", "الصحراء الغربية", "Sahara occidental", "SADR"},
		"ESP":     {"إسبانيا", "أسبانيا", "Spain"},
		"ETH":     {"Ethiopia", "إثيوبيا", "أثيوبيا", "Abyssinia", "الحبشة", "Éthiopie"},
		"FLK":     {"Falkland Islands", "Malvinas", "Falklands"},
		"FSM":     {"Micronesia", "Federated States of Micronesia", "ميكرونيسيا"},
		"GBR":     {"United Kingdom", "UK", "U.K.", "Great Britain", "Britain", "England", "المملكة المتحدة", "بريطانيا", "بريطانيا العظمى", "Grande-Bretagne", "Royaume Uni", "GB", "United Kingdom of Great Britain and Northern Ireland", "إنجلترا", "إنكلترا", "Angleterre"},
		"GEO":     {"Georgia", "جورجيا", "Géorgie"},
		"GHA":     {"Ghana", "غانا", "Gold Coast"},
		"GIN":     {"Guinea", "Guinée", "غينيا", "Guinea-Conakry", "Guinée-Conakry", "Guinea Conakry"},
		"GMB":     {"Gambia", "The Gambia", "Gambia, The", "غامبيا", "Gambie"},
		"GNB":     {"Guinea-Bissau", "Guinea Bissau", "Guinée-Bissau", "غينيا بيساو"},
		"GNQ":     {"Equatorial Guinea", "Guinée équatoriale", "غينيا الاستوائية"},
		"GRC":     {"اليونان", "Greece"},
		"HKG":     {"Hong Kong", "هونغ كونغ", "هونج كونج"},
		"IMN":     {"Isle of Man"},
		"IND":     {"الهند"},
		"IRN":     {"Iran", "Islamic Republic of Iran", "Iran, Islamic Republic of", "Iran (Islamic Republic of)", "إيران", "ايران"},
		"IRQ":     {"العراق", "Irak", "Iraq"},
		"ISR":     {"Israel", "إسرائيل", "Israël"},
		"JOR":     {"الأردن", "Jordanie", "الاردن"},
		"JPN":     {"اليابان"},
		"KGZ":     {"Kyrgyzstan", "Kirghizistan", "Kyrgyz Republic", "قيرغيزستان", "قرغيزستان"},
		"KNA":     {"Saint Kitts and Nevis", "St. Kitts and Nevis", "St Kitts and Nevis", "St Kitts & Nevis"},
		"KOR":     {"Republic of Korea", "South Korea", "كوريا الجنوبية", "Corée du Sud", "S. Korea", "Korea, South", "Korea (South)", "Korea, Republic of", "République de Corée", "ROK", "Corée (République de)", "جمهورية كوريا"},
		"KWT":     {"الكويت"},
		"LAO":     {"Laos", "Lao", "Lao PDR", "Lao People's Democratic Republic", "لاوس"},
		"LBN":     {"لبنان", "Liban"},
		"LBY":     {"Libya", "ليبيا", "Libye", "Libyan Arab Jamahiriya"},
		"LKA":     {"Sri Lanka", "Ceylon", "سريلانكا", "سري لانكا"},
		"MAR":     {"Morocco", "المغرب", "Maroc"},
		"MDA":     {"Moldova", "Republic of Moldova", "Moldova, Republic of", "مولدوفا", "مولدافيا"},
		"MKD":     {"North Macedonia", "Macedonia", "FYROM", "مقدونيا", "مقدونيا الشمالية", "Macédoine"},
		"MLI":     {"Mali", "مالي", "مالى", "جمهورية مالي", "République du Mali", "Republic of Mali"},
		"MMR":     {"Burma", "Myanmar", "Birmanie", "ميانمار", "بورما"},
		"MRT":     {"Mauritania", "موريتانيا", "Mauritanie"},
		"NER":     {"Niger", "النيجر", "نيجر", "Republic of Niger", "جمهورية النيجر", "République du Niger"},
		"NGA":     {"Nigeria", "نيجيريا", "Nigéria"},
		"NLD":     {"Netherlands", "Holland", "هولندا", "Pays-Bas", "Pays Bas", "The Netherlands"},
		"OMN":     {"عمان", "سلطنة عمان", "Oman"},
		"PAK":     {"باكستان"},
		"PNG":     {"Papua New Guinea", "بابوا غينيا الجديدة"},
		"PRK":     {"North Korea", "DPRK", "كوريا الشمالية", "Corée du Nord", "Korea, North", "Democratic People's Republic of Korea", "N. Korea"},
		"PSE":     {"Palestine", "State of Palestine", "فلسطين", "Palestinian Territories", "West Bank and Gaza", "Palestinian Territory", "Occupied Palestinian Territory", "Palestine, State of", "غزة", "Gaza"},
		"PYF":     {"French Polynesia"},
		"QAT":     {"قطر"},
		"REU":     {"Réunion", "Reunion"},
		"RUS":     {"Russia", "Russian Federation", "Fédération de Russie", "روسيا الاتحادية", "الاتحاد الروسي", "روسيا"},
		"SAU":     {"Saudi Arabia", "KSA", "السعودية", "المملكة العربية السعودية", "Arabie saoudite", "Arabie Saoudite"},
		"SCG":     {"Serbia and Montenegro", "Serbie-et-Monténégro"},
		"SDN":     {"Sudan", "السودان", "Soudan", "سودان"},
		"SEN":     {"Senegal", "السنغال", "Sénégal"},
		"SJM":     {"Svalbard"},
		"SOM":     {"الصومال", "Somalie"},
		"SRB":     {"صربيا"},
		"SSD":     {"South Sudan", "جنوب السودان", "Soudan du Sud"},
		"STP":     {"Sao Tome and Principe", "São Tomé and Príncipe", "Sao Tome", "ساو تومي وبرينسيب"},
		"SUN":     {"USSR", "Soviet Union", "الاتحاد السوفياتي", "الاتحاد السوفييتي", "Union soviétique", "U.R.S.S."},
		"SVK":     {"Slovakia", "Slovak Republic", "سلوفاكيا"},
		"SWZ":     {"Eswatini", "Swaziland", "إسواتيني", "سوازيلاند"},
		"SYR":     {"Syria", "Syrian Arab Republic", "سوريا", "سورية", "Syrie"},
		"TCD":     {"Chad", "Tchad", "تشاد"},
		"TLS":     {"East Timor", "Timor-Leste", "Timor Leste", "تيمور الشرقية", "Timor oriental"},
		"TTO":     {"Trinidad and Tobago", "Trinidad & Tobago", "Trinidad"},
		"TUN":     {"Tunisia", "تونس", "Tunisie"},
		"TUR":     {"Turkey", "Türkiye", "Turkiye", "تركيا", "Turquie"},
		"TWN":     {"Taiwan", "تايوان", "Taiwan, Province of China", "Taïwan", "Chinese Taipei", "Republic of China"},
		"TZA":     {"Tanzania", "United Republic of Tanzania", "Tanzania, United Republic of", "تنزانيا", "Tanzanie", "Tanganyika"},
		"UKR":     {"Ukraine", "أوكرانيا", "اوكرانيا"},
		"USA":     {"United States of America", "the United States", "U.S.", "U.S.A.", "USA", "US", "أمريكا", "أميركا", "امريكا", "اميركا", "الولايات المتحدة الأمريكية", "الولايات المتحدة الأميركية", "États-Unis d'Amérique", "Etats Unis", "États-Unis", "America", "United States"},
		"VAT":     {"Vatican", "Holy See", "Vatican City", "الفاتيكان", "Saint-Siège"},
		"VCT":     {"St. Vincent and the Grenadines", "Saint Vincent"},
		"VEN":     {"Venezuela", "Venezuela, Bolivarian Republic of", "فنزويلا"},
		"VNM":     {"Vietnam", "Viet Nam", "Viêt Nam", "فيتنام", "فييتنام"},
		"XKX":     {"Kosovo", "كوسوفو", "Republic of Kosovo"},
		"YEM":     {"Yemen", "اليمن", "Yémen", "Yemen Arab Republic", "North Yemen", "اليمن الشمالي"},
		"YMD":     {"South Yemen", "اليمن الجنوبي", "PDRY"},
		"YUG":     {"Yugoslavia", "يوغسلافيا", "يوغوسلافيا"},
		"ZAF":     {"South Africa", "جنوب أفريقيا", "جنوب إفريقيا", "Afrique du Sud", "RSA"},
		"ZWE":     {"Zimbabwe", "Rhodesia", "زيمبابوي"},
	} {
		for _, text := range typed {
			if got := codes(country.Resolve(text)); got != want {
				t.Errorf("%q means %q; want %q", text, got, want)
			}
		}
	}
}

func TestEveryCountryIsFoundByItsCodesAndNames(t *testing.T) {
	t.Parallel()
	all := country.All()
	if len(all) != 249+9 {
		t.Errorf("%d countries", len(all))
	}
	for _, c := range all {
		if c.Names.AR == "" || c.Names.EN == "" || c.Names.FR == "" || len(c.Regions) == 0 && c.Alpha3 != "ATA" && c.Alpha3 != "ALA" {
			t.Errorf("%s is not whole: %+v", c.Alpha3, c)
		}
		for _, text := range []string{c.Alpha3, strings.ToLower(c.Alpha3), c.Alpha2, c.Numeric, c.Names.EN, c.Names.FR, c.Names.AR} {
			if text == "" {
				continue
			}
			if got := codes(country.Resolve(text)); got != c.Alpha3 && !strings.Contains(fold.Text(text), "martin") && text != "سانت مارتن" {
				t.Errorf("%q of %s means %q", text, c.Alpha3, got)
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"Malli": "Mali", "Nigeer": "Niger", "Burkina Fasso": "Burkina Faso", "Atlantis": "", "xyzzyx": ""} {
		if got := country.Suggest(typed); got != want {
			t.Errorf("%q suggests %q; want %q", typed, got, want)
		}
	}
	if got := country.SuggestRegion("ECOWA"); got != "ecowas" {
		t.Errorf("ECOWA suggests %q", got)
	}
	if got := country.SuggestRegion("11"); got != "011" {
		t.Errorf("11 suggests %q", got)
	}
	if got := country.Suggest("Congoo"); got != "Congo" {
		t.Errorf("Congoo suggests %q", got)
	}
}

func TestPredecessors(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"RUS": "RUS SUN", "SRB": "SCG SRB YUG", "MLI": "MLI", "DEU": "DDR DEU", "CZE": "CSK CZE"} {
		if got := strings.Join(country.WithPredecessors(code), " "); got != want {
			t.Errorf("%s: %s; want %s", code, got, want)
		}
	}
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code, from, to, group string
		member                bool
	}{
		{"MLI", "2021-01-01", "2021-12-31", "g5-sahel", true},
		{"MLI", "2023-01-01", "2023-12-31", "g5-sahel", false},
		{"MLI", "2022-01-01", "2022-12-31", "g5-sahel", true},
		{"MLI", "2025-01-28", "2025-01-28", "ecowas", true},
		{"MLI", "2025-01-29", "2025-01-29", "ecowas", false},
		{"NER", "2024-06-01", "2024-06-01", "ecowas", true},
		{"BFA", "2025-03-01", "2025-03-01", "ecowas", false},
		{"MLI", "2023-09-16", "2023-09-16", "aes", true},
		{"MLI", "2023-09-15", "2023-09-15", "aes", false},
		{"GBR", "2020-01-31", "2020-01-31", "eu", true},
		{"GBR", "2020-02-01", "2020-02-01", "eu", false},
		{"SWE", "2024-03-06", "2024-03-06", "nato", false},
		{"MAR", "2000-01-01", "2000-12-31", "african-union", false},
		{"MLI", "1900-01-01", "1900-01-01", "011", true},
		{"RUS", "1991-12-08", "1991-12-08", "cis", true},
		{"KAZ", "1991-12-08", "1991-12-08", "cis", false},
		{"GEO", "2009-08-18", "2009-08-18", "cis", false},
		{"UZB", "2003-01-01", "2003-12-31", "csto", false},
		{"AGO", "1975-11-11", "1975-11-11", "african-union", false},
		{"NER", "2023-08-22", "2023-08-22", "african-union", true}, // suspended, still a member
		{"EGY", "1985-01-01", "1985-01-01", "arab-league", true},
		{"YMD", "1990-05-22", "1990-05-22", "arab-league", false},
		{"RWA", "2010-01-01", "2010-01-01", "eccas", false},
		{"FIN", "2023-04-03", "2023-04-03", "nato", false},
		{"HRV", "2013-07-01", "2013-07-01", "eu", true},
		{"SUN", "1950-01-01", "1950-01-01", "151", true},
	} {
		got := slices.Contains(country.RegionsOf(c.code, day(t, c.from), day(t, c.to)), c.group)
		if got != c.member {
			t.Errorf("%s in %s from %s to %s: %v", c.code, c.group, c.from, c.to, got)
		}
	}
	for _, r := range country.Regions() {
		if len(r.Members) == 0 || r.Names.AR == "" || r.Names.FR == "" {
			t.Errorf("%s is not whole", r.Code)
		}
		for _, m := range r.Members {
			if _, ok := country.Lookup(m.Country); !ok {
				t.Errorf("%s has the member %s, which is no country", r.Code, m.Country)
			}
		}
	}
	if !slices.Contains(country.RegionsOf("MLI", country.MinDay, country.MaxDay), "aes") {
		t.Error("an event without bounds is in no group")
	}
}

func TestAgainstISO3166(t *testing.T) {
	t.Parallel()
	var iso struct {
		List []struct {
			Alpha2  string `json:"alpha_2"`
			Alpha3  string `json:"alpha_3"`
			Numeric string `json:"numeric"`
		} `json:"3166-1"`
	}
	if err := json.NewDecoder(shared(t, "iso_3166-1.json")).Decode(&iso); err != nil {
		t.Fatal(err)
	}
	for _, want := range iso.List {
		c, ok := country.Lookup(want.Alpha3)
		if !ok || c.Alpha2 != want.Alpha2 || c.Numeric != want.Numeric || c.Ended() {
			t.Errorf("%+v is %+v", want, c)
		}
	}
}

// TestAgainstTheCrosswalk holds every number and spell of COW and GW.
func TestAgainstTheCrosswalk(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(shared(t, "crosswalk_cow_gw_iso.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	without := 0
	for _, r := range rows[1:] {
		number, err := strconv.Atoi(r[1])
		if err != nil {
			t.Fatal(err)
		}
		find := country.FromCOW
		if r[0] == "GW" {
			find = country.FromGW
		}
		for _, at := range []string{r[4], r[5]} {
			want := r[7]
			for _, period := range strings.FieldsFunc(r[9], func(c rune) bool { return c == ';' || c == ',' }) {
				words := strings.Fields(period)
				if len(words) < 2 {
					continue
				}
				from, to, _ := strings.Cut(words[1], "..")
				if c, ok := country.Lookup(words[0]); ok && c.Ended() && from <= at && at <= to {
					want = words[0]
				}
			}
			got, ok := find(number, day(t, at))
			if got != want && (want != "" || ok) {
				t.Errorf("%s %d on %s is %q; want %q", r[0], number, at, got, want)
			}
			if want == "" {
				without++
			}
		}
	}
	if without > 2*40 {
		t.Errorf("%d ends of spells have no code", without)
	}
	if _, ok := country.FromCOW(9999, 0); ok {
		t.Error("COW 9999 is a country")
	}
}

func TestAgainstM49(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(shared(t, "m49_regions.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		c, ok := country.Lookup(r[0])
		if !ok {
			continue // polities without a code of today
		}
		for _, code := range []string{r[3], r[5], r[7]} {
			if code == "" {
				continue
			}
			for len(code) < 3 {
				code = "0" + code
			}
			if !slices.Contains(c.Regions, code) {
				t.Errorf("%s is not in %s", c.Alpha3, code)
			}
		}
	}
}
