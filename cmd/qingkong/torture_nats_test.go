package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
)

// outside is an external nats-server: a process of its own, on a store of its own, with the configuration that its
// operators are given.
type outside struct {
	t     *testing.T
	store string
	addr  string
	creds string // the file for the program
	env   []string
	cmd   *exec.Cmd
	over  chan struct{}
	out   *lockedBuffer
}

// newOutside makes the secrets of a server that is to listen on addr, and their file below dir. Nothing runs yet.
func newOutside(t *testing.T, dir, addr string) *outside {
	t.Helper()
	o := &outside{t: t, addr: addr, creds: filepath.Join(dir, "nats-credentials.json"), out: new(lockedBuffer)}
	account, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	curve, err := nkeys.CreateCurveKeys()
	if err != nil {
		t.Fatal(err)
	}
	public := func(kp nkeys.KeyPair) string { key, err := kp.PublicKey(); mustNot(t, err); return key }
	seed := func(kp nkeys.KeyPair) string { key, err := kp.Seed(); mustNot(t, err); return string(key) }
	o.env = []string{"QINGKONG_TEST_NATS=1", "ISSUER=" + public(account), "XKEY=" + public(curve), "SYSTEM_PASSWORD=pw-s",
		"JOURNAL_PASSWORD=pw-j",
		"PUBLIC_PASSWORD=pw-p", "OFFICERS_PASSWORD=pw-o", "VIEWERS_PASSWORD=pw-v", "AUTH_PASSWORD=pw-a"}
	login := func(user, password string) map[string]string {
		return map[string]string{"user": user, "password": password}
	}
	text, err := json.Marshal(map[string]any{"user": "journal", "password": "pw-j", "public": login("public", "pw-p"),
		"officers": login("officers", "pw-o"), "viewers": login("viewers", "pw-v"),
		"system": login("system", "pw-s"), "callout": map[string]string{"user": "auth", "password": "pw-a",
			"account": "PUBLIC", "feeders": "FEEDERS", "officers": "OFFICERS", "viewers": "VIEWERS",
			"issuer_seed": seed(account), "xkey_seed": seed(curve)}})
	mustNot(t, err)
	mustNot(t, os.WriteFile(o.creds, text, 0o600))
	t.Cleanup(func() { o.end(syscall.SIGKILL) })
	return o
}

func mustNot(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the server on its store and waits until it listens.
func (o *outside) start() {
	o.t.Helper()
	_, port, err := net.SplitHostPort(o.addr)
	mustNot(o.t, err)
	o.cmd = exec.Command(os.Args[0], "-c", filepath.Join("..", "..", "docs", "nats-external.conf"), "-a", "127.0.0.1",
		"-p", port)
	o.cmd.Env = append(append(os.Environ(), "STORE_DIR="+o.store), o.env...)
	o.cmd.Stdout, o.cmd.Stderr = o.out, o.out
	mustNot(o.t, o.cmd.Start())
	cmd, over := o.cmd, make(chan struct{})
	o.over = over
	go func() { _ = cmd.Wait(); close(over) }()
	for deadline := time.Now().Add(time.Minute); ; {
		nc, err := net.DialTimeout("tcp", o.addr, time.Second)
		if err == nil {
			_ = nc.Close()
			return
		}
		select {
		case <-over:
			o.t.Fatalf("nats-server ended:\n%s", o.out)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("nats-server does not listen:\n%s", o.out)
		}
	}
}

// end ends the server, if it runs.
func (o *outside) end(sig syscall.Signal) {
	if o.cmd == nil {
		return
	}
	_ = o.cmd.Process.Signal(sig)
	select {
	case <-o.over:
	case <-time.After(time.Minute):
		_ = o.cmd.Process.Kill()
		<-o.over
		o.t.Errorf("nats-server did not end after %s:\n%s", sig, o.out)
	}
	o.cmd = nil
}

// disturb ends the server, or holds it, under the program that works with it, and has it back after a while on the same
// store. Some of the time it is left ended, for the program's own end to come without it.
func (o *outside) disturb(to *torture, rng *rand.Rand, back bool) {
	away := time.Duration(50+rng.IntN(4000)) * time.Millisecond
	if rng.IntN(3) == 0 {
		to.does("nats-server held for %s", away)
		to.counts["nats-server held"]++
		_ = o.cmd.Process.Signal(syscall.SIGSTOP)
		to.passes(away)
		_ = o.cmd.Process.Signal(syscall.SIGCONT)
	} else {
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[rng.IntN(2)]
		to.does("nats-server gets %s for %s", sig, away)
		to.counts["nats-server restarted"]++
		o.end(sig)
		to.passes(away)
		if !back && rng.IntN(4) == 0 {
			to.does("and stays away")
			return
		}
		o.start()
	}
	to.passes(time.Duration(rng.IntN(1500)) * time.Millisecond)
}

// natsArgs are the program's own on the folder's NATS.
func (to *torture) natsArgs() []string {
	if to.nats == nil {
		return []string{"--nats-listen", to.natsAddr}
	}
	return []string{"--nats-url", "nats://" + to.nats.addr, "--nats-creds", to.nats.creds}
}

// store is where the streams of the folder lie.
func (to *torture) store() string {
	if to.nats == nil {
		return filepath.Join(to.data, "nats")
	}
	return to.nats.store
}

// fullServer has the disk of nats-server fill up under the program.
func fullServer(to *torture, rng *rand.Rand) {
	to.nats.end(syscall.SIGTERM)
	back, ok := to.onSmallDisk(to.nats.store, "", rng.IntN(1<<20))
	if !ok {
		to.nats.start()
		to.instead(rng)
		return
	}
	to.nats.start()
	to.shortOfRoom(rng)
	to.nats.end(syscall.SIGKILL)
	back()
	to.nats.start()
}

// refusedWithoutServer holds that a start without the server is refused with a sentence, and changes no file of the
// record.
func (to *torture) refusedWithoutServer() {
	to.t.Helper()
	if to.begin() {
		to.t.Fatal("the program starts without its NATS server")
	}
	if said := lastLine(to.out.String()); to.cmd.ProcessState.ExitCode() != 1 || len(said) < 7 || said[:7] != "error: " {
		to.t.Errorf("a start without nats-server ends with %d and says %s", to.cmd.ProcessState.ExitCode(), said)
	}
	to.cmd = nil
	to.does("a start without nats-server was refused")
	to.counts["start without nats-server"]++
}

// outsideDamages are those of a folder whose streams lie on an external nats-server. There the stream decides: the
// record's file comes back from it, always. What is lost of the stream the record appends again; one that is damaged in
// the middle belongs to other nodes too, and is halted on.
func outsideDamages() []damage {
	all := []damage{
		{name: "nothing", do: nothing},
		{name: "nothing, and it goes on", do: nothing, stays: true},
		{name: "nothing, and it goes on again", do: nothing, stays: true},
		{name: "qingkong.db removed", do: removes("qingkong.db")},
		{name: "qingkong.db older", do: takesOlder},
		{name: "qingkong.db and sessions.db removed", do: removes("qingkong.db", "sessions.db")},
		{name: "height removed", do: removes("height")},
		{name: "sessions.db removed", do: removes("sessions.db")},
		{name: "store removed", do: removesStore},
		{name: "qingkong.db and store removed", hurts: bothHurt, do: both(removes("qingkong.db"), removesStore)},
		{name: "file size limit", do: nothing, room: (*torture).belowLimit},
		{name: "disk full", do: nothing, room: fullData},
		{name: "disk of nats-server full", do: nothing, room: fullServer},
	}
	for _, d := range append(append(onStream("journal", journalStream), onStream("vault", vaultStream)...),
		onStream("sessions", sessionStream)...) {
		d.hurts = bothHurt
		all = append(all, d)
	}
	for i := range all {
		all[i].outside, all[i].name = true, "outside: "+all[i].name
	}
	return all
}

func removesStore(to *torture, _ *rand.Rand) string {
	mustNot(to.t, os.RemoveAll(to.store()))
	return ""
}

func (o *outside) String() string { return fmt.Sprintf("nats-server on %s:\n%s", o.store, o.out) }
