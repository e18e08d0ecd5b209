package notify

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// An order's own title and text say what was ordered and never change. When the order ends, its recipient is told so in
// words of their own. Orders that end together have the same words, which are recorded once and begin with each
// recipient's name.

// ReleaseKind is why an order ended.
type ReleaseKind string

// The kinds of releases.
const (
	ReleaseLifted       ReleaseKind = "lifted"        // the warning was lifted, or its end was reached
	ReleaseCancelled    ReleaseKind = "cancelled"     // the warning is void
	ReleaseExempted     ReleaseKind = "exempted"      // the recipient's objection was accepted
	ReleaseLevelChanged ReleaseKind = "level_changed" // at the warning's new level the recipient has nothing to do
	ReleaseListChanged  ReleaseKind = "list_changed"  // in a newer version of the list it has nothing to do
)

// ReleaseWords are what recipients are told. Text follows the recipient's name. From At on the order no longer binds.
type ReleaseWords struct {
	Kind  ReleaseKind `json:"kind"`
	Title string      `json:"title"`
	Text  string      `json:"text"`
	At    time.Time   `json:"at"`
}

// releaseRow is what the state keeps of it. Reason is one that everybody may hear; one that is about a single recipient
// is in the vault.
type releaseRow struct {
	ReleaseWords
	Reason    string `json:"reason,omitempty"`
	ReasonRef string `json:"reason_ref,omitempty"`
}

// ReleaseWorded gives the releases of a warning that name N their words. Seq is the round that they belong to, 0 for
// none. Reason is that of the warning's change or end.
type ReleaseWorded struct {
	Warning string `json:"warning"`
	Seq     int    `json:"seq,omitempty"`
	N       int    `json:"n"`
	ReleaseWords
	Reason string `json:"reason,omitempty"`
}

// Kind implements Event.
func (*ReleaseWorded) Kind() string { return kindReleaseWorded }

// words are those of a round whose orders end for a kind, from a time on.
func (p *Round) words(kind ReleaseKind, at time.Time) ReleaseWords {
	w := ReleaseWords{Kind: kind, At: at}
	what, order := "重污染天气"+alerts.LevelName(p.Level, "zh-CN")+"预警", "应急减排令"
	if p.Level == "advisory" {
		what, order = advisoryName, "管控要求告知"
	}
	document := documentNote(p.DocumentNo)
	from := "自" + since(at) + "起"
	switch kind {
	case ReleaseLifted:
		w.Title = what + "解除通知"
		w.Text = what + document + from + "解除，应急响应同时终止。你单位收到的" + order + "自该时起不再执行，可以恢复正常生产。"
	case ReleaseCancelled:
		w.Title = what + "撤销通知"
		w.Text = what + document + "系错误发布，现予撤销。你单位收到的" + order + "作废，无须执行；已经执行的，可以恢复正常生产。"
		if p.StartsAt.After(at) {
			w.Text = what + document + "在开始前已经撤销。你单位收到的" + order + "作废，无须执行；已经提前减排的，可以恢复正常生产。"
		}
	case ReleaseLevelChanged:
		w.Title = "应急减排令终止通知（预警级别调整）"
		level := "级别已调整为" + alerts.LevelName(p.Level, "zh-CN")
		if p.Level == "advisory" {
			level = "已调整为" + advisoryName
		}
		w.Text = "重污染天气预警" + level + document + "。按应急减排清单，你单位此时没有应急减排措施，原减排令" + from +
			"不再执行，可以恢复正常生产。级别再次提高的，将另行下达减排令。"
	case ReleaseListChanged:
		w.Title = "应急减排令终止通知（清单更新）"
		w.Text = "应急减排清单已更新，按新版清单（" + p.ListVersion + "），你单位在" + what + "期间没有应急减排措施。原减排令" + from +
			"不再执行，可以恢复正常生产。"
	}
	w.drill(p.Drill)
	return w
}

// exemption words what an accepted objection grants, from a time on and until another one where there is an end.
func exemption(at time.Time, until *time.Time, drill bool) *ReleaseWords {
	w := &ReleaseWords{Kind: ReleaseExempted, At: at, Title: "应急减排令豁免通知"}
	w.Text = "经核实你单位提出的异议，同意豁免：自" + since(at) + "起至"
	if until != nil {
		w.Text += endText(*until) + "止，你单位无须执行减排令所列措施。豁免期满而应急响应未终止的，将另行下达减排令。"
	} else {
		w.Text += "本次应急响应终止，你单位无须执行减排令所列措施；预警级别调整的，以新下达的减排令为准。"
	}
	w.drill(drill)
	return w
}

// drill marks the words of a drill.
func (w *ReleaseWords) drill(is bool) {
	if is {
		w.Title, w.Text = drillMark+w.Title, "本次为演练。\n"+w.Text
	}
}

// ReleaseView is the release of an order as others read it. At is in Shanghai; the reason is empty where there is none,
// where it was erased, and for whoever may not read it.
type ReleaseView struct {
	Kind   ReleaseKind `json:"kind"`
	Title  string      `json:"title"`
	Text   string      `json:"text"`
	Reason string      `json:"reason"`
	At     time.Time   `json:"at"`
}

func (v *ReleaseView) appendJSON(b []byte) []byte {
	b = appendMember(b, `{"kind":`, string(v.Kind))
	b = appendMember(b, `,"title":`, v.Title)
	b = appendMember(b, `,"text":`, v.Text)
	b = appendMember(b, `,"reason":`, v.Reason)
	return append(appendTime(append(b, `,"at":`...), v.At), '}')
}

// release are the words of the order's latest release; nil where it has none.
func (o *Order) release(tx *bbolt.Tx, vault Vault) (*ReleaseView, error) {
	if o.words == 0 {
		return nil, nil
	}
	row := tx.Bucket(releasesBucket).Get(releaseKey(o.WarningID, int(o.words)))
	if row == nil {
		return nil, fmt.Errorf("notify: order %s: no release %d of its warning", o.ID, o.words)
	}
	var w releaseRow
	if err := json.Unmarshal(row, &w); err != nil {
		return nil, fmt.Errorf("notify: release of order %s: %w", o.ID, err)
	}
	if w.ReasonRef != "" {
		w.Reason = vault.Note.text(w.ReasonRef)
	}
	return &ReleaseView{Kind: w.Kind, Title: w.Title, Text: o.RecipientName + "：\n" + w.Text, Reason: w.Reason,
		At: w.At.In(alerts.Shanghai())}, nil
}

// nextRelease is the number of the next words of a warning's releases.
func nextRelease(tx *bbolt.Tx, warning string) int {
	return int(lastNumber(tx, releasesBucket, warning)) + 1
}

func releaseKey(warning string, n int) []byte {
	// #nosec G115 -- counted from 1 in steps of 1
	return binary.BigEndian.AppendUint32(append([]byte(warning), 0), uint32(n))
}

func (w releaseRow) store(tx *bbolt.Tx, warning string, n int) error {
	return putJSON(tx, releasesBucket, releaseKey(warning, n), w)
}

func applyReleaseWorded(tx *bbolt.Tx, ev *ReleaseWorded) error {
	if next := nextRelease(tx, ev.Warning); ev.N != next {
		return fmt.Errorf("notify: release %d of %s is worded where %d is next", ev.N, ev.Warning, next)
	}
	if err := (releaseRow{ReleaseWords: ev.ReleaseWords, Reason: ev.Reason}).store(tx, ev.Warning, ev.N); err != nil ||
		ev.Seq == 0 {
		return err
	}
	p, err := GetRound(tx, ev.Warning)
	if err != nil || p == nil || p.Seq != ev.Seq {
		return err
	}
	p.Words = ev.N
	return p.store(tx)
}
