package fair

import "sync"

// Bounds are how much may wait and be in work. All are positive.
type Bounds struct {
	Waiting int // of one caller
	Bytes   int // of one caller; one item alone may be larger
	InWork  int // of one caller at once
	Window  int // of all callers at once
	Merge   bool
}

// Queue holds what waits of each caller and gives the callers their turns: one item each, however many one has waiting.
// Its methods may be called from any goroutine.
type Queue[T any] struct {
	bounds Bounds

	mu     sync.Mutex
	more   *sync.Cond
	lines  map[string]*line[T] // of those with something waiting or in work
	turns  []*line[T]          // whose turn it is, in order: lines with something waiting that may begin
	inWork int
	closed bool
}

// line is what one caller has.
type line[T any] struct {
	who    string
	items  []T
	sizes  []int
	bytes  int
	inWork int
	queued bool // stands among the turns
}

// NewQueue returns an empty queue.
func NewQueue[T any](b Bounds) *Queue[T] {
	q := &Queue[T]{bounds: b, lines: map[string]*line[T]{}}
	q.more = sync.NewCond(&q.mu)
	return q
}

// Push lets an item of so many bytes wait; false means that the caller has as much waiting as it may, or that the queue
// is closed, and the item was not taken.
func (q *Queue[T]) Push(who string, item T, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[who]
	switch {
	case q.closed:
		return false
	case l == nil:
		l = &line[T]{who: who}
		q.lines[who] = l
	case len(l.items) >= q.bounds.Waiting, len(l.items) > 0 && l.bytes+size > q.bounds.Bytes:
		return false
	}
	l.items, l.sizes, l.bytes = append(l.items, item), append(l.sizes, size), l.bytes+size
	q.line(l)
	return true
}

// line gives a turn to a caller that has something waiting and may begin.
func (q *Queue[T]) line(l *line[T]) {
	if !l.queued && len(l.items) > 0 && l.inWork < q.bounds.InWork {
		l.queued = true
		q.turns = append(q.turns, l)
		q.more.Signal()
	}
}

// Next waits for the next turn and begins it: one item of a caller, or with Bounds.Merge all that it has waiting. done
// ends it and has to be called, once. false means that the queue is closed.
func (q *Queue[T]) Next() (who string, items []T, done func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && (len(q.turns) == 0 || q.inWork >= q.bounds.Window) {
		q.more.Wait()
	}
	if q.closed {
		return "", nil, nil, false
	}
	l := q.turns[0]
	q.turns[0] = nil
	q.turns = q.turns[1:]
	l.queued = false
	n := 1
	if q.bounds.Merge {
		n = len(l.items)
	}
	items = append(items, l.items[:n]...)
	for _, size := range l.sizes[:n] {
		l.bytes -= size
	}
	clear(l.items[:n])
	l.items, l.sizes = l.items[n:], l.sizes[n:]
	l.inWork++
	q.inWork++
	q.line(l)
	return l.who, items, sync.OnceFunc(func() { q.done(l) }), true
}

func (q *Queue[T]) done(l *line[T]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.inWork--
	q.inWork--
	q.line(l)
	if len(l.items) == 0 && l.inWork == 0 && !l.queued {
		delete(q.lines, l.who)
	}
	q.more.Signal()
}

// Close ends every wait; what waits is dropped.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.lines, q.turns = map[string]*line[T]{}, nil
	q.more.Broadcast()
}

// Len is how many items wait, and how many callers have something waiting or in work.
func (q *Queue[T]) Len() (waiting, callers int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lines {
		waiting += len(l.items)
	}
	return waiting, len(q.lines)
}
