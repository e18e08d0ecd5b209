package main_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What `make flood` gives; without it the rows that stand for their kind are flooded, for a short while each.
var (
	floodSeconds = flag.Float64("flood-seconds", 0,
		"how long TestFlood floods each subject and call; 0 for the short slice")
	floodOnly = flag.String("flood-only", "", "rows that TestFlood floods, as a regular expression")
)

// Bounds of a flood. Times depend on the machine and are told, not held against anybody.
const (
	floodLines      = 100 // lines of the log a second
	floodRSS        = 200 // MB above rest: the aim
	floodUnbounded  = 512 // MB above rest, where the collector is eager: something waits in a queue that has no bound
	floodSlice      = 300 * time.Millisecond
	floodTellWithin = 20 * time.Second
	floodCutAfter   = 6 * time.Second // by default three seconds of it are too much, and they are looked at each second
	floodNobody     = "nobody"        // who has not logged in
	floodConns      = 4
	floodRecipients = 100
)

// row is one subject or call that somebody floods.
type row struct {
	name  string
	slice bool // stands for its kind in `make test`
	// ready makes what the flood needs and returns the flood itself, which goes on until stop is closed.
	ready func(f *flooded) func(stop <-chan struct{}, n *tally)
	told  bool // some of it must be refused with rate_limited
	cut   bool // who floods so for long must be cut off
}

// tally is what became of a flood.
type tally struct {
	sent    atomic.Int64 // messages or calls, or logins that were tried
	took    atomic.Int64 // answered well
	refused atomic.Int64 // answered with rate_limited
	other   atomic.Int64 // answered with another refusal
	cut     atomic.Int64 // connections that were closed, or calls without an answer
}

// flooded is a program, and what is known of it while it is flooded.
type flooded struct {
	*program
	t        *testing.T
	others   *others
	rest     memory
	roles    map[string]account
	next     int // the next recipient that has no account yet
	bodies   map[string]string
	sessions map[string]string // role -> the cookie of a browser
	most     struct {
		rss, anon int
		lines     float64
	}
}

// Each subject and call is flooded, by who may and by who may not. Meanwhile an enterprise answers and asks, an officer
// declares and lifts and looks at the board, and orders go out: of theirs nothing is lost, the log stays readable, the
// memory bounded, and who floods over NATS hears of it at most once a second.
func TestFlood(t *testing.T) {
	seconds := time.Duration(*floodSeconds * float64(time.Second))
	only := regexp.MustCompile(*floodOnly)
	f := newFlooded(t)
	rows := append(natsRows(), f.httpRows()...)
	t.Logf("%-62s %9s %8s %8s %8s %5s %9s %8s %7s", "flooded", "sent/s", "took/s", "refused", "other", "cut", "worst",
		"RSS", "lines/s")
	n := 0
	for _, r := range rows {
		if seconds == 0 && !r.slice || !only.MatchString(r.name) {
			continue
		}
		f.one(r, max(seconds, floodSlice))
		n++
	}
	f.others.rounds(1)
	f.others.end()
	f.others.kept()
	worst, of := f.others.worstOf()
	t.Logf("%d floods: %s; the others' worst answer %s (%s; aim 2 s); RSS +%d MB above %d at rest, of which +%d are no file pages (aim +%d); at most %.0f lines of the log a second",
		n, f.others, worst.Round(time.Millisecond), of, f.most.rss-f.rest.rss, f.rest.rss, f.most.anon-f.rest.anon, floodRSS,
		f.most.lines)
	if n == 0 {
		t.Errorf("no row is called like %s", *floodOnly)
	}
	if up := f.most.anon - f.rest.anon; seconds == 0 && up > floodUnbounded {
		t.Errorf("the program took %d MB more than at rest", up)
	}
}

// newFlooded starts the demo, the accounts of those who flood, and the others.
func newFlooded(t *testing.T) *flooded {
	p := &program{t: t, data: t.TempDir(), env: usualShares,
		args: []string{"serve", "--demo", "--no-simulate", "--demo-recipients", fmt.Sprint(floodRecipients),
			"--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}}
	p.args = append(p.args, "--data", p.data)
	if *floodSeconds == 0 {
		p.env = append(slices.Clone(p.env), "GOGC=100") // what is held is to be seen, not what the collector leaves for later
	}
	t.Cleanup(p.kill)
	p.again()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the program said:\n%.20000s", p.out)
		}
	})
	f := &flooded{program: p, t: t, roles: map[string]account{}, bodies: map[string]string{},
		sessions: map[string]string{}, next: 10}
	f.others = newOthers(f)
	for _, role := range []string{"duty", "approver", "inspector", "town", "viewer", "feeder", "admin"} {
		f.roles[role] = f.account(role)
	}
	f.roles["enterprise"] = f.account("enterprise")
	for _, role := range []string{"duty", "enterprise"} {
		// while nobody floods the way to sign in; of an account whose sessions no row ends
		f.sessions[role] = f.session(f.account(role))
	}
	f.others.begin()
	f.others.rounds(2)
	f.rest = memoryOf(t, p.cmd.Process.Pid)
	return f
}

// account makes an account of a role that nobody has used.
func (f *flooded) account(role string) (a account) {
	f.t.Helper()
	f.next++
	if role == "enterprise" {
		id := fmt.Sprintf("E%04d", f.next)
		f.must("admin", "POST", "/recipients/"+id+"/credentials", map[string]any{}, &a)
		a.Recipient = id
		return a
	}
	body := map[string]any{"user": fmt.Sprintf("%s-%d", role, f.next), "role": role, "name": "示例"}
	if role == "town" {
		body["town"] = "大寺镇"
	}
	f.must("admin", "POST", "/accounts", body, &a)
	return a
}

// one plays a row.
func (f *flooded) one(r row, how time.Duration) {
	f.t.Helper()
	flood := r.ready(f)
	lines, begin := f.out.lines(), time.Now()
	f.others.mark()
	var n tally
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { flood(stop, &n); close(done) }()
	rss, anon := 0, 0
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	// However slow the machine is, who must be told that it is too much, or is cut off before it hears that, gets so far.
	for now := begin; now.Sub(begin) < how || r.told && n.refused.Load()+n.cut.Load() == 0 &&
		now.Sub(begin) < floodTellWithin; now = <-look.C {
		m := memoryOf(f.t, f.cmd.Process.Pid)
		rss, anon = max(rss, m.rss), max(anon, m.anon)
	}
	took := time.Since(begin).Seconds()
	close(stop)
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		f.t.Fatalf("%s: the flood does not end:\n%.3000s", r.name, f.out)
	}
	if *floodSeconds > 0 {
		f.others.rounds(1) // what this row did to them is seen in this row
	}
	perSecond := float64(f.out.lines()-lines) / max(time.Since(begin).Seconds(), 1)
	f.most.rss, f.most.anon, f.most.lines = max(f.most.rss, rss), max(f.most.anon, anon), max(f.most.lines, perSecond)
	worst, of := f.others.marked()
	f.t.Logf("%-62s %9.0f %8.0f %8d %8d %5d %9s %+7dM %7.1f  %s", r.name, float64(n.sent.Load())/took,
		float64(n.took.Load())/took, n.refused.Load(),
		n.other.Load(), n.cut.Load(), worst.Round(time.Millisecond), rss-f.rest.rss, perSecond, of)
	if perSecond > floodLines {
		f.t.Errorf("%s: %.0f lines a second in the log:\n%.3000s", r.name, perSecond, f.out.tail(30))
	}
	if r.told && n.refused.Load()+n.cut.Load() == 0 || r.cut && how >= floodCutAfter && n.cut.Load() == 0 {
		f.t.Errorf("%s: %d in %.1f s, and nobody was told that it is too much, or cut off", r.name, n.sent.Load(), took)
	}
	f.others.whole(r.name)
}

// memory is what a process holds, in MB: all, and all but pages of files.
type memory struct{ rss, anon int }

func memoryOf(t *testing.T, pid int) (m memory) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("the memory of a process cannot be read here: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		// of other lines it is nothing
		kb, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
		switch name {
		case "VmRSS":
			m.rss = kb >> 10
		case "RssAnon":
			m.anon = kb >> 10
		}
	}
	if m.rss == 0 {
		t.Fatalf("no VmRSS in %s", text)
	}
	return m
}

// lines is how many lines were written.
func (b *lockedBuffer) lines() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.buf.String(), "\n")
}

// tail is the last lines.
func (b *lockedBuffer) tail(n int) string {
	lines := strings.Split(b.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
