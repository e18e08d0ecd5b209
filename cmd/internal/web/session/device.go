package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
)

// DeviceCookie is the name of the cookie by which a browser is known again. It proves who has logged in from there and
// is no login itself: it gives the tries at these users' passwords a lane of their own, see [lanes].
const DeviceCookie = "qingkong_device"

const (
	deviceLife  = 90 * 24 * time.Hour // of a pair, from its login
	devicePairs = 8                   // the users of one browser that are remembered
	deviceMost  = 4096                // bytes of a cookie that are looked at

	devicePurpose = "qingkong device cookie"
	keyWithin     = 2 * time.Second // for the first login key to be recorded
)

// device is what the cookie holds.
type device struct {
	ID    string `json:"id"`
	Pairs []pair `json:"pairs"` // the newest last
}

// pair says that a user has logged in by the password that is named.
type pair struct {
	User   string `json:"user"`
	Login  string `json:"login"`  // see [access.Principal.Login]
	Serial string `json:"serial"` // of the login that made it; wrong tries are counted by it
	Until  int64  `json:"until"`  // Unix seconds
	// Secret is what the user's key on this device is derived with, see [Sessions.DeviceKey]; empty in the cookies of
	// older programs, until the next login.
	Secret string `json:"secret,omitempty"`
}

// pair is that of a user; nil where the browser does not know it.
func (d *device) pair(user string) *pair {
	if d == nil {
		return nil
	}
	if i := slices.IndexFunc(d.Pairs, func(p pair) bool { return p.User == user }); i >= 0 {
		return &d.Pairs[i]
	}
	return nil
}

// without is the device without a user's pair, with those that are over left out.
func (d *device) without(user string, now time.Time) *device {
	next := &device{ID: rand.Text()}
	if d == nil {
		return next
	}
	next.ID = d.ID
	for _, p := range d.Pairs {
		if p.User != user && now.Unix() < p.Until {
			next.Pairs = append(next.Pairs, p)
		}
	}
	return next
}

// with is the device after a login. was is the user's pair that stood until then, nil for none: its secret goes on.
func (d *device) with(who *access.Principal, was *pair, now time.Time) *device {
	next := d.without(who.User, now)
	made := pair{User: who.User, Login: who.Login(), Serial: rand.Text(), Until: now.Add(deviceLife).Unix()}
	if was != nil {
		made.Secret = was.Secret
	}
	made.Secret = cmp.Or(made.Secret, rand.Text())
	next.Pairs = append(next.Pairs, made)
	next.Pairs = next.Pairs[max(len(next.Pairs)-devicePairs, 0):]
	return next
}

func (s *Sessions) deviceKey() ([]byte, error) {
	return journal.Read(s.j, func(tx *bbolt.Tx) ([]byte, error) { return access.LoginKey(tx, devicePurpose), nil })
}

// device is what the request's cookie proves; nil for none, and for one that is not ours.
func (s *Sessions) device(r *http.Request) *device {
	c, err := r.Cookie(DeviceCookie)
	if err != nil || len(c.Value) > deviceMost {
		return nil
	}
	key, err := s.deviceKey()
	if err != nil {
		s.log.Error("the key of device cookies cannot be read", "err", err)
		return nil
	}
	text, ok := open(key, c.Value)
	if !ok {
		return nil
	}
	d := new(device)
	if json.Unmarshal(text, d) != nil || d.ID == "" {
		return nil
	}
	return d
}

// good is a user's pair where it still stands for the login that the user has; nil else.
func (s *Sessions) good(d *device, user string) *pair {
	p := d.pair(user)
	if p == nil || s.now().Unix() >= p.Until || s.current(p.User, p.Login) == nil {
		return nil
	}
	return p
}

// Share is whose share signing in counts to: that of the user who is known to the browser, then that of those from an
// address who have waited for their turn, then that of everybody else there. So who floods the way to sign in slows
// down strangers alone.
func (s *Sessions) Share(r *http.Request) string {
	if d := s.device(r); d != nil {
		for _, p := range slices.Backward(d.Pairs) {
			if s.good(d, p.User) != nil && !s.lanes.dropped(p.User, p.Serial) {
				return "sign-in of " + p.User
			}
		}
	}
	address, now := s.proxies.address(r), s.now()
	if t := s.turn(r, address, now); t != nil && t.wait(now) == 0 {
		return "sign-in in turn " + address
	}
	return "sign-in " + address
}

// keepDevice has the browser keep what it is known by. One that cannot be had leaves the browser unknown, and the login
// good.
func (s *Sessions) keepDevice(w http.ResponseWriter, r *http.Request, d *device) {
	ctx, cancel := context.WithTimeout(r.Context(), keyWithin)
	defer cancel()
	err := access.EnsureLoginKey(ctx, s.j)
	var key []byte
	if err == nil {
		key, err = s.deviceKey()
	}
	if err != nil {
		s.log.Warn("there is no key for device cookies; the browser is not known again", "err", err)
	}
	text, err := json.Marshal(d)
	if key == nil || err != nil {
		return
	}
	s.setCookie(w, r, DeviceCookie, sealed(key, text), deviceLife)
}

// setCookie sets a cookie of ours that outlasts the browser, as secure as the request's way here; of no life it is
// taken away.
func (s *Sessions) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	age := int(life / time.Second)
	if age <= 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   s.proxies.secure(r)}) // #nosec G124 -- as secure as the way here
}
