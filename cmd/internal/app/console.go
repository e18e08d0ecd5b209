package app

import (
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/desk"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/web"
	"qingkong/cmd/internal/web/session"
)

// mountConsole puts the duty desk in the place of the status page.
func (a *App) mountConsole(sessions *session.Sessions) {
	pages := desk.New(a.svc, sessions, a.web.Live(), frame.Options{
		Feeds: a.feeds(), District: a.opt.Config.District.Name, Alerts: a.set.Alerts,
		Demo: a.opt.Demo != nil, DemoAccount: a.opt.Demo.Account(a.opt.Config.Data),
		Watch: a.watchman, Log: a.log, Clock: a.opt.Clock,
		Shares: a.web.Shares(), Incoming: a.incoming(),
		Phone: func(tx *bbolt.Tx, who *access.Principal, ref string) (name, phone string) {
			if !calls.Allowed(who.Role, calls.ActRecipientsRead) {
				return "", ""
			}
			return a.svc.RecipientContact(tx, ref)
		},
	})
	a.web.Mount(web.Area{Paths: []string{"/{$}", "/login", "/logout", "/desk", "/desk/"}, Policy: frame.Policy,
		Handler: pages,
		SignIn:  frame.SignIn, Refuse: pages.Refuse})
}
