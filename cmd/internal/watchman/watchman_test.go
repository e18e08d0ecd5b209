package watchman

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/certs"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/notify/channel"
	"qingkong/seeds"
)

// is compares a finding with a state and a rule, and looks that the rule has all its words.
func is(t *testing.T, name string, f watch.Finding, state watch.State, rule string, stops bool) {
	t.Helper()
	if f.State == "" {
		f.State = watch.OK
	}
	got := ""
	if f.Why != nil {
		got = f.Why.Rule
		for _, lang := range []string{"zh-CN", "en"} {
			if text := f.Why.Detail(lang); !refusal.Known(got) || strings.Contains(text, "{") {
				t.Errorf("%s has no words, or not all: %s", got, text)
			}
		}
	}
	if f.State != state || got != rule || f.Stops != stops {
		t.Errorf("%s: %s %s, stops %v; want %s %s, %v", name, f.State, got, f.Stops, state, rule, stops)
	}
}

func TestFindings(t *testing.T) {
	is(t, "a writer that writes", writerFinding(journal.Status{Busy: time.Second}), watch.OK, "", false)
	is(t, "a fork", writerFinding(journal.Status{Halted: journal.ErrForked}), watch.Failed, "watch.writer_halted", true)
	paused := refusal.New(refusal.NotReady, "journal.place_unknown", refusal.Args{"block": 7})
	is(t, "a block whose place is not known", writerFinding(journal.Status{Paused: paused}), watch.Failed,
		"watch.writer_paused", true)
	is(t, "a disk that takes no block", writerFinding(journal.Status{Busy: time.Minute}), watch.Failed,
		"watch.writer_stuck", true)

	is(t, "a stream that is level", followerFinding(journal.Status{}), watch.OK, "", false)
	is(t, "a stream that is being completed", followerFinding(journal.Status{Short: true, Behind: 3}), watch.Degraded,
		"watch.follower_behind", false)
	is(t, "a stream that takes nothing", followerFinding(journal.Status{Short: true, Behind: 3,
		Tail: context.DeadlineExceeded}), watch.Failed, "watch.follower_stands", false)

	is(t, "somebody leads", leaderFinding(journal.Leadership{Holder: "a"}), watch.OK, "", false)
	is(t, "nobody leads", leaderFinding(journal.Leadership{None: true}), watch.Failed, "watch.leader_none", false)
	is(t, "nobody leads, and why", leaderFinding(journal.Leadership{None: true, Err: nats.ErrNoResponders}), watch.Failed,
		"watch.leader_none", false)

	now := time.Now()
	trouble := journal.TwinStatus{Owed: 2, Trouble: nats.ErrNoResponders, Since: now.Add(-time.Minute)}
	is(t, "a vault that is level", vaultFinding(journal.Status{}, now), watch.OK, "", false)
	is(t, "a vault whose other side has just fallen silent",
		vaultFinding(journal.Status{Vault: trouble}, trouble.Since.Add(time.Second)), watch.OK, "", false)
	is(t, "a vault whose other side is silent", vaultFinding(journal.Status{Vault: trouble}, now), watch.Degraded,
		"watch.vault_behind", false)
	is(t, "a vault that lost entries", vaultFinding(journal.Status{Vault: journal.TwinStatus{Lost: 1}}, now), watch.Failed,
		"watch.vault_lost", false)

	silent := journal.BlobStatus{Trouble: nats.ErrNoResponders, TroubleSince: now.Add(-time.Minute)}
	is(t, "files that are there", blobsFinding(journal.BlobStatus{}, now), watch.OK, "", false)
	is(t, "an object store that has just fallen silent", blobsFinding(silent, silent.TroubleSince.Add(time.Second)),
		watch.OK, "", false)
	is(t, "an object store that is silent", blobsFinding(silent, now), watch.Degraded, "watch.blobs_trouble", false)
	is(t, "a file that is missing", blobsFinding(journal.BlobStatus{Missing: 1}, now), watch.Failed,
		"watch.blobs_bad", false)
	is(t, "a file that is damaged", blobsFinding(journal.BlobStatus{Damaged: 1}, now), watch.Failed,
		"watch.blobs_bad", false)

	is(t, "a record that is whole", recordFinding(journal.Status{}), watch.OK, "", false)
	is(t, "a record that has forked", recordFinding(journal.Status{Halted: journal.ErrForked}), watch.Failed,
		"watch.record_halted", false)
	is(t, "a record that was made to end early",
		recordFinding(journal.Status{Restored: &journal.RestoredMark{Block: 4, Confirmed: 10}}), watch.Degraded,
		"watch.record_restored", false)
	is(t, "a height that is not written", recordFinding(journal.Status{HeightErr: os.ErrPermission}), watch.Degraded,
		"watch.record_height", false)

	is(t, "a store that is written", storeFinding(time.Time{}), watch.OK, "", false)
	is(t, "a store that could not be written", storeFinding(time.Now()), watch.Failed, "watch.nats_store", false)
	is(t, "NATS that answers", natsFinding(nil, true), watch.OK, "", false)
	vital, side := &bus.Silence{Part: "journal", Vital: true, Err: context.DeadlineExceeded},
		&bus.Silence{Part: "readers", Err: nats.ErrConnectionClosed}
	is(t, "our own is silent", natsFinding(vital, true), watch.Failed, "watch.nats_inside", false)
	is(t, "one connection of our own is down", natsFinding(side, true), watch.Failed, "watch.nats_inside", false)
	is(t, "an external one is silent", natsFinding(vital, false), watch.Failed, "watch.nats_outside", false)
	is(t, "a side connection of an external one is down", natsFinding(side, false), watch.Degraded,
		"watch.nats_part", false)
	for s, want := range map[*bus.Silence]string{vital: "no answer in time", side: "the connection is down"} {
		if text := natsFinding(s, false).Why.Detail("en"); !strings.Contains(text, want) {
			t.Errorf("%v is worded %s", s.Err, text)
		}
	}

	wall := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	is(t, "a clock that goes with the record", clockFinding(wall, wall.Add(2*time.Second)), watch.OK, "", false)
	is(t, "a clock ahead of the record", clockFinding(wall, wall.Add(-time.Hour)), watch.OK, "", false)
	behind := clockFinding(wall, wall.Add(8*time.Hour))
	is(t, "a clock that is behind", behind, watch.Degraded, "watch.clock_behind", false)
	if text := behind.Why.Detail("zh-CN"); !strings.Contains(text, "2026-11-24 08:00:00") ||
		!strings.Contains(text, "2026-11-24 16:00:00") {
		t.Errorf("both times are to stand in it: %s", text)
	}

	is(t, "room enough", roomFinding(watch.RoomOf(2048, 1024, 256)), watch.OK, "", false)
	is(t, "little room", roomFinding(watch.RoomOf(900, 1024, 256)), watch.Degraded, "watch.disk_low", false)
	is(t, "hardly any room", roomFinding(watch.RoomOf(100, 1024, 256)), watch.Failed, "watch.disk_stop", false)
	gone := NewDiskWatch(t.TempDir()+"/gone", config.Default().Disk)
	is(t, "a disk that is not there", gone.check(t.Context()), watch.Failed, "watch.disk_unreadable", false)
	if err := gone.Large(); err != nil {
		t.Errorf("nothing is known of its room, and imports are refused: %v", err)
	}
}

// A message may be due for two minutes; one that is due longer has not gone out.
func TestMessagesThatDoNotGoOut(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	is(t, "nothing is due", checkOutbox(w.Svc.J, nil), watch.OK, "", false)
	if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`)); err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	is(t, "orders have just become due", checkOutbox(w.Svc.J, nil), watch.OK, "", false)
	// nothing waits by sms
	for by, ago := range map[string]time.Duration{channel.NATS: 2 * time.Minute, "sms": time.Hour} {
		trouble := []dispatch.Trouble{{Channel: by, Since: w.Svc.J.Now().Add(-ago), Why: "timeout"}}
		is(t, by+" takes nothing, and need not yet", checkOutbox(w.Svc.J, trouble), watch.OK, "", false)
	}
	silent := checkOutbox(w.Svc.J,
		[]dispatch.Trouble{{Channel: channel.NATS, Since: w.Svc.J.Now().Add(-2*time.Minute - time.Second)}})
	is(t, "NATS has taken nothing for longer", silent, watch.Failed, "watch.channel_trouble", false)
	if text := silent.Why.Detail("zh-CN"); !strings.Contains(text, "通道 nats 自 2016-12-16 16:57:59 起") ||
		!strings.Contains(text, "没有应答") {
		t.Errorf("of a channel that takes nothing it says %s", text)
	}
	w.Clock.Add(2 * time.Minute)
	is(t, "orders are due for two minutes", checkOutbox(w.Svc.J, nil), watch.OK, "", false)
	w.Clock.Add(time.Second)
	late := checkOutbox(w.Svc.J, nil)
	is(t, "orders are due for longer", late, watch.Failed, "watch.outbox_late", false)
	var rows int
	if err := w.Svc.J.View(func(tx *bbolt.Tx) error {
		due, _ := journal.DueOutbox(tx, channel.NATS, w.Svc.J.Now(), 10_000)
		rows = len(due)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if text := late.Why.Detail("zh-CN"); rows < 3 || !strings.Contains(text, fmt.Sprintf("通道 nats 有 %d 条消息", rows)) ||
		!strings.Contains(text, "2016-12-16 17:00:00") {
		t.Errorf("of %d messages it says %s", rows, text)
	}
}

// A certificate is spoken of before it ends, and when its files cannot take its place.
func TestTheCheckOfCertificates(t *testing.T) {
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	wrong := &refusal.Field{Path: "nats.tls.cert", Rule: "tls.unreadable",
		Args: refusal.Args{"file": "/etc/server.pem", "why": "gone"}}
	for name, c := range map[string]struct {
		from, until time.Duration
		broken      bool
		want        watch.State
	}{
		"a good one":                    {-24 * time.Hour, 15 * 24 * time.Hour, false, ""},
		"one that ends within 14 days":  {-24 * time.Hour, 14*24*time.Hour - time.Second, false, watch.Degraded},
		"one that has ended":            {-24 * time.Hour, 0, false, watch.Failed},
		"one that has not begun":        {time.Hour, 100 * 24 * time.Hour, false, watch.Failed},
		"a good one before broken ones": {-24 * time.Hour, 15 * 24 * time.Hour, true, watch.Degraded},
		"an ended one before them":      {-24 * time.Hour, -time.Hour, true, watch.Failed},
	} {
		s := certs.Status{Files: certs.Files{Setting: "nats.tls", Cert: "/etc/server.pem"}, From: now.Add(c.from),
			Until: now.Add(c.until)}
		if c.broken {
			s.Wrong, s.Since = wrong, now.Add(-time.Hour)
		}
		f := tlsFinding(s, now)
		if f.State != c.want {
			t.Errorf("%s: %s, want %s", name, f.State, c.want)
		}
		if f.Stops || f.Why != nil && strings.ContainsAny(f.Why.Detail("zh-CN")+f.Why.Detail("en"), "{}") {
			t.Errorf("%s: stops %t, %v", name, f.Stops, f.Why)
		}
	}
}
