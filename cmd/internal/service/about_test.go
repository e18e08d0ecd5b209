package service

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/ledger/identity"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Every kind of event says whom it concerns, or that it concerns nobody: testdata/about.txt has a line for each
// example of one, written by hand. Whoever follows the record knows nothing else of its events.
func TestEachEventSaysWhomItConcerns(t *testing.T) {
	const file = "testdata/about.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		event, about, _ := strings.Cut(strings.TrimSpace(line), ": ")
		said[event] = about
	}
	reg, concerns := registry(), map[string]int{}
	for _, e := range examples() {
		event := strings.TrimSuffix(e.file(), ".json")
		data, err := journal.Encode(e.event)
		if err != nil {
			t.Fatal(err)
		}
		about, err := reg.About(e.event.Kind(), data)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, s := range about {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Kind, s.ID, s.Change)))
		}
		if len(words) == 0 {
			words = []string{"nobody"}
		}
		if got := strings.Join(words, ", "); got != said[event] {
			t.Errorf("%s has %q and the program says:\n%s: %s", file, said[event], event, got)
		}
		concerns[e.event.Kind()] += len(about)
	}
	quiet := slices.Concat(alerts.Quiet(), reductionlist.Quiet(), notify.Quiet(), access.Quiet(), telemetry.Quiet(),
		compliance.Quiet(), identity.Quiet(), inspect.Quiet())
	for kind, n := range concerns {
		if n == 0 && !slices.Contains(quiet, kind) && !strings.HasPrefix(kind, "journal.") {
			t.Errorf("no example of %s concerns anybody: let About of its package know it, or Quiet say that it need not", kind)
		}
	}
}
