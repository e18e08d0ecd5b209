// Package share keeps what one caller asks for over HTTP from being at another's cost. It counts calls, calls that grow
// the record, calls in work and open streams, each for whoever makes them, and refuses (rate_limited, with Retry-After)
// what goes beyond a caller's share; it never lets anybody wait for longer than [patience].
//
// The server says who a caller is: see package web. A refusal costs no look at the record.
package share

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/fair"
)

// Limits are what one caller may do; a zero is no limit.
type Limits struct {
	PerSecond       int // calls
	Burst           int // calls at once, after a pause
	WritesPerMinute int // calls that grow the record
	WritesBurst     int
	Streams         int // open at once
}

// The calls that one caller may have in work at once. A further call waits for its turn as long as patience and is then
// refused. An upload is held in memory while it comes in.
const (
	callsInWork   = 16
	uploadsInWork = 3
	piecesInWork  = 4
	patience      = time.Second
)

// The large forms that the program holds at once for callers who are not signed in, of one address and in all: the login
// page carries them over from a session that has ended.
const (
	formsOfAddress = 2
	formsInAll     = 16
)

// Of the pages for the public, whose callers nobody knows: everybody together has some callers' shares of them, an
// address a part of one, and of pages that are not made yet, which cost up to some ten milliseconds each, everybody
// together less than one. One address does not use that up.
const (
	publicShares  = 4
	addressPart   = 0.1
	addressAtOnce = 0.25
	newPart       = 0.4
)

// Shares are what all callers have. Its methods may be called from any goroutine.
type Shares struct {
	limits  Limits
	calls   *fair.Meter
	writes  *fair.Meter
	public  *fair.Meter
	address *fair.Meter // of public, by address
	made    *fair.Meter
	work    *slots
	uploads *slots
	pieces  *slots
	streams *slots
	forms   *slots // by address
	allForm *slots

	log    *slog.Logger
	spoken *fair.Meter // lines of the log
	count  *prometheus.CounterVec
}

// Options are what shares are made with; all of them have defaults.
type Options struct {
	Limits  Limits
	Metrics prometheus.Registerer // nil counts for nobody
	Clock   func() time.Time      // nil is time.Now
	Log     *slog.Logger          // nil is none
}

// New returns the shares of callers who have made no calls.
func New(opt Options) *Shares {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	l := opt.Limits
	s := &Shares{limits: l, log: opt.Log,
		calls:  fair.NewMeter(fair.Share{PerSecond: float64(l.PerSecond), Burst: l.Burst}, opt.Clock),
		writes: fair.NewMeter(fair.Share{PerSecond: float64(l.WritesPerMinute) / 60, Burst: l.WritesBurst}, opt.Clock),
		public: fair.NewMeter(fair.Share{PerSecond: float64(publicShares * l.PerSecond), Burst: publicShares * l.Burst},
			opt.Clock),
		address: fair.NewMeter(fair.Share{PerSecond: addressPart * float64(l.PerSecond),
			Burst: int(addressAtOnce * float64(l.Burst))}, opt.Clock),
		made:   fair.NewMeter(fair.Share{PerSecond: newPart * float64(l.PerSecond), Burst: l.Burst}, opt.Clock),
		spoken: fair.NewMeter(fair.Share{PerSecond: 1, Burst: 10}, opt.Clock),
		work:   newSlots(callsInWork), uploads: newSlots(uploadsInWork), pieces: newSlots(piecesInWork), streams: newSlots(l.Streams),
		forms: newSlots(formsOfAddress), allForm: newSlots(formsInAll),
		count: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_http_share_refused_total",
			Help: "HTTP calls refused because their caller went beyond its share, by share: calls, work, writes, uploads, pieces, streams, forms, public."}, []string{"share"}),
	}
	for _, share := range []string{"calls", "work", "writes", "uploads", "pieces", "streams", "forms", "public"} {
		s.count.WithLabelValues(share) // shown as 0: an alert on an increase misses what begins at 1
	}
	if opt.Metrics != nil {
		opt.Metrics.MustRegister(s.count)
	}
	return s
}

// Call counts a call of a caller, and refuses one too many with Retry-After in h.
func (s *Shares) Call(h http.Header, who string) error {
	return s.within(s.calls, h, "calls", who, "share.calls", refusal.Args{"limit": s.limits.PerSecond})
}

// Write counts a call of a caller that grows the record, and refuses one too many with Retry-After in h.
func (s *Shares) Write(h http.Header, who string) error {
	return s.within(s.writes, h, "writes", who, "share.writes", refusal.Args{"limit": s.limits.WritesPerMinute})
}

// Public counts a call from an address that reads a page for the public, and refuses one too many of it or of
// everybody.
func (s *Shares) Public(h http.Header, address string) error {
	if err := s.within(s.address, h, "public", address, "papers.too_many", refusal.Args{}); err != nil {
		return err
	}
	return s.within(s.public, h, "public", "everybody", "papers.too_many", refusal.Args{})
}

// Made counts a page for the public that has to be made, and refuses one too many of everybody.
func (s *Shares) Made(h http.Header) error {
	return s.within(s.made, h, "public", "everybody's new", "papers.too_many", refusal.Args{})
}

func (s *Shares) within(m *fair.Meter, h http.Header, share, who, rule string, args refusal.Args) error {
	v := m.Take(who)
	if v.OK {
		return nil
	}
	seconds := int((v.Wait + time.Second - 1) / time.Second)
	args["seconds"] = max(seconds, 1)
	return s.refused(h, share, who, v.Tell, refusal.New(refusal.RateLimited, rule, args), max(seconds, 1))
}

// Work begins a call's work, or refuses it where its caller has too many in work and none ends in time. done ends it.
func (s *Shares) Work(ctx context.Context, h http.Header, who string) (done func(), err error) {
	return s.turn(ctx, s.work, patience, h, "work", who, "share.work", callsInWork)
}

// Upload begins to take in a caller's file, or refuses it as Work does.
func (s *Shares) Upload(ctx context.Context, h http.Header, who string) (done func(), err error) {
	return s.turn(ctx, s.uploads, patience, h, "uploads", who, "share.uploads", uploadsInWork)
}

// Piece begins to take in a piece of a caller's upload, or refuses it as Work does. Pieces come over bad lines for a long
// time, and take no turn of other files.
func (s *Shares) Piece(ctx context.Context, h http.Header, who string) (done func(), err error) {
	return s.turn(ctx, s.pieces, patience, h, "pieces", who, "share.pieces", piecesInWork)
}

// Stream begins a stream of a caller, or refuses it at once where it has as many as it may. done ends it.
func (s *Shares) Stream(ctx context.Context, h http.Header, who string) (done func(), err error) {
	return s.turn(ctx, s.streams, 0, h, "streams", who, "share.streams", s.limits.Streams)
}

// LargeForm begins to take in a large form of somebody who is not signed in, or refuses it where its address or all
// such together have too many in hand. done ends it.
func (s *Shares) LargeForm(ctx context.Context, h http.Header, address string) (done func(), err error) {
	own, err := s.turn(ctx, s.forms, patience, h, "forms", address, "share.forms", formsOfAddress)
	if err != nil {
		return nil, err
	}
	all, err := s.turn(ctx, s.allForm, patience, h, "forms", "all", "share.forms", formsInAll)
	if err != nil {
		own()
		return nil, err
	}
	return func() { all(); own() }, nil
}

func (s *Shares) turn(ctx context.Context, of *slots, wait time.Duration, h http.Header, share, who, rule string,
	limit int) (done func(), err error) {
	done, ok := of.take(ctx, who, wait)
	if ok {
		return done, nil
	}
	const again = 1 // second
	return nil, s.refused(h, share, who, s.calls.Tell(who),
		refusal.New(refusal.RateLimited, rule, refusal.Args{"limit": limit, "seconds": again}), again)
}

// refused counts a refusal, and says so in the log: at most once a second of a caller and of all.
func (s *Shares) refused(h http.Header, share, who string, tell bool, err error, seconds int) error {
	h.Set("Retry-After", strconv.Itoa(seconds))
	s.count.WithLabelValues(share).Inc()
	if tell && s.spoken.Take("all").OK {
		s.log.Warn("a caller over HTTP goes beyond its share and is refused", "share", share, "caller", who)
	}
	return err
}
