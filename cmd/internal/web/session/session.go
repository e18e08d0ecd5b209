// Package session is the logins of browsers: a cookie that stands for a user from its login to its logout.
//
// # What a session is
//
// A login by password begins one. It lasts [Lifetime] at most, ends after [Idle] without a request, and with everything
// that takes its user's credential away: each request compares the credential that it began with, so that a change of
// password, new or revoked credentials, a disabled account and the end of all sessions are over with the next request.
//
// The cookie holds 256 random bits and is good until the browser closes. Their SHA-256 is what is kept (journal.Sessions:
// in bbolt and in a key-value bucket, so that a restart and another node know it); who reads a file can log in with
// nothing in it. A login always makes new bits and ends the session that the browser had: none that was planted there
// beforehand becomes good.
//
// alexedwards/scs makes, hashes and renews tokens and writes the cookie. Its middleware is not used: with a time of idleness
// it would write a session to disk, and its cookie into the answer, at every request, static files and streams included.
// Here a session that is in use is written once a [touchEvery].
//
// # Wrong passwords
//
// See [throttle]: who tries passwords waits, a user who is attacked from elsewhere does not; and [lanes]: nor does a browser
// that its user has logged in from before, wherever the attack comes from.
package session

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/alexedwards/scs/v2"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/logins"
)

// How long a session lasts.
const (
	Lifetime = 12 * time.Hour // from login: a shift
	Idle     = 2 * time.Hour  // from the last request

	touchEvery = time.Minute
)

// Cookie is the name of the session's cookie.
const Cookie = "qingkong_session"

// What a session holds.
const (
	userKey       = "user"
	credentialKey = "credential"
	beganKey      = "began" // Unix milliseconds
	seenKey       = "seen"
	addressKey    = "address" // where it began
	deviceKey     = "device"
	browserKey    = "browser"
)

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
	manager   *scs.SessionManager
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
	s := &Sessions{j: j, passwords: passwords, proxies: opt.Proxies, now: opt.Now, log: opt.Log, logins: opt.Logins, rows: rows,
		manager: scs.New(), throttle: newThrottle(), lanes: newLanes(), crowd: newCrowd(), turnKey: make([]byte, 32),
		unlisted: newUnlisted(opt.Proxies, opt.Log)}
	_, _ = rand.Read(s.turnKey) // never fails
	m := s.manager
	m.Store, m.HashTokenInStore, m.Lifetime = store{rows}, true, Lifetime
	m.Cookie.Name, m.Cookie.Persist = Cookie, false // HttpOnly, SameSite=Lax and Path=/ by default
	return s, nil
}

// Close ends what runs in the background. Sessions go on after a restart.
func (s *Sessions) Close() error { return s.rows.Close() }

// Who is whose session the request comes with, or nil. It counts as use of the session.
func (s *Sessions) Who(r *http.Request) *access.Principal { return s.find(r, true) }

// Still is [Sessions.Who] for an answer that goes on, such as a stream: a page that stays open is no use of the session.
func (s *Sessions) Still(r *http.Request) *access.Principal { return s.find(r, false) }

func (s *Sessions) find(r *http.Request, used bool) *access.Principal {
	token := tokenOf(r)
	if token == "" {
		return nil
	}
	m := s.manager
	ctx, err := m.Load(context.WithoutCancel(r.Context()), token) // a stream outlasts the time of its request
	if err != nil {
		s.log.Warn("a session cannot be read", "err", err)
		return nil
	}
	now := s.now()
	began, seen := time.UnixMilli(m.GetInt64(ctx, beganKey)), time.UnixMilli(m.GetInt64(ctx, seenKey))
	if !now.Before(began.Add(Lifetime)) || !now.Before(seen.Add(Idle)) {
		return nil
	}
	who := s.current(m.GetString(ctx, userKey), m.GetString(ctx, credentialKey))
	if who != nil && used && now.Sub(seen) >= touchEvery {
		m.Put(ctx, seenKey, now.UnixMilli())
		if _, _, err := m.Commit(ctx); err != nil { // it ends earlier than it should
			s.log.Error("a session's use could not be stored", "user", who.User, "err", err)
		}
	}
	return who
}

// current is the user, unless its login is no longer the one that is named.
func (s *Sessions) current(user, login string) (who *access.Principal) {
	err := s.j.View(func(tx *bbolt.Tx) error {
		if p, ok := access.PrincipalOf(tx, user); ok && p.Login() == login {
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
// (unauthenticated), which is which it does not tell, and somebody who has tried too often (rate_limited, with Retry-After
// set in w).
func (s *Sessions) Login(w http.ResponseWriter, r *http.Request, user, password string) (*access.Principal, error) {
	who, err := s.tried(w, r, logins.Login, user, func(ctx context.Context) (*access.Principal, error) { return s.passwords.Check(ctx, user, password) })
	if err != nil {
		return nil, err
	}
	if who == nil {
		return nil, refusal.New(refusal.Unauthenticated, "session.wrong", nil)
	}
	return who, s.begin(w, r, who)
}

// tried lets somebody try a password of a user, which gives a principal when it is right, and leaves a trace of it.
func (s *Sessions) tried(w http.ResponseWriter, r *http.Request, what logins.What, user string, try func(ctx context.Context) (*access.Principal, error)) (*access.Principal, error) {
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
func (s *Sessions) mayTry(w http.ResponseWriter, r *http.Request, user string) (done func(wrong bool, now time.Time), err error) {
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

// ChangePassword changes the password of who makes the request by change, which gives nil when the current one was wrong.
// All its sessions end; the one that the request came with is begun anew.
func (s *Sessions) ChangePassword(w http.ResponseWriter, r *http.Request, user string, change func(ctx context.Context) (*access.Principal, error)) error {
	mine := s.Who(r)
	who, err := s.tried(w, r, logins.Password, user, change)
	if err != nil {
		return err
	}
	if who == nil {
		return refusal.Input([]refusal.Field{{Path: "current", Rule: "session.current_wrong"}})
	}
	if mine != nil && mine.User == user {
		return s.begin(w, r, who)
	}
	return nil
}

// Confirm has who makes the request do what takes the current password again: do gives nil when that was wrong, which counts
// as a wrong login does.
func (s *Sessions) Confirm(w http.ResponseWriter, r *http.Request, user string, do func(ctx context.Context) (*access.Principal, error)) error {
	who, err := s.tried(w, r, logins.Password, user, do)
	if err == nil && who == nil {
		return refusal.Input([]refusal.Field{{Path: "current", Rule: "session.current_wrong"}})
	}
	return err
}

func (s *Sessions) begin(w http.ResponseWriter, r *http.Request, who *access.Principal) error {
	m := s.managerFor(r)
	ctx, err := m.Load(r.Context(), tokenOf(r))
	if err != nil { // what it had cannot be read: it is not taken over
		if ctx, err = m.Load(r.Context(), ""); err != nil {
			return err
		}
	}
	if err := m.Clear(ctx); err != nil {
		return err
	}
	if err := m.RenewToken(ctx); err != nil {
		return err
	}
	now := s.now().UnixMilli()
	m.Put(ctx, userKey, who.User)
	m.Put(ctx, credentialKey, who.Login())
	m.Put(ctx, beganKey, now)
	m.Put(ctx, seenKey, now)
	d := s.device(r).with(who, s.now())
	m.Put(ctx, addressKey, s.proxies.address(r))
	m.Put(ctx, deviceKey, d.ID)
	m.Put(ctx, browserKey, browserOf(r))
	token, expiry, err := m.Commit(ctx)
	if err != nil {
		return err
	}
	s.writeCookie(ctx, m, w, token, expiry)
	s.keepDevice(w, r, d)
	if s.crowd.began(who.User) {
		if err := s.thin(r.Context(), who.User); err != nil {
			s.log.Error("the sessions of a user could not be thinned out", "user", who.User, "err", err)
		}
	}
	return nil
}

// Logout ends the session that the request came with, if any.
func (s *Sessions) Logout(w http.ResponseWriter, r *http.Request) {
	token := tokenOf(r)
	if token == "" {
		return
	}
	m := s.managerFor(r)
	ctx, err := m.Load(r.Context(), token)
	if err == nil {
		if user := m.GetString(ctx, userKey); user != "" {
			s.done(r, logins.Logout, user)
		}
		err = m.Destroy(ctx)
	}
	if err != nil {
		s.log.Error("a session could not be ended", "err", err)
	}
	s.writeCookie(r.Context(), m, w, "", time.Time{})
}

// writeCookie keeps the answer's own Cache-Control: scs adds one that says less.
func (s *Sessions) writeCookie(ctx context.Context, m *scs.SessionManager, w http.ResponseWriter, token string, expiry time.Time) {
	cache := w.Header()["Cache-Control"]
	m.WriteSessionCookie(ctx, w, token, expiry)
	w.Header()["Cache-Control"] = cache
	if len(cache) == 0 {
		w.Header().Set("Cache-Control", "no-store")
	}
}

// managerFor is the manager with a cookie as secure as the request's way here.
func (s *Sessions) managerFor(r *http.Request) *scs.SessionManager {
	m := *s.manager
	m.Cookie.Secure = s.proxies.secure(r)
	return &m
}

func tokenOf(r *http.Request) string {
	c, err := r.Cookie(Cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// store is the rows as scs asks for them. Keys are hashes of tokens: see scs.SessionManager.HashTokenInStore. It goes by the
// clock alone that bounds a session's life from outside; Sessions judges the rest.
type store struct{ rows *journal.Sessions }

func (s store) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok := s.rows.Get(ctx, key)
	return data, ok, nil
}

func (s store) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	return s.rows.Put(ctx, key, data, expiry)
}

func (s store) DeleteCtx(ctx context.Context, key string) error { return s.rows.End(ctx, key) }

func (s store) Find(key string) ([]byte, bool, error) { return s.FindCtx(context.Background(), key) }

func (s store) Commit(key string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), key, data, expiry)
}

func (s store) Delete(key string) error { return s.DeleteCtx(context.Background(), key) }
