// Package session is the logins of browsers: a cookie that stands for a user from its login to its logout.
//
// # What a session is
//
// A login by password begins one. It lasts [Lifetime] at most, ends after [Idle] without a use, and with everything
// that takes its user's credential away: each request compares the credential that it began with, so that a change of
// password, new or revoked credentials, a disabled account and the end of all sessions are over with the next request.
//
// The cookie holds 256 random bits and is good until the browser closes. Their SHA-256 is what is kept
// (journal.Sessions: in bbolt and in a key-value bucket, so that a restart and another node know it); who reads a file
// can log in with nothing in it. A login always makes new bits and ends the session that the browser had: none that was
// planted there beforehand becomes good.
//
// A use is a request, and a page of the desk that is open and follows the record; a stream of the interface is none. A
// session that is in use is written once a [touchEvery].
//
// # Wrong passwords
//
// See [throttle]: who tries passwords waits, a user who is attacked from elsewhere does not; and [lanes]: nor does a
// browser that its user has logged in from before, wherever the attack comes from.
package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/logins"
)

// How long a session lasts.
const (
	Lifetime = 12 * time.Hour // from login: a shift
	Idle     = 2 * time.Hour  // from the last use

	touchEvery = time.Minute
)

// Cookie is the name of the session's cookie.
const Cookie = "qingkong_session"

// row is what is kept of a session.
type row struct {
	User       string    `json:"user"`
	Credential string    `json:"credential"` // that it began with
	Began      int64     `json:"began"`      // Unix milliseconds, as is seen
	Seen       int64     `json:"seen"`
	Address    string    `json:"address"` // where it began
	Device     string    `json:"device"`
	Browser    string    `json:"browser"`
	Until      time.Time `json:"until"` // by the machine's clock, by which rows that are over are removed
}

// over says whether its time is up, used or not.
func (r row) over(now time.Time) bool {
	return !now.Before(time.UnixMilli(r.Began).Add(Lifetime)) || !now.Before(time.UnixMilli(r.Seen).Add(Idle))
}

// Options are what sessions are made with.
type Options struct {
	Proxies Proxies          // reverse proxies whose word about a request is taken
	Now     func() time.Time // default: the journal's
	Logins  *logins.Log      // the trace that logins leave; none
	Log     *slog.Logger
}

// Sessions are the logins of browsers. Its methods may be called from any goroutine.
type Sessions struct {
	j         *journal.Journal
	passwords *access.Passwords
	proxies   Proxies
	now       func() time.Time
	log       *slog.Logger
	logins    *logins.Log
	rows      *journal.Sessions
	throttle  *throttle
	unlisted  *unlisted
	lanes     *lanes
	crowd     *crowd
	turnKey   []byte
}

// New opens the sessions over j. Close them before it.
func New(ctx context.Context, j *journal.Journal, passwords *access.Passwords, opt Options) (*Sessions, error) {
	if opt.Now == nil {
		opt.Now = j.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	rows, err := j.OpenSessions(ctx, Lifetime)
	if err != nil {
		return nil, err
	}
	s := &Sessions{j: j, passwords: passwords, proxies: opt.Proxies, now: opt.Now, log: opt.Log, logins: opt.Logins,
		rows:     rows,
		throttle: newThrottle(), lanes: newLanes(), crowd: newCrowd(), turnKey: make([]byte, 32),
		unlisted: newUnlisted(opt.Proxies, opt.Log)}
	_, _ = rand.Read(s.turnKey) // never fails
	return s, nil
}

// Close ends what runs in the background. Sessions go on after a restart.
func (s *Sessions) Close() error { return s.rows.Close() }

// Who is whose session the request comes with, or nil. It counts as use of the session.
func (s *Sessions) Who(r *http.Request) *access.Principal { return s.find(r, true) }

// Still is [Sessions.Who] for an answer that goes on and is no use of the session, such as a stream of the interface.
func (s *Sessions) Still(r *http.Request) *access.Principal { return s.find(r, false) }

func (s *Sessions) find(r *http.Request, used bool) *access.Principal {
	token := tokenOf(r)
	if token == "" {
		return nil
	}
	ctx := context.WithoutCancel(r.Context()) // a stream outlasts the time of its request
	kept, ok := s.read(ctx, token)
	now := s.now()
	if !ok || kept.over(now) {
		return nil
	}
	who := s.current(kept.User, kept.Credential)
	if who != nil && used && now.Sub(time.UnixMilli(kept.Seen)) >= touchEvery {
		kept.Seen = now.UnixMilli()
		if err := s.keep(ctx, token, kept); err != nil { // it ends earlier than it should
			s.log.Error("a session's use could not be stored", "user", who.User, "err", err)
		}
	}
	return who
}

// read is what is kept of the session of a token.
func (s *Sessions) read(ctx context.Context, token string) (kept row, ok bool) {
	data, ok := s.rows.Get(ctx, keyOf(token))
	if !ok {
		return row{}, false
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		s.log.Warn("a session cannot be read and ends", "err", err)
		if err := s.rows.End(ctx, keyOf(token)); err != nil {
			s.log.Error("a session could not be ended", "err", err)
		}
		return row{}, false
	}
	return kept, true
}

func (s *Sessions) keep(ctx context.Context, token string, kept row) error {
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return s.rows.Put(ctx, keyOf(token), data, kept.Until)
}

// current is the user, unless its login is no longer the one that is named.
func (s *Sessions) current(user, login string) (who *access.Principal) {
	err := s.j.View(func(tx *bbolt.Tx) error {
		if p := access.PrincipalOf(tx, user); p != nil && p.Login() == login {
			who = p
		}
		return nil
	})
	if err != nil {
		s.log.Error("a session's user cannot be read", "user", user, "err", err)
	}
	return who
}

// Login begins a session in place of the one that the request came with. It refuses a wrong user or password
// (unauthenticated), which is which it does not tell, and somebody who has tried too often (rate_limited, with
// Retry-After set in w).
func (s *Sessions) Login(w http.ResponseWriter, r *http.Request, user, password string) (*access.Principal, error) {
	who, err := s.tried(w, r, logins.Login, user,
		func(ctx context.Context) (*access.Principal, error) { return s.passwords.Check(ctx, user, password) })
	if err != nil {
		return nil, err
	}
	if who == nil {
		return nil, refusal.New(refusal.Unauthenticated, "session.wrong", nil)
	}
	return who, s.begin(w, r, who, s.good(s.device(r), who.User))
}

// tried lets somebody try a password of a user, which gives a principal when it is right, and leaves a trace of it.
func (s *Sessions) tried(w http.ResponseWriter, r *http.Request, what logins.Act, user string,
	try func(ctx context.Context) (*access.Principal, error)) (*access.Principal, error) {
	d := s.device(r)
	trace := s.try(r, what, user, d)
	if p := s.good(d, user); p != nil {
		if done, ok := s.lanes.begin(user, p.Serial); ok {
			trace.Known = true
			wrong := false
			defer func() {
				if done(wrong) && wrong {
					s.keepDevice(w, r, d.without(user, s.now()))
				}
			}()
			who, err := try(access.Known(r.Context()))
			wrong = err == nil && who == nil
			s.note(trace, who, err)
			return who, err
		}
	}
	done, err := s.mayTry(w, r, user)
	if err != nil {
		trace.Outcome = logins.Waits
		s.logins.Note(trace)
		return nil, err
	}
	wrong := false
	defer func() { done(wrong, s.now()) }()
	who, err := try(r.Context())
	wrong = err == nil && who == nil
	s.note(trace, who, err)
	return who, err
}

// mayTry lets a browser try that is not known, or tells it for how long to wait, and from when on it has its turn.
func (s *Sessions) mayTry(w http.ResponseWriter, r *http.Request, user string) (done func(wrong bool, now time.Time),
	err error) {
	address, now := s.proxies.address(r), s.now()
	t := s.turn(r, address, now)
	id := ""
	if t != nil && t.wait(now) == 0 {
		id = t.ID
	}
	done, wait := s.throttle.begin(user, address, id, now)
	if wait == 0 {
		return done, nil
	}
	if t == nil || id != "" { // none yet, or it is used up
		t = newTurn(address, now, wait)
	}
	wait = t.wait(now)
	s.keepTurn(w, r, t, wait)
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return nil, refusal.New(refusal.RateLimited, "session.throttled", refusal.Args{"seconds": seconds})
}

// ChangePassword changes the password of who makes the request by change, which gives nil when the current one was
// wrong. All its sessions end; the one that the request came with is begun anew.
func (s *Sessions) ChangePassword(w http.ResponseWriter, r *http.Request, user string,
	change func(ctx context.Context) (*access.Principal, error)) error {
	mine, known := s.Who(r), s.good(s.device(r), user) // neither is good after the change
	who, err := s.tried(w, r, logins.Password, user, change)
	if err != nil {
		return err
	}
	if who == nil {
		return refusal.Wrong("current", "session.current_wrong", nil)
	}
	if mine != nil && mine.User == user {
		return s.begin(w, r, who, known)
	}
	return nil
}

// Confirm has who makes the request do what takes the current password again: do gives nil when that was wrong, which
// counts as a wrong login does.
func (s *Sessions) Confirm(w http.ResponseWriter, r *http.Request, user string,
	do func(ctx context.Context) (*access.Principal, error)) error {
	who, err := s.tried(w, r, logins.Password, user, do)
	if err == nil && who == nil {
		return refusal.Wrong("current", "session.current_wrong", nil)
	}
	return err
}

// begin begins a session; known is the user's pair in this browser that the login proved once more, nil for none.
func (s *Sessions) begin(w http.ResponseWriter, r *http.Request, who *access.Principal, known *pair) error {
	if old := tokenOf(r); old != "" {
		if err := s.rows.End(r.Context(), keyOf(old)); err != nil {
			return err
		}
	}
	now, d, token := s.now().UnixMilli(), s.device(r).with(who, known, s.now()), newToken()
	err := s.keep(r.Context(), token, row{User: who.User, Credential: who.Login(), Began: now, Seen: now,
		Address: s.proxies.address(r), Device: d.ID, Browser: browserOf(r), Until: time.Now().Add(Lifetime).UTC()})
	if err != nil {
		return err
	}
	s.writeCookie(w, r, token)
	s.keepDevice(w, r, d)
	if s.crowd.began(who.User) {
		if err := s.thin(r.Context(), who.User); err != nil {
			s.log.Error("the sessions of a user could not be thinned out", "user", who.User, "err", err)
		}
	}
	return nil
}

// Logout ends the session that the request came with, if any, and has the browser forget what it keeps of our answers.
// The area of the inspectors keeps its files and drafts all the same: they are no cache, and whoever logs out there is
// asked first.
func (s *Sessions) Logout(w http.ResponseWriter, r *http.Request) {
	token := tokenOf(r)
	if token == "" {
		return
	}
	if kept, ok := s.read(r.Context(), token); ok {
		s.done(r, logins.Logout, kept.User)
		if err := s.rows.End(r.Context(), keyOf(token)); err != nil {
			s.log.Error("a session could not be ended", "err", err)
		}
		if err := s.thinDrafts(r.Context(), kept.User, 0); err != nil {
			s.log.Error("the drafts of a user who has logged out could not be ended", "user", kept.User, "err", err)
		}
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	s.writeCookie(w, r, "")
}

// writeCookie has the browser keep a token until it closes, as secure as the request's way here; an empty one is
// forgotten.
func (s *Sessions) writeCookie(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: Cookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.proxies.secure(r)}
	if token == "" {
		c.Expires, c.MaxAge = time.Unix(1, 0), -1
	}
	http.SetCookie(w, c)
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
}

func tokenOf(r *http.Request) string {
	c, err := r.Cookie(Cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// newToken is 256 random bits.
func newToken() string {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(bits[:])
}
