package render

import (
	"io"
	"strconv"
	"sync"
	"time"

	kzstd "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// parquetFile is an Apache Parquet file. Rows are held until a row group is full:
// that is the memory that it takes, however many events there are.
type parquetFile struct {
	out   *parquet.GenericWriter[parquetRow]
	row   [1]parquetRow
	group int // bytes of the documents in the row group
}

// rowGroupBytes is how much of the stored documents goes into a row group. Readers
// like large ones, but the writer's buffers take several times as much, in each of
// the exports that run at once.
const rowGroupBytes = 4 << 20

// parquetRow is an event. What is one value has a column of the same name as in the
// CSV; translations are maps and lists are lists, as in the event's JSON.
type parquetRow struct {
	ID            string             `parquet:"id"`
	Dataset       string             `parquet:"dataset,dict"`
	Type          string             `parquet:"type,dict"`
	Status        string             `parquet:"status,dict"`
	EDTF          string             `parquet:"date_edtf"`
	LabelAR       string             `parquet:"date_label_ar"`
	LabelEN       string             `parquet:"date_label_en"`
	LabelFR       string             `parquet:"date_label_fr"`
	Precision     string             `parquet:"date_precision,dict"`
	Earliest      *int32             `parquet:"date_earliest,optional,date"`
	StartLatest   *int32             `parquet:"date_start_latest,optional,date"`
	EndEarliest   *int32             `parquet:"date_end_earliest,optional,date"`
	Latest        *int32             `parquet:"date_latest,optional,date"`
	Approximate   bool               `parquet:"date_approximate"`
	Uncertain     bool               `parquet:"date_uncertain"`
	Title         map[string]string  `parquet:"title"`
	Summary       map[string]string  `parquet:"summary,optional"`
	Countries     []parquetCountry   `parquet:"countries,list"`
	Actors        []parquetActor     `parquet:"actors,list"`
	LocationName  map[string]string  `parquet:"location_name,optional"`
	Latitude      *float64           `parquet:"latitude,optional"`
	Longitude     *float64           `parquet:"longitude,optional"`
	LocationScale *string            `parquet:"location_precision,optional,dict"`
	Measures      map[string]float64 `parquet:"measures"`
	Tags          []string           `parquet:"tags,list"`
	Sources       []parquetSource    `parquet:"sources,list"`
	Links         []parquetLink      `parquet:"links,list"`
	Attributes    map[string]string  `parquet:"attributes"`
	Revision      int64              `parquet:"revision"`
	CreatedAt     time.Time          `parquet:"created_at,timestamp(microsecond)"`
	UpdatedAt     time.Time          `parquet:"updated_at,timestamp(microsecond)"`
}

type parquetCountry struct {
	Code string `parquet:"code,dict"`
	Role string `parquet:"role,dict"`
}

type parquetActor struct {
	Name    map[string]string `parquet:"name"`
	Kind    string            `parquet:"kind,dict"`
	Role    string            `parquet:"role,dict"`
	Country *string           `parquet:"country,optional,dict"`
}

type parquetSource struct {
	Title     *string  `parquet:"title,optional"`
	Publisher *string  `parquet:"publisher,optional"`
	URL       *string  `parquet:"url,optional"`
	Language  string   `parquet:"language,dict"`
	Published *string  `parquet:"published,optional"`
	Quote     *string  `parquet:"quote,optional"`
	Supports  []string `parquet:"supports,list"`
}

type parquetLink struct {
	Relation string `parquet:"relation,dict"`
	Event    string `parquet:"event"`
}

// smallWindows is Zstandard with windows of the size of a page: the library's own
// codec makes encoders with windows of 4 MB again and again.
type smallWindows struct{ *zstd.Codec }

var pageEncoder = sync.OnceValues(func() (*kzstd.Encoder, error) {
	return kzstd.NewWriter(nil, kzstd.WithEncoderLevel(kzstd.SpeedFastest), kzstd.WithWindowSize(256<<10))
})

// Encode compresses a page.
func (smallWindows) Encode(dst, src []byte) ([]byte, error) {
	encoder, err := pageEncoder()
	if err != nil {
		return nil, err
	}
	return encoder.EncodeAll(src, dst[:0]), nil
}

func newParquet(w io.Writer, about About) Writer {
	return &parquetFile{out: parquet.NewGenericWriter[parquetRow](w,
		parquet.Compression(smallWindows{&zstd.Codec{}}),
		parquet.CreatedBy("tarikh", "1", ""),
		parquet.KeyValueMetadata("tarikh.revision", strconv.FormatInt(about.Revision, 10)),
	)}
}

func (p *parquetFile) Event(doc []byte) error {
	e, err := decode(doc)
	if err != nil {
		return err
	}
	p.row[0] = rowOf(&e)
	if _, err := p.out.Write(p.row[:]); err != nil {
		return err
	}
	if p.group += len(doc); p.group < rowGroupBytes {
		return nil
	}
	p.group = 0
	return p.out.Flush()
}

func (p *parquetFile) Close() error { return p.out.Close() }

func rowOf(e *timeline.Event) parquetRow {
	d := e.Date
	row := parquetRow{
		ID: e.ID, Dataset: e.Dataset, Type: e.Type, Status: e.Status,
		EDTF: d.Expr, LabelAR: d.Label("ar"), LabelEN: d.Label("en"), LabelFR: d.Label("fr"), Precision: string(d.Precision),
		Earliest: dayNumber(d.StartEarliest), StartLatest: dayNumber(d.StartLatest),
		EndEarliest: dayNumber(d.EndEarliest), Latest: dayNumber(d.EndLatest),
		Approximate: d.Approximate, Uncertain: d.Uncertain,
		Title: e.Title, Summary: e.Summary, Measures: e.Measures, Tags: e.Tags, Attributes: e.Attributes,
		Revision: e.Revision, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	for _, c := range e.Countries {
		row.Countries = append(row.Countries, parquetCountry(c))
	}
	for _, a := range e.Actors {
		row.Actors = append(row.Actors, parquetActor{a.Name, a.Kind, a.Role, nullable(a.Country)})
	}
	if l := e.Location; l != nil {
		row.LocationName, row.Latitude, row.Longitude, row.LocationScale = l.Name, &l.Latitude, &l.Longitude, &l.Precision
	}
	for _, s := range e.Sources {
		row.Sources = append(row.Sources, parquetSource{
			nullable(s.Title), nullable(s.Publisher), nullable(s.URL), s.Language, nullable(s.Published), nullable(s.Quote), s.Supports,
		})
	}
	for _, l := range e.Links {
		row.Links = append(row.Links, parquetLink(l))
	}
	return row
}

// dayNumber gives days since 1970-01-01 in the proleptic Gregorian calendar, which
// is what Parquet's DATE is; it holds years before 1 too.
func dayNumber(b edtf.Bound) *int32 {
	if !b.Known {
		return nil
	}
	day := int32(b.Day)
	return &day
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
