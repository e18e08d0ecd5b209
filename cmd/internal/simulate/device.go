package simulate

import (
	"slices"
	"strings"
	"time"

	"qingkong/notify/telemetry/hj212"
)

const (
	answerTime  = 10 * time.Second // HJ 212-2017, 6.3 [domain.md §5]
	answerTries = 4                // the first and three more
	inFlight    = 8                // messages that wait for their answer at once
	mostKept    = 20_000           // messages that were not confirmed; the oldest go first
	keptRounds  = 3                // how often a message that nobody confirmed is taken up again
	keptPause   = 10 * time.Minute
	lateAfter   = 2 * time.Minute  // a message that is sent so long after it was due is a late one
	differAfter = time.Millisecond // by what the number of a message with other values differs from the first one's
	mostJobs    = 4                // requests that are being answered
	jobBurst    = 32               // messages of an answer at once
	glueFor     = 5 * time.Second
)

// Count is what happened to a station's messages and on its line.
type Count struct {
	Messages  int64 `json:"messages"`  // that were due
	Frames    int64 `json:"frames"`    // that were written, repeats too
	Bytes     int64 `json:"bytes"`     // that were written
	Confirmed int64 `json:"confirmed"` // messages
	Repeats   int64 `json:"repeats"`   // of messages that nobody confirmed in time
	Late      int64 `json:"late"`      // messages that were first sent late
	GivenUp   int64 `json:"given_up"`  // messages that nobody confirmed in the end, or for which there was no room
	Spoiled   int64 `json:"spoiled"`   // frames that were made wrong on purpose
	Requests  int64 `json:"requests"`  // of the server
	Refused   int64 `json:"refused"`   // requests that were not carried out
	Connected int64 `json:"connected"` // times
}

// Add adds the counts of another station.
func (c *Count) Add(o Count) {
	c.Messages += o.Messages
	c.Frames += o.Frames
	c.Bytes += o.Bytes
	c.Confirmed += o.Confirmed
	c.Repeats += o.Repeats
	c.Late += o.Late
	c.GivenUp += o.GivenUp
	c.Spoiled += o.Spoiled
	c.Requests += o.Requests
	c.Refused += o.Refused
	c.Connected += o.Connected
}

// waiting is a message on its way to being confirmed.
type waiting struct {
	message
	tries   int // so far
	rounds  int // how often it was kept
	parts   int
	answers int
	late    bool
	until   time.Time // when it is sent again, or, of a kept one, not before
}

// device is the state of a logger: a function of what it was at a time and of what came. It reads no clock and no line.
type device struct {
	s        *Station
	password string
	newPW    string        // takes its place once the request is answered
	offset   time.Duration // of its clock
	speed    float64       // of its clock; one that is not 1 cannot be set
	wait     time.Duration // for an answer, by its clock
	tries    int
	in       intervals
	off      [topics]bool

	next    [topics]message // the next of each topic
	online  bool
	queue   []*waiting // to be sent, in this order
	flying  []*waiting
	kept    []*waiting
	answers [][]byte
	jobs    []job
	held    []byte // glued
	holding time.Time
	count   Count
	told    func(Sent)
	err     error // a frame that cannot be written: a fault of this package
}

// newDevice is a logger that has just been switched on.
func newDevice(s *Station, now time.Time, speed float64, told func(Sent)) *device {
	d := &device{s: s, password: s.c.Password, offset: s.c.Faults.Clock, speed: speed, tries: answerTries,
		in: s.intervals(), told: told}
	d.wait = d.real(answerTime)
	for t := range topics {
		d.schedule(t, d.clock(now).UnixMilli()-1)
	}
	d.push(message{topic: boots, at: d.clock(now).Unix()})
	return d
}

// resume makes what was due since a logger went off due now. Samples and states of that time are nobody's any more.
func (d *device) resume(since time.Time) {
	if since.IsZero() {
		return
	}
	for _, t := range []topic{furnaces, minutes, hours, runTimes, days} {
		d.schedule(t, d.clock(since).UnixMilli()-1)
	}
}

// real is what passes on the device's clock in a time of the line's.
func (d *device) real(t time.Duration) time.Duration { return time.Duration(float64(t) * d.speed) }

// clock is what the device takes a time for.
func (d *device) clock(now time.Time) time.Time { return now.Add(d.offset) }

// schedule finds the next message of a topic after a time by its clock.
func (d *device) schedule(t topic, after int64) {
	m, ok := d.s.first(t, d.in, after)
	d.off[t] = d.off[t] || !ok
	d.next[t] = m
}

// connect and disconnect say what became of the line. What was not confirmed is sent again on the next one.
func (d *device) connect() {
	d.online = true
	d.count.Connected++
}

func (d *device) disconnect() {
	d.online, d.held, d.answers, d.jobs = false, nil, nil, nil
	for _, w := range d.flying {
		w.late = true
	}
	d.queue = append(d.flying, d.queue...)
	d.flying = nil
}

// due is what the device writes at a time. Each is one write.
func (d *device) due(now time.Time) (writes [][]byte) {
	d.make(now)
	if !d.online || d.silent(now) {
		return nil
	}
	flush := func(b []byte) {
		if !d.s.c.Faults.Glue {
			writes = append(writes, d.cut(b)...)
			return
		}
		if len(d.held) == 0 {
			d.holding = now
		}
		d.held = append(d.held, b...)
	}
	for _, b := range d.answers {
		flush(b)
	}
	d.answers = nil
	d.work(now, flush)
	d.overdue(now)
	d.again(now, flush)
	for len(d.queue) > 0 && len(d.flying) < inFlight {
		w := d.queue[0]
		d.queue = d.queue[1:]
		d.send(w, now, flush)
	}
	if len(d.held) > 0 && now.Sub(d.holding) >= glueFor {
		writes = append(writes, d.cut(d.held)...)
		d.held = nil
	}
	for _, w := range writes {
		d.count.Bytes += int64(len(w))
	}
	return writes
}

// make puts into the queue what became due.
func (d *device) make(now time.Time) {
	clock := d.clock(now).UnixMilli()
	for {
		next, found := message{}, false
		for t, m := range d.next {
			if !d.off[t] && d.s.due(m) <= clock && (!found || d.s.due(m) < d.s.due(next)) {
				next, found = m, true
			}
		}
		if !found {
			return
		}
		every, _ := d.s.every(next.topic, d.in)
		d.next[next.topic].at += every
		if f := &d.s.c.Faults; !f.Lost.during(d.s.c.Plant.Seed, "lost", d.s.due(next)/1000) &&
			!f.Mute.during(d.s.c.Plant.Seed, "mute", d.s.due(next)/1000) {
			d.push(next)
		}
	}
}

// push puts a message into the queue. Where there is no room the oldest sample goes, or else the oldest message.
func (d *device) push(m message) {
	d.count.Messages++
	if len(d.queue) >= mostKept {
		i := max(slices.IndexFunc(d.queue, func(w *waiting) bool { return w.topic == moments }), 0)
		d.queue = slices.Delete(d.queue, i, i+1)
		d.count.GivenUp++
	}
	d.queue = append(d.queue, &waiting{message: m})
}

// silent reports whether nothing leaves the device and nothing reaches it.
func (d *device) silent(now time.Time) bool {
	f, seed, at := &d.s.c.Faults, d.s.c.Plant.Seed, d.clock(now).Unix()
	return f.Gap.during(seed, "gap", at) || f.Mute.during(seed, "mute", at) || f.Lost.during(seed, "lost", at)
}

// send writes a message, and waits for its answer where it wants one.
func (d *device) send(w *waiting, now time.Time, flush func([]byte)) {
	if w.tries == 0 && d.clock(now).Sub(time.UnixMilli(d.s.due(w.message))) > lateAfter {
		w.late = true
		d.count.Late++
	}
	sent, ok, err := d.s.sent(w.message, d.password, w.late || w.tries > 0 || w.differ)
	if err != nil {
		d.err = err
		return
	}
	if !ok { // it had no power in all of the period
		return
	}
	if w.tries == 0 && w.rounds == 0 && d.told != nil {
		d.told(sent)
	}
	w.tries++
	w.parts, w.answers, w.until = len(sent.Frames), 0, now.Add(d.wait)
	for i, b := range sent.Frames {
		d.count.Frames++
		if w.topic != beats { // of which nobody asks for an answer, and so none is sent again
			b = d.spoil(b, sent.QN, i, w.parts, w.tries+w.rounds*d.tries)
		}
		flush(b)
	}
	if w.topic != beats {
		d.flying = append(d.flying, w)
	} else {
		d.count.Confirmed++
	}
}

// overdue keeps what was sent as often as it may be and not confirmed.
func (d *device) overdue(now time.Time) {
	d.flying = slices.DeleteFunc(d.flying, func(w *waiting) bool {
		if w.tries < d.tries || now.Before(w.until) {
			return false
		}
		w.rounds++
		w.tries, w.until = 0, now.Add(keptPause)
		if w.rounds >= keptRounds || len(d.kept) >= mostKept {
			d.count.GivenUp++
		} else {
			w.late = true
			d.kept = append(d.kept, w)
		}
		return true
	})
}

// again sends once more what was not confirmed in time.
func (d *device) again(now time.Time, flush func([]byte)) {
	var late []*waiting
	d.flying = slices.DeleteFunc(d.flying, func(w *waiting) bool {
		if now.Before(w.until) {
			return false
		}
		late = append(late, w)
		return true
	})
	for _, w := range late {
		d.count.Repeats++
		d.send(w, now, flush)
	}
}

// wakes is when due has something to do next; it is not before now.
func (d *device) wakes(now time.Time) time.Time {
	at := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	for t, m := range d.next {
		if !d.off[t] {
			sooner(time.UnixMilli(d.s.due(m)).Add(-d.offset))
		}
	}
	if d.online {
		if d.silent(now) {
			sooner(d.clock(now).Truncate(time.Minute).Add(time.Minute - d.offset)) // windows end with a minute
		} else if len(d.answers) > 0 || len(d.jobs) > 0 || len(d.queue) > 0 && len(d.flying) < inFlight {
			sooner(now)
		} else {
			for _, w := range d.flying {
				sooner(w.until)
			}
			if len(d.held) > 0 {
				sooner(d.holding.Add(glueFor))
			}
		}
	}
	if at.Before(now) {
		return now
	}
	return at
}

// take is what the device does about a frame that came.
func (d *device) take(f *hj212.Frame, now time.Time) {
	switch {
	case d.silent(now) || f.Fault != nil:
	case f.CN == "9013" || f.CN == "9014":
		d.confirmed(f.QN, now)
	default:
		d.request(f, now)
	}
}

// confirmed takes an answer to a frame. A message in parts is confirmed when as many came as it has parts: the answers
// do not say of which they are.
func (d *device) confirmed(number string, now time.Time) {
	i := slices.IndexFunc(d.flying, func(w *waiting) bool { return d.number(w) == number })
	if i < 0 {
		return
	}
	w := d.flying[i]
	if w.answers++; w.answers < w.parts {
		return
	}
	d.flying = slices.Delete(d.flying, i, i+1)
	d.count.Confirmed++
	if f := &d.s.c.Faults; f.Differ > 0 && !w.differ && w.topic.step() > 1 &&
		d.chance("differ", number, 0) < f.Differ {
		m := w.message
		m.differ = true
		d.push(m)
	}
	d.kept = slices.DeleteFunc(d.kept, func(k *waiting) bool { // the line is good again
		if now.Before(k.until) {
			return false
		}
		d.queue = append(d.queue, k)
		return true
	})
}

func (d *device) number(w *waiting) string {
	due := d.s.due(w.message)
	if w.differ {
		due += differAfter.Milliseconds()
	}
	return qn(due)
}

// chance is a number between 0 and 1 that a message has for a fault.
func (d *device) chance(fault, number string, try int) float64 {
	return of(d.s.c.Plant.Seed, strings.Join([]string{d.s.c.MN, fault, number}, " ")).unit(int64(try))
}
