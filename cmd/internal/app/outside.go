package app

import (
	"context"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
	"qingkong/notify"
)

// checkRecord judges the record; of one that was made to end early it says which ids may be outside and not in it.
func (a *App) checkRecord(context.Context) watch.Finding {
	s := a.journal.Status()
	f := recordFinding(s)
	if s.Restored == nil || f.State != watch.Degraded {
		return f
	}
	return watch.Degrade("watch.record_restored", refusal.Args{"block": s.Restored.Block, "at": s.Restored.At, "file": journal.RestoredFile, "ids": outsideWords(a.journal)})
}

// outsideWords names the ids that the lost end of the record may have given out.
func outsideWords(j *journal.Journal) refusal.Worded {
	var out *alerts.Outside
	var zh, en []string
	err := j.View(func(tx *bbolt.Tx) (err error) {
		if out, err = alerts.OutsideLast(tx); err != nil || out == nil {
			return err
		}
		for _, r := range out.IDs {
			if strings.HasPrefix(r.Name, "W") || strings.HasPrefix(r.Name, "D") {
				zh, en = append(zh, r.String()), append(en, r.String())
			}
		}
		for _, r := range out.Messages {
			zh = append(zh, fmt.Sprintf("%s 的第 %d…%d 次变更", r.Name, r.From, r.To))
			en = append(en, fmt.Sprintf("revisions %d…%d of %s", r.From, r.To, r.Name))
			floor, err := notify.Floor(tx, r.Name)
			if err != nil {
				return err
			}
			if floor > 0 {
				zh = append(zh, fmt.Sprintf("其减排令至第 %d 版", floor))
				en = append(en, fmt.Sprintf("its orders up to revision %d", floor))
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
	return refusal.Worded{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}
