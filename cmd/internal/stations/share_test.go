package stations

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// still is a clock that a test moves.
type still struct {
	mu  sync.Mutex
	now time.Time
}

func (s *still) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *still) elapse(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// What anybody who connects may cause to be kept is bounded over all lines together, however many there are.
func TestWhatNobodyConfirmsPushesNothingOut(t *testing.T) {
	clock := &still{now: time.Now()}
	w := open(t, func(o *Options) { o.Clock = clock.Now })
	flood := func() {
		for i := range 10 * asideAtOnce {
			sort := telemetry.Refused
			if i%2 == 0 {
				sort = telemetry.Unknown
			}
			w.srv.keepIfRoom(telemetry.Received{Sort: sort, MN: "M" + qnOf(i), Why: "crc", Raw: []byte(qnOf(i))})
		}
	}
	kept := func() int { return len(strings.Split(w.kept(telemetry.Refused, telemetry.Unknown), ";")) }
	flood()
	w.wait("what is within the share is kept", func() bool { return kept() == asideAtOnce })
	clock.elapse(time.Minute)
	flood()
	w.wait("and what came back of it", func() bool { return kept() == asideAtOnce+60*asidePerSecond })
}

// A station that runs wild is read more slowly, and nobody else notices.
func TestAStationsShareOfADay(t *testing.T) {
	w := open(t, func(o *Options) { o.BytesADay = 2 << 10 })
	w.book.add("wild", nil)
	w.book.add("calm", nil)
	wild, calm := w.dial(), w.dial()
	all := ""
	for i := range 200 {
		all += sample("wild", i)
	}
	wild.send(all)
	wild.confirmed("wild", 0, 3)
	for i := range 5 {
		calm.send(sample("calm", i))
		calm.confirmed("calm", i, i+1)
	}
	if n := strings.Count(w.kept(telemetry.Frame), "wild"); n > 10 {
		t.Errorf("%d frames of the wild one are kept", n)
	}
}

// The same over NATS and of readings that an account reports: they are refused with what to do, and taken again later.
func TestTheShareOfMessages(t *testing.T) {
	clock := &still{now: time.Now()}
	w := open(t, func(o *Options) { o.Clock, o.BytesADay = clock.Now, 2<<10 })
	w.book.add("wild", nil)
	n := 0
	frame := func() error {
		n++
		_, err := w.srv.TakeFrame(context.Background(), "wild", "feeder", []byte(sample("wild", n)))
		return err
	}
	until := func(take func() error) {
		t.Helper()
		for range 100 {
			if err := take(); err != nil {
				if refusal.CodeOf(err) != refusal.RateLimited {
					t.Fatal(err)
				}
				return
			}
		}
		t.Error("100 were taken")
	}
	until(frame)
	clock.elapse(24 * time.Hour)
	if err := frame(); err != nil {
		t.Error(err)
	}

	node := OpenNode(NodeOptions{Dir: t.TempDir(), Station: w.book.station, BytesADay: 2 << 10, Clock: clock.Now,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	report := func(user string) func() error {
		return func() error {
			return node.Take(context.Background(), telemetry.Received{Sort: telemetry.Message, MN: "wild", From: user,
				Raw: []byte(strings.Repeat("x", 100))})
		}
	}
	until(report("one"))
	if err := report("another")(); err != nil {
		t.Error(err)
	}
	clock.elapse(24 * time.Hour)
	if err := report("one")(); err != nil {
		t.Error(err)
	}
	within, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := node.Close(within); err != nil {
		t.Error(err)
	}
}
