package watchman

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
)

// What was found stays said until a check that comes to its end finds it right.
func TestWhatChecksHaveComeTo(t *testing.T) {
	first := time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC)
	var o outcome
	o.note(first, []string{"block 7: bad"}, nil)
	o.note(first.Add(time.Hour), []string{"block 7: bad", "more"}, nil)
	o.note(first.Add(2*time.Hour), nil, errors.New("no room"))
	if !o.since.Equal(first) || len(o.problems) != 2 || !o.ended.Equal(first.Add(time.Hour)) || o.failed == nil {
		t.Errorf("%+v", o)
	}
	o.note(first.Add(3*time.Hour), nil, nil)
	if len(o.problems) > 0 || o.failed != nil || !o.ended.Equal(first.Add(3*time.Hour)) {
		t.Errorf("%+v", o)
	}
	is(t, "the worse of two", worse(watch.Degrade("watch.record_height", refusal.Args{"why": "x"}),
		watch.Fail("watch.record_damaged",
			refusal.Args{"since": "x", "count": 1, "first": "x"})), watch.Failed, "watch.record_damaged", false)
	is(t, "the first of two as bad", worse(watch.Degrade("watch.record_height", refusal.Args{"why": "x"}),
		watch.Degrade("watch.record_unchecked", refusal.Args{"at": "x", "why": "x"})), watch.Degraded,
		"watch.record_height", false)
}

// One check is made at a time, and who goes away from the socket ends it.
func TestACheckThatNobodyWantsAnyMore(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Disk = config.Disk{}
	checks, err := NewRecordChecks(servicetest.New(t, slog.New(slog.DiscardHandler)).Svc.J, cfg,
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	control := &folder.Control{Dir: cfg.Data, Check: checks.All, Log: slog.New(slog.DiscardHandler)}
	ln := control.Listen()
	if ln == nil {
		t.Fatal("no socket")
	}
	serving, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- control.Serve(serving, ln) }()
	defer func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}()
	ask := func(ctx context.Context, tmp string) (journal.Report, error) {
		return folder.AskForCheck(ctx, cfg.Data, tmp, func(uint64, uint64) {})
	}
	begun, over := make(chan struct{}), make(chan error, 1)
	checks.prove = func(ctx context.Context, _ journal.CheckOptions) (journal.Report, error) {
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
	is(t, "a check that nobody wanted any more", checks.Finding(), watch.OK, "", false)
}
