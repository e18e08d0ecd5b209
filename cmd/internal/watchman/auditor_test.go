package watchman

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/seeds"
)

// An auditor that cannot look says so: at once where it is told why, and after three minutes where it hangs.
func TestAnAuditorThatCannotLook(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`)); err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	var log alarms
	ticks := make(chan time.Time)
	hanging := NewAuditor(w.Svc.J, time.Hour, w.Clock.Now, ticks, slog.New(slog.NewTextHandler(&log, nil)))
	hanging.page, hanging.pause = 1, time.Hour // it goes no further than its first page
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hanging.Run(ctx) }()
	tick := func(d time.Duration) AuditFinding {
		ticks <- w.Clock.Add(d)
		return hanging.Finding()
	}
	if f := tick(3 * time.Minute); f.Why != nil || !f.At.IsZero() {
		t.Errorf("after three minutes: %+v", f)
	}
	f := tick(time.Second)
	if f.Why == nil || f.Why.Rule != "audit.stale" || !strings.Contains(f.Why.Detail("zh-CN"), "启动以来没有过") {
		t.Errorf("after more: %+v", f)
	}
	tick(time.Minute) // received when the line of the one before is written
	if n := log.Load(); n != 1 {
		t.Errorf("%d lines say that it hangs", n)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}

	closed := servicetest.New(t, slog.New(slog.DiscardHandler)).Svc.J
	if err := closed.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]*journal.Journal{"closed": closed, "panic": nil} {
		one := NewAuditor(broken, time.Hour, w.Clock.Now, nil, slog.New(slog.DiscardHandler))
		one.keep(one.pass(t.Context()))
		if f := one.Finding(); f.Why == nil || f.Why.Rule != "audit.failed" || !f.At.IsZero() {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// patience bounds every wait; it is reached only when something is wrong.
const patience = time.Minute

// alarms counts the lines of a log that an alarm begins with.
type alarms struct{ atomic.Int64 }

func (a *alarms) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("the auditor raises its alarm")) {
		a.Add(1)
	}
	return len(line), nil
}
