package dialog

import (
	"slices"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Due is the frame that is to be sent now, nil for none, and what became of a request whose time is over. gaps are asked
// only when history may be fetched, and are false where nobody knows of them; they may come in any order. Without gaps
// nothing is fetched now, and they are asked the next time.
func (s *State) Due(st *telemetry.Station, password string, set Settings, gaps func() ([]Gap, bool),
	now time.Time) (*hj212.Frame, *Outcome) {
	if s.next == nil {
		s.next, s.blocks = map[Kind]patience{}, map[block]tries{}
	}
	if s.since.IsZero() {
		return nil, nil
	}
	if r := s.pending; r != nil {
		return s.wait(r, st, password, set, now)
	}
	if st.ST == "" || now.Sub(s.since) < set.Settle || now.Before(s.mute.at) {
		return nil, nil
	}
	r := s.choose(st, set, gaps, now)
	if r == nil {
		return nil, nil
	}
	r.QN, r.Begun, r.Last, r.Sent = s.number(now), now, now, 1
	s.pending = r
	return r.frame(st, password, now), nil
}

// wait is what is to be done about a request that is not over.
func (s *State) wait(r *Request, st *telemetry.Station, password string, set Settings,
	now time.Time) (*hj212.Frame, *Outcome) {
	quiet := now.Sub(r.Last)
	switch {
	case now.Sub(r.Begun) >= longest, r.Accepted && quiet >= set.Execute:
		if !r.Accepted {
			return nil, s.end(Silent, 0, now)
		}
		return nil, s.end(Unfinished, 0, now)
	case r.Accepted || quiet < set.Answer:
		return nil, nil
	case r.Sent >= set.Tries:
		return nil, s.end(Silent, 0, now)
	}
	r.Sent, r.Last = r.Sent+1, now
	return r.frame(st, password, now), nil
}

// number is a QN that was not used before.
func (s *State) number(now time.Time) string {
	now = now.Truncate(time.Millisecond)
	if !now.After(s.lastQN) {
		now = s.lastQN.Add(time.Millisecond)
	}
	s.lastQN = now
	return writeQN(now)
}

// choose is what the station is asked next; nil for nothing.
func (s *State) choose(st *telemetry.Station, set Settings, gaps func() ([]Gap, bool), now time.Time) *Request {
	may := func(k Kind) bool { return takes(st.Version, k) && !now.Before(s.next[k].at) }
	if set.CalibrateOver > 0 && may(SetTime) {
		off, known := s.clock.off()
		if s.asked || known && off.Abs() > set.CalibrateOver {
			return &Request{Kind: SetTime}
		}
	}
	if set.Intervals {
		every, known := s.samples.every()
		if known && may(SetSample) && st.SampleS > 0 && every != time.Duration(st.SampleS)*time.Second {
			return &Request{Kind: SetSample, Value: st.SampleS}
		}
		every, known = s.minutes.every()
		if known && may(SetMinute) && st.MinuteMin > 0 && every != time.Duration(st.MinuteMin)*time.Minute {
			return &Request{Kind: SetMinute, Value: st.MinuteMin}
		}
	}
	if !set.History || gaps == nil || now.Sub(s.looked) < lookEvery || now.Before(s.broken.at) {
		return nil
	}
	s.looked = now
	s.forget(now)
	missing, known := gaps()
	if !known {
		return nil
	}
	s.fetched(missing)
	return s.history(st, missing, now)
}

// fetched gives blocks their tries back of which some came that was asked: there is less to ask each time.
func (s *State) fetched(missing []Gap) {
	for b, t := range s.blocks {
		left := time.Duration(0)
		for _, g := range missing {
			if kinds[g.Step] == b.kind {
				left += max(0, earlier(g.To, t.to).Sub(later(g.From, t.from)))
			}
		}
		if left < t.to.Sub(t.from) {
			t.failed, t.from, t.to = 0, time.Time{}, time.Time{}
			s.blocks[b] = t
		}
	}
}

// history is the newest block of what is missing that may be asked; hours before minutes of the same time, since they
// are what counts.
func (s *State) history(st *telemetry.Station, gaps []Gap, now time.Time) (best *Request) {
	for _, g := range gaps {
		k, ok := kinds[g.Step]
		if !ok {
			continue
		}
		period := periodOf(k, st)
		if old := now.Add(-historyBack).Sub(g.From); old > 0 {
			g.From = g.From.Add((old + period - 1) / period * period) // on the station's own grid
		}
		g.To = earlier(g.To, now.Add(-settled[k]))
		for from := g.From; !from.Add(period).After(g.To); {
			b := blockOf(k, from)
			end := earlier(time.Unix(b.from, 0).Add(lengths[k]), g.To)
			n := end.Sub(from) / period
			to := from.Add(max(n, 1) * period)
			p := s.blocks[b]
			r := &Request{Kind: k, From: from, To: to}
			if p.failed < blockTries && !now.Before(p.at) && (best == nil || before(best, r)) {
				best = r
			}
			from = to
		}
	}
	return best
}

var kinds = map[telemetry.Step]Kind{telemetry.Minute: Minutes, telemetry.Hour: Hours, telemetry.Day: Days}

// order is which kind of history goes first at the same time.
var order = []Kind{Minutes, Days, Hours}

// before says whether a request has to stand back behind another.
func before(a, b *Request) bool {
	if !a.To.Equal(b.To) {
		return a.To.Before(b.To)
	}
	return slices.Index(order, a.Kind) < slices.Index(order, b.Kind)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// forget drops what is known of blocks that are too old to be asked again.
func (s *State) forget(now time.Time) {
	for b := range s.blocks {
		if now.Sub(time.Unix(b.from, 0)) > historyBack+2*lengths[b.kind] {
			delete(s.blocks, b)
		}
	}
}
