package feed

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"qingkong/alerts/refusal"
)

// state is what a feed remembers over a restart.
type state struct {
	FirstStart time.Time           `json:"first_start"`
	TakenAt    time.Time           `json:"taken_at,omitzero"`
	Silent     bool                `json:"silent"` // as the handler was told
	Address    address             `json:"address,omitzero"`
	Left       map[string]leftover `json:"left,omitempty"` // by file name: answered, but could not be moved away
	Refused    refusals            `json:"refused,omitzero"`
}

// address is what a URL last brought. It is kept after the answer to it, never before: else a document that the
// handler was not ready for would be "not modified" from then on.
type address struct {
	URL          string `json:"url"` // SHA-256: of another URL, the rest says nothing; and a URL may hold a secret
	ETag         string `json:"etag,omitzero"`
	LastModified string `json:"last_modified,omitzero"`
	Body         string `json:"body,omitzero"` // SHA-256
}

// leftover is a file that stays in its folder. Path is the folder, so that a feed that moved elsewhere starts afresh.
type leftover struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"` // empty for a file too large to be read
}

// Keep is where feeds keep what they know over a restart: a row by the feed's name. Load of a row that is not there is
// nil. Both end in bounded time.
type Keep interface {
	Load(name string) ([]byte, error)
	Save(name string, row []byte) error
}

// store keeps a state in memory and in its row.
type store struct {
	name  string
	keep  Keep
	log   *slog.Logger
	mu    sync.Mutex
	state state
}

// open reads the state. A state that cannot be read or understood is given up with a warning: an emergency system that
// does not start because of a cache is worse than a document that is offered twice.
func (s *store) open(keep Keep, name string, log *slog.Logger) {
	s.name, s.keep, s.log = name, keep, log
	row, err := keep.Load(name)
	if err == nil && row != nil {
		err = json.Unmarshal(row, &s.state)
	}
	if err != nil {
		log.Warn("state cannot be read and is begun anew", "error", err)
		s.state = state{}
	}
}

// takeOver moves the states that an earlier program kept in files of the folder, NAME.json, into rows. A row that
// exists is the newer one: its file was taken over before and could not be removed. A state that cannot be moved is
// begun anew.
func takeOver(dir string, keep Keep, log *slog.Logger) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		log.Warn("old states cannot be found and are begun anew", "folder", dir, "error", err)
	}
	for _, file := range files {
		if err := takeOverFile(file, keep); err != nil {
			log.Warn("an old state could not be taken over", "file", file, "error", err)
		}
	}
}

func takeOverFile(file string, keep Keep) error {
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	row, err := keep.Load(name)
	if err != nil {
		return err
	}
	if row == nil {
		if row, err = os.ReadFile(file); err != nil {
			return err
		}
		if err := keep.Save(name, row); err != nil {
			return err
		}
	}
	return os.Remove(file)
}

// begin notes the first start, from which a feed that never brought anything counts its silence. A moment noted by a
// clock that was ahead is brought back to now, or the alarm would be off until then.
func (s *store) begin(now time.Time) {
	s.set(func(st *state) {
		if st.FirstStart.IsZero() || st.FirstStart.After(now) {
			st.FirstStart = now
		}
		if st.TakenAt.After(now) {
			st.TakenAt = now
		}
	})
}

// get returns the state as it is now.
func (s *store) get() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.state
	out.Left = maps.Clone(out.Left)
	return out
}

// set changes the state and writes it. A failure to write is logged only: the change holds in memory.
func (s *store) set(change func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	row, err := json.Marshal(s.state)
	if err == nil {
		err = s.keep.Save(s.name, row)
	}
	if err != nil {
		s.log.Error("state not kept; after a restart documents may be offered again", "error",
			fmt.Errorf("feed: state: %w", err))
	}
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
		f.log.Warn("feed is silent", "since", since.In(refusal.Shanghai()))
	} else {
		f.log.Info("feed is heard again")
	}
	failed := f.guard("silent", func() { f.h.Silent(ctx, f.Name, silent, f.moment(since)) })
	if failed == nil && ctx.Err() == nil {
		f.set(func(s *state) { s.Silent = silent })
	}
}
