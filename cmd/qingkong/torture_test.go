package main_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What `make torture` gives; without it a slice of tortureSlice rounds runs, one of each damage that it names.
var (
	tortureMinutes = flag.Float64("torture-minutes", 0, "how long TestTorture goes on; 0 for the short slice")
	tortureSeed    = flag.Uint64("torture-seed", 1, "seed of what TestTorture does")
	tortureWithout = flag.String("torture-without", "^$",
		"damages that TestTorture leaves out, as a regular expression: to look behind a known fault")
)

const (
	tortureFolderRounds = 8 // on one folder, before a new one is taken
	tortureReadyWithin  = 40 * time.Second
)

// torture is a program, those who work with it, and what they were promised.
type torture struct {
	*program
	t        *testing.T
	prepared string   // a folder as the demo leaves it, to begin with
	older    string   // qingkong.db as it was some rounds ago
	natsAddr string   // where NATS listens, in the program or beside it
	nats     *outside // where the folder is one of an external server
	clients  []*client
	book     *book
	hearing  *hearing
	working  context.Context // of what the clients ask; it ends with the work that a killed program leaves unanswered
	round    int
	slice    bool          // the short one
	lead     time.Duration // how far the machine's clock is ahead
	furthest time.Duration // it was on this folder
	did      []string      // of this round, for who repeats it
	refusals int
	acts     int
	counts   map[string]int // of what was done beside the damages
	restored *atomic.Bool   // a folder went on from a backup, so that revisions of what goes on were skipped
}

// The program is killed, stopped and held, its NATS server too where it has one of its own, its files are damaged, its
// disks are full, the clock is set, and it is started again, round after round, while clients work and backups are
// taken. After each round all that was confirmed is there once, orders are as they were sent, and the record proves
// itself; or the start was refused, which is right where the record's file was hurt, and nothing that can be read was
// lost.
func TestTorture(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Duration(*tortureMinutes * float64(time.Minute)))
	base, err := os.MkdirTemp("", "qingkong-torture-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(base)
		}
	})
	to := newTorture(t, base)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d, round %d: %s\nthe folder is kept: %s (as it was before the start: %s)\nthe program said:\n%s\n%v",
				*tortureSeed, to.round, strings.Join(to.did, "; "), to.data, to.copied(), to.out, to.nats)
		}
	})
	kinds, began := map[string]int{}, time.Now()
	for to.round = 1; to.slice && to.round <= len(tortureSlice) || time.Now().Before(end); to.round++ {
		rng := rand.New(rand.NewPCG(*tortureSeed, uint64(to.round)))
		d := to.chooses(rng)
		kinds[d.name]++
		to.one(rng, d)
		if *tortureMinutes > 0 {
			t.Logf("round %d: %s", to.round, strings.Join(to.did, "; "))
		}
	}
	rounds := to.round - 1
	t.Logf("seed %d: %d rounds, %.1f a minute, %d acts confirmed, %d starts refused; %v; %v", *tortureSeed, rounds,
		float64(rounds)/time.Since(began).Minutes(), to.acts, to.refusals, to.counts, kinds)
}

// chooses says what is done in a round, on a new folder every few rounds: one in three is one of an external server.
func (to *torture) chooses(rng *rand.Rand) damage {
	if to.slice {
		d := damageNamed(tortureSlice[to.round-1])
		if to.round == 1 || d.outside != (to.nats != nil) {
			to.newFolder(d.outside)
		}
		return d
	}
	if (to.round-1)%tortureFolderRounds == 0 {
		to.newFolder(rng.IntN(3) == 0)
	}
	from := damages
	if to.nats != nil {
		from = outsideDamages()
	}
	without := regexp.MustCompile(*tortureWithout)
	from = slices.DeleteFunc(slices.Clone(from), func(d damage) bool { return without.MatchString(d.name) })
	return from[rng.IntN(len(from))]
}

// newTorture prepares a demo folder with the accounts of some enterprises.
func newTorture(t *testing.T, base string) *torture {
	to := &torture{t: t, restored: new(atomic.Bool), working: t.Context(), prepared: filepath.Join(base, "prepared"),
		natsAddr: lastingPort(t), slice: *tortureMinutes == 0,
		counts: map[string]int{}}
	p := start(t, to.prepared, "--listen", lastingPort(t), "--nats-listen", to.natsAddr)
	to.program = p
	enterprises := []account{}
	for i := range tortureEnterprises {
		var a account
		a.Recipient = fmt.Sprintf("E%04d", 4+i)
		p.must("admin", "POST", "/recipients/"+a.Recipient+"/credentials", map[string]any{}, &a)
		enterprises = append(enterprises, a)
	}
	p.stop()
	p.args = []string{"serve", "--listen", p.addr.HTTP}
	to.clients = newClients(to, enterprises)
	t.Cleanup(func() {
		for _, c := range to.clients {
			c.close()
		}
	})
	return to
}

// lastingPort is a free port below those that the system gives out by itself, so that it stays free while the program
// is away.
func lastingPort(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if ln, err := net.Listen("tcp", addr); err == nil {
			mustNot(t, ln.Close())
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// sets sets the clock of the program's machine. The repeats come soon, and the disk of this machine is no part of the
// matter.
func (to *torture) sets(lead time.Duration) {
	to.lead, to.furthest = lead, max(to.furthest, lead)
	to.env = []string{"QINGKONG_ORDERS_REPEAT_FIRST=1s", "QINGKONG_ORDERS_REPEAT_MAX=5s", "QINGKONG_DISK_MIN_MB=2",
		"QINGKONG_DISK_STOP_MB=1",
		"QINGKONG_TEST_CLOCK=" + lead.String()}
}

// newFolder goes on with a folder as the demo left it, so that neither the record nor a round grows without end. Its
// streams lie in it, or on an external server, which is new and gets them from the record.
func (to *torture) newFolder(outside bool) {
	to.t.Helper()
	if to.cmd != nil {
		to.stop()
	}
	if to.nats != nil {
		to.nats.end(syscall.SIGTERM)
	}
	folder := filepath.Join(filepath.Dir(to.prepared), fmt.Sprintf("from-round-%d", to.round))
	to.older = folder + "-older.db"
	for _, old := range []string{to.data, to.copied(), to.data + "-store", to.copied() + "-store"} {
		if !strings.HasPrefix(old, to.prepared) {
			_ = os.RemoveAll(old)
		}
	}
	copyFolder(to.t, to.prepared, folder)
	copyFile(to.t, filepath.Join(folder, "qingkong.db"), to.older)
	to.data, to.nats, to.furthest = folder, nil, 0
	if outside {
		mustNot(to.t, os.RemoveAll(filepath.Join(folder, "nats")))
		to.nats = newOutside(to.t, filepath.Dir(to.prepared), to.natsAddr)
		to.nats.store = folder + "-store"
		to.nats.start()
	}
	to.args = append(append(to.args[:3:3], to.natsArgs()...), "--data", folder)
	to.sets(0)
	to.again()
	to.ready(false)
	to.book, to.hearing = newBook(), hear(to.t, to.natsAddr, to.accounts["duty"])
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
	rest := to.work()
	to.passes(time.Duration(200+rng.IntN(1200)) * time.Millisecond)
	backup := to.backsUp(rng)
	if rng.IntN(4) == 0 {
		to.holds(rng)
	}
	if to.nats != nil && (d.stays || rng.IntN(2) == 0) {
		to.nats.disturb(to, rng, d.stays)
	}
	if d.stays {
		rest()
		to.ready(false)
	} else {
		to.ends(rng)
		rest()
		backup.ended(to)
		to.keeps(rng)
		to.does("%s %s", d.name, d.do(to, rng))
		if to.nats != nil {
			if rng.IntN(4) == 0 {
				to.refusedWithoutServer()
			}
			to.nats.start()
		}
		if d.room != nil {
			d.room(to, rng)
		}
		to.setsClock(rng)
		to.starts(d)
	}
	for _, c := range to.clients {
		c.settle()
	}
	backup.ended(to)
	to.proves()
	backup.restores(to)
	if rng.IntN(3) == 0 {
		copyFile(to.t, filepath.Join(to.data, "qingkong.db"), to.older)
	}
	to.again()
	to.ready(false)
}

// holds stops the program for a while, as a machine that is out of breath does.
func (to *torture) holds(rng *rand.Rand) {
	held := time.Duration(100+rng.IntN(1500)) * time.Millisecond
	to.does("held for %s", held)
	_ = to.cmd.Process.Signal(syscall.SIGSTOP)
	to.passes(held)
	_ = to.cmd.Process.Signal(syscall.SIGCONT)
	to.passes(time.Duration(rng.IntN(300)) * time.Millisecond)
}

func (to *torture) ends(rng *rand.Rand) {
	if rng.IntN(3) == 0 {
		to.does("SIGTERM")
		to.stop()
		return
	}
	to.does("kill -9")
	to.kill()
}

// keeps copies the folder, and the store of an external server, which is ended for that, as they are before the damage.
func (to *torture) keeps(rng *rand.Rand) {
	to.t.Helper()
	for _, old := range []string{to.copied(), to.copied() + "-store"} {
		mustNot(to.t, os.RemoveAll(old))
	}
	copyFolder(to.t, to.data, to.copied())
	if to.nats != nil {
		to.nats.end([]syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[rng.IntN(2)])
		copyFolder(to.t, to.nats.store, to.copied()+"-store")
	}
}

// putsBack puts back what keeps has kept.
func (to *torture) putsBack() {
	to.t.Helper()
	mustNot(to.t, os.RemoveAll(to.data))
	copyFolder(to.t, to.copied(), to.data)
	if to.nats != nil {
		to.nats.end(syscall.SIGKILL)
		mustNot(to.t, os.RemoveAll(to.nats.store))
		copyFolder(to.t, to.copied()+"-store", to.nats.store)
		to.nats.start()
	}
}

// setsClock sets the machine's clock ahead or back, some of the time.
func (to *torture) setsClock(rng *rand.Rand) {
	leads := []time.Duration{0, 0, -90 * time.Second, 90 * time.Second, 20 * time.Minute, 3 * time.Hour, 26 * time.Hour}
	lead := leads[rng.IntN(len(leads))]
	if rng.IntN(3) != 0 || lead == to.lead {
		return
	}
	to.does("the clock goes from %s to %s", to.lead, lead)
	to.counts[map[bool]string{true: "clock ahead", false: "clock back"}[lead > to.lead]]++
	to.sets(lead)
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

// starts brings the program back. A start that is refused, or says itself that the vault lacks something or that a
// stream which other nodes share is damaged, has to be right; the folder is then put back as it was before the damage.
func (to *torture) starts(d damage) {
	to.t.Helper()
	left, heard := to.whatIsThere(), to.hearing.asItStands()
	if to.begin() {
		lost := to.ready(d.hurts == bothHurt)
		if lost == "" && d.hurts == bothHurt {
			to.passes(tortureCounted)
			lost = to.ready(true)
		}
		if lost == "" {
			return
		}
		if d.hurts != bothHurt {
			to.t.Fatalf("the record is whole and this is not: %s", lost)
		}
		to.does("it says what it lacks: %s", lost)
		to.stop()
	} else {
		to.does("refused: %s", lastLine(to.out.String()))
		to.refusalIsRight(d)
		if !d.outside { // the files of an external server are its own, and it cuts them as it likes
			left.stillThere(to)
		}
	}
	to.refusals++
	if to.t.Failed() {
		to.t.FailNow()
	}
	to.putsBack()
	to.hearing.goesBack(heard) // what went out with half a vault was of a folder that is thrown away
	to.again()
	to.ready(false)
}

// tortureCounted is how long a start may take to count what the vault lacks, and the check to say so.
const tortureCounted = 6 * time.Second

// tortureHurt is how long writing is halted, or the vault lacks something, until that is taken for lasting.
const tortureHurt = 12 * time.Second

// ready waits until the program says that it is, and returns what its check of the vault says where that alone is not
// well; or, where both stores are hurt, sooner, and what that of its writer says. A clock that was set back is behind
// the record, and named so. Who logs in with a secret that was lost fails, and is counted for a while. A record that was
// restored is not signed for before somebody gives it a new origin.
func (to *torture) ready(hurt bool) (lost string) {
	to.t.Helper()
	type check struct{ Name, State, Detail string }
	began := time.Now()
	for ; ; time.Sleep(20 * time.Millisecond) {
		var at struct {
			Status string
			Checks []check
		}
		answered := to.readyz(&at)
		bad := map[string]string{}
		for _, c := range at.Checks {
			own := c.Name == "logins" || c.Name == "ledger"
			if c.State != "ok" && (c.Name != "clock" || to.lead >= to.furthest) && !own {
				bad[c.Name] = c.State + " " + c.Detail
			}
		}
		halted, vault := bad["writer"], bad["vault"]
		switch {
		case answered && at.Checks != nil && len(bad) == 0:
			return ""
		case hurt && time.Since(began) > tortureHurt && halted != "":
			return halted
		case hurt && time.Since(began) > tortureHurt && len(bad) == 1 && vault != "":
			return vault
		case time.Since(began) < tortureReadyWithin:
		case len(bad) == 1 && vault != "":
			return vault
		default:
			to.t.Fatalf("the program does not come to be ready: %+v", at)
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
