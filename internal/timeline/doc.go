// Package timeline is the domain: events with imprecise dates, the queries that
// can be asked of them, pages, revisions, charts and the faults that a person can
// mend. It knows neither HTTP nor SQL nor any file format but the canonical JSON
// of an event, which is what is stored and what every reader gets.
//
// It imports edtf, country, fold and the standard library, nothing else.
package timeline
