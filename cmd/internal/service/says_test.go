package service

import (
	"context"
	"encoding/json"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
)

func by(user, key string) Ask {
	a := By(user)
	a.Key = key
	return a
}

// say carries out a call as a transport does, with the JSON of its body.
func say[In, Out any](ctx context.Context, s *Service, actor, key string, c calls.Of[In, Out], id string,
	body []byte) (out Out, err error) {
	in, err := c.Read(func(string) string { return id }, nil, body)
	if err != nil {
		return out, err
	}
	got, err := s.Do(ctx, c.Call, by(actor, key), in)
	if err != nil {
		return out, err
	}
	return got.(Out), nil
}

// actOn does the act on a warning that has that name in its path.
func actOn(ctx context.Context, s *Service, actor, key, id, act string, body []byte) (*alerts.Warning, error) {
	for _, c := range calls.All() {
		if c.Method == "POST" && c.Pattern == "/warnings/{id}/"+act {
			return say(ctx, s, actor, key, calls.Of[any, *alerts.Warning]{Call: c}, id, body)
		}
	}
	panic("there is no act " + act)
}

func answerOrder(ctx context.Context, s *Service, recipient, key string, in notify.AnswerText) (json.RawMessage,
	error) {
	return s.AnswerOrder(ctx, Ask{Who: &access.Principal{User: recipient, Role: calls.Enterprise, Recipient: recipient},
		Key: key}, in)
}

// amendList amends the list, for who looks at what that changes.
func amendList(ctx context.Context, s *Service, actor, key string, body []byte) (AmendResult, error) {
	in, err := calls.AmendList.Read(nil, nil, body)
	if err != nil {
		return AmendResult{}, err
	}
	return s.AmendList(ctx, by(actor, key), in.(calls.ListAmendment))
}
