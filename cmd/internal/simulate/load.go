package simulate

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"slices"
	"sync"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// Load is how many stations report how much, to see what a server bears. Each has one connection and one goroutine, and
// writes a few minutes with other times and numbers again and again, once all are connected. With Every the data are of
// now, and a frame that is due while another waits goes with its answer; without it they go on by a minute a frame, and
// begin anew at the end.
type Load struct {
	Stations int // how many
	First    int // number of the first one, by which its MN goes: two loads at once have different ones
	Window   int // frames of a station that wait for their answer at once; 32 where it is 0
	Version  hj212.Version

	Frames int           // of each station; 0: until For is over
	For    time.Duration // how long frames are begun; 0: until Frames are confirmed
	Every  time.Duration // between the frames of a station; 0: as fast as they are confirmed
	Back   time.Duration // how old the first frame's data are; three days where it is 0 and Every is 0
	Resent bool          // they say that they are sent late (RF=1 in 2025)

	TLS *tls.Config
}

// LoadReport is what came of a load.
type LoadReport struct {
	Stations  int           `json:"stations"`
	Frames    int64         `json:"frames"`     // that were written
	Confirmed int64         `json:"confirmed"`  // and answered
	Bytes     int64         `json:"bytes"`      // that were written
	Lost      int64         `json:"lost"`       // frames without an answer when their line broke or the time was over
	Stray     int64         `json:"stray"`      // answers to no frame that waits
	Broken    int64         `json:"broken"`     // lines
	Elapsed   time.Duration `json:"elapsed_ns"` // since all are connected
	Latency   Latency       `json:"-"`
	P50       time.Duration `json:"p50_ns"` // from the write to the answer; with Every from when the frame was due
	P99       time.Duration `json:"p99_ns"`
	Max       time.Duration `json:"max_ns"`
	FirstErr  string        `json:"first_error,omitempty"`
}

// PerSecond is how many frames were confirmed a second.
func (r *LoadReport) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Confirmed) / r.Elapsed.Seconds()
}

// Latency counts durations by their size, sixteen steps to each doubling: what it says is right to a sixteenth.
type Latency struct {
	counts [64 * 16]int64
	n      int64
	max    time.Duration
}

// Add counts a duration.
func (l *Latency) Add(d time.Duration) {
	l.counts[slot(d)]++
	l.n++
	l.max = max(l.max, d)
}

func (l *Latency) merge(o *Latency) {
	for i, n := range o.counts {
		l.counts[i] += n
	}
	l.n += o.n
	l.max = max(l.max, o.max)
}

// At is the duration that a share of them do not exceed; 0 where there are none.
func (l *Latency) At(share float64) time.Duration {
	left := int64(share * float64(l.n))
	for i, n := range l.counts {
		if left -= n; left <= 0 && n > 0 {
			return min(slotEnd(i), l.max)
		}
	}
	return l.max
}

// slot is which step a duration counts in.
func slot(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 16 {
		return int(v)
	}
	top := bits.Len64(v) - 5 // v >> top has five bits, the first of them set
	return (top+1)*16 + int(v>>top) - 16
}

// slotEnd is the largest duration that counts in a step.
func slotEnd(i int) time.Duration {
	if i < 16 {
		return time.Duration(i)
	}
	top := i/16 - 1
	return time.Duration(uint64(i%16+17)<<top - 1)
}

// LoadStation is one of the stations of a load by its number, to be registered before.
func LoadStation(number int, v hj212.Version) (*Station, error) {
	kind := Kinds()[max(number, 0)%len(Kinds())]
	c := Config{MN: fmt.Sprintf("LOAD%020d", number), Version: v, Plant: NewPlant(kind, uint64(number)), MinuteMin: 1}
	if kind != Coating {
		c.Factors = []string{"a00000", "a19001", "a21026", "a21002", "a34013"} // more would be in parts
	}
	return New(c)
}

const (
	loadDial    = 30 * time.Second
	loadAnswer  = 30 * time.Second
	loadGrace   = 5 * time.Second // for answers, once the load is interrupted
	loadMinutes = 16              // that a station has frames of
)

// Check refuses a load that is none, or that would not end.
func (l *Load) Check() error {
	switch {
	case l.Stations < 1 || l.First < 0 || l.Window < 0 || l.Frames < 0 || l.For < 0 || l.Every < 0 || l.Back < 0:
		return errors.New("a load has stations, and nothing below 0")
	case l.Frames == 0 && l.For == 0:
		return errors.New("a load ends after a number of frames or a time")
	}
	return nil
}

// Run loads a server until it is done, or ctx ends: then no frame is begun any more, and what waits has its answer or a
// few seconds. Errors: a load that is none, and that no station could report. That some could not is told in the report.
func (l Load) Run(ctx context.Context, addr string) (r LoadReport, err error) {
	if err := l.Check(); err != nil {
		return r, err
	}
	l.Window = cmp.Or(l.Window, 32)
	if l.Every == 0 {
		l.Back = cmp.Or(l.Back, 72*time.Hour)
	}
	loaders := make([]*loader, l.Stations)
	for i := range loaders {
		s, err := LoadStation(l.First+i, l.Version)
		if err != nil {
			return r, err
		}
		loaders[i] = &loader{l: l, s: s, from: time.Now().Add(-l.Back).Truncate(time.Minute).Unix()}
	}
	r.Stations = l.Stations
	errs := make([]error, l.Stations)
	each := func(act func(o *loader) error) {
		var all sync.WaitGroup
		for i, o := range loaders {
			if errs[i] == nil {
				all.Go(func() { errs[i] = act(o) })
			}
		}
		all.Wait()
	}
	each(func(o *loader) error { return o.connect(ctx, addr) })
	start := time.Now()
	each(func(o *loader) error { return o.report(ctx, start) })
	r.Elapsed = time.Since(start)
	for i, o := range loaders {
		r.merge(o)
		if errs[i] != nil && r.FirstErr == "" {
			r.FirstErr = fmt.Sprintf("station %s: %v", o.s.MN(), errs[i])
		}
	}
	r.P50, r.P99, r.Max = r.Latency.At(0.5), r.Latency.At(0.99), r.Latency.max
	if r.Confirmed == 0 && r.FirstErr != "" {
		return r, errors.New(r.FirstErr)
	}
	return r, nil
}

func (r *LoadReport) merge(o *loader) {
	r.Frames += o.sent
	r.Confirmed += o.confirmed
	r.Bytes += o.bytes
	r.Lost += o.sent - o.confirmed
	r.Stray += o.stray
	r.Broken += o.broken
	r.Latency.merge(&o.latency)
}

// loader is one station of a load.
type loader struct {
	l     Load
	s     *Station
	from  int64 // when its data begin, in seconds since 1970
	start time.Time
	conn  net.Conn

	frames  []loadFrame
	waiting []flight
	sent    int64
	next    time.Time
	lastMS  int64
	latency Latency

	confirmed, bytes, stray, broken int64
}

// loadFrame is a frame with room for a number and a time.
type loadFrame struct {
	b            []byte
	qnAt, timeAt int
}

// flight is a frame that waits for its answer.
type flight struct {
	qn string
	at time.Time // from when on its latency counts
}

// connect makes the station's frames and connects it.
func (o *loader) connect(ctx context.Context, addr string) (err error) {
	if err := o.prepare(); err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: loadDial}
	dial := dialer.DialContext
	if o.l.TLS != nil {
		dial = (&tls.Dialer{NetDialer: &dialer, Config: o.l.TLS}).DialContext
	}
	if o.conn, err = dial(ctx, "tcp", addr); err != nil {
		o.broken++
	}
	return err
}

// report sends until the load is over, and closes the connection.
func (o *loader) report(ctx context.Context, start time.Time) error {
	defer func() { _ = o.conn.Close() }() // all that mattered was answered
	o.start = start
	o.next = start.Add(time.Duration(of(1, o.s.MN()).unit(0) * float64(o.l.Every)))
	stop := context.AfterFunc(ctx, func() { _ = o.conn.SetDeadline(time.Now().Add(loadGrace)) })
	defer stop()
	err := o.talk(ctx, o.conn)
	if err != nil {
		o.broken++
	}
	return err
}

// prepare makes the frames: the station's minutes of a while ago.
func (o *loader) prepare() error {
	for i := range loadMinutes {
		sent, ok, err := o.s.sent(message{topic: minutes, at: o.from + int64(i-loadMinutes)*60, span: 60}, o.s.c.Password,
			o.l.Resent)
		if err != nil {
			return err
		}
		if !ok || len(sent.Frames) != 1 {
			return fmt.Errorf("a minute is %d frames and not one", len(sent.Frames))
		}
		b := sent.Frames[0]
		o.frames = append(o.frames, loadFrame{b, len("##0000QN="), slices.Index(b, '&') + len("&&DataTime=")})
	}
	return nil
}

func (o *loader) talk(ctx context.Context, conn net.Conn) error {
	dec := hj212.NewDecoder(conn, hj212.Options{Live: true, Version: o.s.c.Version})
	var f hj212.Frame
	var batch []byte
	for {
		batch = batch[:0]
		filling := o.fills()
		for now := time.Now(); filling && o.may(ctx, now); {
			batch = append(batch, o.make(now)...)
		}
		if len(batch) > 0 {
			if err := conn.SetWriteDeadline(time.Now().Add(loadAnswer)); err != nil {
				return err
			}
			if _, err := conn.Write(batch); err != nil {
				return err
			}
			o.bytes += int64(len(batch))
		}
		if len(o.waiting) == 0 {
			if o.over(ctx, time.Now()) {
				return nil
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Until(o.wakes())):
			}
			continue
		}
		within := loadAnswer
		if ctx.Err() != nil {
			within = loadGrace
		}
		if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
			return err
		}
		if err := dec.Next(&f); err != nil {
			return err
		}
		if f.Fault == nil && f.CN == "9014" {
			o.answered(f.QN)
		}
	}
}

// over reports whether no frame is begun any more.
func (o *loader) over(ctx context.Context, now time.Time) bool {
	return ctx.Err() != nil || o.l.Frames > 0 && o.sent >= int64(o.l.Frames) || o.l.For > 0 && now.Sub(o.start) >= o.l.For
}

// wakes is when a loader that waits for nothing goes on: with its next frame, or where the load is over.
func (o *loader) wakes() time.Time {
	if end := o.start.Add(o.l.For); o.l.For > 0 && end.Before(o.next) {
		return end
	}
	return o.next
}

// may reports whether another frame is begun now.
func (o *loader) may(ctx context.Context, now time.Time) bool {
	return !o.over(ctx, now) && len(o.waiting) < o.l.Window && (o.l.Every == 0 || !now.Before(o.next))
}

// fills reports whether frames are written now: once half of the window was answered, so that a write has many.
func (o *loader) fills() bool { return o.l.Every > 0 || len(o.waiting) <= o.l.Window/2 }

// make is the next frame, with a number and a time of its own.
func (o *loader) make(now time.Time) []byte {
	o.lastMS = max(now.UnixMilli(), o.lastMS+1)
	number := qn(o.lastMS)
	f := &o.frames[o.sent%loadMinutes]
	copy(f.b[f.qnAt:], number)
	at := now.Add(-o.l.Back).Truncate(time.Minute).Unix() - 60
	if o.l.Every == 0 {
		at = o.from + 60*(o.sent%max(int64(o.l.Back/time.Minute), 1))
	}
	copy(f.b[f.timeAt:], stamp(at))
	sum := hj212.CRC(f.b[6 : len(f.b)-6])
	for i := range 4 {
		f.b[len(f.b)-6+i] = "0123456789ABCDEF"[sum>>(12-4*i)&15]
	}
	o.sent++
	begun := now
	if o.l.Every > 0 { // what waited for others took as long as its station waited for it
		begun = o.next
	}
	o.next = o.next.Add(o.l.Every)
	o.waiting = append(o.waiting, flight{number, begun})
	return f.b
}

func (o *loader) answered(number string) {
	i := slices.IndexFunc(o.waiting, func(w flight) bool { return w.qn == number })
	if i < 0 {
		o.stray++
		return
	}
	o.latency.Add(time.Since(o.waiting[i].at))
	o.waiting = slices.Delete(o.waiting, i, i+1)
	o.confirmed++
}
