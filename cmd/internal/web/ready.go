package web

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/watch"
)

// readinessOf is a report for a reader; whole with what is wrong and what to do.
func readinessOf(r watch.Report, whole bool, lang string) calls.Readiness {
	out := calls.Readiness{Status: string(r.Status), Checks: make([]calls.ReadyCheck, 0, len(r.Checks))}
	for _, c := range r.Checks {
		one := calls.ReadyCheck{Name: c.Name, State: string(c.State)}
		if whole {
			since := c.Since.In(alerts.Shanghai()).Truncate(time.Millisecond)
			one.Since, one.Detail = &since, c.Detail(lang)
		}
		out.Checks = append(out.Checks, one)
	}
	return out
}

// Readiness says how every part of the program is, and by its status whether anything can be written.
var _ = bind(calls.Readyz, func(s *Server, q *request, _ calls.None) (any, error) {
	return readyAnswer{s, readinessOf(s.opt.Watch.Report(), s.caller(q.Request).who != nil, languageOf(q.Request))}, nil
})

// readyAnswer is readiness with the status that load balancers go by.
type readyAnswer struct {
	s *Server
	calls.Readiness
}

func (a readyAnswer) serve(w http.ResponseWriter, r *http.Request) {
	text, err := json.Marshal(a.Readiness)
	if err != nil {
		a.s.problem(w, r, err)
		return
	}
	status := http.StatusOK
	if a.Status == string(watch.NotReady) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter[refusal.NotReady])
	}
	h := w.Header()
	h.Set("Content-Language", languageOf(r))
	h.Set("Vary", "Accept-Language, Authorization, Cookie")
	a.s.write(w, r, status, "application/json", append(text, '\n'))
}

// near reports whether a request comes from this machine itself, and not through a proxy on it.
func near(r *http.Request) bool {
	if r.Header.Values("X-Forwarded-For") != nil || r.Header.Values("Forwarded") != nil {
		return false
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	from, err := netip.ParseAddr(host)
	return err == nil && from.Unmap().IsLoopback()
}

// metricsAnswer is GET /metrics.
type metricsAnswer struct{ http.Handler }

func (a metricsAnswer) serve(w http.ResponseWriter, r *http.Request) { a.ServeHTTP(w, r) }

var _ = bind(calls.Metrics, func(s *Server, _ *request, _ calls.None) (any, error) {
	return metricsAnswer{s.metrics}, nil
})
