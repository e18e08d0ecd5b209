package bus

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	mrand "math/rand/v2"
	"net"
	"os"
	"testing"
	"time"
)

// Who writes is never held by a reader that does something else, up to the limit; what is read is what was written.
func TestAnEagerConnectionReadsAhead(t *testing.T) {
	const limit = 4 << 20
	far, near := net.Pipe()
	e := newEager(near, limit)
	sent := make([]byte, 6<<20)
	_, _ = rand.Read(sent)
	wrote := make(chan int, len(sent)/1000+1)
	go func() {
		defer far.Close()
		for b := sent; len(b) > 0; {
			n := min(len(b), 1+mrand.IntN(100_000))
			if _, err := far.Write(b[:n]); err != nil {
				t.Errorf("write: %v", err)
				break
			}
			wrote <- n
			b = b[n:]
		}
		close(wrote)
	}()
	for got := 0; got < limit-200_000; {
		select {
		case n := <-wrote:
			got += n
		case <-time.After(time.Minute):
			t.Fatalf("after %d bytes that nobody has read nothing more is taken; the limit is %d", got, limit)
		}
	}
	for held := 0; ; { // beyond the limit the writer waits
		e.mu.Lock()
		size := e.size
		e.mu.Unlock()
		if size > limit+eagerBlock {
			t.Fatalf("%d bytes are held, the limit is %d", size, limit)
		}
		if size >= limit {
			if held++; held > 20 {
				break
			}
		}
		time.Sleep(time.Millisecond)
	}
	got, err := io.ReadAll(e)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("read %d of %d bytes, %v; equal: %v", len(got), len(sent), err, bytes.Equal(got, sent))
	}
}

func TestAnEagerConnectionKeepsDeadlinesAndCloses(t *testing.T) {
	far, near := net.Pipe()
	defer far.Close()
	e := newEager(near, 1<<20)
	if err := e.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a read beyond its deadline: %v", err)
	}
	if err := e.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = far.Write([]byte("x")) }()
	if n, err := e.Read(make([]byte, 9)); n != 1 || err != nil {
		t.Fatalf("a read without a deadline: %d, %v", n, err)
	}
	over := make(chan error, 1)
	go func() {
		_, err := e.Read(make([]byte, 1))
		over <- err
	}()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-over; err == nil {
		t.Fatal("a read goes on in a closed connection")
	}
	if _, err := far.Write([]byte("x")); err == nil {
		t.Fatal("a closed connection takes what is written")
	}
}
