package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// calendar is an RFC 5545 calendar of all-day events. It holds the events that are
// known to the day alone: a calendar has no other way to show a date than as a
// day, and would give one to an event that has none.
type calendar struct {
	w     io.Writer
	begun bool
	held  bool // an event
}

func newICS(w io.Writer, _ About) Writer { return &calendar{w: w} }

// folded is how the lines of a calendar are written: CRLF, at most 75 octets.
var folded = &ics.SerializationConfiguration{MaxLength: 75, PropertyMaxLength: 75, NewLine: "\r\n"}

const (
	calendarHead = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tarikh//Tarikh 1//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n" +
		"X-WR-CALNAME:Tarikh\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"
	// A calendar must have a component; one without events has this.
	calendarZone = "BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	calendarFoot = "END:VCALENDAR\r\n"
)

func (c *calendar) Event(doc []byte) error {
	if err := c.begin(); err != nil {
		return err
	}
	e, err := decode(doc)
	if err != nil {
		return err
	}
	day, known := calendarDay(e.Date)
	if !known {
		return nil
	}
	c.held = true
	return calendarEvent(&e, day).SerializeTo(c.w, folded)
}

func (c *calendar) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	_, err := io.WriteString(c.w, calendarHead)
	return err
}

func (c *calendar) Close() error {
	if err := c.begin(); err != nil {
		return err
	}
	foot := calendarFoot
	if !c.held {
		foot = calendarZone + foot
	}
	_, err := io.WriteString(c.w, foot)
	return err
}

// calendarDay gives the day of an event that is known to the day and that a
// calendar can write: its years have four digits and begin with 1.
func calendarDay(d edtf.Date) (edtf.Day, bool) {
	day := d.StartEarliest
	if d.Precision != edtf.PrecisionDay || !day.Known || d.EndLatest != day {
		return 0, false
	}
	year, _, _ := day.Day.Civil()
	return day.Day, year >= 1
}

func calendarEvent(e *timeline.Event, day edtf.Day) *ics.VEvent {
	title, label, language := titled(e)
	v := ics.NewEvent(e.ID + "@tarikh")
	set := func(name ics.ComponentProperty, value string, parameters ...ics.PropertyParameter) {
		v.AddProperty(name, value, parameters...)
	}
	set(ics.ComponentPropertyDtstamp, utc(e.UpdatedAt))
	set(ics.ComponentPropertyCreated, utc(e.CreatedAt))
	set(ics.ComponentPropertyLastModified, utc(e.UpdatedAt))
	set(ics.ComponentPropertySequence, strconv.FormatInt(e.Revision, 10))
	set(ics.ComponentPropertyDtStart, basicDay(day), ics.WithValue("DATE"))
	if day < edtf.MaxDay { // the day after the last one has five digits of year; without an end an event lasts its day
		set(ics.ComponentPropertyDtEnd, basicDay(day+1), ics.WithValue("DATE"))
	}
	set(ics.ComponentPropertySummary, lines(title), tagged(language))
	set(ics.ComponentPropertyDescription, lines(calendarText(e, label)), tagged(language))
	if l := e.Location; l != nil {
		place, language := pick(l.Name)
		set(ics.ComponentPropertyLocation, lines(place), tagged(language))
		set(ics.ComponentPropertyGeo, number(l.Latitude)+";"+number(l.Longitude))
	}
	for _, s := range e.Sources {
		if s.URL != "" && !strings.ContainsAny(s.URL, "\r\n") {
			set(ics.ComponentPropertyUrl, s.URL) // once at most: the first source that has one
			break
		}
	}
	if t, ok := timeline.TypeByCode(e.Type); ok {
		set(ics.ComponentPropertyCategories, t.Label["en"])
	}
	for _, tag := range e.Tags {
		set(ics.ComponentPropertyCategories, lines(tag))
	}
	status := "CONFIRMED"
	if e.Status == "planned" || e.Status == "alleged" || e.Date.Uncertain || e.Date.Approximate {
		status = "TENTATIVE"
	}
	set(ics.ComponentPropertyStatus, status)
	set(ics.ComponentPropertyTransp, "TRANSPARENT") // it makes nobody busy
	return v
}

// calendarText is the description: the date in words (it may be uncertain, or have
// a time), the summary, the other languages and the sources.
func calendarText(e *timeline.Event, label string) string {
	text := []string{label}
	if summary, _ := pick(e.Summary); summary != "" {
		text = append(text, summary)
	}
	text = append(text, others(e.Title)...)
	text = append(text, others(e.Summary)...)
	for _, s := range e.Sources {
		if line := citation(s); line != "" {
			text = append(text, line)
		}
	}
	return strings.Join(text, "\n")
}

// citation names a source in one line.
func citation(s timeline.Source) string {
	var parts []string
	for _, p := range []string{s.Title, s.Publisher, s.URL} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func tagged(language string) ics.PropertyParameter {
	return &ics.KeyValues{Key: "LANGUAGE", Value: []string{language}}
}

// lines makes every line break the one that the library escapes.
func lines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func basicDay(d edtf.Day) string {
	year, month, day := d.Civil()
	return fmt.Sprintf("%04d%02d%02d", year, month, day)
}
