package web

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/watch"
)

// readiness is the answer of GET /readyz.
type readiness struct {
	Status watch.Status `json:"status"`
	Checks []readyCheck `json:"checks"`
}

// readyCheck is one part of the program. Nobody in particular sees its name and its state alone.
type readyCheck struct {
	Name   string      `json:"name"`
	State  watch.State `json:"state"`
	Since  *time.Time  `json:"since,omitempty"`
	Detail string      `json:"detail,omitempty"`
}

// readinessOf is a report for a reader; whole with what is wrong and what to do.
func readinessOf(r watch.Report, whole bool, lang string) readiness {
	out := readiness{Status: r.Status, Checks: make([]readyCheck, 0, len(r.Checks))}
	for _, c := range r.Checks {
		one := readyCheck{Name: c.Name, State: c.State}
		if whole {
			since := c.Since.In(alerts.Shanghai()).Truncate(time.Millisecond)
			one.Since, one.Detail = &since, c.Detail(lang)
		}
		out.Checks = append(out.Checks, one)
	}
	return out
}

// readyz says how every part of the program is, and by its status whether anything can be written.
func (s *Server) readyz(q *request) (any, error) {
	return readyAnswer{s, readinessOf(s.opt.Watch.Report(), s.caller(q.Request).who != nil, languageOf(q.Request))}, nil
}

// readyAnswer is readiness with the status that load balancers go by.
type readyAnswer struct {
	s *Server
	readiness
}

func (a readyAnswer) serve(w http.ResponseWriter, r *http.Request) {
	text, err := json.Marshal(a.readiness)
	if err != nil {
		a.s.problem(w, r, err)
		return
	}
	status := http.StatusOK
	if a.Status == watch.NotReady {
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

func (s *Server) showMetrics(*request) (any, error) { return metricsAnswer{s.metrics}, nil }
