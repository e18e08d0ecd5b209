package local

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// write is the writer: it alone changes the file. When the store is closed it writes what waits and ends.
func (s *Store) write() {
	defer close(s.ended)
	for {
		select {
		case u := <-s.queue:
			s.commit(s.gather(u))
		case <-s.looks:
			s.heal()
		case <-s.stop:
			for {
				select {
				case u := <-s.queue:
					s.commit(s.gather(u))
				default:
					return
				}
			}
		}
	}
}

// gather takes all that waits behind an update, but for what was given up.
func (s *Store) gather(u *update) (batch []*update) {
	for {
		if u.stage.CompareAndSwap(waiting, taken) {
			batch = append(batch, u)
		}
		if len(batch) == cap(s.queue) {
			return batch
		}
		select {
		case u = <-s.queue:
		default:
			return batch
		}
	}
}

// commit writes a batch in one transaction, and answers each of its updates. One that fails is taken out, and the
// rest is done again.
func (s *Store) commit(batch []*update) {
	s.busy.Store(s.opt.Clock().UnixNano())
	defer s.busy.Store(0)
	for len(batch) > 0 {
		at, err := s.try(batch)
		if at < 0 {
			s.found(err)
			s.updates.Add(uint64(len(batch)))
			for _, u := range batch {
				u.done <- err
			}
			return
		}
		batch[at].done <- err
		batch = append(batch[:at:at], batch[at+1:]...)
	}
}

// try does a batch in one transaction. at is the update that failed, where it is one that did; nothing is kept on an
// error.
func (s *Store) try(batch []*update) (at int, err error) {
	for again := true; ; again = false {
		at = -1
		if s.db == nil {
			if err := s.open(); err != nil {
				return at, err
			}
		}
		err = guard(func() error {
			return s.db.Update(func(tx *bbolt.Tx) error {
				for i, u := range batch {
					at = i
					if err := u.fn(tx); err != nil {
						return err
					}
				}
				at = -1
				return nil
			})
		})
		var f *fault
		switch {
		case err == nil:
			s.commits.Add(1)
			return at, nil
		case !errors.As(err, &f):
			if at < 0 {
				err = fmt.Errorf("local: write %s: %w", s.path, err)
			}
			return at, err
		}
		if why := damage(s.path); again && why != "" {
			if err := s.renew(why); err != nil {
				return -1, err
			}
			continue
		}
		s.opt.Log.Error("an update of a local store panicked", "file", s.path, "panic", f.what, "trace", string(f.trace))
		return at, err
	}
}

// heal opens a file that is not open, and makes one anew that is suspect and turns out to be damaged.
func (s *Store) heal() {
	if s.db == nil {
		s.found(s.open())
		return
	}
	if !s.suspect.Swap(false) {
		return
	}
	if why := damage(s.path); why != "" {
		s.found(s.renew(why))
	}
}

// renew puts the file aside that is open and damaged, and begins another.
func (s *Store) renew(why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.shut(); err != nil {
		s.opt.Log.Warn("a damaged local store does not close", "file", s.path, "err", err)
	}
	if err := s.putAside(why); err != nil {
		return err
	}
	return s.openFile()
}
