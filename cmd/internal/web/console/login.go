package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Names of the login form's hidden fields: where somebody was going, and what they had typed there.
const (
	nextField  = "next"
	typedField = "typed."
)

type loginView struct {
	*chrome
	User  string
	Error string
	Again bool // a form was under way when the session ended
	Next  string
	Typed []pair
	Doors []string // roles of a demo that need no typing
}

// pair is a field that a form carries along.
type pair struct{ Name, Value string }

func (d *desk) loginPage(q *request) error {
	if q.who != nil {
		return q.redirect(local(q.URL.Query().Get(nextField), "/desk"))
	}
	return q.render(http.StatusOK, "login", loginView{chrome: q.chrome("login"), Next: local(q.URL.Query().Get(nextField), "/desk"), Doors: d.doors(q.Request)})
}

// askLogin answers who has no session: a page asks for the login and leads back; a form is kept, to be shown again, unless
// it is of secrets.
func (d *desk) askLogin(q *request, p page) {
	if p.stream {
		http.Error(q.w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	if q.Method == http.MethodGet {
		_ = q.redirect("/login?" + url.Values{nextField: {q.URL.RequestURI()}}.Encode())
		return
	}
	view := loginView{chrome: q.chrome("login"), Again: !p.secret, Next: q.URL.RequestURI(), Doors: d.doors(q.Request)}
	if !p.secret {
		view.Typed = pairs(q.PostForm)
	}
	if err := q.render(http.StatusUnauthorized, "login", view); err != nil {
		d.failed(q, err)
	}
}

// pairs are the fields of a form in an order of their own.
func pairs(v url.Values) (all []pair) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name == codeField { // a code is typed anew
			continue
		}
		for _, value := range v[name] {
			all = append(all, pair{name, value})
		}
	}
	return all
}

// login begins a session and leads on. What somebody had typed before comes back as the form they were in, filled in
// and not sent: they look at it once more.
func (d *desk) login(q *request) error {
	next := local(q.PostForm.Get(nextField), "/desk")
	typed := url.Values{}
	for name, values := range q.PostForm {
		if own, ok := strings.CutPrefix(name, typedField); ok && own != codeField {
			typed[own] = values
		}
	}
	user, password := d.credentials(q)
	who, err := d.sessions.Login(q.w, q.Request, user, password)
	if err != nil {
		e, status := d.refusalOf(q, err)
		view := loginView{chrome: q.chrome("login"), User: user, Error: q.t("login.wrong"), Again: len(typed) > 0, Next: next, Doors: d.doors(q.Request)}
		if e.Code != refusal.Unauthenticated {
			view.Error = e.Detail(q.lang)
		}
		view.Typed = pairs(typed)
		return q.render(status, "login", view)
	}
	if len(typed) == 0 {
		return q.redirect(next)
	}
	q.who = who
	return d.resume(q, next, typed)
}

// resume shows the form that was under way when the session ended.
func (d *desk) resume(q *request, next string, typed url.Values) error {
	at, err := url.ParseRequestURI(next)
	if err != nil {
		return q.redirect("/desk")
	}
	r := q.Clone(q.Context())
	r.Method, r.URL, r.RequestURI = http.MethodPost, at, next
	typed.Set("step", stepEdit)
	r.PostForm, r.Form = typed, typed
	mux := http.NewServeMux()
	for _, p := range d.pages() {
		if p.act == "" || p.secret {
			continue // nobody was asked to log in for it, or nothing was kept
		}
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) {
			again := *q
			again.Request, again.w = r, w
			if err := d.allowed(&again, p); err != nil {
				d.failed(&again, err)
			} else if err := p.handle(&again); err != nil {
				d.failed(&again, err)
			}
		})
	}
	if _, pattern := mux.Handler(r); !strings.HasPrefix(pattern, "POST /desk/") {
		return q.redirect("/desk")
	}
	mux.ServeHTTP(q.w, r)
	return nil
}

func (d *desk) logout(q *request) error {
	d.sessions.Logout(q.w, q.Request)
	return q.redirect("/login")
}

// look remembers the language and the colours that somebody chose, and leads back.
func (d *desk) look(q *request) error {
	set := func(name, value string) {
		http.SetCookie(q.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, SameSite: http.SameSiteLaxMode}) // #nosec G124 -- a language is no secret
	}
	if lang := q.PostForm.Get("lang"); lang == zh || lang == en {
		set(langCookie, lang)
	}
	if theme := q.PostForm.Get("theme"); slices.Contains(themes, theme) {
		set(themeCookie, theme)
	}
	return q.redirect(local(q.PostForm.Get("back"), "/desk"))
}

// static serves what pages load. A name belongs to one content for ever.
func (d *desk) static(q *request) error {
	a, ok := assets[q.PathValue("file")]
	if !ok {
		return refusal.New(refusal.NotFound, "desk.error.no_page", refusal.Args{"path": q.URL.Path})
	}
	h := q.w.Header()
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := q.w.Write(a.data)
	return err
}
