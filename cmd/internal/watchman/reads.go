package watchman

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
	"qingkong/notify"
)

// checkRecord judges the record; of one that was made to end early it says which ids may be outside and not in it.
func checkRecord(j *journal.Journal) watch.Finding {
	s := j.Status()
	f := recordFinding(s)
	if s.Restored == nil || f.State != watch.Degraded {
		return f
	}
	return watch.Degrade("watch.record_restored",
		refusal.Args{"block": s.Restored.Block, "at": s.Restored.At, "file": journal.RestoredFile, "ids": outsideWords(j)})
}

// outsideWords names the ids that the lost end of the record may have given out.
func outsideWords(j *journal.Journal) refusal.Worded {
	var out *alerts.Outside
	var words []refusal.Worded
	add := func(zh, en string) { words = append(words, refusal.Worded{ZH: zh, EN: en}) }
	err := j.View(func(tx *bbolt.Tx) (err error) {
		if out, err = alerts.OutsideLast(tx); err != nil || out == nil {
			return err
		}
		for _, r := range out.IDs {
			if strings.HasPrefix(r.Name, "W") || strings.HasPrefix(r.Name, "D") {
				add(r.String(), r.String())
			}
		}
		for _, r := range out.Messages {
			add(fmt.Sprintf("%s 的第 %d…%d 次变更", r.Name, r.From, r.To),
				fmt.Sprintf("revisions %d…%d of %s", r.From, r.To, r.Name))
			floor, err := notify.Floor(tx, r.Name)
			if err != nil {
				return err
			}
			if floor > 0 {
				add(fmt.Sprintf("其减排令至第 %d 版", floor), fmt.Sprintf("its orders up to revision %d", floor))
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return refusal.Worded{ZH: err.Error(), EN: err.Error()}
	case out == nil:
		return refusal.Worded{ZH: "（尚未写入记录）", EN: "(not recorded yet)"}
	}
	return joined(words)
}

// joined lists words in both languages.
func joined(words []refusal.Worded) refusal.Worded {
	var zh, en []string
	for _, w := range words {
		zh, en = append(zh, w.ZH), append(en, w.EN)
	}
	return refusal.Worded{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

const (
	expiryNotice  = 14 * 24 * time.Hour // how long before its end a token is named
	expiringNamed = 5
	expiringRead  = 1000
)

// checkCredentials looks whether a token of somebody who may log in ends soon: its program would be shut out.
func checkCredentials(j *journal.Journal) watch.Finding {
	var soon []access.ExpiringToken
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
	var named []refusal.Worded
	for _, t := range soon[:min(len(soon), expiringNamed)] {
		one, at := t.User+" "+t.Token, toSecond(t.At)
		named = append(named, refusal.Worded{ZH: one + "（" + at + "）", EN: one + " (" + at + ")"})
	}
	tokens := joined(named)
	if left := len(soon) - expiringNamed; left > 0 || more {
		count := fmt.Sprint(max(left, 0))
		if more {
			count += "+"
		}
		tokens.ZH, tokens.EN = tokens.ZH+"，另有 "+count+" 个", tokens.EN+", and "+count+" more"
	}
	return watch.Degrade("watch.credentials_expiring", refusal.Args{"tokens": tokens})
}

const (
	outboxSlack   = 2 * time.Minute // how long a message may be due
	outboxCounted = 1000            // rows that are counted when they are late
)

// checkOutbox looks whether what is due goes out by each channel. A channel in trouble may have nothing due, where its
// carrier asks for later again and again.
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

// certSoon is how long before its end a certificate is spoken of.
const certSoon = 14 * 24 * time.Hour
