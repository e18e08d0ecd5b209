package web

import (
	"context"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
)

func (s *Server) accounts(q *request) (any, error) {
	cursor, limit, err := q.page()
	if err != nil {
		return nil, err
	}
	return s.svc.Users(q.query.Get("role"), cursor, limit)
}

func (s *Server) account(q *request) (any, error) { return s.svc.User(q.id()) }

func (s *Server) addAccount(q *request) (any, error) {
	return s.svc.AddAccount(q.Context(), q.who.User, q.key, q.body)
}

func accountPath(answer any) []string { return []string{"accounts", answer.(access.Issued).User} }

func (s *Server) addToken(q *request) (any, error) {
	return s.svc.AddToken(q.Context(), q.who.User, q.key, q.id(), q.orEmpty())
}

func tokensPath(answer any) []string {
	return []string{"accounts", answer.(access.Issued).User, "tokens"}
}

// userAct is an act on the user of the path, of which the body says nothing.
func userAct[T any](act func(s *service.Service, ctx context.Context, actor, key, user string) (T, error)) func(*Server, *request) (any, error) {
	return func(s *Server, q *request) (any, error) {
		if err := refusal.Unmarshal(q.orEmpty(), &struct{}{}); err != nil {
			return nil, err
		}
		return act(s.svc, q.Context(), q.who.User, q.key, q.id())
	}
}

func (s *Server) revokeToken(q *request) (any, error) {
	return s.svc.RevokeToken(q.Context(), q.who.User, q.id(), q.PathValue("token"))
}

func (s *Server) resetFactor(q *request) (any, error) {
	return s.svc.ResetFactor(q.Context(), q.who.User, q.id())
}

func (s *Server) revokeCredentials(q *request) (any, error) {
	return s.svc.RevokeCredentials(q.Context(), q.who.User, q.id())
}
