package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func (w *world) sessions() *Sessions {
	w.t.Helper()
	s, err := w.j.OpenSessions(w.t.Context(), time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) closeSessions(s *Sessions) {
	w.t.Helper()
	if err := s.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) putSession(s *Sessions, key, data string) {
	w.t.Helper()
	if err := s.Put(w.t.Context(), key, []byte(data), time.Now().Add(time.Hour)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) endSession(s *Sessions, key string) {
	w.t.Helper()
	if err := s.End(w.t.Context(), key); err != nil {
		w.t.Fatal(err)
	}
}

// holds fails unless the sessions are exactly these: key to data, "" for none.
func (w *world) holds(s *Sessions, want map[string]string) {
	w.t.Helper()
	for key, data := range want {
		if got, ok := s.Get(w.t.Context(), key); string(got) != data || ok != (data != "") {
			w.t.Errorf("session %s is %q, %v; want %q", key, got, ok, data)
		}
	}
}

// begun has a live session, a touched one, an ended one and one whose time is up, and says what is left of them.
func (w *world) begun(s *Sessions) map[string]string {
	w.putSession(s, "live", "1")
	w.putSession(s, "touched", "1")
	w.putSession(s, "touched", "2")
	w.putSession(s, "ended", "1")
	w.endSession(s, "ended")
	w.putSession(s, "ended", "late") // a request that was under way
	w.endSession(s, "never")
	if err := s.Put(w.t.Context(), "old", []byte("1"), time.Now().Add(-time.Second)); err != nil {
		w.t.Fatal(err)
	}
	return map[string]string{"live": "1", "touched": "2", "ended": "", "old": "", "never": ""}
}

// Whatever one side loses, the other makes good; lost with both, people log in again.
func TestSessionsSurviveOneSide(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(w *world)
		none bool
	}{
		{"nothing", func(*world) {}, false},
		{"bbolt's file", func(w *world) { w.remove(filepath.Join(w.dir, SessionsFile)) }, false},
		{"the key-value bucket", func(w *world) { w.remove(w.bucket()) }, false},
		{"the key-value bucket's messages", func(w *world) { w.remove(filepath.Join(w.bucket(), "msgs")) }, false},
		{"both", func(w *world) { w.remove(filepath.Join(w.dir, SessionsFile)); w.remove(w.bucket()) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			s := w.sessions()
			want := w.begun(s)
			w.closeSessions(s)
			w.stop()
			c.lose(w)
			w.start()
			s = w.sessions()
			if c.none {
				for key := range want {
					want[key] = ""
				}
			}
			w.holds(s, want)
			w.eventually("both sides are level", func() bool { return s.compared.Load() && s.Status().Owed == 0 })
			// and both sides hold it again
			w.closeSessions(s)
			w.stop()
			w.remove(filepath.Join(w.dir, SessionsFile))
			w.start()
			s = w.sessions()
			defer w.closeSessions(s)
			w.holds(s, want)
			w.putSession(s, "new", "1")
			w.holds(s, map[string]string{"new": "1"})
		})
	}
}

func (w *world) bucket() string {
	return filepath.Join(w.nats, "jetstream", "$G", "streams", "KV_"+sessionsKV)
}

func (w *world) remove(path string) {
	w.t.Helper()
	if err := os.RemoveAll(path); err != nil {
		w.t.Fatal(err)
	}
}

// A login does not wait for a key-value bucket that is gone, and a logout ends the session on this node.
func TestSessionsWithoutTheKeyValueBucket(t *testing.T) {
	w := newWorld(t)
	w.start()
	s := w.sessions()
	defer w.closeSessions(s)
	if err := w.js.DeleteKeyValue(t.Context(), sessionsKV); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	want := w.begun(s)
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	w.holds(s, want)
}

// A rebuild takes sessions over like the rest of the vault.
func TestSessionsAreTakenOverByARebuild(t *testing.T) {
	w := newWorld(t)
	w.start()
	s := w.sessions()
	want := w.begun(s)
	w.add("a", 1)
	w.closeSessions(s)
	w.stopJournal()
	opt := w.opt
	opt.Dir, opt.JS, opt.Registry = w.dir, w.js, testRegistry()
	if _, err := Rebuild(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.remove(w.bucket())
	w.start()
	s = w.sessions()
	defer w.closeSessions(s)
	w.holds(s, want)
}

// An older program kept sessions in the record's file: they are moved at the first start, and people stay logged in.
func TestSessionsAreMovedOutOfTheRecordsFile(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	s := w.sessions()
	want := w.begun(s)
	old := map[string][]byte{}
	_ = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(sessionsBucket).ForEach(func(k, v []byte) error { old[string(k)] = bytes.Clone(v); return nil })
	})
	w.closeSessions(s)
	w.stop()
	w.remove(filepath.Join(w.dir, SessionsFile))
	w.remove(w.bucket())
	w.edit(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(sessionsBucket)
		for k, v := range old {
			err = errors.Join(err, b.Put([]byte(k), v))
		}
		return errors.Join(err, toFirstLayout(tx)) // with all that an older program left
	})
	w.start()
	s = w.sessions()
	defer w.closeSessions(s)
	w.holds(s, want)
	_ = w.j.View(func(tx *bbolt.Tx) error {
		if tx.Bucket(sessionsBucket) != nil {
			t.Error("the record's file still has sessions")
		}
		return nil
	})
	prove(t, w.j)
}

// A login waits for no writer of the record, whatever that waits for.
func TestSessionsDoNotWaitForTheWriter(t *testing.T) {
	w := newWorld(t)
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	w.opt.at = func(point string) {
		if point == "handed" {
			held <- struct{}{}
			<-hold
		}
	}
	w.start()
	w.opt.at = nil
	s := w.sessions()
	defer w.closeSessions(s)
	done := make(chan error, 1)
	if err := w.j.SubmitFunc(Command{Kind: "t.add", Payload: add{Name: "x", N: 1}},
		func(_ any, err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	<-held
	w.within(promptly, "a login", func() {
		w.putSession(s, "a", "1")
		w.holds(s, map[string]string{"a": "1"})
		w.endSession(s, "a")
	})
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSessionsOfTwoNodes(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	sa, sb := a.sessions(), b.sessions()
	defer a.closeSessions(sa)
	defer b.closeSessions(sb)
	for i := range 50 { // at once, whether the watch has brought it or not
		key := fmt.Sprintf("s%d", i)
		a.putSession(sa, key, "1")
		b.holds(sb, map[string]string{key: "1"})
		if i%2 == 0 {
			b.endSession(sb, key)
			b.putSession(sb, key, "late")
			b.holds(sb, map[string]string{key: ""})
		}
	}
	deadline := time.Now().Add(time.Minute)
	for i := 0; i < 50; i++ {
		want := i%2 == 1
		for {
			if _, ok := sa.Get(t.Context(), fmt.Sprintf("s%d", i)); ok == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("session %d is %v on the node that began it", i, !want)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// Rows whose time is up, and what is no row, are swept away.
func TestSessionsAreSwept(t *testing.T) {
	w := newWorld(t)
	w.start()
	s := w.sessions()
	defer w.closeSessions(s)
	w.begun(s)
	err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(sessionsBucket).Put([]byte("junk"), []byte("x")) })
	if err != nil {
		t.Fatal(err)
	}
	w.holds(s, map[string]string{"junk": ""})
	if err := s.sweep(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	_ = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(sessionsBucket).ForEach(func(k, _ []byte) error { keys = append(keys, string(k)); return nil })
	})
	if fmt.Sprint(keys) != "[ended live touched]" {
		t.Errorf("left after a sweep: %v", keys)
	}
}

// Every live session is given once, however many transactions that takes, and those that ended or whose time is up are
// not.
func TestEachLiveSessionIsGivenOnce(t *testing.T) {
	w := newWorld(t)
	w.start()
	s := w.sessions()
	defer w.closeSessions(s)
	w.putSession(s, "ended", "1")
	w.endSession(s, "ended")
	const many = 2*eachMost + 10
	err := s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(sessionsBucket)
		for i := range many {
			if err := b.Put(fmt.Appendf(nil, "live %d", i),
				newRow(time.Now().Add(time.Hour), time.Now(), []byte("data"))); err != nil {
				return err
			}
		}
		return b.Put([]byte("over"), newRow(time.Now().Add(-time.Hour), time.Now(), []byte("data")))
	})
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]int{}
	err = s.Each("", func(key string, data []byte) bool {
		given[key]++
		return string(data) == "data"
	})
	if err != nil || len(given) != many || given["live 7"] != 1 || given["ended"]+given["over"] != 0 {
		t.Errorf("%d of %d are given, %v", len(given), many, err)
	}
	alike := 0
	err = s.Each("live 77", func(key string, _ []byte) bool {
		if !strings.HasPrefix(key, "live 77") {
			t.Errorf("%s is given", key)
		}
		alike++
		return true
	})
	if want := 1 + 10 + 100; err != nil || alike != want {
		t.Errorf("%d rows of a prefix are given, want %d; %v", alike, want, err)
	}
	seen := 0
	if err := s.Each("", func(string, []byte) bool { seen++; return seen < 3 }); err != nil || seen != 3 {
		t.Errorf("asked to stop after 3, %d were given, %v", seen, err)
	}
}

func TestWhichRowWins(t *testing.T) {
	now := time.Now()
	older, newer := newRow(now, now, []byte("1")), newRow(now, now.Add(time.Millisecond), []byte("2"))
	for _, c := range []struct {
		name string
		a, b sessionRow
		want bool
	}{
		{"the later one", newer, older, true},
		{"the earlier one", older, newer, false},
		{"the same", newer, newer, false},
		{"ended over live", older.end(), newer, true},
		{"live over ended", newer, older.end(), false},
		{"ended over ended", newer.end(), older.end(), false},
		{"a row over none", older, nil, true},
		{"none over a row", nil, older, false},
		{"a row over junk", older, sessionRow("x"), true},
		{"junk over a row", sessionRow("x"), older, false},
		{"none over none", nil, nil, false},
	} {
		if got := c.a.beats(c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
