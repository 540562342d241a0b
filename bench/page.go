package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// readNotes reads what people wrote beside the figures: a file with a heading `## PART`
// for each part that they have something to say about. Those under `## first` and
// `## last` stand before and after all parts.
func readNotes(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	notes := map[string]string{}
	for _, chapter := range strings.Split("\n"+string(text), "\n## ")[1:] {
		name, words, _ := strings.Cut(chapter, "\n")
		notes[strings.TrimSpace(name)] = strings.TrimSpace(words)
	}
	return notes, nil
}

// page writes all results as Markdown.
func (r *results) page(notes map[string]string) string {
	var b strings.Builder
	b.WriteString("# What was measured\n\nWritten by `go run ./bench`; what stands in words is from `bench/notes.md`, the figures are also in `bench/results.json`.\n")
	say := func(name string) {
		if notes[name] != "" {
			fmt.Fprintf(&b, "\n%s\n", notes[name])
		}
	}
	say("first")
	runs := r.sorted()
	writeMachines(&b, runs)
	writeGoals(&b, runs)
	for _, p := range parts {
		if !slices.ContainsFunc(runs, func(r *run) bool { return r.Parts[p.name] != nil }) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", p.title, p.about)
		say(p.name)
		for _, run := range runs {
			if found := run.Parts[p.name]; found != nil {
				writePart(&b, run.Events, found)
			}
		}
	}
	say("last")
	return b.String()
}

// sorted gives the runs, the smaller first.
func (r *results) sorted() []*run {
	var runs []*run
	for _, run := range r.Runs {
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b *run) int { return a.Events - b.Events })
	return runs
}

// writeMachines tells once of each command and machine.
func writeMachines(b *strings.Builder, runs []*run) {
	var lines []string
	for _, run := range runs {
		for _, p := range parts {
			found := run.Parts[p.name]
			if found == nil {
				continue
			}
			line := fmt.Sprintf("- %s events, %s, `%s`, commit %s: %s.\n", count(run.Events), day(found.Date), found.Command, found.Machine.Commit, found.Machine)
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s", strings.Join(lines, ""))
	}
}

// day gives the day of a date with a time.
func day(date string) string {
	day, _, _ := strings.Cut(date, " ")
	return day
}

// writeGoals writes the table of goals: a line for each, a column for each run.
func writeGoals(b *strings.Builder, runs []*run) {
	type line struct{ axis, goal string }
	var lines []line
	for _, p := range parts {
		for _, run := range runs {
			if found := run.Parts[p.name]; found != nil {
				for _, g := range found.Goals {
					if l := (line{g.Axis, g.Goal}); !slices.Contains(lines, l) {
						lines = append(lines, l)
					}
				}
			}
		}
	}
	b.WriteString("\n## Goals\n\nRatios of medians within one run, in which what is compared takes turns.\n\n| axis | goal |")
	rule := "|---|---|"
	for _, run := range runs {
		fmt.Fprintf(b, " %s events | |", count(run.Events))
		rule += "--:|---|"
	}
	b.WriteString("\n" + rule + "\n")
	for _, l := range lines {
		fmt.Fprintf(b, "| %s | %s |", l.axis, l.goal)
		for i := range runs {
			value, verdict := cells(runs, i, l.axis, l.goal)
			fmt.Fprintf(b, " %s | %s |", value, verdict)
		}
		b.WriteString("\n")
	}
	for _, run := range runs {
		for _, p := range parts {
			if found := run.Parts[p.name]; found != nil && found.Failed != "" {
				fmt.Fprintf(b, "\nOf %s events the part `%s` failed: %s\n", count(run.Events), p.name, found.Failed)
			}
		}
	}
}

// cells gives what a run says of a goal.
func cells(runs []*run, i int, axis, words string) (value, verdict string) {
	find := func(r *run) *goal {
		for _, p := range r.Parts {
			for k := range p.Goals {
				if p.Goals[k].Axis == axis && p.Goals[k].Goal == words {
					return &p.Goals[k]
				}
			}
		}
		return nil
	}
	g := find(runs[i])
	if g == nil {
		return "–", "not measured"
	}
	checked := *g
	value = figure(g.Value) + g.Unit
	if g.Upto > 0 && runs[i].Events > g.Upto {
		return value, "–"
	}
	if g.Same {
		at := slices.IndexFunc(runs, func(r *run) bool { return r.Events*10 == runs[i].Events })
		if at < 0 {
			return value, "–"
		}
		fewer := find(runs[at])
		if fewer == nil || fewer.Value == 0 {
			return value, "–"
		}
		checked.Value = g.Value / fewer.Value
		value += fmt.Sprintf(", %s times", figure(checked.Value))
	}
	if checked.met() {
		return value, "met"
	}
	return value, "**not met**"
}

func writePart(b *strings.Builder, events int, p *part) {
	fmt.Fprintf(b, "\n### %s events, %s\n", count(events), p.Date)
	if p.Failed != "" {
		fmt.Fprintf(b, "\n**Failed**: %s\n", p.Failed)
	}
	for _, t := range p.Tables {
		if t.Title != "" {
			fmt.Fprintf(b, "\n%s\n", t.Title)
		}
		fmt.Fprintf(b, "\n| %s |\n|---|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("--:|", len(t.Columns)-1))
		for _, row := range t.Rows {
			fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
}

// figure writes a number with about three digits that say something.
func figure(v float64) string {
	switch {
	case v >= 1000:
		return count(int(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// count writes a whole number with commas.
func count(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
