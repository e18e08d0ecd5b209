package app

import (
	"path/filepath"
	"strings"
	"testing"

	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
)

// Who may read the folder may ask the program for a check.
func TestACheckThatIsAskedFor(t *testing.T) {
	cfg := alone(t)
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	ask := func(tmp string) (journal.Report, error) {
		return folder.AskForCheck(t.Context(), cfg.Data, tmp, func(uint64, uint64) {})
	}
	r, err := ask(t.TempDir())
	if err != nil || !r.OK || r.Blocks == 0 || r.Entries == 0 || r.StateHash == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, all, _ := a.checks.Ended(); all.IsZero() {
		t.Error("a check that was asked for does not count")
	}
	if _, err := ask("relative"); err == nil || !strings.Contains(err.Error(), "beginning with /") {
		t.Errorf("a folder by half its path: %v", err)
	}
	if _, err := ask(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a scratch file in a folder that is not there")
	}
	says(t, a, "a folder that was asked for wrongly", "", "")
}
