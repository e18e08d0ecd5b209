// Package watchman says of every part of the program whether it does its work, and has what must look to know that:
// the auditor of the orders, the checks of the record, the look at the disk and at the store of NATS, which it has
// opened anew.
package watchman

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/certs"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/logins"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/stations"
	"qingkong/cmd/internal/watch"
)

// Parts are what is looked at.
type Parts struct {
	Journal  *journal.Journal
	Bus      *bus.Bus
	Room     *DiskWatch
	Auditor  *Auditor
	Dispatch *dispatch.Dispatcher
	Local    []*local.Store
	Checks   *RecordChecks
	Logins   *logins.Log
	Certs    []*certs.Keeper // of the listeners
	Backup   watch.Probe

	Telemetry func() stations.Status // nil where nothing of stations is kept
	Judging   func() judging.Status  // nil where nothing is judged
	Ledger    func() notary.Status
	Log       *slog.Logger

	Besides map[string]watch.Probe // of a test
}

// New watches every part. Each check is one function of this file, or of the file of what it looks at; a new one gets
// its line here, its name in package watch and its words in the catalogue.
func New(p Parts) *watch.Watchman {
	w := watch.New(watch.Options{Log: p.Log})
	for name, probe := range map[string]watch.Probe{
		watch.Writer:   p.checkWriter,
		watch.Follower: func(context.Context) watch.Finding { return followerFinding(p.Journal.Status()) },
		watch.NATS: func(ctx context.Context) watch.Finding {
			if f := storeFinding(p.Bus.StoreBroken()); f.State != "" {
				return f
			}
			if f := natsFinding(p.Bus.Silent(ctx), p.Bus.Embedded()); f.State != "" {
				return f
			}
			users, _ := p.Bus.CutOff()
			if f := cutOffFinding(users); f.State != "" || !p.Bus.Unproven() {
				return f
			}
			return watch.Degrade("watch.nats_unproven", refusal.Args{"setting": "nats.trust_server_users"})
		},
		watch.Leader: func(context.Context) watch.Finding { return leaderFinding(p.Journal.Leadership()) },
		watch.Clock: func(context.Context) watch.Finding {
			now := p.Journal.Moment()
			return clockFinding(now.Wall, now.At)
		},
		watch.Disk:    p.Room.check,
		watch.Vault:   func(context.Context) watch.Finding { return vaultFinding(p.Journal.Status(), time.Now()) },
		watch.Blobs:   func(context.Context) watch.Finding { return blobsFinding(p.Journal.Blobs(), time.Now()) },
		watch.Record:  func(context.Context) watch.Finding { return worse(checkRecord(p.Journal), p.Checks.Finding()) },
		watch.Outbox:  func(context.Context) watch.Finding { return checkOutbox(p.Journal, p.Dispatch.Troubles()) },
		watch.Auditor: func(context.Context) watch.Finding { return auditorFinding(p.Auditor.Finding()) },
		watch.Backup:  p.Backup,
		watch.Local:   func(context.Context) watch.Finding { return checkLocal(p.Local) },
		watch.TLS:     func(context.Context) watch.Finding { return checkTLS(p.Certs) },
		watch.Logins:  func(context.Context) watch.Finding { return loginsFinding(p.Logins.Burst()) },

		watch.Telemetry: func(context.Context) watch.Finding {
			if p.Telemetry == nil {
				return watch.Finding{}
			}
			return telemetryFinding(p.Telemetry(), time.Now())
		},
		watch.Judging: func(context.Context) watch.Finding {
			if p.Judging == nil {
				return watch.Finding{}
			}
			return judgingFinding(p.Judging(), time.Now())
		},
		watch.Ledger: func(context.Context) watch.Finding {
			if p.Ledger == nil {
				return watch.Finding{}
			}
			return ledgerFinding(p.Ledger(), time.Now())
		},
		watch.Credentials: func(context.Context) watch.Finding { return checkCredentials(p.Journal) },
	} {
		w.Watch(name, probe)
	}
	for name, probe := range p.Besides {
		w.Watch(name, probe)
	}
	return w
}

// checkWriter looks whether blocks are written. Among several nodes none is while the shared stream does not answer.
func (p Parts) checkWriter(ctx context.Context) watch.Finding {
	s := p.Journal.Status()
	if f := writerFinding(s); f.State != "" || p.Bus.Embedded() {
		return f
	}
	if err := p.Journal.Reach(ctx); err != nil {
		return watch.Stop("watch.writer_stream", refusal.Args{"why": err})
	}
	return watch.Finding{}
}

// writerStuck is how long one batch may take: a disk that has not taken a block by then takes none.
const writerStuck = 10 * time.Second

// writerFinding judges whether blocks are written.
func writerFinding(s journal.Status) watch.Finding {
	switch {
	case s.Halted != nil:
		return watch.Stop("watch.writer_halted", refusal.Args{"why": s.Halted})
	case s.Paused != nil:
		return watch.Stop("watch.writer_paused",
			refusal.Args{"why": refusal.Worded{ZH: s.Paused.Detail("zh-CN"), EN: s.Paused.Detail("en")}})
	case s.Busy > writerStuck:
		return watch.Stop("watch.writer_stuck", refusal.Args{"for": s.Busy.Round(time.Second)})
	}
	return watch.Finding{}
}

// followerFinding judges whether the stream follows a record that is of this node alone.
func followerFinding(s journal.Status) watch.Finding {
	switch {
	case s.Tail != nil:
		return watch.Fail("watch.follower_stands",
			refusal.Args{"behind": s.Behind, "since": toSecond(s.TailSince), "why": s.Tail})
	case s.Short:
		return watch.Degrade("watch.follower_behind", refusal.Args{"behind": s.Behind})
	}
	return watch.Finding{}
}

// leaderFinding judges whether anybody runs side effects and timers.
func leaderFinding(l journal.Leadership) watch.Finding {
	if !l.None {
		return watch.Finding{}
	}
	why := "-"
	if l.Err != nil {
		why = l.Err.Error()
	}
	return watch.Fail("watch.leader_none", refusal.Args{"since": toSecond(l.Since), "why": why})
}

// auditorFinding judges whether every open order has its next step, and whether somebody looks.
func auditorFinding(f AuditFinding) watch.Finding {
	if f.Why == nil {
		return watch.Finding{}
	}
	return watch.Finding{State: watch.Failed, Why: f.Why}
}

// vaultPatience is how long the vault's other side may be behind before that is said.
const vaultPatience = 15 * time.Second

// vaultFinding judges whether what must be erasable or secret is safe on both sides.
func vaultFinding(s journal.Status, now time.Time) watch.Finding {
	switch v := s.Vault; {
	case v.Lost > 0:
		return watch.Fail("watch.vault_lost", refusal.Args{"count": v.Lost})
	case v.Trouble != nil && now.Sub(v.Since) > vaultPatience:
		return watch.Degrade("watch.vault_behind", refusal.Args{"owed": v.Owed, "since": toSecond(v.Since), "why": v.Trouble})
	}
	return watch.Finding{}
}

// blobsFinding judges whether the content that the record names is there, and what is erased gone.
func blobsFinding(b journal.BlobStatus, now time.Time) watch.Finding {
	switch {
	case b.Missing+b.Damaged > 0:
		return watch.Fail("watch.blobs_bad",
			refusal.Args{"missing": b.Missing, "damaged": b.Damaged, "since": toSecond(b.Since), "first": b.First})
	case b.Trouble != nil && now.Sub(b.TroubleSince) > vaultPatience:
		return watch.Degrade("watch.blobs_trouble",
			refusal.Args{"since": toSecond(b.TroubleSince), "why": refusal.WordsOf(b.Trouble)})
	}
	return watch.Finding{}
}

// worse is the finding that says more of two; the first where both say as much.
func worse(a, b watch.Finding) watch.Finding {
	if b.State == watch.Failed && a.State != watch.Failed || a.State == "" {
		return b
	}
	return a
}

// recordFinding judges whether the record can be held against what was confirmed.
func recordFinding(s journal.Status) watch.Finding {
	switch {
	case s.Halted != nil:
		return watch.Fail("watch.record_halted", refusal.Args{"height": s.Height, "why": s.Halted})
	case s.HeightErr != nil:
		return watch.Degrade("watch.record_height", refusal.Args{"why": s.HeightErr})
	case s.Restored != nil:
		return watch.Degrade("watch.record_restored",
			refusal.Args{"block": s.Restored.Block, "at": s.Restored.At, "file": journal.RestoredFile, "ids": ""})
	}
	return watch.Finding{}
}

// storeFinding judges the store of the embedded server by since when it takes nothing.
func storeFinding(broken time.Time) watch.Finding {
	if broken.IsZero() {
		return watch.Finding{}
	}
	return watch.Fail("watch.nats_store", refusal.Args{"since": toSecond(broken), "room": reopenRoom})
}

// natsFinding judges the connections. Without a vital one nothing goes out; of our own server even another one may not
// fail.
func natsFinding(s *bus.Silence, embedded bool) watch.Finding {
	if s == nil {
		return watch.Finding{}
	}
	why := refusal.Worded{ZH: "连接已断开", EN: "the connection is down"}
	if errors.Is(s.Err, context.DeadlineExceeded) {
		why = refusal.Worded{ZH: "限时内没有应答", EN: "no answer in time"}
	}
	args := refusal.Args{"part": s.Part, "why": why}
	switch {
	case embedded:
		return watch.Fail("watch.nats_inside", args)
	case s.Vital:
		return watch.Fail("watch.nats_outside", args)
	default:
		return watch.Degrade("watch.nats_part", args)
	}
}

// cutOffNamed bounds who is named among those that are cut off.
const cutOffNamed = 5

// cutOffFinding says whom nothing reaches over NATS because of what it sends.
func cutOffFinding(users []string) watch.Finding {
	if len(users) == 0 {
		return watch.Finding{}
	}
	names := strings.Join(users[:min(len(users), cutOffNamed)], ", ")
	if more := len(users) - cutOffNamed; more > 0 {
		names += fmt.Sprintf(" (+%d)", more)
	}
	return watch.Degrade("watch.nats_cut_off", refusal.Args{"users": names})
}

// clockSlack is how far the clock may be behind the record: as much as two machines of one district differ.
const clockSlack = 2 * time.Second

// clockFinding judges the clock by the record's time, which never runs behind it.
func clockFinding(wall, record time.Time) watch.Finding {
	if record.Sub(wall) <= clockSlack {
		return watch.Finding{}
	}
	return watch.Degrade("watch.clock_behind", refusal.Args{"wall": toSecond(wall), "record": toSecond(record)})
}

func toSecond(t time.Time) string { return t.In(alerts.Shanghai()).Format(time.DateTime) }

// checkTLS judges the certificates of all listeners.
func checkTLS(all []*certs.Keeper) (f watch.Finding) {
	for _, k := range all {
		f = worse(f, tlsFinding(k.Status(), time.Now()))
	}
	return f
}

// tlsFinding judges a certificate. One that clients refuse is a failure; what is not ready to take its place, or has
// to be soon, is said in time.
func tlsFinding(s certs.Status, now time.Time) watch.Finding {
	args := refusal.Args{"setting": s.Setting, "file": s.Cert, "until": toSecond(s.Until), "from": toSecond(s.From),
		"days": int(s.Until.Sub(now).Hours() / 24)}
	valid := !now.Before(s.From) && now.Before(s.Until)
	switch {
	case s.Wrong != nil:
		args["setting"], args["since"], args["why"] = s.Wrong.Path, toSecond(s.Since),
			refusal.Worded{ZH: s.Wrong.Message("zh-CN"), EN: s.Wrong.Message("en")}
		if !valid {
			return watch.Fail("watch.tls_kept", args)
		}
		return watch.Degrade("watch.tls_kept", args)
	case !valid:
		return watch.Fail("watch.tls_not_valid", args)
	case s.Until.Sub(now) < certSoon:
		return watch.Degrade("watch.tls_soon", args)
	}
	return watch.Finding{}
}

// loginsFinding judges the failures of the last minutes.
func loginsFinding(w logins.Worst, burst bool) watch.Finding {
	if !burst {
		return watch.Finding{}
	}
	user := w.User
	if user == "" {
		user = "-"
	}
	return watch.Degrade("watch.logins_burst",
		refusal.Args{"count": w.Count, "addresses": w.Addresses, "address": w.Address, "most": w.AddressCount,
			"user": user, "file": logins.FailedFile})
}
