package bus

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// breakFiles puts a read-only descriptor in the place of every open file whose path ends so: writes to it fail, as on a
// disk that is full.
func breakFiles(t *testing.T, ending string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for _, fd := range fds {
		target, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || !strings.HasSuffix(target, ending) {
			continue
		}
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			t.Fatal(err)
		}
		ro, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(int(ro.Fd()), n, 0); err != nil {
			t.Fatal(err)
		}
		_ = ro.Close()
		broken++
	}
	if broken == 0 {
		t.Fatalf("no open file ends in %s", ending)
	}
}

// The file of a stream cannot be written once. The server then takes nothing more for that stream, says so, and does
// again after its store was opened anew; connections and their messages go on meanwhile.
func TestAStoreThatCouldNotBeWrittenIsOpenedAnew(t *testing.T) {
	b := startBus(t, Config{Listen: "127.0.0.1:0"}, nil)
	if err := b.EnsureStreams(t.Context()); err != nil {
		t.Fatal(err)
	}
	nc, js := b.Public()
	publish := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "qingkong.warning.declared", []byte("{}"), jetstream.WithRetryAttempts(0))
		return err
	}
	if err := publish(); err != nil || !b.StoreBroken().IsZero() {
		t.Fatalf("%v, broken since %v", err, b.StoreBroken())
	}
	breakFiles(t, "streams/"+StreamEvents+"/msgs/1.blk")
	for range 3 {
		if err := publish(); err == nil {
			t.Error("a message that could not be stored was confirmed")
		}
	}
	if b.StoreBroken().IsZero() {
		t.Fatal("the bus does not say that its store takes nothing")
	}
	heard := make(chan *nats.Msg, 1)
	if _, err := nc.ChanSubscribe("qingkong.order.E1", heard); err != nil {
		t.Fatal(err)
	}
	if err := b.ReopenStore(); err != nil {
		t.Fatal(err)
	}
	if !b.StoreBroken().IsZero() {
		t.Error("it still counts as broken")
	}
	for end := time.Now().Add(time.Minute); ; {
		err := publish()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	if err := nc.Publish("qingkong.order.E1", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Error("a subscription did not outlive it")
	}
	s, err := js.Stream(t.Context(), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Msgs; n < 2 {
		t.Errorf("the stream holds %d messages", n)
	}
}
