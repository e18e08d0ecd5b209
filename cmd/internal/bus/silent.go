package bus

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
)

// Silence is a connection of ours on which the server gives no answer.
type Silence struct {
	Part  string // journal, public, inbox, feed, auth, officers, viewers or system
	Vital bool   // without it nothing is recorded or sent
	Err   error
}

// parts are what our connections are for, the vital ones first.
var parts = []string{"journal", "public", "inbox", "feed", "auth", "officers", "viewers", "system"}

// vitalParts is how many are vital.
const vitalParts = 4

// each gives the connections that there are, each once.
func (b *Bus) each(yield func(part string, nc *nats.Conn) bool) {
	for _, part := range parts {
		nc := b.conns[part]
		if nc != nil && (part != "public" || nc != b.conns["journal"]) && !yield(part, nc) {
			return
		}
	}
}

// Silent asks the server for a round trip on each connection, the vital ones first, and returns the first that has none
// before ctx ends; nil when all answer. A connection that is up proves nothing: a server that stands still keeps it
// open.
func (b *Bus) Silent(ctx context.Context) *Silence {
	for part, nc := range b.each {
		status := nc.Status()
		err := fmt.Errorf("the connection is %s", status)
		if status == nats.CONNECTED {
			err = nc.FlushWithContext(ctx)
		}
		if err != nil {
			return &Silence{part, slices.Index(parts, part) < vitalParts, err}
		}
	}
	return nil
}

// Connected says of each connection whether it is up.
func (b *Bus) Connected() map[string]bool {
	up := map[string]bool{}
	for part, nc := range b.each {
		up[part] = nc.IsConnected()
	}
	return up
}

// Clients is how many clients the embedded server has, our own among them; 0 for an external one.
func (b *Bus) Clients() int {
	if b.srv == nil {
		return 0
	}
	return b.srv.NumClients()
}
