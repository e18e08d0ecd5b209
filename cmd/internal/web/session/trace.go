package session

import (
	"net/http"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/logins"
)

// try is what the trace says of a request before its outcome is known.
func (s *Sessions) try(r *http.Request, what logins.Act, user string, d *device) logins.Try {
	t := logins.Try{Act: what, Way: logins.Desk, User: user, Address: s.proxies.address(r)}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		t.Way = logins.HTTP
	}
	if d != nil {
		t.Device = d.ID
	}
	return t
}

// note leaves the trace of a password that was tried. A refusal of anything but the password is none: a new password
// that is too easy was no try.
func (s *Sessions) note(t logins.Try, who *access.Principal, err error) {
	switch {
	case refusal.CodeOf(err) == refusal.RateLimited:
		t.Outcome = logins.Busy
	case err != nil && t.Act == logins.Password:
		return
	case err != nil:
		t.Outcome = logins.Unanswered
	case who == nil:
		t.Outcome = logins.Wrong
	default:
		t.Outcome = logins.Done
	}
	s.logins.Note(t)
}

// done leaves the trace of what a user did to its own sessions.
func (s *Sessions) done(r *http.Request, what logins.Act, user string) {
	t := s.try(r, what, user, s.device(r))
	t.Outcome = logins.Done
	s.logins.Note(t)
}

// WrongToken leaves the trace of a request whose token is nobody's. user is whose it says it is.
func (s *Sessions) WrongToken(r *http.Request, user string) {
	t := s.try(r, logins.Token, user, nil)
	t.Outcome = logins.Wrong
	s.logins.Note(t)
}
