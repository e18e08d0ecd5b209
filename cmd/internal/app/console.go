package app

import (
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/feed"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/desk"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/web"
	"qingkong/cmd/internal/web/session"
)

// mountConsole puts the duty desk in the place of the status page.
func (a *App) mountConsole(sessions *session.Sessions, set service.Settings) {
	var feeds func() []feed.Status
	if a.sources != nil {
		feeds = a.sources.Status
	}
	pages := desk.New(a.svc, sessions, a.web.Live(), frame.Options{
		Feeds: feeds, District: a.opt.Config.District.Name, Demo: a.opt.Demo != nil, DemoAccount: a.opt.Demo.account(a.opt.Config.Data), Alerts: set.Alerts, Watch: a.watchman, Log: a.log, Clock: a.opt.Clock,
		Shares: a.web.Shares(), Incoming: a.incoming(),
		Phone: func(tx *bbolt.Tx, who *access.Principal, ref string) (name, phone string) {
			if !calls.Allowed(who.Role, calls.ActRecipientsRead) {
				return "", ""
			}
			return a.svc.RecipientContact(tx, ref)
		},
	})
	a.web.Mount(web.Area{Paths: []string{"/{$}", "/login", "/logout", "/desk", "/desk/"}, Policy: frame.Policy, Handler: pages,
		SignIn: frame.SignIn, Refuse: pages.Refuse})
}
