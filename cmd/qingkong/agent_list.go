package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
)

// listRow is a kept event as --list --json shows it.
type listRow struct {
	ID             string       `json:"id"`
	Level          string       `json:"level"`
	Event          string       `json:"event"`
	Drill          bool         `json:"drill"`
	ReceivedAt     time.Time    `json:"received_at"`
	AcknowledgedAt *time.Time   `json:"acknowledged_at"`
	Answers        []*answerRow `json:"answers"`
	Run            *runState    `json:"run"`

	Receipts *receiptsState `json:"receipts"`
}

// listAgent shows what a folder holds. It changes nothing and takes no lock: the agent may be running there.
func listAgent(dir, lang string, asJSON bool, out, log io.Writer) error {
	if _, err := os.Stat(dir); err != nil {
		return unusable(dir, err)
	}
	s := newStore(dir, "")
	err := s.load(func(file string, why error) {
		fmt.Fprintln(log, oneLine(refusal.Text("agent.damaged", lang, refusal.Args{"file": file, "why": why})))
	})
	if err != nil {
		return err
	}
	list := make([]listRow, 0, len(s.entries))
	for _, e := range s.entries {
		l := listRow{ID: e.order.ID, Level: string(e.order.Level), Event: e.head.Event,
			Drill: e.order.Drill, ReceivedAt: e.head.ReceivedAt, Answers: []*answerRow{}}
		if p := e.progress; p != nil {
			l.Answers, l.Run, l.Receipts = append(l.Answers, p.Answers...), p.Run, p.Receipts
			if row := p.answer(notify.Acknowledge); row != nil && row.State == stateSent {
				l.AcknowledgedAt = &row.SettledAt
			}
		}
		list = append(list, l)
	}
	if asJSON {
		return printJSON(out, map[string]any{"orders": list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, refusal.Text("agent.list_empty", lang, refusal.Args{"dir": dir}))
		return err
	}
	return printAgentList(out, lang, list)
}

func printAgentList(out io.Writer, lang string, list []listRow) error {
	t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "编号 id\t级别 level\t事件 event\t收到 received\t签收 receipt\t命令 command\t确认 acknowledged\t回执 receipts")
	for _, l := range list {
		event := terms.Name(terms.OrderEvent, l.Event, lang)
		if l.Drill {
			event = refusal.Text("agent.drill", lang, nil) + event
		}
		p := progress{Answers: l.Answers}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(l.ID), oneLine(terms.Name(terms.Level, l.Level, lang)),
			oneLine(event), listTime(l.ReceivedAt),
			p.answer(notify.Receive).words(lang), l.Run.words(lang), p.answer(notify.Acknowledge).words(lang),
			l.Receipts.words(lang))
	}
	return t.Flush()
}

// words say when an answer was sent, or why there is no such time.
func (r *answerRow) words(lang string) string {
	switch {
	case r == nil:
		return "-"
	case r.State == stateSent:
		return listTime(r.SettledAt)
	case r.State == stateRefused && r.Error != nil:
		return refusal.Text("agent.state."+r.State, lang, nil) + " " + string(r.Error.Code)
	}
	return refusal.Text("agent.state."+r.State, lang, nil)
}

func (r *runState) words(lang string) string {
	switch {
	case r == nil:
		return "-"
	case r.State == stateDone:
		return listTime(r.EndedAt)
	case r.Attempts > 0:
		return refusal.Text("agent.run_tried", lang, refusal.Args{"count": r.Attempts})
	}
	return refusal.Text("agent.state."+r.State, lang, nil)
}

// words say when receipts were kept, or why there are none newer.
func (r *receiptsState) words(lang string) string {
	switch {
	case r == nil:
		return "-"
	case r.State == stateKept:
		return listTime(r.At)
	case r.Error != nil:
		return refusal.Text("agent.state."+stateRefused, lang, nil) + " " + string(r.Error.Code)
	}
	return refusal.Text("agent.receipts_false", lang, nil)
}

func listTime(t time.Time) string { return t.In(alerts.Shanghai()).Format("2006-01-02 15:04:05") }
