package web

import (
	"context"
	"net/http"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/web/share"
)

// caller is who makes a request, as far as its token or session says so.
type caller struct {
	who *access.Principal // nil for nobody known
	by  string            // byToken or bySession
	err error             // why a token could not be checked, or is not good
}

type callerKey struct{}

// caller finds out who makes a request. The header Authorization decides alone: where it is wrong, a session does not
// help. A session is not used by it: whoever watches readiness would keep it for ever.
func (s *Server) caller(r *http.Request) *caller {
	if c, ok := r.Context().Value(callerKey{}).(*caller); ok {
		return c
	}
	c := &caller{by: byToken}
	if token := bearer(r); token != "" {
		c.who, c.err = s.svc.Authenticate(token)
	} else if r.Header.Get("Authorization") == "" {
		c.who, c.by = s.sessions.Still(r), bySession
	}
	return c
}

// Paths that have a share of their own for who is not signed in: whatever else comes from an address, somebody there
// can sign in, and what watches the program can ask how it is.
var (
	probePaths  = []string{"/healthz", "/readyz", "/metrics"}
	signInPaths = []string{calls.Prefix + "/session"}
)

// sharer is whose share a request is counted to: its user, whatever token or session it has; for who is not known the
// address that it comes from. A user's name holds no space, so that no address is anybody's name.
func (s *Server) sharer(r *http.Request, c *caller) string {
	switch {
	case within(probePaths, r.URL.Path):
		if near(r) { // what comes through a proxy that is not named in the settings has the same address
			return "watching this machine"
		}
		return "watching " + s.sessions.Address(r)
	case c.who != nil:
		return c.who.User
	case s.signsIn(r):
		return s.sessions.Share(r)
	}
	return "address " + s.sessions.Address(r)
}

// within says whether a path is one of some, or below one that ends in a slash.
func within(paths []string, path string) bool {
	for _, p := range paths {
		if p == path || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// inShare counts a request to its caller's share, or refuses it. The request that it returns knows its caller.
func (s *Server) inShare(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	c := s.caller(r)
	err := s.shares.Call(w.Header(), s.sharer(r, c))
	if err != nil && c.who == nil && s.signsIn(r) {
		s.sessions.Queue(w, r)
	}
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, c)), err
}

// signsIn says whether a request is part of signing in.
func (s *Server) signsIn(r *http.Request) bool {
	return within(signInPaths, r.URL.Path) || within(s.signIn, r.URL.Path)
}

// begin begins the work of a call, or refuses it for what its caller did before or has in work. done ends it. A body is
// not read before, and a stream has a bound of its own.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, route route, who *access.Principal) (done func(),
	err error) {
	if who == nil || route.Media == calls.EventsMedia {
		return func() {}, nil
	}
	if route.grows() {
		if err := s.shares.Write(w.Header(), who.User); err != nil {
			return nil, err
		}
	}
	if route.Piece {
		return s.shares.Piece(r.Context(), w.Header(), who.User)
	}
	if route.Upload {
		return s.shares.Upload(r.Context(), w.Header(), who.User)
	}
	return s.shares.Work(r.Context(), w.Header(), who.User)
}

// grows says whether a call makes the record larger and may be asked to come later.
func (r route) grows() bool { return r.Method != http.MethodGet && !r.Spared }

// Shares are what one caller may ask for, here and of pages that are mounted.
func (s *Server) Shares() *share.Shares { return s.shares }

// refuse answers what goes beyond a share, in the form of the area that the request is for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	_, pattern := s.areas.Handler(r)
	if a, ok := s.mounted[pattern]; ok && a.Refuse != nil {
		w.Header().Set("Content-Security-Policy", a.Policy)
		a.Refuse(w, r, err)
		return
	}
	s.problem(w, r, err)
}
