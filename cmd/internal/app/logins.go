package app

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/logins"
)

// openLogins begins the trace of logins in the data folder.
func (a *App) openLogins() *logins.Log {
	clock := a.opt.Clock
	if clock == nil {
		clock = time.Now
	}
	return logins.Open(logins.Options{Dir: a.opt.Config.Data, Log: a.log,
		Clock: func() time.Time { return clock().In(alerts.Shanghai()) },
		Known: func(user string) (known bool) {
			// of a record that cannot be read nobody's name is known
			_ = a.journal.View(func(tx *bbolt.Tx) error { known = access.Exists(tx, user); return nil })
			return known
		},
		Key: func() (key []byte) {
			_ = a.journal.View(func(tx *bbolt.Tx) error {
				key = access.LoginKey(tx, "qingkong names in the log of logins")
				return nil
			})
			return key
		}})
}

// triedOverNATS takes a login over NATS into the trace.
func (a *App) triedOverNATS(t bus.Try) {
	outcome := logins.Wrong
	switch {
	case t.In:
		outcome = logins.Done
	case !t.Answered:
		outcome = logins.Unanswered
	}
	a.logins.Note(logins.Try{Act: logins.Login, Way: logins.NATS, Outcome: outcome, User: t.User, Address: t.Address})
}

// codeRefused leaves the trace of a second factor's code. It was given with an act, over HTTP.
func (a *App) codeRefused(user string, closed bool) {
	outcome := logins.Wrong
	if closed {
		outcome = logins.Locked
	}
	a.logins.Note(logins.Try{Act: logins.Code, Way: logins.HTTP, Outcome: outcome, User: user})
}
