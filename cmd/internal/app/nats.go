package app

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/bus"
)

// actTimeout bounds how long a request over NATS waits for its answer.
const actTimeout = 30 * time.Second

// serveNATS answers logins and the requests of contract.md §4.
func (a *App) serveNATS() error {
	err := a.bus.ServeAuth(func(ctx context.Context, user, secret string) (*bus.Identity, error) {
		p, err := a.svc.Login(ctx, user, secret)
		if refusal.CodeOf(err) == refusal.RateLimited { // not looked at: the client asks again
			err = bus.ErrNotReady
		}
		if p == nil || err != nil {
			return nil, err
		}
		return &bus.Identity{User: p.User, Role: string(p.Role), Recipient: p.Recipient, MNs: p.MNs}, nil
	})
	if err != nil && !errors.Is(err, bus.ErrNoCallout) {
		return err
	}
	for _, drill := range []bool{false, true} {
		root := "qingkong."
		if drill {
			root = "qingkong.drill."
		}
		if err := a.serveRecipients(root, drill); err != nil {
			return err
		}
		if err := a.serveForecasts(root, drill); err != nil {
			return err
		}
	}
	// What was measured is no drill.
	_, err = a.bus.HandleShared("qingkong.observation.*", a.feeds(access.ActObservationsCreate),
		func(place, user string, data []byte, reply func([]byte)) {
			go a.act(reply, func(ctx context.Context) (any, error) { return a.svc.ObservationFrom(ctx, user, place, data) })
		})
	return err
}

func (a *App) serveRecipients(root string, drill bool) error {
	replies := newReplier(a.svc, a.answers)
	a.background(root+"replies", replies.run)
	_, err := a.bus.Handle(root+"answer.*", func(user string, data []byte, reply func([]byte)) {
		a.svc.Answer(user, drill, data, func(orderID string, err error) { replies.add(answered{orderID, err, reply}) })
	})
	if err != nil {
		return err
	}
	_, err = a.bus.Handle(root+"pending.*", func(user string, _ []byte, reply func([]byte)) {
		go func() {
			text, err := a.svc.Pending(user, drill)
			if err != nil {
				text = problem(err)
			}
			reply(text)
		}()
	})
	return err
}

func (a *App) serveForecasts(root string, drill bool) error {
	_, err := a.bus.HandleShared(root+"forecast.*", a.feeds(access.ActForecastsCreate),
		func(place, user string, data []byte, reply func([]byte)) {
			go a.act(reply, func(ctx context.Context) (any, error) { return a.svc.ForecastFrom(ctx, user, place, drill, data) })
		})
	return err
}

// feeds says whose inbox an answer about an act may go to.
func (a *App) feeds(act string) func(user string) bool {
	return func(user string) bool { return a.svc.May(user, act) }
}

// act answers a request with what do returns, as HTTP would.
func (a *App) act(reply func([]byte), do func(ctx context.Context) (any, error)) {
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

// problem is an error as contract.md §4 answers it: {"error":{"code","message","errors"}}. What is no refusal is
// for the log alone.
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
