package stations

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/readings"
	"qingkong/notify/telemetry/rows"
)

// Take keeps what came; when it returns nil that is durable.
func (n *Node) Take(ctx context.Context, what telemetry.Received) error {
	if what.Sort == telemetry.Message && !n.callers.TakeN(what.From, len(what.Raw)+itemBytes, len(what.Raw)).OK {
		return refusal.New(refusal.RateLimited, "stations.share", nil)
	}
	if err := n.Taker.Take(ctx, what); err != nil {
		return notKept(ctx, err, n.log.Warn)
	}
	return nil
}

// notKept is the refusal of what could not be kept. Why is for the log alone, which tell writes; what its sender gave up,
// as simulated meters do when the program ends, is nobody's trouble.
func notKept(ctx context.Context, err error, tell func(text string, args ...any)) error {
	if errors.As(err, new(*refusal.Error)) {
		return err
	}
	if !errors.Is(err, context.Canceled) || ctx.Err() == nil {
		tell("what was reported could not be kept", "err", err)
	}
	return refusal.New(refusal.NotReady, "stations.not_kept", nil)
}

// Series are the periods of a point that begin at from or later and before to, in order, at most limit of them.
func (n *Node) Series(ctx context.Context, p telemetry.Point, step telemetry.Step, from, to time.Time,
	limit int) ([]telemetry.Kept, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := b.Series(p, step, from, to)
	if errors.Is(err, rows.ErrRange) {
		return nil, refusal.Wrong("from", "stations.range", nil)
	}
	if err != nil || ctx.Err() != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	kept := make([]telemetry.Kept, 0, min(len(entries), limit))
	for i := range entries[:min(len(entries), limit)] {
		kept = append(kept, keptOf(&entries[i]))
	}
	return kept, nil
}

// Moved says what of a point may read otherwise than at a mark, and in what unit.
func (n *Node) Moved(ctx context.Context, p telemetry.Point, since telemetry.Mark) (telemetry.Moved, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return telemetry.Moved{}, err
	}
	return b.Moved(p, since)
}

func keptOf(e *rows.Entry) telemetry.Kept {
	k := telemetry.Kept{Reading: e.Reading, Source: telemetry.ByDevice, Received: e.Received, Late: e.Late}
	switch {
	case e.Source == rows.Made && e.Step == telemetry.Day:
		k.Source, k.N = telemetry.ByHours, e.Of
	case e.Source == rows.Made:
		k.Source, k.N = telemetry.ByMinutes, e.Of
	case e.Step >= telemetry.Hour:
		k.N = e.Of
	case e.Values.Has != 0:
		k.N = 1
	}
	for _, o := range e.Others {
		k.Others = append(k.Others, telemetry.Other{Reading: o.Reading, Received: o.Received, Late: o.Late})
	}
	return k
}

var steps = []telemetry.Step{telemetry.Moment, telemetry.Minute, telemetry.Hour, telemetry.Day}

// Points are those of a ref of which anything is kept.
func (n *Node) Points(ctx context.Context, ref string) ([]telemetry.PointState, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	points, err := b.Points(ref)
	if err != nil {
		return nil, err
	}
	all := make([]telemetry.PointState, 0, len(points))
	for _, p := range points {
		state := telemetry.PointState{Point: p.Name, Unit: p.Unit, Amount: readings.AmountUnit(p.Unit)}
		for _, step := range steps {
			e, ok, err := b.Latest(p.Name, step)
			if err != nil || ctx.Err() != nil {
				return nil, errors.Join(err, ctx.Err())
			}
			if ok {
				state.Last = append(state.Last, keptOf(&e))
			}
		}
		all = append(all, state)
	}
	return all, nil
}

// briefOf is how a station was heard of last.
func (n *Node) briefOf(s *rows.State, gaps []telemetry.Gap) telemetry.Brief {
	br := telemetry.Brief{MN: s.MN, First: s.First, Last: s.Last, From: s.From,
		Refused: uint64(max(s.Bad, 0))} // #nosec G115 -- not below 0
	br.Offset, br.HasOffset = s.ClockOffset()
	for _, d := range s.Data {
		if d.At.After(br.LastData) {
			br.LastData = d.At
		}
	}
	for _, g := range gaps {
		br.Missing += g.Missing
	}
	for _, c := range s.Counts {
		if isNote(c.Rule) {
			br.Deviations += uint64(max(c.N, 0)) // #nosec G115 -- not below 0
		}
	}
	br.Connected = n.line(s.MN).Connected
	return br
}

// line is how a station is connected with this node.
func (n *Node) line(mn string) Line {
	n.mu.Lock()
	srv := n.server
	n.mu.Unlock()
	if srv == nil {
		return Line{}
	}
	return srv.Line(mn)
}

// linkOf is the same, as it is shown.
func linkOf(l Line) telemetry.Link {
	out := telemetry.Link{Since: l.Since, From: l.From, Flapping: l.Flapping}
	for _, o := range l.asked() {
		out.Asked = append(out.Asked, telemetry.Asked{CN: string(o.Kind), From: o.From, To: o.To, Value: o.Value, At: o.Begun,
			Sent: o.Sent, Result: string(o.Result), Code: o.Code, Data: o.Data})
	}
	return out
}

// gapsOf are the gaps of a station, the latest first.
func (n *Node) gapsOf(st *telemetry.Station, s *rows.State) (all []telemetry.Gap) {
	if st == nil {
		return nil
	}
	asked := n.line(s.MN).asked()
	for _, g := range s.Gaps(n.now(), st.MinuteMin, gapAfter) {
		gap := telemetry.Gap{CN: g.CN, From: g.From, To: g.To, Missing: int(g.To.Sub(g.From) / periodOf(g.CN, st))}
		gap.Asked = slices.ContainsFunc(asked, func(o dialog.Outcome) bool {
			return string(o.Kind) == g.CN && o.From.Before(g.To) && o.To.After(g.From)
		})
		all = append(all, gap)
	}
	slices.SortStableFunc(all, func(a, b telemetry.Gap) int { return b.From.Compare(a.From) })
	return all
}

// gapAfter is how long after its end a period is missing.
const gapAfter = 15 * time.Minute

func periodOf(cn string, st *telemetry.Station) time.Duration {
	switch cn {
	case "2061":
		return time.Hour
	case "2031":
		return 24 * time.Hour
	}
	return time.Duration(max(st.MinuteMin, 1)) * time.Minute
}

// Heard is what is known of an MN; nil where it was never heard of.
func (n *Node) Heard(ctx context.Context, mn string) (*telemetry.Heard, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	s, ok, err := b.Station(mn)
	if err != nil || !ok {
		return nil, err
	}
	st, err := n.opt.Station(mn)
	if err != nil {
		return nil, err
	}
	gaps := n.gapsOf(st, &s)
	h := &telemetry.Heard{Brief: n.briefOf(&s, gaps), Frames: uint64(max(s.Good, 0)), Gaps: gaps, // #nosec G115 -- not below 0
		Link: linkOf(n.line(mn))}
	for _, d := range s.Data {
		h.Data = append(h.Data, telemetry.LastData{CN: d.CN, At: d.At})
	}
	for _, c := range s.Counts {
		h.Counts = append(h.Counts, telemetry.Tally{Name: c.Rule, Note: isNote(c.Rule),
			N: uint64(max(c.N, 0)), At: c.Last, Bytes: []byte(c.Bytes)}) // #nosec G115 -- not below 0
	}
	return h, nil
}

// isNote reports whether a frame stands of which that was noticed.
func isNote(rule string) bool {
	for _, name := range faults {
		if rule == "hj212."+name {
			return false
		}
	}
	for why := range codeOf {
		if rule == "stations."+why {
			return false
		}
	}
	return rule != "rows.refused"
}

// Brief is how a station was heard of last; of one that never was it has the MN alone.
func (n *Node) Brief(ctx context.Context, st *telemetry.Station) (telemetry.Brief, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return telemetry.Brief{}, err
	}
	s, ok, err := b.Station(st.MN)
	if err != nil || ctx.Err() != nil || !ok {
		return telemetry.Brief{MN: st.MN}, errors.Join(err, ctx.Err())
	}
	return n.briefOf(&s, n.gapsOf(st, &s)), nil
}

// Last are the last things that came of an MN, the latest first: good ones, or with refused what was not.
func (n *Node) Last(ctx context.Context, mn string, refused bool, limit int) ([]telemetry.Received, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	s, _, err := b.Station(mn)
	if err != nil {
		return nil, err
	}
	refs := s.Frames
	if refused {
		refs = s.Refused
	}
	var all []telemetry.Received
	err = n.frames.View(func(tx *bbolt.Tx) error {
		all = nil
		for _, ref := range slices.Backward(refs) {
			if len(all) == limit || ctx.Err() != nil {
				return ctx.Err()
			}
			r, err := frames.At(tx, ref)
			if errors.Is(err, frames.ErrGone) {
				continue
			}
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}

// Strangers are the MNs in quarantine, the last heard of first.
func (n *Node) Strangers(ctx context.Context) ([]telemetry.Stranger, error) {
	b, err := n.readable(ctx)
	if err != nil {
		return nil, err
	}
	var all []telemetry.Stranger
	for _, u := range b.Unknown() {
		s := telemetry.Stranger{MN: u.MN, Why: u.Why, First: u.First, Last: u.Last, From: u.From, ST: u.ST,
			Frames: uint64(max(u.Frames, 0))} // #nosec G115 -- not below 0
		if u.Version != 0 {
			s.Version = time.Date(u.Version, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")
		}
		if len(u.Factors) > 0 {
			o := telemetry.Outlet{}
			for _, code := range u.Factors {
				o.Factors = append(o.Factors, telemetry.Factor{Code: code})
			}
			s.Outlets = []telemetry.Outlet{o}
		}
		if r, err := n.raw(u.Ref); err == nil {
			s.Raw = r.Raw
		}
		all = append(all, s)
	}
	return all, nil
}

// gapsBehind is how far readings may be behind what came where what is missing is told.
const gapsBehind = time.Minute

// Gaps are what a station may be asked for. They are false where that cannot be told: of what came and is not among the
// readings yet, here or in the shared stream, nothing is missing.
func (n *Node) Gaps(st *telemetry.Station, now time.Time) (all []dialog.Gap, known bool) {
	n.mu.Lock()
	b := n.builder
	n.mu.Unlock()
	if s := n.Status(); b == nil || !s.Remaking.IsZero() || s.Behind > gapsBehind || !n.caughtUp() {
		return nil, false
	}
	s, _, err := b.Station(st.MN)
	if err != nil {
		n.log.Warn("what is missing of a station cannot be read", "mn", st.MN, "err", err)
		return nil, false
	}
	steps := map[string]telemetry.Step{"2051": telemetry.Minute, "2061": telemetry.Hour, "2031": telemetry.Day}
	for _, g := range s.Gaps(now, st.MinuteMin, gapAfter) {
		all = append(all, dialog.Gap{Step: steps[g.CN], From: g.From, To: g.To})
	}
	return all, true
}
