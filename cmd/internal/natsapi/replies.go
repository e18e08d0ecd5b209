package natsapi

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
)

// pendingReply is an act on an order, or an explanation of a finding, that was decided and whose caller waits for it.
type pendingReply struct {
	order         string
	finding, user string // of an explanation, instead of order
	err           error
	reply         func([]byte)
}

// replier answers what the writer has committed. The writer must not wait, and the acts of a block are answered
// together: rendered in one read of the record, and published by one goroutine, since a connection takes one message
// at a time and many publishers would queue for it.
type replier struct {
	svc  *service.Service
	sent *prometheus.CounterVec // by outcome
	mu   sync.Mutex
	next []pendingReply
	more chan struct{}
}

func newReplier(svc *service.Service, sent *prometheus.CounterVec) *replier {
	return &replier{svc: svc, sent: sent, more: make(chan struct{}, 1)}
}

// add never blocks; what waits here is bounded by the journal's queue.
func (r *replier) add(a pendingReply) {
	r.mu.Lock()
	r.next = append(r.next, a)
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *replier) take() []pendingReply {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.next
	r.next = nil
	return batch
}

func (r *replier) run(ctx context.Context) error {
	for {
		select {
		case <-r.more:
		case <-ctx.Done():
			r.answer(r.take())
			return nil
		}
		r.answer(r.take())
	}
}

func (r *replier) answer(batch []pendingReply) {
	if len(batch) == 0 {
		return
	}
	ids := make([]string, len(batch))
	for i := range batch {
		if batch[i].err == nil {
			ids[i] = batch[i].order
		}
	}
	texts, errs := r.svc.OrdersJSON(ids)
	ok := 0
	for i, a := range batch {
		what := "order"
		if a.err == nil && a.finding != "" {
			what = "finding"
			texts[i], errs[i] = r.svc.FindingJSON(a.user, a.finding)
		}
		switch {
		case a.err != nil:
			r.sent.WithLabelValues(outcomeOf(a.err)).Inc()
			a.reply(problem(a.err))
		case errs[i] != nil:
			r.sent.WithLabelValues(outcomeOf(errs[i])).Inc()
			a.reply(problem(errs[i]))
		default:
			ok++
			head := `{"ok":true,"` + what + `":`
			a.reply(append(append(append(make([]byte, 0, len(head)+len(texts[i])+1), head...), texts[i]...), '}'))
		}
	}
	r.sent.WithLabelValues("ok").Add(float64(ok))
}

// outcomeOf is the code of a refusal; what is none is internal.
func outcomeOf(err error) string {
	if code := refusal.CodeOf(err); code != "" {
		return string(code)
	}
	return "internal"
}
