package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime/debug"
)

// The pages of bbolt have no checksum, and it maps the file into memory: what a damaged page points to is a fault or a
// panic, some of them in goroutines of its own, where nobody can catch them (its Tx.Check has two). So the pages are
// walked by plain reads before bbolt opens the file: each lies where it is named, is used once and not free as well, and
// has its keys in order. A copy that was made while the program wrote may fail in any of these. Where a key is not found
// the record would seem empty, and a page that is used and free would be written over.

// Forms of bbolt's file, version 2.
const (
	pageHead     = 16 // id 8, flags 2, count 2, overflow 4
	pageElement  = 16 // leaf: flags 4, pos 4, key 4, value 4; branch: pos 4, key 4, page 8
	pageBranch   = 0x01
	pageLeaf     = 0x02
	pageFreelist = 0x10
	bucketFlag   = 0x01
	bucketHead   = 16 // root page 8, sequence 8
	metaLen      = 64
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	noFreelist   = ^uint64(0)
)

// order is that of the machine: bbolt writes its structures as they lie in memory.
var order = binary.NativeEndian

// pageMeta is what a meta page says of the file.
type pageMeta struct {
	pageSize             int64
	root, freelist, next uint64 // next is the number of pages that may be in use
	txid                 uint64
}

// readMeta reads the meta page that begins at an offset; false where there is no valid one.
func readMeta(f io.ReaderAt, at int64) (m pageMeta, ok bool) {
	var b [metaLen]byte
	if _, err := f.ReadAt(b[:], at+pageHead); err != nil {
		return m, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaLen-8]) // a hash never fails to write
	if order.Uint32(b[0:]) != metaMagic || order.Uint32(b[4:]) != metaVersion ||
		order.Uint64(b[metaLen-8:]) != sum.Sum64() {
		return m, false
	}
	m = pageMeta{pageSize: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		next: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	return m, m.pageSize >= 1<<10 && m.pageSize <= 1<<24 && m.pageSize&(m.pageSize-1) == 0 && m.next < 1<<40
}

// newestMeta finds the meta page that bbolt goes by. whole is false where the other one is damaged.
func newestMeta(f io.ReaderAt) (m pageMeta, whole bool, err error) {
	first, ok := readMeta(f, 0)
	if !ok {
		for size := int64(1 << 10); size <= 1<<24; size <<= 1 { // the first would have said where the second is
			if second, ok := readMeta(f, size); ok && second.pageSize == size {
				return second, false, nil
			}
		}
		return m, false, errors.New("neither of its two meta pages is valid: its beginning is damaged, or it is no record")
	}
	second, ok := readMeta(f, first.pageSize)
	if ok && second.pageSize == first.pageSize && second.txid > first.txid {
		return second, true, nil
	}
	return first, ok, nil
}

// maxFindings is how many damaged pages or rows are named; more say nothing more.
const maxFindings = 20

// pageWalk goes through every page that the root reaches.
type pageWalk struct {
	f     io.ReaderAt
	m     pageMeta
	seen  []uint64 // a bit for each page
	found []string
	queue []pageNext
}

type pageRef struct{ id, from uint64 }

// pageNext is a page to look at, and what its keys may be.
type pageNext struct {
	pageRef
	bounds
}

// all says why the pages of the file cannot be read safely; nothing where they can.
func (w *pageWalk) all() []string {
	w.seen = make([]uint64, w.m.next/64+1)
	for w.queue = []pageNext{{pageRef: pageRef{id: w.m.root}}}; len(w.queue) > 0 && len(w.found) < maxFindings; {
		next := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.page(next)
	}
	if w.m.freelist != noFreelist && len(w.found) < maxFindings {
		w.freelist()
	}
	return w.found
}

func (w *pageWalk) say(id uint64, format string, args ...any) {
	w.found = append(w.found, fmt.Sprintf("page %d %s", id, fmt.Sprintf(format, args...)))
}

// extent is how many bytes a page and those that it goes on for have, which are marked as used; 0 where it says why it
// cannot be read.
func (w *pageWalk) extent(p pageRef) int64 {
	if p.id < 2 || p.id >= w.m.next {
		w.say(p.from, "names page %d; there are %d", p.id, w.m.next)
		return 0
	}
	var b [pageHead]byte
	if _, err := w.f.ReadAt(b[:], int64(p.id)*w.m.pageSize); err != nil {
		w.say(p.id, "cannot be read: %v", err)
		return 0
	}
	overflow := uint64(order.Uint32(b[12:]))
	switch {
	case order.Uint64(b[0:]) != p.id:
		w.say(p.id, "says that it is page %d", order.Uint64(b[0:]))
		return 0
	case p.id+overflow >= w.m.next:
		w.say(p.id, "goes on for %d pages; there are %d in all", overflow, w.m.next)
		return 0
	}
	for id := p.id; id <= p.id+overflow; id++ {
		if w.seen[id/64]&(1<<(id%64)) != 0 {
			w.say(id, "is used twice")
			return 0
		}
		w.seen[id/64] |= 1 << (id % 64)
	}
	return int64(overflow+1) * w.m.pageSize
}

func (w *pageWalk) page(next pageNext) {
	body := w.body(next.pageRef)
	if body == nil {
		return
	}
	p, why := parsePage(next.id, body)
	if why == "" {
		why = p.misplaced(next.bounds)
	}
	if why != "" {
		w.say(next.id, "%s", why)
		return
	}
	if p.leaf {
		w.leaf(p)
		return
	}
	for i := range p.count {
		w.queue = append(w.queue, pageNext{pageRef{p.child(i), p.id}, p.below(i, next.bounds)})
	}
}

// body reads a page and those that it goes on for, or says why it cannot be.
func (w *pageWalk) body(p pageRef) []byte {
	extent := w.extent(p)
	if extent == 0 {
		return nil
	}
	if extent > longest {
		w.say(p.id, "goes on for %d bytes, which is more than any row has", extent)
		return nil
	}
	body := make([]byte, extent)
	if _, err := w.f.ReadAt(body, int64(p.id)*w.m.pageSize); err != nil {
		w.say(p.id, "cannot be read: %v", err)
		return nil
	}
	return body
}

// leaf looks at the buckets in a leaf: a row that is one names its root page, or holds a leaf itself, without another.
func (w *pageWalk) leaf(p treePage) {
	for i := range p.count {
		_, flags, value := p.row(i)
		if flags&bucketFlag == 0 {
			continue
		}
		if len(value) < bucketHead {
			w.say(p.id, "has a bucket where none can be")
			return
		}
		if root := order.Uint64(value); root != 0 {
			w.queue = append(w.queue, pageNext{pageRef: pageRef{root, p.id}})
			continue
		}
		in, why := parsePage(p.id, value[bucketHead:])
		if why == "" {
			why = in.misplaced(bounds{})
		}
		switch {
		case why != "":
			w.say(p.id, "%s", why)
		case !in.leaf:
			w.say(p.id, "has a bucket that is no leaf")
		default:
			for i := range in.count {
				if _, flags, _ := in.row(i); flags&bucketFlag != 0 {
					w.say(p.id, "has a bucket where none can be")
					return
				}
			}
		}
	}
}

// freelist looks at the list of free pages: none of them may be in use.
func (w *pageWalk) freelist() {
	body := w.body(pageRef{id: w.m.freelist})
	if body == nil {
		return
	}
	ids, count := body[pageHead:], uint64(order.Uint16(body[10:]))
	if count == 0xffff { // more than that: the first says how many
		count, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(body[8:]) != pageFreelist || count > uint64(len(ids)/8) {
		w.say(w.m.freelist, "is no list of free pages")
		return
	}
	for i := uint64(0); i < count && len(w.found) < maxFindings; i++ {
		switch id := order.Uint64(ids[8*i:]); {
		case id < 2 || id >= w.m.next:
			w.say(w.m.freelist, "counts page %d as free; there are %d", id, w.m.next)
		case w.seen[id/64]&(1<<(id%64)) != 0:
			w.say(id, "is used and counted as free")
		default:
			w.seen[id/64] |= 1 << (id % 64)
		}
	}
}

// lookAtPages says what is wrong with the file at path before bbolt opens it. damage keeps it from being opened; notes
// do not.
func lookAtPages(path string) (damage, notes []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	m, whole, err := newestMeta(f)
	if err != nil {
		return []string{err.Error()}, nil, nil
	}
	if need := int64(m.next) * m.pageSize; info.Size() < need {
		return []string{fmt.Sprintf("it has %d bytes, its newest meta page counts %d pages of %d, which are %d: it was cut",
			info.Size(), m.next, m.pageSize, need)}, nil, nil
	}
	if !whole {
		notes = append(notes, "one of its two meta pages is damaged; the other is gone by, which may be one commit older")
	}
	return (&pageWalk{f: f, m: m}).all(), notes, nil
}

// keyName is a key as a report names it. What does not look like one may be anything where pages are damaged.
func keyName(k []byte) string {
	for _, c := range k {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return fmt.Sprintf("with a key of %d bytes", len(k))
		}
	}
	return string(k[:min(len(k), 100)])
}

// guarded runs do, which reads a file that is mapped into memory; a panic or a fault there is told as an error.
func guarded(path string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if what := recover(); what != nil {
			err = &fileFault{path, what}
		}
	}()
	return do()
}

// fileFault is a file that could not be read to its end.
type fileFault struct {
	path string
	what any
}

func (d *fileFault) Error() string {
	return fmt.Sprintf("%s cannot be read to its end, for it or its disk is damaged (%v)", d.path, d.what)
}
