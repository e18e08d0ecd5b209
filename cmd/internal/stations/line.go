package stations

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// What one connection may do, beside its share of frames.
const (
	unconfirmed     = 64      // frames that are read and not durable yet
	refusedMost     = 1 << 20 // bytes that are refused without a good frame between them: it is no station
	refusedKept     = 60      // a minute; the others are counted
	refusedShown    = 1 << 10 // bytes of each that is kept
	frameBytes      = 2048    // of its share of bytes, for each frame of its share
	bytesAtOnce     = 1 << 20 // after a pause
	strangerIdle    = time.Minute
	handshakeWithin = 10 * time.Second
	finishWithin    = keepWithin + 5*time.Second
)

// line is one connection. Several stations may share it.
type line struct {
	srv  *Server
	id   uint64 // a newer one has a higher number
	c    net.Conn
	from string
	peer string // the network it comes from
	out  *out

	begun   time.Time
	good    time.Time // when its last good frame was taken
	idle    time.Duration
	mn      string         // of its last good frame
	refused int64          // bytes since then
	wrong   map[string]int // passwords before the first one, by MN, of registered ones alone
	frames  *bucket
	bytes   *bucket
	kept    *bucket // of refused bytes
	slots   chan struct{}

	mu   sync.Mutex
	held map[string]*session // stations whose line it is
	over bool                // its stations have a newer line
}

func (s *Server) newLine(c net.Conn, id uint64, now time.Time) *line {
	per := float64(s.opt.FramesPerSecond)
	return &line{srv: s, id: id, c: c, from: c.RemoteAddr().String(), peer: networkOf(c), out: newOut(c), begun: now, good: now,
		idle: min(strangerIdle, s.opt.Idle), frames: newBucket(per, 2*per, now), bytes: newBucket(per*frameBytes, bytesAtOnce, now),
		kept: newBucket(refusedKept/60., refusedKept, now), slots: make(chan struct{}, unconfirmed),
		held: map[string]*session{}, wrong: map[string]int{}}
}

// run reads until the connection ends, and says why.
func (l *line) run(ctx context.Context) (err error) {
	defer l.end()
	if secured, ok := l.c.(*tls.Conn); ok {
		within, cancel := context.WithTimeout(ctx, handshakeWithin)
		err := secured.HandshakeContext(within)
		cancel()
		if err != nil {
			return err
		}
	}
	d := hj212.NewDecoder(&paced{l, ctx}, hj212.Options{Live: true, Of: l.options})
	var f hj212.Frame
	for {
		if err := d.Next(&f); err != nil {
			return err
		}
		if f.Fault != nil {
			err = l.refuse(&f)
		} else {
			err = l.frame(ctx, &f)
		}
		if err != nil {
			return err
		}
	}
}

// paced is what a connection reads by: within its share, and no longer than something must have come.
type paced struct {
	l   *line
	ctx context.Context
}

func (p *paced) Read(b []byte) (int, error) {
	l := p.l
	if err := pause(p.ctx, l.bytes.take(0, l.srv.now())); err != nil {
		return 0, err
	}
	if err := l.c.SetReadDeadline(l.good.Add(l.idle)); err != nil {
		return 0, err
	}
	if err := errors.Join(p.ctx.Err(), l.replaced()); err != nil { // either sets a deadline too, maybe before that one
		return 0, err
	}
	n, err := l.c.Read(b)
	l.bytes.take(float64(n), l.srv.now())
	l.srv.count.bytes.Add(float64(n))
	return n, err
}

// options are those of the station that a frame names.
func (l *line) options(mn []byte) *hj212.Options {
	if k := l.station(mn); k != nil {
		return &k.options
	}
	return nil
}

// station looks the register up. An error of it is told where the frame is judged.
func (l *line) station(mn []byte) *Known {
	k, err := l.srv.opt.Register.Station(string(mn))
	if err != nil {
		return nil
	}
	return k
}

// The ends of a line that the server decides.
var (
	errNoStation = errors.New("nothing but bytes that are no frame")
	errGuesses   = errors.New("nothing but frames with a wrong password")
	errReplaced  = errors.New("its stations have a newer connection")
)

// frame takes a good frame: it is confirmed once it is durable.
func (l *line) frame(ctx context.Context, f *hj212.Frame) error {
	s, now := l.srv, l.srv.now()
	if err := pause(ctx, l.frames.take(1, now)); err != nil {
		return err
	}
	k, err := s.opt.Register.Station(f.MN)
	why := l.judge(k, f)
	if why == whyRegister {
		err = k.Trouble
	}
	if err != nil {
		why = whyRegister
		s.say("register", "what the register says of a station cannot be read; its frames are not confirmed", "mn", f.MN, "err", err)
	}
	if why != "" {
		l.stranger(f, why)
		return l.guessed(f, why)
	}
	now = s.now()
	if !l.take(k, f, now) {
		return errReplaced
	}
	if wait := s.session(f.MN).spend(len(f.Raw)+itemBytes, now); wait > 0 {
		s.say("share "+f.MN, "a station sends more than its share of a day and is read more slowly", "mn", f.MN, "from", l.from)
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
	ack, err := l.confirmation(k, f)
	if err != nil {
		s.say("confirmation", "a frame cannot be confirmed", "mn", f.MN, "from", l.from, "err", err)
	}
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	r := telemetry.Received{Sort: telemetry.Frame, MN: f.MN, From: l.from, Why: besides(f), Raw: bytes.Clone(f.Raw)}
	err = s.opt.Taker.Submit(ctx, r, func(err error) {
		if err == nil {
			s.count.taken.Inc()
			if ack != nil {
				l.send(ack)
			}
		} else {
			s.count.failed.Inc()
		}
		<-l.slots
	})
	if err != nil {
		<-l.slots
	}
	l.good = s.now()
	return err
}

// besides are the names of what is unlike the standard around a frame, which its bytes do not show.
func besides(f *hj212.Frame) string {
	var names []string
	for _, n := range f.Notes {
		switch n.Name {
		case hj212.NoCRLF, hj212.LFAlone, hj212.Envelope:
			names = append(names, string(n.Name))
		}
	}
	return strings.Join(names, ",")
}

// take makes the line that of the frame's station, and tells the dialog. It is false where the line was given up
// meanwhile.
func (l *line) take(k *Known, f *hj212.Frame, now time.Time) bool {
	s := l.srv
	se := s.session(f.MN)
	if l.replaced() != nil {
		return false
	}
	before, broken, own := se.claim(l, now)
	if broken != nil {
		s.over(f.MN, broken)
	}
	if before != nil {
		before.replace()
		s.say("replaced "+f.MN, "a station has a newer connection; the older one is closed", "mn", f.MN, "was", before.from,
			"now", l.from)
	}
	if own {
		l.mu.Lock()
		l.held[f.MN] = se
		l.mu.Unlock()
	}
	l.mn, l.refused = f.MN, 0
	l.idle = max(l.idle, s.idleOf(k.Station))
	if over := se.heard(k, f, now); over != nil {
		s.over(f.MN, over)
	}
	return true
}

func (l *line) confirmation(k *Known, f *hj212.Frame) ([]byte, error) {
	answer := dialog.Confirmation(f, k.Station)
	if answer == nil {
		return nil, nil
	}
	return answer.Append(nil, k.Cipher)
}

func (l *line) send(b []byte) {
	if !l.out.send(b) {
		l.srv.count.slow.Inc()
	}
}

// stranger keeps a good frame of a station that is not registered, or with a wrong password, within limits. Where its
// line is another station's, that one has it among its own troubles.
func (l *line) stranger(f *hj212.Frame, why string) {
	s, now := l.srv, l.srv.now()
	s.count.unknown.WithLabelValues(why).Inc()
	if !s.strangers.keeps(f.MN, now) {
		return
	}
	raw := bytes.Clone(f.Raw)
	s.keepIfRoom(telemetry.Received{Sort: telemetry.Unknown, MN: f.MN, From: l.from, Why: why, Raw: raw})
	if (why == whyPassword || why == whyGuesses) && l.mn != "" && l.mn != f.MN {
		s.keepIfRoom(telemetry.Received{Sort: telemetry.Unknown, MN: l.mn, From: l.from, Why: whyOther, Raw: raw})
	}
}

// refuse keeps bytes that are no good frame, within limits. They are of the station that the line had last; before its
// first good frame of the one that they name, if there is such.
func (l *line) refuse(f *hj212.Frame) error {
	s := l.srv
	s.count.refusedBy(f.Fault.Name).Inc()
	if l.refused += int64(f.Size); l.refused > refusedMost {
		return errNoStation
	}
	if l.kept.take(0, s.now()) > 0 || l.kept.left < 1 {
		return nil
	}
	l.kept.take(1, s.now())
	mn := l.mn
	if mn == "" && f.MN != "" {
		if k := l.station([]byte(f.MN)); k != nil {
			mn = f.MN
		}
	}
	s.keepIfRoom(telemetry.Received{Sort: telemetry.Refused, MN: mn, From: l.from, Why: string(f.Fault.Name),
		Raw: bytes.Clone(f.Raw[:min(len(f.Raw), refusedShown)])})
	return nil
}

// lose takes a station from the line, and says whether it has none left.
func (l *line) lose(mn string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, mn)
	return len(l.held) == 0
}

// replace ends a line whose stations have a newer one.
func (l *line) replace() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	_ = l.c.SetReadDeadline(past) // what it has sent is confirmed before it is closed
}

func (l *line) replaced() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errReplaced
	}
	return nil
}

// past ends a read at once.
var past = time.Unix(1, 0)

// end lets what was read become durable and be confirmed, and closes.
func (l *line) end() {
	timer := time.NewTimer(finishWithin)
	defer timer.Stop()
	for range unconfirmed {
		select {
		case l.slots <- struct{}{}:
			continue
		case <-timer.C:
		}
		break
	}
	l.out.finish()
	_ = l.c.Close() // a peer that is gone is closed too
	l.mu.Lock()
	held := l.held
	l.held = nil
	l.mu.Unlock()
	now := l.srv.now()
	for _, se := range held {
		if over := se.gone(l, now); over != nil {
			l.srv.over(se.mn, over)
		}
	}
}

// usual reports whether an end is one that needs no word.
func usual(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, errReplaced)
}
