package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

var tenant = Tenant{Name: "meter", Version: 1, Buckets: []string{"meter.rows"}, Lost: "local.lost.feeds"}

// world is a store in a folder of its own.
type world struct {
	*Store
	t   testing.TB
	log bytes.Buffer
}

func open(t testing.TB, path string, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t}
	opt := Options{Log: slog.New(slog.NewTextHandler(&w.log, nil))}
	for _, fn := range change {
		fn(&opt)
	}
	w.Store = Open(path, opt, tenant)
	t.Cleanup(w.close)
	return w
}

func fresh(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "local.db"), change...)
}

func (w *world) close() {
	w.t.Helper()
	if err := w.Close(context.Background()); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

func put(key, value string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meter.rows")).Put([]byte(key), []byte(value)) }
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(*bbolt.Tx) error) error { return w.Update(w.t.Context(), fn) }

func (w *world) rows() map[string]string {
	w.t.Helper()
	rows := map[string]string{}
	w.must(w.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meter.rows")).ForEach(func(k, v []byte) error { rows[string(k)] = string(v); return nil })
	}))
	return rows
}

// hold stops the writer within a batch of its own, until release is called. Updates that come meanwhile wait in the
// queue.
func (w *world) hold() (release func()) {
	w.t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	all.Go(func() {
		err := w.Update(context.Background(), func(*bbolt.Tx) error { once.Do(func() { close(begun) }); <-end; return nil })
		if err != nil && !errors.Is(err, ErrUnknown) {
			w.t.Error(err)
		}
	})
	<-begun
	return sync.OnceFunc(func() { close(end); all.Wait() })
}

func (w *world) waiting(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d updates wait", n), func() bool { return w.Status().Queue == n })
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("does not come: %s; the log:\n%s", what, &w.log)
		}
	}
}

func TestUpdatesThatWaitShareACommit(t *testing.T) {
	w := fresh(t)
	release, before := w.hold(), w.commits.Load()
	const n = 500
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := w.update(put(fmt.Sprintf("%04d", i), "x")); err != nil {
				t.Error(err)
			}
		})
	}
	w.waiting(n)
	release()
	all.Wait()
	if got := w.commits.Load() - before; got != 2 { // that of the one who held, and one for all the others
		t.Errorf("%d commits", got)
	}
	if got := len(w.rows()); got != n {
		t.Errorf("%d rows", got)
	}
}

// What was answered is in the file: a copy of it, as it is then, has the row.
func TestAnUpdateIsDurableWhenItIsAnswered(t *testing.T) {
	w := fresh(t)
	for i := range 5 {
		w.must(w.update(put(fmt.Sprint(i), "x")))
		text, err := os.ReadFile(w.path)
		w.must(err)
		copied := filepath.Join(t.TempDir(), "copy.db")
		w.must(os.WriteFile(copied, text, 0o600))
		if got := open(t, copied).rows(); len(got) != i+1 {
			t.Fatalf("after %d updates the file has %d rows", i+1, len(got))
		}
	}
}

// Of updates that share a transaction, those that fail or panic leave nothing, and the others all that they wrote.
func TestAFailedUpdateLeavesTheOthers(t *testing.T) {
	w, round := fresh(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		fates := rapid.SliceOfN(rapid.SampledFrom([]string{"kept", "refused", "panics"}), 1, 12).Draw(rt, "fates")
		release, want := w.hold(), map[string]string{}
		wrong := errors.New("wrong")
		var all sync.WaitGroup
		for i, fate := range fates {
			key := fmt.Sprint(round, " ", i)
			if fate == "kept" {
				want[key] = fate
			}
			all.Go(func() {
				err := w.update(func(tx *bbolt.Tx) error {
					if err := put(key, fate)(tx); err != nil {
						return err
					}
					switch fate {
					case "refused":
						return wrong
					case "panics":
						panic("a fault of the tenant's")
					}
					return nil
				})
				switch {
				case fate == "refused" && err != wrong, fate == "kept" && err != nil, fate == "panics" &&
					!errors.As(err, new(*fault)):
					t.Errorf("%s: %v", fate, err)
				}
			})
		}
		w.waiting(len(fates))
		release()
		all.Wait()
		got := w.rows()
		maps.DeleteFunc(got, func(key, _ string) bool { return !strings.HasPrefix(key, fmt.Sprint(round, " ")) })
		if !maps.Equal(got, want) {
			rt.Fatalf("rows %v, want %v", got, want)
		}
		if s := w.Status(); len(s.Aside) > 0 || s.Trouble != nil {
			rt.Fatalf("an update that fails is no damage: %+v", s)
		}
	})
}

func TestNoWaitWithoutALimit(t *testing.T) {
	w := fresh(t, func(o *Options) { o.Queue, o.Patience = 2, 50*time.Millisecond })
	release := w.hold()
	defer release()
	var all sync.WaitGroup
	for _, name := range []string{"waits", "waits too"} {
		all.Go(func() {
			if err := w.update(put(name, "x")); !errors.Is(err, ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	w.waiting(2)
	if err := w.update(put("finds no room", "x")); !errors.Is(err, ErrBusy) {
		t.Errorf("with a queue that is full: %v", err)
	}
	all.Wait()
	release()
	w.must(w.update(put("later", "x")))
	if got := w.rows(); len(got) != 1 {
		t.Errorf("what was answered with ErrBusy was kept: %v", got)
	}
	begun, end := make(chan struct{}), make(chan struct{})
	go func() { <-begun; time.Sleep(4 * w.opt.Patience); close(end) }()
	if err := w.update(func(*bbolt.Tx) error { close(begun); <-end; return nil }); !errors.Is(err, ErrUnknown) {
		t.Errorf("an update that is under way: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Update(ctx, func(*bbolt.Tx) error {
		<-end
		return nil
	}); !errors.Is(err, ErrBusy) && !errors.Is(err, ErrUnknown) {
		t.Errorf("with a context that is over: %v", err)
	}
}

func TestClosing(t *testing.T) {
	w := fresh(t)
	release := w.hold()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if err := w.update(put(fmt.Sprint(i), "x")); err != nil {
				t.Errorf("an update that waited: %v", err)
			}
		})
	}
	w.waiting(10)
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close waits without a limit: %v", err)
	}
	release()
	all.Wait()
	w.close()
	if err := w.update(put("late", "x")); !errors.Is(err, ErrClosed) {
		t.Errorf("an update of a closed store: %v", err)
	}
	if err := w.View(func(*bbolt.Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("a view of a closed store: %v", err)
	}
	if got := len(open(t, w.path).rows()); got != 10 {
		t.Errorf("%d rows", got)
	}
}

// A disk that takes no more is told to who writes and to who looks, nothing of the update is kept, and it passes by
// itself.
func TestAFullDisk(t *testing.T) {
	w := fresh(t, func(o *Options) { o.Max = 1 << 20 })
	w.must(w.update(put("a", "x")))
	if err := w.update(put("b", strings.Repeat("x", 4<<20))); err == nil || !strings.Contains(err.Error(), w.path) {
		t.Errorf("answered %v", err)
	}
	if s := w.Status(); s.Trouble == nil || s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
	if got := w.rows(); len(got) != 1 {
		t.Errorf("rows %d", len(got))
	}
	w.must(w.update(put("c", "x")))
	if s := w.Status(); s.Trouble != nil {
		t.Errorf("%+v", s)
	}
	full := errors.New("full")
	w.opt.Full = func() error { return full }
	if err := w.update(put("d", "x")); err != full {
		t.Errorf("nearly full: %v", err)
	}
}

// A file that cannot be made is tried again when it is asked for.
func TestAFolderThatComesLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	w := open(t, filepath.Join(dir, "local.db"))
	if s := w.Status(); s.Trouble == nil {
		t.Fatal("there is no folder, and no trouble")
	}
	if err := w.View(func(*bbolt.Tx) error { return nil }); err == nil || !strings.Contains(err.Error(), "is not open") {
		t.Errorf("a view: %v", err)
	}
	if err := w.update(put("a", "x")); err == nil {
		t.Error("an update was kept nowhere")
	}
	w.must(os.Mkdir(dir, 0o700))
	w.eventually("it is open by itself", func() bool { return w.Status().Trouble == nil })
	w.must(w.update(put("a", "x")))
}

func TestRowsOfAnotherVersionAreDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.db")
	other := Tenant{Name: "feeds", Version: 3, Buckets: []string{"feeds.progress"}}
	first := Open(path, Options{}, Tenant{Name: "meter", Version: 1, Buckets: []string{"meter.old", "meter.rows"}}, other)
	for _, bucket := range []string{"meter.old", "meter.rows", "feeds.progress"} {
		if err := (Rows{first, bucket}).Save("a", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := Open(path, Options{Log: slog.New(slog.NewTextHandler(&log, nil))},
		Tenant{Name: "meter", Version: 2, Buckets: []string{"meter.rows"}}, other)
	defer s.Close(t.Context())
	for bucket, want := range map[string]string{"meter.rows": "", "feeds.progress": "x"} {
		if got, err := (Rows{s, bucket}).Load("a"); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", bucket, got, err)
		}
	}
	err := s.View(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte("meter.old")) != nil {
			t.Error("a bucket that nobody declares any more is left")
		}
		return nil
	})
	if err != nil || !strings.Contains(log.String(), "of=meter") {
		t.Errorf("%v, log %s", err, &log)
	}
}

func TestWrongTenantsPanic(t *testing.T) {
	for name, tenants := range map[string][]Tenant{
		"no version":        {{Name: "a"}},
		"twice":             {{Name: "a", Version: 1}, {Name: "a", Version: 1}},
		"another's bucket":  {{Name: "a", Version: 1, Buckets: []string{"b.rows"}}},
		"the store's own":   {{Name: "local", Version: 1, Buckets: []string{"local.tenants"}}},
		"only begins alike": {{Name: "a", Version: 1, Buckets: []string{"ab.rows"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Open(filepath.Join(t.TempDir(), "x.db"), Options{}, tenants...)
		}()
	}
}

// Several files have a writer each, and figures by their names.
func TestFilesOfTheirOwn(t *testing.T) {
	dir, reg := t.TempDir(), prometheus.NewPedanticRegistry()
	a, b := open(t, filepath.Join(dir, "local.db")), open(t, filepath.Join(dir, "telemetry.db"))
	a.Register(reg)
	b.Register(reg)
	release := a.hold()
	w := b
	w.must(w.update(put("a", "x"))) // though the other's writer stands still
	release()
	families, err := reg.Gather()
	w.must(err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			got[f.GetName()+" "+m.Label[0].GetValue()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if len(got) != 8 || got["qingkong_local_updates_total telemetry.db"] != 1 ||
		got["qingkong_local_commits_total telemetry.db"] != 1 ||
		got["qingkong_local_file_bytes telemetry.db"] == 0 {
		t.Errorf("figures %v", got)
	}
}

// BenchmarkUpdate sets small updates of many callers beside as many transactions of one update each.
func BenchmarkUpdate(b *testing.B) {
	row := strings.Repeat("x", 100)
	b.Run("shared", func(b *testing.B) {
		w := fresh(b)
		b.SetParallelism(256)
		var n sync.Map
		b.RunParallel(func(p *testing.PB) {
			id := fmt.Sprintf("%p", p)
			for i := 0; p.Next(); i++ {
				if err := w.update(put(fmt.Sprint(id, i), row)); err != nil {
					b.Error(err)
				}
			}
			n.Store(id, true)
		})
		b.ReportMetric(float64(w.updates.Load())/float64(max(1, w.commits.Load())), "updates/commit")
	})
	b.Run("one_each", func(b *testing.B) {
		w := fresh(b)
		for i := range b.N {
			w.must(w.update(put(fmt.Sprint(i), row)))
		}
	})
}
