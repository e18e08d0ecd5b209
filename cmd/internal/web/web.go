// Package web is the HTTP interface (contract.md §3) and the status page over the acts of package service. It
// reads requests, asks package access who may do what, narrows lists to what their reader may see, and words
// refusals as problem details (RFC 9457); it decides nothing else.
//
// Beside contract.md §3 it answers these:
//
//   - 304 to a GET with the ETag of what still stands, where reads repeat;
//   - 405 `invalid` with Allow where a path takes other methods only;
//   - 500 `internal` for what is no refusal; the reason stands in the log alone;
//   - 503 `not_ready` when the record gave no answer in time: the outcome is then not known;
//   - 422 `unknown_field` for a query parameter that a call does not have;
//   - a list's total is -1 where counting would take too long.
//
// An idempotency key is the caller's own: another user's equal key is another key.
package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/web/live"
	"qingkong/cmd/internal/web/session"
)

// actTimeout bounds how long a request waits for the record.
const actTimeout = 30 * time.Second

// Server answers HTTP requests. It is an http.Handler.
type Server struct {
	svc      *service.Service
	sessions *session.Sessions
	log      *slog.Logger
	handler  http.Handler
	areas    *http.ServeMux
	ready    atomic.Bool
	live     *live.Hub
	document []byte // GET /api/v1/openapi.json
	public   *publicPages
}

// New returns the server over svc. It serves at once; /readyz says so only after [Server.Ready].
func New(svc *service.Service, sessions *session.Sessions, log *slog.Logger) *Server {
	s := &Server{svc: svc, sessions: sessions, log: log, areas: http.NewServeMux(), public: newPublicPages()}
	s.document = theDocument()
	s.live = newLive(s)
	mux := http.NewServeMux()
	s.mount(mux)
	mux.HandleFunc("GET /{$}", s.statusPage)
	mux.HandleFunc("/", s.notFound)
	s.handler = s.sameOrigin(mux)
	return s
}

// sameOrigin refuses what a page of another site has a browser send, with the session that the browser has here. A request
// with a token is none of that: a page of another site can set none, and the session does not count then.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bearer(r) == "" && cross.Check(r) != nil {
			s.problem(w, r, refusal.New(refusal.Forbidden, "http.cross_origin", refusal.Args{"origin": r.Header.Get("Origin")}))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Area is paths that somebody else answers: pages, which load more than the rest of the server lets. Its handler sees to
// requests of other origins by itself, and there is no end of time for its answers.
type Area struct {
	Paths   []string // patterns of http.ServeMux, such as /{$}, /login, /desk/
	Policy  string   // Content-Security-Policy of these paths
	Handler http.Handler
}

// Mount puts an area in the place of what the server has there. Call it before the first request.
func (s *Server) Mount(a Area) {
	for _, path := range a.Paths {
		s.areas.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", a.Policy)
			a.Handler.ServeHTTP(w, r)
		})
	}
}

// Ready makes /readyz answer 200.
func (s *Server) Ready() { s.ready.Store(true) }

// pagePolicy is the Content-Security-Policy of everything but the areas: nothing is loaded but the page's own style.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// ServeHTTP implements http.Handler. A panic becomes a 500 and a log line.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", pagePolicy)
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.problem(w, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	if _, pattern := s.areas.Handler(r); pattern != "" {
		s.areas.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(live.WithConnection(r.Context()), actTimeout)
	defer cancel()
	s.handler.ServeHTTP(w, r.WithContext(ctx))
}

// health is the answer of a server that is well.
type health struct {
	Status string `json:"status"`
}

func (s *Server) healthz(*request) (any, error) { return health{"ok"}, nil }

// readyz says whether requests will be carried out: the program has started and the record is written.
func (s *Server) readyz(*request) (any, error) {
	switch halted := s.svc.J.Halted(); {
	case !s.ready.Load():
		return nil, refusal.New(refusal.NotReady, "http.starting", nil)
	case halted != nil:
		return nil, refusal.New(refusal.NotReady, "http.halted", refusal.Args{"why": halted})
	}
	return health{"ready"}, nil
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": r.URL.Path}))
}
