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

// part is one connection of ours.
type part struct {
	name  string
	vital bool
	nc    *nats.Conn
}

// parts are the connections that there are, each once.
func (b *Bus) parts() []part {
	all := []part{{"journal", true, b.journal}, {"public", true, b.public}, {"inbox", true, b.inbox},
		{"feed", true, b.feed}, {"auth", false, b.auth}, {"officers", false, b.officers}, {"viewers", false, b.viewers},
		{"system", false, b.system}}
	return slices.DeleteFunc(all, func(p part) bool { return p.nc == nil || p.name == "public" && p.nc == b.journal })
}

// Silent asks the server for a round trip on each connection, the vital ones first, and returns the first that has none
// before ctx ends; nil when all answer. A connection that is up proves nothing: a server that stands still keeps it
// open.
func (b *Bus) Silent(ctx context.Context) *Silence {
	for _, p := range b.parts() {
		if status := p.nc.Status(); status != nats.CONNECTED {
			return &Silence{p.name, p.vital, fmt.Errorf("the connection is %s", status)}
		}
		if err := p.nc.FlushWithContext(ctx); err != nil {
			return &Silence{p.name, p.vital, err}
		}
	}
	return nil
}

// Connected says of each connection whether it is up.
func (b *Bus) Connected() map[string]bool {
	up := map[string]bool{}
	for _, p := range b.parts() {
		up[p.name] = p.nc.IsConnected()
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
