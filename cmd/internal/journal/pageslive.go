package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// While the record is open its pages are walked leaf by leaf, each transaction going on at the key where the one before
// ended: as long as a transaction is open nothing that it reaches is written anew. The pages are read as from any file,
// and not where bbolt has mapped them, so that damage is a finding and no fault. Pages that the operating system holds
// in memory are not read from the disk again.

// walkLive says which pages of the open record are damaged, or hold keys out of their order.
func (p *recordCheck) walkLive(ctx context.Context) (found []string, err error) {
	f, err := os.Open(p.db.Path())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &liveWalk{pageReader: pageReader{f: f, size: int64(p.db.Info().PageSize)}}
	if err := w.metas(ctx); err != nil {
		return nil, err
	}
	err = p.readOn(ctx, func(s *checkTx) (end bool) {
		w.slice = s
		return w.walk(s.tx)
	})
	if err != nil {
		return nil, err
	}
	return w.found, nil
}

// liveWalk is where a walk of a record that is being written has come to.
type liveWalk struct {
	pageReader // leaves alone are marked as used

	bucket, key []byte // where it goes on

	bodies [deepest + 1][]byte // room for the pages on the way down
	slice  *checkTx
	txid   int // of the state that seen is of
}

// metas looks at the two pages by which bbolt finds all others. One of them may just be written.
func (w *liveWalk) metas(ctx context.Context) error {
	const tries, pause = 3, 20 * time.Millisecond
	for page := range int64(2) {
		for try := 1; ; try++ {
			if _, ok := readMeta(w.f, page*w.size); ok {
				break
			}
			if try == tries {
				w.say(uint64(page), "is no valid meta page")
				break
			}
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk goes on until the transaction is over, or says that it has come to the end.
func (w *liveWalk) walk(tx *bbolt.Tx) (end bool) {
	w.pages = uint64(tx.Size() / w.size)
	if words := int(w.pages/64 + 1); tx.ID() != w.txid || len(w.seen) < words {
		w.txid, w.seen = tx.ID(), make([]uint64, words) // a page may have got another use since
	}
	root := pageRef{id: uint64(tx.Cursor().Bucket().Root())}
	return w.below(root, bounds{}, w.bucket, 0, w.names) || len(w.found) >= maxFindings
}

// longest is more than any row is long.
const longest = 256 << 20

// bounds are those of the keys on a page: low is the first that may stand there, high the first that may not; nil for
// none.
type bounds struct{ low, high []byte }

// Depths: a tree of pages has fewer than underNames, and those of the buckets lie under that of their names.
const (
	underNames = 20
	deepest    = 2*underNames - 1
)

// below walks the pages below one, from a key on, and gives each leaf to fn. It stops and returns false as soon as fn
// returns false.
func (w *liveWalk) below(ref pageRef, b bounds, from []byte, depth int, fn func(p treePage, b bounds) bool) bool {
	if len(w.found) >= maxFindings {
		return false
	}
	body := w.body(ref, w.bodies[depth])
	if body == nil {
		return true // what lies below cannot be found, and what lies beside can
	}
	w.bodies[depth] = body // it is good until another page of its depth is read
	p, ok := w.tree(ref.id, body, b)
	switch {
	case !ok:
		return true
	case p.leaf:
		return fn(p, b)
	case (depth+1)%underNames == 0:
		w.say(p.id, "lies deeper than any can")
		return true
	}
	for i := range p.count {
		next := p.below(i, b)
		if next.high != nil && bytes.Compare(next.high, from) <= 0 {
			continue
		}
		if !w.below(pageRef{p.child(i), p.id}, next, from, depth+1, fn) {
			return false
		}
	}
	return true
}

// names walks the buckets that a leaf of the root names.
func (w *liveWalk) names(p treePage, _ bounds) bool {
	for i := range p.count {
		name, flags, value := p.row(i)
		if bytes.Compare(name, w.bucket) < 0 {
			continue
		}
		if !bytes.Equal(name, w.bucket) {
			w.bucket, w.key = bytes.Clone(name), nil
		}
		if flags&bucketFlag == 0 || len(value) < bucketHead {
			w.say(p.id, "has a row where only buckets can be")
		} else if !w.inside(p.id, value) {
			return false
		}
		w.bucket, w.key = append(bytes.Clone(name), 0), nil
		if w.slice.over() {
			return false
		}
	}
	return true
}

// inside walks a bucket: its row names the root page, or holds a leaf itself.
func (w *liveWalk) inside(id uint64, row []byte) bool {
	if root := order.Uint64(row); root != 0 {
		return w.below(pageRef{root, id}, bounds{}, w.key, underNames, w.rows)
	}
	w.inline(id, row)
	return true
}

// rows looks at a leaf of a bucket.
func (w *liveWalk) rows(p treePage, b bounds) bool {
	if !w.use(p.id, p.body) {
		return true
	}
	w.plain(p) // no record has a bucket in another
	w.key = bytes.Clone(b.high)
	return b.high == nil || !w.slice.over() // after the last leaf the bucket is done
}

// treePage is a page of a tree, in which every row lies inside.
type treePage struct {
	id    uint64
	leaf  bool
	count int
	body  []byte
}

// parsePage says why a page is none of a tree, or nothing.
func parsePage(id uint64, body []byte) (p treePage, why string) {
	if len(body) < pageHead {
		return p, "has a bucket that is no leaf"
	}
	flags := order.Uint16(body[8:])
	p = treePage{id: id, leaf: flags == pageLeaf, count: int(order.Uint16(body[10:])), body: body}
	switch {
	case flags != pageLeaf && flags != pageBranch:
		return p, fmt.Sprintf("is of no known kind (flags %#x)", flags)
	case pageHead+p.count*pageElement > len(body):
		return p, fmt.Sprintf("counts %d rows, which is more than it holds", p.count)
	case !p.leaf && p.count == 0:
		return p, "has no branches"
	}
	for i := range p.count {
		if e := p.element(i); e.begin+e.key+e.value > int64(len(body)) {
			return p, "has a row that lies outside"
		}
	}
	return p, ""
}

// element is where a row's key begins in the page, and how long key and value are.
type element struct{ begin, key, value int64 }

func (p treePage) element(i int) element {
	at := pageHead + i*pageElement
	e := p.body[at:]
	if p.leaf {
		return element{int64(at) + int64(order.Uint32(e[4:])), int64(order.Uint32(e[8:])), int64(order.Uint32(e[12:]))}
	}
	return element{begin: int64(at) + int64(order.Uint32(e)), key: int64(order.Uint32(e[4:]))}
}

func (p treePage) key(i int) []byte {
	e := p.element(i)
	return p.body[e.begin : e.begin+e.key]
}

// child is the page that a branch names.
func (p treePage) child(i int) uint64 { return order.Uint64(p.body[pageHead+i*pageElement+8:]) }

// row is one of a leaf.
func (p treePage) row(i int) (key []byte, flags uint32, value []byte) {
	e := p.element(i)
	return p.key(i), order.Uint32(p.body[pageHead+i*pageElement:]), p.body[e.begin+e.key : e.begin+e.key+e.value]
}

// misplaced says which key of a page does not ascend within its bounds, or nothing.
func (p treePage) misplaced(b bounds) (why string) {
	before := b.low
	for i := range p.count {
		k := p.key(i)
		switch c := bytes.Compare(before, k); {
		case c > 0 || c == 0 && i > 0:
			return fmt.Sprintf("has its keys out of their order: row %s stands behind %s", keyName(k), keyName(before))
		case b.high != nil && bytes.Compare(k, b.high) >= 0:
			return fmt.Sprintf("has its keys out of their order: row %s stands before %s", keyName(k), keyName(b.high))
		}
		before = k
	}
	return ""
}

// below are the bounds of the page that a branch within bounds names.
func (p treePage) below(i int, b bounds) bounds {
	if i+1 < p.count {
		return bounds{p.key(i), p.key(i + 1)}
	}
	return bounds{p.key(i), b.high}
}
