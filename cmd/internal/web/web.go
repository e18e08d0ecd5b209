// Package web is the HTTP interface (contract.md §3) over the acts of package service. It
// reads requests, asks package access who may do what, narrows lists to what their reader may see, and words
// refusals as problem details (RFC 9457); it decides nothing else.
//
// Beside contract.md §3 it answers these:
//
//   - 304 to a GET with the ETag of what still stands, where reads repeat;
//   - 405 `invalid` with Allow where a path takes other methods only;
//   - 429 `rate_limited` with Retry-After for what goes beyond its caller's share (see package share);
//   - 500 `internal` for what is no refusal; the reason stands in the log alone;
//   - 503 `not_ready` when the record gave no answer in time: the outcome is then not known;
//   - 422 `unknown_field` for a query parameter that a call does not have;
//   - a list's total is -1 where counting would take too long.
//
// An idempotency key is the caller's own: another user's equal key is another key.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/live"
	"qingkong/cmd/internal/web/serve"
	"qingkong/cmd/internal/web/session"
	"qingkong/cmd/internal/web/share"
	"qingkong/cmd/internal/web/uploads"
)

// actTimeout bounds how long a request waits for the record, unless the options say otherwise.
const actTimeout = 30 * time.Second

// Server answers HTTP requests. It is an http.Handler.
type Server struct {
	svc      *service.Service
	sessions *session.Sessions
	opt      Options
	log      *slog.Logger
	face     serve.Face
	handler  http.Handler
	areas    *http.ServeMux
	live     *live.Hub
	document *staticPage // GET /api/v1/openapi.json
	pages    *pageCache  // pages for the public
	previews *previews
	uploads  *uploads.Store
	shares   *share.Shares
	mounted  map[string]Area // by the pattern of areas
	signIn   []string        // paths of areas with which somebody signs in
	runs     backupRuns
	counted  *requestMetrics
	metrics  http.Handler // GET /metrics
}

// Options are what a server is made with beside the acts; all of them have defaults.
type Options struct {
	Watch   *watch.Watchman      // what /readyz says; one that watches nothing
	Metrics *prometheus.Registry // what /metrics shows; the server adds its own
	Feeds   func() []feed.Status // how the sources of forecasts stand on this node; nil where there are none
	Backups Backups              // nil where no folder for them is configured
	Limits  share.Limits         // of one caller; none
	// Incoming is the folder of files until it is their turn; that of the system for temporary files.
	Incoming string
	Uploads  uploads.Options  // in pieces; without a folder none are taken
	Within   time.Duration    // a request's wait for the record, from when its body has come; 30 s
	Clock    func() time.Time // time.Now
	Log      *slog.Logger     // none
}

// New returns the server over svc. It serves at once; whether it is ready the watchman says.
func New(svc *service.Service, sessions *session.Sessions, opt Options) *Server {
	if opt.Watch == nil {
		opt.Watch = watch.New(watch.Options{})
	}
	if opt.Metrics == nil {
		opt.Metrics = prometheus.NewRegistry()
	}
	if opt.Within == 0 {
		opt.Within = actTimeout
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{svc: svc, sessions: sessions, opt: opt, log: opt.Log, areas: http.NewServeMux(),
		mounted: map[string]Area{}}
	s.face = serve.Face{Log: s.log, Policy: apiPolicy, Referrer: "no-referrer", NoAnswer: "http.no_answer",
		Refuse: s.problem,
		Safe:   func(r *http.Request) bool { return bearer(r) != "" }} // the session does not count beside a token
	s.shares = share.New(share.Options{Limits: opt.Limits, Metrics: opt.Metrics, Log: opt.Log})
	s.document, s.pages, s.previews = newStaticPage("application/json", theDocument()), newPageCache(), newPreviews()
	s.uploads = newUploads(opt)
	s.counted = newRequestMetrics(opt.Metrics)
	s.metrics = newMetrics(opt.Metrics, opt.Log)
	s.live = newLive(s)
	mux := http.NewServeMux()
	s.mount(mux)
	mux.HandleFunc("/", s.notFound)
	s.handler = s.face.SameOrigin(mux)
	return s
}

// Area is paths that somebody else answers: pages, which load more than the rest of the server lets. Its handler sees
// to requests of other origins by itself, and there is no end of time for its answers.
type Area struct {
	Paths   []string // patterns of http.ServeMux, such as /{$}, /login, /desk/
	Policy  string   // Content-Security-Policy of these paths
	Handler http.Handler
	SignIn  []string // what who is not signed in loads to sign in: paths, or all below one that ends in a slash
	// Refuse answers a request that goes beyond its caller's share; nil leaves that to the server.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Mount puts an area in the place of what the server has there. Call it before the first request.
func (s *Server) Mount(a Area) {
	s.signIn = append(s.signIn, a.SignIn...)
	for _, path := range a.Paths {
		s.mounted[path] = a
		s.areas.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", a.Policy)
			a.Handler.ServeHTTP(w, r)
		})
	}
}

// apiPolicy is the Content-Security-Policy of everything but the areas: nothing is loaded.
const apiPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler. A panic becomes a 500 and a log line.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answered := &recorder{ResponseWriter: w}
	begin, routed := time.Now(), r
	defer func() { s.counted.request(routed, answered, time.Since(begin)) }()
	w = answered
	s.face.Headers(w)
	defer s.face.Recover(w, r)
	s.sessions.See(r)
	r, err := s.inShare(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	routed = r
	if _, pattern := s.areas.Handler(r); pattern != "" {
		s.areas.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(live.WithConnection(r.Context()), s.opt.Within)
	defer cancel()
	routed = r.WithContext(ctx)
	s.handler.ServeHTTP(w, routed)
}

var _ = bind(calls.Healthz, func(*Server, *request, calls.None) (any, error) { return calls.Health{Status: "ok"}, nil })

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": r.URL.Path}))
}
