package main

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// families gives the names of the metrics that a scrape has.
func families(t *testing.T, ops *instance) []string {
	t.Helper()
	scraped := ops.get(t, "/metrics")
	if scraped.status != http.StatusOK {
		t.Fatalf("%+v", scraped)
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(scraped.body, -1) {
		names = append(names, match[1])
	}
	return names
}

type alerts struct {
	Groups []struct {
		Rules []struct {
			Alert       string
			Expr        string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// TestMonitoringNamesWhatThereIs: each metric of the dashboard and of the alerts is one
// that the program has, and each metric of the program is shown or watched; each alert
// has its section in docs/operations.md, and no other has one.
func TestMonitoringNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	p, ops := forOperators(t, "DATABASE_URL="+pgtest.New(t), "TARIKH_SEED=sahel")
	p.get(t, "/v1/events")
	p.get(t, "/nothing") // a problem is counted, too
	exported := append(families(t, ops), families(t, importing1(t))...)

	dashboard, err := os.ReadFile("../monitoring/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct{ Panels []json.RawMessage }
	if err := json.Unmarshal(dashboard, &board); err != nil || len(board.Panels) < 20 {
		t.Fatalf("%d panels, %v", len(board.Panels), err)
	}
	rules, err := os.ReadFile("../monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var parsed alerts
	if err := yaml.Unmarshal(rules, &parsed); err != nil {
		t.Fatal(err)
	}
	expressions := regexp.MustCompile(`"(?:expr|query)": *"((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(string(dashboard), -1)
	named := map[string]bool{}
	name := regexp.MustCompile(`\b(?:tarikh|process|go)_[a-z0-9_]+\b`)
	note := func(expression string) {
		for _, found := range name.FindAllString(expression, -1) {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if whole, is := strings.CutSuffix(found, part); is && slices.Contains(exported, whole) {
					found = whole
				}
			}
			named[found] = true
			if !slices.Contains(exported, found) && found != "go_version" {
				t.Errorf("there is no metric %s, which stands in %s", found, expression)
			}
		}
	}
	for _, e := range expressions {
		note(e[1])
	}
	docs, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#+ (Tarikh\w+)$`).FindAllStringSubmatch(string(docs), -1) {
		sections[match[1]] = true
	}
	count := 0
	for _, group := range parsed.Groups {
		for _, rule := range group.Rules {
			note(rule.Expr)
			count++
			if !sections[rule.Alert] || rule.Annotations["runbook"] != "docs/operations.md#"+strings.ToLower(rule.Alert) || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s has no section in docs/operations.md, or lacks its runbook, summary or severity: %+v", rule.Alert, rule)
			}
			delete(sections, rule.Alert)
		}
	}
	for section := range sections {
		t.Errorf("docs/operations.md tells of the alert %s, which there is not", section)
	}
	for _, metric := range exported {
		if strings.HasPrefix(metric, "tarikh_") && !named[metric] {
			t.Errorf("%s is neither shown nor watched", metric)
		}
	}
	if count < 10 || len(expressions) < 30 {
		t.Errorf("only %d alerts and %d expressions were looked at", count, len(expressions))
	}
}

// importing1 is an import that waits for more of its file, as operators see it.
func importing1(t *testing.T) *instance {
	t.Helper()
	cmd := command(t, []string{"DATABASE_URL=" + pgtest.New(t), "TARIKH_SEED=none"}, "import", "-", "--mapping", "events", "--dataset", "x", "--ops-listen", "127.0.0.1:0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	running := launch(t, cmd)
	t.Cleanup(func() { in.Close() }) // it ends before it is waited for
	ops := &instance{}
	eventually(t, "it tells where its metrics are", func() bool {
		match := regexp.MustCompile(`(?m)^metrics at (\S+)/metrics$`).FindStringSubmatch(running.errs.String())
		if match != nil {
			ops.base = match[1]
		}
		return match != nil
	})
	if body := ops.get(t, "/metrics").body; !strings.Contains(body, "\ntarikh_import_running 1\n") || !strings.Contains(body, "\ntarikh_import_read_rows_total 0\n") {
		t.Errorf("the import tells\n%s", body)
	}
	return ops
}

func TestAnImportWithAWrongAddressForOperators(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.New(t)}
	refuses(t, `--ops-listen is "here": it must be host:port, such as 127.0.0.1:8080, or 'off'`, env, "import", os.DevNull, "--mapping", "events", "--ops-listen", "here")
}
