// Package edtf reads imprecise dates: an EDTF expression (Extended Date/Time
// Format, ISO 8601-2:2019 Annex A) becomes four days, a precision, two flags, a
// label in Arabic, English and French, and an answer to whether it matches a
// window of days.
//
// It accepts levels 0 and 1, except years written with Y, and of level 2 the
// sets, X for any digits from the right of a part, qualifiers on components and
// the sub-year groupings 21 to 41, also in intervals and sets. What it refuses it
// refuses with a reason that says what to write instead.
//
// It imports the standard library alone, and knows nothing of events, databases,
// HTTP or the clock.
package edtf
