package stations

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/readings"
	"qingkong/notify/telemetry/rows"
)

// mostPasses is how many passes are looked at for one answer.
const mostPasses = 200_000

// Passes are the vehicles that a gate told of from a time on and before another, by time and then by plate, without the
// first skip of them and at most limit. One that is told twice is one. Those whose messages are not kept any more are left
// out.
func (n *Node) Passes(ctx context.Context, gate telemetry.Point, from, to time.Time, skip, limit int) ([]readings.Pass,
	error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	for look := 2 * (skip + limit); ; look *= 4 {
		if look > mostPasses {
			look = mostPasses
		}
		when, err := b.Passes(gate, from, to, look)
		if err != nil {
			return nil, err
		}
		cut := len(when) == look
		if cut { // the last of one time are not all there
			last := when[len(when)-1].At
			if i := slices.IndexFunc(when, func(w rows.PassAt) bool { return w.At.Equal(last) }); i > 0 {
				when = when[:i]
			}
		}
		all, err := n.passesAt(ctx, gate, when)
		if err != nil {
			return nil, err
		}
		if len(all) >= skip+limit || !cut {
			all = all[min(skip, len(all)):]
			return all[:min(limit, len(all))], nil
		}
		if look == mostPasses {
			return nil, refusal.Wrong("from", "stations.passes", refusal.Args{"limit": mostPasses})
		}
	}
}

// PassTimes are when vehicles went through a gate from a time on and before another, in order, at most limit of them;
// several at the same millisecond are one, as is one that is told twice.
func (n *Node) PassTimes(ctx context.Context, gate telemetry.Point, from, to time.Time, limit int) (all []time.Time,
	err error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	for len(all) < limit {
		when, err := b.Passes(gate, from, to, limit)
		if err != nil {
			return nil, err
		}
		for _, w := range when {
			if len(all) < limit && (len(all) == 0 || w.At.After(all[len(all)-1])) {
				all = append(all, w.At)
			}
		}
		if len(when) < limit {
			break
		}
		from = when[len(when)-1].At.Add(time.Millisecond)
	}
	return all, nil
}

// passesAt reads passes in the messages that say so.
func (n *Node) passesAt(ctx context.Context, gate telemetry.Point, when []rows.PassAt) (all []readings.Pass, err error) {
	messages := map[frames.Ref][]readings.Pass{}
	for _, w := range when {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		told, read := messages[w.Ref]
		if !read {
			r, err := n.raw(w.Ref)
			if err != nil && !errors.Is(err, frames.ErrGone) {
				return nil, err
			}
			if err == nil {
				m, err := readings.ParseMessage(r.Raw)
				if err == nil && m.Point == gate {
					told = m.Passes
				}
			}
			messages[w.Ref] = told
		}
		for _, p := range told {
			if p.At.UnixMilli() == w.At.UnixMilli() {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(x, y readings.Pass) int {
		return cmp.Or(cmp.Compare(x.At.UnixMilli(), y.At.UnixMilli()), strings.Compare(string(x.Plate), string(y.Plate)),
			cmp.Compare(x.Standard, y.Standard), strings.Compare(x.Fuel, y.Fuel))
	})
	return slices.CompactFunc(all, func(x, y readings.Pass) bool {
		return x.At.UnixMilli() == y.At.UnixMilli() && x.Plate == y.Plate && x.Standard == y.Standard && x.Fuel == y.Fuel
	}), nil
}
