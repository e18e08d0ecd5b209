package main_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// backingUp is a backup that is taken beside the work, and what was confirmed before it began.
type backingUp struct {
	file    string
	book    *book
	hearing *hearing
	over    chan struct{}
	err     error
	out     bytes.Buffer
}

// backsUp begins a backup of the running program, some of the time; else it is nil.
func (to *torture) backsUp(rng *rand.Rand) *backingUp {
	inSlice := to.slice && to.round%4 == 1
	if rng.IntN(4) != 0 && !inSlice {
		return nil
	}
	b := &backingUp{file: filepath.Join(filepath.Dir(to.prepared), "backup.tar"), over: make(chan struct{})}
	_ = os.Remove(b.file)
	b.book, b.hearing = to.book.asItStands(), to.hearing.asItStands()
	cmd := exec.Command(os.Args[0], "backup", "--data", to.data, b.file)
	cmd.Env = append(append(os.Environ(), "QINGKONG_TEST_RUN=1"), "QINGKONG_DISK_MIN_MB=2", "QINGKONG_DISK_STOP_MB=1")
	cmd.Stdout, cmd.Stderr = &b.out, &b.out
	mustNot(to.t, cmd.Start())
	go func() { b.err = cmd.Wait(); close(b.over) }()
	to.does("a backup begins")
	if rng.IntN(2) == 0 || inSlice {
		<-b.over
		to.does("and ends")
	}
	return b
}

// asItStands is a copy of what was confirmed until now; more may be found with it.
func (b *book) asItStands() (c *book) {
	b.with(func() {
		c = &book{warnings: maps.Clone(b.warnings), numbers: maps.Clone(b.numbers), orders: maps.Clone(b.orders),
			accounts: maps.Clone(b.accounts),
			versions: maps.Clone(b.versions), current: b.current, phone: b.phone, atLeast: true}
		for user, tokens := range c.accounts {
			c.accounts[user] = slices.Clone(tokens)
		}
	})
	return c
}

func (e *hearing) asItStands() *hearing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return &hearing{first: maps.Clone(e.first), wrong: slices.Clone(e.wrong)}
}

// goesBack forgets what was heard since.
func (e *hearing) goesBack(to *hearing) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.first, e.wrong = to.first, to.wrong
}

// ended waits until the backup has ended. One that failed, for its program was ended, leaves no file behind; one whose
// program was killed when the file was whole counts as made, and has to prove itself.
func (b *backingUp) ended(to *torture) {
	to.t.Helper()
	if b == nil {
		return
	}
	<-b.over
	if _, err := os.Stat(b.file); b.err != nil && err == nil &&
		strings.Contains(b.out.String(), "did not say whether the backup was made") {
		to.does("nobody says that the backup was made")
		b.err = nil
	}
	if b.err == nil {
		return
	}
	to.does("the backup was not made: %s", lastLine(b.out.String()))
	to.counts["backups cut short"]++
	if _, err := os.Stat(b.file); err == nil {
		to.t.Errorf("a backup that failed leaves its file: %s", b.out.String())
	}
	if !strings.HasPrefix(lastLine(b.out.String()), "error: ") {
		to.t.Errorf("a backup that failed says no sentence: %s", b.out.String())
	}
}

// restores restores the backup into a new folder beside the stopped program: the restore and a check prove it, and all
// that was confirmed before it began is in it.
func (b *backingUp) restores(to *torture) {
	to.t.Helper()
	if b == nil || b.err != nil {
		return
	}
	new := filepath.Join(filepath.Dir(to.prepared), "restored")
	mustNot(to.t, os.RemoveAll(new))
	command(to.t, "restore", "--data", new, b.file)
	command(to.t, "journal", "check", "--data", new)
	other := *to
	other.program = &program{t: to.t, data: new, env: to.env,
		args: []string{"serve", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--data", new}}
	defer other.kill()
	other.again()
	other.clients = nil
	for _, c := range to.clients {
		clone := *c
		clone.to = &other
		other.clients = append(other.clients, &clone)
	}
	if b.book.current != to.book.current || b.book.phone != to.book.phone {
		b.book.current, b.book.phone = "", "" // changed while it was written: either is right
	}
	other.book, other.hearing = b.book, b.hearing
	other.warningsStand(b.book)
	orders := other.ordersStand(b.book)
	other.accountsStand(b.book)
	other.listStands(b.book)
	other.heardStands(orders)
	other.stop()
	command(to.t, "journal", "check", "--data", new)
	mustNot(to.t, os.RemoveAll(new))
	to.does("the backup holds %d warnings, %d answers, %d accounts", len(b.book.warnings), len(b.book.orders),
		len(b.book.accounts))
	to.counts["backups proved"]++
	if to.t.Failed() {
		to.t.FailNow()
	}
}

// takesRestored goes on with a folder that a backup of the stopped one was restored into.
func takesRestored(to *torture, _ *rand.Rand) string {
	file, new := filepath.Join(filepath.Dir(to.prepared), "whole.tar"), to.data+"-restored"
	_ = os.Remove(file)
	command(to.t, "backup", "--data", to.data, file)
	command(to.t, "restore", "--data", new, file)
	mustNot(to.t, os.RemoveAll(to.data))
	mustNot(to.t, os.Rename(new, to.data))
	to.again()
	to.stop()
	mustNot(to.t, os.Remove(filepath.Join(to.data, "restored"))) // as the README says, once the ids were looked through
	to.counts["restores"]++
	to.restored.Store(true)
	return ""
}
