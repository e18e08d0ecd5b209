package rows

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

// Builder makes rows of what was received. One goroutine at a time applies, flushes and trims; any may read.
type Builder struct {
	opt Options

	mu       sync.RWMutex
	last     uint64    // chunk that was applied
	at       time.Time // reception of the last of it
	next     uint32    // number of the newest point
	began    bool      // the store has a row that says how far it goes
	stations map[string]*station
	unknown  map[string]*Unknown // all of them
	strange  map[string]bool     // of unknown, those that changed
	days     map[dayKey]*dirty
	passes   map[string]struct{} // by their keys, those that are not written
	held     int                 // readings in days, and passes
	epoch    uint64
	moves    map[telemetry.Point]*moves

	register map[string]*telemetry.Station // as it is while a chunk is applied, or a batch written
	work     work                          // of Flush
	decoder  *hj212.Decoder
	options  hj212.Options // of the frame that is read
	frame    hj212.Frame
	raw      []byte
}

// station is a state in memory.
type station struct {
	State
	points  map[telemetry.Point]*point
	changed bool

	parts   *hj212.Assembler     // of messages that wait; nil where none does
	places  map[int64]frames.Ref // of their parts, by Offset
	arrived int64
}

// meta is the row that says how far all others go.
type meta struct {
	Cursor uint64    `json:"cursor"`
	At     time.Time `json:"at"`
	Next   uint32    `json:"next"`
}

// NewBuilder goes on where the rows in the store end. Errors: those of the store, rows that are damaged.
func NewBuilder(opt Options) (*Builder, error) {
	b := &Builder{opt: opt.filled(), stations: map[string]*station{}, unknown: map[string]*Unknown{},
		strange: map[string]bool{}, days: map[dayKey]*dirty{}, passes: map[string]struct{}{},
		register: map[string]*telemetry.Station{}, epoch: epochs.Add(1), moves: map[telemetry.Point]*moves{}}
	b.decoder = hj212.NewDecoder(nil, hj212.Options{Live: true, Of: func([]byte) *hj212.Options { return &b.options }})
	err := b.opt.Store.View(func(tx *bbolt.Tx) error {
		var m meta
		if row := tx.Bucket(metaBucket).Get(metaKey); row != nil {
			if err := load(row, &m); err != nil {
				return err
			}
			b.began = true
		}
		b.last, b.at, b.next = m.Cursor, m.At, m.Next
		return tx.Bucket(unknownBucket).ForEach(func(_, row []byte) error {
			u := &Unknown{}
			if err := load(row, u); err == nil { // a damaged one goes with the next Flush
				b.unknown[u.MN] = u
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return b, nil
}

// Cursor is the last chunk that was applied, in this run or before, and its time of reception. Reads include it.
func (b *Builder) Cursor() (seq uint64, at time.Time) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.last, b.at
}

// Held is how many readings are not written yet, as a share of how many may be.
func (b *Builder) Held() (share float64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return float64(b.held) / float64(b.opt.Held)
}

// Apply takes a chunk, the next one behind the cursor; an older one changes nothing. Errors: [ErrFull] before what is
// held is flushed, those of the store; a chunk of which an error is returned may be applied again.
func (b *Builder) Apply(seq uint64, entries []telemetry.Received) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq <= b.last {
		return nil
	}
	if b.held >= b.opt.Held {
		return ErrFull
	}
	clear(b.register)
	if err := b.know(entries); err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	for i := range entries {
		b.take(&entries[i], frames.Ref{Seq: seq, Index: i})
	}
	b.last = seq
	if n := len(entries); n > 0 && entries[n-1].At.After(b.at) {
		b.at = entries[n-1].At
	}
	return nil
}

// Skip goes on behind a chunk that cannot be read, as Apply does, and counts it, as of a time, among what belongs to no
// station.
func (b *Builder) Skip(seq uint64, at time.Time, why error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq <= b.last {
		return nil
	}
	clear(b.register)
	if err := b.know([]telemetry.Received{{}}); err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	if s := b.stations[""]; seq > s.Through {
		s.tell(ruleChunk, at, why.Error(), frames.Ref{Seq: seq})
		s.changed = true
	}
	b.last = seq
	return nil
}

// know loads the stations that entries are of.
func (b *Builder) know(entries []telemetry.Received) error {
	var missing []string
	for i := range entries {
		if mn := b.owner(&entries[i]); b.stations[mn] == nil {
			missing = append(missing, mn)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return b.opt.Store.View(func(tx *bbolt.Tx) error {
		for _, mn := range missing {
			if b.stations[mn] != nil {
				continue
			}
			s, err := b.load(tx, mn)
			if err != nil {
				return err
			}
			b.stations[mn] = s
		}
		return nil
	})
}

// registered is what the register says of a station, for whoever applies or writes.
func (b *Builder) registered(mn string) *telemetry.Station {
	st, known := b.register[mn]
	if !known {
		st = b.opt.Station(mn)
		b.register[mn] = st
	}
	return st
}

// owner is the MN of the state that something counts in; the register bounds how many there are.
func (b *Builder) owner(r *telemetry.Received) string {
	if b.registered(r.MN) == nil {
		return ""
	}
	return r.MN
}

// load reads a station. Frames that wait for a part are read back; those that are gone are waited for no more.
func (b *Builder) load(tx *bbolt.Tx, mn string) (*station, error) {
	state, _, err := loadState(tx, mn)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	s := &station{State: state}
	if err != nil { // what it was is lost, and is counted anew from here
		s.State = State{MN: mn}
		s.tell(ruleDamaged, b.at, err.Error(), frames.Ref{Seq: b.last})
	}
	var damaged []telemetry.Point
	s.points, damaged = loadPoints(tx, mn)
	for _, name := range damaged {
		s.tell(ruleDamaged, b.at, string(name), frames.Ref{Seq: b.last})
	}
	for i := range s.Data {
		if c := s.Data[i].Came; c != nil && !c.whole(s.Data[i].CN) {
			s.Data[i].Came = nil
		}
	}
	return s, b.waiting(s)
}

// waiting has the messages of a station that was loaded wait on for their parts.
func (b *Builder) waiting(s *station) error {
	if len(s.Parts) == 0 {
		return nil
	}
	s.parts, s.places = hj212.NewAssembler(hj212.Limits{}), map[int64]frames.Ref{}
	for _, p := range s.Parts {
		r, err := b.opt.Raw(p.Ref)
		if errors.Is(err, frames.ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		if f := b.decode(&r); f.Fault == nil {
			if p.Last.IsZero() {
				p.Last = r.At
			}
			s.place(f, p.Ref)
			s.parts.Restore([]hj212.Part{{Frame: f, Last: p.Last, Since: p.Since}})
		}
	}
	s.wait()
	return nil
}

// part gives a part to the messages that wait.
func (s *station) part(f *hj212.Frame, at time.Time, ref frames.Ref) (whole *hj212.Frame, gone []hj212.Note) {
	if s.parts == nil {
		s.parts, s.places = hj212.NewAssembler(hj212.Limits{}), map[int64]frames.Ref{}
	}
	s.place(f, ref)
	whole, gone = s.parts.Add(f, at)
	s.wait()
	return whole, gone
}

// place makes the Offset of a part a number by which its place in the log is found again.
func (s *station) place(f *hj212.Frame, ref frames.Ref) {
	s.arrived++
	f.Offset = s.arrived
	s.places[f.Offset] = ref
}

// wait notes in the state what waits.
func (s *station) wait() {
	parts := s.parts.Parts()
	if len(parts) == 0 {
		s.parts, s.places, s.Parts = nil, nil, nil
		return
	}
	places := make(map[int64]frames.Ref, len(parts))
	s.Parts = s.Parts[:0]
	for _, p := range parts {
		ref := s.places[p.Offset]
		places[p.Offset] = ref
		s.Parts = append(s.Parts, Waits{Ref: ref, Last: p.Last, Since: p.Since})
	}
	s.places = places
}

// take applies one thing that came.
func (b *Builder) take(r *telemetry.Received, ref frames.Ref) {
	mn := b.owner(r)
	s := b.stations[mn]
	if r.Sort == telemetry.Unknown {
		b.stranger(r, ref)
	}
	if ref.Seq <= s.Through {
		return
	}
	s.changed = true
	switch {
	case r.Sort == telemetry.Refused || r.Sort == telemetry.Unknown:
		s.Bad++
		s.Refused = keep(s.Refused, ref, keptFrames)
		s.tell(ruleOf(r.Why), r.At, shown(r.Raw), ref)
		return
	case mn == "":
		s.tell(ruleUnregistered, r.At, r.MN, ref)
		return
	}
	s.From, s.Last = r.From, r.At
	if s.First.IsZero() {
		s.First = r.At
	}
	s.Good++
	s.Frames = keep(s.Frames, ref, keptFrames)
	if r.Sort == telemetry.Message {
		b.message(s, r, ref)
		return
	}
	b.frameOf(s, r, ref)
}

// stranger takes a frame of a sender that the register has not, or of one that gives itself out for a station.
func (b *Builder) stranger(r *telemetry.Received, ref frames.Ref) {
	if b.registered(r.MN) != nil {
		return
	}
	u := b.unknown[r.MN]
	if u == nil {
		if len(b.unknown) >= keptUnknown {
			gone := leastOf(b.unknown)
			delete(b.unknown, gone)
			delete(b.strange, gone)
		}
		u = &Unknown{MN: r.MN, First: r.At}
		b.unknown[r.MN] = u
	}
	f := b.decode(r)
	if f.Fault != nil {
		f = nil
	}
	u.add(r, f, ref)
	b.strange[r.MN] = true
}

// decode reads the frame of raw bytes; the next one takes its place. Whether the CRC of a good frame is to be tolerated was
// judged when it came. What does not read any more as a frame, since the register is another by now, has a Fault.
func (b *Builder) decode(r *telemetry.Received) *hj212.Frame {
	b.options = hj212.Options{}
	if st := b.registered(r.MN); st != nil {
		b.options = hj212.Options{Version: st.Version, Tolerate: st.Tolerate}
		if b.opt.Cipher != nil && st.SM4 != "" && st.SM4 != hj212.None {
			c, err := b.opt.Cipher(st)
			if err != nil { // the CRC of what is not decrypted does not fit
				b.frame = hj212.Frame{Fault: &hj212.Note{Name: hj212.Key}}
				return &b.frame
			}
			b.options.Cipher = c
		}
	}
	b.raw = append(append(b.raw[:0], r.Raw...), "\r\n"...)
	if b.next212(); b.frame.Fault != nil && r.Sort == telemetry.Frame {
		b.options.Tolerate = hj212.Tolerances()
		b.next212()
	}
	return &b.frame
}

// next212 reads a frame of b.raw by b.options.
func (b *Builder) next212() {
	b.decoder.Reset(bytes.NewReader(b.raw))
	if err := b.decoder.Next(&b.frame); err != nil {
		b.frame.Fault = &hj212.Note{Name: hj212.Cut}
	}
}

// frameOf applies a good frame.
func (b *Builder) frameOf(s *station, r *telemetry.Received, ref frames.Ref) {
	st := b.registered(r.MN)
	f := b.decode(r)
	if f.Fault != nil {
		s.tell(ruleUnread, r.At, shown(r.Raw), ref)
		return
	}
	for name := range strings.SplitSeq(r.Why, ",") {
		if name != "" {
			s.tell(hj212Rule(name), r.At, "", ref)
		}
	}
	for i := range f.Notes {
		s.tell(hj212Rule(string(f.Notes[i].Name)), r.At, f.Notes[i].Bytes, ref)
	}
	s.clock(f, r.At)
	if f.Parts > 1 || s.parts != nil {
		whole, gone := s.part(f, r.At, ref)
		for i := range gone {
			s.tell(hj212Rule(string(gone[i].Name)), r.At, gone[i].Bytes, ref)
		}
		if f = whole; f == nil {
			return
		}
	}
	rs, notes := readings.Of(st, f, r.At, b.opt.Readings)
	for i := range notes {
		s.note(&notes[i], r.At, ref)
	}
	if d := s.data(f.CN); d != nil {
		d.note(r.At, rs)
	}
	b.add(s, r, ref, rs, "")
}

// message applies a message in JSON.
func (b *Builder) message(s *station, r *telemetry.Received, ref frames.Ref) {
	m, err := readings.ParseMessage(r.Raw)
	var rs []telemetry.Reading
	var notes []readings.Note
	if err == nil {
		rs, notes, err = m.Readings(b.registered(r.MN), r.At, b.opt.Readings)
	}
	if err != nil {
		s.tell(ruleUnread, r.At, err.Error(), ref)
		return
	}
	for i := range notes {
		s.note(&notes[i], r.At, ref)
	}
	if d := s.data(""); d != nil {
		d.note(r.At, rs)
	}
	b.add(s, r, ref, rs, m.Unit)
	b.pass(s, r, &m, ref)
}

func (s *station) note(n *readings.Note, at time.Time, ref frames.Ref) {
	s.tell("readings."+string(n.Name), at, cmp.Or(n.Text, n.Code), ref)
}

// add puts readings into the rows that are to be written; sent is the unit of a message. Those of a point beyond the
// limit, in a unit that is not the point's, or of a time that no row is for, are counted.
func (b *Builder) add(s *station, r *telemetry.Received, ref frames.Ref, rs []telemetry.Reading, sent string) {
	st := b.registered(s.MN)
	for i := range rs {
		x := &rs[i]
		d, second, ok := dayOf(x.At)
		if !ok || !aligned(x.Step, second) || x.Span < 0 || x.Span > minutesOfDay || r.At.Sub(x.At) > b.keeps(x.Step) {
			s.tell(ruleTime, r.At, string(x.Point)+" "+x.At.Format(time.DateTime), ref)
			continue
		}
		if of, _ := x.Point.Split(); of != s.MN || len(x.Point) > maxName {
			s.tell(rulePoint, r.At, string(x.Point), ref)
			continue
		}
		p := b.point(s, x.Point, st, sent)
		if p == nil {
			s.tell(rulePoints, r.At, string(x.Point), ref)
			continue
		}
		now, ok := b.measuring(s, p, st, sent, x.Part > 0)
		if now != p || !ok {
			s.tell(ruleUnit, r.At, string(x.Point)+" "+p.unit, ref)
		}
		if p = now; !ok {
			continue
		}
		p.widen(x.Step, x.At.Unix())
		b.moved(p.name, x.At, ref.Seq)
		key := dayKey{p, d}
		if b.days[key] == nil {
			b.days[key] = &dirty{mn: s.MN}
		}
		before := b.days[key].size()
		b.days[key].add(x.Step, second, x.Part, value{values: plain(x.Values), flag: x.Flag, resent: x.Resent,
			span: uint16(x.Span), received: r.At.Unix(), ref: ref})
		b.held += b.days[key].size() - before
	}
}

// How many bytes the name of a point may have, and its unit.
const (
	maxName = 300
	maxUnit = 100
)

// keeps is how long readings of a step are kept.
func (b *Builder) keeps(step telemetry.Step) time.Duration {
	if step <= telemetry.Minute {
		return b.opt.Minutes
	}
	return b.opt.Hours
}

// The rules that this package counts by, see words.go.
const (
	ruleCounts       = "rows.counts"
	ruleUnregistered = "rows.unregistered"
	ruleUnread       = "rows.unread"
	ruleTime         = "rows.time"
	rulePoint        = "rows.point"
	rulePoints       = "rows.points"
	ruleUnit         = "rows.unit"
	ruleDamaged      = "rows.damaged"
	ruleChunk        = "rows.chunk"
)

// ruleOf is the rule of why something was refused.
func ruleOf(why string) string {
	for _, of := range []string{"hj212.", "stations.", "telemetry."} {
		if refusal.Known(of + why) {
			return of + why
		}
	}
	return "rows.refused"
}

func hj212Rule(name string) string { return "hj212." + name }
