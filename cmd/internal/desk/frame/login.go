package frame

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
)

// Names of the login form's hidden fields: the page that was asked for, and what was typed there.
const (
	nextField  = "next"
	typedField = "typed."
)

type loginView struct {
	*Chrome
	User    string
	Error   string
	Again   bool   // a form was under way when the session ended
	Next    string // where the login leads
	Typed   []Pair
	Buttons []string // roles of a demo whose credentials need no typing
}

// Pair is a field that a form carries along.
type Pair struct{ Name, Value string }

func (f *Frame) loginPage(q *Request) (any, error) {
	next := local(q.URL.Query().Get(nextField), "/desk")
	if q.Who != nil {
		return q.Redirect(next)
	}
	return f.loginView(q, next), nil
}

func (f *Frame) loginView(q *Request, next string) loginView {
	return loginView{Chrome: q.chrome("login"), Next: next, Buttons: f.demoRoles(q.Request)}
}

// askLogin answers a request without a session by the login form, which leads back to the page. A posted form is
// carried along, to be shown again, unless it is of secrets.
func (f *Frame) askLogin(q *Request, p Page) {
	if p.stream && strings.Contains(q.Header.Get("Accept"), eventStream) { // a browser does not tell its page of a status
		q.W.Header().Set("Content-Type", eventStream)
		_, _ = q.W.Write([]byte("event: over\ndata:\n\n"))
		return
	}
	if p.stream {
		http.Error(q.W, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	if q.Method == http.MethodGet {
		_, _ = q.Redirect("/login?" + url.Values{nextField: {q.URL.RequestURI()}}.Encode())
		return
	}
	view := f.loginView(q, q.URL.RequestURI())
	switch review := q.drafted(); {
	case review != "": // which holds all but the code and the word that are typed into it
		view.Again, view.Next = true, review
	case !p.Secret:
		view.Again, view.Typed = true, pairs(q.PostForm)
	}
	if err := q.render(http.StatusUnauthorized, "login", view); err != nil {
		f.failed(q, err)
	}
}

// pairs are the fields of a form in the order of their names.
func pairs(v url.Values) (all []Pair) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name == CodeField { // a code is typed anew
			continue
		}
		for _, value := range v[name] {
			all = append(all, Pair{name, value})
		}
	}
	return all
}

// login begins a session and leads on. A form that was under way comes back filled in and not sent, for its sender to
// check once more.
func (f *Frame) login(q *Request) (any, error) {
	next := local(q.PostForm.Get(nextField), "/desk")
	typed := url.Values{}
	for name, values := range q.PostForm {
		if own, ok := strings.CutPrefix(name, typedField); ok && own != CodeField {
			typed[own] = values
		}
	}
	user, password := f.credentials(q)
	who, err := f.Sessions.Login(q.W, q.Request, user, password)
	if err != nil {
		e := q.Refuse(err)
		view := f.loginView(q, next)
		view.User, view.Error, view.Again, view.Typed = user, q.T("login.wrong"), len(typed) > 0, pairs(typed)
		if e.Code != refusal.Unauthenticated {
			view.Error = e.Detail(q.Lang)
		}
		return view, nil
	}
	if len(typed) == 0 {
		return q.Redirect(next)
	}
	q.Who = who
	return nil, f.resume(q, next, typed)
}

// resume shows the form that was under way when the session ended.
func (f *Frame) resume(q *Request, next string, typed url.Values) error {
	at, err := url.ParseRequestURI(next)
	if err != nil {
		_, err = q.Redirect("/desk")
		return err
	}
	r := q.Clone(q.Context())
	r.Method, r.URL, r.RequestURI = http.MethodPost, at, next
	typed.Set("step", StepEdit)
	r.PostForm, r.Form = typed, typed
	mux := http.NewServeMux()
	for _, p := range f.pages {
		if p.Act == "" || p.Secret {
			continue // no login was asked for, or nothing was carried along
		}
		mux.HandleFunc(p.Pattern, func(w http.ResponseWriter, r *http.Request) {
			again := *q
			again.Request, again.W, again.page = r, w, p
			if err := p.allowed(&again); err != nil {
				f.failed(&again, err)
			} else if err := f.answer(&again); err != nil {
				f.failed(&again, err)
			}
		})
	}
	if _, pattern := mux.Handler(r); !strings.HasPrefix(pattern, "POST /desk/") {
		_, err := q.Redirect("/desk")
		return err
	}
	mux.ServeHTTP(q.W, r)
	return nil
}

func (f *Frame) logout(q *Request) (any, error) {
	f.Sessions.Logout(q.W, q.Request)
	return q.Redirect("/login")
}

// look sets the cookies for the language and the colours that somebody chose, and leads back.
func (f *Frame) look(q *Request) (any, error) {
	set := func(name, value string) {
		http.SetCookie(q.W, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, SameSite: http.SameSiteLaxMode}) // #nosec G124 -- a language is no secret
	}
	if lang := q.PostForm.Get("lang"); lang == ZH || lang == EN {
		set(LangCookie, lang)
	}
	if theme := q.PostForm.Get("theme"); slices.Contains(themes, theme) {
		set(ThemeCookie, theme)
	}
	return q.Redirect(local(q.PostForm.Get("back"), "/desk"))
}

// static serves the files that pages load. A name belongs to one content for ever.
func (f *Frame) static(q *Request) (any, error) {
	a, ok := assets[q.PathValue("file")]
	if !ok {
		return nil, noPage(q.URL.Path)
	}
	h := q.W.Header()
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := q.W.Write(a.data)
	return nil, err
}
