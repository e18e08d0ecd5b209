package servicetest

import (
	"context"
	"encoding/json"
	"fmt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// By asks as a user, under a key.
func By(user, key string) service.Ask {
	a := service.By(user)
	a.Key = key
	return a
}

// Say carries out a call about the thing with that id as a transport does, with the JSON of its body.
func Say[In, Out any](ctx context.Context, s *service.Service, actor, key string, c calls.Of[In, Out], id string,
	body []byte) (out Out, err error) {
	in, err := c.Read(func(string) string { return id }, nil, body)
	if err != nil {
		return out, err
	}
	got, err := s.Do(ctx, c.Call, By(actor, key), in)
	if err != nil {
		return out, err
	}
	return got.(Out), nil
}

// WarningAct does the act on a warning that has that name in its path: approve, lift and their like.
func WarningAct(ctx context.Context, s *service.Service, actor, key, id, act string, body []byte) (*alerts.Warning,
	error) {
	for _, c := range calls.All() {
		if c.Method == "POST" && c.Pattern == "/warnings/{id}/"+act {
			return Say(ctx, s, actor, key, calls.Of[any, *alerts.Warning]{Call: c}, id, body)
		}
	}
	return nil, fmt.Errorf("servicetest: there is no act %s", act)
}

// AnswerOrder answers an order as its recipient.
func AnswerOrder(ctx context.Context, s *service.Service, recipient, key string, in notify.AnswerText) (json.RawMessage,
	error) {
	return s.AnswerOrder(ctx, service.Ask{Who: &access.Principal{User: recipient, Role: calls.Enterprise,
		Recipient: recipient}, Key: key}, in)
}
