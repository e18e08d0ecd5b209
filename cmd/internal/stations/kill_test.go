package stations

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// childFolder names the folder of a server that runs in a process of its own, to be killed.
const childFolder = "QINGKONG_TEST_STATIONS"

// loaded are the stations of the kill test.
var loaded = []string{"K0", "K1", "K2", "K3", "K4", "K5"}

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := serveChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// childNode is what the process keeps, and its register.
func childNode(dir string) (*Node, *book) {
	b := &book{}
	for _, mn := range loaded {
		b.add(mn, func(k *Known) { k.Station.MinuteMin = 1 })
	}
	return OpenNode(NodeOptions{Dir: dir, Station: b.station,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }}), b
}

// serveChild serves until it is killed, and says where.
func serveChild(dir string) error {
	node, b := childNode(dir)
	s := New(Options{Register: b, Taker: node.Taker, FramesPerSecond: 1 << 20})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	fmt.Println(s.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test, however that ends
		os.Exit(1)
	}()
	go func() { _ = node.Build(context.Background()) }()
	return s.Run(context.Background())
}

// minuteOf is the n-th minute frame of a station: each has a period and a value of its own.
func minuteOf(mn string, from time.Time, n int) string {
	at := from.Add(time.Duration(n) * time.Minute).In(hj212.Beijing).Format("20060102150405")
	return packet(fmt.Sprintf("QN=%s000;ST=31;CN=2051;PW=pw-%s;MN=%s;Flag=5;CP=&&DataTime=%s;a21026-Avg=%d,a21026-Flag=N&&",
		at, mn, mn, at, n))
}

// framesEach is how many frames a station has to send in a round, which the kill cuts short. Those of all rounds are of less
// than 32 days, which are read at once.
const (
	framesEach = 8000
	rounds     = 5
)

// The process is killed under load, again and again, and started again. Every frame that was confirmed is in the log byte
// for byte, and the reading that is made of it has its value.
func TestKilledUnderLoadNoConfirmedFrameIsLost(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(20161216, 5))
	from := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Hour)
	confirmed := map[string]map[string]bool{}
	for _, mn := range loaded {
		confirmed[mn] = map[string]bool{}
	}
	for round := range rounds {
		addr, kill := child(t, dir)
		var all sync.WaitGroup
		var mu sync.Mutex
		seen, more := 0, make(chan struct{}, 1)
		for _, mn := range loaded {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() { // until the process is gone
				for n := range framesEach {
					if _, err := io.WriteString(c, minuteOf(mn, from, round*framesEach+n)); err != nil {
						return
					}
				}
			})
			all.Go(func() {
				defer c.Close()
				d := hj212.NewDecoder(c, hj212.Options{Live: true})
				var f hj212.Frame
				for d.Next(&f) == nil {
					if f.Fault != nil {
						continue // the process was killed within it
					}
					if f.CN != "9014" || f.MN != mn {
						t.Errorf("%s is told %s", mn, f.Raw)
						continue
					}
					mu.Lock()
					confirmed[mn][f.QN] = true
					seen++
					mu.Unlock()
					select {
					case more <- struct{}{}:
					default:
					}
				}
			})
		}
		wanted, deadline := 200+random.IntN(2000), time.After(patience)
		for enough := false; !enough; {
			select {
			case <-more:
			case <-deadline:
				t.Fatalf("round %d: too few frames are confirmed", round)
			}
			mu.Lock()
			enough = seen >= wanted
			mu.Unlock()
		}
		kill()
		all.Wait()
	}
	everyConfirmedFrameIsKept(t, dir, from, confirmed)
}

func everyConfirmedFrameIsKept(t *testing.T, dir string, from time.Time, confirmed map[string]map[string]bool) {
	t.Helper()
	node, b := childNode(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	build, stop := context.WithCancel(ctx)
	built := make(chan error, 1)
	go func() { built <- node.Build(build) }()
	w := &world{t: t, node: node, book: b}
	n := 0
	kept := map[string]bool{}
	for _, r := range w.log() {
		if r.Sort == telemetry.Frame {
			kept[string(r.Raw)] = true
		}
	}
	w.wait("readings are made of all", func() bool { return node.Status().Built })
	for mn, all := range confirmed {
		series, err := node.Series(ctx, telemetry.Point(mn+".a21026"), telemetry.Minute, from, from.Add(rounds*framesEach*time.Minute),
			1<<20)
		if err != nil {
			t.Fatal(err)
		}
		values := map[time.Time]float64{}
		for _, k := range series {
			if x, ok := k.Values.Get(telemetry.Avg); ok && len(k.Others) == 0 {
				values[k.At.UTC()] = x
			}
		}
		for qn := range all {
			n++
			at, ok := dialog.ReadQN(qn)
			number := int(at.Sub(from) / time.Minute)
			if !ok || !kept[strings.TrimSpace(minuteOf(mn, from, number))] {
				t.Errorf("%s of %s was confirmed and is lost", qn, mn)
			}
			if x, ok := values[at.UTC()]; !ok || x != float64(number) {
				t.Errorf("%s of %s was confirmed with the value %d, and its reading is %v (%v)", qn, mn, number, x, ok)
			}
		}
	}
	if n == 0 {
		t.Error("nothing was confirmed")
	}
	t.Logf("%d frames were confirmed, %d are kept", n, len(kept))
	stop()
	if err := errors.Join(<-built, node.Close(ctx)); err != nil {
		t.Error(err)
	}
}

// child starts the process and returns where it serves, and what kills it.
func child(t *testing.T, dir string) (addr string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = in.Close()
	})
	t.Cleanup(kill)
	if addr, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr), kill
}
