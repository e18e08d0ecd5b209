package service

import (
	"context"
	"fmt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
)

// Ask is who asks for a call, and how. The call's input says what for.
type Ask struct {
	Who  *access.Principal // nil for anybody, who gets what is public
	Key  string            // under which a repeat takes effect once; empty for none
	Seen string            // what a preview's digest said; the act is refused where it would lead to something else
	Call string            // as the interface names it, for the record of who read personal data
	Lang string            // of what is worded: zh-CN or en
	Base string            // the address that was asked, like https://qk.example.org
}

// By asks as a part of the program itself, or of a test, whose name the record then has.
func By(user string) Ask { return Ask{Who: &access.Principal{User: user}} }

// command begins a command of who asks.
func (a Ask) command(kind string, payload any) journal.Command {
	return journal.Command{Kind: kind, Actor: a.Who.User, Key: a.Key, Seen: a.Seen, Payload: payload}
}

type carrier = func(s *Service, ctx context.Context, a Ask, in any) (any, error)

// carriers carry out the calls that are bound here.
var carriers = map[*calls.Call]carrier{}

// bind binds a call to the method that carries it out. It stands beside the method.
func bind[In, Out any](c calls.Of[In, Out], do func(*Service, context.Context, Ask, In) (Out, error)) (bound struct{}) {
	if carriers[c.Call] != nil {
		panic("service: bound twice: " + c.Name())
	}
	carriers[c.Call] = func(s *Service, ctx context.Context, a Ask, in any) (any, error) { return do(s, ctx, a, in.(In)) }
	return bound
}

// Bound reports whether a call is carried out here.
func Bound(c *calls.Call) bool { return carriers[c] != nil }

// Do carries out a call with an input of its type.
func (s *Service) Do(ctx context.Context, c *calls.Call, a Ask, in any) (any, error) {
	do := carriers[c]
	if do == nil {
		return nil, fmt.Errorf("service: nothing carries out %s", c.Name())
	}
	return do(s, ctx, a, in)
}

// named puts what the path names into the input of a domain package, and refuses another in its place.
func named(path string, in *string, id string) error {
	if *in != "" && *in != id {
		return refusal.Wrong(path, "http.not_as_path", refusal.Args{"path": id, "body": *in})
	}
	*in = id
	return nil
}
