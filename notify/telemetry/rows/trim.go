package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
)

// Trimmed is what [Builder.Trim] removed.
type Trimmed struct {
	Rows     int // days of a point
	Points   int // that have no readings any more
	Stations int // that are not in the register, and were silent for as long
	Unknown  int
	Passes   int // of vehicles
}

// trimRows are how many rows one transaction looks at.
const trimRows = 20_000

// Trim removes what is older at a time than it is kept, in transactions of bounded size: samples and minutes, hours and
// days, points without readings, and what is known of who was silent as long.
func (b *Builder) Trim(ctx context.Context, now time.Time) (t Trimmed, err error) {
	minutes, _, ok := dayOf(now.Add(-b.opt.Minutes))
	hours, _, okHours := dayOf(now.Add(-b.opt.Hours))
	if !ok || !okHours {
		return t, nil
	}
	old := func(limit day) func(k, _ []byte) bool {
		return func(k, _ []byte) bool { return day(binary.BigEndian.Uint16(k[len(k)-2:])) < limit }
	}
	if t.Rows, err = b.remove(ctx, minutesBucket, old(minutes)); err != nil {
		return t, err
	}
	n, err := b.remove(ctx, hoursBucket, old(hours))
	if t.Rows += n; err != nil {
		return t, err
	}
	since := hours.start()
	n, err = b.remove(ctx, passesBucket, func(k, _ []byte) bool { return passAt(k).Before(minutes.start()) })
	if t.Passes += n; err != nil {
		return t, err
	}
	t.Points, err = b.remove(ctx, pointsBucket, func(k, row []byte) bool {
		p, err := decodePoint(telemetry.Point(k), row)
		return err != nil || p.last() < since.Unix() && !b.holds(p)
	})
	if err != nil {
		return t, err
	}
	t.Stations, err = b.remove(ctx, stationsBucket, func(k, row []byte) bool {
		mn := string(k[1:])
		if b.opt.Station(mn) != nil || mn == "" {
			return false
		}
		var s State
		return load(row, &s) != nil || s.Last.Before(since)
	})
	if err != nil {
		return t, err
	}
	t.Unknown = b.trimMemory(since)
	return t, nil
}

// holds reports whether a point has readings that are not written.
func (b *Builder) holds(p *point) bool {
	ref, _ := p.name.Split()
	s := b.stations[ref]
	if s == nil {
		return false
	}
	have := s.points[p.name]
	return have != nil && have.last() != p.last()
}

// trimMemory drops what was removed from memory, and the unknown senders that go, of whom it says how many: the next
// Flush removes their rows.
func (b *Builder) trimMemory(since time.Time) (unknown int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for mn, u := range b.unknown {
		if u.Last.Before(since) || b.opt.Station(mn) != nil {
			delete(b.unknown, mn)
			delete(b.strange, mn)
			unknown++
		}
	}
	for mn, s := range b.stations {
		if !s.changed && mn != "" { // it is loaded again where it is needed
			delete(b.stations, mn)
		}
	}
	return unknown
}

// remove removes the rows of a bucket that go, and says how many did.
func (b *Builder) remove(ctx context.Context, bucket []byte, goes func(k, row []byte) bool) (n int, err error) {
	var from []byte
	for more := true; more; {
		var gone int
		var next []byte
		err := b.update(ctx, func(tx *bbolt.Tx) error {
			gone, next, more = 0, nil, false
			var keys [][]byte
			c := tx.Bucket(bucket).Cursor()
			looked := 0
			for k, row := c.Seek(from); k != nil; k, row = c.Next() {
				if looked == trimRows {
					next, more = append([]byte(nil), k...), true
					break
				}
				looked++
				if goes(k, row) {
					keys = append(keys, append([]byte(nil), k...))
				}
			}
			gone = len(keys)
			for _, k := range keys {
				if err := tx.Bucket(bucket).Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("rows: trim: %w", err)
		}
		n, from = n+gone, next
	}
	return n, nil
}
