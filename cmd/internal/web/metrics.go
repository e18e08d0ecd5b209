package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of GET /metrics, whoever asks for it how often.
const (
	scrapesAtOnce = 4
	scrapeWithin  = 10 * time.Second
)

// newMetrics shows what is registered, as Prometheus reads it. It leaves out and logs what it cannot collect.
func newMetrics(reg *prometheus.Registry, log *slog.Logger) http.Handler {
	show := promhttp.HandlerFor(reg,
		promhttp.HandlerOpts{ErrorLog: metricsLog{log}, ErrorHandling: promhttp.ContinueOnError,
			MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeWithin})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Accept", "text/plain;version=0.0.4") // one form, the one that the document names
		show.ServeHTTP(w, r)
	})
}

// metricsLog is where the handler says what it could not collect.
type metricsLog struct{ log *slog.Logger }

func (l metricsLog) Println(v ...any) {
	l.log.Error("metrics could not be collected", "err", strings.TrimSpace(fmt.Sprintln(v...)))
}

// requestMetrics counts the requests that were answered. Its labels are patterns of routes, never paths.
type requestMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newRequestMetrics(reg prometheus.Registerer) *requestMetrics {
	c := &requestMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_http_requests_total",
			Help: "HTTP requests by route, method and class of status; the route none is what no page of ours sent."},
			[]string{"route", "method", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "qingkong_http_request_seconds",
			Help:    "How long HTTP requests took, by route and method; streams of events are left out.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 30}}, []string{"route", "method"}),
	}
	reg.MustRegister(c.requests, c.seconds)
	return c
}

var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// request counts one that has ended; r is the request as it was routed.
func (c *requestMetrics) request(r *http.Request, w *recorder, took time.Duration) {
	route := r.Pattern[strings.IndexByte(r.Pattern, ' ')+1:] // without the method
	if route == "" {
		route = "none" // refused before it was routed
	}
	method := r.Method
	if !slices.Contains(knownMethods, method) {
		method = "other" // a client may send any word
	}
	c.requests.WithLabelValues(route, method, w.class()).Inc()
	if !strings.HasPrefix(w.Header().Get("Content-Type"), calls.EventsMedia) {
		c.seconds.WithLabelValues(route, method).Observe(took.Seconds())
	}
}

// recorder is a ResponseWriter that remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	if status == http.StatusRequestEntityTooLarge {
		// the rest is not read; http.MaxBytesReader says so to a writer of its own alone
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// class is the first digit of the status and two x. A handler that wrote nothing has answered 200.
func (w *recorder) class() string {
	switch {
	case w.status == 0:
		return "2xx"
	case w.status < 200 || w.status > 599:
		return "other"
	}
	return strconv.Itoa(w.status/100) + "xx"
}
