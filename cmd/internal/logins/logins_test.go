package logins

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var noon = time.Date(2016, 12, 16, 12, 0, 0, 0, time.UTC)

// trail is a log of a folder with the user duty, whose clock a test sets.
type trail struct {
	*Log
	t   *testing.T
	dir string
	mu  sync.Mutex
	now time.Time
}

func newTrail(t *testing.T, key []byte) *trail {
	tr := &trail{t: t, dir: t.TempDir(), now: noon}
	tr.Log = Open(Options{Dir: tr.dir, Known: func(user string) bool { return user == "duty" },
		Key: func() []byte { return key }, Clock: func() time.Time {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			return tr.now
		}})
	t.Cleanup(tr.Close)
	return tr
}

func (tr *trail) elapse(d time.Duration) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.now = tr.now.Add(d)
}

// lines ends the log and gives those of a file.
func (tr *trail) lines(name string) (all []map[string]any) {
	tr.t.Helper()
	tr.Close()
	text, err := os.ReadFile(filepath.Join(tr.dir, name))
	if err != nil {
		tr.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			tr.t.Fatalf("%v in %s", err, line)
		}
		all = append(all, m)
	}
	return all
}

// total is what a counter has where one of its labels has a value.
func total(t *testing.T, reg *prometheus.Registry, name, label string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == label {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}

func TestWhatALineSays(t *testing.T) {
	tr := newTrail(t, []byte("a key"))
	tr.Note(Try{Act: Login, Way: Desk, Outcome: Done, User: "duty", Address: "192.0.2.1", Device: "D1", Known: true})
	tr.Note(Try{Act: Login, Way: HTTP, Outcome: Wrong, User: "duty", Address: "192.0.2.1"})
	tr.Note(Try{Act: Login, Way: NATS, Outcome: Wrong, User: "my secret\n\"password\"", Address: "2001:db8::/64"})
	want := fmt.Sprint(map[string]any{"time": "2016-12-16T12:00:00Z", "msg": "login", "way": "desk", "outcome": "done",
		"user": "duty", "address": "192.0.2.1",
		"device": "D1", "known_browser": true})
	if got := tr.lines(File); len(got) != 1 || fmt.Sprint(got[0]) != want {
		t.Errorf("the login says %v, want %s", got, want)
	}
	failed := tr.lines(FailedFile)
	if len(failed) != 2 || failed[0]["user"] != "duty" || failed[1]["user"] != nil ||
		failed[1]["address"] != "2001:db8::/64" {
		t.Fatalf("the failures say %v", failed)
	}
	name, _ := failed[1]["name_hmac"].(string)
	if len(name) != 32 {
		t.Errorf("a name that nobody has stands there as %q", name)
	}
	for _, f := range []string{File, FailedFile} {
		if info, err := os.Stat(filepath.Join(tr.dir, f)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}

// The same name is known again by the key of the vault, and without one in the same run alone; it stands in no file.
func TestAnUnknownNameIsNotWritten(t *testing.T) {
	name := func(key []byte) (name string) {
		tr := newTrail(t, key)
		tr.Note(Try{Act: Login, Way: Desk, Outcome: Wrong, User: "typed-password", Address: "a"})
		for _, line := range tr.lines(FailedFile) {
			name = fmt.Sprint(line["name_hmac"], line["name_hmac_of_run"])
		}
		text, err := os.ReadFile(filepath.Join(tr.dir, FailedFile))
		if err != nil || strings.Contains(string(text), "typed-password") {
			t.Errorf("%s, %v", text, err)
		}
		return name
	}
	one, again, other := name([]byte("k")), name([]byte("k")), name([]byte("other"))
	run, next := name(nil), name(nil)
	if one != again || one == other || run == next {
		t.Error("names are not told apart by the key")
	}
}

// A night of guessing at many names from many addresses is a few MB, what is left out is counted, and a login beside it
// has its line.
func TestAFloodOfWrongLoginsIsBounded(t *testing.T) {
	tr := newTrail(t, []byte("k"))
	reg := prometheus.NewRegistry()
	tr.Register(reg)
	const perSecond, seconds = 20, 3600
	for i := range seconds {
		for n := range perSecond {
			tr.Note(Try{Act: Login, Way: Desk, Outcome: Wrong, User: fmt.Sprint("name", i*perSecond+n),
				Address: fmt.Sprint("10.0.", n, ".", i%250)})
		}
		if i%60 == 0 { // the writer keeps up with a clock that runs so fast
			for len(tr.queue) > 0 {
				time.Sleep(time.Millisecond)
			}
			tr.Note(Try{Act: Login, Way: Desk, Outcome: Done, User: "duty", Address: fmt.Sprint("office ", i)})
		}
		tr.elapse(time.Second)
	}
	if n := total(t, reg, "qingkong_logins_total", "wrong"); n != perSecond*seconds {
		t.Errorf("%v wrong logins are counted of %d", n, perSecond*seconds)
	}
	if n := len(tr.lines(File)); n != seconds/60 {
		t.Errorf("%d of %d logins have a line", n, seconds/60)
	}
	written, left := 0, 0.0
	for _, line := range tr.lines(FailedFile) {
		if line["msg"] == "login" {
			written++
			continue
		}
		left += line["lines"].(map[string]any)["desk login wrong"].(float64)
		if line["addresses"].(float64) == 0 || line["failed_within_5_min"].(float64) == 0 || line["since"] == nil {
			t.Errorf("what was left out: %v", line)
		}
	}
	if most := allFailures.Burst + seconds; written > most || float64(written)+left != perSecond*seconds {
		t.Errorf("%d lines (at most %d), %v left out of %d", written, most, left, perSecond*seconds)
	}
	if n := total(t, reg, "qingkong_login_lines_left_out_total", "desk"); n != left {
		t.Errorf("%v left out are counted, the file says %v", n, left)
	}
}

func TestTheSameFailureHasFewLines(t *testing.T) {
	tr := newTrail(t, nil)
	for range 100 {
		tr.Note(Try{Act: Login, Way: NATS, Outcome: Wrong, User: "duty", Address: "a"})
	}
	tr.Note(Try{Act: Login, Way: NATS, Outcome: Wrong, User: "duty", Address: "another"})
	if lines := tr.lines(FailedFile); len(lines) != oneCause.Burst+2 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestTheFilesAreTurnedOver(t *testing.T) {
	tr := newTrail(t, nil)
	l := &Log{opt: Options{Dir: tr.dir, Log: slog.New(slog.DiscardHandler)}}
	f := l.open(FailedFile)
	wide := strings.Repeat("x", 1<<20)
	for range fileMB * (filesKept + 4) {
		f.record(noon, wide)
	}
	if err := f.Close(); err != nil { // the old ones are gone by then
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(tr.dir, "failed-logins*"))
	if err != nil || len(files) > filesKept+2 || len(files) < filesKept {
		t.Errorf("%d files, %v", len(files), err)
	}
	size := int64(0)
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	if size > int64(filesKept+2)*fileMB<<20 {
		t.Errorf("%d MB", size>>20)
	}
}

// A file that cannot be written holds nobody, and is said once.
func TestALogThatCannotBeWritten(t *testing.T) {
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Open(Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 10 {
		l.Note(Try{Act: Login, Way: Desk, Outcome: Done, User: fmt.Sprint(i)})
	}
	l.Close()
	l.Close()
	l.Note(Try{Act: Login, Way: Desk, Outcome: Done, User: "after the end"})
	if n := strings.Count(log.String(), "cannot be written"); n != 1 {
		t.Errorf("said %d times: %s", n, log.String())
	}
	var none *Log
	none.Note(Try{})
	none.Close()
	if _, is := none.Burst(); is {
		t.Error("no log has a burst")
	}
}

func TestWhenFailuresAreABurst(t *testing.T) {
	people := Try{Act: Login, Way: Desk, Outcome: Wrong, User: "duty", Address: "192.0.2.1"}
	program := Try{Act: Login, Way: NATS, Outcome: Wrong, User: "E0001", Address: "192.0.2.2"}
	token := Try{Act: Token, Way: HTTP, Outcome: Wrong, User: "E0001", Address: "192.0.2.2"}
	right := Try{Act: Login, Way: Desk, Outcome: Done, User: "duty", Address: "192.0.2.1"}
	for _, c := range []struct {
		name  string
		tries int
		every time.Duration
		try   Try
		burst bool
	}{
		{"a slip or two of everybody at a shift's change", burstPeople - 1, time.Second, people, false},
		{"as many as nobody mistypes", burstPeople, time.Second, people, true},
		{"the same over an hour", burstPeople * 4, 18 * time.Second, people, false},
		{"a program with an old secret", 600, 2 * time.Second, program, false},
		{"a program with an old token", 600, 2 * time.Second, token, false},
		{"guessing over NATS", burstPrograms, 100 * time.Millisecond, program, true},
		{"many logins", 10_000, 10 * time.Millisecond, right, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTrail(t, nil)
			for range c.tries {
				tr.Note(c.try)
				tr.elapse(c.every)
			}
			w, is := tr.Burst()
			if is != c.burst {
				t.Fatalf("a burst is %v: %+v", is, w)
			}
			if !is {
				return
			}
			user := map[bool]string{true: "duty"}[c.try.User == "duty"] // nobody has another name
			if w.Count != c.tries || w.Addresses != 1 || w.Address != c.try.Address || w.AddressCount != c.tries ||
				w.User != user {
				t.Errorf("%+v", w)
			}
			tr.elapse(burstLasts - c.every - time.Second)
			if _, is := tr.Burst(); !is {
				t.Error("over too early")
			}
			tr.elapse(2 * time.Second)
			if _, is := tr.Burst(); is {
				t.Error("not over a quarter of an hour later")
			}
		})
	}
}

func TestWhatIsRememberedOfFailuresIsBounded(t *testing.T) {
	var r recent
	for i := range 10 * namesMost {
		r.add(Try{User: fmt.Sprint(strings.Repeat("x", 1000), i), Address: fmt.Sprint(i)}, noon)
	}
	m := r.at(noon)
	if len(m.addresses) > namesMost+1 || len(m.names) > namesMost+1 || m.people != 10*namesMost {
		t.Errorf("%d addresses, %d names, %d failures", len(m.addresses), len(m.names), m.people)
	}
	for name := range m.names {
		if len(name) > nameMost {
			t.Fatalf("a name of %d bytes", len(name))
		}
	}
}
