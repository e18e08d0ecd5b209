package simulate

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// server is a small one of the test: it reads frames by lines with the test's own decoder and answers them as the case
// has it.
type server struct {
	t      *testing.T
	mu     sync.Mutex
	frames []plain
	conns  int
	answer func(frame, conn int) (answers bool, hangUp bool) // by how many frames and connections there were
	said   map[string]bool                                   // messages that were answered
	ln     net.Listener
	addr   string
	all    sync.WaitGroup
}

func serve(t *testing.T, answer func(frame, conn int) (bool, bool)) *server {
	s := &server{t: t, answer: answer, said: map[string]bool{}}
	s.listen("127.0.0.1:0")
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) listen(addr string) {
	s.t.Helper()
	var err error
	if s.ln, err = net.Listen("tcp", addr); err != nil {
		s.t.Fatal(err)
	}
	s.addr = s.ln.Addr().String()
	ln := s.ln
	s.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			n := s.conns
			s.mu.Unlock()
			s.all.Go(func() { s.serve(c, n) })
		}
	})
}

func (s *server) stop() {
	_ = s.ln.Close()
	s.all.Wait()
}

func (s *server) serve(c net.Conn, n int) {
	defer func() { _ = c.Close() }()
	lines := bufio.NewReader(c)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		for _, f := range readPlain(line) {
			s.mu.Lock()
			s.frames = append(s.frames, f)
			answers, hangUp := s.answer(len(s.frames), n)
			if answers {
				s.said[messageOf(f)] = true
			}
			s.mu.Unlock()
			if answers {
				data := fmt.Sprintf("QN=%s;ST=91;CN=9014;PW=%s;MN=%s;Flag=4;CP=&&&&", f.fields["QN"], f.fields["PW"],
					f.fields["MN"])
				if _, err := fmt.Fprintf(c, "##%04d%s%04X\r\n", len(data), data, checksum([]byte(data))); err != nil {
					return
				}
			}
			if hangUp {
				return
			}
		}
	}
}

// wait waits until as many different messages came.
func (s *server) wait(enough func([]plain) bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		got := enough(s.frames)
		s.mu.Unlock()
		if got {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("that did not come within a minute")
		}
	}
}

// messageOf names the message of a frame.
func messageOf(f plain) string { return f.fields["MN"] + " " + f.fields["CN"] + " " + f.fields["QN"] }

// distinct counts messages of a CN by their time.
func distinct(frames []plain, cn string) int {
	seen := map[string]bool{}
	for _, f := range frames {
		if f.fields["CN"] == cn {
			seen[f.fields["MN"]+f.values["DataTime"]] = true
		}
	}
	return len(seen)
}

// Over a real line that loses answers, hangs up, and whose server restarts on the same port, every message arrives, and
// what the stations count as confirmed is what was answered.
func TestAcrossABadLine(t *testing.T) {
	srv := serve(t, func(frame, conn int) (bool, bool) {
		return frame%7 != 0, conn == 1 && frame >= 20
	})
	var stations []*Station
	for i := range 3 {
		stations = append(stations, station(t, Config{MN: fmt.Sprintf("M%d", i), Plant: NewPlant(Gas, uint64(i)),
			MinuteMin: 1}))
	}
	var captured bytes.Buffer
	var mu sync.Mutex
	sent := map[string]bool{}
	ctx, cancel := context.WithCancel(t.Context())
	line := Line{Addr: srv.addr, Speed: 3600, From: time.Now().Add(-10 * 24 * time.Hour), Answer: 200 * time.Millisecond,
		Capture: &captured, Told: func(m Sent) {
			mu.Lock()
			defer mu.Unlock()
			sent[m.MN+" "+m.CN+" "+m.QN] = true
		}}
	type result struct {
		count Count
		err   error
	}
	done := make(chan result)
	go func() {
		count, err := line.Run(ctx, stations...)
		done <- result{count, err}
	}()
	looked := 0
	srv.wait(func(f []plain) bool { return distinct(f, "2051") >= 60 })
	srv.restart()
	srv.listen(srv.addr)
	srv.wait(func(f []plain) bool { return distinct(f, "2061") >= 12 })
	mu.Lock()
	left := map[string]bool{}
	for key := range sent {
		for _, cn := range []string{" 2051 ", " 2061 ", " 2031 "} { // what happens at a moment is not sent again for days
			if strings.Contains(key, cn) {
				left[key] = true
			}
		}
	}
	mu.Unlock()
	kept := len(left)
	srv.wait(func(f []plain) bool {
		for ; looked < len(f); looked++ {
			delete(left, messageOf(f[looked]))
		}
		return len(left) == 0
	})
	cancel()
	r := <-done
	if r.err != nil || r.count.Connected < 5 || r.count.Repeats == 0 || r.count.Confirmed == 0 || r.count.GivenUp != 0 {
		t.Errorf("%+v %v", r.count, r.err)
	}
	confirmed := int64(len(srv.said))
	for key := range sent {
		if strings.Contains(key, " "+topicSpecs[beats].cn+" ") { // nobody answers a beat
			confirmed++
		}
	}
	if r.count.Confirmed > confirmed || kept < 72 {
		t.Errorf("%d are confirmed of %d that were answered; %d had to arrive", r.count.Confirmed, confirmed, kept)
	}
	frames := readPlain(captured.Bytes())
	if int64(len(frames)) != r.count.Frames || int64(captured.Len()) != r.count.Bytes {
		t.Errorf("%d frames captured, %+v", len(frames), r.count)
	}
	for _, f := range frames {
		if key := messageOf(f); !sent[key] {
			t.Errorf("%s was captured and not told", key)
		}
	}
}

// restart ends the listener and every connection, as a restart does.
func (s *server) restart() {
	_ = s.ln.Close()
	s.mu.Lock()
	answer := s.answer
	s.answer = func(frame, _ int) (bool, bool) { return false, true }
	s.mu.Unlock()
	s.all.Wait()
	s.mu.Lock()
	s.answer = answer
	s.mu.Unlock()
}

// A server's requests are answered on the line they came by.
func TestRequestsOverALine(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	s := station(t, Config{MN: "M1", Faults: Faults{Split: true, Glue: false}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Line{Addr: ln.Addr().String()}.Run(ctx, s)
		done <- err
	}()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	request, err := hj212.NewFrame(hj212.Head{QN: "20260105225500123", ST: "31", CN: "2061", PW: "123456", MN: "M1",
		Flag: 5, HasFlag: true},
		hj212.NewItem("BeginTime", "20260105000000"), hj212.NewItem("EndTime", "20260105230000")).Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	var got []string
	lines := bufio.NewReader(c)
	for len(got) < 26 {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err, got)
		}
		for _, f := range readPlain(line) {
			if f.fields["QN"] == "20260105225500123" {
				got = append(got, f.fields["CN"])
			}
		}
	}
	if want := "9011" + strings.Repeat(" 2061", 24) + " 9012"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	_ = c.Close()
}

// An accelerated clock goes until it has reached the real one, and then with it.
func TestClock(t *testing.T) {
	c := newClock(3600, time.Now().Add(-time.Second))
	for deadline := time.Now().Add(time.Minute); time.Since(c.now()) > 100*time.Millisecond; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never reached the real one")
		}
	}
	if now := c.now(); now.After(time.Now()) {
		t.Error("it passed the real one")
	}
	past := newClock(60, time.Now().Add(-time.Hour))
	if d := past.until(past.now().Add(time.Minute)); d > time.Second || d < 0 {
		t.Errorf("a minute takes %s", d)
	}
	if c := newClock(60, time.Time{}); c.speed != 1 {
		t.Error("without a beginning it is the real one")
	}
}

// A load is confirmed to the last frame; each frame is one of its own.
func TestLoad(t *testing.T) {
	srv := serve(t, func(int, int) (bool, bool) { return true, false })
	r, err := Load{Stations: 20, First: 100, Frames: 50, Window: 8, Resent: true, Version: hj212.V2025}.Run(t.Context(),
		srv.addr)
	if err != nil || r.Confirmed != 1000 || r.Frames != 1000 || r.Lost+r.Stray+r.Broken != 0 || r.FirstErr != "" {
		t.Fatalf("%+v %v", r, err)
	}
	seen, minutes := map[string]bool{}, distinct(srv.frames, "2051")
	for _, f := range srv.frames {
		seen[f.fields["MN"]+f.fields["QN"]] = true
		if f.fields["RF"] != "1" {
			t.Fatalf("%v", f.fields)
		}
	}
	if len(seen) != 1000 || minutes != 1000 || r.P50 <= 0 || r.P50 > r.P99 || r.P99 > r.Max || r.PerSecond() <= 0 {
		t.Errorf("%d numbers, %d minutes, %+v", len(seen), minutes, r)
	}
	of := map[string]int{}
	for _, f := range srv.frames {
		of[f.fields["MN"]]++
	}
	for i := range 20 {
		s, err := LoadStation(100+i, hj212.V2025)
		if err != nil || of[s.MN()] != 50 {
			t.Errorf("station %d sent %d frames, %v", 100+i, of[s.MN()], err)
		}
	}
	live, err := Load{Stations: 3, Frames: 2, Every: 20 * time.Millisecond}.Run(t.Context(), srv.addr)
	if err != nil || live.Confirmed != 6 {
		t.Errorf("%+v %v", live, err)
	}
	if _, err := (Load{Stations: 1}).Run(t.Context(), srv.addr); err == nil {
		t.Error("a load without an end")
	}
}

// The latency of a frame that is due at a time counts from then, whatever it waited for, and a load ends when its time is
// over, though its next frame is due later.
func TestLoadAtAPace(t *testing.T) {
	s, err := LoadStation(1, hj212.V2017)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	o := &loader{l: Load{Every: time.Second, Window: 8}, s: s, from: now.Unix(), start: now.Add(-time.Minute),
		next: now.Add(-10 * time.Second)}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	for o.may(t.Context(), now) {
		o.make(now)
	}
	if len(o.waiting) != 8 {
		t.Fatalf("%d frames wait", len(o.waiting))
	}
	for i, w := range o.waiting {
		if want := now.Add(time.Duration(i-10) * time.Second); !w.at.Equal(want) {
			t.Errorf("frame %d counts from %s, not %s", i, w.at, want)
		}
	}
	o.answered(o.waiting[0].qn)
	if o.latency.max < 10*time.Second {
		t.Errorf("a frame that was due 10 s before took %s", o.latency.max)
	}
	srv := serve(t, func(int, int) (bool, bool) { return true, false })
	if r, err := (Load{Stations: 1, Every: 24 * time.Hour, For: 20 * time.Millisecond}).Run(t.Context(), srv.addr); err != nil ||
		r.Broken > 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// A load says what was lost where its line breaks.
func TestLoadTellsOfLostAnswers(t *testing.T) {
	srv := serve(t, func(frame, conn int) (bool, bool) { return frame <= 10, frame == 12 })
	r, err := Load{Stations: 1, Frames: 100, Window: 4}.Run(t.Context(), srv.addr)
	if err != nil || r.Confirmed != 10 || r.Lost != r.Frames-10 || r.Broken != 1 || r.FirstErr == "" {
		t.Errorf("%+v %v", r, err)
	}
}

// A histogram is right to a sixteenth.
func TestLatency(t *testing.T) {
	var l Latency
	for i := range 100_000 {
		l.Add(time.Duration(i) * time.Microsecond)
	}
	for share, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond,
		1: 99999 * time.Microsecond} {
		if got := l.At(share); got < want || got > want+want/16 {
			t.Errorf("%v: %s, not %s", share, got, want)
		}
	}
	for _, d := range []time.Duration{-1, 0, 1, 15, 16, 17, 31, 32, 1<<62 + 1, 1<<63 - 1} {
		if end := slotEnd(slot(d)); end < d && d > 0 || slot(d) >= len(l.counts) {
			t.Errorf("%d counts as %d", d, end)
		}
	}
}

// What a load costs itself: a server that confirms whatever comes, in the same process.
func BenchmarkLoad(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go confirmAll(c)
		}
	}()
	for b.Loop() {
		r, err := Load{Stations: 200, Frames: 500}.Run(b.Context(), ln.Addr().String())
		if err != nil || r.Lost > 0 {
			b.Fatalf("%+v %v", r, err)
		}
		b.ReportMetric(r.PerSecond(), "frames/s")
	}
}

func confirmAll(c net.Conn) {
	defer func() { _ = c.Close() }()
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 8<<10)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		data := append([]byte(nil), line[6:26]...)
		data = append(data, ";ST=91;CN=9014;PW=123456;MN=M;Flag=4;CP=&&&&"...)
		_, _ = fmt.Fprintf(out, "##%04d%s%04X\r\n", len(data), data, hj212.CRC(data)) // Flush tells
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}
