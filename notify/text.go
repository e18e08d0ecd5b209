package notify

import (
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// writer words the orders of one round. The parts that are the same in all of them are worded once.
type writer struct {
	round *Round
	issue Issued // the common fields
	head  string // after the recipient's name
	until string // after the head, for a recipient that has an order already
	tail  string // after the measures
	buf   []byte
}

// Basis of an order under a warning: article 96 lets the government order stops and limits while one is in
// force. An advisory has no such power behind it and asks.
const (
	warningBasis  = "《中华人民共和国大气污染防治法》第九十六条"
	advisoryBasis = "应对污染天气工作要求"
)

const (
	advisoryName = "应对污染天气管控要求"
	drillMark    = "【演练】"
)

// documentNote names the document that a warning rests on; empty for none.
func documentNote(no string) string {
	if no == "" {
		return ""
	}
	return "（" + no + "）"
}

// causeNotes say why one order is revised by itself.
var causeNotes = map[Cause]string{
	CausePlan:          "你单位本次响应期的运行方案已经接受，原减排令的用量调整如下。\n",
	CauseAmended:       "经核实你单位提出的异议，原减排令调整如下。\n",
	CauseList:          "应急减排清单已更新，你单位的措施按新版清单调整如下。\n",
	CauseDecisionEnded: "对你单位异议的处理决定已到期，恢复执行清单所列措施。\n",
}

// newWriter returns the writer of a round's orders, or of one order that is revised by itself for a cause.
func newWriter(p *Round, cause Cause) *writer {
	w := &writer{round: p, issue: Issued{ContactRef: p.ContactRef, OrderHead: OrderHead{
		WarningID: p.Warning, Level: p.Level, DocumentNo: p.DocumentNo,
		IssuedAt: p.At, EffectiveFrom: p.StartsAt, EndsAt: p.EndsAt, AcknowledgeBy: p.AcknowledgeBy,
		ListVersion: p.ListVersion, ListHash: p.ListHash, Drill: p.Drill, Cause: cause,
	}}}
	mark, note := "", ""
	if p.Drill {
		mark, note = drillMark, "本次为演练，请按演练方案响应，不实际停产限产。\n"
	}
	note += causeNotes[cause]
	document := documentNote(p.DocumentNo)
	advisory := p.Level == "advisory"
	basis, window := warningBasis, window(p)
	if advisory {
		basis = advisoryBasis
		w.issue.Title = mark + advisoryName + "告知"
		w.head = "：\n" + note + "为落实" + basis + document + "，" + window + "，请你单位采取下列减排措施，予以配合：\n"
	} else {
		w.issue.Title = mark + "重污染天气" + alerts.LevelName(p.Level, "zh-CN") + "预警应急减排令"
		w.head = "：\n" + note + "依据" + basis + document + "，现启动重污染天气" + alerts.LevelName(p.Level, "zh-CN") +
			"预警应急响应，" + window + "。你单位应当执行下列应急减排措施：\n"
	}
	if p.Until != "" {
		w.until = "在此之前继续执行" + alerts.LevelName(p.Until, "zh-CN") + "措施。\n"
	}
	w.issue.LegalBasis = basis
	w.tail = "请于" + endText(p.AcknowledgeBy) + "前确认。"
	if !advisory {
		w.tail += "不能执行的，请在同一期限内说明理由。"
	}
	return w
}

// window words when the measures apply.
func window(p *Round) string {
	s := "自" + since(p.StartsAt) + "起"
	if p.EndsAt != nil {
		return s + "至" + endText(*p.EndsAt) + "止"
	}
	return s + "，解除时间另行通知"
}

// since words a beginning in Shanghai; midnight is 0时 of the day that begins.
func since(t time.Time) string {
	t = t.In(alerts.Shanghai())
	return hourOf(t, t.Hour())
}

// endText words an end in Shanghai; midnight is 24时 of the day that ends.
func endText(t time.Time) string {
	t = t.In(alerts.Shanghai())
	if t.Hour() == 0 && t.Minute() == 0 {
		return hourOf(t.AddDate(0, 0, -1), 24)
	}
	return hourOf(t, t.Hour())
}

func hourOf(t time.Time, h int) string {
	s := strconv.Itoa(t.Year()) + "年" + strconv.Itoa(int(t.Month())) + "月" + strconv.Itoa(t.Day()) + "日" +
		strconv.Itoa(h) + "时"
	if m := t.Minute(); m != 0 {
		s += strconv.Itoa(m) + "分"
	}
	return s
}

// lines words what is to be done, one measure to a line: device, act, amount and deadline as the data have them, by
// which the measure is judged, and the list's text as the detail.
func lines(measures []reductionlist.Measure) string {
	var b strings.Builder
	for i := range measures {
		m := &measures[i]
		b.WriteString(strconv.Itoa(i+1) + ". ")
		if m.Unit != "" {
			b.WriteString(m.Unit + "：")
		}
		if ordered := orderedWords(m); len(ordered) > 0 {
			b.WriteString(strings.Join(ordered, "，") + "。")
		}
		b.WriteString(m.Text + "\n")
	}
	return b.String()
}

// orderedWords are the act, the amount and the deadline of a measure, those that it has. 其他 is no act.
func orderedWords(m *reductionlist.Measure) (parts []string) {
	if m.Action != reductionlist.OtherAction && m.Action != "" {
		parts = append(parts, m.Action.Label())
	}
	switch q := m.Quantity; {
	// a stop of all is a stop, not at most all
	case q == nil, m.Action == reductionlist.Stop && q.Unit == "%" && q.Value == 100:
	case q.Kind == reductionlist.AtMost && q.Value == 0:
		parts = append(parts, "降至"+reductionlist.AmountWords(q.Value, q.Unit))
	default:
		parts = append(parts, reductionlist.KindWords.Word(q.Kind)+reductionlist.AmountWords(q.Value, q.Unit))
	}
	if m.CompleteWithinH > 0 {
		parts = append(parts, reductionlist.Shown(m.CompleteWithinH, "h")+"小时内完成")
	}
	return parts
}

// Demand words what a measure asks for, as an order's text does: device, act, amount and deadline. A measure that says no
// more than its text has that.
func Demand(m *reductionlist.Measure) string {
	demand := strings.Join(orderedWords(m), "，")
	if demand == "" {
		demand = m.Text
	}
	if m.Unit != "" {
		demand = m.Unit + "：" + demand
	}
	return demand
}

// order words one recipient's order; last is its latest one under this warning, or nil.
func (w *writer) order(t *target, last *Order) *Issued {
	ev := new(Issued)
	*ev = w.issue
	ev.Revision = w.round.floor + 1
	if last != nil {
		ev.Revision = max(w.round.floor, last.Revision) + 1
		ev.Supersedes = &last.ID
	}
	ev.ID = orderID(ev.WarningID, t.ID, ev.Revision)
	ev.RecipientID, ev.RecipientName, ev.Town, ev.Sector, ev.Grade = t.ID, t.Name, t.Town, t.Sector, string(t.Grade)
	ev.Measures, ev.digest = t.measures, t.digest
	b := append(w.buf[:0], t.Name...)
	b = append(b, w.head...)
	if last != nil {
		b = append(b, w.until...)
	}
	b = append(b, t.lines...)
	b = append(b, w.tail...)
	ev.Text, w.buf = string(b), b
	return ev
}

// size is an upper bound of the length of the body, apart from characters of names and numbers that JSON escapes.
// Escapes are counted only in the text, which is long and has a line break at each measure.
func (ev *Issued) size() int {
	return 900 + len(ev.ID) + len(ev.RecipientID) + len(ev.RecipientName) + len(ev.Town) + len(ev.Title) + len(ev.Text) +
		escapes(ev.Text) + len(ev.LegalBasis) + len(ev.DocumentNo) + len(ev.ListHash) + len(ev.Plan) + len(ev.Measures)
}
