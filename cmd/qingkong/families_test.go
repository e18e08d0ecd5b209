package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// families are the words of the desk that are chosen by a name: what stands before the name and after it, and the names.
func families(t *testing.T) map[string][]string {
	t.Helper()
	alerts, notify := typedConstants(t, "../../alerts"), typedConstants(t, "../../notify")
	axes := stringLists(t, "../../notify")
	ends := slices.DeleteFunc(slices.Clone(notify["ReleaseKind"]),
		func(kind string) bool { return kind == "exempted" }) // which an objection decides, and its step says
	answers := slices.DeleteFunc(slices.Clone(notify["Action"]), func(act string) bool { return act == "read" })
	steps := append([]string{"issued", "revised", "superseded", "sent", "overdue", "plan_reason"}, notify["Cause"]...)
	acts := []string{"declare", "revise", "adjust", "lift", "cancel", "emergency-approve"} // that are read out before
	return map[string][]string{
		"step.%s":              steps,
		"step.decided_%s":      namesOf(terms.Rule(terms.Decision, "")),
		"step.released_%s":     ends,
		"step.judged_%s":       axes["verdictNames"],
		"lead.%s":              alerts["State"],
		"ended.%s":             notify["ReleaseKind"],
		"order.%s":             {"superseded", "released", "exempted"},
		"answer.%s.do":         answers,
		"decision.%s.what":     namesOf(terms.Rule(terms.Decision, "")),
		"decision.%s.do":       namesOf(terms.Rule(terms.Decision, "")),
		"go.follow.%s":         alerts["ProposalKind"],
		"title.act.%s":         append(slices.Clone(acts), "approve", "reject", "dismiss"),
		"act.%s.lead":          append(slices.Clone(acts), "approve", "reject", "dismiss"),
		"act.%s.submit":        {"approve", "reject", "dismiss"},
		"act.%s.review":        acts,
		"act.%s.review.drill":  acts,
		"act.%s.confirm":       acts,
		"act.%s.confirm.drill": acts,
		"queue.%s":             {"approve", "objected", "overdue", "failed", "relist", "lists", "checks"},
		"axis.%s":              {"delivery", "answer", "execution", "verdict"},
		"theme.%s":             {"auto", "light", "dark"},
		"plan.%s":              {"optimal", "feasible"},
		"plan.cut.%s":          {"length", "factors"},
		"plan.days.%s":         {"coal", "waste"},
		"password.%s":          {"current", "password", "repeat"},
		"nav.%s":               {"home", "orders", "warnings", "recipients", "lists"},
		"tolerate.%s":          typedConstants(t, "../../notify/telemetry/hj212")["Tolerance"],
		"source.%s":            typedConstants(t, "../../notify/telemetry")["Source"],
		"station.secret.%s":    {"set", "none", "erased"},
		"found.line.%s":        {"violated", "suspected", "waiting"},
		"found.state.%s":       {"open", "waiting", "cleared"},
		"found.explained.%s":   {"accept", "reject", "waits"},
		"monitored.say.%s":     {"fail", "no_data", "tagged"},
		"asked.question.%s":    {"hours", "days"},
		"finding.%s":           {"accept", "reject"},
		"finding.%s.what":      {"accept", "reject"},
		"finding.%s.do":        {"accept", "reject"},
		"finding.step.%s":      {"accept", "reject"},
		"inspections.col.%s": {"id", "warning", "order", "recipient", "name", "town", "task", "inspector", "with", "at", "received",
			"result", "failed", "disposition", "due", "remarks", "refused", "answers", "corrects", "corrected_by"},
		"inspected.%s": {"total", "failed", "unclear", "passed", "rectify", "refer", "case", "downgrade", "refused",
			"answered"},
		"evidence.%s":        {"image", "pdf", "video", "text", "archive"},
		"visit.%s":           {"take", "give", "return", "end", "drop", "recuse"},
		"../watch.status.%s": {"degraded", "not_ready"},
		"../watch.state.%s":  {"failed", "degraded"},
		"../access.how.%s":   {"issued", "reset", "token"},
	}
}

// Every cause, state, event, decision and act that the desk words in its own way has these words in both languages, and
// they differ: a page never shows the name of a text.
func TestFamiliesOfWords(t *testing.T) {
	for form, names := range families(t) {
		for _, name := range names {
			rule := deskRule(strings.Replace(form, "%s", name, 1))
			if !refusal.Known(rule) {
				t.Errorf("%s has no words", rule)
				continue
			}
			if zh, en := refusal.Text(rule, "zh-CN", nil), refusal.Text(rule, "en", nil); zh == en {
				t.Errorf("%s says %q in both languages", rule, zh)
			}
		}
	}
}

func deskRule(form string) string {
	if own, other := strings.CutPrefix(form, "../"); other {
		return own
	}
	return "desk." + form
}

// A word that a page or a template puts together around a name belongs to one of the families, so that none is
// forgotten.
func TestEveryFamilyIsKnown(t *testing.T) {
	known := families(t)
	var found []string
	err := filepath.WalkDir("../internal/desk", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range inTemplates.FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1])
		}
		for _, m := range inPages.FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1]+"%s"+m[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Errorf("only %q were found", found)
	}
	for _, form := range found {
		if known[form] == nil && notChosenByName[form] == "" {
			t.Errorf("%s is put together and stands in no family", form)
		}
	}
}

var (
	inTemplates = regexp.MustCompile(`\(?printf "([a-z_.]+%s[a-z_.]*)"`)
	inPages     = regexp.MustCompile(`q\.T\("([a-z_.]+[._])" ?\+[^"),]+(?:\+ ?"([a-z_.]+)")?`)
)

// notChosenByName are put together around what stands in the source beside them, where [TestEveryRuleIsRegisteredAndSaid]
// finds it.
var notChosenByName = map[string]string{
	"f.%s": "a field", "f.%s.hint": "a field", "f.station_%s": "a field", "point.%s": "a field", "title.%s": "a page", "done.%s": "what was done",
	"found.col.%s": "a column", "caution.%s": "a call of say", "outcome.%s": "a call of say", "plan.chart.%s": "a chart", "plan.chart.%s.say": "a chart",
}
