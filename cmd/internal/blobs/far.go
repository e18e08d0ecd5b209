package blobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"qingkong/alerts/refusal"
)

// Far is what several nodes share. Every call ends with its context.
type Far interface {
	// Put stores a blob; the same again is no error.
	Put(ctx context.Context, name string, r io.Reader) error
	// Get gives a blob, ErrMissing where it has none of that name. The caller compares what it reads with the name.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Remove removes a blob for good; one that is not there is removed.
	Remove(ctx context.Context, name string) error
	// Stored is when a blob was put last, ErrMissing where there is none.
	Stored(ctx context.Context, name string) (time.Time, error)
	// Names are the names of all blobs.
	Names(ctx context.Context) ([]string, error)
}

// How long one operation on the object store may take: one of a whole blob, and any other.
const (
	moveWithin = time.Minute
	askWithin  = 5 * time.Second
)

// give puts a blob that is here into the object store.
func (s *Store) give(ctx context.Context, name string) error {
	// one that is silent is not waited for long
	if _, err := s.storedFar(ctx, name); err != nil && !errors.Is(err, ErrMissing) {
		return unreachable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	f, err := os.Open(s.path(name))
	if err == nil {
		err = errors.Join(s.far.Put(ctx, name, f), f.Close())
	}
	if err != nil {
		return unreachable(err)
	}
	return nil
}

func unreachable(err error) error {
	return refusal.New(refusal.NotReady, "blobs.unreachable", refusal.Args{"why": err})
}

func (s *Store) removeFar(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return s.far.Remove(ctx, name)
}

func (s *Store) storedFar(ctx context.Context, name string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return s.far.Stored(ctx, name)
}

// take brings a blob from the object store, and keeps what has its hash alone.
func (s *Store) take(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	r, err := s.far.Get(ctx, name)
	if errors.Is(err, ErrMissing) {
		return err
	}
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = r.Close() }() // it was read, and its hash says how much
	f, err := s.temp()
	if err != nil {
		return unkept(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // it has its place by then, or is wanted by nobody
	sum := sha256.New()
	if _, err := copyTo(ctx, f, sum, io.LimitReader(r, MaxBytes+1)); err != nil {
		if refusal.CodeOf(err) == "" {
			err = unreachable(err)
		}
		return errors.Join(err, f.Close())
	}
	if nameOf(sum) != name {
		return errors.Join(fmt.Errorf("%w: %s in the object store", ErrDamaged, name), f.Close())
	}
	return s.keep(f, name)
}

// Mend makes here and object store hold a blob that one of them has: a file that is missing or damaged is taken from
// there, and what the object store lacks is given to it. On a node of its own it says what is wrong.
func (s *Store) Mend(ctx context.Context, name string, wrong error) error {
	switch {
	case s.far == nil:
		return wrong
	case Bad(wrong):
		err := s.take(ctx, name)
		if Bad(err) {
			return wrong
		}
		return err
	case wrong != nil:
		return wrong
	}
	_, err := s.storedFar(ctx, name)
	if errors.Is(err, ErrMissing) {
		return s.give(ctx, name)
	}
	return err
}

// All are the names of the blobs here and in the object store.
func (s *Store) All(ctx context.Context) (names []string, err error) {
	there := map[string]bool{}
	if s.far != nil {
		listing, cancel := context.WithTimeout(ctx, moveWithin)
		names, err = s.far.Names(listing)
		cancel()
		if err != nil {
			return nil, unreachable(err)
		}
		for _, name := range names {
			there[name] = true
		}
	}
	err = s.Names(func(name string, _ time.Time) error {
		if !there[name] {
			names = append(names, name)
		}
		return ctx.Err()
	})
	return names, err
}

// objects is a JetStream object store. It is opened when it is needed, and again after it was lost.
type objects struct {
	js  jetstream.JetStream
	cfg jetstream.ObjectStoreConfig

	mu    sync.Mutex
	store jetstream.ObjectStore
}

// Bucket is the object store that the nodes share.
const Bucket = "QINGKONG_BLOBS"

// Objects is the object store of a server, made where it is not there.
func Objects(js jetstream.JetStream) Far {
	return &objects{js: js, cfg: jetstream.ObjectStoreConfig{Bucket: Bucket, Storage: jetstream.FileStorage,
		Description: "content by its hash, which must be erasable; the record names it"}}
}

func (o *objects) open(ctx context.Context) (jetstream.ObjectStore, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.store != nil {
		return o.store, nil
	}
	store, err := o.js.ObjectStore(ctx, o.cfg.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		store, err = o.js.CreateObjectStore(ctx, o.cfg)
	}
	if err == nil {
		o.store = store
	}
	return store, err
}

// do calls fn with the store. Nothing of that name is ErrMissing, and a store that is gone is opened anew next time.
func (o *objects) do(ctx context.Context, fn func(store jetstream.ObjectStore) error) error {
	store, err := o.open(ctx)
	if err == nil {
		err = fn(store)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return ErrMissing
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.Is(err, nats.ErrNoResponders):
		o.mu.Lock()
		o.store = nil
		o.mu.Unlock()
	}
	return fmt.Errorf("%s: %w", o.cfg.Bucket, err)
}

func (o *objects) Put(ctx context.Context, name string, r io.Reader) error {
	return o.do(ctx, func(store jetstream.ObjectStore) error {
		_, err := store.Put(ctx, jetstream.ObjectMeta{Name: name}, r)
		return err
	})
}

func (o *objects) Get(ctx context.Context, name string) (r io.ReadCloser, err error) {
	err = o.do(ctx, func(store jetstream.ObjectStore) (err error) { r, err = store.Get(ctx, name); return err })
	return r, err
}

func (o *objects) Remove(ctx context.Context, name string) error {
	err := o.do(ctx, func(store jetstream.ObjectStore) error {
		if _, err := store.GetInfo(ctx, name); err != nil { // one that is removed is not marked so again
			return err
		}
		return store.Delete(ctx, name)
	})
	if errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}

func (o *objects) Stored(ctx context.Context, name string) (at time.Time, err error) {
	err = o.do(ctx, func(store jetstream.ObjectStore) error {
		info, err := store.GetInfo(ctx, name)
		if err == nil {
			at = info.ModTime
		}
		return err
	})
	return at, err
}

func (o *objects) Names(ctx context.Context) (names []string, err error) {
	err = o.do(ctx, func(store jetstream.ObjectStore) error {
		list, err := store.List(ctx)
		if errors.Is(err, jetstream.ErrNoObjectsFound) {
			return nil
		}
		for _, info := range list {
			if Valid(info.Name) {
				names = append(names, info.Name)
			}
		}
		return err
	})
	return names, err
}
