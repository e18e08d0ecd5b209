package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/channel"
)

// dispatchLimits are the seconds that the bytes of a dispatch take in each step alone.
type dispatchLimits struct {
	encode, bbolt, stream, publish float64
	bytes                          int
}

// rawMessages is how many messages are held ready while the publishing of them is measured.
const rawMessages = 8000

// eachBlock hands over the blocks that the dispatch added, each good until the next, and returns how many seconds f
// took.
func (b *dispatchBench) eachBlock(f func(number uint64, raw []byte) error) (seconds float64, err error) {
	for number := b.from; number <= b.to && err == nil; number++ {
		err = b.journal.View(func(tx *bbolt.Tx) error {
			text := journal.ReadBlock(tx, number)
			begin := time.Now()
			defer func() { seconds += time.Since(begin).Seconds() }()
			return f(number, text)
		})
	}
	return seconds, err
}

// rawEncode encodes the bodies of the orders again.
func (b *dispatchBench) rawEncode(context.Context) error {
	var took time.Duration
	var buf []byte
	_, err := b.eachBlock(func(_ uint64, text []byte) error {
		block, err := journal.ParseBlock(text)
		if err != nil {
			return err
		}
		var orders []*notify.Issued
		for _, e := range block.Entries() {
			ev, err := b.journal.Registry().Decode(e.Kind, e.Data)
			if err != nil {
				return err
			}
			if order, ok := ev.(*notify.Issued); ok {
				orders = append(orders, order)
			}
		}
		begin := time.Now()
		for _, order := range orders {
			buf = order.AppendJSON(buf[:0])
		}
		took += time.Since(begin)
		return nil
	})
	b.raw.encode = took.Seconds()
	return err
}

// rawBlocks puts the blocks into an empty bbolt file of the same options, a commit each, in rows of the length that
// bbolt writes fastest.
func (b *dispatchBench) rawBlocks(context.Context) error {
	db, err := bbolt.Open(filepath.Join(b.dir, "raw.db"), 0o600,
		&bbolt.Options{InitialMmapSize: 16 << 30, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	b.raw.bbolt, err = b.eachBlock(func(number uint64, text []byte) error {
		b.raw.bytes += len(text)
		return db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			bucket.FillPercent = 1
			for row := 0; len(text) > 0; row++ {
				n := min(16<<10, len(text))
				if err := bucket.Put(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, number), uint16(row)),
					text[:n]); err != nil {
					return err
				}
				text = text[n:]
			}
			return nil
		})
	})
	return err
}

// rawStream publishes the blocks to an empty stream of the same server, each after the one before was acknowledged.
func (b *dispatchBench) rawStream(ctx context.Context) error {
	const name, subject = "QINGKONG_BENCH", "qingkong.bench.block"
	_, js := b.app.Bus().Journal()
	_, err := js.CreateStream(ctx,
		jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Storage: jetstream.FileStorage})
	if err != nil {
		return err
	}
	b.raw.stream, err = b.eachBlock(func(_ uint64, text []byte) error {
		_, err := js.Publish(ctx, subject, text)
		return err
	})
	return errors.Join(err, js.DeleteStream(ctx, name))
}

// rawPublish publishes the messages to one subscriber over TCP, on a server that does nothing else.
func (b *dispatchBench) rawPublish(context.Context) error {
	srv, from, err := bareServer()
	if err != nil {
		return err
	}
	defer srv.Shutdown()
	defer from.Close()
	to, err := nats.Connect(srv.ClientURL(), nats.NoReconnect())
	if err != nil {
		return err
	}
	defer to.Close()
	var seen, want atomic.Int64
	all := make(chan struct{}, 1)
	sub, err := to.Subscribe("qingkong.order.>", func(*nats.Msg) {
		if seen.Add(1) == want.Load() {
			all <- struct{}{}
		}
	})
	if err == nil {
		err = errors.Join(sub.SetPendingLimits(-1, -1), to.Flush())
	}
	if err != nil {
		return err
	}
	for cursor := ""; ; {
		msgs, next, err := b.messages(cursor)
		if err != nil {
			return err
		}
		seen.Store(0)
		want.Store(int64(len(msgs)))
		begin := time.Now()
		for _, m := range msgs {
			if err := from.Publish(m.To, m.Body); err != nil {
				return err
			}
		}
		if err := from.Flush(); err != nil {
			return err
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			return fmt.Errorf("%d of %d raw messages came", seen.Load(), want.Load())
		}
		b.raw.publish += time.Since(begin).Seconds()
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// messages renders the next messages of the warning's orders.
func (b *dispatchBench) messages(cursor string) (msgs []channel.Message, next string, err error) {
	err = b.journal.View(func(tx *bbolt.Tx) error {
		for next = cursor; len(msgs) < rawMessages; {
			page, after, err := notify.ListOrders(tx, notify.Filter{Warning: b.warning.ID}, next, notify.MaxPage)
			if err != nil {
				return err
			}
			for _, o := range page {
				m, err := b.svc.Render(tx, channel.NATS, notify.Topic, o.ID+"/issued")
				if err != nil {
					return err
				}
				msgs = append(msgs, m)
			}
			if next = after; next == "" {
				return nil
			}
		}
		return nil
	})
	return msgs, next, err
}
