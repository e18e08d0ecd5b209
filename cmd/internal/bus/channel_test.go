package bus

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"qingkong/cmd/internal/journal/natstest"
	"qingkong/notify/channel"
	"qingkong/notify/channel/channeltest"
)

// gate is a dialer whose connections hear nothing while it is shut.
type gate struct {
	mu   sync.Mutex
	cond *sync.Cond
	shut bool
}

func newGate() *gate {
	g := &gate{}
	g.cond = sync.NewCond(&g.mu)
	return g
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	g.cond.Broadcast()
}

// Dial implements [nats.CustomDialer].
func (g *gate) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return gated{conn, g}, err
}

type gated struct {
	net.Conn
	gate *gate
}

// Read holds back what came while the gate is shut.
func (c gated) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	for c.gate.shut {
		c.gate.cond.Wait()
	}
	return n, err
}

func TestNATSIsAChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) *channeltest.Carrier {
		srv := natstest.StartTCP(t, t.TempDir())
		stream := jetstream.StreamConfig{Name: StreamEvents, Subjects: []string{"qingkong.warning.>"}}
		if _, err := srv.JS.CreateStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var taken []channeltest.Taken
		_, err := srv.NC.Subscribe("qingkong.>", func(m *nats.Msg) {
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, channeltest.Taken{Key: m.Header.Get("Qingkong-Event-Id"), To: m.Subject, Body: string(m.Data)})
		})
		if err == nil {
			err = srv.NC.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		g := newGate()
		nc, err := nats.Connect("nats://"+srv.Addr(), nats.SetCustomDialer(g))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { g.set(false); nc.Close() })
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return &channeltest.Carrier{
			Sender: &Channel{nc, js},
			Message: func(n int) channel.Message {
				m := channel.Message{Key: fmt.Sprint("message", n), Body: []byte(strings.Repeat("示例", 1+n))}
				if m.Keep = n%4 == 3; m.Keep {
					m.To = "qingkong.warning.declared"
				} else {
					m.To = fmt.Sprintf("qingkong.order.E%d", n)
				}
				return m
			},
			Taken: func() []channeltest.Taken {
				mu.Lock()
				defer mu.Unlock()
				return append([]channeltest.Taken(nil), taken...)
			},
			Down: func() { g.set(true) },
			Up:   func() { g.set(false) },
		}
	})
}

// A stream that is not there holds back what it was to keep, and nothing else.
func TestAStreamThatTakesNothingHoldsBackNoOrder(t *testing.T) {
	srv := natstest.Start(t, t.TempDir())
	orders, err := srv.NC.SubscribeSync("qingkong.order.E1")
	if err != nil {
		t.Fatal(err)
	}
	out := (&Channel{srv.NC, srv.JS}).Send(t.Context(), []channel.Message{
		{Key: "warning/W/1", To: "qingkong.warning.declared", Body: []byte("{}"), Keep: true},
		{Key: "W-E1-1/issued", To: "qingkong.order.E1", Body: []byte("{}")},
	})
	if len(out) != 2 || out[0].Result != channel.Later || out[1].Result != channel.Sent {
		t.Errorf("outcomes %+v", out)
	}
	if _, err := orders.NextMsgWithContext(t.Context()); err != nil {
		t.Error(err)
	}
}
