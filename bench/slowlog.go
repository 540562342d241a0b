package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// logPrefix is how the lines of Postgres' log begin: when, which process, and for whom.
const logPrefix = "%m [%p] %a "

// record is one message of Postgres' log.
type record struct {
	user  string // the application
	level string
	text  string
}

var recordStart = regexp.MustCompile(`^\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] (\S*) (LOG|DETAIL|ERROR|STATEMENT|HINT|FATAL|WARNING|CONTEXT|NOTICE):  (.*)$`)

// parseLog splits a log into its messages.
func parseLog(text string) []record {
	var all []record
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := recordStart.FindStringSubmatch(line); m != nil {
			all = append(all, record{m[1], m[2], m[3]})
		} else if continued, ok := strings.CutPrefix(line, "\t"); ok && len(all) > 0 {
			all[len(all)-1].text += "\n" + continued
		}
	}
	return all
}

// slowLog follows Postgres' log, which its guard cuts when it is long.
type slowLog struct {
	file  string
	quit  chan struct{}
	ended chan struct{}

	mu     sync.Mutex
	offset int64
	text   strings.Builder
}

// maxLog bounds what is kept of the log.
const maxLog = 64 << 20

func followLog(file string) *slowLog {
	l := &slowLog{file: file, quit: make(chan struct{}), ended: make(chan struct{})}
	if info, err := os.Stat(file); err == nil {
		l.offset = info.Size() // what stands there is of another run
	}
	go func() {
		defer close(l.ended)
		for {
			select {
			case <-l.quit:
				return
			case <-time.After(500 * time.Millisecond):
				l.read()
			}
		}
	}()
	return l
}

func (l *slowLog) stop() {
	close(l.quit)
	<-l.ended
}

// read takes what is new.
func (l *slowLog) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Open(l.file)
	if err != nil {
		return
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() < l.offset {
		l.offset = 0
	}
	if l.text.Len() > maxLog {
		return
	}
	n, _ := io.Copy(&l.text, io.NewSectionReader(file, l.offset, maxLog))
	l.offset += n
}

// mark is a place in the log.
func (l *slowLog) mark() int {
	l.read()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

// since gives the messages since a place.
func (l *slowLog) since(mark int) []record {
	l.read()
	l.mu.Lock()
	defer l.mu.Unlock()
	return parseLog(l.text.String()[mark:])
}

// slowStatement is one that auto_explain told of.
type slowStatement struct {
	user, statement string
	times           int
	longest         float64 // milliseconds
}

var (
	explained  = regexp.MustCompile(`^duration: ([\d.]+) ms  plan:\nQuery Text: (?s:(.*))$`)
	planBegins = regexp.MustCompile(`\n[^\n]*\(cost=`)
)

// slowStatements gathers what auto_explain told, the longest first.
func slowStatements(records []record) []slowStatement {
	found := map[[2]string]*slowStatement{}
	for _, r := range records {
		m := explained.FindStringSubmatch(r.text)
		if m == nil {
			continue
		}
		statement := m[2]
		if at := planBegins.FindStringIndex(statement); at != nil {
			statement = statement[:at[0]]
		}
		statement = strings.Join(strings.Fields(statement), " ")
		key := [2]string{r.user, statement}
		if found[key] == nil {
			found[key] = &slowStatement{user: r.user, statement: statement}
		}
		took, _ := strconv.ParseFloat(m[1], 64)
		found[key].times++
		found[key].longest = max(found[key].longest, took)
	}
	all := make([]slowStatement, 0, len(found))
	for _, s := range found {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b slowStatement) int {
		if a.longest != b.longest {
			return int(b.longest*1000) - int(a.longest*1000)
		}
		return strings.Compare(a.statement, b.statement)
	})
	return all
}
