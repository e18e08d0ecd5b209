package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// state is what a feed remembers over a restart.
type state struct {
	FirstStart time.Time       `json:"first_start"`
	TakenAt    time.Time       `json:"taken_at,omitzero"`
	Silent     bool            `json:"silent"` // as the handler was told
	Address    address         `json:"address,omitzero"`
	Left       map[string]left `json:"left,omitempty"` // by file name: answered, but could not be moved away
	Refused    refusals        `json:"refused,omitzero"`
}

// address is what a URL last brought. It is kept after the answer to it, never before: else a document that the
// handler was not ready for would be "not modified" from then on.
type address struct {
	URL          string `json:"url"` // SHA-256: of another URL, the rest says nothing; and a URL may hold a secret
	ETag         string `json:"etag,omitzero"`
	LastModified string `json:"last_modified,omitzero"`
	Body         string `json:"body,omitzero"` // SHA-256
}

// left is a file that stays in its folder. Path is the folder, so that a feed that moved elsewhere starts afresh.
type left struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"` // empty for a file too large to be read
}

// store keeps a state in memory and in its file.
type store struct {
	file  string
	log   *slog.Logger
	mu    sync.Mutex
	state state
}

// open reads the state. One that cannot be understood is given up with a warning: an emergency system that does not
// start for a cache is worse than a document that is offered twice.
func (s *store) open(dir, name string, log *slog.Logger) error {
	s.file, s.log = filepath.Join(dir, name+".json"), log
	data, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("feed: state of %s: %w", name, err)
	}
	if err := json.Unmarshal(data, &s.state); err != nil {
		log.Warn("state cannot be read and is begun anew", "file", s.file, "error", err)
		s.state = state{}
	}
	return nil
}

// begin notes the first start, from which a feed that never brought anything counts its silence. A moment noted by a
// clock that was ahead is brought back to now, or the alarm would be off until then.
func (s *store) begin(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.FirstStart.IsZero() || s.state.FirstStart.After(now) {
		s.state.FirstStart = now
	}
	if s.state.TakenAt.After(now) {
		s.state.TakenAt = now
	}
	return s.save()
}

// get returns the state as it is now.
func (s *store) get() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.state
	out.Left = maps.Clone(out.Left)
	return out
}

// set changes the state and writes it. That it cannot be written is logged and no more: it holds in memory.
func (s *store) set(change func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	if err := s.save(); err != nil {
		s.log.Error("state not kept; after a restart documents may be offered again", "error", err)
	}
}

// save replaces the file in one step, so that a crash leaves the old state or the new one.
func (s *store) save() (err error) {
	data, err := json.Marshal(s.state, jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("feed: state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.file), ".state-*")
	if err != nil {
		return fmt.Errorf("feed: state: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), s.file)
	}
	if err != nil {
		return fmt.Errorf("feed: state: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// weigh tells the handler when the feed fell silent or is so no more. The telling is noted after it was done, and
// not when it failed or ctx ended meanwhile: an alarm told twice is better than one lost.
func (f *feed) weigh(ctx context.Context) {
	f.voice.Lock()
	defer f.voice.Unlock()
	s := f.get()
	since := s.FirstStart
	if s.TakenAt.After(since) {
		since = s.TakenAt
	}
	silent := f.SilentAfter > 0 && time.Since(since) >= f.SilentAfter
	if silent == s.Silent || ctx.Err() != nil {
		return
	}
	if silent {
		f.log.Warn("feed is silent", "since", since.In(f.zone))
	} else {
		f.log.Info("feed is heard again")
	}
	failed := f.guard("silent", func() { f.h.Silent(ctx, f.Name, silent, f.moment(since)) })
	if failed == nil && ctx.Err() == nil {
		f.set(func(s *state) { s.Silent = silent })
	}
}
