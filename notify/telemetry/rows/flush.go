package rows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/readings"
)

// How much is written in one transaction, and how many stations stay in memory that nothing is to be written of.
const (
	flushDays     = 500
	flushStations = 200
	idleStations  = 5000
)

// Flush writes what is held, in transactions of bounded size: first rows, then the states of stations, then the cursor.
// After an error what was not written is still held, and what was is written again without harm; after [ErrLost] the
// builder is of no more use, and another one begins with what is there.
func (b *Builder) Flush(ctx context.Context) error {
	through, at := b.last, b.at
	b.mu.Lock()
	clear(b.register)
	b.mu.Unlock()
	days := b.dirtyDays()
	for len(days) > 0 {
		n := min(flushDays, len(days))
		if err := b.flushDays(ctx, days[:n]); err != nil {
			return fmt.Errorf("rows: write readings: %w", err)
		}
		days = days[n:]
	}
	if err := b.flushPasses(ctx); err != nil {
		return err
	}
	var changed []string
	for mn, s := range b.stations {
		if s.changed {
			changed = append(changed, mn)
		}
	}
	slices.Sort(changed)
	for part := range slices.Chunk(changed, flushStations) {
		if err := b.flushStations(ctx, part, through); err != nil {
			return fmt.Errorf("rows: write stations: %w", err)
		}
	}
	if err := b.flushUnknown(ctx, through, at); err != nil {
		return fmt.Errorf("rows: write the cursor: %w", err)
	}
	b.forget()
	return nil
}

// update changes the store with what is in memory, which stays as it is meanwhile: an update whose outcome is not known
// may still run when others are applied. Errors: [ErrLost], and then nothing is changed.
func (b *Builder) update(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	return b.opt.Store.Update(ctx, func(tx *bbolt.Tx) error {
		b.mu.RLock()
		defer b.mu.RUnlock()
		if b.began && tx.Bucket(metaBucket).Get(metaKey) == nil {
			return ErrLost
		}
		return fn(tx)
	})
}

// noteBegun notes that the store holds how far its rows go.
func (b *Builder) noteBegun() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.began = true
}

// dirtyDays are the days to be written, in the order of their keys.
func (b *Builder) dirtyDays() []dayKey {
	return slices.SortedFunc(maps.Keys(b.days), func(x, y dayKey) int {
		return cmp.Or(cmp.Compare(x.point.number, y.point.number), cmp.Compare(x.day, y.day))
	})
}

func (b *Builder) flushDays(ctx context.Context, keys []dayKey) error {
	var damaged []dayKey
	err := b.update(ctx, func(tx *bbolt.Tx) error {
		damaged = nil
		for _, key := range keys {
			err := b.flushDay(tx, key)
			if errors.Is(err, ErrDamaged) { // what can be made anew is; the rest of that row is lost
				damaged = append(damaged, key)
				if err = dropDamaged(tx, key); err == nil {
					err = b.flushDay(tx, key)
				}
			}
			if err != nil {
				return err
			}
		}
		return b.putMeta(tx, nil, time.Time{})
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.began = true
	for _, key := range damaged {
		s := b.stations[b.days[key].mn]
		s.tell(ruleDamaged, b.at, string(key.point.name)+" "+key.day.start().Format(time.DateOnly), frames.Ref{Seq: b.last})
		s.changed = true
	}
	for _, key := range keys {
		b.held -= b.days[key].size()
		delete(b.days, key)
	}
	return nil
}

// dropDamaged removes of what is written of a point and a day the rows that cannot be read.
func dropDamaged(tx *bbolt.Tx, key dayKey) error {
	n := key.point.number
	for _, of := range []struct {
		bucket, key []byte
		slots       int
	}{
		{hoursBucket, hoursKey(n, key.day), hourRow},
		{minutesBucket, minutesKey(n, telemetry.Moment, key.day), minutesOfDay},
		{minutesBucket, minutesKey(n, telemetry.Minute, key.day), minutesOfDay},
	} {
		b := tx.Bucket(of.bucket)
		if _, err := row(nil).read(b.Get(of.key), of.slots); err == nil {
			continue
		}
		if err := b.Delete(of.key); err != nil {
			return err
		}
	}
	return nil
}

// flushDay writes what is held of a point and a day, and the hours that it makes.
func (b *Builder) flushDay(tx *bbolt.Tx, key dayKey) error {
	p, d := key.point, b.days[key]
	if err := tx.Bucket(pointsBucket).Put([]byte(p.name), p.encode()); err != nil {
		return err
	}
	w := &b.work
	if err := w.open(tx, p, key.day, d, b.registered(d.mn)); err != nil {
		return err
	}
	minutes := tx.Bucket(minutesBucket)
	if len(d.samples) > 0 {
		if err := minutes.Put(minutesKey(p.number, telemetry.Moment, key.day), w.samples.encode(nil)); err != nil {
			return err
		}
	}
	if len(d.minutes) > 0 {
		if err := minutes.Put(minutesKey(p.number, telemetry.Minute, key.day), w.minutes.encode(nil)); err != nil {
			return err
		}
	}
	if len(w.hours) == 0 {
		return nil
	}
	return tx.Bucket(hoursBucket).Put(hoursKey(p.number, key.day), w.hours.encode(nil))
}

// work is all there is of a point and a day: what was written and what is held. Its memory is used again.
type work struct{ samples, minutes, hours row }

// open merges what is held, which may be nil, with the rows that are written, and makes the hours that it touches; st
// is nil where the station is not in the register. Minutes and samples are read where there is something to add to
// them, or to make of them.
func (w *work) open(tx *bbolt.Tx, p *point, day day, d *dirty, st *telemetry.Station) (err error) {
	if w.hours, err = w.hours.read(tx.Bucket(hoursBucket).Get(hoursKey(p.number, day)), hourRow); err != nil || d == nil {
		return err
	}
	w.hours.merge(d.sent, false)
	if d.hours == 0 {
		return nil
	}
	bySample := st != nil && readings.SamplesMakeHours(st)
	w.samples, w.minutes = w.samples[:0], w.minutes[:0]
	if len(d.samples) > 0 || bySample {
		if w.samples, err = w.samples.minutes(tx, p.number, telemetry.Moment, day); err != nil {
			return err
		}
	}
	if w.minutes, err = w.minutes.minutes(tx, p.number, telemetry.Minute, day); err != nil {
		return err
	}
	w.samples.merge(d.samples, true)
	w.minutes.merge(d.minutes, false)
	if st != nil && (len(d.minutes) > 0 || bySample) {
		w.make(p, day, d.hours, p.unit, bySample)
	}
	return nil
}

// make makes the hours that were touched anew, of all of their minutes.
func (w *work) make(p *point, day day, touched uint32, unit string, bySample bool) {
	for h := range uint16(24) {
		if touched&(1<<h) == 0 {
			continue
		}
		rs := w.minutes.between(p.name, telemetry.Minute, day, h*60, h*60+60)
		if bySample {
			rs = append(rs, w.samples.between(p.name, telemetry.Moment, day, h*60, h*60+60)...)
		}
		made, n, _ := readings.HourOf(unit, rs, day.start().Add(hours(int(h))))
		if made.Step == 0 {
			w.hours.remove(madeSlot + h)
			continue
		}
		w.hours.put(madeSlot+h, value{values: plain(made.Values), flag: made.Flag, span: uint16(n)})
	}
}

// between are the readings of a row of minutes that begin up to an hour before a minute, and before another.
func (r row) between(name telemetry.Point, step telemetry.Step, d day, from, to uint16) []telemetry.Reading {
	i, _ := r.at(from - min(from, 60))
	end, _ := r.at(to)
	out := make([]telemetry.Reading, 0, end-i)
	for ; i < end; i++ {
		out = append(out, r[i].reading(name, step, d, r[i].index))
	}
	return out
}

func (r *row) remove(index uint16) {
	if i, ok := r.at(index); ok {
		*r = slices.Delete(*r, i, i+1)
	}
}

// minutes reads a row of minutes or samples into the memory of r.
func (r row) minutes(tx *bbolt.Tx, number uint32, step telemetry.Step, d day) (row, error) {
	return r.read(tx.Bucket(minutesBucket).Get(minutesKey(number, step, d)), minutesOfDay)
}

// read reads a row into the memory of r; one that is not there is empty.
func (r row) read(b []byte, slots int) (row, error) {
	if b == nil {
		return r[:0], nil
	}
	return r.decode(b, slots)
}

func (b *Builder) flushStations(ctx context.Context, mns []string, through uint64) error {
	rows := make([][]byte, len(mns))
	for i, mn := range mns {
		state := b.stations[mn].State
		state.Through = through
		var err error
		if rows[i], err = save(&state); err != nil {
			return err
		}
	}
	err := b.update(ctx, func(tx *bbolt.Tx) error {
		for i, mn := range mns {
			if err := tx.Bucket(stationsBucket).Put(stateKey(mn), rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, mn := range mns {
		s := b.stations[mn]
		s.Through, s.changed = through, false
	}
	return nil
}

// flushUnknown writes the unknown senders as they are, and the cursor with them.
func (b *Builder) flushUnknown(ctx context.Context, through uint64, at time.Time) error {
	rows := map[string][]byte{}
	for mn := range b.strange {
		row, err := save(b.unknown[mn])
		if err != nil {
			return err
		}
		rows[mn] = row
	}
	err := b.update(ctx, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(unknownBucket)
		var gone [][]byte
		c := bucket.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if b.unknown[string(k[1:])] == nil {
				gone = append(gone, slices.Clone(k))
			}
		}
		for _, k := range gone {
			if err := bucket.Delete(k); err != nil {
				return err
			}
		}
		for mn, row := range rows {
			if err := bucket.Put(stateKey(mn), row); err != nil {
				return err
			}
		}
		return b.putMeta(tx, &through, at)
	})
	if err != nil {
		return err
	}
	b.noteBegun()
	clear(b.strange)
	return nil
}

// putMeta writes the number of the newest point, and the cursor where one is given.
func (b *Builder) putMeta(tx *bbolt.Tx, cursor *uint64, at time.Time) error {
	var m meta
	if row := tx.Bucket(metaBucket).Get(metaKey); row != nil {
		if err := load(row, &m); err != nil {
			return err
		}
	}
	m.Next = b.next
	if cursor != nil {
		m.Cursor, m.At = *cursor, at
	}
	row, err := save(&m)
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(metaKey, row)
}

// forget drops stations from memory, when there are many, once all of them is written.
func (b *Builder) forget() {
	if len(b.stations) <= idleStations {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for mn, s := range b.stations {
		if len(b.stations) <= idleStations/2 {
			return
		}
		if !s.changed {
			delete(b.stations, mn)
		}
	}
}
