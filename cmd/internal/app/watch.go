package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// newWatchman watches every part that a.journal, a.bus and a.room have. Each check is one function of this file, or of the
// file of what it looks at; a new one gets its line here, its name in package watch and its words in the catalogue.
func (a *App) newWatchman() *watch.Watchman {
	w := watch.New(watch.Options{Log: a.log})
	for name, probe := range map[string]watch.Probe{
		watch.Writer:   func(ctx context.Context) watch.Finding { return a.checkWriter(ctx) },
		watch.Follower: func(context.Context) watch.Finding { return followerFinding(a.journal.Status()) },
		watch.NATS: func(ctx context.Context) watch.Finding {
			if f := storeFinding(a.bus.StoreBroken()); f.State != "" {
				return f
			}
			if f := natsFinding(a.bus.Silent(ctx), a.bus.Embedded()); f.State != "" {
				return f
			}
			users, _ := a.bus.CutOff()
			if f := cutOffFinding(users); f.State != "" || !a.bus.Unproven() {
				return f
			}
			return watch.Degrade("watch.nats_unproven", refusal.Args{"setting": "nats.trust_server_users"})
		},
		watch.Leader: func(context.Context) watch.Finding { return leaderFinding(a.journal.Leadership()) },
		watch.Clock: func(context.Context) watch.Finding {
			now := a.journal.Moment()
			return clockFinding(now.Wall, now.At)
		},
		watch.Disk:    a.room.check,
		watch.Vault:   func(context.Context) watch.Finding { return vaultFinding(a.journal.Status(), time.Now()) },
		watch.Record:  func(ctx context.Context) watch.Finding { return worse(a.checkRecord(ctx), a.checks.finding()) },
		watch.Outbox:  func(context.Context) watch.Finding { return checkOutbox(a.journal, a.dispatch.Troubles()) },
		watch.Auditor: func(context.Context) watch.Finding { return auditorFinding(a.auditor.finding()) },
		watch.Backup:  a.backups.check,
		watch.TLS:     a.checkTLS,
		watch.Logins:  func(context.Context) watch.Finding { return loginsFinding(a.logins.Burst()) },

		watch.Credentials: func(context.Context) watch.Finding { return checkCredentials(a.journal) },
	} {
		w.Watch(name, probe)
	}
	for name, probe := range a.opt.probes {
		w.Watch(name, probe)
	}
	return w
}

// checkWriter looks whether blocks are written. Among several nodes none is while the shared stream does not answer.
func (a *App) checkWriter(ctx context.Context) watch.Finding {
	s := a.journal.Status()
	if f := writerFinding(s); f.State != "" || a.bus.Embedded() {
		return f
	}
	if err := a.journal.Reach(ctx); err != nil {
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
		return watch.Stop("watch.writer_paused", refusal.Args{"why": refusal.Worded{ZH: s.Paused.Detail("zh-CN"), EN: s.Paused.Detail("en")}})
	case s.Busy > writerStuck:
		return watch.Stop("watch.writer_stuck", refusal.Args{"for": s.Busy.Round(time.Second)})
	}
	return watch.Finding{}
}

// followerFinding judges whether the stream follows a record that is of this node alone.
func followerFinding(s journal.Status) watch.Finding {
	switch {
	case s.Tail != nil:
		return watch.Fail("watch.follower_stands", refusal.Args{"behind": s.Behind, "since": toSecond(s.TailSince), "why": s.Tail})
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
func auditorFinding(f auditFinding) watch.Finding {
	if !f.Failed {
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
		return watch.Degrade("watch.record_restored", refusal.Args{"block": s.Restored.Block, "at": s.Restored.At, "file": journal.RestoredFile, "ids": ""})
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

// natsFinding judges the connections. Without a vital one nothing goes out; of our own server even another one may not fail.
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

const (
	expiryNotice  = 14 * 24 * time.Hour // how long before its end a token is named
	expiringNamed = 5
	expiringRead  = 1000
)

// checkCredentials looks whether a token of somebody who may log in ends soon: its program would be shut out.
func checkCredentials(j *journal.Journal) watch.Finding {
	var soon []access.Expiring
	var more bool
	until := j.Wall().Add(expiryNotice)
	err := j.View(func(tx *bbolt.Tx) (err error) {
		soon, more, err = access.ExpiringTokens(tx, until, expiringRead)
		return err
	})
	switch {
	case err != nil:
		return watch.Fail("watch.unreadable", refusal.Args{"why": err})
	case len(soon) == 0:
		return watch.Finding{}
	}
	var tokens refusal.Worded
	for i, t := range soon[:min(len(soon), expiringNamed)] {
		if i > 0 {
			tokens.ZH, tokens.EN = tokens.ZH+"、", tokens.EN+", "
		}
		one := t.User + " " + t.Token
		tokens.ZH, tokens.EN = tokens.ZH+one+"（"+toSecond(t.At)+"）", tokens.EN+one+" ("+toSecond(t.At)+")"
	}
	if left := len(soon) - expiringNamed; left > 0 || more {
		count := strconv.Itoa(max(left, 0))
		if more {
			count += "+"
		}
		tokens.ZH, tokens.EN = tokens.ZH+"，另有 "+count+" 个", tokens.EN+", and "+count+" more"
	}
	return watch.Degrade("watch.credentials_expiring", refusal.Args{"tokens": tokens})
}

func toSecond(t time.Time) string { return t.In(alerts.Shanghai()).Format(time.DateTime) }

const (
	outboxSlack   = 2 * time.Minute // how long a message may be due
	outboxCounted = 1000            // rows that are counted when they are late
)

// checkOutbox looks whether what is due goes out by each channel. A channel in trouble may have nothing due, where its carrier
// asks for later again and again.
func checkOutbox(j *journal.Journal, troubles []dispatch.Trouble) (f watch.Finding) {
	now := j.Now()
	err := j.View(func(tx *bbolt.Tx) error {
		channels := journal.OutboxChannels(tx)
		var late []string
		var oldest time.Time
		count, more := 0, ""
		for _, by := range channels {
			first := journal.OldestMessage(tx, by)
			if now.Sub(first) <= outboxSlack {
				continue
			}
			rows, next := journal.DueOutbox(tx, by, now, outboxCounted)
			if !next.IsZero() && !next.After(now) {
				more = "+"
			}
			if late, count = append(late, by), count+len(rows); oldest.IsZero() || first.Before(oldest) {
				oldest = first
			}
		}
		if len(late) > 0 {
			f = watch.Fail("watch.outbox_late", refusal.Args{"channel": strings.Join(late, ", "),
				"count": strconv.Itoa(count) + more, "due": toSecond(oldest)})
			return nil
		}
		for _, t := range troubles {
			if now.Sub(t.Since) > outboxSlack && slices.Contains(channels, t.Channel) {
				var why any = t.Why
				if t.Why == "" {
					why = refusal.Words("watch.channel_mute", nil)
				}
				f = watch.Fail("watch.channel_trouble", refusal.Args{"channel": t.Channel, "since": toSecond(t.Since), "why": why})
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return watch.Fail("watch.unreadable", refusal.Args{"why": err})
	}
	return f
}
