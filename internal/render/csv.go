package render

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// csvColumns are the columns, in an order that stays: new ones come last. They are
// described in openapi.yaml, which a test holds against this list.
var csvColumns = []string{
	"id", "dataset", "type", "status",
	"date_edtf", "date_label_ar", "date_label_en", "date_label_fr", "date_precision",
	"date_earliest", "date_start_latest", "date_end_earliest", "date_latest", "date_approximate", "date_uncertain",
	"title_ar", "title_en", "title_fr", "title_other", "summary_ar", "summary_en", "summary_fr", "summary_other",
	"countries", "country_roles", "actor_names", "location_name", "latitude", "longitude", "location_precision",
	"deaths", "deaths_low", "deaths_high", "measures", "tags", "source_count", "source_urls",
	"actors", "sources", "links", "attributes", "revision", "created_at", "updated_at",
}

// byteOrderMark begins the file: Excel, opening it by a double click, takes it for
// UTF-8 by that alone, and else for the system's code page, in which Arabic is
// lost. LibreOffice asks for the character set and takes the mark away; programs
// can be told to pass it over (utf-8-sig).
const byteOrderMark = "\uFEFF"

// csvWriter is RFC 4180: one row an event, CRLF, quotes where they are needed.
type csvWriter struct {
	out *csv.Writer
	w   io.Writer
	row []string
	err error // of the heading
}

func newCSV(w io.Writer, _ About) Writer {
	c := &csvWriter{out: csv.NewWriter(w), w: w, row: make([]string, 0, len(csvColumns))}
	c.out.UseCRLF = true
	if _, c.err = io.WriteString(w, byteOrderMark); c.err == nil {
		c.err = c.out.Write(csvColumns)
	}
	return c
}

func (c *csvWriter) Event(doc []byte) error {
	if c.err != nil {
		return c.err
	}
	e, err := decode(doc)
	if err != nil {
		return err
	}
	c.row = appendRow(c.row[:0], &e)
	return c.out.Write(c.row)
}

func (c *csvWriter) Close() error {
	if c.err != nil {
		return c.err
	}
	c.out.Flush()
	return c.out.Error()
}

// appendRow gives the cells of an event. What a writer may have worded goes through
// harmless; numbers, days, expressions of dates and closed words stay as they are.
func appendRow(row []string, e *timeline.Event) []string {
	d := e.Date
	row = append(row, e.ID, e.Dataset, e.Type, e.Status,
		d.Expr, d.Label("ar"), d.Label("en"), d.Label("fr"), string(d.Precision),
		d.StartEarliest.String(), d.StartLatest.String(), d.EndEarliest.String(), d.EndLatest.String(),
		strconv.FormatBool(d.Approximate), strconv.FormatBool(d.Uncertain))
	row = appendTexts(row, e.Title)
	row = appendTexts(row, e.Summary)

	var codes, roles, names, urls []string
	for _, c := range e.Countries {
		if !slices.Contains(codes, c.Code) {
			codes = append(codes, c.Code)
		}
		roles = append(roles, c.Code+":"+c.Role)
	}
	for _, a := range e.Actors {
		name, _ := pick(a.Name)
		names = append(names, name)
	}
	for _, s := range e.Sources {
		if s.URL != "" {
			urls = append(urls, s.URL)
		}
	}
	place, latitude, longitude, precision := "", "", "", ""
	if l := e.Location; l != nil {
		place, _ = pick(l.Name)
		latitude, longitude, precision = number(l.Latitude), number(l.Longitude), l.Precision
	}
	row = append(row, strings.Join(codes, "; "), strings.Join(roles, "; "), harmless(strings.Join(names, "; ")),
		harmless(place), latitude, longitude, precision,
		measure(e, "deaths"), measure(e, "deaths_low"), measure(e, "deaths_high"))

	// The whole of what has no column of its own, as it stands in the event's JSON:
	// it begins with a bracket, which no spreadsheet reads as a formula.
	parts := timeline.PartsOf(e)
	return append(row, parts.Measures, harmless(strings.Join(e.Tags, "; ")), strconv.Itoa(len(e.Sources)), harmless(strings.Join(urls, "; ")),
		parts.Actors, parts.Sources, parts.Links, parts.Attributes,
		strconv.FormatInt(e.Revision, 10), e.CreatedAt.UTC().Format(timeline.TimeLayout), e.UpdatedAt.UTC().Format(timeline.TimeLayout))
}

// appendTexts gives the cells of a text: the three languages, and the others as JSON.
func appendTexts(row []string, t timeline.Text) []string {
	for _, language := range timeline.Languages {
		row = append(row, harmless(t[language]))
	}
	rest := maps.Clone(t)
	maps.DeleteFunc(rest, func(language, _ string) bool { return slices.Contains(timeline.Languages, language) })
	if len(rest) == 0 {
		return append(row, "")
	}
	return append(row, string(timeline.AppendText(nil, rest)))
}

func measure(e *timeline.Event, name string) string {
	v, ok := e.Measures[name]
	if !ok {
		return ""
	}
	return number(v)
}

func number(f float64) string { return string(timeline.AppendNumber(nil, f)) }

// harmless keeps a spreadsheet from running a text: one that begins as a formula
// does gets an apostrophe in front, which spreadsheets take for "this is text".
// Beside = + - @ these are the blanks that a spreadsheet skips to find one of them,
// and the wide forms that Japanese editions take for them.
func harmless(text string) string {
	switch first, _ := utf8.DecodeRuneInString(text); first {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return "'" + text
	}
	return text
}
