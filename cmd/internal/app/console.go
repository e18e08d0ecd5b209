package app

import (
	"qingkong/cmd/internal/desk"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/gate"
	"qingkong/cmd/internal/web"
	"qingkong/cmd/internal/web/session"
)

// mountConsole puts the duty desk in the place of the status page, and the inspectors' page beside it.
func (a *App) mountConsole(sessions *session.Sessions) {
	pages := desk.New(a.svc, sessions, a.web.Live(), frame.Options{
		Feeds: a.feeds(), District: a.opt.Config.District.Name, Alerts: a.set.Alerts,
		Demo: a.opt.Demo != nil, DemoAccount: a.opt.Demo.Account(a.opt.Config.Data), Filling: a.opt.Demo.Filled,
		Watch: a.watchman, Log: a.log, Clock: a.opt.Clock,
		Shares: a.web.Shares(), Incoming: a.incoming(), MostUpload: int64(a.opt.Config.Evidence.MaxMB) << 20,
	})
	a.web.Mount(web.Area{Paths: []string{"/{$}", "/login", "/logout", "/desk", "/desk/"}, Policy: frame.Policy,
		Handler: pages,
		SignIn:  frame.SignIn, Refuse: pages.Refuse})
	inspectors := gate.New(a.log)
	a.web.Mount(web.Area{Paths: gate.Paths, Policy: gate.Policy, Handler: inspectors, SignIn: gate.SignIn,
		Refuse: inspectors.Refuse})
}
