package service

import (
	"context"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// Instruments is what this node keeps of what stations and meters say. Times that it gives are Beijing's. What it returns
// is the caller's own. A read includes what was taken before it, and ends with its context. Errors are refusals where the
// caller can do something about them, like too much at once.
type Instruments interface {
	// Take keeps what came. When it returns nil that is durable; after an error nothing is known of it, and the same may
	// be taken again: the same value of the same period changes nothing.
	Take(ctx context.Context, what telemetry.Received) error
	// Series are the periods of a point that begin at from or later and before to, in their order, at most limit of them:
	// the samples, minutes, hours or days of which something is kept, and those that follow from it. Periods of which
	// nothing came are left out. A point of which nothing is kept has none.
	Series(ctx context.Context, p telemetry.Point, step telemetry.Step, from, to time.Time, limit int) ([]telemetry.Kept,
		error)
	// Moved says what of a point may read otherwise than at a mark, and in what unit.
	Moved(ctx context.Context, p telemetry.Point, since telemetry.Mark) (telemetry.Moved, error)
	// Ready is nil while nothing that came in time is missing only because it is not among the readings yet.
	Ready(ctx context.Context) error
	// Passes are the vehicles that a gate told of from a time on and before another, by time and then by plate, without the
	// first skip of them and at most limit; those of the last 60 days are kept. The same one told twice is one.
	Passes(ctx context.Context, gate telemetry.Point, from, to time.Time, skip, limit int) ([]readings.Pass, error)
	// PassTimes are when vehicles went through a gate from a time on and before another, in order, at most limit of them;
	// several at the same millisecond are one.
	PassTimes(ctx context.Context, gate telemetry.Point, from, to time.Time, limit int) ([]time.Time, error)
	// Points are those of a ref of which anything is kept, in their order; none of one that was never heard of.
	Points(ctx context.Context, ref string) ([]telemetry.PointState, error)
	// Brief is how a station was heard of last; of one that never was it has the MN alone.
	Brief(ctx context.Context, st *telemetry.Station) (telemetry.Brief, error)
	// Heard is what is known of an MN; nil where it was never heard of.
	Heard(ctx context.Context, mn string) (*telemetry.Heard, error)
	// Last are the last things that came of an MN, the latest first: good frames and messages, or with refused what was
	// refused of it. An MN that is empty is what came over connections of which none is known.
	Last(ctx context.Context, mn string, refused bool, limit int) ([]telemetry.Received, error)
	// Strangers are the MNs in quarantine, the last heard of first; there is a bounded number of them.
	Strangers(ctx context.Context) ([]telemetry.Stranger, error)
}

// instruments are those of this node, or a refusal where it keeps none.
func (s *Service) instruments() (Instruments, error) {
	if s.Instruments == nil {
		return nil, refusal.New(refusal.NotReady, "telemetry.none_here", nil)
	}
	return s.Instruments, nil
}
