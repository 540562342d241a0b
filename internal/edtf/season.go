package edtf

// season is a sub-year grouping: so many months from its first one, which may
// run into the next year.
type season struct{ first, months int }

// seasons are the groupings 21 to 41.
var seasons = [...]season{
	{3, 3}, {6, 3}, {9, 3}, {12, 3}, // 21-24 spring, summer, autumn, winter (northern meteorological)
	{3, 3}, {6, 3}, {9, 3}, {12, 3}, // 25-28 northern
	{9, 3}, {12, 3}, {3, 3}, {6, 3}, // 29-32 southern
	{1, 3}, {4, 3}, {7, 3}, {10, 3}, // 33-36 quarters
	{1, 4}, {5, 4}, {9, 4}, // 37-39 quadrimesters
	{1, 6}, {7, 6}, // 40-41 semesters
}

func (s season) days(year int) (lo, hi Day) {
	last := s.first + s.months - 1
	lastYear := year
	if last > 12 {
		last -= 12
		lastYear++
	}
	return DayOf(year, s.first, 1), DayOf(lastYear, last, daysIn(lastYear, last))
}
