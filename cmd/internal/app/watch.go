package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// newWatchman watches every part that a.journal, a.bus and a.room have. Each check is one function of this file, or of the
// file of what it looks at; a new one gets its line here, its name in package watch and its words in the catalogue.
func (a *App) newWatchman() *watch.Watchman {
	w := watch.New(watch.Options{Log: a.log})
	for name, probe := range map[string]watch.Probe{
		watch.Writer: func(context.Context) watch.Finding { return writerFinding(a.journal.Halted()) },
		// follower
		watch.NATS: func(ctx context.Context) watch.Finding { return natsFinding(a.bus.Silent(ctx), a.bus.Embedded()) },
		// leader
		watch.Clock: func(context.Context) watch.Finding { return clockFinding(time.Now(), a.journal.Now()) },
		watch.Disk:  a.room.check,
		// vault, record
		watch.Outbox: func(context.Context) watch.Finding { return checkOutbox(a.journal) },
		// auditor
	} {
		w.Watch(name, probe)
	}
	for name, probe := range a.opt.probes {
		w.Watch(name, probe)
	}
	return w
}

// writerFinding judges whether blocks are written; halted is why not.
func writerFinding(halted error) watch.Finding {
	if halted != nil {
		return watch.Stop("watch.writer_halted", refusal.Args{"why": halted})
	}
	return watch.Finding{}
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

const (
	outboxSlack   = 2 * time.Minute // how long a message may be due
	outboxCounted = 1000            // rows that are counted when they are late
)

// checkOutbox looks whether what is due goes out.
func checkOutbox(j *journal.Journal) (f watch.Finding) {
	now := j.Now()
	err := j.View(func(tx *bbolt.Tx) error {
		_, first := journal.DueOutbox(tx, now, 0) // of no rows the next is the first
		if first.IsZero() || now.Sub(first) <= outboxSlack {
			return nil
		}
		rows, more := journal.DueOutbox(tx, now, outboxCounted)
		count := strconv.Itoa(len(rows))
		if !more.IsZero() && !more.After(now) {
			count += "+"
		}
		f = watch.Fail("watch.outbox_late", refusal.Args{"count": count, "due": toSecond(first)})
		return nil
	})
	if err != nil {
		return watch.Fail("watch.unreadable", refusal.Args{"why": err})
	}
	return f
}
