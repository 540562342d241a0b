package httpapi

import (
	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// labels are words in the three languages.
type labels struct {
	AR string `json:"ar"`
	EN string `json:"en"`
	FR string `json:"fr"`
}

// usage tells what events there are of a country, region, type or data set.
type usage struct {
	Events   int64      `json:"events"`
	FirstDay edtf.Bound `json:"first_day"`
	LastDay  edtf.Bound `json:"last_day"`
}

type countryInfo struct {
	Code         string   `json:"code"`
	Alpha2       *string  `json:"alpha_2"`
	Alpha3       string   `json:"alpha_3"`
	Numeric      *string  `json:"numeric"`
	Name         labels   `json:"name"`
	ValidFrom    *string  `json:"valid_from"`
	ValidTo      *string  `json:"valid_to"`
	Predecessors []string `json:"predecessors"`
	Successors   []string `json:"successors"`
	Regions      []string `json:"regions"`
	usage
}

type membership struct {
	Country string  `json:"country"`
	From    *string `json:"from"`
	To      *string `json:"to"`
}

type regionInfo struct {
	Code    string       `json:"code"`
	Kind    string       `json:"kind"`
	Name    labels       `json:"name"`
	Parent  *string      `json:"parent"`
	Members []membership `json:"members"`
	usage
}

type typeInfo struct {
	Code   string  `json:"code"`
	Parent *string `json:"parent"`
	Name   labels  `json:"name"`
	usage
}

type datasetInfo struct {
	Slug        string        `json:"slug"`
	Title       timeline.Text `json:"title"`
	Description timeline.Text `json:"description"`
	Licence     *string       `json:"licence"`
	Citation    *string       `json:"citation"`
	URL         *string       `json:"url"`
	Revision    int64         `json:"revision"`
	usage
}

func (a *api) listCountries(r *request) (*answer, error) {
	return listAll(a, r, timeline.TermCountry, func(_ *request, used map[string]timeline.Usage) ([]countryInfo, error) {
		var list []countryInfo
		for _, c := range country.All() {
			list = append(list, countryInfo{
				Code: c.Alpha3, Alpha2: nullable(c.Alpha2), Alpha3: c.Alpha3, Numeric: nullable(c.Numeric),
				Name: labelsOf(c.Names), ValidFrom: nullable(c.First), ValidTo: nullable(c.Last),
				Predecessors: present(c.Predecessors), Successors: present(c.Successors), Regions: present(c.Regions),
				usage: usage(used[c.Alpha3]),
			})
		}
		return list, nil
	})
}

func (a *api) listRegions(r *request) (*answer, error) {
	return listAll(a, r, timeline.TermRegion, func(_ *request, used map[string]timeline.Usage) ([]regionInfo, error) {
		var list []regionInfo
		for _, region := range country.Regions() {
			info := regionInfo{
				Code: region.Code, Kind: region.Kind, Name: labelsOf(region.Names), Parent: nullable(region.Parent),
				Members: []membership{}, usage: usage(used[region.Code]),
			}
			for _, m := range region.Members {
				info.Members = append(info.Members, membership{Country: m.Country, From: nullable(m.From), To: nullable(m.To)})
			}
			list = append(list, info)
		}
		return list, nil
	})
}

func (a *api) listTypes(r *request) (*answer, error) {
	return listAll(a, r, timeline.TermType, func(_ *request, used map[string]timeline.Usage) ([]typeInfo, error) {
		var list []typeInfo
		for _, t := range timeline.Types {
			list = append(list, typeInfo{
				Code: t.Code, Parent: nullable(t.Parent), Name: labels{t.Label["ar"], t.Label["en"], t.Label["fr"]}, usage: usage(used[t.Code]),
			})
		}
		return list, nil
	})
}

func (a *api) listDatasets(r *request) (*answer, error) {
	return listAll(a, r, timeline.TermDataset, func(r *request, used map[string]timeline.Usage) ([]datasetInfo, error) {
		stop := r.timed()
		known, err := a.Store.Datasets(r.ctx)
		stop()
		list := []datasetInfo{}
		for _, d := range known {
			list = append(list, datasetInfo{
				Slug: d.Slug, Title: d.Title, Description: d.Description, Licence: nullable(d.Licence),
				Citation: nullable(d.Citation), URL: nullable(d.URL), Revision: d.Revision, usage: usage(used[d.Slug]),
			})
		}
		return list, err
	})
}

type pageInfo struct {
	Limit      int     `json:"limit"`
	NextCursor *string `json:"next_cursor"`
	HasMore    bool    `json:"has_more"`
}

type countInfo struct {
	Value    int64  `json:"value"`
	Relation string `json:"relation"`
}

// listAll answers with the whole of a vocabulary in the one page shape, each word
// with its events.
func listAll[T any](a *api, r *request, term string, list func(*request, map[string]timeline.Usage) ([]T, error)) (*answer, error) {
	revision, err := a.newest(r)
	if err != nil {
		return nil, err
	}
	now := current(revision)
	given := now.answer(r.op.id, "")
	given.make = func(r *request) (made, error) {
		stop := r.timed()
		used, err := a.Store.Usage(r.ctx, term)
		stop()
		if err != nil {
			return made{}, err
		}
		data, err := list(r, used)
		if err != nil {
			return made{}, err
		}
		body, err := encode(struct {
			Data     []T       `json:"data"`
			Page     pageInfo  `json:"page"`
			Count    countInfo `json:"count"`
			Revision int64     `json:"revision"`
		}{data, pageInfo{Limit: len(data)}, countInfo{int64(len(data)), "eq"}, revision})
		return made{body: body, rows: len(data)}, err
	}
	return given, nil
}

func labelsOf(n country.Names) labels { return labels{n.AR, n.EN, n.FR} }

// present makes an empty list of nil, which would be null.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
