package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"
)

// rawCommits takes one sample of bbolt alone: one small row in each fsynced commit.
func (b *answersBench) rawCommits() error {
	db, err := bbolt.Open(filepath.Join(b.dir, "raw.db"), 0o600, &bbolt.Options{InitialMmapSize: 1 << 30})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	row := make([]byte, 200)
	perSecond, err := repeat(400*time.Millisecond, func(n int) error {
		return db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			return bucket.Put(fmt.Appendf(nil, "%012d", n), row)
		})
	})
	b.commits = append(b.commits, perSecond)
	return err
}

// repeat does act one time after the other for a while, and says how often in a second.
func repeat(within time.Duration, act func(n int) error) (perSecond float64, err error) {
	begin, n := time.Now(), 0
	for ; time.Since(begin) < within; n++ {
		if err := act(n); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// rawPublishes measures acknowledged publishes of one caller to a stream of the same server.
func (b *answersBench) rawPublishes(ctx context.Context) error {
	_, js := b.app.Bus().Public()
	row := make([]byte, 200)
	perSecond, err := repeat(time.Second, func(int) error {
		_, err := js.Publish(ctx, "qingkong.warning.declared", row)
		return err
	})
	b.add("raw JetStream publishes, callers=1", perSecond, "publishes/s", 0)
	return err
}

// bareAnswers is the raw limit of requests over NATS: a server in this process with as many connections over TCP, which
// answers the acknowledgement of a recipient with the bytes that ours answered it with, and does nothing for it.
type bareAnswers struct {
	srv   *server.Server
	echo  *nats.Conn
	conns []*nats.Conn // of the recipients
}

func (b *answersBench) bareAnswers() (_ *bareAnswers, err error) {
	const subject = "qingkong.answer."
	bare := &bareAnswers{conns: make([]*nats.Conn, len(b.ids))}
	if bare.srv, bare.echo, err = bareServer(); err != nil {
		return nil, err
	}
	answers := map[string][]byte{}
	for i, id := range b.ids {
		if b.replies[i] != nil {
			answers[id] = b.replies[i].Data
		}
	}
	_, err = bare.echo.Subscribe(subject+"*", func(m *nats.Msg) {
		_ = bare.echo.Publish(m.Reply, answers[m.Subject[len(subject):]]) // ask fails without an answer
	})
	if err == nil {
		err = bare.echo.FlushTimeout(10 * time.Second) // else the first request may find nobody
	}
	for i, id := range b.ids {
		if err == nil {
			bare.conns[i], err = nats.Connect(bare.srv.ClientURL(), nats.CustomInboxPrefix("_INBOX."+id), nats.NoReconnect())
		}
		if err == nil && b.replies[i] != nil { // the connection's inbox is then open, as with ours
			err = b.ask(bare.conns, i)
		}
	}
	if err != nil {
		bare.close()
		return nil, err
	}
	return bare, nil
}

func (bare *bareAnswers) close() {
	for _, nc := range append(bare.conns, bare.echo) {
		if nc != nil {
			nc.Close()
		}
	}
	bare.srv.Shutdown()
}

// askingBare is the contender that asks a bare server, for each recipient that ours has answered, what ours was asked.
func (b *answersBench) askingBare(callers int, act func(i int) error) contender {
	var who, left []int
	for i := range b.ids {
		if b.replies[i] != nil {
			who = append(who, i)
		}
	}
	return func(_ context.Context, within time.Duration) (lap, error) {
		if len(left) == 0 {
			left = who
		}
		one, err := race(callers, left, until(within), act)
		left = left[one.acts:]
		return one, err
	}
}

// bareServer is a NATS server on the loopback that does nothing of its own, and a connection to it within this process.
// The caller ends both.
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
