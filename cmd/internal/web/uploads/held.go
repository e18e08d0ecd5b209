package uploads

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"qingkong/alerts/refusal"
)

// Held is an upload that one caller works on, until Release.
type Held struct {
	s *Store
	e *entry
}

// takeWithin bounds how long somebody waits for the turn of one whose work was ended.
const takeWithin = 10 * time.Second

// Take takes an upload of an account, to work on it alone. Whoever has it loses it: a phone that comes back over a new line
// does not wait until its broken one is noticed. stop is called, again and again, from when another takes it until it is
// released: it has to end what waits for more bytes. Another's upload is not_found as one that there is not.
func (s *Store) Take(ctx context.Context, owner, id string, stop func()) (*Held, error) {
	ctx, cancel := context.WithTimeout(ctx, takeWithin)
	defer cancel()
	e, err := s.find(owner, id)
	if err != nil {
		return nil, err
	}
	const again = 20 * time.Millisecond // who begins to wait just as it is told does not hear
	for tick := time.NewTimer(0); ; tick.Reset(again) {
		select {
		case e.turn <- struct{}{}:
			tick.Stop()
			return s.took(e, stop)
		case <-tick.C:
			s.mu.Lock()
			end := e.stop
			s.mu.Unlock()
			if end != nil {
				end()
			}
		case <-ctx.Done():
			tick.Stop()
			return nil, refusal.New(refusal.NotReady, "uploads.busy", nil)
		}
	}
}

func (s *Store) find(owner, id string) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return nil, err
	}
	e := s.all[id]
	if e == nil || e.Owner != owner || !e.Expires.After(s.opt.Clock()) {
		return nil, unknown(id)
	}
	return e, nil
}

func unknown(id string) error {
	return refusal.New(refusal.NotFound, "uploads.not_found", refusal.Args{"id": refusal.Shown(id)})
}

// took is that the turn came: the upload may have been removed meanwhile.
func (s *Store) took(e *entry, stop func()) (*Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[e.ID] != e {
		<-e.turn
		return nil, unknown(e.ID)
	}
	if stop == nil {
		stop = func() {}
	}
	e.stop = stop
	return &Held{s, e}, nil
}

// Release lets others work on it.
func (h *Held) Release() {
	h.s.mu.Lock()
	h.e.stop = nil
	h.s.mu.Unlock()
	<-h.e.turn
}

// Upload is what is known of it.
func (h *Held) Upload() Upload {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return h.e.Upload
}

// pieceBuffer is how much of a piece is in memory.
const pieceBuffer = 64 << 10

// Append adds what r gives, at most limit bytes, and returns how many those are. They are durable when it returns, whatever
// ended the reading: an error of r comes back with the bytes that came before it. check, which may be nil, sees all bytes
// and has the last word: where it is an error none of them counts. More than the upload's length is refused (too_large),
// and adds nothing beyond it.
func (h *Held) Append(r io.Reader, limit int64, check interface {
	io.Writer
	Err(whole bool) error
}) (n int64, err error) {
	u := h.Upload()
	h.s.mu.Lock()
	err = h.s.room()
	h.s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(h.s.path(u.ID+".part"), os.O_WRONLY, 0)
	if err != nil {
		return 0, unkept(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	left := min(limit, u.Length-u.Offset)
	var to io.Writer = io.NewOffsetWriter(f, u.Offset)
	if check != nil {
		to = io.MultiWriter(to, check)
	}
	n, broken := copyPiece(to, io.LimitReader(r, left))
	if broken == nil {
		if m, _ := io.ReadFull(r, make([]byte, 1)); m > 0 {
			broken = refusal.New(refusal.TooLarge, "uploads.long", refusal.Args{"limit": limit >> 20, "length": u.Length})
		}
	}
	if check != nil {
		if err := check.Err(broken == nil); err != nil {
			return 0, errors.Join(broken, err)
		}
	}
	if n == 0 {
		return 0, broken
	}
	if err := f.Sync(); err != nil {
		return 0, unkept(err)
	}
	u.Offset += n
	u.Expires = h.s.opt.Clock().Add(h.s.opt.Expires)
	if err := h.keep(u); err != nil {
		return 0, err
	}
	return n, broken
}

// copyPiece copies until the end or an error, of the disk as a refusal.
func copyPiece(to io.Writer, from io.Reader) (n int64, err error) {
	buf := make([]byte, pieceBuffer)
	for {
		m, err := from.Read(buf)
		if m > 0 {
			if _, err := to.Write(buf[:m]); err != nil {
				return n, unkept(err)
			}
			n += int64(m)
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

// keep has an upload be as it says, durably.
func (h *Held) keep(u Upload) error {
	if err := h.s.write(u); err != nil {
		return unkept(err)
	}
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	h.e.Upload = u
	return nil
}

// Open opens the bytes of an upload that is whole.
func (h *Held) Open() (*os.File, error) {
	f, err := os.Open(h.s.path(h.e.ID + ".part"))
	if err != nil {
		return nil, unkept(err)
	}
	return f, nil
}

// Complete says what an upload has become. Its bytes go.
func (h *Held) Complete(evidence string) error {
	u := h.Upload()
	u.Evidence, u.Expires = evidence, h.s.opt.Clock().Add(h.s.opt.Expires)
	if err := h.keep(u); err != nil {
		return err
	}
	if err := os.Remove(h.s.path(u.ID + ".part")); err != nil {
		h.s.opt.Log.Warn("the bytes of a complete upload could not be removed; they go with it", "upload", u.ID, "err", err)
	}
	return nil
}

// Drop ends an upload: nothing of it stays.
func (h *Held) Drop() error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return h.s.remove(h.e)
}
