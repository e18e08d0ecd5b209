package frames

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// ErrOpen is why an hour has no root yet: more may come in it.
var ErrOpen = errors.New("frames: the hour is not over")

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight // leaves
)

// state is the row of the log as a whole.
type state struct {
	seq  uint64    // of the last chunk
	at   time.Time // that reception has come to
	from int64     // the hour from which on hours are known
	hour int64     // of at: the one that grows
	n    int64     // its leaves
	edge []tlog.Hash
	text []byte // of a leaf, used again
}

// hourRow is what stands in frames.hours of an hour with leaves.
type hourRow struct {
	leaves int64 // 0 while it grows
	root   tlog.Hash
}

func load(tx *bbolt.Tx) (s state, err error) {
	b := tx.Bucket(stateBucket).Get(stateKey)
	if b == nil {
		s.at = time.UnixMilli(0).In(hj212.Beijing)
		return s, nil
	}
	const head = 5 * 8
	if len(b) < head {
		return s, errors.New("frames: the row of the log's state is damaged")
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	s = state{seq: uint64(n(0)), at: time.UnixMilli(n(1)).In(hj212.Beijing), from: n(2), hour: n(3), n: n(4)}
	if len(b) != head+bits.OnesCount64(uint64(s.n))*tlog.HashSize {
		return s, errors.New("frames: the row of the log's state is damaged")
	}
	for rest := b[head:]; len(rest) > 0; rest = rest[tlog.HashSize:] {
		s.edge = append(s.edge, tlog.Hash(rest[:tlog.HashSize]))
	}
	return s, nil
}

func (s *state) save(tx *bbolt.Tx) error {
	b := make([]byte, 0, 5*8+len(s.edge)*tlog.HashSize)
	for _, n := range []int64{int64(s.seq), s.at.UnixMilli(), s.from, s.hour, s.n} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for i := range s.edge {
		b = append(b, s.edge[i][:]...)
	}
	return tx.Bucket(stateBucket).Put(stateKey, b)
}

// turn brings reception to a time; the hours before it are over.
func (s *state) turn(tx *bbolt.Tx, at time.Time) error {
	if !at.After(s.at) {
		return nil
	}
	s.at = at
	hour := hourOf(at)
	if hour == s.hour {
		return nil
	}
	if s.n > 0 {
		root, err := s.root()
		if err != nil {
			return err
		}
		b := binary.BigEndian.AppendUint64(nil, uint64(s.n))
		if err := tx.Bucket(hoursBucket).Put(key(uint64(s.hour)), append(b, root[:]...)); err != nil {
			return err
		}
	}
	s.hour, s.n, s.edge = hour, 0, nil
	return nil
}

// leaf adds a leaf to the hour that grows. A tile has a row from its first leaf on, and its hash with the last.
func (s *state) leaf(tx *bbolt.Tx, ref Ref, r *telemetry.Received) error {
	tiles := tx.Bucket(tilesBucket)
	tile := tileKey(s.hour, s.n/tileWidth)
	if s.n%tileWidth == 0 {
		b := binary.BigEndian.AppendUint32(key(ref.Seq), uint32(ref.Index))
		if err := tiles.Put(tile, b); err != nil {
			return err
		}
	}
	s.text = AppendLeaf(append(s.text[:0], 0), r)
	h := tlog.Hash(sha256.Sum256(s.text)) // as tlog.RecordHash, which would copy the leaf
	height := 0
	for n := s.n; n&1 == 1; n >>= 1 {
		last := len(s.edge) - 1
		h = tlog.NodeHash(s.edge[last], h)
		s.edge = s.edge[:last]
		if height++; height == tileHeight {
			b := append([]byte(nil), tiles.Get(tile)...)
			if err := tiles.Put(tile, append(b, h[:]...)); err != nil {
				return err
			}
		}
	}
	s.edge = append(s.edge, h)
	s.n++
	return nil
}

func (s *state) root() (tlog.Hash, error) {
	if len(s.edge) == 0 {
		return tlog.TreeHash(0, nil)
	}
	h := s.edge[len(s.edge)-1]
	for i := len(s.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(s.edge[i], h)
	}
	return h, nil
}

// AppendLeaf appends the bytes of a leaf to dst: five lines, each ended by LF, and behind them the raw bytes as they
// came, without their end of line. The lines are
//
//	qingkong.received/1
//	2026-12-16T18:00:00.005+08:00   when it came, to the millisecond, in Beijing
//	frame                           or message
//	010000A8900016F000169DC0        MN, or the number of a meter, a scale, a gate
//	192.0.2.7:40112                 where it came from
//
// and its hash is SHA-256 over the byte 0 and the leaf (RFC 6962 §2.1). No line holds control characters.
func AppendLeaf(dst []byte, r *telemetry.Received) []byte {
	dst = append(dst, "qingkong.received/1\n"...)
	dst = r.At.In(hj212.Beijing).AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00\n")
	if r.Sort == telemetry.Frame {
		dst = append(dst, "frame\n"...)
	} else {
		dst = append(dst, "message\n"...)
	}
	dst = append(append(dst, clean(r.MN)...), '\n')
	dst = append(append(dst, clean(r.From)...), '\n')
	return append(dst, r.Raw...)
}

// Root is the root over what came within the hour of a time, and over how many leaves it is; of none it is the hash of
// nothing. It costs a read of a row. Errors: [ErrOpen] before the hour is over, [ErrGone] where nothing is known of it
// any more, [ErrPart] where not all of it came to this log.
func Root(tx *bbolt.Tx, hour time.Time) (root tlog.Hash, n int64, err error) {
	s, err := load(tx)
	if err != nil {
		return root, 0, err
	}
	h := hourOf(hour)
	switch {
	case s.seq == 0 || h >= s.hour:
		return root, 0, ErrOpen
	case h < s.from:
		return root, 0, ErrGone
	}
	if part, err := isPart(tx, h); part || err != nil {
		return root, 0, cmp.Or(err, ErrPart)
	}
	row, err := loadHour(tx, h)
	if err == nil && row.leaves == 0 {
		row.root, err = tlog.TreeHash(0, nil)
	}
	return row.root, row.leaves, err
}

func loadHour(tx *bbolt.Tx, hour int64) (r hourRow, err error) {
	b := tx.Bucket(hoursBucket).Get(key(uint64(hour)))
	if b == nil {
		return r, nil
	}
	if len(b) != 8+tlog.HashSize {
		return r, fmt.Errorf("frames: the row of hour %s is damaged", timeOf(hour))
	}
	return hourRow{int64(binary.BigEndian.Uint64(b)), tlog.Hash(b[8:])}, nil
}

func tileKey(hour, tile int64) []byte {
	return binary.BigEndian.AppendUint32(key(uint64(hour)), uint32(tile))
}

// Leaf is leaf i of an hour, and where it stands in the log. Errors: [ErrGone], an i that is none.
func Leaf(tx *bbolt.Tx, hour time.Time, i int64) (telemetry.Received, Ref, error) {
	h := hourOf(hour)
	n, err := leaves(tx, h)
	if err != nil {
		return telemetry.Received{}, Ref{}, err
	}
	if i < 0 || i >= n {
		return telemetry.Received{}, Ref{}, fmt.Errorf("frames: hour %s has %d leaves, none is number %d", timeOf(h), n, i)
	}
	var found telemetry.Received
	var where Ref
	at := i / tileWidth * tileWidth
	err = walk(tx, h, i/tileWidth, func(ref Ref, r *telemetry.Received) bool {
		if found, where = *r, ref; at == i {
			return false
		}
		at++
		return true
	})
	found.Raw = append([]byte(nil), found.Raw...)
	return found, where, err
}

// Proof proves that leaf i stands in the hour's root, as [tlog.CheckRecord] checks it. It reads the leaves of two tiles
// and, of a large hour, the hashes of the others. Errors: those of [Root] and [Leaf].
func Proof(tx *bbolt.Tx, hour time.Time, i int64) (tlog.RecordProof, error) {
	_, n, err := Root(tx, hour)
	if err != nil {
		return nil, err
	}
	h := hourOf(hour)
	if i < 0 || i >= n {
		return nil, fmt.Errorf("frames: hour %s has %d leaves, none is number %d", timeOf(h), n, i)
	}
	return tlog.ProveRecord(n, i, &hashes{tx: tx, hour: h, n: n, tiles: map[int64][]tlog.Hash{}})
}

// leaves is how many leaves an hour has by now.
func leaves(tx *bbolt.Tx, hour int64) (int64, error) {
	s, err := load(tx)
	if err != nil {
		return 0, err
	}
	if hour == s.hour {
		return s.n, nil
	}
	if hour < s.from {
		return 0, ErrGone
	}
	row, err := loadHour(tx, hour)
	return row.leaves, err
}

// walk calls fn with the leaves of an hour from a tile's first on, until it is false.
func walk(tx *bbolt.Tx, hour, tile int64, fn func(Ref, *telemetry.Received) bool) error {
	b := tx.Bucket(tilesBucket).Get(tileKey(hour, tile))
	if len(b) < 12 {
		return ErrGone
	}
	seq, index := binary.BigEndian.Uint64(b), int(binary.BigEndian.Uint32(b[8:]))
	c := tx.Bucket(chunksBucket).Cursor()
	k, chunk := c.Seek(key(seq))
	if k == nil || binary.BigEndian.Uint64(k) != seq {
		return ErrGone
	}
	for ; k != nil; k, chunk = c.Next() {
		seq := binary.BigEndian.Uint64(k)
		entries, err := Decode(chunk)
		if err != nil {
			return fmt.Errorf("chunk %d: %w", seq, err)
		}
		for i := index; i < len(entries); i++ {
			if hourOf(entries[i].At) != hour {
				return nil
			}
			if IsLeaf(&entries[i]) && !fn(Ref{seq, i}, &entries[i]) {
				return nil
			}
		}
		index = 0
	}
	return nil
}

// hashes are the stored hashes of an hour's tree, as tlog numbers them, made of tiles and leaves.
type hashes struct {
	tx      *bbolt.Tx
	hour, n int64
	tiles   map[int64][]tlog.Hash // hashes of the leaves of a tile that was read
}

func (t *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		h, err := t.node(level, n)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

// node is the hash over the leaves from n·2^level to (n+1)·2^level, all of which are there.
func (t *hashes) node(level int, n int64) (h tlog.Hash, err error) {
	if level == tileHeight {
		b := t.tx.Bucket(tilesBucket).Get(tileKey(t.hour, n))
		if len(b) != 12+tlog.HashSize {
			return h, ErrGone
		}
		return tlog.Hash(b[12:]), nil
	}
	if level == 0 {
		return t.leafHash(n)
	}
	left, err := t.node(level-1, 2*n)
	if err != nil {
		return h, err
	}
	right, err := t.node(level-1, 2*n+1)
	return tlog.NodeHash(left, right), err
}

func (t *hashes) leafHash(i int64) (tlog.Hash, error) {
	tile := i / tileWidth
	hs := t.tiles[tile]
	if hs == nil {
		err := walk(t.tx, t.hour, tile, func(_ Ref, r *telemetry.Received) bool {
			hs = append(hs, tlog.RecordHash(AppendLeaf(nil, r)))
			return len(hs) < tileWidth
		})
		if err != nil {
			return tlog.Hash{}, err
		}
		t.tiles[tile] = hs
	}
	if i%tileWidth >= int64(len(hs)) {
		return tlog.Hash{}, ErrGone
	}
	return hs[i%tileWidth], nil
}
