package main_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// onSmallDisk puts a folder on a disk of its own, a tmpfs that has spare bytes left, but for the part of it named
// apart, which stays on the disk where it is. It is false where this machine lets the test mount nothing. back puts the
// folder back.
func (to *torture) onSmallDisk(dir, apart string, spare int) (back func(), ok bool) {
	to.t.Helper()
	aside := dir + "-aside"
	_ = os.Remove(filepath.Join(dir, "control.sock"))
	mustNot(to.t, os.RemoveAll(aside))
	mustNot(to.t, os.Rename(dir, aside))
	mustNot(to.t, os.Mkdir(dir, 0o700))
	elsewhere := aside + "-apart"
	if apart != "" {
		mustNot(to.t, os.RemoveAll(elsewhere))
		mustNot(to.t, os.Rename(filepath.Join(aside, apart), elsewhere))
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0,
		fmt.Sprintf("size=%d,mode=700", pagesBelow(to, aside)+spare)); err != nil {
		to.does("nothing can be mounted: %v", err)
		if apart != "" {
			mustNot(to.t, os.Rename(elsewhere, filepath.Join(aside, apart)))
		}
		mustNot(to.t, os.Remove(dir))
		mustNot(to.t, os.Rename(aside, dir))
		return nil, false
	}
	var once sync.Once
	back = func() {
		once.Do(func() {
			_ = os.Remove(filepath.Join(dir, "control.sock"))
			part := filepath.Join(dir, apart)
			if apart != "" {
				mustNot(to.t, syscall.Unmount(part, syscall.MNT_DETACH))
				mustNot(to.t, os.Remove(part))
			}
			mustNot(to.t, os.RemoveAll(aside))
			mustNot(to.t, os.CopyFS(aside, os.DirFS(dir)))
			mustNot(to.t, syscall.Unmount(dir, syscall.MNT_DETACH))
			mustNot(to.t, os.Remove(dir))
			mustNot(to.t, os.Rename(aside, dir))
			if apart != "" {
				mustNot(to.t, os.Rename(elsewhere, part))
			}
		})
	}
	to.t.Cleanup(back)
	mustNot(to.t, os.CopyFS(dir, os.DirFS(aside)))
	if apart != "" {
		mustNot(to.t, os.Mkdir(filepath.Join(dir, apart), 0o700))
		mustNot(to.t, syscall.Mount(elsewhere, filepath.Join(dir, apart), "", syscall.MS_BIND, ""))
	}
	to.does("%s has %d bytes left", filepath.Base(dir), spare)
	to.counts["tmpfs"]++
	return back, true
}

// pagesBelow is what the files of a folder take on a tmpfs.
func pagesBelow(to *torture, dir string) (n int) {
	to.t.Helper()
	mustNot(to.t, filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += (int(info.Size()) + 4095) / 4096 * 4096
		}
		return err
	}))
	return n
}

// instead is the round of a full disk where nothing can be mounted: it is another one, and counted as that.
func (to *torture) instead(rng *rand.Rand) {
	to.counts["file size limit in place of a tmpfs"]++
	to.belowLimit(rng)
}

// fullDisk lets the disk of a part of the data folder fill up, but for what is apart from it.
func fullDisk(part, apart string) func(*torture, *rand.Rand) {
	return func(to *torture, rng *rand.Rand) {
		back, ok := to.onSmallDisk(filepath.Join(to.data, part), apart, rng.IntN(2<<20))
		if !ok {
			to.instead(rng)
			return
		}
		defer back()
		to.shortOfRoom(rng)
	}
}

var (
	fullData   = fullDisk("", "")
	fullStream = fullDisk("nats", "")
	fullRecord = fullDisk("", "nats")
)

// belowLimit runs the program where no file may grow beyond a limit.
func (to *torture) belowLimit(rng *rand.Rand) {
	to.t.Helper()
	limit := usedBytes(to) + rng.IntN(400<<10)
	to.does("no file above %d bytes", limit)
	to.shortOfRoom(rng, "sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, limit/512))
}

// shortOfRoom runs the program, below the command given, where little more can be written: while nothing is written it
// does not say that it is ready. It may be refused its start, or end by itself.
func (to *torture) shortOfRoom(rng *rand.Rand, below ...string) {
	to.t.Helper()
	if !to.begin(below...) {
		to.does("not started: %s", lastLine(to.out.String()))
		to.cmd = nil
		return
	}
	rest := to.work()
	to.passes(time.Duration(500+rng.IntN(2500)) * time.Millisecond)
	rest()
	probe := *to.clients[2]
	probe.act = (&registrar{}).next(&probe)
	to.clients[2].n = probe.n
	for deadline := time.Now().Add(time.Minute); probe.act != nil; {
		var at struct{ Status string }
		if probe.try(); probe.act == nil || !to.readyz(&at) || at.Status != "ready" {
			break
		}
		if time.Now().After(deadline) {
			to.t.Errorf("the program says that it is %s and writes nothing", at.Status)
			break
		}
	}
	if probe.act != nil && to.clients[2].act == nil {
		to.clients[2].act = probe.act // its outcome is learned with the others'
	}
	select {
	case <-to.over:
		to.does("it ended: %s", lastLine(to.out.String()))
		to.cmd = nil
	default:
		_ = to.terminated(syscall.SIGKILL)
	}
}
