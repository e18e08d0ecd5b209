// Package gate is the area /gate/: an installable page with which an inspector works on a phone, also without network. It
// serves files alone. What the page shows and hands in goes over the interface (/api/v1), and what it keeps lies in the
// browser's database, encrypted by a key that the browser does not keep (see package session).
//
// # What is kept where
//
// The page is a shell, the same for everybody and without a word about anybody, and modules of script. Each stands under a
// name that its content gives it. The worker, whose scope is /gate/, keeps exactly these files, by their names, and answers
// for them and for /gate/ itself; it never touches another address, so that pages of the desk and answers of the interface
// stay what the server last said.
//
// Where a browser has no workers (a plain HTTP address that is not this machine's own), the page says so and works online.
package gate

import (
	"log/slog"
	"net/http"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/serve"
)

// Paths are the addresses of the area, as patterns of http.ServeMux.
var Paths = []string{"/gate", "/gate/"}

// SignIn are those that somebody loads before signing in: the page leads to the login by itself.
var SignIn = []string{"/gate/"}

// Policy lets the page load what this host serves, show what it holds itself (photos, by blob:), and run its worker. It is
// of this area alone.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// permissions are what the page may ask its user for: the camera behind a file input needs none of them.
const permissions = "geolocation=(self), camera=(), microphone=(), payment=(), usb=()"

// Area is the handler of all addresses of [Paths].
type Area struct {
	face    serve.Face
	handler http.Handler
}

// New returns the area.
func New(log *slog.Logger) *Area {
	a := &Area{}
	a.face = serve.Face{Log: log, Policy: Policy, Referrer: "same-origin", NoAnswer: "http.no_answer", Refuse: a.Refuse}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gate", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/gate/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /gate/{$}", func(w http.ResponseWriter, r *http.Request) { a.serve(w, files.shell, false) })
	mux.HandleFunc("GET /gate/worker.js", func(w http.ResponseWriter, r *http.Request) { a.serve(w, files.worker, false) })
	mux.HandleFunc("GET /gate/static/{file}", func(w http.ResponseWriter, r *http.Request) {
		f, ok := files.byName[r.PathValue("file")]
		if !ok {
			a.Refuse(w, r, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": r.URL.Path}))
			return
		}
		a.serve(w, f, true)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.Refuse(w, r, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": r.URL.Path}))
	})
	a.handler = mux
	return a
}

// ServeHTTP implements http.Handler. A panic becomes an answer and a log line.
func (a *Area) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.face.Headers(w)
	w.Header().Set("Permissions-Policy", permissions)
	defer a.face.Recover(w, r)
	a.handler.ServeHTTP(w, r)
}

// serve answers with a file. One whose name its content gives may be kept for ever; the two that are found by a fixed
// address are asked for each time.
func (a *Area) serve(w http.ResponseWriter, f *file, kept bool) {
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", "no-cache")
	if kept {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if _, err := w.Write(f.data); err != nil {
		a.face.Log.Debug("a file of the gate was not taken whole", "file", f.name, "err", err)
	}
}

// Refuse answers with what went wrong, as a line of text: nobody reads it but a person who typed an address.
func (a *Area) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	e, status := a.face.Told(r, err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	text := e.Detail("zh-CN") + "\n" + e.Detail("en") + "\n"
	if _, err := w.Write([]byte(strings.Map(visible, text))); err != nil {
		a.face.Log.Debug("a refusal of the gate was not taken", "err", err)
	}
}

func visible(c rune) rune {
	if c < ' ' && c != '\n' {
		return -1
	}
	return c
}
