// Package stations has the instruments of HJ 212 connect: it confirms what they send once that is durable, asks them
// what package dialog says, and holds at arm's length whoever is none.
//
// # A line
//
// A connection, a line, may carry several stations; each frame is read by what the register says of its MN. A frame of a
// registered station with its password is handed to the [Taker], and confirmed in the order of arrival once its batch is
// durable. Without that nothing is confirmed, and the station sends it again. Any other frame is quarantined, bytes that
// are no frame are counted, and of both some are kept for people to see.
//
// # Limits
//
// So many lines from an address and in all (package door); each may send so many frames a second and is then read more
// slowly, never faster than what it sent becomes durable; so many bytes without a good frame, so long without one. Who
// does not take its confirmations is closed. Of two lines on which a station reports the newer one stands.
package stations

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/cmd/internal/door"
	"qingkong/cmd/internal/fair"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
)

// Options are what is served, and how.
type Options struct {
	TLS      *tls.Config // nil: without
	Register Register
	Taker    *Taker
	Dialog   dialog.Settings
	// Gaps are the periods of a station's last three days of which nothing came, false where nobody knows now; nil where
	// nobody ever does.
	Gaps func(st *telemetry.Station, now time.Time) ([]dialog.Gap, bool)

	Idle            time.Duration // a line on which no good frame came so long is closed; at least three of its intervals
	FramesPerSecond int           // of a line
	PerAddress      int           // lines, and how many come at once; 0 is any number
	InAll           int           // lines
	BytesADay       int64         // of a station's frames, beyond which it is read more slowly; 0 is any number
	Metrics         *Metrics
	Log             *slog.Logger
	Clock           func() time.Time // nil is the machine's
}

// Server serves stations over TCP.
type Server struct {
	opt    Options
	log    *slog.Logger
	now    func() time.Time
	ln     net.Listener
	count  *Metrics
	spoken *fair.Meter // lines of the log, by what they say
	comes  *fair.Meter // connections, by network
	strangers
	guesses *fair.Meter // wrong passwords, by who sends them and for which MN

	asideMu sync.Mutex
	aside   *bucket // what is kept without being confirmed, of all

	ctx  context.Context // ends what reads
	stop context.CancelFunc
	all  sync.WaitGroup

	mu     sync.Mutex
	lines  map[*line]struct{}
	of     map[string]*session // by MN; of registered stations alone
	lastID uint64
}

// New is a server that serves nobody yet: frames that come another way are taken by [Server.TakeFrame], and
// [Server.Listen] opens the port.
func New(o Options) *Server {
	o.Idle = cmp.Or(o.Idle, 5*time.Minute)
	o.FramesPerSecond = cmp.Or(o.FramesPerSecond, 500)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	s := &Server{opt: o, log: o.Log, now: o.Clock, count: o.Metrics, lines: map[*line]struct{}{},
		of: map[string]*session{}, guesses: fair.NewMeter(fair.Share{PerSecond: guessesPerSecond, Burst: guessesAtOnce}, o.Clock),
		spoken: fair.NewMeter(fair.Share{PerSecond: 0.02, Burst: 3}, o.Clock)}
	s.aside = newBucket(asidePerSecond, asideAtOnce, s.now())
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// How fast one address may connect anew: a storm after a restart passes, a loop without end is slowed down.
const connectsPerSecond = 20

// Listen takes an address, host:port; Run serves there.
func (s *Server) Listen(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s for HJ 212: %w (another program uses it, or choose one with --hj212-listen)",
			addr, err)
	}
	share := fair.Share{PerSecond: connectsPerSecond, Burst: max(s.opt.PerAddress, connectsPerSecond)}
	if s.opt.PerAddress == 0 {
		share = fair.Share{}
	}
	s.comes = fair.NewMeter(share, s.now)
	s.ln = door.Listen(ln, door.Options{PerAddress: s.opt.PerAddress, InAll: s.opt.InAll, Name: door.HJ212,
		Pace: door.Usual, Metrics: s.opt.Metrics.registry(), Log: s.log})
	return nil
}

// Addr is where it listens; empty before Listen.
func (s *Server) Addr() string {
	if s.ln == nil {
		return ""
	}
	return s.ln.Addr().String()
}

// The longest and the shortest pause after the system gave no connection.
const (
	acceptFirst = 5 * time.Millisecond
	acceptMost  = time.Second
)

// Run serves until ctx or the listener ends; any other end is an error.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.ctx.Err() == nil {
		s.all.Go(func() { s.ask(ctx) })
	}
	s.mu.Unlock()
	wait := time.Duration(0)
	for {
		c, err := s.ln.Accept()
		switch {
		case err == nil:
			wait = 0
			s.connect(c)
		case ctx.Err() != nil || s.ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("HJ 212 on %s accepts no more connections: %w", s.ln.Addr(), err)
		default: // no more files, say: they come back
			wait = min(max(2*wait, acceptFirst), acceptMost)
			s.say("accept", "no connection of a station can be accepted; it is tried again", "err", err)
			if pause(s.ctx, wait) != nil {
				return nil
			}
		}
	}
}

// connect serves a connection, unless its address comes too often.
func (s *Server) connect(c net.Conn) {
	if !s.comes.Take(networkOf(c)).OK {
		s.count.storm.Inc()
		_ = c.Close() // nothing was said
		return
	}
	if s.opt.TLS != nil {
		c = tls.Server(c, s.opt.TLS)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		_ = c.Close() // nothing was said
		return
	}
	s.lastID++
	l := s.newLine(c, s.lastID, s.now())
	s.lines[l] = struct{}{}
	s.all.Go(func() {
		err := l.run(s.ctx)
		s.mu.Lock()
		delete(s.lines, l)
		s.mu.Unlock()
		if usual(err) {
			s.log.Debug("a station's connection ended", "from", l.from, "mn", l.mn, "err", err)
			return
		}
		s.say("line", "a station's connection was ended", "from", l.from, "mn", l.mn, "err", err)
	})
}

// Stop reads nothing more, confirms what was read, and closes; within ctx.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stop() // no line begins from here on
	for l := range s.lines {
		_ = l.c.SetReadDeadline(past)
	}
	s.mu.Unlock()
	if s.ln != nil {
		_ = s.ln.Close() // it is at its end either way
	}
	ended := make(chan struct{})
	go func() { s.all.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.lines {
		_ = l.c.Close()
	}
	return ctx.Err()
}

// session is that of a registered station.
func (s *Server) session(mn string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	se := s.of[mn]
	if se == nil {
		se = &session{mn: mn, share: daily(s.opt.BytesADay, s.now())}
		s.of[mn] = se
	}
	return se
}

// Register shows the server's figures; before Listen.
func (s *Server) Register(reg prometheus.Registerer) { s.count.Register(reg) }

// Line is how a station is connected with this node; the zero value for one that has not been here.
func (s *Server) Line(mn string) Line {
	s.mu.Lock()
	se := s.of[mn]
	s.mu.Unlock()
	if se == nil {
		return Line{}
	}
	return se.status(s.now())
}

// idleOf is how long a line may be without a good frame: three intervals of its station, if that is longer than usual.
func (s *Server) idleOf(st *telemetry.Station) time.Duration {
	interval := time.Duration(st.SampleS) * time.Second
	if minute := time.Duration(st.MinuteMin) * time.Minute; interval == 0 {
		interval = minute
	}
	return max(s.opt.Idle, 3*interval)
}

// What is kept of refused bytes and of strangers, from all lines together: anybody who connects causes it, and it must not
// push out what was confirmed. Of a kilobyte each that is less than 1 GB a day.
const (
	asidePerSecond = 10
	asideAtOnce    = 600
)

// keepIfRoom keeps what nobody waits for, within the share of all that is.
func (s *Server) keepIfRoom(r telemetry.Received) {
	s.asideMu.Lock()
	within := s.aside.try(1, s.now()) == 0
	s.asideMu.Unlock()
	if !within || !s.opt.Taker.TrySubmit(r) {
		s.count.lost.Inc()
	}
}

// say logs, each thing now and then alone: anybody who connects causes such lines.
func (s *Server) say(what, text string, args ...any) {
	if s.spoken.Take(what).OK {
		s.log.Warn(text, args...)
	}
}
