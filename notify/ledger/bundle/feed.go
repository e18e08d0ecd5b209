package bundle

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// blockSize is how much of a file of lines is read and parsed at a time, in bytes. Less costs more hand-overs between
// goroutines, more does not stay in a processor's cache from one step to the next.
const blockSize = 64 << 10

// parser takes the lines of a block apart, each of which ends with a newline, and appends what they say to items. It may
// change the block's bytes, and what it appends may lie in them. An error is of the line behind the items; it ends the file.
type parser[T any] func(block []byte, items []T) ([]T, error)

// feed gives what the lines of a file say, one after the other in the order of the file, however many goroutines parse
// them. Whoever makes one calls stop in the end.
type feed[T any] struct {
	next func() *block[T] // the block behind now, which is no longer needed
	stop func()           // ends the goroutines and waits for them

	now *block[T]
	at  int // in now's items
}

// block is some whole lines of a file.
type block[T any] struct {
	text   []byte
	items  []T
	err    error         // what comes behind the items unless nil: io.EOF behind the last
	parsed chan struct{} // has one when items and err are there
}

// newFeed reads a file of lines with as many goroutines besides the caller's as are wanted, 0 for none: one reads and each of
// the others parses with a parser of its own. They are a few blocks ahead of the caller, no more.
func newFeed[T any](file *blockReader, goroutines int, parsers func() parser[T]) *feed[T] {
	if goroutines < 2 || file.size <= 2*blockSize {
		b, parse := &block[T]{}, parsers()
		return &feed[T]{stop: func() {}, next: func() *block[T] {
			b.fill(file)
			b.parse(parse)
			return b
		}}
	}
	blocks := 2 * goroutines
	free, ordered, work := make(chan *block[T], blocks), make(chan *block[T], blocks), make(chan *block[T], blocks)
	for range blocks {
		free <- &block[T]{parsed: make(chan struct{}, 1)}
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(work)
		for {
			var b *block[T]
			select {
			case b = <-free:
			case <-quit:
				return
			}
			b.fill(file)
			last := b.err != nil
			ordered <- b
			work <- b
			if last {
				return
			}
		}
	})
	for range goroutines - 1 {
		wg.Go(func() {
			parse := parsers()
			for b := range work {
				b.parse(parse)
				b.parsed <- struct{}{}
			}
		})
	}
	var before *block[T]
	return &feed[T]{
		next: func() *block[T] {
			if before != nil {
				free <- before
			}
			before = <-ordered
			<-before.parsed
			return before
		},
		stop: sync.OnceFunc(func() { close(quit); wg.Wait() }),
	}
}

// item is the next one, good until the one after it is asked for; the error behind the last is io.EOF. After an error there
// is the same error.
func (f *feed[T]) item() (*T, error) {
	for f.now == nil || f.at == len(f.now.items) {
		if f.now != nil && f.now.err != nil {
			return nil, f.now.err
		}
		f.now, f.at = f.next(), 0
	}
	f.at++
	return &f.now.items[f.at-1], nil
}

func (b *block[T]) fill(file *blockReader) { b.text, b.err = file.block(b.text) }

// parse is what the lines say; an error of one of them comes before that of reading on.
func (b *block[T]) parse(parse parser[T]) {
	items, err := parse(b.text, b.items[:0])
	b.items = items
	if err != nil {
		b.err = err
	}
}

// blockReader reads a file of lines in blocks.
type blockReader struct {
	in      io.Reader
	name    string
	size    int64                    // of the file
	rule    string                   // that a file breaks whose last line does not end
	most    int                      // bytes of a line, without its newline
	tooLong func(begin []byte) error // what to say of a line of more

	rest []byte // the beginning of a line that the next block has the end of
}

// block reads whole lines into a buffer that is used again, or one that is larger for a long line. With an error they are
// the last.
func (r *blockReader) block(text []byte) ([]byte, error) {
	if cap(text) < blockSize || cap(text) > 16*blockSize {
		text = make([]byte, 0, blockSize)
	}
	text = append(text[:0], r.rest...)
	r.rest = r.rest[:0]
	whole := 0 // bytes of whole lines in text
	for whole == 0 || len(text) < cap(text) {
		if len(text) == cap(text) {
			text = append(text, make([]byte, len(text))...)[:len(text)]
		}
		n, err := r.in.Read(text[len(text):cap(text)])
		more := text[len(text) : len(text)+n]
		if end := bytes.LastIndexByte(more, '\n') + 1; end > 0 {
			whole = len(text) + end
		}
		text = text[:len(text)+n]
		switch {
		case errors.Is(err, io.EOF) && whole < len(text):
			return text[:whole], differs(r.name, r.rule, "the last line does not end")
		case err != nil:
			return text[:whole], err
		case len(text)-whole > r.most:
			return text[:whole], r.tooLong(text[whole:])
		}
	}
	r.rest = append(r.rest, text[whole:]...)
	return text[:whole], nil
}
