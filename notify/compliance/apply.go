package compliance

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/notify/compliance/judge"
)

// Topic is the outbox topic of findings. A message id is the finding's id, a slash and what happened: "found", "violated",
// "cleared", "accepted" or "rejected".
const Topic = "finding"

// Apply writes what ev says. The result depends on nothing but the state and its arguments.
func Apply(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case *Judged:
		return applyJudged(tx, fx, at, ev)
	case *Explained:
		return changeFinding(tx, at, ev.Finding, func(f *Finding) {
			e := ev.Explanation
			e.At = at
			f.Explanations = append(f.Explanations, e)
		})
	case *Decided:
		return applyDecided(tx, fx, at, actor, ev)
	case *ValueAccepted:
		return applyValue(tx, ev)
	case *HourSummed:
		return put(tx, hoursBucket, hourKey(ev.Hour), ev)
	case *EvidenceAdded:
		e := &Evidence{Hash: ev.Hash, Size: ev.Size, Type: ev.Type, Recipient: ev.Recipient, At: at, By: actor,
			PhotoRef: ev.PhotoRef}
		if err := put(tx, evidenceBucket, e.key(), e); err != nil {
			return err
		}
		return countFile(tx, actor, ev.Size, at)
	case *TaskOpened:
		return applyTaskOpened(tx, at, actor, ev)
	case *TaskChanged:
		return applyTaskChanged(tx, at, actor, ev)
	case *InspectorRecused:
		return applyRecused(tx, at, actor, ev)
	}
	return fmt.Errorf("compliance: unknown event %T", ev)
}

// take changes the case as an event does.
func (c *Case) take(ev *Judged) {
	c.Order, c.Final = ev.Order, ev.Final
	c.Verdict, c.Worst, c.Failed = ev.Verdict, ev.Worst, ev.Failed
	for _, m := range ev.Monitors {
		if was := c.monitor(m.Key); was != nil {
			m.Explained = was.Explained
			*was = m
		} else {
			c.Monitors = append(c.Monitors, m)
		}
	}
}

// sum is what the monitors show together: the worst of them.
func (c *Case) sum(final bool) (verdict, worst judge.Verdict, failed int) {
	for i := range c.Monitors {
		m := &c.Monitors[i]
		verdict, worst, failed = max(verdict, m.Verdict), max(worst, m.Worst), failed+m.Failed
	}
	if final {
		verdict = worst
	}
	return verdict, worst, failed
}

func applyJudged(tx *bbolt.Tx, fx Effects, at time.Time, ev *Judged) error {
	c, err := GetCase(tx, ev.Warning, ev.Recipient)
	if err != nil {
		return err
	}
	c.take(ev)
	for i := range ev.Findings {
		f := ev.Findings[i]
		if err := f.applyTo(tx, fx, at, c); err != nil {
			return err
		}
	}
	if err := put(tx, casesBucket, caseKey(ev.Warning, ev.Recipient), c); err != nil {
		return err
	}
	if ev.Final {
		err = closeCase(tx, c)
	} else {
		err = tx.Bucket(runningBucket).Put(caseKey(ev.Warning, ev.Recipient), nil)
	}
	if err != nil {
		return err
	}
	return notify.SetVerdict(tx, fx, ev.Order, ev.Verdict.String())
}

// closeCase is that a case was judged for good: its findings stand, and nobody looks at them again unless an explanation
// of one waits, or is accepted.
func closeCase(tx *bbolt.Tx, c *Case) error {
	prefix := []byte(findingPrefix(c.Warning, c.Recipient))
	var open []string
	cur := tx.Bucket(openBucket).Cursor()
	for k, _ := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
		open = append(open, string(k))
	}
	for _, id := range open {
		f, err := GetFinding(tx, id)
		if err != nil {
			return err
		}
		f.Ended = true
		if err := f.store(tx); err != nil {
			return err
		}
	}
	return tx.Bucket(runningBucket).Delete(caseKey(c.Warning, c.Recipient))
}

func isRunning(tx *bbolt.Tx, c *Case) bool {
	k, _ := tx.Bucket(runningBucket).Cursor().Seek(caseKey(c.Warning, c.Recipient))
	return bytes.Equal(k, caseKey(c.Warning, c.Recipient))
}

// applyTo stores a finding as it is from now on, and has the enterprise told where that is news.
func (f *Finding) applyTo(tx *bbolt.Tx, fx Effects, at time.Time, c *Case) error {
	var was Finding
	known, err := get(tx, findingsBucket, []byte(f.ID), &was)
	if err != nil {
		return err
	}
	f.OpenedAt, f.ChangedAt, f.ToldAt, f.Explanations, f.Ended = was.OpenedAt, at, was.ToldAt, was.Explanations, was.Ended
	if !known {
		f.OpenedAt = at
		c.Findings++
		if err := tx.Bucket(ofBucket).Put(ofKey(f.Recipient, f.ID), nil); err != nil {
			return err
		}
	}
	if f.Cleared {
		f.Hours = was.Hours
	}
	switch suspicious := f.Verdict >= judge.Suspected; {
	case suspicious && f.Cleared:
		fx.SendBy(channel.NATS, Topic, f.ID+"/cleared", at)
	case suspicious && f.ToldAt.IsZero():
		f.ToldAt = at
		fx.SendBy(channel.NATS, Topic, f.ID+"/found", at)
	case f.Verdict == judge.Violated && was.Verdict != judge.Violated:
		fx.SendBy(channel.NATS, Topic, f.ID+"/violated", at)
	}
	return f.store(tx)
}

func (f *Finding) store(tx *bbolt.Tx) error {
	key := []byte(f.ID)
	if err := put(tx, findingsBucket, key, f); err != nil {
		return err
	}
	if f.Cleared || f.Ended && !f.Waits() {
		return tx.Bucket(openBucket).Delete(key)
	}
	return tx.Bucket(openBucket).Put(key, nil)
}

func changeFinding(tx *bbolt.Tx, at time.Time, id string, f func(*Finding)) error {
	was, err := GetFinding(tx, id)
	if err != nil {
		return err
	}
	f(was)
	was.ChangedAt = at
	return was.store(tx)
}

func applyDecided(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev *Decided) error {
	f, err := GetFinding(tx, ev.Finding)
	if err != nil {
		return err
	}
	e := f.latest()
	if e == nil {
		return fmt.Errorf("compliance: finding %s has no explanation to decide on", ev.Finding)
	}
	e.Decision, e.DecidedAt, e.DecidedBy, e.ReasonRef, e.Hours = ev.Decision, at, actor, ev.ReasonRef, ev.Hours
	f.ChangedAt = at
	if err := f.store(tx); err != nil {
		return err
	}
	event := "rejected"
	if ev.Decision == Accept {
		event = "accepted"
		if err := explainHours(tx, f, ev.Hours); err != nil {
			return err
		}
		if err := tx.Bucket(runningBucket).Put(caseKey(f.Warning, f.Recipient), nil); err != nil { // it is judged again
			return err
		}
	}
	fx.SendBy(channel.NATS, Topic, fmt.Sprintf("%s/%s", f.ID, event), at)
	return nil
}

// explainHours has the hours of an accepted explanation count as tagged.
func explainHours(tx *bbolt.Tx, f *Finding, hours []time.Time) error {
	return changeCase(tx, f.Warning, f.Recipient, func(c *Case) {
		m := c.monitor(f.Key)
		if m == nil {
			return
		}
		for _, h := range hours {
			if !slices.ContainsFunc(m.Explained, h.Equal) {
				m.Explained = append(m.Explained, h)
			}
		}
		slices.SortFunc(m.Explained, time.Time.Compare)
	})
}

func applyValue(tx *bbolt.Tx, ev *ValueAccepted) error {
	f, err := GetFinding(tx, ev.Finding)
	if err != nil {
		return err
	}
	return changeCase(tx, f.Warning, f.Recipient, func(c *Case) {
		c.Accepted = slices.DeleteFunc(c.Accepted, func(v AcceptedValue) bool {
			return v.Key == ev.Value.Key && v.At.Equal(ev.Value.At)
		})
		c.Accepted = append(c.Accepted, ev.Value)
	})
}

func changeCase(tx *bbolt.Tx, warning, recipient string, f func(*Case)) error {
	c, err := GetCase(tx, warning, recipient)
	if err != nil {
		return err
	}
	f(c)
	return put(tx, casesBucket, caseKey(warning, recipient), c)
}
