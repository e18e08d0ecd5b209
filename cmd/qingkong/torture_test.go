package main_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What `make torture` gives; without it a slice of tortureSlice rounds runs, one of each damage that it names.
var (
	tortureMinutes = flag.Float64("torture-minutes", 0, "how long TestTorture goes on; 0 for the short slice")
	tortureSeed    = flag.Uint64("torture-seed", 1, "seed of what TestTorture does")
	tortureWithout = flag.String("torture-without", "^$", "damages that TestTorture leaves out, as a regular expression: to look behind a known fault")
)

const (
	tortureFolderRounds = 8 // on one folder, before a new one is taken
	tortureReadyWithin  = 40 * time.Second
)

// torture is a program, those who work with it, and what they were promised.
type torture struct {
	*program
	t        *testing.T
	prepared string // a folder as the demo leaves it, to begin with
	older    string // qingkong.db as it was some rounds ago
	clients  []*client
	book     *book
	hearing  *hearing
	working  context.Context // of what the clients ask; it ends with the work that a killed program leaves unanswered
	round    int
	did      []string // of this round, for who repeats it
	refusals int
	acts     int
}

// The program is killed, stopped and held, its files are damaged, and it is started again, round after round, while clients
// work. After each round all that was confirmed is there once, orders are as they were sent, and the record proves itself; or
// the start was refused, which is right where the record's file was hurt, and nothing that can be read was lost.
func TestTorture(t *testing.T) {
	end := time.Now().Add(time.Duration(*tortureMinutes * float64(time.Minute)))
	base, err := os.MkdirTemp("", "qingkong-torture-")
	if err != nil {
		t.Fatal(err)
	}
	to := newTorture(t, base)
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(base)
			return
		}
		t.Logf("seed %d, round %d: %s\nthe folder is kept: %s (as it was before the start: %s)\nthe program said:\n%s",
			*tortureSeed, to.round, strings.Join(to.did, "; "), to.data, to.copied(), to.out)
	})
	without := regexp.MustCompile(*tortureWithout)
	from := slices.DeleteFunc(slices.Clone(damages), func(d damage) bool { return without.MatchString(d.name) })
	kinds := map[string]int{}
	began := time.Now()
	for to.round = 1; *tortureMinutes == 0 && to.round <= len(tortureSlice) || time.Now().Before(end); to.round++ {
		if (to.round-1)%tortureFolderRounds == 0 {
			to.newFolder()
		}
		rng := rand.New(rand.NewPCG(*tortureSeed, uint64(to.round)))
		d := from[rng.IntN(len(from))]
		if *tortureMinutes == 0 {
			d = damageNamed(tortureSlice[to.round-1])
		}
		kinds[d.name]++
		to.one(rng, d)
	}
	rounds := to.round - 1
	t.Logf("seed %d: %d rounds, %.1f a minute, %d acts confirmed, %d starts refused; %v", *tortureSeed, rounds,
		float64(rounds)/time.Since(began).Minutes(), to.acts, to.refusals, kinds)
}

// newTorture prepares a demo folder with the accounts of some enterprises.
func newTorture(t *testing.T, base string) *torture {
	to := &torture{t: t, working: t.Context(), prepared: filepath.Join(base, "prepared")}
	listen, natsListen := freePort(t), freePort(t)
	p := start(t, to.prepared, "--listen", listen, "--nats-listen", natsListen)
	to.program = p
	enterprises := []account{}
	for i := range tortureEnterprises {
		var a account
		a.Recipient = fmt.Sprintf("E%04d", 4+i)
		p.must("admin", "POST", "/recipients/"+a.Recipient+"/credentials", map[string]any{}, &a)
		enterprises = append(enterprises, a)
	}
	p.stop()
	// The repeats come soon, and the disk of the machine is no part of the matter.
	p.env = []string{"QINGKONG_ORDERS_REPEAT_FIRST=1s", "QINGKONG_ORDERS_REPEAT_MAX=5s", "QINGKONG_DISK_MIN_MB=2", "QINGKONG_DISK_STOP_MB=1"}
	p.args = []string{"serve", "--listen", listen, "--nats-listen", natsListen}
	to.clients = newClients(to, enterprises)
	t.Cleanup(func() {
		for _, c := range to.clients {
			c.close()
		}
	})
	return to
}

// newFolder goes on with a folder as the demo left it, so that neither the record nor a round grows without end.
func (to *torture) newFolder() {
	to.t.Helper()
	if to.cmd != nil {
		to.stop()
	}
	folder := filepath.Join(filepath.Dir(to.prepared), fmt.Sprintf("from-round-%d", to.round))
	to.older = folder + "-older.db"
	for _, old := range []string{to.data, to.data + "-before"} {
		if old != to.prepared && old != to.prepared+"-before" {
			_ = os.RemoveAll(old)
		}
	}
	copyFolder(to.t, to.prepared, folder)
	copyFile(to.t, filepath.Join(folder, "qingkong.db"), to.older)
	to.data = folder
	to.args = append(to.args[:5:5], "--data", folder)
	to.again()
	to.book, to.hearing = newBook(), hear(to.t, to.addr.NATS, to.accounts["duty"])
	for _, c := range to.clients {
		c.begin()
	}
}

func (to *torture) copied() string { return to.data + "-before" }

func (to *torture) does(format string, args ...any) {
	to.did = append(to.did, fmt.Sprintf(format, args...))
}

// one plays a round: work, an end, damage, a start, and the proofs.
func (to *torture) one(rng *rand.Rand, d damage) {
	to.t.Helper()
	to.did = nil
	for i, c := range to.clients {
		c.rng = rand.New(rand.NewPCG(*tortureSeed, uint64(to.round)<<8|uint64(i+1)))
	}
	held := time.Duration(0)
	if rng.IntN(4) == 0 {
		held = time.Duration(100+rng.IntN(1500)) * time.Millisecond
	}
	rest := to.work()
	to.passes(time.Duration(200+rng.IntN(1200)) * time.Millisecond)
	if held > 0 {
		to.does("held for %s", held)
		_ = to.cmd.Process.Signal(syscall.SIGSTOP)
		to.passes(held)
		_ = to.cmd.Process.Signal(syscall.SIGCONT)
		to.passes(time.Duration(rng.IntN(300)) * time.Millisecond)
	}
	if rng.IntN(3) == 0 {
		to.does("SIGTERM")
		to.stop()
	} else {
		to.does("kill -9")
		to.kill()
	}
	rest()
	_ = os.RemoveAll(to.copied())
	copyFolder(to.t, to.data, to.copied())
	to.does("%s %s", d.name, d.do(to, rng))
	if d.below != nil {
		to.belowLimit(rng, d)
	}
	to.starts(d)
	for _, c := range to.clients {
		c.settle()
	}
	to.proves()
	if rng.IntN(3) == 0 {
		copyFile(to.t, filepath.Join(to.data, "qingkong.db"), to.older)
	}
	to.again()
	to.ready()
}

// passes lets the clients work for a while. It is no wait for anything.
func (to *torture) passes(d time.Duration) { <-time.After(d) }

// work lets the clients work until the function that it returns is called.
func (to *torture) work() (rest func()) {
	stop, done := make(chan struct{}), make(chan struct{}, len(to.clients))
	var cancel context.CancelFunc
	to.working, cancel = context.WithCancel(to.t.Context())
	for _, c := range to.clients {
		go func() { c.work(stop); done <- struct{}{} }()
	}
	return func() {
		close(stop)
		cancel()
		for range to.clients {
			<-done
		}
		to.working = to.t.Context()
	}
}

// starts brings the program back. A start that is refused, or says itself that the vault lacks something, has to be right; the
// folder is then put back as it was before the damage.
func (to *torture) starts(d damage) {
	to.t.Helper()
	left := whatIsThere(to.t, to.data)
	if to.begin() {
		lost := to.ready()
		if lost == "" {
			return
		}
		if d.hurts != bothHurt {
			to.t.Fatalf("the record is whole and the vault is not: %s", lost)
		}
		to.does("the vault says what it lacks: %s", lost)
		to.stop()
	} else {
		to.does("refused: %s", lastLine(to.out.String()))
		to.refusalIsRight(d)
		left.stillThere(to.t, to.data)
	}
	to.refusals++
	if to.t.Failed() {
		to.t.FailNow()
	}
	if err := os.RemoveAll(to.data); err != nil {
		to.t.Fatal(err)
	}
	copyFolder(to.t, to.copied(), to.data)
	to.again()
	to.ready()
}

// ready waits until the program says that it is, and returns what its check of the vault says where that alone is not well.
func (to *torture) ready() (vault string) {
	to.t.Helper()
	var at struct {
		Status string
		Checks []struct{ Name, State, Detail string }
	}
	for deadline := time.Now().Add(tortureReadyWithin); ; time.Sleep(20 * time.Millisecond) {
		to.readyz(&at)
		if at.Status == "ready" {
			return ""
		}
		bad := 0
		vault = ""
		for _, c := range at.Checks {
			if c.State != "ok" {
				bad++
				if c.Name == "vault" {
					vault = c.State + " " + c.Detail
				}
			}
		}
		if time.Now().Before(deadline) {
			continue
		}
		if bad == 1 && vault != "" {
			return vault
		}
		to.t.Fatalf("the program does not come to be ready: %+v", at)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
