package stations

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

// How much is kept together, and how much may wait for it.
const (
	linger     = 2 * time.Millisecond // for others to come, where few wait
	fewWait    = 64
	batchItems = 16 << 10
	batchBytes = 2 << 20
	waitBytes  = 4 << 20 // who comes last waits for no more than these: a backlog does not hold up what is live
	itemBytes  = 128     // of one beside its raw bytes
	keepWithin = 15 * time.Second
)

// The errors of a taker.
var (
	ErrEnded    = errors.New("stations: the program ends; nothing was kept")
	ErrTooLarge = fmt.Errorf("stations: more than %d bytes", frames.MaxRaw)
)

// Keep makes a batch durable, in its order, or says why it is not.
type Keep func(ctx context.Context, batch []telemetry.Received) error

// Taker has what comes kept, many at once: those that come while a batch is written share the next. It gives each the
// time of its reception, to the millisecond, which never goes back. Its methods may be called from any goroutine.
type Taker struct {
	keep  Keep
	clock func() time.Time
	room  *semaphore.Weighted // bytes that may wait
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once

	mu      sync.Mutex
	waiting []ticket
	last    time.Time
	closed  bool
	more    chan struct{} // holds one while something waits

	state   sync.Mutex
	trouble error
	since   time.Time
	batches uint64
	taken   uint64
}

// ticket is one thing that waits, and who is told.
type ticket struct {
	r    telemetry.Received
	size int64
	done func(error) // nil for nobody
}

// NewTaker begins to take. clock is that of reception; nil is the machine's.
func NewTaker(keep Keep, clock func() time.Time) *Taker {
	if clock == nil {
		clock = time.Now
	}
	t := &Taker{keep: keep, clock: clock, room: semaphore.NewWeighted(waitBytes), stop: make(chan struct{}),
		ended: make(chan struct{}), more: make(chan struct{}, 1)}
	go t.run()
	return t
}

// Take returns once r is durable, or with why it is not: then nothing of it may be confirmed, though it may have been
// kept. Its time is set here.
func (t *Taker) Take(ctx context.Context, r telemetry.Received) error {
	done := make(chan error, 1)
	if err := t.Submit(ctx, r, func(err error) { done <- err }); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Submit lets r wait for its turn and returns; done is called once it is durable, or with why it is not, for all in the
// order in which they came, and must not block. It waits while too much waits already. The bytes of r are its own.
func (t *Taker) Submit(ctx context.Context, r telemetry.Received, done func(error)) error {
	size := int64(len(r.Raw) + itemBytes)
	if len(r.Raw) > frames.MaxRaw {
		return ErrTooLarge
	}
	if err := t.room.Acquire(ctx, size); err != nil {
		return err
	}
	return t.push(ticket{r, size, done})
}

// TrySubmit is Submit of what may be lost: it is false, and nothing waits, where there is no room.
func (t *Taker) TrySubmit(r telemetry.Received) bool {
	size := int64(len(r.Raw) + itemBytes)
	return len(r.Raw) <= frames.MaxRaw && t.room.TryAcquire(size) && t.push(ticket{r, size, nil}) == nil
}

func (t *Taker) push(k ticket) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		t.room.Release(k.size)
		return ErrEnded
	}
	if now := t.clock().Truncate(time.Millisecond); now.After(t.last) {
		t.last = now
	}
	k.r.At = t.last
	t.waiting = append(t.waiting, k)
	select {
	case t.more <- struct{}{}:
	default:
	}
	return nil
}

func (t *Taker) run() {
	defer close(t.ended)
	for {
		select {
		case <-t.more:
			if t.Waiting() < fewWait {
				time.Sleep(linger)
			}
			t.flush()
		case <-t.stop:
			for t.Waiting() > 0 {
				t.flush()
			}
			return
		}
	}
}

// next takes a batch from those that wait.
func (t *Taker) next() []ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, bytes := 0, int64(0)
	for n < len(t.waiting) && n < batchItems && (n == 0 || bytes+t.waiting[n].size <= batchBytes) {
		bytes += t.waiting[n].size
		n++
	}
	batch := t.waiting[:n:n]
	if t.waiting = t.waiting[n:]; len(t.waiting) > 0 {
		select {
		case t.more <- struct{}{}:
		default:
		}
	} else {
		t.waiting = nil // the batch has its array
	}
	return batch
}

func (t *Taker) flush() {
	batch := t.next()
	if len(batch) == 0 {
		return
	}
	all := make([]telemetry.Received, len(batch))
	for i := range batch {
		all[i] = batch[i].r
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
	err := t.keep(ctx, all)
	cancel()
	t.found(err, len(batch))
	var bytes int64
	for i := range batch {
		bytes += batch[i].size
		if batch[i].done != nil {
			batch[i].done(err)
		}
	}
	t.room.Release(bytes)
}

func (t *Taker) found(err error, n int) {
	t.state.Lock()
	defer t.state.Unlock()
	if err != nil && t.trouble == nil {
		t.since = t.clock()
	}
	if t.trouble = err; err == nil {
		t.batches++
		t.taken += uint64(n)
	}
}

// Waiting is how many wait.
func (t *Taker) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// Trouble is since when no batch was kept, and why; nil where the last one was.
func (t *Taker) Trouble() (since time.Time, err error) {
	t.state.Lock()
	defer t.state.Unlock()
	return t.since, t.trouble
}

// Taken is how many were kept so far, and in how many batches.
func (t *Taker) Taken() (items, batches uint64) {
	t.state.Lock()
	defer t.state.Unlock()
	return t.taken, t.batches
}

// Close keeps what waits and takes nothing more; within ctx.
func (t *Taker) Close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.once.Do(func() { close(t.stop) })
	select {
	case <-t.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
