package frames

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
)

func follow(t fataler, db *bbolt.DB, m Message) (taken Taken) {
	t.Helper()
	update(t, db, func(tx *bbolt.Tx) (err error) { taken, err = AppendAt(tx, m); return err })
	return taken
}

func chunkOf(t fataler, batch ...telemetry.Received) []byte {
	t.Helper()
	chunks, err := Encode(batch)
	if err != nil || len(chunks) != 1 {
		t.Fatal(err, len(chunks))
	}
	return chunks[0]
}

// streams draws a stream: chunks of nodes whose clocks differ by hours, marks, garbage, and a stream's clock that goes back by
// less than the margin.
func streams(t *rapid.T) (out []Message) {
	at := eight
	for seq := range uint64(rapid.IntRange(1, 30).Draw(t, "messages")) {
		at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 600, 1800, -590}).Draw(t, "step")) * time.Second)
		m := Message{Stream: eight.Add(-time.Hour), Seq: seq + 1, At: at.Add(300 * time.Microsecond)}
		off := time.Duration(rapid.SampledFrom([]int{0, -1, -3000, 7200}).Draw(t, "clock")) * time.Second
		switch sort := rapid.IntRange(0, 9).Draw(t, "sort"); {
		case sort == 0:
			m.Chunk = Mark(at.Add(off))
		case sort == 1 && seq > 0:
			m.Chunk = []byte("hello")
		default:
			m.Chunk = chunkOf(t, frame(at.Add(off), int(seq)), frame(at.Add(off+time.Second), int(seq+1000)))
		}
		out = append(out, m)
	}
	return append(out, Message{Stream: eight.Add(-time.Hour), Seq: uint64(len(out) + 1), At: at.Add(9 * time.Hour),
		Chunk: Mark(at.Add(9 * time.Hour))})
}

// Logs that follow one stream tell the same root of an hour, or none: whenever they joined, whatever they kept before, and
// whatever each of them missed. One that has followed all along tells all hours but the first.
func TestLogsOfAStreamAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := streams(rt)
		logs := []*bbolt.DB{open(t), open(t), open(t)}
		for i, db := range logs {
			var whole time.Time
			follows := func(m Message) {
				taken := follow(rt, db, m)
				if (taken.Bad != nil) != (string(m.Chunk) == "hello") {
					rt.Fatalf("message %d: %v", m.Seq, taken.Bad)
				}
				if taken.Break != "" {
					whole = taken.Whole
				}
			}
			for j, m := range in {
				switch rapid.IntRange(0, 30).Draw(rt, "what") {
				case 0:
					if i > 0 && j < len(in)-1 { // missed
						continue
					}
				case 1:
					if i > 0 { // it goes on alone
						own := frame(m.At.Add(time.Duration(rapid.IntRange(-7200, 7200).Draw(rt, "own"))*time.Second), 9e6+j)
						update(rt, db, func(tx *bbolt.Tx) error { _, err := Append(tx, []telemetry.Received{own}); return err })
					}
				case 2:
					if i > 0 { // the stream lost what it has of it; some of it comes again
						update(rt, db, Forget)
						for _, m := range in[max(0, j-2):j] {
							follows(m)
						}
					}
				}
				follows(m)
			}
			for h := whole; h.Before(in[len(in)-1].At.Add(-time.Hour)); h = h.Add(time.Hour) {
				if _, _, err := rootOf(rt, db, h); err != nil && (i == 0 || errors.Is(err, ErrPart)) {
					rt.Fatalf("log %d, whole from %v, hour %v: %v", i, whole, h, err)
				}
			}
		}
		told := 0
		for h := eight.Add(-5 * time.Hour); h.Before(in[len(in)-1].At); h = h.Add(time.Hour) {
			said := ""
			for i, db := range logs {
				root, n, err := rootOf(rt, db, h)
				if errors.Is(err, ErrGone) || errors.Is(err, ErrOpen) {
					continue
				}
				if err != nil {
					rt.Fatal(err)
				}
				told++
				if now := fmt.Sprint(root, n); said == "" {
					said = now
				} else if said != now {
					rt.Fatalf("hour %v of log %d: %s, another says %s", h, i, now, said)
				}
			}
		}
		if told == 0 {
			rt.Fatal("no log tells any hour")
		}
	})
}

func rootOf(t fataler, db *bbolt.DB, hour time.Time) (root tlog.Hash, n int64, err error) {
	view(t, db, func(tx *bbolt.Tx) error { root, n, err = Root(tx, hour); return nil })
	return root, n, err
}

// What a log does with a message, by where it was.
func TestPlaceInAStream(t *testing.T) {
	made, other := eight.Add(-time.Hour), eight.Add(3*time.Hour)
	message := func(stream time.Time, seq uint64, after time.Duration) Message {
		return Message{Stream: stream, Seq: seq, At: eight.Add(after), Chunk: chunkOf(t, frame(eight.Add(after), int(seq)))}
	}
	db := open(t)
	steps := []struct {
		m      Message
		leave  bool // it kept something by itself before
		taken  Break
		whole  time.Duration // behind eight
		things int           // in the log
	}{
		{m: message(made, 7, 55*time.Minute), taken: Joined, whole: 2 * time.Hour, things: 1},
		{m: message(made, 7, 55*time.Minute), things: 1},
		{m: message(made, 8, 56*time.Minute), things: 2},
		{m: message(made, 10, 4*time.Hour), taken: Missed, whole: 5 * time.Hour, things: 3},
		{m: message(made, 11, 4*time.Hour), leave: true, taken: Returned, whole: 5 * time.Hour, things: 5},
		{m: message(other, 1, 5*time.Hour), taken: Anew, whole: 6 * time.Hour, things: 6},
		{m: message(other, 2, 6*time.Hour), things: 7},
	}
	for i, step := range steps {
		if step.leave {
			own := []telemetry.Received{frame(eight.Add(4*time.Hour), 99)}
			update(t, db, func(tx *bbolt.Tx) error { _, err := Append(tx, own); return err })
		}
		taken := follow(t, db, step.m)
		if taken.Break != step.taken || taken.Break != "" && !taken.Whole.Equal(eight.Add(step.whole)) {
			t.Errorf("step %d: %+v", i, taken)
		}
		if got, refs := all(t, db); len(got) != step.things || refs[0].Seq != uint64(eight.Add(55*time.Minute).UnixMilli())*1000+1 {
			t.Errorf("step %d: %d things, %v", i, len(got), refs)
		}
		view(t, db, func(tx *bbolt.Tx) error {
			p, err := Followed(tx)
			if !p.Stream.Equal(step.m.Stream) || p.Seq != step.m.Seq || !p.At.Equal(step.m.At) || p.Left {
				t.Errorf("step %d: place %+v", i, p)
			}
			return err
		})
	}
	for h, want := range []error{ErrGone, ErrPart, ErrPart, ErrPart, ErrPart, ErrPart, ErrPart, ErrOpen} {
		if _, _, err := rootOf(t, db, eight.Add(time.Duration(h-1)*time.Hour)); !errors.Is(err, want) {
			t.Errorf("hour %d: %v, want %v", h-1, err, want)
		}
	}
}

// Runs of hours that are parts are bounded: beyond so many the oldest become one.
func TestPartsAreBounded(t *testing.T) {
	db := open(t)
	for i := range 3 * mostParts {
		at := eight.Add(time.Duration(3*i) * time.Hour)
		follow(t, db, Message{Stream: eight, Seq: uint64(3*i + 1), At: at, Chunk: chunkOf(t, frame(at, i))})
		follow(t, db, Message{Stream: eight, Seq: uint64(3*i + 2), At: at.Add(2 * time.Hour), Chunk: Mark(at.Add(2 * time.Hour))})
	}
	view(t, db, func(tx *bbolt.Tx) error {
		parts, err := loadParts(tx)
		if len(parts) != mostParts {
			t.Errorf("%d runs", len(parts))
		}
		return err
	})
	last := eight.Add(3 * (3*mostParts - 1) * time.Hour)
	for h, want := range map[time.Duration]error{0: ErrPart, time.Hour: ErrPart, 2 * time.Hour: nil, 500 * time.Hour: ErrPart} {
		if _, _, err := rootOf(t, db, last.Add(-h)); !errors.Is(err, want) {
			t.Errorf("%v before the last: %v, want %v", h, err, want)
		}
	}
}

// Another server of the stream takes over, whose clock is nine minutes behind: a log that joins there tells the same.
func TestAStreamsClockGoesBack(t *testing.T) {
	messages := func(minutes ...int) (all []Message) {
		for i, m := range minutes {
			at := eight.Add(time.Duration(m) * time.Minute)
			all = append(all, Message{Stream: eight, Seq: uint64(i + 1), At: at, Chunk: chunkOf(t, frame(at, i))})
		}
		return all
	}
	in := messages(65, 56, 58, 121, 181)
	first, second := open(t), open(t)
	for i, m := range in {
		follow(t, first, m)
		if i > 0 {
			follow(t, second, m)
		}
	}
	nine, ten := eight.Add(time.Hour), eight.Add(2*time.Hour)
	if _, n, err := rootOf(t, first, nine); !errors.Is(err, ErrPart) { // the first hour of a stream
		t.Errorf("%d %v", n, err)
	}
	if _, n, err := rootOf(t, second, nine); !errors.Is(err, ErrPart) { // it has none of the three that came in it
		t.Errorf("%d %v", n, err)
	}
	one, n, err := rootOf(t, first, ten)
	other, m, err2 := rootOf(t, second, ten)
	if err != nil || err2 != nil || n != 1 || m != 1 || one != other {
		t.Errorf("%v of %d (%v) and %v of %d (%v)", one, n, err, other, m, err2)
	}
}
