package bus

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A stream of nats-server whose file could not be written once, for a full disk most likely, takes nothing any more
// until the server opens it anew, however much room there is by then. The server says so in its log alone.

// refusesWrites says whether a line of the server's log means that it stores nothing any more.
func refusesWrites(line string) bool {
	return strings.Contains(line, "ritical write error") || strings.Contains(line, "will be DISABLED")
}

func (l *serverLog) storeBroke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken.IsZero() {
		l.broken = time.Now()
	}
}

// StoreBroken is since when a stream of the embedded server takes nothing because its file could not be written; zero
// while all do, and for an external server.
func (b *Bus) StoreBroken() time.Time {
	if b.srvLog == nil {
		return time.Time{}
	}
	b.srvLog.mu.Lock()
	defer b.srvLog.mu.Unlock()
	return b.srvLog.broken
}

// ReopenStore closes the streams of the embedded server and opens them anew, so that those that could not be written
// are written again. Connections stay and their messages go on; only what is asked of streams has to wait.
func (b *Bus) ReopenStore() error {
	if b.srv == nil {
		return errors.New("bus: the streams of an external server are its operator's")
	}
	if err := b.srv.ShutdownJetStream(); err != nil {
		return fmt.Errorf("bus: close the streams: %w", err)
	}
	b.srvLog.mu.Lock()
	b.srvLog.broken = time.Time{}
	b.srvLog.mu.Unlock()
	err := b.srv.EnableJetStream(&server.JetStreamConfig{StoreDir: b.opts.StoreDir, MaxMemory: b.opts.JetStreamMaxMemory,
		MaxStore: b.opts.JetStreamMaxStore, SyncInterval: b.opts.SyncInterval, SyncAlways: b.opts.SyncAlways,
		Strict: !b.opts.NoJetStreamStrict})
	if err != nil {
		b.srvLog.storeBroke()
		return fmt.Errorf("bus: open the streams again: %w", err)
	}
	return nil
}
