package frame

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/web/serve"
)

// Page is an address of the desk: a view, the template that shows it and the function that makes it. A page with a form
// has two addresses, and a second function that carries the form out.
type Page struct {
	Pattern  string // of http.ServeMux; without a method it is GET and POST
	Act      string // the act that access must allow, or [SignedIn]; empty: everybody may see it
	Key      string // of its words: "title.<key>" is its title
	Template string // the name of its template; default: Key
	// Show makes the view, which holds [Request.Chrome]; nil where it has answered by itself. A form that was refused is
	// shown again: what was typed is in the request's PostForm, and why it was refused in [Request.Refused].
	Show func(*Request) (view any, err error)
	// Do carries out a form that was posted and returns where that leads; empty where it has answered by itself. The form
	// shows what Do refuses, except for not_found. A form that comes back after a login is shown and not carried out.
	Do func(*Request) (to string, err error)

	Secret bool         // what is typed into it is never carried over a login
	Upload bool         // its form holds a file, which Do reads by [Request.ReadForm]
	Texts  []serve.Text // that such a form has before its file, beside its key
	Grows  bool         // a post makes the record larger, and may be told to come later

	stream bool // it goes on for as long as it is watched
	file   bool // it is the same for everybody, and no session is looked for
}

// SignedIn is the act of a page that everybody with a session may see.
const SignedIn = "signed in"

// Add adds an area's pages.
func (f *Frame) Add(pages ...Page) {
	for _, p := range pages {
		if strings.Contains(p.Pattern, " ") {
			f.pages = append(f.pages, p)
			continue
		}
		pattern := p.Pattern
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			p.Pattern = method + " " + pattern
			f.pages = append(f.pages, p)
		}
	}
}

// Pages are all pages of the desk.
func (f *Frame) Pages() []Page { return f.pages }

// who finds out whose request it is.
func (p Page) who(f *Frame) func(*http.Request) *access.Principal {
	switch {
	case p.file:
		return nobody
	case p.stream:
		return f.Sessions.Still
	default:
		return f.Sessions.Who
	}
}

func (f *Frame) routes() http.Handler {
	mux := http.NewServeMux()
	for _, p := range f.pages {
		mux.HandleFunc(p.Pattern, func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, p) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.failed(f.request(w, r, f.Sessions.Who), noPage(r.URL.Path))
	})
	return mux
}

func noPage(path string) error {
	return refusal.New(refusal.NotFound, "desk.error.no_page", refusal.Args{"path": path})
}

// answer carries out a form that was posted, or shows the page.
func (f *Frame) answer(q *Request) error {
	p := q.page
	if q.Method == http.MethodPost && p.Do != nil && !q.Edits() {
		to, err := p.Do(q)
		if code := refusal.CodeOf(err); err != nil && (code == "" || code == refusal.NotFound) {
			return err
		}
		if err == nil {
			if to != "" {
				_, _ = q.Redirect(to)
			}
			return nil
		}
		q.Refuse(err)
	}
	view, err := p.Show(q)
	if err != nil || view == nil {
		return err
	}
	return q.render(q.status, q.template(), view)
}

// serve answers one page. Somebody without a session is asked to log in and then comes back to the page with what was
// typed; somebody who may not see the page is told so.
func (f *Frame) serve(w http.ResponseWriter, r *http.Request, p Page) {
	q := f.request(w, r, p.who(f))
	q.page = p
	if q.Who != nil {
		if err := p.allowed(q); err != nil {
			f.failed(q, err)
			return
		}
	}
	done, err := f.begin(q, p)
	if err != nil {
		f.failed(q, err)
		return
	}
	defer done()
	if r.Method == http.MethodPost && !p.Upload {
		if err := q.readPlain(); err != nil {
			f.failed(q, err)
			return
		}
	}
	if p.Act != "" && q.Who == nil {
		if r.Method == http.MethodPost && p.Upload {
			q.readTexts()
		}
		f.askLogin(q, p)
		return
	}
	if q.Who != nil {
		if err := q.loadDraft(); err != nil {
			f.failed(q, err)
			return
		}
	}
	if !p.stream {
		connection := r.Context()
		ctx, cancel := context.WithTimeout(connection, f.Within)
		defer func() { cancel() }()
		q.begins = func() { // the time that a file took to come is not the act's: the connection says how slowly it may
			cancel()
			ctx, cancel = context.WithTimeout(connection, f.Within)
			q.Request = q.WithContext(ctx)
		}
		q.Request = q.WithContext(ctx)
	}
	if err := f.answer(q); err != nil {
		f.failed(q, err)
	}
	q.recordSeen(r.Pattern)
}

// begin takes the share of a page's user for the work on it, or refuses the page where the share is used up; done gives
// it back. Large forms without a session share a small limit, for they are held in memory before their sender is known.
func (f *Frame) begin(q *Request, p Page) (done func(), err error) {
	h, post := q.W.Header(), q.Method == http.MethodPost
	if q.Who == nil && post && (q.ContentLength < 0 || q.ContentLength > smallForm) {
		return f.Shares.LargeForm(q.Context(), h, f.Sessions.Address(q.Request))
	}
	if q.Who == nil || p.file {
		return func() {}, nil
	}
	if p.Grows && post {
		if err := f.Shares.Write(h, q.Who.User); err != nil {
			return nil, err
		}
	}
	switch {
	case p.stream:
		return f.Shares.Stream(q.Context(), h, q.Who.User)
	case p.Upload && post:
		return f.Shares.Upload(q.Context(), h, q.Who.User)
	}
	return f.Shares.Work(q.Context(), h, q.Who.User)
}

// allowed refuses a page to a role that may not see it.
func (p Page) allowed(q *Request) error {
	if p.Act == "" || p.Act == SignedIn {
		return nil
	}
	return access.Require(q.Who, p.Act)
}

// maxForm bounds a form in bytes: a notice of 20,000 characters, percent-encoded, and the rest.
const maxForm = 1 << 20

// smallForm is generous, in bytes, for the form of a login that carries nothing over.
const smallForm = 4 << 10

func unreadable(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": maxForm})
	}
	return refusal.New(refusal.Invalid, "desk.error.form", nil)
}
