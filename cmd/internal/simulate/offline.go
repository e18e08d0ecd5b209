package simulate

import (
	"io"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// Replay writes what a station would write from a time on and before another to a server that confirms everything at
// once, faults of its line included. The same station and times make the same bytes.
func (s *Station) Replay(w io.Writer, from, to time.Time, told func(Sent)) (Count, error) {
	d := newDevice(s, from, 1, told)
	d.connect()
	for now := from; now.Before(to); now = d.wakes(now) {
		for _, b := range d.due(now) {
			if _, err := w.Write(b); err != nil {
				return d.count, err
			}
		}
		if d.err != nil {
			return d.count, d.err
		}
		for _, q := range d.spotless() {
			d.take(&hj212.Frame{Head: hj212.Head{CN: "9014", QN: q}}, now)
		}
	}
	_, err := w.Write(d.held)
	return d.count, err
}

// spotless are the numbers of the messages in flight that a server could read, one for each part.
func (d *device) spotless() (numbers []string) {
	for _, w := range d.flying {
		q, f := d.number(w), &d.s.c.Faults
		if first := w.tries == 1 && w.rounds == 0; first &&
			(d.chance("crc", q, 0) < f.CRC || d.chance("length", q, 0) < f.Length) {
			continue
		}
		if w.answers < w.parts {
			for range w.parts - w.answers {
				numbers = append(numbers, q)
			}
		}
	}
	return numbers
}
