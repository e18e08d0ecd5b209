package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watchman"
	"qingkong/notify"
	"qingkong/notify/channel"
)

// Of an alarm there are two lines.
const (
	alarmBegins = "level=ERROR msg=\"the auditor raises its alarm\""
	alarmEnds   = "level=WARN msg=\"the auditor's alarm is over"
)

// breaker ends parts of a program and lets them run again.
type breaker map[string]breakable

type breakable struct{ end, ended, again chan struct{} }

func newBreaker(parts ...string) breaker {
	b := breaker{}
	for _, name := range parts {
		b[name] = breakable{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	}
	return b
}

func (b breaker) run(ctx context.Context, name string, run func(ctx context.Context)) {
	p := b[name]
	for ctx.Err() == nil {
		running, cancel := context.WithCancel(ctx)
		returned := make(chan struct{})
		go func() { defer close(returned); run(running) }()
		var ask chan struct{}
		select {
		case <-ctx.Done():
		case <-p.end:
			ask = p.ended
		}
		cancel()
		<-returned
		if ask == nil {
			return
		}
		ask <- struct{}{}
		select {
		case <-ctx.Done():
		case <-p.again:
		}
	}
}

func (b breaker) breaks(name string) { b[name].end <- struct{}{}; <-b[name].ended }
func (b breaker) mends(name string)  { b[name].again <- struct{}{} }

// auditedApp is a program with an auditor whose minutes a test makes pass. Its time stands still below the wall clock,
// so that what is due by the record is due by that, too.
type auditedApp struct {
	*App
	t     *testing.T
	clock *journaltest.Clock
	ticks chan time.Time
	parts breaker
	log   *lines
}

func auditedConfig(t *testing.T) config.Config {
	cfg := alone(t)
	cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax, cfg.Orders.AcknowledgeWithin = 12*time.Hour, 12*time.Hour, 24*time.Hour
	return cfg
}

func startAudited(t *testing.T, cfg config.Config, node string) *auditedApp {
	t.Helper()
	x := &auditedApp{t: t, clock: journaltest.NewClock(time.Now().Add(-6 * time.Hour).Truncate(time.Second)),
		ticks: make(chan time.Time), parts: newBreaker("dispatcher", "timers"), log: &lines{}}
	x.App = start(t, Options{Config: cfg, Node: node, Log: slog.New(slog.NewTextHandler(x.log, nil)),
		Clock: x.clock.Now, hooks: hooks{audit: x.ticks, part: x.parts.run}})
	eventually(t, "the first audit", func() bool { return !x.auditor.Finding().At.IsZero() })
	return x
}

// minute lets a minute pass, and the audit at its end.
func (x *auditedApp) minute() watchman.AuditFinding {
	x.t.Helper()
	at := x.clock.Add(time.Minute)
	x.ticks <- at
	eventually(x.t, "the audit of the minute", func() bool { return x.auditor.Finding().At.Equal(at) })
	return x.auditor.Finding()
}

// well expects that nothing is found.
func (x *auditedApp) well(when string) {
	x.t.Helper()
	eventually(x.t, "nothing due", func() bool { return idle(x.App) })
	if f := x.minute(); f.Why != nil {
		x.t.Fatalf("%s: %v", when, f.Why)
	}
}

// alarms expects an alarm within four minutes that names what is given in both languages; not in the first two, in
// which it may still be done.
func (x *auditedApp) alarms(names string) {
	x.t.Helper()
	began, over := x.log.count(alarmBegins), x.log.count(alarmEnds)
	for m := 1; m <= 4; m++ {
		f := x.minute()
		switch {
		case f.Why != nil && m <= 2:
			x.t.Fatalf("in minute %d: %v", m, f.Why)
		case f.Why != nil:
			for _, lang := range []string{"zh-CN", "en"} {
				if text := f.Why.Detail(lang); !strings.Contains(text, names) || strings.Contains(text, "{") {
					x.t.Errorf("it says %q, and does not name %s", text, names)
				}
			}
			x.minute()
			if b, o := x.log.count(alarmBegins), x.log.count(alarmEnds); b != began+1 || o != over {
				x.t.Errorf("two minutes of an alarm are %d and %d lines", b-began, o-over)
			}
			return
		}
	}
	x.t.Fatalf("nothing within four minutes; the last: %+v", x.auditor.Finding())
}

// Whichever part of the program stands still, the auditor says so within four minutes, and no longer when it runs
// again.
func TestTheAuditorSaysWhichPartStandsStill(t *testing.T) {
	x := startAudited(t, auditedConfig(t), "")
	importDemo(t, x.App, 300)
	x.well("without a warning")

	x.parts.breaks("dispatcher")
	w := declare(t, x.App)
	orders := 0
	eventually(t, "all orders", func() (done bool) {
		view(t, x.App, func(tx *bbolt.Tx) error {
			p, err := notify.GetRound(tx, w.ID)
			if done = err == nil && p.Done; done {
				orders = p.Issued
			}
			return err
		})
		return done
	})
	x.alarms(w.ID)
	if f := x.auditor.Finding(); f.Orders != orders ||
		!strings.Contains(f.Why.Detail("en"), fmt.Sprintf("%d things", orders+1)) {
		t.Errorf("%d orders and a declaration are not sent: looked at %d, %v", orders, f.Orders, f.Why)
	}
	x.parts.mends("dispatcher")
	x.well("the dispatcher runs again")

	x.parts.breaks("timers")
	if _, err := servicetest.WarningAct(t.Context(), x.svc, "duty", "", w.ID, "lift",
		fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, w.Revision)); err != nil {
		t.Fatal(err)
	}
	x.alarms("plan/" + w.ID)
	x.parts.mends("timers")
	x.well("the timers run again")

	if b, o := x.log.count(alarmBegins), x.log.count(alarmEnds); b != 2 || o != 2 {
		t.Errorf("two alarms began in %d lines and ended in %d", b, o)
	}
	prove(t, x.App)
}

// Every node audits, also one that never held the lease.
func TestEveryNodeAudits(t *testing.T) {
	h := newHub(t)
	var nodes []*auditedApp
	for _, name := range []string{"a", "b"} {
		cfg := auditedConfig(t)
		cfg.NATS, cfg.Nodes = h.nats(), []string{"a", "b"}
		nodes = append(nodes, startAudited(t, cfg, name))
		if name == "a" {
			eventually(t, "a leads", func() bool { return leads(t, nodes[0].App) })
		}
	}
	a, b := nodes[0], nodes[1]
	importDemo(t, a.App, 300)
	a.parts.breaks("timers")
	w := declare(t, a.App)
	eventually(t, "b has the record of a", func() bool { return b.journal.Height() == a.journal.Height() })
	b.alarms("plan/" + w.ID)
	a.alarms("plan/" + w.ID)
	a.parts.mends("timers")
	a.well("the timers of a run again")
	eventually(t, "b has the record of a", func() bool { return b.journal.Height() == a.journal.Height() })
	b.well("the timers of a run again")
	prove(t, a.App, b.App)
}

// A row that is lost from the file is found by the first audit.
func TestTheAuditorFindsALostRow(t *testing.T) {
	cfg := auditedConfig(t)
	x := startAudited(t, cfg, "")
	importDemo(t, x.App, 300)
	w := declare(t, x.App)
	planned(t, x.App, w.ID)
	x.well("before it is lost")
	stop(t, x.App)

	lost := w.ID + "-E0001-1"
	db, err := bbolt.Open(filepath.Join(cfg.Data, journal.File), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("journal.outbox")).Delete([]byte(notify.Topic + "\x00" + lost + "/issued\x00" + channel.NATS))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	x = startAudited(t, cfg, "")
	if f := x.auditor.Finding(); f.Why == nil || !strings.Contains(f.Why.Detail("zh-CN"), lost) ||
		!strings.Contains(f.Why.Detail("zh-CN"), "1 件事") {
		t.Errorf("found %+v", f)
	}
}

// What fell due while the program did not run is no alarm before it had time to be done.
func TestAStartIsNoAlarm(t *testing.T) {
	cfg := auditedConfig(t)
	x := startAudited(t, cfg, "")
	importDemo(t, x.App, 300)
	x.well("before the end")
	x.parts.breaks("timers")
	w := declare(t, x.App)
	at := x.clock.Now()
	stop(t, x.App)

	x = &auditedApp{t: t, clock: journaltest.NewClock(at.Add(5 * time.Hour)), ticks: make(chan time.Time), log: &lines{}}
	x.App = start(t, Options{Config: cfg, Log: slog.New(slog.NewTextHandler(x.log, nil)), Clock: x.clock.Now,
		hooks: hooks{audit: x.ticks,
			part: func(ctx context.Context, _ string, _ func(context.Context)) { <-ctx.Done() }}})
	eventually(t, "the first audit", func() bool { return !x.auditor.Finding().At.IsZero() })
	if f := x.auditor.Finding(); f.Why != nil {
		t.Errorf("at once: %v", f.Why)
	}
	x.alarms("plan/" + w.ID)
}
