package judging

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/local"
)

// ResultsFile is the file of the results, below the data folder.
const ResultsFile = "judged.db"

var judgedBucket = []byte("judged.hours") // hours since 1970, 4 bytes -> row, see pack

// Results is what this node keeps of the results of each hour that it summed: the leaves of the root that the record
// has, one row an hour. A node that did not lead in an hour has nothing of it.
type Results struct {
	store *local.Store
	keep  time.Duration
}

// ResultOptions are how results are kept.
type ResultOptions struct {
	Dir   string
	Keep  time.Duration    // how long behind an hour the older ones stay
	Full  func() error     // the refusal while the disk is nearly full, or nil
	Clock func() time.Time // of the file's state; nil is the machine's
	Log   *slog.Logger
}

// OpenResults opens the file. One that cannot be used is no error: see package local.
func OpenResults(o ResultOptions) *Results {
	return &Results{keep: o.Keep,
		store: local.Open(filepath.Join(o.Dir, ResultsFile), local.Options{Log: o.Log, Full: o.Full, Clock: o.Clock},
			local.Tenant{Name: "judged", Version: 1, Buckets: []string{string(judgedBucket)}, Lost: "judging.lost"})}
}

// Store is the file.
func (r *Results) Store() *local.Store { return r.store }

// Register shows the figures of the file.
func (r *Results) Register(reg prometheus.Registerer) { r.store.Register(reg) }

// Close closes the file, within ctx.
func (r *Results) Close(ctx context.Context) error { return r.store.Close(ctx) }

// trimOnce bounds how many hours go with one that is kept, so that a node that was off for long does not stand still.
const trimOnce = 500

// Keep keeps the leaves of an hour, in the order of their bytes, in place of what was kept of it, and removes hours that
// are too old. It implements the Keep of [Options].
func (r *Results) Keep(ctx context.Context, hour time.Time, leaves [][]byte) error {
	row := packLeaves(leaves)
	oldest := hourKey(hour.Add(-r.keep))
	return r.store.Update(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(judgedBucket)
		c := b.Cursor()
		for n := 0; n < trimOnce; n++ {
			k, _ := c.First()
			if k == nil || string(k) >= string(oldest) {
				break
			}
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return b.Put(hourKey(hour), row)
	})
}

// Of are the leaves of an hour in the order of their bytes; none where the hour is not kept.
func (r *Results) Of(hour time.Time) (leaves [][]byte, err error) {
	err = r.store.View(func(tx *bbolt.Tx) error {
		row := tx.Bucket(judgedBucket).Get(hourKey(hour))
		if row == nil {
			return nil
		}
		leaves, err = unpackLeaves(row)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("judging: results of %s: %w", hour.In(alerts.Shanghai()).Format(time.RFC3339), err)
	}
	return leaves, nil
}

func hourKey(hour time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(hour.Unix()/3600)) // #nosec G115 -- hours of this century
}

// errDamaged is that a row is none.
var errDamaged = errors.New("the row is damaged")

// mostLeaves bounds what a row is unpacked to: 100,000 orders of 20 monitors, of leaves of 300 bytes.
const mostLeaves = 1 << 30

var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostLeaves))
)

// packLeaves is a row: a zstd frame over each leaf behind its length (uvarint). Leaves that stand beside each other are
// alike, so that little is left of them.
func packLeaves(leaves [][]byte) []byte {
	size := 0
	for _, leaf := range leaves {
		size += len(leaf) + binary.MaxVarintLen32
	}
	plain := make([]byte, 0, size)
	for _, leaf := range leaves {
		plain = append(binary.AppendUvarint(plain, uint64(len(leaf))), leaf...)
	}
	return packer.EncodeAll(plain, nil)
}

func unpackLeaves(row []byte) (leaves [][]byte, err error) {
	plain, err := unpacker.DecodeAll(row, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	for len(plain) > 0 {
		size, n := binary.Uvarint(plain)
		if n <= 0 || size > uint64(len(plain)-n) {
			return nil, errDamaged
		}
		end := n + int(size) // #nosec G115 -- no more than there is
		leaves = append(leaves, plain[n:end:end])
		plain = plain[end:]
	}
	return leaves, nil
}
