package notary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"qingkong/cmd/internal/local"
)

// Store keeps what is kept of checkpoints, by compare-and-set, so that of two nodes which both think that they lead one
// alone signs. Every call ends with its context.
type Store interface {
	// Load is what is kept, and its revision; the zero value of both where nothing is.
	Load(ctx context.Context) (Kept, uint64, error)
	// Swap puts k in the place of what has that revision, or returns [ErrMoved].
	Swap(ctx context.Context, k Kept, revision uint64) (uint64, error)
	// Want asks whoever leads for a checkpoint of at least so many entries; Wanted is the most that was asked for.
	Want(ctx context.Context, size int64) error
	Wanted(ctx context.Context) (int64, error)
}

// ErrMoved is that another node put something else there meanwhile.
var ErrMoved = errors.New("notary: another node signed meanwhile")

// Rows are where a node of its own keeps its checkpoints, a bucket of a tenant of the local store.
const Rows = "ledger.checkpoints"

const (
	keptRow   = "kept"
	wantedRow = "wanted"
)

// Alone keeps checkpoints on a node of its own. The folder's lock keeps others out.
type Alone struct {
	Rows local.Rows

	mu       sync.Mutex
	revision uint64
	wanted   int64
}

// Load implements Store.
func (a *Alone) Load(context.Context) (k Kept, revision uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	row, err := a.Rows.Load(keptRow)
	if row != nil && err == nil {
		err = json.Unmarshal(row, &k)
	}
	return k, a.revision, err
}

// Swap implements Store.
func (a *Alone) Swap(_ context.Context, k Kept, revision uint64) (uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if revision != a.revision {
		return 0, ErrMoved
	}
	row, err := json.Marshal(k)
	if err != nil {
		return 0, err
	}
	if err := a.Rows.Save(keptRow, row); err != nil {
		return 0, err
	}
	a.revision++
	return a.revision, nil
}

// Want implements Store.
func (a *Alone) Want(_ context.Context, size int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted = max(a.wanted, size)
	return nil
}

// Wanted implements Store.
func (a *Alone) Wanted(context.Context) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wanted, nil
}

// Bucket is the key-value bucket, in the journal's account, where several nodes keep their checkpoints.
const Bucket = "QINGKONG_LEDGER"

// Shared keeps the checkpoints of several nodes.
type Shared struct {
	JS jetstream.JetStream
}

func (s *Shared) open(ctx context.Context) (jetstream.KeyValue, error) {
	kv, err := s.JS.KeyValue(ctx, Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = s.JS.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: Bucket, History: 1, Storage: jetstream.FileStorage,
			Description: "the last checkpoint of the ledger and what witnesses cosigned"})
	}
	if err != nil {
		return nil, fmt.Errorf("notary: %s: %w", Bucket, err)
	}
	return kv, nil
}

// Load implements Store.
func (s *Shared) Load(ctx context.Context) (k Kept, revision uint64, err error) {
	kv, err := s.open(ctx)
	if err != nil {
		return k, 0, err
	}
	e, err := kv.Get(ctx, keptRow)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return k, 0, nil
	case err != nil:
		return k, 0, err
	}
	return k, e.Revision(), json.Unmarshal(e.Value(), &k)
}

// Swap implements Store.
func (s *Shared) Swap(ctx context.Context, k Kept, revision uint64) (uint64, error) {
	kv, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	row, err := json.Marshal(k)
	if err != nil {
		return 0, err
	}
	next, err := kv.Update(ctx, keptRow, row, revision)
	var refused *jetstream.APIError
	if errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return 0, ErrMoved
	}
	return next, err
}

// Want implements Store.
func (s *Shared) Want(ctx context.Context, size int64) error {
	have, err := s.Wanted(ctx)
	if err != nil || have >= size {
		return err
	}
	kv, err := s.open(ctx)
	if err != nil {
		return err
	}
	_, err = kv.PutString(ctx, wantedRow, strconv.FormatInt(size, 10)) // a smaller one over a larger is asked for again
	return err
}

// Wanted implements Store.
func (s *Shared) Wanted(ctx context.Context) (int64, error) {
	kv, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	e, err := kv.Get(ctx, wantedRow)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return strconv.ParseInt(string(e.Value()), 10, 64)
}
