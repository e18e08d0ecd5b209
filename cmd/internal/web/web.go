// Package web is the HTTP interface (contract.md §3) and the status page over the acts of package service. It
// reads requests, asks package access who may do what, narrows lists to what their reader may see, and words
// refusals as problem details (RFC 9457); it decides nothing else.
//
// Beside contract.md §3 it answers these:
//
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
)

// actTimeout bounds how long a request waits for the record.
const actTimeout = 30 * time.Second

// Server answers HTTP requests. It is an http.Handler.
type Server struct {
	svc     *service.Service
	log     *slog.Logger
	handler http.Handler
	ready   atomic.Bool
}

// New returns the server over svc. It serves at once; /readyz says so only after [Server.Ready].
func New(svc *service.Service, log *slog.Logger) *Server {
	s := &Server{svc: svc, log: log}
	mux := http.NewServeMux()
	s.mount(mux)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /{$}", s.statusPage)
	mux.HandleFunc("/", s.notFound)
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, refusal.New(refusal.Forbidden, "http.cross_origin", refusal.Args{"origin": r.Header.Get("Origin")}))
	}))
	s.handler = cross.Handler(mux)
	return s
}

// Ready makes /readyz answer 200.
func (s *Server) Ready() { s.ready.Store(true) }

// pagePolicy is the Content-Security-Policy of everything: nothing is loaded but the page's own style.
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
	ctx, cancel := context.WithTimeout(r.Context(), actTimeout)
	defer cancel()
	s.handler.ServeHTTP(w, r.WithContext(ctx))
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether requests will be carried out: the program has started and the record is written.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	switch halted := s.svc.J.Halted(); {
	case !s.ready.Load():
		s.problem(w, r, refusal.New(refusal.NotReady, "http.starting", nil))
	case halted != nil:
		s.problem(w, r, refusal.New(refusal.NotReady, "http.halted", refusal.Args{"why": halted}))
	default:
		s.answer(w, r, http.StatusOK, map[string]string{"status": "ready"})
	}
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": r.URL.Path}))
}
