package stations

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/cmd/internal/fair"
	"qingkong/cmd/internal/local"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/rows"
)

// The files of a node, below the data folder. Each has a writer of its own: what is confirmed does not wait for rows.
const (
	framesFile = "frames.db"
	rowsFile   = "readings.db"
)

// NodeOptions are what a node keeps, and where.
type NodeOptions struct {
	Dir     string
	Station func(mn string) (*telemetry.Station, error)        // who reports under an MN; nil for nobody
	Cipher  func(st *telemetry.Station) (*hj212.Cipher, error) // of the register
	// Rooted is the first hour whose root nobody has recorded; zero while none was.
	Rooted func() (time.Time, error)

	// Shared is the stream by which several nodes share what comes; nil for a node of its own.
	Shared *Shared

	MaxBytes            int64 // of raw frames
	BytesADay           int64 // of messages of one user; 0 is any number
	Raw, Minutes, Hours time.Duration

	Full  func() error                     // the refusal while the disk is nearly full, or nil
	Kept  func(batch []telemetry.Received) // of a measurement: told of each batch that is durable; nil for nobody
	Clock func() time.Time                 // nil is the machine's
	Log   *slog.Logger
}

// Node is what this node has of stations: all that came in one file, and the readings that follow from it in another,
// which is always made anew of the first where it is lost or behind.
type Node struct {
	opt    NodeOptions
	log    *slog.Logger
	now    func() time.Time
	steady *steady // behind now
	frames *local.Store
	rows   *local.Store

	Taker   *Taker
	callers *fair.Meter // bytes of messages, by user

	stream *stream       // nil for a node of its own
	more   chan struct{} // holds one while something was kept

	mu      sync.Mutex
	builder *rows.Builder // nil until the rows can be read
	through uint64        // what it has to include before it is read: all that was kept when it was opened
	remade  time.Time     // when it was
	from    uint64        // how far it went then
	applied chan struct{} // closed when it includes more
	waited  time.Time     // when a read waited for it in vain last
	server  *Server       // nil where none serves
	trouble error         // why rows are not built, since
	since   time.Time
	last    uint64    // chunk that was kept
	lastAt  time.Time // reception of the last of it
	bySize  time.Time // when frames went last because there were too many
	unbuilt bool      // some of them before readings were made of them

	place       uint64        // in the stream, that was followed in this run
	begun       bool          // to follow it, in this run
	toCome      uint64        // messages that the stream has behind it
	moved       chan struct{} // closed when that changes
	behind      error         // why the stream is not followed, since
	behindSince time.Time
	missedAt    time.Time // when something of the stream was missed last
}

// OpenNode opens the files and begins to take what comes. A file that cannot be used is no error: see package local.
func OpenNode(o NodeOptions) *Node {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s := newSteady(o.Clock, o.Log)
	n := &Node{opt: o, log: o.Log, now: s.Now, steady: s, more: make(chan struct{}, 1),
		moved: make(chan struct{}), applied: make(chan struct{})}
	n.callers = fair.NewMeter(fair.Share{PerSecond: float64(o.BytesADay) / (24 * time.Hour).Seconds(),
		Burst: int(o.BytesADay)}, o.Clock)
	opt := local.Options{Log: o.Log, Full: o.Full, Clock: o.Clock}
	larger := opt
	larger.Mmap = int(min(max(o.MaxBytes+o.MaxBytes/8, 1<<30), 1<<40))
	n.frames = local.Open(filepath.Join(o.Dir, framesFile), larger,
		local.Tenant{Name: "frames", Version: frames.Version, Buckets: frames.Buckets(), Lost: "stations.lost.frames"})
	n.rows = local.Open(filepath.Join(o.Dir, rowsFile), opt,
		local.Tenant{Name: "rows", Version: rows.Version, Buckets: rows.Buckets(), Lost: "stations.lost.rows"})
	err := n.frames.View(func(tx *bbolt.Tx) (err error) { n.last, n.lastAt, err = frames.Last(tx); return err })
	if err != nil { // told by whoever reads or writes it next
		o.Log.Warn("what stations sent cannot be read", "err", err)
	}
	keep := n.keep
	if o.Shared != nil {
		n.stream = &stream{Shared: *o.Shared, log: o.Log}
		keep = n.stream.keep
	}
	n.Taker = NewTaker(func(ctx context.Context, batch []telemetry.Received) error {
		err := keep(ctx, batch)
		if err == nil && o.Kept != nil {
			o.Kept(batch)
		}
		return err
	}, n.now)
	return n
}

// Serves says which server stations are connected to.
func (n *Node) Serves(s *Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = s
}

// keep implements [Keep] for a node of its own.
func (n *Node) keep(ctx context.Context, batch []telemetry.Received) error {
	var seq uint64
	err := n.frames.Update(ctx, func(tx *bbolt.Tx) (err error) {
		seq, err = frames.Append(tx, batch)
		return err
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.last, n.lastAt = seq, batch[len(batch)-1].At
	n.mu.Unlock()
	select {
	case n.more <- struct{}{}:
	default:
	}
	return nil
}

// Close takes nothing more and closes the files, within ctx. Readings that are not written are made again.
func (n *Node) Close(ctx context.Context) error {
	return errors.Join(n.Taker.Close(ctx), n.frames.Close(ctx), n.rows.Close(ctx))
}

// Stores are the files.
func (n *Node) Stores() []*local.Store { return []*local.Store{n.frames, n.rows} }

// FirstHour is the hour of the first thing that is kept and can be read; zero where nothing is.
func (n *Node) FirstHour() (hour time.Time, err error) {
	err = n.frames.View(func(tx *bbolt.Tx) error {
		hour = time.Time{}
		_, err := frames.Read(tx, 0, math.MaxInt, func(_ uint64, entries []telemetry.Received, _ error) error {
			if len(entries) == 0 {
				return nil
			}
			hour = entries[0].At.Truncate(time.Hour)
			return errEnough
		})
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return hour, err
}

// Root is the Merkle root over what came in an hour that is over, and over how many frames and messages it is. Nothing
// more comes in that hour, on any node: among several the stream says so. Errors: [frames.ErrGone], [frames.ErrPart],
// [frames.ErrOpen] where the stream's clock has not come to the hour's end.
func (n *Node) Root(ctx context.Context, hour time.Time) (root tlog.Hash, leaves int64, err error) {
	read := func(tx *bbolt.Tx) (err error) { root, leaves, err = frames.Root(tx, hour); return err }
	err = n.frames.View(read)
	if !errors.Is(err, frames.ErrOpen) {
		return root, leaves, err
	}
	if n.stream != nil {
		if err := n.mark(ctx, hour.Add(time.Hour)); err != nil {
			return root, 0, err
		}
		err = n.frames.View(read)
		return root, leaves, err
	}
	err = n.frames.Update(ctx, func(tx *bbolt.Tx) error {
		if err := frames.Close(tx, hour.Add(time.Hour)); err != nil {
			return err
		}
		return read(tx)
	})
	return root, leaves, err
}

// Status is how a node keeps what comes.
type Status struct {
	Unkept      error // why the last batch was not kept, since UnkeptSince
	UnkeptSince time.Time
	Unbuilt     error // why readings are not made, since UnbuiltSince
	UnbuiltFrom time.Time
	NoRoom      bool          // readings are not made because the disk is nearly full
	Behind      time.Duration // between what came last and what readings include
	Remaking    time.Time     // since when readings are made again of what an earlier run kept; zero where they are
	Remade      float64       // how much of that is made, from 0 to 1
	BySize      time.Time     // when raw frames went last because there were too many; zero for never
	Lost        bool          // of these some before readings were made of them
	Ahead       time.Duration // of reception over the clock, which was ahead; 0 for not
	AheadAt     time.Time     // to which reception has come then
	Waiting     int           // that are not durable yet
	Built       bool          // readings include all that was kept

	Shared          bool  // the stream of several nodes makes durable, not this node
	Unfollowed      error // why it is not followed, since UnfollowedSince
	UnfollowedSince time.Time
	Missed          time.Time // when something of it was missed here last; zero for never
}

// Status is how it is now.
func (n *Node) Status() (s Status) {
	s.UnkeptSince, s.Unkept = n.Taker.Trouble()
	s.Waiting = n.Taker.Waiting()
	n.mu.Lock()
	defer n.mu.Unlock()
	s.Shared, s.Unfollowed, s.UnfollowedSince, s.Missed = n.stream != nil, n.behind, n.behindSince, n.missedAt
	s.Unbuilt, s.UnbuiltFrom, s.BySize, s.Lost = n.trouble, n.since, n.bySize, n.unbuilt
	if ahead := n.lastAt.Sub(n.opt.Clock()); ahead > 0 {
		s.Ahead, s.AheadAt = ahead, n.lastAt
	}
	s.NoRoom = errors.Is(n.trouble, errNoRoom)
	if n.builder == nil {
		return s
	}
	cursor, at := n.builder.Cursor()
	if s.Built = cursor >= n.last; !s.Built {
		s.Behind = max(0, n.lastAt.Sub(at))
	}
	if cursor < n.through {
		s.Remaking, s.Remade = n.remade, float64(cursor-n.from)/float64(n.through-n.from)
	}
	if at.IsZero() { // nothing is made yet that could be behind
		s.Behind = 0
		if !s.Remaking.IsZero() {
			s.Behind = max(0, n.now().Sub(s.Remaking))
		}
	}
	return s
}

// Register shows a node's figures.
func (n *Node) Register(reg prometheus.Registerer) {
	gauge := func(name, help string, of func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "qingkong_telemetry_" + name, Help: help}, of)
	}
	count := func(name, help string, of func() uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "qingkong_telemetry_" + name, Help: help},
			func() float64 { return float64(of()) })
	}
	reg.MustRegister(
		gauge("queue", "Frames, messages and refused bytes that wait to become durable.",
			func() float64 { return float64(n.Taker.Waiting()) }),
		gauge("behind_seconds", "Between what came last from stations and what readings include.",
			func() float64 { return n.Status().Behind.Seconds() }),
		count("kept_total", "Frames, messages and refused bytes that were made durable.",
			func() uint64 { kept, _ := n.Taker.Taken(); return kept }),
		count("batches_total", "Batches in which they were.",
			func() uint64 { _, batches := n.Taker.Taken(); return batches }),
	)
	for _, s := range n.Stores() {
		s.Register(reg)
	}
}
