// Package uploads keeps files that come in pieces until they are whole: what a line lets through before it breaks is not
// sent again. It knows neither HTTP nor what becomes of a file.
//
// An upload is two files of its folder: <id>.json says what it is and how many of its bytes are durable, <id>.part has the
// bytes. What lies in the second beyond that number came with a piece that nobody confirmed, and is written over. So a
// restart, or a power cut, loses nothing that was confirmed. An upload that is complete keeps its first file until it
// expires: whoever did not hear of the end asks again.
package uploads

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"qingkong/alerts/refusal"
)

// Options are the limits of a store.
type Options struct {
	Dir     string        // its folder, made where it is not there
	Most    int64         // bytes of one upload
	Open    int           // uploads of one account that are not complete
	Waiting int64         // bytes that those of one account may have in the end
	InAll   int64         // bytes that lie here
	Expires time.Duration // after the last byte, or the end
	Clock   func() time.Time
	Log     *slog.Logger
}

// mostComplete is how many complete uploads of an account are remembered, so that what nobody needs does not grow.
const mostComplete = 1000

// Upload is what is known of one.
type Upload struct {
	ID       string            `json:"id"`
	Owner    string            `json:"owner"`         // an account
	Key      string            `json:"key,omitempty"` // under which its owner asks for it again
	Length   int64             `json:"length"`        // bytes in the end
	Offset   int64             `json:"offset"`        // bytes that are durable
	Metadata map[string]string `json:"metadata,omitempty"`
	Raw      string            `json:"raw,omitempty"` // the metadata as they were sent
	Expires  time.Time         `json:"expires"`
	Evidence string            `json:"evidence,omitempty"` // what it became; empty until it is complete
}

// Whole says whether all bytes are there.
func (u *Upload) Whole() bool { return u.Offset == u.Length }

// Store keeps uploads. Its methods may be called from any goroutine.
type Store struct {
	opt Options

	mu     sync.Mutex
	opened bool
	all    map[string]*entry
	keys   map[string]string // owner, a space and key -> id
}

// entry is an upload and who works on it. What it says is changed by its holder alone, under the store's lock.
type entry struct {
	Upload
	turn chan struct{} // holds one while somebody works on it
	stop func()        // ends the work of who has the turn; nil while nobody has
}

// New returns a store. Its folder is read when it is first used.
func New(opt Options) *Store {
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{opt: opt, all: map[string]*entry{}, keys: map[string]string{}}
}

// Most is how many bytes an upload may have.
func (s *Store) Most() int64 { return s.opt.Most }

// open reads the folder, once. It is called under the lock.
func (s *Store) open() error {
	switch {
	case s.opened:
		return nil
	case s.opt.Dir == "":
		return refusal.New(refusal.NotReady, "uploads.none", nil)
	}
	if err := os.MkdirAll(s.opt.Dir, 0o700); err != nil {
		return unkept(err)
	}
	files, err := os.ReadDir(s.opt.Dir)
	if err != nil {
		return unkept(err)
	}
	for _, f := range files {
		id, is := strings.CutSuffix(f.Name(), ".json")
		if !is {
			continue
		}
		u, err := s.read(id)
		if err != nil {
			s.opt.Log.Warn("an upload in part cannot be read and is given up", "upload", id, "err", err)
			continue
		}
		s.add(u)
	}
	for _, f := range files { // what belongs to none: a kill left it
		id, _, _ := strings.Cut(f.Name(), ".")
		if s.all[id] == nil || strings.HasSuffix(f.Name(), ".new") {
			if err := os.Remove(s.path(f.Name())); err != nil {
				return unkept(err)
			}
		}
	}
	s.opened = true
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.opt.Dir, name) }

// read reads what an upload is from its file.
func (s *Store) read(id string) (u Upload, err error) {
	text, err := os.ReadFile(s.path(id + ".json"))
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(text, &u); err != nil {
		return u, err
	}
	size := int64(0)
	if info, err := os.Stat(s.path(id + ".part")); err == nil {
		size = info.Size()
	}
	if u.ID != id || u.Owner == "" || u.Offset < 0 || u.Offset > u.Length || u.Evidence == "" && size < u.Offset {
		return u, fmt.Errorf("it says %d of %d bytes, and %d are there", u.Offset, u.Length, size)
	}
	return u, nil
}

func (s *Store) add(u Upload) *entry {
	e := &entry{Upload: u, turn: make(chan struct{}, 1)}
	s.all[u.ID] = e
	if u.Key != "" {
		s.keys[u.Owner+" "+u.Key] = u.ID
	}
	return e
}

// Create begins an upload of an account: u has its owner, key, length and metadata. An equal one under the same key is the
// same, and one that differs is refused (conflict). Refused are an upload that is larger than one may be (too_large), one
// beyond what its account may have open or waiting, or beyond what lies here (rate_limited), and one that the disk does
// not take (not_ready).
func (s *Store) Create(u Upload) (Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return u, err
	}
	if err := s.sweep(); err != nil {
		return u, err
	}
	if u.Key != "" {
		if was := s.all[s.keys[u.Owner+" "+u.Key]]; was != nil {
			if was.Length != u.Length || !maps.Equal(was.Metadata, u.Metadata) {
				return u, refusal.New(refusal.Conflict, "uploads.key", nil)
			}
			return was.Upload, nil
		}
	}
	if err := s.mayCreate(u); err != nil {
		return u, err
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	u.ID, u.Offset, u.Evidence, u.Expires = hex.EncodeToString(id[:]), 0, "", s.opt.Clock().Add(s.opt.Expires)
	f, err := os.OpenFile(s.path(u.ID+".part"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return u, unkept(err)
	}
	if err := errors.Join(f.Close(), s.write(u)); err != nil {
		return u, errors.Join(unkept(err), os.Remove(s.path(u.ID+".part")))
	}
	s.add(u)
	return u, nil
}

// mayCreate holds a new upload against the limits.
func (s *Store) mayCreate(u Upload) error {
	if u.Length > s.opt.Most {
		return refusal.New(refusal.TooLarge, "uploads.size", refusal.Args{"limit": s.opt.Most >> 20})
	}
	open, waiting := 0, u.Length
	for _, e := range s.all {
		if e.Owner == u.Owner && e.Evidence == "" {
			open++
			waiting += e.Length
		}
	}
	switch {
	case open >= s.opt.Open:
		return refusal.New(refusal.RateLimited, "uploads.open", refusal.Args{"limit": s.opt.Open, "retry_after": 60})
	case waiting > s.opt.Waiting:
		return refusal.New(refusal.RateLimited, "uploads.waiting", refusal.Args{"limit": s.opt.Waiting >> 20, "retry_after": 60})
	}
	return s.room()
}

// room refuses where as much lies here as may. It is called under the lock.
func (s *Store) room() error {
	lies := int64(0)
	for _, e := range s.all {
		if e.Evidence == "" {
			lies += e.Offset
		}
	}
	if lies >= s.opt.InAll {
		return refusal.New(refusal.RateLimited, "uploads.full", refusal.Args{"retry_after": 300})
	}
	return nil
}

// write makes durable what an upload is.
func (s *Store) write(u Upload) error {
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	name := s.path(u.ID + ".json")
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	d, err := os.Open(s.opt.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// remove forgets an upload, whose holder calls it. It is called under the lock.
func (s *Store) remove(e *entry) error {
	delete(s.all, e.ID)
	if id := s.keys[e.Owner+" "+e.Key]; id == e.ID {
		delete(s.keys, e.Owner+" "+e.Key)
	}
	for _, end := range []string{".json", ".part"} { // in this order: a part without the other is removed at the next start
		if err := os.Remove(s.path(e.ID + end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unkept(err)
		}
	}
	return nil
}

// Sweep removes what has expired.
func (s *Store) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	return s.sweep()
}

// sweep is Sweep, under the lock. It also forgets the complete uploads of an account that are too many, the oldest first.
func (s *Store) sweep() error {
	now := s.opt.Clock()
	complete, oldest := map[string]int{}, map[string]*entry{}
	for _, e := range s.all {
		if e.stop != nil {
			continue
		}
		if !e.Expires.After(now) {
			if err := s.remove(e); err != nil {
				return err
			}
			continue
		}
		if e.Evidence == "" {
			continue
		}
		complete[e.Owner]++
		if o := oldest[e.Owner]; o == nil || e.Expires.Before(o.Expires) {
			oldest[e.Owner] = e
		}
	}
	for owner, n := range complete {
		if n > mostComplete {
			if err := s.remove(oldest[owner]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run sweeps until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	const every = 10 * time.Minute
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.Sweep(); err != nil {
			s.opt.Log.Warn("uploads that were abandoned could not be removed; that is tried again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unkept is the refusal of what this machine cannot keep: it may be sent again.
func unkept(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) { // without the name of a file that nobody can see
		err = file.Err
	}
	return refusal.New(refusal.NotReady, "uploads.disk", refusal.Args{"why": err})
}
