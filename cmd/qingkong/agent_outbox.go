package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
)

// letter is an answer that is to be sent.
type letter struct {
	entry *entry
	row   *answerRow
	first bool // a repeat is neither shown nor kept
}

// waiting are the answers to be sent, as they were decided.
func (s *store) waiting() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []letter
	for e := range s.shown() {
		for _, row := range e.progress.Answers {
			if row.State == stateWaiting || row.again {
				list = append(list, letter{e, row, row.State == stateWaiting})
			}
		}
	}
	slices.SortFunc(list, func(a, b letter) int { return cmp.Compare(a.row.Seq, b.row.Seq) })
	return list
}

// repeat says whether an answer is to be sent once more.
func (s *store) repeat(row *answerRow, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row.again = again
}

// deliver empties the outbox whenever something was put into it or the connection is back, until ctx ends.
func (a *agent) deliver(ctx context.Context) {
	var again <-chan time.Time
	for wait := retryFirst; ; {
		select {
		case <-ctx.Done():
			return
		case <-a.due:
			wait = retryFirst
		case <-again:
			wait = min(2*wait, retryMax)
		}
		again = nil
		if !a.deliverOnce(ctx) {
			again = time.After(wait)
		}
	}
}

// deliverOnce sends each answer that waits and reports whether all were settled. Where the coordinator cannot be
// reached or wants to be left in peace it stops; an order that the coordinator stumbles over holds back itself alone.
func (a *agent) deliverOnce(ctx context.Context) bool {
	stuck := map[string]bool{}
	for _, l := range a.store.waiting() {
		order := l.entry.prefix + l.entry.order.ID
		if stuck[order] {
			continue
		}
		a.store.repeat(l.row, false) // what comes from here on is a further repeat
		answer := map[string]string{"order_id": l.entry.order.ID, "action": string(l.row.Action)}
		r, err := a.askOnce(ctx, l.entry.prefix+"answer."+a.recipient, answer)
		switch {
		case err == nil && r.OK:
			a.settle(l, nil)
			continue
		case err == nil && r.Error != nil && !r.Error.passing():
			a.settle(l, r.Error)
			continue
		}
		if !l.first {
			a.store.repeat(l.row, true)
		}
		if err != nil || r.Error != nil && (r.Error.Code == refusal.NotReady || r.Error.Code == refusal.RateLimited) {
			return false
		}
		stuck[order] = true
	}
	return len(stuck) == 0
}

// settle keeps the outcome of an answer, and says it once. A refusal stays: the same answer is not sent again by
// itself, only a receipt when the event comes again.
func (a *agent) settle(l letter, refused *replyError) {
	line := answerLine{Event: "answered", OrderID: l.entry.order.ID, Action: l.row.Action, OK: refused == nil,
		Error: refused}
	state, rule := stateSent, "agent.answered"
	if refused != nil {
		state, rule, line.Event = stateRefused, "agent.answer_refused", "refused"
	}
	if l.first || l.row.State != state {
		a.change(l.entry, func(*progress) {
			l.row.State, l.row.SettledAt, l.row.Error = state, time.Now(), refused
			l.entry.askAt = time.Now().Add(spread(a.receipts.after))
		})
		wake(a.answered)
	}
	if l.first {
		a.print(line, func() string {
			return refusal.Text(rule, a.lang, refusal.Args{"id": line.OrderID, "why": refused,
				"action": terms.Name(terms.OrderAct, string(line.Action), a.lang)})
		})
	}
}

// change keeps the progress of an event. An act whose progress cannot be kept is still done: after a restart it may be
// done again, which is better than not at all.
func (a *agent) change(e *entry, alter func(*progress)) {
	if err := a.store.change(e, alter); err != nil {
		a.status("agent.progress_not_kept", refusal.Args{"id": e.order.ID, "why": err})
	}
}

type answerLine struct {
	Event   string        `json:"event"`
	OrderID string        `json:"order_id"`
	Action  notify.Action `json:"action"`
	OK      bool          `json:"ok"`
	Error   *replyError   `json:"error,omitempty"`
}
