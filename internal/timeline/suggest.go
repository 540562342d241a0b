package timeline

// Nearest gives the word of the list that is closest to what was typed, or ""
// when none is close enough to have been meant: a third of its letters may differ.
func Nearest(typed string, words []string) string {
	best, bestDistance := "", 1+max(1, len([]rune(typed))/3)
	for _, w := range words {
		if d := editDistance([]rune(typed), []rune(w), bestDistance); d < bestDistance {
			best, bestDistance = w, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance (insert, delete, replace,
// swap of neighbours), or at least limit when it reaches limit.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
