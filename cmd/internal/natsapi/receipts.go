package natsapi

import (
	"context"
	"encoding/json"

	"qingkong/alerts/refusal"
)

// mostReceipts is how many requests for receipts are in work at once on a subject. They wait for others that gather, and
// for a checkpoint; whoever comes beyond them is told at once to ask again later, so that nothing is made for somebody
// who waits no longer.
const mostReceipts = 32

// serveReceipts answers recipients what GET /orders/{id}/receipts does. It has a queue of its own, so that it holds back
// neither answers nor what is pending.
func (s *Server) serveReceipts(root string, drill bool) error {
	places := make(chan struct{}, mostReceipts)
	return s.Bus.Handle(root+"receipts.*", receiptBounds, func(user string, data []byte, reply func([]byte)) {
		select {
		case places <- struct{}{}:
		default:
			reply(problem(refusal.New(refusal.RateLimited, "nats.receipts_busy", nil)))
			return
		}
		go func() {
			text := s.receipts(user, drill, data)
			<-places
			reply(text)
		}()
	})
}

// receipts is the answer to a request. One that no message can hold is refused as too_large.
func (s *Server) receipts(user string, drill bool, data []byte) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	r, err := s.Service.ReceiptsFor(ctx, user, drill, data)
	if err != nil {
		return problem(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return problem(err)
	}
	return bounded(text, s.Bus.MaxAnswer())
}

// bounded is a text, or the refusal of one that is larger than a message may be.
func bounded(text []byte, limit int64) []byte {
	if int64(len(text)) <= limit {
		return text
	}
	return problem(refusal.New(refusal.TooLarge, "nats.receipts_too_large",
		refusal.Args{"size": len(text), "limit": limit}))
}
