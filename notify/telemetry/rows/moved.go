package rows

import (
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
)

// epochs tells builders of one process apart: their marks say nothing to each other.
var epochs atomic.Uint64

// moves is which hours of a point were told of, by the chunk that did so last. What does not fit is known by its
// earliest hour alone.
type moves struct {
	recent  [4]move
	spilled move
}

type move struct {
	hour int64 // since 1970
	seq  uint64
}

// note takes what a chunk says of an hour.
func (m *moves) note(hour int64, seq uint64) {
	oldest := 0
	for i := range m.recent {
		if r := &m.recent[i]; r.seq > 0 && r.hour == hour {
			r.seq = seq
			return
		}
		if m.recent[i].seq < m.recent[oldest].seq {
			oldest = i
		}
	}
	if r := m.recent[oldest]; r.seq > 0 {
		if m.spilled.seq == 0 || r.hour < m.spilled.hour {
			m.spilled.hour = r.hour
		}
		m.spilled.seq = max(m.spilled.seq, r.seq)
	}
	m.recent[oldest] = move{hour, seq}
}

// since is the earliest hour that a chunk behind seq told of, or an earlier one; false where none did.
func (m *moves) since(seq uint64) (hour int64, any bool) {
	for _, r := range append(m.recent[:], m.spilled) {
		if r.seq > seq && (!any || r.hour < hour) {
			hour, any = r.hour, true
		}
	}
	return hour, any
}

// Moved says what of a point may read otherwise than at a mark. Errors: those of the store.
func (b *Builder) Moved(name telemetry.Point, since telemetry.Mark) (m telemetry.Moved, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	m.Mark = telemetry.Mark{Epoch: b.epoch, Seq: b.last, Hour: b.at.Unix() / 3600}
	var p *point
	ref, _ := name.Split()
	if b.stations[ref] != nil {
		p, err = b.find(nil, name)
	} else {
		err = b.opt.Store.View(func(tx *bbolt.Tx) (err error) { p, err = b.find(tx, name); return err })
	}
	if p != nil {
		m.Heard, m.Unit = true, p.unit
	}
	if err != nil || since.Epoch != b.epoch {
		m.Any = true
		return m, err
	}
	hour, any := int64(0), false
	if of := b.moves[name]; of != nil {
		hour, any = of.since(since.Seq)
	}
	if since.Hour != m.Mark.Hour && (!any || since.Hour-1 < hour) { // hours that are made appear when they are over
		hour, any = since.Hour-1, true
	}
	if m.Any = any; any {
		m.From = time.Unix(hour*3600, 0).In(beijing)
	}
	return m, nil
}

// moved notes that a reading of a point was taken.
func (b *Builder) moved(name telemetry.Point, at time.Time, seq uint64) {
	of := b.moves[name]
	if of == nil {
		of = new(moves)
		b.moves[name] = of
	}
	of.note(at.Unix()/3600, seq)
}
