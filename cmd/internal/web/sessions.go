package web

import (
	"context"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/valid"
	"qingkong/cmd/internal/web/session"
)

// By what a caller is known.
const (
	byToken   = "token"
	bySession = "session"
)

// person is a user as it sees itself.
type person struct {
	User      string      `json:"user"`
	Role      access.Role `json:"role"`
	Name      string      `json:"name"`
	Town      string      `json:"town"`
	Recipient string      `json:"recipient"`
	By        string      `json:"by,omitempty"`         // of GET /me
	ExpiresAt *time.Time  `json:"expires_at,omitempty"` // of a new session
}

func personOf(p *access.Principal) person {
	return person{User: p.User, Role: p.Role, Name: p.Name, Town: p.Town, Recipient: p.Recipient}
}

// me says whom the token or the session belongs to.
func (s *Server) me(q *request) (any, error) {
	p := personOf(q.who)
	p.By = q.by
	return p, nil
}

// loginInput is the body of POST /session.
type loginInput struct {
	User     string `json:"user" validate:"required"`
	Password string `json:"password" validate:"required"`
}

// login begins a session; its cookie goes with the answer.
func (s *Server) login(q *request) (any, error) {
	in, err := valid.Read[loginInput](q.body)
	if err != nil {
		return nil, err
	}
	until := s.svc.J.Now().Add(session.Lifetime)
	who, err := s.sessions.Login(q.w, q.Request, in.User, in.Password)
	if err != nil {
		return nil, err
	}
	p := personOf(who)
	p.ExpiresAt = &until
	return p, nil
}

// logout ends the session that the request came with; without one there is nothing to end.
func (s *Server) logout(q *request) (any, error) {
	s.sessions.Logout(q.w, q.Request)
	return nil, nil
}

// passwordChange is the body of POST /me/password.
type passwordChange struct {
	Current  string `json:"current" validate:"required"`
	Password string `json:"password" validate:"required"`
}

// changePassword puts a password of the caller's own choosing in the place of the one in force.
func (s *Server) changePassword(q *request) (any, error) {
	in, err := valid.Read[passwordChange](q.body)
	if err != nil {
		return nil, err
	}
	return nil, s.sessions.ChangePassword(q.w, q.Request, q.who.User, func(ctx context.Context) (*access.Principal, error) {
		return s.svc.ChangePassword(ctx, q.who.User, in.Current, in.Password)
	})
}

// ownSessions are the caller's sessions, whether it comes with one or with a token.
func (s *Server) ownSessions(q *request) (any, error) {
	all, err := s.sessions.Own(q.Request, q.who.User)
	page := alerts.Page[access.Session]{Items: []access.Session{}, Total: len(all)}
	for _, one := range all {
		one.BegunAt, one.SeenAt = one.BegunAt.In(alerts.Shanghai()), one.SeenAt.In(alerts.Shanghai())
		page.Items = append(page.Items, one)
	}
	return page, err
}

func (s *Server) endSession(q *request) (any, error) {
	found, err := s.sessions.End(q.Request, q.who.User, q.id())
	if err == nil && !found {
		err = refusal.New(refusal.NotFound, "session.none", nil)
	}
	return nil, err
}

func (s *Server) endSessions(q *request) (any, error) {
	return nil, s.sessions.EndAll(q.w, q.Request, q.who.User)
}

// factor is the caller's second factor.
func (s *Server) factor(q *request) (any, error) { return s.svc.Factor(q.who.User) }

func (s *Server) newFactor(q *request) (any, error) { return s.svc.NewFactor(q.who.User) }

// enrolFactor gives the caller a second factor. Wrong passwords count as those of a login do.
func (s *Server) enrolFactor(q *request) (any, error) {
	in, err := valid.Read[access.Enrolment](q.body)
	if err != nil {
		return nil, err
	}
	err = s.sessions.Confirm(q.w, q.Request, q.who.User, func(ctx context.Context) (*access.Principal, error) {
		return s.svc.EnrolFactor(ctx, q.who.User, in)
	})
	if err != nil {
		return nil, err
	}
	return s.svc.Factor(q.who.User)
}
