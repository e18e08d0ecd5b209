package app

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/stations"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// A station reports to one of two nodes, and both have what it says. While NATS is down it is not confirmed; what it sends
// again afterwards is, and on a node that was away too.
func TestStationsReportToAnyNode(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	a := h.node("a", repeatLate)
	importDemo(t, a, 64)
	b := h.node("b", repeatLate)
	_, err := a.svc.AddStation(t.Context(), service.By("admin"), calls.NewStation{MN: "DEMO0001", Name: "总排口",
		RecipientID: "E0001", ST: "31", Version: "2017", Secrets: calls.Secrets{Password: "123456"},
		Outlets: []calls.OutletText{{Name: "总排口", Factors: []calls.FactorText{{Code: "a21026"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the register on both nodes", func() bool {
		st, err := b.svc.ReporterStation("DEMO0001")
		return err == nil && st != nil
	})
	dial := func(n *App) net.Conn {
		t.Helper()
		if n.lines.Addr() == "" {
			if err := n.lines.Listen("127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			n.background("stations", n.lines.Run)
			n.onStop("stations", stationsWithin, n.lines.Stop)
		}
		c, err := net.Dial("tcp", n.lines.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	hour := time.Now().In(hj212.Beijing).Truncate(time.Hour).Add(-8 * time.Hour)
	sent := 0
	frame := func() string {
		sent++
		return stationFrame(t, "DEMO0001", "123456", hour.Add(time.Duration(sent-1)*time.Hour), float64(30+sent))
	}
	read := func(n *App) {
		t.Helper()
		eventually(t, "readings of all hours", func() bool {
			kept, err := n.station.Series(t.Context(), "DEMO0001.a21026", telemetry.Hour, hour, hour.Add(8*time.Hour), 10)
			found := 0
			for _, k := range kept {
				if x, ok := k.Values.Get(telemetry.Avg); ok && x == float64(31+found) {
					found++
				}
			}
			return err == nil && found == sent
		})
	}
	for _, n := range []*App{a, b} {
		if got := over(t, dial(n), frame()); !strings.Contains(got, "CN=9014;") {
			t.Errorf("answered %q", got)
		}
	}
	read(a)
	read(b)

	stop(t, b)
	h.stopServer()
	c, again := dial(a), frame()
	if _, err := c.Write([]byte(again)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a frame that is not kept", func() bool { return a.station.Status().Unkept != nil })
	h.startServer()
	eventually(t, "confirmed again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		raw := strings.TrimSuffix(again, "\r\n")
		return a.station.Taker.Take(ctx, telemetry.Received{Sort: telemetry.Frame, MN: "DEMO0001", Raw: []byte(raw)}) == nil
	})
	next := frame()
	_, qn, _ := strings.Cut(next, "QN=")
	if got := over(t, c, next); !strings.Contains(got, qn[:17]) || !strings.Contains(got, "CN=9014;") {
		t.Errorf("the frame that was not kept was answered, or the one behind it was not: %q", got)
	}
	b = h.node("b", repeatLate)
	read(a)
	read(b)
	if s := b.station.Status(); !s.Shared || !s.Missed.IsZero() {
		t.Errorf("%+v", s)
	}
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	info, err := js.Stream(t.Context(), stations.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if cfg := info.CachedInfo().Config; cfg.MaxAge != 72*time.Hour || cfg.MaxBytes != 5<<30 || cfg.Replicas != 1 {
		t.Errorf("%+v", cfg)
	}
	prove(t, a, b)
}

// The root of an hour that the leader records is that of every node, and another leader goes on behind it. The stream takes a
// message each ten minutes by its own clock, twelve of them, and what it takes then it takes now.
func TestAnHoursRootIsTheSameOnEveryNode(t *testing.T) {
	now := time.Now()
	first := now.Truncate(time.Hour).Add(-12 * time.Hour)
	h := newHub(t)
	h.hooks.stamp = func(m *jetstream.MsgMetadata) time.Time {
		if n := m.Sequence.Stream - 1; n < 12 {
			return first.Add(time.Duration(n) * 10 * time.Minute)
		}
		return now
	}
	a, b := h.node("a", repeatLate), h.node("b", repeatLate)
	for i := range 12 {
		n := []*App{a, b}[i%2]
		r := telemetry.Received{Sort: telemetry.Frame, MN: "DEMO0001", Raw: fmt.Append(nil, "frame ", i)}
		if err := n.station.Taker.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	last := now.Truncate(time.Hour).Add(-time.Hour)
	if now.Sub(last) < time.Hour+rootsNodes+time.Minute {
		last = last.Add(-time.Hour)
	}
	hours := func(n *App) (recorded []telemetry.RootHour) {
		eventually(t, "the roots", func() bool {
			if err := n.rootDue(t.Context()); err != nil {
				t.Logf("again: %v", err)
			}
			rooted, err := n.rooted()
			return err == nil && rooted.After(last)
		})
		view(t, n, func(tx *bbolt.Tx) error {
			for at := first; !at.After(last); at = at.Add(time.Hour) {
				r, err := telemetry.HourRoot(tx, at)
				if err != nil {
					return err
				}
				if r != nil {
					recorded = append(recorded, *r)
				}
			}
			return nil
		})
		return recorded
	}
	want := hours(a)
	if len(want) == 0 || !want[0].Hour.Equal(first.Add(time.Hour)) || want[0].Frames != 6 {
		t.Fatalf("recorded %+v", want)
	}
	stop(t, a)
	if got := hours(b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("recorded %+v and %+v", got, want)
	}
	for _, r := range want {
		root, n, err := b.station.Root(t.Context(), r.Hour)
		if err != nil || n != r.Frames || base64.StdEncoding.EncodeToString(root[:]) != r.Root {
			t.Errorf("hour %v: %v of %d (%v), recorded %+v", r.Hour, root, n, err, r)
		}
	}
	prove(t, b)
}
