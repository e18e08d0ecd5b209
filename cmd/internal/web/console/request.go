package console

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/watch"
)

// The languages and what they are called in themselves.
const (
	zh = "zh-CN"
	en = "en"
)

var themes = []string{"auto", "light", "dark"}

// The cookies that remember how somebody likes the desk. They say nothing about who it is.
const (
	langCookie  = "qk_lang"
	themeCookie = "qk_theme"
)

// request is one page being answered.
type request struct {
	*http.Request
	w     http.ResponseWriter
	d     *desk
	who   *access.Principal
	lang  string
	theme string
	now   time.Time
	seen  seen // personal data that the answer holds
}

func (d *desk) request(w http.ResponseWriter, r *http.Request, who func(*http.Request) *access.Principal) *request {
	q := &request{Request: r, w: w, d: d, who: who(r), lang: zh, theme: themes[0], now: d.svc.J.Now()}
	if c, err := r.Cookie(langCookie); err == nil && c.Value == en {
		q.lang = en
	}
	if c, err := r.Cookie(themeCookie); err == nil {
		for _, t := range themes {
			if c.Value == t {
				q.theme = t
			}
		}
	}
	return q
}

// t words a key of the desk's catalogue.
func (q *request) t(key string, args ...any) string { return word(q.lang, key, args...) }

// word is a key's text; args are names and values in turn.
func word(lang, key string, args ...any) string {
	var named refusal.Args
	for i := 0; i+1 < len(args); i += 2 {
		if named == nil {
			named = refusal.Args{}
		}
		named[args[i].(string)] = args[i+1]
	}
	return refusal.Text("desk."+key, lang, named)
}

func (q *request) id() string { return q.PathValue("id") }

// may reports whether who is logged in may do an act.
func (q *request) may(act string) bool { return q.who != nil && calls.Allowed(q.who.Role, act) }

// view reads the record in one transaction.
func (q *request) view(fn func(tx *bbolt.Tx) error) error { return q.d.svc.J.View(fn) }

// chrome is what every page has around its content.
type chrome struct {
	Key      string // of the page: its title is the word "title.<key>" unless Title says another
	Title    string
	Lang     string
	Theme    string
	District string
	Demo     bool
	Drill    bool // the page is about a drill: it looks and reads differently
	Who      *access.Principal
	Nav      []link
	Here     string      // this page, to come back to
	Watch    string      // address of its live fragments; empty for none
	Flash    string      // what was just done
	Now      time.Time   // the record's
	Wall     time.Time   // the clock's; zero where it goes with the record
	Health   *healthView // nil while all is well
	query    url.Values
}

// link is one place to go.
type link struct {
	Href    string
	Text    string
	Current bool
	Main    bool // the nearest at hand
}

func (q *request) chrome(key string) *chrome {
	here := q.URL.RequestURI()
	if q.Method != http.MethodGet {
		here = q.URL.Path
	}
	return &chrome{Key: key, Title: q.t("title." + key), Lang: q.lang, Theme: q.theme, District: q.d.opt.District, Demo: q.d.opt.Demo,
		Who: q.who, Nav: q.nav(), Here: here, Now: q.now,
		Wall: watch.Apart(q.d.opt.Clock(), q.now), Health: q.health(), query: q.URL.Query()}
}

// May is for templates.
func (c *chrome) May(act string) bool { return c.Who != nil && calls.Allowed(c.Who.Role, act) }

// nav is where the role may go.
func (q *request) nav() []link {
	if q.who == nil {
		return nil
	}
	var out []link
	for _, n := range []struct{ key, href, act string }{
		{"home", "/desk", calls.ActWarningsRead},
		{"orders", "/desk/orders", calls.ActOrdersRead},
		{"warnings", "/desk/warnings", calls.ActWarningsRead},
		{"recipients", "/desk/recipients", calls.ActRecipientsRead},
		{"lists", "/desk/lists", calls.ActListsRead},
	} {
		if q.may(n.act) {
			current := q.URL.Path == n.href || n.href != "/desk" && strings.HasPrefix(q.URL.Path, n.href+"/")
			out = append(out, link{Href: n.href, Text: q.t("nav." + n.key), Current: current})
		}
	}
	return out
}

// render renders a page into memory first: one that fails shows no half of itself.
func (q *request) render(status int, name string, view any) error {
	text, err := q.text(name, view)
	if err == nil {
		q.send(status, text)
	}
	return err
}

func (q *request) text(name string, view any) ([]byte, error) {
	var b bytes.Buffer
	err := sets[q.lang][name].ExecuteTemplate(refusal.VisibleWriter(&b), "base", view)
	return b.Bytes(), err
}

func (q *request) send(status int, text []byte) {
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", q.lang)
	q.w.WriteHeader(status)
	if _, err := q.w.Write(text); err != nil { // #nosec G705 -- html/template has escaped what text shows
		q.d.log.Debug("a page did not reach its reader", "path", q.URL.Path, "err", err)
	}
}

// part renders one template of the shared parts.
func part(lang, name string, view any) (template.HTML, error) {
	var b bytes.Buffer
	err := sets[lang]["error"].ExecuteTemplate(refusal.VisibleWriter(&b), name, view)
	return template.HTML(b.String()), err // #nosec G203 -- a template of ours has made it, which escapes
}

// redirect answers a form that was carried out: a reload then asks for a page and sends nothing again.
func (q *request) redirect(to string) error {
	http.Redirect(q.w, q.Request, to, http.StatusSeeOther) // #nosec G710 -- to is a path of ours, or one that [local] let through
	return nil
}

// local is a path of this host that a form asked to come back to, or the fallback.
func local(path, fallback string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return fallback
	}
	return path
}

// newKey is an idempotency key.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// key is the form's idempotency key among its user's keys; one that is not of our making counts as none.
func (q *request) key() string {
	k := q.PostForm.Get("key")
	if b, err := hex.DecodeString(k); err != nil || len(b) != 16 {
		return ""
	}
	return "desk/" + q.who.User + "/" + k
}

// ask is who asks, and how, as the acts have it.
func (q *request) ask() service.Ask {
	return service.Ask{Who: q.who, Key: q.key(), Lang: q.lang, Call: q.Pattern}
}

// cursor and page size of a list. Lists page on the server.
const (
	rowsPerPage = 50
	maxRows     = 200
)

// level reads a level from a form or a query; None for anything else.
func level(s string) alerts.Level {
	if l := alerts.Level(s); l.Declarable() {
		return l
	}
	return alerts.None
}
