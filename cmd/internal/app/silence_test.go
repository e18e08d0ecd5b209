package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/notify/channel"
)

// The NATS server that the nodes share is restarted on the same store, and with it goes whatever it had in its memory,
// the lease of earlier programs too. What is declared then is ordered, timers run on, and readiness says so in between.
func TestTheSharedServerIsRestarted(t *testing.T) {
	t.Parallel()
	const recipients = 200
	h := newHub(t)
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	_, err = js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "QINGKONG_LEASE", History: 1,
		TTL: 6 * time.Second, Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	a, b := h.node("a", repeatLate), h.node("b", repeatLate)
	importDemo(t, a, recipients)
	eventually(t, "somebody leads", func() bool { return leads(t, a) || leads(t, b) })
	for _, node := range []*App{a, b} {
		h.stopServer()
		eventually(t, "readiness says that nothing can be written", func() bool {
			status, _ := fetch(t, node, "/readyz")
			return status == 503
		})
		h.startServer()
		for _, node := range []*App{a, b} {
			eventually(t, "readiness is back", func() bool { status, _ := fetch(t, node, "/readyz"); return status == 200 })
		}
		w := declare(t, node)
		if n := planned(t, node, w.ID); n != recipients {
			t.Errorf("%d orders for %d recipients", n, recipients)
		}
		h.once("issued", w.ID, recipients)
		for _, node := range []*App{a, b} {
			eventually(t, "every check is ok", func() bool { _, body := fetch(t, node, "/readyz"); return isReady(body) })
		}
		text := fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, w.Revision)
		eventually(t, "the lift", func() bool {
			_, err := servicetest.WarningAct(t.Context(), node.svc, "duty", "k"+w.ID, w.ID, "lift", text)
			return err == nil
		})
	}
	eventually(t, "nothing due", func() bool { return idle(a) && idle(b) })
	prove(t, a, b)
}

func isReady(body string) bool { return len(body) > 18 && body[:18] == `{"status":"ready",` }

// A node without its record beside a shared stream that is damaged is refused its start, and the sentence says why and
// what to do.
func TestAStartBesideADamagedSharedStreamSaysWhy(t *testing.T) {
	h := newHub(t)
	cfg := config.Default()
	cfg.Data, cfg.Listen.HTTP = t.TempDir(), "127.0.0.1:0"
	cfg.NATS = h.nats()
	a := start(t, Options{Config: cfg, Node: "a"})
	importDemo(t, a, 64)
	stop(t, a)
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), journal.Stream)
	if err == nil {
		err = s.DeleteMsg(t.Context(), 2)
	}
	if err = errors.Join(err, os.Remove(filepath.Join(cfg.Data, journal.File))); err != nil {
		t.Fatal(err)
	}
	b, err := New(t.Context(), Options{Config: cfg, Node: "a"})
	if err == nil {
		err = b.Start(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "the shared stream is damaged") ||
		!strings.Contains(err.Error(), "restore it on the cluster") {
		t.Errorf("the start gave %v", err)
	}
}

// The machine's clock was ahead once: what is declared after it was put right is ordered at once and repeated, and
// readiness names the clock.
func TestAClockThatWasAheadOnce(t *testing.T) {
	t.Parallel()
	for _, lead := range []time.Duration{10 * time.Minute, 8 * time.Hour} {
		t.Run(lead.String(), func(t *testing.T) {
			cfg := alone(t)
			cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = time.Second, time.Second
			before := start(t, Options{Config: cfg, Clock: func() time.Time { return time.Now().Add(lead) }})
			importDemo(t, before, 64)
			stop(t, before)

			a := start(t, Options{Config: cfg})
			if now := a.journal.Moment(); now.At.Sub(now.Wall) < lead-time.Minute {
				t.Fatalf("the record is not ahead: %+v", now)
			}
			w := declare(t, a)
			eventually(t, "all orders are made, sent and repeated", func() (done bool) {
				view(t, a, func(tx *bbolt.Tx) error {
					board, err := notify.GetBoard(tx, w.ID)
					rows, _ := journal.DueOutbox(tx, channel.NATS, a.journal.Now().Add(time.Hour), 100)
					repeated := slices.IndexFunc(rows,
						func(d journal.Due) bool { return d.Topic == notify.Topic && d.Attempts < 2 }) < 0
					done = err == nil && board.Total == 64 && board.Delivery["sent"] == 64 && len(rows) == 64 && repeated
					return err
				})
				return done
			})
			a.watchman.Look(context.Background())
			for _, c := range a.watchman.Report().Checks {
				if want := map[bool]string{true: "degraded", false: "ok"}[c.Name == "clock"]; string(c.State) != want {
					t.Errorf("check %s is %s: %s", c.Name, c.State, c.Detail("en"))
				}
			}
			prove(t, a)
		})
	}
}

// The lease cannot be had by anybody: within half a minute the watchman says that nobody leads and the log does, and
// once it can be had somebody leads.
func TestALeaseThatNobodyCanHave(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(),
		jetstream.StreamConfig{Name: "KV_QINGKONG_LEASE", Subjects: []string{"$KV.QINGKONG_LEASE.>"}}); err != nil {
		t.Fatal(err)
	}
	h.log = &lines{}
	a := h.node("a", repeatLate)
	leader := func() (state, why string) {
		a.watchman.Look(context.Background())
		for _, c := range a.watchman.Report().Checks {
			if c.Name == "leader" {
				return string(c.State), c.Detail("en")
			}
		}
		return "", ""
	}
	begin := time.Now()
	for state, why := leader(); state != "failed"; state, why = leader() {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("after half a minute it is %s: %s", state, why)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if _, why := leader(); !strings.Contains(why, "no order leaves") {
		t.Errorf("it says %s", why)
	}
	eventually(t, "the log says it", func() bool { return h.log.count("orders do not leave") == 1 })
	if err := js.DeleteStream(t.Context(), "KV_QINGKONG_LEASE"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "somebody leads", func() bool { state, _ := leader(); return state == "ok" && leads(t, a) })
}
