// Package console is the duty desk: the pages with which people declare, approve and follow a warning, and with which
// an enterprise answers its orders. It renders on the server; every act is a plain form that works without JavaScript
// (POST, then a redirect), and htmx with its SSE extension only keeps what is shown up to date.
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
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/share"

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
	// ChangePassword changes a password by change, which gives nil when the current one was wrong. All sessions of the user
	// end; that of r goes on with a new cookie.
	ChangePassword(w http.ResponseWriter, r *http.Request, user string, change func(ctx context.Context) (*access.Principal, error)) error
	// Own are the sessions of a user, the one that was used last in front.
	Own(r *http.Request, user string) ([]calls.Session, error)
	// End ends one of them; false where there is none of that id.
	End(r *http.Request, user, id string) (found bool, err error)
	// EndAll ends all of them, that of r too.
	EndAll(w http.ResponseWriter, r *http.Request, user string) error
	// Confirm has something done that takes the current password again; do gives nil when that was wrong.
	Confirm(w http.ResponseWriter, r *http.Request, user string, do func(ctx context.Context) (*access.Principal, error)) error
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

// desk is the handler's state.
type desk struct {
	svc      *service.Service
	sessions Sessions
	live     Live
	opt      Options
	engine   alerts.Engine
	log      *slog.Logger

	fragments fragments
	audience  audiences
	refusals  moments
	// publicPages are "/" for whoever is not signed in: a crowd that looks costs one rendering a second.
	publicPages moments
	timelines   timelines
}

// actTimeout bounds how long a page waits for the record; live pages have no such end.
const actTimeout = 30 * time.Second

// Desk is the desk's pages: "/", "/login", "/logout" and everything below /desk.
type Desk struct {
	d       *desk
	handler http.Handler
}

// ServeHTTP implements http.Handler. A panic becomes a page that says so, and a log line.
func (k *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := k.d
	d.headers(w)
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			d.failed(d.request(w, r, d.sessions.Who), fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	k.handler.ServeHTTP(w, r)
}

// SignIn is what a browser loads to sign in, as web.Area has it.
var SignIn = []string{"/login", "/desk/static/"}

func nobody(*http.Request) *access.Principal { return nil }

// New returns the desk's pages.
func New(svc *service.Service, sessions Sessions, live Live, opt Options) *Desk {
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
	d := &desk{svc: svc, sessions: sessions, live: live, opt: opt, engine: alerts.Engine{Settings: opt.Alerts}, log: opt.Log}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.failed(d.request(w, r, d.sessions.Who), refusal.New(refusal.Forbidden, "http.cross_origin", refusal.Args{"origin": r.Header.Get("Origin")}))
	}))
	return &Desk{d, cross.Handler(d.routes())}
}

// Policy lets a page load what this host serves and nothing else. No script and no style stands in a page.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (d *desk) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", Policy)
}

// page is one address: what access must allow for it, and what answers.
type page struct {
	pattern string // of http.ServeMux
	act     string // empty: everybody; signedIn: whoever has a session
	handle  func(*request) error
	stream  bool // it goes on for as long as it is watched
	file    bool // the same for everybody: nobody is asked for
	secret  bool // what is typed into it is carried nowhere
	upload  bool // its form holds a file, and is read by who handles it
	grows   bool // what is posted makes the record larger and may be asked to come later
}

// who finds whose request it is.
func (p page) who(d *desk) func(*http.Request) *access.Principal {
	switch {
	case p.file:
		return nobody
	case p.stream:
		return d.sessions.Still
	default:
		return d.sessions.Who
	}
}

const signedIn = "signed in"

func (d *desk) pages() []page {
	pages := []page{
		{pattern: "GET /{$}", handle: d.root},
		{pattern: "GET /login", handle: d.loginPage},
		{pattern: "POST /login", handle: d.login},
		{pattern: "POST /logout", handle: d.logout},
		{pattern: "POST /desk/look", handle: d.look},
		{pattern: "GET /desk/password", act: signedIn, handle: d.passwordPage},
		{pattern: "POST /desk/password", act: signedIn, handle: d.changePassword, secret: true, grows: true},
		{pattern: "POST /desk/sessions/end", act: signedIn, handle: d.endSessions, secret: true, grows: true},
		{pattern: "POST /desk/sessions/{id}/end", act: signedIn, handle: d.endSession, secret: true},
		{pattern: "GET /desk/factor", act: signedIn, handle: d.factorPage},
		{pattern: "POST /desk/factor", act: signedIn, handle: d.enrolFactor, secret: true, grows: true},
		{pattern: "GET /desk/static/{file}", handle: d.static, file: true},
		{pattern: "GET /desk/live", act: signedIn, handle: d.watch, stream: true},
		{pattern: "GET /desk", act: calls.ActWarningsRead, handle: d.home},
		{pattern: "GET /desk/warnings", act: calls.ActWarningsRead, handle: d.warnings},
		{pattern: "GET /desk/warnings/{id}", act: calls.ActWarningsRead, handle: d.warning},
		{pattern: "GET /desk/warnings/{id}/board", act: calls.ActBoardRead, handle: d.board},
		{pattern: "GET /desk/orders", act: calls.ActOrdersRead, handle: d.orders},
		{pattern: "GET /desk/orders/{id}", act: calls.ActOrdersRead, handle: d.order},
		{pattern: "GET /desk/orders/{id}/plan", act: calls.ActOrdersPlan, handle: d.planPage},
		{pattern: "POST /desk/orders/{id}/plan", act: calls.ActOrdersPlan, handle: d.planPost},
		{pattern: "GET /desk/recipients/{id}/figures", act: calls.ActFiguresWrite, handle: d.figuresPage},
		{pattern: "POST /desk/recipients/{id}/figures", act: calls.ActFiguresWrite, handle: d.figuresPost, grows: true},
		{pattern: "POST /desk/orders/{id}/{action}", act: calls.ActOrdersAnswer, handle: d.answer},
		{pattern: "GET /desk/objections/{id}", act: calls.ActOrdersObjection, handle: d.objection},
		{pattern: "POST /desk/objections/{id}", act: calls.ActOrdersObjection, handle: d.decide},
		{pattern: "GET /desk/recipients", act: calls.ActRecipientsRead, handle: d.recipients},
		{pattern: "GET /desk/recipients/{id}", act: calls.ActRecipientsRead, handle: d.recipient},
		{pattern: "GET /desk/lists", act: calls.ActListsRead, handle: d.lists},
		{pattern: "POST /desk/lists", act: calls.ActListsImport, handle: d.importList, upload: true, secret: true, grows: true},
		{pattern: "GET /desk/lists/{id}", act: calls.ActListsRead, handle: d.list},
		{pattern: "GET /desk/lists/{id}/findings", act: calls.ActListsRead, handle: d.findings},
		{pattern: "GET /desk/lists/{id}/diff", act: calls.ActListsRead, handle: d.diff},
		{pattern: "GET /desk/lists/{id}/tasks", act: calls.ActListsRead, handle: d.tasks},
		{pattern: "POST /desk/lists/{id}/approve", act: calls.ActListsApprove, handle: d.listAct("approve"), grows: true},
		{pattern: "POST /desk/lists/{id}/activate", act: calls.ActListsApprove, handle: d.listAct("activate"), grows: true},
		{pattern: "POST /desk/lists/{id}/discard", act: calls.ActListsImport, handle: d.discardList, grows: true},
		{pattern: "GET /desk/recipients/{id}/amend", act: calls.ActListsImport, handle: d.amend},
		{pattern: "POST /desk/recipients/{id}/amend", act: calls.ActListsImport, handle: d.amendPost, grows: true},
		{pattern: "GET /desk/warnings/{id}/list-changes", act: calls.ActListsRead, handle: d.listChanges},
		{pattern: "POST /desk/warnings/{id}/list-changes", act: calls.ActWarningsRelist, handle: d.relist},
	}
	for _, a := range acts {
		pattern := "/desk/warnings/{id}/" + a.name
		switch a.name {
		case "declare":
			pattern = "/desk/declare"
		case "dismiss":
			pattern = "/desk/proposals/{id}/dismiss"
		}
		pages = append(pages,
			page{pattern: "GET " + pattern, act: a.allow, handle: d.actForm(a)},
			page{pattern: "POST " + pattern, act: a.allow, handle: d.actPost(a)})
	}
	return pages
}

func (d *desk) routes() http.Handler {
	mux := http.NewServeMux()
	for _, p := range d.pages() {
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, p) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.failed(d.request(w, r, d.sessions.Who), refusal.New(refusal.NotFound, "desk.error.no_page", refusal.Args{"path": r.URL.Path}))
	})
	return mux
}

// serve answers one page. Who has no session is asked to log in and comes back to where it was going, with what it had
// typed; who may not see a page is told so.
func (d *desk) serve(w http.ResponseWriter, r *http.Request, p page) {
	q := d.request(w, r, p.who(d))
	if q.who != nil {
		if err := d.allowed(q, p); err != nil {
			d.failed(q, err)
			return
		}
	}
	done, err := d.begin(q, p)
	if err != nil {
		d.failed(q, err)
		return
	}
	defer done()
	if r.Method == http.MethodPost && !p.upload {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			d.failed(q, unreadable(err))
			return
		}
		for _, values := range r.PostForm { // a browser ends lines so, whatever was typed
			for i, v := range values {
				values[i] = strings.ReplaceAll(v, "\r\n", "\n")
			}
		}
	}
	if p.act != "" && q.who == nil {
		d.askLogin(q, p)
		return
	}
	if !p.stream {
		ctx, cancel := context.WithTimeout(r.Context(), actTimeout)
		defer cancel()
		q.Request = q.WithContext(ctx)
	}
	if err := p.handle(q); err != nil {
		d.failed(q, err)
	}
	q.note(p.pattern, false)
}

// begin begins the work of a page for somebody known, or refuses it for what that one did before or has in work. done ends it.
// Nobody's forms are small, or among few: what is in them is held before anything says who sends it.
func (d *desk) begin(q *request, p page) (done func(), err error) {
	h := q.w.Header()
	if q.who == nil && q.Method == http.MethodPost && !p.upload && (q.ContentLength < 0 || q.ContentLength > smallForm) {
		return d.opt.Shares.LargeForm(q.Context(), h, d.sessions.Address(q.Request))
	}
	if q.who == nil || p.file {
		return func() {}, nil
	}
	if p.grows {
		if err := d.opt.Shares.Write(h, q.who.User); err != nil {
			return nil, err
		}
	}
	switch {
	case p.stream:
		return d.opt.Shares.Stream(q.Context(), h, q.who.User)
	case p.upload:
		return d.opt.Shares.Upload(q.Context(), h, q.who.User)
	}
	return d.opt.Shares.Work(q.Context(), h, q.who.User)
}

// allowed refuses a page to a role that may not have it.
func (d *desk) allowed(q *request, p page) error {
	if p.act == "" || p.act == signedIn {
		return nil
	}
	return access.Require(q.who, p.act)
}

// maxForm bounds what a form sends: a notice of 20,000 characters, percent-encoded, and the rest.
const maxForm = 1 << 20

// smallForm is what the form of a login holds that carries nothing over, generously.
const smallForm = 4 << 10

func unreadable(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": maxForm})
	}
	return refusal.New(refusal.Invalid, "desk.error.form", nil)
}

// statusOf is the status of a page that says why something was refused.
var statusOf = map[refusal.Code]int{
	refusal.Invalid: http.StatusUnprocessableEntity, refusal.UnknownField: http.StatusUnprocessableEntity,
	refusal.Unauthenticated: http.StatusUnauthorized, refusal.Forbidden: http.StatusForbidden, refusal.NotFound: http.StatusNotFound,
	refusal.TransitionRefused: http.StatusConflict, refusal.StaleRevision: http.StatusConflict, refusal.SamePerson: http.StatusConflict,
	refusal.Conflict: http.StatusConflict, refusal.UnsupportedMedia: http.StatusUnsupportedMediaType, refusal.TooLarge: http.StatusRequestEntityTooLarge,
	refusal.RateLimited: http.StatusTooManyRequests, refusal.NotReady: http.StatusServiceUnavailable,
}

// refusalOf is what a person is told of an error; what is no refusal is for the log alone.
func (d *desk) refusalOf(q *request, err error) (e *refusal.Error, status int) {
	if errors.As(err, &e) && statusOf[e.Code] != 0 {
		return e, statusOf[e.Code]
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, journal.ErrClosed) {
		d.log.Warn("a page got no answer from the record", "method", q.Method, "path", q.URL.Path, "err", err)
		return refusal.New(refusal.NotReady, "desk.error.no_answer", nil), http.StatusServiceUnavailable
	}
	d.log.Error("a page failed", "method", q.Method, "path", q.URL.Path, "err", err)
	return refusal.New(refusal.NotReady, "internal", nil), http.StatusInternalServerError
}

// failed shows the page that says what went wrong and what to do next.
func (d *desk) failed(q *request, err error) {
	e, status := d.refusalOf(q, err)
	detail := e.Detail(q.lang)
	if len(e.Fields) > 0 {
		detail = e.Fields[0].Message(q.lang)
	}
	if rerr := q.render(status, "error", q.failure(status, detail)); rerr != nil {
		d.log.Error("the error page cannot be shown", "err", rerr)
		http.Error(q.w, http.StatusText(status), status)
	}
}
