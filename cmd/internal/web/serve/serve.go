// Package serve is what every face over HTTP does alike, the interface and the desk: headers, the end of a panic, what
// other sites' pages send, the status of a refusal, and files that are sent.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// Internal is the code of what is no refusal. It adds to the codes of contract.md §3.
const Internal refusal.Code = "internal"

// StatusOf is the status that goes with each code.
var StatusOf = map[refusal.Code]int{
	refusal.Invalid:           http.StatusUnprocessableEntity,
	refusal.UnknownField:      http.StatusUnprocessableEntity,
	refusal.Unauthenticated:   http.StatusUnauthorized,
	refusal.Forbidden:         http.StatusForbidden,
	refusal.NotFound:          http.StatusNotFound,
	refusal.TransitionRefused: http.StatusConflict,
	refusal.StaleRevision:     http.StatusConflict,
	refusal.SamePerson:        http.StatusConflict,
	refusal.Conflict:          http.StatusConflict,
	refusal.TooLarge:          http.StatusRequestEntityTooLarge,
	refusal.UnsupportedMedia:  http.StatusUnsupportedMediaType,
	refusal.RateLimited:       http.StatusTooManyRequests,
	refusal.NotReady:          http.StatusServiceUnavailable,
	Internal:                  http.StatusInternalServerError,
}

// ChecksumMismatch is the status that tus 1.0 has for a piece that does not have its checksum.
const ChecksumMismatch = 460

// StatusByRule has the rules whose status is not that of their code.
var StatusByRule = map[string]int{
	"input.not_json": http.StatusBadRequest,
	"http.method":    http.StatusMethodNotAllowed,
	"http.range":     http.StatusRequestedRangeNotSatisfiable,

	"uploads.version":  http.StatusPreconditionFailed,
	"uploads.checksum": ChecksumMismatch,
}

// Face is what one of them says of itself.
type Face struct {
	Log      *slog.Logger
	Policy   string // Content-Security-Policy
	Referrer string // Referrer-Policy
	NoAnswer string // rule of what is said when the record gave no answer in time
	// Safe reports whether a request carries what a page of another site cannot set; nil: none does.
	Safe func(*http.Request) bool
	// Refuse answers a request with why it is refused.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Headers sets those of every answer.
func (f *Face) Headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", f.Referrer)
	h.Set("Content-Security-Policy", f.Policy)
}

// Recover is to be deferred: a panic becomes an answer and a log line.
func (f *Face) Recover(w http.ResponseWriter, r *http.Request) {
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler {
			panic(v)
		}
		f.Refuse(w, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
	}
}

// SameOrigin refuses what a page of another site has a browser send, with the session that the browser has here.
func (f *Face) SameOrigin(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (f.Safe == nil || !f.Safe(r)) && cross.Check(r) != nil {
			f.Refuse(w, r, refusal.New(refusal.Forbidden, "http.cross_origin", refusal.Args{"origin": r.Header.Get("Origin")}))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Told is what the sender of a request is told of an error, and the status that goes with it. Only the log hears of an
// error that is no refusal.
func (f *Face) Told(r *http.Request, err error) (e *refusal.Error, status int) {
	if !errors.As(err, &e) || StatusOf[e.Code] == 0 {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, journal.ErrClosed) {
			f.Log.Warn("a request got no answer from the record", "method", r.Method, "path", r.URL.Path, "err", err)
			e = refusal.New(refusal.NotReady, f.NoAnswer, nil)
		} else {
			f.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "err", err)
			e = refusal.New(Internal, "internal", nil)
		}
	}
	if status, ok := StatusByRule[e.Rule]; ok {
		return e, status
	}
	return e, StatusOf[e.Code]
}
