package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/demo"

	"go.yaml.in/yaml/v4"
)

// monitoring is the folder of what Grafana and Prometheus are given.
const monitoring = "../../../docs/monitoring"

var (
	quoted     = regexp.MustCompile(`"[^"]*"`)
	metricName = regexp.MustCompile(`\b(?:qingkong|go|process)_[a-z_0-9]+`)
	suffix     = regexp.MustCompile(`_(?:bucket|sum|count)$`)
)

// metricsOf are the metrics that an expression names.
func metricsOf(expr string) []string {
	return metricName.FindAllString(quoted.ReplaceAllString(expr, ""), -1)
}

type alert struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func alertRules(t *testing.T) (rules []alert) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(monitoring, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	if err := yaml.Load(text, &in, yaml.WithV4Defaults(), yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	for _, g := range in.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// panelExprs are the expressions of the dashboard.
func panelExprs(t *testing.T) (exprs []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(monitoring, "grafana-dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	for _, p := range in.Panels {
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	return exprs
}

// What the dashboard and the alerts name, a running program exports, and the dashboard shows every figure of ours.
func TestMonitoringNamesWhatIsExported(t *testing.T) {
	cfg := alone(t)
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	// a login that fails is counted
	if status, _ := fetch(t, a, "/api/v1/me", "Authorization", "Bearer wrong"); status != 401 {
		t.Errorf("a wrong token: %d", status)
	}
	_, text := fetch(t, a, "/metrics")
	exported := map[string]bool{}
	for line := range strings.Lines(text) {
		if name := metricName.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
			exported[name] = true
		}
	}
	shown := map[string]bool{}
	for _, expr := range panelExprs(t) {
		for _, name := range metricsOf(expr) {
			if shown[suffix.ReplaceAllString(name, "")] = true; !exported[name] {
				t.Errorf("the dashboard asks for %s, which is not exported: %s", name, expr)
			}
		}
	}
	for _, r := range alertRules(t) {
		if len(metricsOf(r.Expr)) == 0 {
			t.Errorf("%s asks for no metric: %s", r.Alert, r.Expr)
		}
		for _, name := range metricsOf(r.Expr) {
			if !exported[name] {
				t.Errorf("%s asks for %s, which is not exported", r.Alert, name)
			}
		}
	}
	for name := range exported {
		if strings.HasPrefix(name, "qingkong_") && !shown[suffix.ReplaceAllString(name, "")] {
			t.Errorf("%s has no panel in docs/monitoring/grafana-dashboard.json: add one", name)
		}
	}
}

// Each check of /readyz has an alert, which says in both languages what is wrong and what to do.
func TestEachCheckHasAnAlert(t *testing.T) {
	rules, seen := alertRules(t), map[string]bool{}
	both := regexp.MustCompile(`\p{Han}.*[）。] [A-Z]`)
	for _, r := range rules {
		if seen[r.Alert] || !regexp.MustCompile(`^Qingkong[A-Z]\w+$`).MatchString(r.Alert) ||
			!slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
			t.Errorf("%s stands twice, is not named or has no severity: %+v", r.Alert, r)
		}
		seen[r.Alert] = true
		if !regexp.MustCompile(`^\d+[mh]$`).MatchString(r.For) {
			t.Errorf("%s waits for %q", r.Alert, r.For)
		}
		for _, key := range []string{"summary", "description"} {
			if text := r.Annotations[key]; !both.MatchString(text) {
				t.Errorf("%s: its %s is not in Chinese and then in English: %s", r.Alert, key, text)
			}
		}
	}
	a := start(t, Options{Config: alone(t)})
	for _, c := range a.watchman.Report().Checks {
		if !slices.ContainsFunc(rules,
			func(r alert) bool { return strings.HasPrefix(r.Expr, `qingkong_check_state{name="`+c.Name+`"} >= `) }) {
			t.Errorf("the check %s has no alert in docs/monitoring/alerts.yaml", c.Name)
		}
	}
}
