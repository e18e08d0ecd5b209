package frame

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/watch"
)

// The languages.
const (
	ZH = "zh-CN"
	EN = "en"
)

var themes = []string{"auto", "light", "dark"}

// The cookies that remember the language and the colours that somebody chose. They hold nothing else.
const (
	LangCookie  = "qk_lang"
	ThemeCookie = "qk_theme"
)

// Request is the request for one page, with what answers it.
type Request struct {
	*http.Request
	W       http.ResponseWriter
	Who     *access.Principal // nil for nobody
	Lang    string
	Now     time.Time      // the record's
	Refused *refusal.Error // why the posted form was refused; nil for nothing

	frame  *Frame
	page   Page
	draft  string // id of the draft that the request is about; empty for none
	as     string // template in the place of the page's; empty for none
	status int
	theme  string
	seen   personalData // that the answer holds
	begins func()       // has the time of the act begin anew; nil where it has none
}

func (f *Frame) request(w http.ResponseWriter, r *http.Request, who func(*http.Request) *access.Principal) *Request {
	q := &Request{Request: r, W: w, Who: who(r), Lang: ZH, Now: f.Svc.J.Now(), frame: f, status: http.StatusOK,
		theme: themes[0]}
	if c, err := r.Cookie(LangCookie); err == nil && c.Value == EN {
		q.Lang = EN
	}
	if c, err := r.Cookie(ThemeCookie); err == nil && slices.Contains(themes, c.Value) {
		q.theme = c.Value
	}
	return q
}

// Edits reports whether a posted form is only to be shown again, and not carried out.
func (q *Request) Edits() bool { return q.Step() == StepEdit }

// Again reports whether the page shows a form as it was typed, for its sender to check once more.
func (q *Request) Again() bool { return q.Method == http.MethodPost && q.Refused == nil }

// Refuse has the page say why what was posted was refused.
func (q *Request) Refuse(err error) *refusal.Error {
	q.Refused, q.status = q.frame.face.Told(q.Request, err)
	return q.Refused
}

// As shows the view by another template than the page's own.
func (q *Request) As(template string, view any) (any, error) {
	q.as = template
	return view, nil
}

// Why words what was refused, in one text; empty for nothing.
func (q *Request) Why() string {
	if q.Refused == nil {
		return ""
	}
	return detailOf(q.Refused, q.Lang)
}

func (q *Request) template() string { return cmp.Or(q.as, q.page.Template, q.page.Key) }

// Look is the language and the colours of the page.
func (q *Request) Look() string { return q.Lang + "|" + q.theme }

// Level is the name of a level.
func (q *Request) Level(l alerts.Level) string { return alerts.LevelName(l, q.Lang) }

// T words a key of the desk's catalogue; args are names and values in turn.
func (q *Request) T(key string, args ...any) string { return Word(q.Lang, key, args...) }

// Word is the text of a key of the desk's catalogue; args are names and values in turn.
func Word(lang, key string, args ...any) string {
	named := refusal.Args{}
	for i := 0; i+1 < len(args); i += 2 {
		named[args[i].(string)] = args[i+1]
	}
	return refusal.Text("desk."+key, lang, named)
}

// ID is the id in the address.
func (q *Request) ID() string { return q.PathValue("id") }

// District is the name of the desk's district.
func (q *Request) District() string { return q.frame.District }

// May reports whether the user may do an act; nobody may without a session.
func (q *Request) May(act string) bool { return q.Who != nil && calls.Allowed(q.Who.Role, act) }

// View reads the record in one transaction.
func (q *Request) View(fn func(tx *bbolt.Tx) error) error { return q.frame.Svc.J.View(fn) }

// Chrome is what every page shows around its content.
type Chrome struct {
	Key      string // of the page: its title is the word "title.<key>" unless Title says another
	Title    string
	Lang     string
	Theme    string
	District string
	Demo     bool
	Filling  *filling // of a demo's instruments; nil where there is nothing to say
	Wrong    bool     // what was asked for was refused; the title begins with that
	Drill    bool     // the page is about a drill: it looks and reads differently
	Who      *access.Principal
	Nav      []Link
	Here     string      // this page, to come back to
	Watch    string      // address of its live fragments; empty for those alone that every page has
	Flash    string      // says what was just done
	Now      time.Time   // the record's
	Wall     time.Time   // the clock's; zero where it goes with the record
	Health   *healthView // nil while all is well
	Waits    int         // how much waits for the reader, see [Queue]
}

// Link is one place to go.
type Link struct {
	Href    string
	Text    string
	Current bool
	Main    bool // the nearest at hand
	Apart   bool // away from the others, that nobody takes it for one of them
}

// Chrome is what stands around the page's content.
func (q *Request) Chrome() *Chrome { return q.chrome(q.page.Key) }

func (q *Request) chrome(key string) *Chrome {
	here := q.URL.RequestURI()
	if q.Method != http.MethodGet {
		here = q.URL.Path
	}
	c := &Chrome{Key: key, Title: q.T("title." + key), Lang: q.Lang, Theme: q.theme, District: q.frame.District,
		Demo: q.frame.Demo, Filling: q.frame.filling(),
		Who: q.Who, Nav: q.nav(), Here: here, Now: q.Now, Wall: watch.Apart(q.frame.Clock(), q.Now), Health: q.health(),
		Waits: q.waits()}
	if done := "done." + q.URL.Query().Get("done"); refusal.Known("desk." + done) {
		c.Flash = q.T(done)
	}
	return c
}

// Alarms reports whether what waits for the reader rings.
func (c *Chrome) Alarms() bool {
	return c.May(calls.ActWarningsDeclare) || c.May(calls.ActWarningsApprove) || c.Who != nil && c.Who.Role == calls.Town
}

// May is for templates.
func (c *Chrome) May(act string) bool { return c.Who != nil && calls.Allowed(c.Who.Role, act) }

// nav is where the role may go.
func (q *Request) nav() []Link {
	if q.Who == nil {
		return nil
	}
	var out []Link
	for _, n := range []struct{ key, href, act string }{
		{"home", "/desk", calls.ActWarningsRead},
		{"orders", "/desk/orders", calls.ActOrdersRead},
		{"found", "/desk/findings", calls.ActFindingsRead},
		{"visits", "/desk/tasks", calls.ActTasksRead},
		{"inspections", "/desk/inspections", calls.ActInspectionsRead},
		{"stations", "/desk/stations", calls.ActTelemetryRead},
		{"warnings", "/desk/warnings", calls.ActWarningsRead},
		{"recipients", "/desk/recipients", calls.ActRecipientsRead},
		{"lists", "/desk/lists", calls.ActListsRead},
		{"proofs", "/desk/proofs", calls.ActLedgerRead},
	} {
		if q.May(n.act) {
			current := q.URL.Path == n.href || n.href != "/desk" && strings.HasPrefix(q.URL.Path, n.href+"/") ||
				n.key == "visits" && q.URL.Path == "/desk/task" ||
				n.key == "proofs" && strings.HasPrefix(q.URL.Path, "/desk/entries/") ||
				n.key == "stations" && (strings.HasPrefix(q.URL.Path, "/desk/points/") || q.URL.Path == "/desk/register")
			text := q.T("nav." + n.key)
			if q.Who.Role == calls.Enterprise && refusal.Known("desk.nav."+n.key+".mine") {
				text = q.T("nav." + n.key + ".mine")
			}
			out = append(out, Link{Href: n.href, Text: text, Current: current})
		}
	}
	return out
}

// wrong marks a page as one about what was refused.
func (c *Chrome) wrong() { c.Wrong = true }

// Look is a choice of colours that changes what a browser shows whose system has the colours System.
type Look struct{ System, Theme string }

// Looks are the choices that are offered: the style sheet shows the one for the system's colours, which the server does
// not know. The other colours come first, and after them those of the system again.
func (c *Chrome) Looks() []Look {
	switch c.Theme {
	case "dark":
		return []Look{{"light", "auto"}, {"dark", "light"}}
	case "light":
		return []Look{{"light", "dark"}, {"dark", "auto"}}
	}
	return []Look{{"light", "dark"}, {"dark", "light"}}
}

// render renders a page into memory first, so that a page that fails is not sent in part.
func (q *Request) render(status int, name string, view any) error {
	if about, ok := view.(interface{ wrong() }); ok && (q.Refused != nil || name == "error") {
		about.wrong()
	}
	text, err := q.frame.templates.page(q.Lang, name, view)
	if err == nil {
		q.Send(status, text)
	}
	return err
}

// Text renders the page, for a caller that sends it itself.
func (q *Request) Text(view any) ([]byte, error) {
	return q.frame.templates.page(q.Lang, q.template(), view)
}

// Send answers with a page.
func (q *Request) Send(status int, text []byte) {
	h := q.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", q.Lang)
	q.W.WriteHeader(status)
	if _, err := q.W.Write(text); err != nil { // #nosec G705 -- html/template has escaped what text shows
		q.frame.Log.Debug("a page did not reach its reader", "path", q.URL.Path, "err", err)
	}
}

// Redirect answers a form that was carried out: a reload then asks for a page and sends nothing again.
func (q *Request) Redirect(to string) (view any, err error) {
	// #nosec G710 -- to is a path of ours, or one that [local] let through
	http.Redirect(q.W, q.Request, to, http.StatusSeeOther)
	return nil, nil
}

// local is a path of this host that a form asked to come back to, or the fallback.
func local(path, fallback string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n\t") {
		return fallback
	}
	return path
}

// NewKey is an idempotency key.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// key is the form's idempotency key among its user's keys, for a draft its id; one that is not of our making counts as
// none.
func (q *Request) key() string {
	k := cmp.Or(q.draft, q.PostForm.Get("key"))
	if b, err := hex.DecodeString(k); err != nil || len(b) != 16 {
		return ""
	}
	return "desk/" + q.Who.User + "/" + k
}

// Ask says who asks, and how, as the service takes it.
func (q *Request) Ask() service.Ask {
	return service.Ask{Who: q.Who, Key: q.key(), Seen: q.PostForm.Get(seenField), Lang: q.Lang, Call: q.Pattern}
}
