package service

import (
	"context"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// gate stands before the acts of the two-person rule.
type gate struct {
	required bool // who approves has a factor, or does not approve
}

// passes decides on the code that came with an act: what the act has to say of its actor, and what is recorded beside
// it.
func (g gate) passes(tx *bbolt.Tx, actor string, approves bool, proof journal.Proof, at time.Time) (*alerts.SecretSeen,
	[]journal.Event, error) {
	proven, used, err := access.Prove(tx, actor, proof)
	if err != nil {
		return nil, nil, err
	}
	if approves && !proven && !proof.Preview { // what a preview is of asks for it when it is carried out
		has, err := access.HasFactor(tx, actor)
		switch {
		case err != nil:
			return nil, nil, err
		case has:
			return nil, nil, refusal.Wrong("otp", "access.otp_wanted", nil)
		case g.required:
			return nil, nil, refusal.New(refusal.Forbidden, "access.factor_wanted", refusal.Args{"user": actor})
		}
	}
	s, err := access.Sighted(tx, actor, proven, at)
	if err != nil || s == nil {
		return nil, used, err
	}
	return &alerts.SecretSeen{By: s.By, At: s.At, How: s.How}, used, nil
}

// behind registers a command that is decided behind the gate.
func behind[P, R any](g gate, r *journal.Registry, kind string, approves bool,
	decide func(tx *bbolt.Tx, actor string, in P, seen *alerts.SecretSeen, now journal.Moment) ([]journal.Event, R,
		error)) {
	journal.HandleProven(r, kind, func(tx *bbolt.Tx, actor string, in P, proof journal.Proof,
		now journal.Moment) ([]journal.Event, R, error) {
		seen, used, err := g.passes(tx, actor, approves, proof, now.At)
		if err != nil {
			var none R
			return nil, none, err
		}
		events, result, err := decide(tx, actor, in, seen, now)
		if err != nil || len(events) == 0 {
			return nil, result, err
		}
		return append(events, used...), result, nil
	})
}

// warned is behind for an act on a warning; see byWall.
func warned[P any](g gate, r *journal.Registry, e alerts.Engine, kind string, approves bool,
	decide func(alerts.Engine, *bbolt.Tx, string, P, time.Time) ([]journal.Event, *alerts.Warning, error)) {
	behind(g, r, kind, approves, func(tx *bbolt.Tx, actor string, in P, seen *alerts.SecretSeen,
		now journal.Moment) ([]journal.Event, *alerts.Warning, error) {
		e := e
		e.At, e.SecretSeen = now.At, seen
		return decide(e, tx, actor, in, now.Wall)
	})
}

// registerPersons registers the acts on lists that take two persons.
func registerPersons(r *journal.Registry, g gate) {
	onList(g, r, cmdListBegin, false, reductionlist.DecideBegin,
		func(in *reductionlist.Begin, seen *alerts.SecretSeen) { in.SecretSeen = seen })
	onList(g, r, cmdListApprove, true, reductionlist.DecideApprove,
		func(in *reductionlist.Approve, seen *alerts.SecretSeen) { in.SecretSeen = seen })
	onList(g, r, cmdListActivate, false, reductionlist.DecideActivate,
		func(in *reductionlist.Activate, seen *alerts.SecretSeen) { in.SecretSeen = seen })
}

// onList is behind for an act on a list, into which say puts what it has to say of its actor.
func onList[P any](g gate, r *journal.Registry, kind string, approves bool,
	decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, reductionlist.Version, error),
	say func(in *P, seen *alerts.SecretSeen)) {
	behind(g, r, kind, approves, func(tx *bbolt.Tx, actor string, in P, seen *alerts.SecretSeen,
		now journal.Moment) ([]journal.Event, reductionlist.Version, error) {
		say(&in, seen)
		return decide(tx, actor, in, now.At)
	})
}

// proven submits a command with the code that came with it; empty is none. A command that has its answer under its key
// takes no code.
func proven[R any](ctx context.Context, s *Service, cmd journal.Command, otp string) (R, error) {
	if otp != "" {
		got, seen, err := s.J.Answered(cmd)
		if r, ok := got.(R); ok && seen || err != nil {
			return r, err
		}
		if cmd.Proof, err = s.Codes.Proof(cmd.Actor, "otp", otp); err != nil {
			var none R
			return none, err
		}
	}
	return journal.Do[R](ctx, s.J, cmd)
}

// Acting is what a user's next act in the two-person rule has to say, for who is about to do it: without a code, and
// with one. Factor reports whether the user has a factor to make a code with.
func (s *Service) Acting(user string) (without, with *calls.Sight, factor bool, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		now := s.J.Now()
		if without, err = access.Sighted(tx, user, false, now); err != nil {
			return err
		}
		if with, err = access.Sighted(tx, user, true, now); err != nil {
			return err
		}
		factor, err = access.HasFactor(tx, user)
		return err
	})
	return without, with, factor, err
}

var _ = bind(calls.NewFactor, (*Service).NewFactor)

// NewFactor makes a secret for the user's authenticator. It counts once it is enrolled.
func (s *Service) NewFactor(_ context.Context, a Ask, _ calls.None) (calls.FactorDraft, error) {
	return s.FactorDraft(a.Who.User, "")
}

// FactorDraft is NewFactor for a secret that was made before; empty, or where it is none, makes one.
func (s *Service) FactorDraft(user, secret string) (calls.FactorDraft, error) {
	secret, uri, err := access.FactorDraft(strings.TrimSpace("晴空 "+s.Publishing.District), user, secret)
	return calls.FactorDraft{Secret: secret, URI: uri}, err
}

// EnrolFactor gives a user a factor; nil for a wrong current password.
func (s *Service) EnrolFactor(ctx context.Context, user string, in calls.Enrolment) (*access.Principal, error) {
	return s.Codes.Enrol(ctx, s.Passwords, user, in)
}

var _ = bind(calls.Factor, (*Service).Factor)

// Factor is the user's factor as its owner sees it.
func (s *Service) Factor(_ context.Context, a Ask, _ calls.None) (calls.FactorState, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (calls.FactorState, error) {
		return access.FactorOf(tx, a.Who.User, s.FactorRequired)
	})
}

var _ = bind(calls.ResetFactor, (*Service).ResetFactor)

// ResetFactor ends a user's factor, for one whose authenticator is lost.
func (s *Service) ResetFactor(ctx context.Context, a Ask, in calls.ByID) (*calls.User, error) {
	return s.changed(ctx, in.ID, a.command(access.CommandResetFactor, access.ResetFactor{User: in.ID}))
}
