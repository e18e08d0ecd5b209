// Package frame is what the areas of the duty desk share and what their pages stand in. It renders on the server.
// Every act is a plain form that works without JavaScript (POST, then a redirect); htmx with its SSE extension only
// keeps what is shown up to date.
//
// It decides nothing. Before each act it asks package access whether the act is allowed and package service what the
// act leads to; the read-out before an act is what the engine itself says of it, asked without recording anything.
//
// # How a form keeps its promise
//
// A form carries the revision of the warning that was seen and an idempotency key made when it was rendered, so that a
// double click and a reload do nothing twice. What is read out before an act is a draft, see [Request.ToReview]. A
// refusal stands beside its field and what was typed stays. An act on a revision that has moved shows what changed
// since. A POST without a session is answered by the login form, which carries what was typed; after the login the form
// is shown again, filled in and not yet sent.
//
// # What is shown live
//
// Parts of a page that change by themselves are fragments. A fragment is rendered once for all who see the same, and at
// most four times a second however many watch; see [fragments].
package frame

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
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
	"qingkong/reductionlist"
)

// Sessions are the logins of browsers.
type Sessions interface {
	// Who is whose session a request carries; nil without a valid one.
	Who(r *http.Request) *access.Principal
	// Still is Who for an answer that goes on; it does not count as a use of the session.
	Still(r *http.Request) *access.Principal
	// Login begins a session. It returns a refusal for a wrong password (unauthenticated) or too many tries.
	Login(w http.ResponseWriter, r *http.Request, user, password string) (*access.Principal, error)
	Logout(w http.ResponseWriter, r *http.Request)
	// Address is where a request came from, as far as our proxies say.
	Address(r *http.Request) string
	// ChangePassword changes a password by change, which gives nil when the current one was wrong. All sessions of the
	// user end, but that of r goes on with a new cookie.
	ChangePassword(w http.ResponseWriter, r *http.Request, user string,
		change func(ctx context.Context) (*access.Principal, error)) error
	// Own lists the sessions of a user, the one used last in front.
	Own(r *http.Request, user string) ([]calls.Session, error)
	// End ends one of them; found is false where there is none of that id.
	End(r *http.Request, user, id string) (found bool, err error)
	// EndAll ends all of them, that of r included.
	EndAll(w http.ResponseWriter, r *http.Request, user string) error
	// KeepDraft keeps a form that waits for its review, and Draft finds it for its user alone; ok is false for none.
	KeepDraft(ctx context.Context, user string, form url.Values) (id string, err error)
	Draft(ctx context.Context, user, id string) (form url.Values, ok bool)
	// Confirm runs do, which takes the current password again and gives nil when that was wrong.
	Confirm(w http.ResponseWriter, r *http.Request, user string,
		do func(ctx context.Context) (*access.Principal, error)) error
}

// Live tells of changes. A tick means that something changed that who may see: of the warning or, where warning is
// empty, of anything. Ticks that wait to be taken merge into one. The channel is closed when ctx ends.
type Live interface {
	Watch(ctx context.Context, who *access.Principal, warning string) <-chan struct{}
}

// Options configure a desk.
type Options struct {
	District string // its name, as the header shows it
	Demo     bool   // the data are examples
	// Filling says of how many of a demo's instruments the time before it is filled in; nil, or all of them, for no word.
	Filling func() (done, all int)
	// DemoAccount gives the credentials of a demo's account of a role; nil, or not ok, where everybody types them.
	DemoAccount func(role string) (user, password string, ok bool)
	Alerts      alerts.Settings // the engine's own, by which the read-out before an act is worked out
	// Shares limit what each caller may ask for; the server of the desk counts the calls. Default: no limits.
	Shares *share.Shares
	// Incoming is the folder where uploads wait for their turn; default: that of the system for temporary files.
	Incoming string
	// MostUpload is the size in bytes of a file that comes in pieces, over /api/v1/uploads; 0 where none does, and a form sends
	// its file itself.
	MostUpload int64
	Feeds      func() []feed.Status // state of the sources of forecasts on this node; nil where there are none
	Watch      *watch.Watchman      // what the head of every page says of the system
	Clock      func() time.Time     // of this machine; default: time.Now
	// Within bounds a page's wait for the record, from when its form has come. Default: 30 s.
	Within time.Duration
	// Beat is between two signs of life of a stream, each a use of its session; default: 15 s.
	Beat time.Duration
	Log  *slog.Logger
}

// Frame is what the areas of the desk share and what they add their pages to. It is the handler of "/", "/login",
// "/logout" and everything below /desk.
type Frame struct {
	Options
	Svc      *service.Service
	Sessions Sessions
	// PlanOf renders what the page of an order shows of a plant's plan; empty for nothing. The area of plants sets it.
	PlanOf func(*Request, *notify.View) (template.HTML, error)
	// MonitorsOf gives what is known of the readings of a recipient's monitors; nil where nothing is. The area of stations
	// sets it.
	MonitorsOf func(q *Request, recipient string) (func(*reductionlist.Monitor) Heard, error)

	// MonitoringOf are the live parts of the page of an order, by its id, that show what is measured: order-monitoring, and
	// order-alarm for what of it stands above everything else; none for who may not see them. AskedOf renders what an
	// enterprise is asked about what was measured of it, for its first page. FoundOf counts what was found. The area of
	// monitoring sets them.
	MonitoringOf func(q *Request, order string) []Part
	AskedOf      func(*Request) (template.HTML, error)
	FoundOf      func(*Request) (Standing, error)

	// InspectedOf gives the live parts of an order's page for what inspectors found of its recipient under its warning, and
	// VisitsOf renders what the first page tells a reader of inspections: where an inspector goes, and what an enterprise may
	// answer. The area of inspections sets them.
	InspectedOf func(q *Request, order string) []Part
	VisitsOf    func(*Request) (template.HTML, error)

	// Queue is what waits for the reader; nil where nobody says. The area of warnings sets it.
	Queue func(*Request) (Queue, error)

	templates Templates
	live      Live
	face      serve.Face
	handler   http.Handler
	pages     []Page
	streams   map[string]Stream
	fragments fragments
	audience  audiences
	refusals  PageCache
}

// Standing is how many recipients are found to be how, of those that a reader may see, while their orders go on; Waiting
// explanations wait for an officer, and Asks findings for one.
type Standing struct{ Suspected, Violated, NoData, Waiting, Asks int }

// None reports whether there is nothing to tell but that of some nothing is known.
func (s Standing) None() bool { return s.Suspected+s.Violated+s.Waiting == 0 }

// actTimeout bounds how long a page waits for the record, unless the options say otherwise; live pages go on without such a
// limit.
const actTimeout = 30 * time.Second

// ServeHTTP implements http.Handler. A panic becomes a page that says so, and a log line.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.face.Headers(w)
	defer f.face.Recover(w, r)
	f.handler.ServeHTTP(w, r)
}

// SignIn are the addresses that a browser loads to sign in, as web.Area takes them.
var SignIn = []string{"/login", "/desk/static/"}

func nobody(*http.Request) *access.Principal { return nil }

// New returns a desk of areas, each of which adds its pages.
func New(svc *service.Service, sessions Sessions, live Live, templates Templates, opt Options,
	areas ...func(*Frame)) *Frame {
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Within <= 0 {
		opt.Within = actTimeout
	}
	if opt.Beat <= 0 {
		opt.Beat = beat
	}
	if opt.Shares == nil {
		opt.Shares = share.New(share.Options{})
	}
	f := &Frame{Svc: svc, Sessions: sessions, live: live, templates: templates, Options: opt,
		streams:      map[string]Stream{},
		PlanOf:       func(*Request, *notify.View) (template.HTML, error) { return "", nil },
		MonitoringOf: func(*Request, string) []Part { return nil },
		InspectedOf:  func(*Request, string) []Part { return nil },
		VisitsOf:     func(*Request) (template.HTML, error) { return "", nil },
		AskedOf:      func(*Request) (template.HTML, error) { return "", nil },
		FoundOf:      func(*Request) (Standing, error) { return Standing{}, nil },
		MonitorsOf:   func(*Request, string) (func(*reductionlist.Monitor) Heard, error) { return nil, nil }}
	f.face = serve.Face{Log: opt.Log, Policy: Policy, Referrer: "same-origin", NoAnswer: "desk.error.no_answer",
		Refuse: func(w http.ResponseWriter, r *http.Request, err error) {
			f.failed(f.request(w, r, f.Sessions.Who), err)
		}}
	f.Add(
		Page{Pattern: "GET /login", Key: "login", Show: f.loginPage},
		Page{Pattern: "POST /login", Key: "login", Show: f.login},
		Page{Pattern: "POST /logout", Show: f.logout},
		Page{Pattern: "POST /desk/look", Show: f.look},
		Page{Pattern: "GET /desk/static/{file}", Show: f.static, file: true},
		Page{Pattern: "GET /desk/live", Act: SignedIn, Show: f.watch, stream: true})
	f.Stream("none", Stream{Act: SignedIn, Parts: func(*Request) ([]Part, string) { return nil, "" }})
	for _, area := range areas {
		area(f)
	}
	f.handler = f.face.SameOrigin(f.routes())
	return f
}

// Policy lets a page load what this host serves and nothing else. A page itself holds no script and no style.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Told is what a person is told of an error. An error that is no refusal goes to the log alone.
func (f *Frame) Told(q *Request, err error) *refusal.Error {
	e, _ := f.face.Told(q.Request, err)
	return e
}

// detailOf words a refusal in one text: its first field, or the whole where it names none.
func detailOf(e *refusal.Error, lang string) string {
	if len(e.Fields) == 0 {
		return e.Detail(lang)
	}
	return e.Fields[0].Message(lang)
}

// failed shows the page that says what went wrong and what to do next.
func (f *Frame) failed(q *Request, err error) {
	e, status := f.face.Told(q.Request, err)
	if rerr := q.render(status, "error", q.failure(status, detailOf(e, q.Lang))); rerr != nil {
		f.Log.Error("the error page cannot be shown", "err", rerr)
		http.Error(q.W, http.StatusText(status), status)
	}
}
