package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"qingkong/alerts"
)

// desk is a handler that keeps what it was given.
type desk struct {
	mu      sync.Mutex
	answer  func(Document) error // nil takes everything
	asked   []Document
	taken   []Document
	takenAt []time.Time
	told    []string
}

func (d *desk) Take(_ context.Context, doc Document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, doc)
	if d.answer != nil {
		if err := d.answer(doc); err != nil {
			return err
		}
	}
	d.taken = append(d.taken, doc)
	d.takenAt = append(d.takenAt, time.Now())
	return nil
}

func (d *desk) Silent(_ context.Context, feed string, silent bool, since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, fmt.Sprintf("%s %v since %s at %s", feed, silent, since.Format("02 15:04:05 -07"),
		time.Now().In(since.Location()).Format("02 15:04")))
}

// answerWith changes what the desk answers while the feed runs.
func (d *desk) answerWith(answer func(Document) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

// so returns how often the desk was asked, and what it has taken, and when.
func (d *desk) so() (asked int, taken []Document, at []time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked), slices.Clone(d.taken), slices.Clone(d.takenAt)
}

// names lists "name format" of documents.
func names(docs []Document) []string {
	out := []string{}
	for _, d := range docs {
		out = append(out, d.Name+" "+d.Format)
	}
	return out
}

func (d *desk) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := names(d.asked); !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
}

func (d *desk) wantTold(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.told, want) {
		t.Errorf("told:\n\t%s\nwant:\n\t%s", strings.Join(d.told, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// inbox is a folder feed in a bubble, where the clock is the test's; the file system is the real one.
type inbox struct {
	t     *testing.T
	desk  *desk
	dir   string
	state string
	log   bytes.Buffer
	stop  func()
}

// keepIn is a Keep that outlives the feeds, as files below a folder.
type keepIn string

func (k keepIn) file(name string) string { return filepath.Join(string(k), "rows", name) }

func (k keepIn) Load(name string) ([]byte, error) {
	row, err := os.ReadFile(k.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return row, err
}

func (k keepIn) Save(name string, row []byte) error {
	return errors.Join(os.MkdirAll(filepath.Dir(k.file(name)), 0o700), os.WriteFile(k.file(name), row, 0o600))
}

// newInbox has a folder with a subfolder for the state; start runs the feed on it.
func newInbox(t *testing.T) *inbox {
	in := &inbox{t: t, desk: &desk{}, dir: filepath.Join(t.TempDir(), "inbox"), state: filepath.Join(t.TempDir(), "state"),
		stop: func() {}}
	must(t, os.Mkdir(in.dir, 0o755))
	return in
}

func (in *inbox) source() Source {
	return Source{Name: "emc", Kind: "folder", Path: in.dir, Schedule: "*/5 * * * *", Source: "tianjin-emc"}
}

func (in *inbox) start(s Source) *Feeds {
	in.t.Helper()
	feeds, err := New([]Source{s}, in.state, keepIn(in.state), in.desk, slog.New(slog.NewTextHandler(&in.log, nil)))
	must(in.t, err)
	ctx, cancel := context.WithCancel(in.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); feeds.Run(ctx) }()
	in.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	return feeds
}

// put writes a file as of now on the test's clock.
func (in *inbox) put(name, content string) {
	in.t.Helper()
	path := filepath.Join(in.dir, name)
	must(in.t, os.WriteFile(path, []byte(content), 0o644))
	in.touch(name, time.Now())
}

func (in *inbox) touch(name string, at time.Time) {
	in.t.Helper()
	must(in.t, os.Chtimes(filepath.Join(in.dir, name), at, at))
}

// read returns a file's content, or "" when there is none.
func (in *inbox) read(name string) string {
	in.t.Helper()
	data, err := os.ReadFile(filepath.Join(in.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		in.t.Fatal(err)
	}
	return string(data)
}

// wantFiles compares every file below the folder.
func (in *inbox) wantFiles(want ...string) {
	in.t.Helper()
	got := []string{}
	must(in.t, filepath.WalkDir(in.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != in.dir && (!e.IsDir() || e.Name() != takenDir && e.Name() != refusedDir) {
			rel, _ := filepath.Rel(in.dir, path)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	}))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		in.t.Errorf("files %q, want %q", got, want)
	}
}

// wrong is a refusal as the real handler gives it.
func wrong() error {
	_, err := alerts.ReadCSV(strings.NewReader("date,aqi\n2016-12-15,200\n2016-12-16,5oo\n2016-12-17,200\n2016-12-18,200\n2016-12-19,200\n13月1日,200\n"))
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// endingDesk is a desk whose program is told to end while it is told of a silence.
type endingDesk struct {
	*desk
	end func()
}

func (d *endingDesk) Silent(ctx context.Context, feed string, silent bool, since time.Time) {
	d.desk.Silent(ctx, feed, silent, since)
	d.end()
	<-ctx.Done()
}

// contextUntil ends when done is closed.
func contextUntil(t *testing.T, done <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
