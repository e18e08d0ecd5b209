package simulate

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// intervals are what a server may set.
type intervals struct{ sample, minute int64 } // seconds

func (s *Station) intervals() intervals {
	return intervals{int64(s.c.SampleS), int64(s.c.MinuteMin) * 60}
}

const (
	statesEvery = 600
	beatsEvery  = 300
)

// every is how often a topic is reported, and the seconds that one report is of. every is 0 where the station does not.
func (s *Station) every(t topic, in intervals) (every, span int64) {
	switch t {
	case moments:
		return in.sample, 0
	case states:
		return statesEvery, 0
	case minutes:
		return in.minute, in.minute
	case hours:
		return 3600, 3600
	case days, runTimes:
		return 86400, 86400
	case beats:
		if s.c.Version == hj212.V2025 {
			return beatsEvery, 0
		}
	case furnaces:
		if s.c.Version == hj212.V2025 && slices.ContainsFunc(s.factors, func(f factor) bool { return f.kind == isFurnace }) {
			return 300, 300
		}
	}
	return 0, 0
}

// due is when a message is sent by the station's clock, in milliseconds since 1970.
func (s *Station) due(m message) int64 {
	t := topicSpecs[m.topic]
	return (m.at+m.span+t.after+s.lag)*1000 + t.ms
}

// first is the first message of a topic that is due after a time in milliseconds; ok is false where it reports none.
func (s *Station) first(t topic, in intervals, after int64) (m message, ok bool) {
	every, span := s.every(t, in)
	if every == 0 {
		return m, false
	}
	zero := s.due(message{topic: t, at: -beijing, span: span})
	k, _ := divide(after-zero, every*1000)
	return message{topic: t, at: -beijing + (k+1)*every, span: span}, true
}

// Sent is a message as a station says to have sent it.
type Sent struct {
	MN, CN, QN string
	At         time.Time           // when it was first due, by the station's clock
	Frames     [][]byte            // its parts as they are written, with CRLF
	Readings   []telemetry.Reading // what it says, in the units of [Station.Registered]
	Resent     bool                // it is sent again or late
}

// AllSteps are the steps that a station reports.
func AllSteps() []telemetry.Step {
	return []telemetry.Step{telemetry.Moment, telemetry.Minute, telemetry.Hour, telemetry.Day}
}

// Backfill is what the station would have sent from a time on and before another, of these steps, in the order it would
// have been sent, without faults of its line. It is made as it is read.
func (s *Station) Backfill(from, to time.Time, steps ...telemetry.Step) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		var next []message
		for t := range topics {
			if t.step() == 0 || !slices.Contains(steps, t.step()) {
				continue
			}
			if m, ok := s.first(t, s.intervals(), from.UnixMilli()-1); ok {
				next = append(next, m)
			}
		}
		sooner := func(a, b message) int { return cmp.Compare(s.due(a), s.due(b)) }
		for len(next) > 0 {
			m := slices.MinFunc(next, sooner)
			if s.due(m) >= to.UnixMilli() {
				return
			}
			i := slices.Index(next, m)
			every, _ := s.every(m.topic, s.intervals())
			next[i].at += every
			sent, ok, err := s.sent(m, s.c.Password, false)
			if (ok || err != nil) && !yield(sent, err) {
				return
			}
		}
	}
}

// sent makes a message. ok is false where the station knows nothing of its period.
func (s *Station) sent(m message, password string, resent bool) (out Sent, ok bool, err error) {
	groups, readings, ok := s.content(m)
	if !ok {
		return out, false, nil
	}
	due := s.due(m)
	if m.differ {
		due += differAfter.Milliseconds()
	}
	out = Sent{MN: s.c.MN, CN: topicSpecs[m.topic].cn, QN: qn(due), At: time.UnixMilli(due).In(hj212.Beijing),
		Readings: readings, Resent: resent}
	for i := range out.Readings {
		out.Readings[i].Resent = resent && s.c.Version == hj212.V2025
	}
	h := s.head(out.CN, out.QN, password, m.topic != beats, resent)
	out.Frames, err = s.frames(h, m.at, groups)
	return out, err == nil, err
}

// Backfills is the backfill of several stations, in the order all of it would have come in.
func Backfills(stations []*Station, from, to time.Time, steps ...telemetry.Step) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		type source struct {
			sent Sent
			err  error
			next func() (Sent, error, bool)
		}
		var open []*source
		for _, s := range stations {
			next, stop := iter.Pull2(s.Backfill(from, to, steps...))
			defer stop()
			src := &source{next: next}
			var ok bool
			if src.sent, src.err, ok = next(); ok {
				open = append(open, src)
			}
		}
		for len(open) > 0 {
			src := slices.MinFunc(open, func(a, b *source) int { return a.sent.At.Compare(b.sent.At) })
			if !yield(src.sent, src.err) {
				return
			}
			var ok bool
			if src.sent, src.err, ok = src.next(); !ok {
				open = slices.DeleteFunc(open, func(o *source) bool { return o == src })
			}
		}
	}
}
