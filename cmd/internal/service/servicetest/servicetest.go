// Package servicetest is the acts of the program for tests: over a journal of their own, at a time that the test sets,
// with the lists and accounts that it is given.
package servicetest

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/pquerna/otp/totp"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/cmd/internal/journal/natstest"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// Begin is the time of every world: the afternoon before the episode of 2016-12-17.
var Begin = time.Date(2016, 12, 16, 9, 0, 0, 0, time.UTC)

// World is the acts over a journal.
type World struct {
	Svc   *service.Service
	JS    jetstream.JetStream // of the journal
	Clock *journaltest.Clock

	t      testing.TB
	leader *journaltest.Leader
	full   atomic.Bool
}

// Settings are what a world decides by: Xiqing's, with orders that are repeated after a minute.
func Settings() service.Settings {
	return service.Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute,
		RepeatMax: 30 * time.Minute}
}

// New returns a world at [Begin] that has nothing yet, until the test's end. change may change what it decides by.
func New(t testing.TB, log *slog.Logger, change ...func(*service.Settings)) *World {
	t.Helper()
	w := &World{t: t, Clock: journaltest.NewClock(Begin)}
	dir, set := t.TempDir(), Settings()
	for _, fn := range change {
		fn(&set)
	}
	w.JS = natstest.Start(t, filepath.Join(dir, "nats")).JS
	registry := service.Registry(set)
	journal.Handle(registry, cmdUnexplained,
		func(_ *bbolt.Tx, _ string, order string, _ time.Time) ([]journal.Event, string, error) {
			ev, err := registry.Decode("notify.answered",
				fmt.Appendf(nil, `{"order_id":%q,"action":"object","digest":"00000000000000ff"}`, order))
			return []journal.Event{ev}, order, err
		})
	journal.Handle(registry, cmdJudged,
		func(_ *bbolt.Tx, _ string, ev notify.Judged, _ time.Time) ([]journal.Event, string, error) {
			return []journal.Event{&ev}, ev.OrderID, nil
		})
	j := journaltest.Open(t, journal.Options{Dir: dir, Registry: registry, JS: w.JS, Log: log, NoSync: true,
		Clock: w.Clock.Now, Full: w.refuses})
	var err error
	if w.Svc, err = service.New(t.Context(), j, set, log); err != nil {
		t.Fatal(err)
	}
	return w
}

const (
	cmdUnexplained = "test.unexplained"
	cmdJudged      = "test.judged"
)

// Judged records what monitoring concludes of an order, which no act of the program does yet.
func (w *World) Judged(order, verdict string) {
	w.t.Helper()
	if _, err := w.Svc.J.Submit(w.t.Context(), journal.Command{Kind: cmdJudged, Actor: "system",
		Payload: notify.Judged{OrderID: order, Verdict: verdict}}); err != nil {
		w.t.Fatal(err)
	}
}

// Unexplained records an objection without a reason, as programs did that asked for none.
func (w *World) Unexplained(order string) {
	w.t.Helper()
	if _, err := w.Svc.J.Submit(w.t.Context(),
		journal.Command{Kind: cmdUnexplained, Actor: "enterprise", Payload: order}); err != nil {
		w.t.Fatal(err)
	}
}

// Fill has the disk of the record be nearly full, or have room again: what is not vital is refused then, as the program
// refuses it.
func (w *World) Fill(full bool) { w.full.Store(full) }

func (w *World) refuses() error {
	if w.full.Load() {
		return refusal.New(refusal.NotReady, "watch.full", nil)
	}
	return nil
}

// Elapse moves the clock and carries out the timers that have come due, on the lease's holder as the program does.
func (w *World) Elapse(d time.Duration) {
	w.t.Helper()
	if err := w.lead().Fire(w.Clock.Add(d)); err != nil {
		w.t.Fatal(err)
	}
}

// Epoch is of the lease that the world holds.
func (w *World) Epoch() uint64 { w.t.Helper(); return w.lead().Epoch }

func (w *World) lead() *journaltest.Leader {
	w.t.Helper()
	if w.leader == nil {
		w.leader = journaltest.Lead(w.t, w.Svc.J)
	}
	return w.leader
}

// Import puts a list in force.
func (w *World) Import(l *reductionlist.List) {
	w.t.Helper()
	if _, err := w.Svc.ImportList(w.t.Context(), "init", l, service.DemoSource, nil); err != nil {
		w.t.Fatal(err)
	}
}

// Account adds an account of a person.
func (w *World) Account(user string, role calls.Role, name, town string) calls.Issued {
	w.t.Helper()
	body := fmt.Appendf(nil, `{"user":%q,"role":%q,"name":%q,"town":%q}`, user, role, name, town)
	issued, err := Say(w.t.Context(), w.Svc, "init", "", calls.AddAccount, "", body)
	if err != nil {
		w.t.Fatal(err)
	}
	return issued
}

// Factor enrols a second factor for an account and returns its secret. The time is 30 seconds on then, so that the code
// of now was not used.
func (w *World) Factor(user, password string) (secret string) {
	w.t.Helper()
	draft, err := w.Svc.FactorDraft(user, "")
	if err != nil {
		w.t.Fatal(err)
	}
	who, err := w.Svc.EnrolFactor(w.t.Context(), user,
		calls.Enrolment{Current: password, Secret: draft.Secret, OTP: w.Code(draft.Secret)})
	if who == nil || err != nil {
		w.t.Fatalf("no factor for %s: %v", user, err)
	}
	w.Clock.Add(30 * time.Second)
	return draft.Secret
}

// Code is what an authenticator shows now.
func (w *World) Code(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.Clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// Credentials issues those of a recipient of the list in force.
func (w *World) Credentials(recipient string) calls.Issued {
	w.t.Helper()
	issued, err := Say(w.t.Context(), w.Svc, "init", "", calls.IssueCredentials, recipient, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return issued
}
