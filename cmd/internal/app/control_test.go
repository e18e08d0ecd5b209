package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// Who may read the folder may ask the program for a check; one at a time, and who goes away ends it.
func TestACheckThatIsAskedFor(t *testing.T) {
	cfg := alone(t)
	a := start(t, Options{Config: cfg, Demo: &Demo{NoSimulate: true}})
	ask := func(ctx context.Context, tmp string) (journal.Report, error) {
		return AskForCheck(ctx, cfg.Data, tmp, func(uint64, uint64) {})
	}
	r, err := ask(t.Context(), t.TempDir())
	if err != nil || !r.OK || r.Blocks == 0 || r.Entries == 0 || r.StateHash == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, all, _ := a.checks.ended(); all.IsZero() {
		t.Error("a check that was asked for does not count")
	}
	if _, err := ask(t.Context(), "relative"); err == nil || !strings.Contains(err.Error(), "beginning with /") {
		t.Errorf("a folder by half its path: %v", err)
	}
	if _, err := ask(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a scratch file in a folder that is not there")
	}
	is(t, "a folder that was asked for wrongly", a.checks.finding(), watch.OK, "", false)

	begun, over := make(chan struct{}), make(chan error, 1)
	a.checks.prove = func(ctx context.Context, _ journal.CheckOptions) (journal.Report, error) {
		close(begun)
		<-ctx.Done()
		over <- ctx.Err()
		return journal.Report{}, ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := ask(ctx, ""); left <- err }()
	<-begun
	if _, err := ask(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "another check is under way") {
		t.Errorf("a second one: %v", err)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away hears %v", err)
	}
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatal("the check goes on")
	}
	is(t, "a check that nobody wanted any more", a.checks.finding(), watch.OK, "", false)
}
