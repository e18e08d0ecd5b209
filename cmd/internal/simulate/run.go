package simulate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// Line is how stations reach a server, and by which clock.
type Line struct {
	Addr string
	TLS  *tls.Config // nil for TCP in clear
	Log  *slog.Logger

	// Speed is how fast the stations' clock goes from From on until it has reached the real one; 0 and 1 are the real
	// clock itself. Clocks that go faster cannot be set by a server.
	Speed float64
	From  time.Time

	// Since is when the stations went off, the zero time for never before: means and totals that were due from then on
	// and before they begin are sent late.
	Since time.Time

	Answer time.Duration // how long they wait for an answer; the 10 s of HJ 212 where it is 0

	Capture io.Writer  // takes every byte that is written, station by station; nil for nobody
	Told    func(Sent) // is told of each message as it is first sent; nil for nobody. It is called by several goroutines
}

// Run has stations report until ctx ends, and returns what happened by then. A line that breaks is made anew. Errors: a
// capture that cannot be written, a frame that cannot be.
func (l Line) Run(ctx context.Context, stations ...*Station) (Count, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		total Count
	)
	w := &capture{to: l.Capture}
	c := newClock(l.Speed, l.From)
	for _, s := range stations {
		all.Go(func() {
			count, err := l.run(ctx, s, c, w)
			if err != nil {
				cancel(fmt.Errorf("station %s: %w", s.c.MN, err))
			}
			mu.Lock()
			defer mu.Unlock()
			total.Add(count)
		})
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return total, err
	}
	return total, nil
}

// clock is the real one, or one that goes faster until it has reached it.
type clock struct {
	speed       float64
	from, start time.Time
}

func newClock(speed float64, from time.Time) clock {
	if speed <= 1 || from.IsZero() {
		return clock{speed: 1}
	}
	return clock{speed, from, time.Now()}
}

func (c clock) now() time.Time {
	now := time.Now()
	if c.speed == 1 {
		return now
	}
	fast := c.from.Add(time.Duration(float64(now.Sub(c.start)) * c.speed))
	if fast.After(now) {
		return now
	}
	return fast
}

// until is how long it really takes to a time, at least a millisecond.
func (c clock) until(at time.Time) time.Duration {
	return max(time.Duration(float64(at.Sub(c.now()))/c.speed), time.Millisecond)
}

// capture takes the writes of one station after those of another, never between them.
type capture struct {
	mu sync.Mutex
	to io.Writer
}

func (c *capture) write(writes [][]byte) error {
	if c.to == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range writes {
		if _, err := c.to.Write(b); err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return nil
}

const (
	dialTime     = 10 * time.Second
	writeTime    = 10 * time.Second
	firstBackoff = time.Second
	mostBackoff  = 30 * time.Second
	piecePause   = 2 * time.Millisecond // between the pieces of a write, so that the line sends each for itself
)

// run is the life of one station.
func (l Line) run(ctx context.Context, s *Station, c clock, w *capture) (Count, error) {
	d := newDevice(s, c.now(), c.speed, l.Told)
	d.resume(l.Since)
	if l.Answer > 0 {
		d.wait = d.real(l.Answer)
	}
	backoff := firstBackoff
	for try := int64(0); ctx.Err() == nil; try++ {
		confirmed := d.count.Confirmed
		err := l.connection(ctx, d, c, w)
		d.disconnect()
		var broken *lineError
		if err != nil && !errors.As(err, &broken) {
			return d.count, err
		}
		if ctx.Err() != nil {
			break
		}
		l.Log.Info("line down", "mn", s.c.MN, "error", err)
		if d.count.Confirmed > confirmed {
			backoff = firstBackoff
		}
		pause := backoff/2 + time.Duration(of(s.c.Plant.Seed, "backoff "+s.c.MN).unit(try)*float64(backoff/2))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		backoff = min(2*backoff, mostBackoff)
	}
	return d.count, nil
}

// lineError is what ends a connection and nothing else.
type lineError struct{ error }

func (e *lineError) Unwrap() error { return e.error }

// connection serves one connection until it breaks or ctx ends.
func (l Line) connection(ctx context.Context, d *device, c clock, w *capture) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return &lineError{err}
	}
	came := make(chan *hj212.Frame)
	broken := make(chan error, 1)
	inner, stop := context.WithCancel(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { broken <- read(inner, conn, came) })
	defer func() {
		stop()
		_ = conn.Close() // whatever closing says, nothing is sent any more
		reader.Wait()
	}()
	d.connect()
	wake := time.NewTimer(0)
	defer wake.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return &lineError{err}
		case f := <-came:
			d.take(f, c.now())
		case <-wake.C:
		}
		now := c.now()
		writes := d.due(now)
		if d.err != nil {
			return d.err
		}
		if err := w.write(writes); err != nil {
			return err
		}
		if err := write(conn, writes, d.s.c.Faults.Split); err != nil {
			return &lineError{err}
		}
		wake.Reset(c.until(d.wakes(now)))
	}
}

// write sends each write for itself, with a pause between them where they are pieces.
func write(conn net.Conn, writes [][]byte, pieces bool) error {
	for i, b := range writes {
		if i > 0 && pieces {
			time.Sleep(piecePause)
		}
		if err := conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
			return err
		}
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (l Line) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTime}
	if l.TLS == nil {
		return dialer.DialContext(ctx, "tcp", l.Addr)
	}
	return (&tls.Dialer{NetDialer: &dialer, Config: l.TLS}).DialContext(ctx, "tcp", l.Addr)
}

// read hands over what comes until the connection ends.
func read(ctx context.Context, conn net.Conn, came chan<- *hj212.Frame) error {
	dec := hj212.NewDecoder(conn, hj212.Options{Live: true})
	for {
		var f hj212.Frame
		if err := dec.Next(&f); err != nil {
			return err
		}
		select {
		case came <- &f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
