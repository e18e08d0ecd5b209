// Package frame is what the areas of the duty desk share: its pages, with which people declare, approve and follow a
// warning and an enterprise answers its orders, stand in it. It renders on the server; every act is a plain form that
// works without JavaScript (POST, then a redirect), and htmx with its SSE extension only keeps what is shown up to
// date.
//
// It decides nothing. What may be done is asked of package access before each act, what an act leads to of package
// service; and the read-out before an act is what the engine itself says of it, asked without recording anything.
//
// # How a form keeps its promise
//
// A form carries the revision of the warning that was seen and an idempotency key made when it was rendered, so that a
// double click and a reload do nothing twice. A refusal stands beside its field and what was typed stays. An act on a
// revision that has moved shows what changed since. A POST without a session is answered by the login form, which
// carries what was typed; after the login the form is shown again, filled in and not yet sent.
//
// # What is shown live
//
// Parts of a page that change by themselves are fragments. A fragment is rendered once for all who see the same and at
// most four times a second, whoever watches; see [fragments].
package frame

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/serve"
	"qingkong/cmd/internal/web/share"
	"qingkong/notify"

	"go.etcd.io/bbolt"
)

// Sessions are the logins of browsers.
type Sessions interface {
	// Who is nil for a request without a session that is good.
	Who(r *http.Request) *access.Principal
	// Still is Who for an answer that goes on, and no use of the session.
	Still(r *http.Request) *access.Principal
	// Login begins a session. It returns a refusal for a wrong password (unauthenticated) or too many tries.
	Login(w http.ResponseWriter, r *http.Request, user, password string) (*access.Principal, error)
	Logout(w http.ResponseWriter, r *http.Request)
	// Address is where a request came from, as far as our proxies say.
	Address(r *http.Request) string
	// ChangePassword changes a password by change, which gives nil when the current one was wrong. All sessions of the
	// user end; that of r goes on with a new cookie.
	ChangePassword(w http.ResponseWriter, r *http.Request, user string,
		change func(ctx context.Context) (*access.Principal, error)) error
	// Own are the sessions of a user, the one that was used last in front.
	Own(r *http.Request, user string) ([]calls.Session, error)
	// End ends one of them; false where there is none of that id.
	End(r *http.Request, user, id string) (found bool, err error)
	// EndAll ends all of them, that of r too.
	EndAll(w http.ResponseWriter, r *http.Request, user string) error
	// Confirm has something done that takes the current password again; do gives nil when that was wrong.
	Confirm(w http.ResponseWriter, r *http.Request, user string,
		do func(ctx context.Context) (*access.Principal, error)) error
}

// Live tells of changes. A tick means that something that who may see has changed, of the warning or, where that is
// empty, of anything. Ticks that nobody takes are one. The channel is closed when ctx ends.
type Live interface {
	Watch(ctx context.Context, who *access.Principal, warning string) <-chan struct{}
}

// Options are what a desk is made with.
type Options struct {
	District string // its name, as the header shows it
	Demo     bool   // the data are examples
	// DemoAccount is what a demo's account of a role logs in with; nil, or not ok, where nobody does so without typing.
	DemoAccount func(role string) (user, password string, ok bool)
	Alerts      alerts.Settings // the engine's own: by them the read-out before an act is worked out
	// Phone resolves a recipient's contact for those who may see it; nil shows nobody's.
	Phone func(tx *bbolt.Tx, who *access.Principal, contactRef string) (name, phone string)
	// Shares are what each caller may ask for; whoever serves the desk counts the calls. Default: no limits.
	Shares *share.Shares
	// Incoming is the folder of files until it is their turn; default: that of the system for temporary files.
	Incoming string
	Feeds    func() []feed.Status // how the sources of forecasts stand on this node; nil where there are none
	Watch    *watch.Watchman      // what the head of every page says of the system; default: one that watches nothing
	Clock    func() time.Time     // of this machine; default: time.Now
	Log      *slog.Logger
}

// Frame is what the areas of the desk share: what they ask, and what they add their pages to. It is the handler of "/",
// "/login", "/logout" and everything below /desk.
type Frame struct {
	Options
	Svc      *service.Service
	Sessions Sessions
	// PlanOf is what the page of an order shows of a plant's plan, from the area that knows plans; empty for nothing.
	PlanOf func(*Request, *notify.View) (template.HTML, error)

	live      Live
	face      serve.Face
	handler   http.Handler
	pages     []Page
	streams   map[string]Stream
	fragments fragments
	audience  audiences
	refusals  Moments
}

// actTimeout bounds how long a page waits for the record; live pages have no such end.
const actTimeout = 30 * time.Second

// ServeHTTP implements http.Handler. A panic becomes a page that says so, and a log line.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.face.Headers(w)
	defer f.face.Recover(w, r)
	f.handler.ServeHTTP(w, r)
}

// SignIn is what a browser loads to sign in, as web.Area has it.
var SignIn = []string{"/login", "/desk/static/"}

func nobody(*http.Request) *access.Principal { return nil }

// New returns the desk of the areas. Each adds its pages.
func New(svc *service.Service, sessions Sessions, live Live, opt Options, areas ...func(*Frame)) *Frame {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Watch == nil {
		opt.Watch = watch.New(watch.Options{})
		opt.Watch.Started()
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Shares == nil {
		opt.Shares = share.New(share.Options{})
	}
	f := &Frame{Svc: svc, Sessions: sessions, live: live, Options: opt, streams: map[string]Stream{},
		PlanOf: func(*Request, *notify.View) (template.HTML, error) { return "", nil }}
	f.face = serve.Face{Log: opt.Log, Policy: Policy, Referrer: "same-origin", NoAnswer: "desk.error.no_answer",
		Refuse: func(w http.ResponseWriter, r *http.Request, err error) {
			f.failed(f.request(w, r, f.Sessions.Who), err)
		}}
	f.Add(templates,
		Page{Pattern: "GET /login", Key: "login", Show: f.loginPage},
		Page{Pattern: "POST /login", Key: "login", Show: f.login},
		Page{Pattern: "POST /logout", Show: f.logout},
		Page{Pattern: "POST /desk/look", Show: f.look},
		Page{Pattern: "GET /desk/static/{file}", Show: f.static, file: true},
		Page{Pattern: "GET /desk/live", Act: SignedIn, Show: f.watch, stream: true})
	for _, area := range areas {
		area(f)
	}
	f.handler = f.face.SameOrigin(f.routes())
	return f
}

// Policy lets a page load what this host serves and nothing else. No script and no style stands in a page.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// refusalOf is what a person is told of an error; what is no refusal is for the log alone.
func (f *Frame) refusalOf(q *Request, err error) (e *refusal.Error, status int) {
	return f.face.Told(q.Request, err)
}

// Told is what a person is told of an error; what is no refusal is for the log alone.
func (f *Frame) Told(q *Request, err error) *refusal.Error {
	e, _ := f.refusalOf(q, err)
	return e
}

// detailOf is a refusal in one text: of the first field that was wrong, or of the whole.
func detailOf(e *refusal.Error, lang string) string {
	if len(e.Fields) == 0 {
		return e.Detail(lang)
	}
	return e.Fields[0].Message(lang)
}

// failed shows the page that says what went wrong and what to do next.
func (f *Frame) failed(q *Request, err error) {
	e, status := f.refusalOf(q, err)
	if rerr := q.render(templates, status, "error", q.failure(status, detailOf(e, q.Lang))); rerr != nil {
		f.Log.Error("the error page cannot be shown", "err", rerr)
		http.Error(q.W, http.StatusText(status), status)
	}
}
