package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"
)

// rawCommits takes one sample of what bbolt does by itself: one small row, one fsynced commit.
func (b *answersBench) rawCommits() error {
	db, err := bbolt.Open(filepath.Join(b.dir, "raw.db"), 0o600, &bbolt.Options{InitialMmapSize: 1 << 30})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	row := make([]byte, 200)
	begin, n := time.Now(), 0
	for ; time.Since(begin) < 400*time.Millisecond; n++ {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			return bucket.Put(fmt.Appendf(nil, "%012d", n), row)
		})
		if err != nil {
			return err
		}
	}
	b.commits = append(b.commits, float64(n)/time.Since(begin).Seconds())
	return nil
}

// rawPublishes measures acknowledged publishes of one caller to a stream of the same server.
func (b *answersBench) rawPublishes(ctx context.Context) error {
	_, js := b.app.bus.Public()
	row := make([]byte, 200)
	begin, n := time.Now(), 0
	for ; time.Since(begin) < time.Second; n++ {
		if _, err := js.Publish(ctx, "qingkong.warning.declared", row); err != nil {
			return err
		}
	}
	b.figures = append(b.figures, Figure{Name: "raw JetStream publishes, callers=1", Value: float64(n) / time.Since(begin).Seconds(), Unit: "publishes/s"})
	return nil
}

// rawRoundTrips measures requests over TCP to a server in this process whose answers take no work: as many connections,
// and messages of the size of the acknowledgements and of the orders they are answered with. Nothing that is asked over
// NATS on this machine, by clients on this machine, answers more.
func (b *answersBench) rawRoundTrips(n int) error {
	srv, echo, err := bareServer()
	if err != nil {
		return err
	}
	defer srv.Shutdown()
	defer echo.Close()
	answer := make([]byte, 1500)
	if _, err := echo.Subscribe("echo.*", func(m *nats.Msg) { _ = echo.Publish(m.Reply, answer) }); err != nil {
		return err
	}
	conns := make([]*nats.Conn, len(b.ids))
	act := func(i int) error {
		_, err := conns[i].Request("echo."+strconv.Itoa(i), b.acknowledgement(b.ids[i]), 10*time.Second)
		return err
	}
	for i := range conns {
		if conns[i], err = nats.Connect(srv.ClientURL(), nats.NoReconnect()); err != nil {
			return err
		}
		defer conns[i].Close()
		if err := act(i); err != nil {
			return err
		}
	}
	for _, run := range []struct{ callers, trips int }{{1, min(n, len(conns))}, {256, 2 * n}} {
		var took time.Duration
		done := 0
		for done < run.trips {
			t, l, err := b.round(run.callers, run.trips-done, act)
			if err != nil {
				return err
			}
			took, done = took+t, done+len(l)
		}
		b.figures = append(b.figures, Figure{Name: fmt.Sprintf("raw NATS round trips over TCP, callers=%d", run.callers),
			Value: float64(done) / took.Seconds(), Unit: "1/s"})
	}
	return nil
}

// bareServer is a NATS server on the loopback that does nothing but what it is asked now, and a connection within this
// process. Whoever asks for it ends both.
func bareServer() (*server.Server, *nats.Conn, error) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, nil, err
	}
	srv.Start()
	err = errors.New("the server of a raw limit is not ready")
	if srv.ReadyForConnections(10 * time.Second) {
		var nc *nats.Conn
		if nc, err = nats.Connect("", nats.InProcessServer(srv)); err == nil {
			return srv, nc, nil
		}
	}
	srv.Shutdown()
	return nil, nil, err
}
