package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime/debug"
	"slices"
)

// The pages of bbolt have no checksum, and it maps the file into memory: what a damaged page points to is a fault or a
// panic, some of them in goroutines of its own, where nobody can catch them (its Tx.Check has two). So the pages are
// walked by plain reads before bbolt opens the file: each lies where it is named, is used once and not free as well,
// and has its keys in order. A copy that was made while the program wrote may fail in any of these. Where a key is not
// found the record would seem empty, and a page that is used and free would be written over.

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

// pageReader reads pages by plain reads and keeps what is wrong with them.
type pageReader struct {
	f     io.ReaderAt
	size  int64    // of a page
	pages uint64   // that may be in use
	seen  []uint64 // a bit for each page that was used
	found []string
}

type pageRef struct{ id, from uint64 }

// say notes what is wrong with a page, once.
func (r *pageReader) say(id uint64, format string, args ...any) {
	text := fmt.Sprintf("page %d %s", id, fmt.Sprintf(format, args...))
	if !slices.Contains(r.found, text) {
		r.found = append(r.found, text)
	}
}

// body reads a page and those that it goes on for, into room where that is long enough; nil where it says why it
// cannot.
func (r *pageReader) body(p pageRef, room []byte) []byte {
	if p.id < 2 || p.id >= r.pages {
		r.say(p.from, "names page %d; there are %d", p.id, r.pages)
		return nil
	}
	var head [pageHead]byte
	at := int64(p.id) * r.size
	if _, err := r.f.ReadAt(head[:], at); err != nil {
		r.say(p.id, "cannot be read: %v", err)
		return nil
	}
	overflow := uint64(order.Uint32(head[12:]))
	extent := int64(overflow+1) * r.size
	switch {
	case order.Uint64(head[:]) != p.id:
		r.say(p.id, "says that it is page %d", order.Uint64(head[:]))
		return nil
	case p.id+overflow >= r.pages:
		r.say(p.id, "goes on for %d pages; there are %d in all", overflow, r.pages)
		return nil
	case extent > longest:
		r.say(p.id, "goes on for %d bytes, which is more than any row has", extent)
		return nil
	}
	body := slices.Grow(room[:0], int(extent))[:extent]
	if _, err := r.f.ReadAt(body, at); err != nil {
		r.say(p.id, "cannot be read: %v", err)
		return nil
	}
	return body
}

// use marks a page and those that it goes on for as used, or says that one of them was before.
func (r *pageReader) use(id uint64, body []byte) (first bool) {
	for end := id + uint64(len(body))/uint64(r.size); id < end; id++ {
		if !r.mark(id) {
			r.say(id, "is used twice")
			return false
		}
	}
	return true
}

func (r *pageReader) mark(id uint64) (first bool) {
	word, bit := &r.seen[id/64], uint64(1)<<(id%64)
	first = *word&bit == 0
	*word |= bit
	return first
}

// tree reads the body of a page of a tree whose keys lie within bounds, or says why it is none.
func (r *pageReader) tree(id uint64, body []byte, b bounds) (p treePage, ok bool) {
	p, why := parsePage(id, body)
	if why == "" {
		why = p.misplaced(b)
	}
	if why != "" {
		r.say(id, "%s", why)
	}
	return p, why == ""
}

// inline looks at the leaf that the row of a bucket on a page holds itself.
func (r *pageReader) inline(id uint64, row []byte) {
	p, ok := r.tree(id, row[bucketHead:], bounds{})
	switch {
	case !ok:
	case !p.leaf:
		r.say(id, "has a bucket that is no leaf")
	default:
		r.plain(p)
	}
}

// plain says where a leaf has a bucket in it.
func (r *pageReader) plain(p treePage) {
	for i := range p.count {
		if _, flags, _ := p.row(i); flags != 0 {
			r.say(p.id, "has a bucket where none can be")
			return
		}
	}
}

// pageWalk goes through every page that the root reaches.
type pageWalk struct {
	pageReader
	m     pageMeta
	queue []pageNext
}

func newPageWalk(f io.ReaderAt, m pageMeta) *pageWalk {
	return &pageWalk{m: m, pageReader: pageReader{f: f, size: m.pageSize, pages: m.next, seen: make([]uint64, m.next/64+1)}}
}

// pageNext is a page to look at, and what its keys may be.
type pageNext struct {
	pageRef
	bounds
}

// all says why the pages of the file cannot be read safely; nothing where they can.
func (w *pageWalk) all() []string {
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

func (w *pageWalk) page(next pageNext) {
	body := w.body(next.pageRef, nil)
	if body == nil || !w.use(next.id, body) {
		return
	}
	p, ok := w.tree(next.id, body, next.bounds)
	switch {
	case !ok:
	case p.leaf:
		w.leaf(p)
	default:
		for i := range p.count {
			w.queue = append(w.queue, pageNext{pageRef{p.child(i), p.id}, p.below(i, next.bounds)})
		}
	}
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
		} else {
			w.inline(p.id, value)
		}
	}
}

// freelist looks at the list of free pages: none of them may be in use.
func (w *pageWalk) freelist() {
	body := w.body(pageRef{id: w.m.freelist}, nil)
	if body == nil || !w.use(w.m.freelist, body) {
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
		case !w.mark(id):
			w.say(id, "is used and counted as free")
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
	return newPageWalk(f, m).all(), notes, nil
}

// keyName is a key as a report names it. On a damaged page a key may be anything, so one that does not look like a key
// is named by its length alone.
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
