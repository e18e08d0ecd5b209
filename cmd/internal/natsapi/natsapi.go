// Package natsapi is what NATS subjects do (contract.md §4): logins, answers, what is pending, forecasts and
// observations, beside HTTP's in package web.
package natsapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/fair"
)

// actTimeout bounds how long a request over NATS waits for its answer.
const actTimeout = 30 * time.Second

// Server answers over a bus.
type Server struct {
	Bus     *bus.Bus
	Service *service.Service
	Answers *prometheus.CounterVec // of recipients' acts, by outcome
	Log     *slog.Logger

	Stations Stations // nil where no frames are taken

	Background func(name string, do func(ctx context.Context) error) // runs what goes on until the program ends
}

// Serve answers logins and requests from now on.
func (s *Server) Serve() error {
	err := s.Bus.ServeAuth(func(_ context.Context, user, secret string) (*bus.Identity, error) {
		p, own, err := s.Service.Login(user, secret)
		switch {
		case err != nil:
			return nil, err
		case p == nil && own:
			return nil, bus.Denied("its password was chosen by its owner and serves in the browser alone: log in with a token, or have the account's credentials renewed")
		case p == nil:
			return nil, nil
		}
		id := &bus.Identity{User: p.User, Role: string(p.Role), Recipient: p.Recipient, Expires: p.Expires}
		if id.Recipient != "" {
			if id.MNs, err = s.Service.ReportsFor(id.Recipient); err != nil {
				return nil, err
			}
		}
		return id, nil
	})
	if err != nil && !errors.Is(err, bus.ErrNoCallout) {
		return err
	}
	for _, drill := range []bool{false, true} {
		root := "qingkong."
		if drill {
			root = "qingkong.drill."
		}
		if err := s.serveRecipients(root, drill); err != nil {
			return err
		}
		if err := s.serveForecasts(root, drill); err != nil {
			return err
		}
	}
	// There are no measurements of a drill.
	if err := s.serveTelemetry(); err != nil {
		return err
	}
	return s.Bus.HandleShared("qingkong.observation.*", feederBounds,
		func(place, user string, data []byte, reply func([]byte)) {
			go act(reply, func(ctx context.Context) (any, error) {
				if err := s.mayFeed(user, calls.ActObservationsCreate); err != nil {
					return nil, err
				}
				r, err := s.Service.ObservationFrom(ctx, service.By(user), place, calls.Document{Text: data})
				return r.InBoth(), err
			})
		})
}

// How much of each inbound subject may wait and be in work. Answers are handed to the journal's queue, which holds more
// than the window: what is beyond waits here, each user in its turn. One request for what is pending is in work for a
// recipient, and answers all that have come until it begins, four at most: each is worth a read of all its orders.
var (
	answerBounds  = fair.Bounds{Waiting: 64, Bytes: 4 << 20, InWork: 64, Window: 2048}
	pendingBounds = fair.Bounds{Waiting: 4, Bytes: 1 << 20, InWork: 1, Window: 16, Merge: true}
	receiptBounds = fair.Bounds{Waiting: 4, Bytes: 64 << 10, InWork: 1, Window: 256}
	feederBounds  = fair.Bounds{Waiting: 64, Bytes: 8 << 20, InWork: 1, Window: 8}
)

// consumersEvery is how often the consumers of the streams' readers are looked at.
const consumersEvery = time.Minute

// KeepConsumers deletes consumers that may not be, until ctx ends.
func (s *Server) KeepConsumers(ctx context.Context) error {
	tick := time.NewTicker(consumersEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if s.Service.J.Halted() != nil { // who has which role is not known for sure
			continue
		}
		if _, err := s.Bus.Sweep(ctx, s.Service.HasRole); err != nil && ctx.Err() == nil {
			s.Log.Warn("the consumers of the streams could not be looked at; it is tried again", "err", err)
		}
	}
}

// mayFeed refuses a sender that may not. Where the server has users of its own, the server's permissions decide.
func (s *Server) mayFeed(user, act string) error {
	if strings.Contains(user, ":") || s.Service.May(user, act) {
		return nil
	}
	return refusal.New(refusal.Forbidden, "http.role", nil)
}

func (s *Server) serveRecipients(root string, drill bool) error {
	replies := newReplier(s.Service, s.Answers)
	s.Background(root+"replies", replies.run)
	err := s.Bus.Handle(root+"answer.*", answerBounds, func(user string, data []byte, reply func([]byte)) {
		if calls.Explains(data) {
			s.Service.ExplainBy(user, drill, data, func(finding string, err error) {
				replies.add(pendingReply{finding: finding, user: user, err: err, reply: reply})
			})
			return
		}
		s.Service.Answer(user, drill, data, func(orderID string, err error) {
			replies.add(pendingReply{order: orderID, err: err, reply: reply})
		})
	})
	if err != nil {
		return err
	}
	err = s.Bus.Handle(root+"pending.*", pendingBounds, func(user string, _ []byte, reply func([]byte)) {
		go func() {
			text, err := s.Service.Pending(user, drill)
			if err != nil {
				text = problem(err)
			}
			reply(text)
		}()
	})
	if err != nil {
		return err
	}
	return s.serveReceipts(root, drill)
}

func (s *Server) serveForecasts(root string, drill bool) error {
	return s.Bus.HandleShared(root+"forecast.*", feederBounds, func(place, user string, data []byte, reply func([]byte)) {
		go act(reply, func(ctx context.Context) (any, error) {
			if err := s.mayFeed(user, calls.ActForecastsCreate); err != nil {
				return nil, err
			}
			return s.Service.ForecastFrom(ctx, service.By(user), place, drill, calls.Document{Text: data})
		})
	})
}

// act answers a request with what do returns, as HTTP would.
func act(reply func([]byte), do func(ctx context.Context) (any, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	result, err := do(ctx)
	if err != nil {
		reply(problem(err))
		return
	}
	text, err := json.Marshal(result)
	if err != nil {
		text = problem(err)
	}
	reply(text)
}

// TooMany is what a user is told whose messages come faster than its share.
func TooMany() []byte { return problem(refusal.New(refusal.RateLimited, "nats.too_many", nil)) }

// problem is an error as contract.md §4 answers it: {"error":{"code","message","errors"}}. Only the log hears of an
// error that is no refusal.
func problem(err error) []byte {
	type field struct {
		Path    string `json:"path"`
		Rule    string `json:"rule"`
		Message string `json:"message"`
	}
	var body struct {
		Error struct {
			Code    string  `json:"code"`
			Message string  `json:"message"`
			State   string  `json:"state,omitempty"`
			Errors  []field `json:"errors"`
		} `json:"error"`
	}
	var e *refusal.Error
	if !errors.As(err, &e) {
		e = refusal.New(refusal.NotReady, "internal", nil)
	}
	body.Error.Code, body.Error.Message, body.Error.State = string(e.Code), e.Detail("zh-CN")+" / "+e.Detail("en"), e.State
	body.Error.Errors = []field{}
	for _, f := range e.Fields {
		body.Error.Errors = append(body.Error.Errors, field{f.Path, f.Rule, f.Message("zh-CN") + " / " + f.Message("en")})
	}
	text, err := json.Marshal(body)
	if err != nil {
		return []byte(`{"error":{"code":"not_ready","message":"internal"}}`)
	}
	return text
}
