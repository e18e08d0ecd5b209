package watch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

func init() {
	refusal.Register(map[string]refusal.Pair{
		"test.disk_low":    {"只剩 {free}，低于 {limit}；请清理磁盘。", "{free} are left, below {limit}. Free some space."},
		"test.nats_inside": {"{part} 没有应答：{why}", "{part} gives no answer: {why}"},
	})
}

var (
	low  = Degrade("test.disk_low", refusal.Args{"free": "900 MB", "limit": "1.0 GB"})
	full = Fail("watch.disk_stop", refusal.Args{"free": "90 MB", "limit": "256 MB"})
	dead = Stop("watch.writer_halted", refusal.Args{"why": "a fork"})
)

// part is something under watch that a test sets.
type part struct {
	atomic.Pointer[Finding]
	asked atomic.Int64
}

func newPart(f Finding) *part {
	p := &part{}
	p.Store(&f)
	return p
}

func (p *part) set(f Finding) { p.Store(&f) }

func (p *part) probe(context.Context) Finding {
	p.asked.Add(1)
	return *p.Load()
}

// world is a watchman within a bubble, with its log.
type world struct {
	*Watchman
	t *testing.T

	mu  sync.Mutex
	log bytes.Buffer
}

// Write makes the world the log's writer.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.Watchman = New(Options{Log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "since" {
				return slog.Attr{}
			}
			return a
		}}))})
	return w
}

// run runs the watchman until the test's end.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	synctest.Wait()
}

// after lets time pass, and whoever has something to do then do it.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// lines are what was logged since the last call.
func (w *world) lines() (lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(w.log.String()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	w.log.Reset()
	return lines
}

func (w *world) check(name string) Check {
	w.t.Helper()
	r := w.Report()
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		w.t.Fatalf("no check %s in %+v", name, r)
	}
	return r.Checks[i]
}

// The program is not ready where nothing can be written or it has not started, and degraded where any part is not ok.
func TestStatusIsThatOfTheWorstPart(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []Finding
		want  Status
	}{
		{"nothing is watched", nil, Ready},
		{"all is well", []Finding{{}, {State: OK}}, Ready},
		{"one has less to spare", []Finding{{}, low}, Impaired},
		{"one has failed", []Finding{full, {}, low}, Impaired},
		{"nothing is written", []Finding{low, dead, {}}, NotReady},
		{"nothing is written, though it is only less than it should be",
			[]Finding{{State: Degraded, Why: low.Why, Stops: true}}, NotReady},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i, f := range c.parts {
					w.Watch(fmt.Sprint("part", i), newPart(f).probe)
				}
				w.Look(t.Context())
				r := w.Report()
				if last := r.Checks[len(r.Checks)-1]; r.Status != NotReady || last.Name != Start || last.Detail("en") == "" {
					t.Errorf("before the start: %+v", r)
				}
				w.Started()
				if r = w.Report(); r.Status != c.want || len(r.Checks) != len(c.parts) {
					t.Errorf("%s with %d checks, want %s", r.Status, len(r.Checks), c.want)
				}
				wrong := 0
				for _, f := range c.parts {
					if f.Why != nil {
						wrong++
					}
				}
				if len(r.Wrong()) != wrong {
					t.Errorf("wrong are %v, want %d", r.Wrong(), wrong)
				}
			})
		})
	}
}

// Before its first answer a part is not taken for sound.
func TestAPartThatWasNeverAskedIsNotSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Watch(NATS, newPart(Finding{}).probe)
		w.Started()
		if c := w.check(NATS); c.State != Failed || c.Why.Rule != "watch.not_asked" || w.Report().Status != Impaired {
			t.Errorf("%+v", c)
		}
		w.Look(t.Context())
		if r := w.Report(); r.Status != Ready || len(w.lines()) > 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestChecksStandInTheirOrder(t *testing.T) {
	w := New(Options{})
	for _, name := range []string{"another", TLS, Credentials, Local, Logins, Outbox, Writer, Backup, Auditor, Record,
		Disk, NATS, Follower, Blobs, Vault, Clock, Leader} {
		w.Watch(name, newPart(Finding{}).probe)
	}
	w.Look(t.Context())
	w.Started()
	var names []string
	for _, c := range w.Report().Checks {
		names = append(names, c.Name)
		if zh, en := NameOf("zh-CN", c.Name), NameOf("en", c.Name); c.Name != "another" && (zh == c.Name || en == zh) {
			t.Errorf("%s has no words of its own: %q, %q", c.Name, zh, en)
		}
	}
	want := []string{"writer", "follower", "nats", "leader", "clock", "disk", "vault", "blobs", "record", "outbox",
		"auditor", "backup", "local", "logins", "tls", "credentials", "another"}
	if !slices.Equal(names, want) {
		t.Errorf("the order is %v", names)
	}
	defer func() {
		if recover() == nil {
			t.Error("two checks may have one name")
		}
	}()
	w.Watch(Disk, newPart(Finding{}).probe)
}

// Each change to the worse is one warning, the return one line, and what lasts is said again every ten minutes at most.
func TestWhatIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		disk := newPart(Finding{})
		w.Watch(Disk, disk.probe)
		w.Started()
		w.run()
		says := func(when string, want ...string) {
			t.Helper()
			got := w.lines()
			if len(got) != len(want) {
				t.Fatalf("%s: logged %q, want %d lines", when, got, len(want))
			}
			for i := range want {
				for part := range strings.SplitSeq(want[i], "…") {
					if !strings.Contains(got[i], part) {
						t.Errorf("%s: logged %q, want %q", when, got[i], part)
					}
				}
			}
		}
		after(time.Hour)
		says("all is well")
		disk.set(low)
		after(5 * time.Second)
		says("it gets worse", `level=WARN msg="a check is degraded" check=disk…900 MB…Free some space`)
		other := Degrade("test.disk_low", refusal.Args{"free": "800 MB", "limit": "1.0 GB"})
		disk.set(other)
		after(9 * time.Minute)
		says("it lasts")
		after(time.Minute)
		says("it lasts ten minutes", `msg="a check is degraded" check=disk…800 MB`)
		after(50 * time.Minute)
		if n := len(w.lines()); n != 5 {
			t.Errorf("logged %d times in 50 minutes, want 5", n)
		}
		disk.set(full)
		after(5 * time.Second)
		says("it gets worse again", `level=WARN msg="a check has failed" check=disk…nothing_is_written=false`)
		disk.set(Finding{State: Failed, Why: full.Why, Stops: true})
		after(5 * time.Second)
		says("nothing is written any more", `level=WARN msg="a check has failed" check=disk…nothing_is_written=true`)
		disk.set(Finding{})
		after(5 * time.Second)
		says("it is well again", `level=INFO msg="a check is ok again" check=disk`)
		after(time.Hour)
		says("it stays well")
	})
}

// since is when the state last changed, whatever the reason is meanwhile; Changed tells of states and reasons, not of
// figures.
func TestSinceAndChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := newWorld(t)
		disk := newPart(Finding{})
		w.Watch(Disk, disk.probe)
		w.Started()
		w.run()
		for _, c := range []struct {
			name    string
			found   Finding
			changed bool
			since   time.Duration
		}{
			{"nothing", Finding{}, false, 0},
			{"a state", low, true, 10 * time.Second},
			{"a figure", Degrade("test.disk_low", refusal.Args{"free": "800 MB", "limit": "1.0 GB"}), false, 10 * time.Second},
			{"a reason", Degrade("watch.clock_behind", refusal.Args{"wall": "", "record": ""}), true, 10 * time.Second},
			{"another state", full, true, 25 * time.Second},
			{"what it means", Finding{State: Failed, Why: full.Why, Stops: true}, true, 25 * time.Second},
			{"back", Finding{}, true, 35 * time.Second},
		} {
			disk.set(c.found)
			news := w.Changed()
			after(5 * time.Second)
			changed := false
			select {
			case <-news:
				changed = true
			default:
			}
			if since := w.check(Disk).Since.Sub(begin); changed != c.changed || since != c.since {
				t.Errorf("%s: told %v, since %v; want %v, %v", c.name, changed, since, c.changed, c.since)
			}
		}
		news := w.Changed()
		w.Started() // again
		select {
		case <-news:
			t.Error("a second start is told")
		default:
		}
	})
}

// A probe that hangs is a failed check. It holds up nobody else, and is not asked a second time until it has returned;
// what it says then counts no more.
func TestAProbeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		var asked atomic.Int64
		w.Watch(Vault, func(context.Context) Finding { // deaf to its context
			asked.Add(1)
			<-release
			return low
		})
		other := newPart(Finding{})
		w.Watch(NATS, other.probe)
		w.Started()
		w.run()
		if c := w.check(NATS); c.State != OK {
			t.Errorf("another part waits for the one that hangs: %+v", c)
		}
		after(3*time.Second - time.Millisecond)
		if c := w.check(Vault); c.Why.Rule != "watch.not_asked" {
			t.Errorf("it still has time: %+v", c)
		}
		after(time.Millisecond)
		c := w.check(Vault)
		if c.State != Failed || c.Why.Rule != "watch.no_answer" || !strings.Contains(c.Detail("zh-CN"), "3s") {
			t.Errorf("%+v", c)
		}
		after(time.Minute)
		if asked.Load() != 1 || other.asked.Load() != 13 {
			t.Errorf("the one that hangs was asked %d times, the other %d times", asked.Load(), other.asked.Load())
		}
		if n := len(w.lines()); n != 1 {
			t.Errorf("%d lines, want one", n)
		}
		close(release)
		synctest.Wait()
		if c := w.check(Vault); c.Why.Rule != "watch.no_answer" {
			t.Errorf("what it says a minute late counts: %+v", c)
		}
		after(5 * time.Second)
		if c := w.check(Vault); asked.Load() != 2 || c.Why.Rule != "test.disk_low" {
			t.Errorf("asked again it says %+v", c)
		}
	})
}

// The context of a probe ends before its time is up: it can say itself what gave it no answer.
func TestAProbeCanSayItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Watch(NATS, func(ctx context.Context) Finding {
			<-ctx.Done()
			return Fail("test.nats_inside", refusal.Args{"part": "journal", "why": ctx.Err()})
		})
		w.Look(t.Context())
		if c := w.check(NATS); c.Why.Rule != "test.nats_inside" || !strings.Contains(c.Detail("en"), "deadline exceeded") {
			t.Errorf("%+v", c)
		}
	})
}

func TestAProbeThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var well atomic.Bool
		w.Watch(Auditor, func(context.Context) Finding {
			if !well.Load() {
				panic("no such row")
			}
			return Finding{}
		})
		w.Started()
		w.run()
		after(time.Minute)
		if c := w.check(Auditor); c.State != Failed || !strings.Contains(c.Detail("en"), "no such row") {
			t.Errorf("%+v", c)
		}
		if lines := strings.Join(w.lines(), "\n"); strings.Count(lines, "a check panicked") != 1 ||
			strings.Count(lines, "a check has failed") != 1 ||
			!strings.Contains(lines, "TestAProbeThatPanics") {
			t.Errorf("logged %s", lines)
		}
		well.Store(true)
		after(5 * time.Second)
		if c := w.check(Auditor); c.State != OK || c.Why != nil {
			t.Errorf("%+v", c)
		}
	})
}

// What the end of the program does to its parts is no finding.
func TestTheEndIsNoFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Watch(NATS, func(ctx context.Context) Finding {
			select {
			case <-ctx.Done():
				return full
			case <-time.After(time.Second):
				return Finding{}
			}
		})
		w.Watch(Vault, func(context.Context) Finding { time.Sleep(time.Hour); return full })
		w.Started()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		after(time.Second)
		begin := time.Now()
		cancel()
		if err := <-ended; err != nil || time.Since(begin) > 3*time.Second {
			t.Errorf("Run ends after %v with %v", time.Since(begin), err)
		}
		if c := w.check(NATS); c.State != OK || len(w.lines()) > 0 {
			t.Errorf("%+v", c)
		}
		time.Sleep(time.Hour)
	})
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		free int64
		want RoomLevel
	}{{5000, RoomOK}, {1024, RoomOK}, {1023, RoomLow}, {256, RoomLow}, {255, RoomStop}, {0, RoomStop}} {
		if got := RoomOf(c.free, 1024, 256); got.Level != c.want || got.FreeMB != c.free {
			t.Errorf("with %d MB: %+v, want level %d", c.free, got, c.want)
		}
	}
}

func TestTimesAreShownTogetherWhereTheyAreApart(t *testing.T) {
	record := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for d, shown := range map[time.Duration]bool{0: false, time.Minute: false, -time.Minute: false, 61 * time.Second: true,
		-8 * time.Hour: true} {
		if got := Apart(record.Add(d), record); got.IsZero() == shown {
			t.Errorf("%v apart: shown %v", d, !shown)
		}
	}
}
