package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ErrCannotKick is returned by [Bus.Kick] for an external server whose system account we were not given.
// Logins then end by themselves within [loginTerm].
var ErrCannotKick = errors.New(`bus: live connections of an external server can be closed only with "system" in the credentials file`)

// Kick closes every live connection of a user and returns how many there were. Change the secret first: a login
// under way is closed too, and one that begins later is decided by the new secret. A client with the old secret
// comes back and is refused.
func (b *Bus) Kick(ctx context.Context, user string) (n int, err error) {
	if !ValidUser(user) {
		return 0, nil
	}
	if b.srv == nil && b.conns["system"] == nil {
		return 0, ErrCannotKick
	}
	for {
		listed, closed := 0, 0
		ask := server.ConnzOptions{User: user, Username: true, Limit: kickPage}
		err := b.eachServer(ctx, ask, func(id string, list *server.Connz) error {
			listed += len(list.Conns)
			for _, c := range list.Conns {
				there, err := b.disconnect(ctx, id, c.Cid)
				if err != nil {
					return err
				}
				if there {
					closed++
				}
			}
			return nil
		})
		n += closed
		if err != nil || b.srv == nil || listed < kickPage || closed == 0 {
			return n, err
		}
	}
}

// kickPage is how many connections of one user are closed in one go; what is left on the embedded server is looked up
// again.
const kickPage = 1024

// disconnect closes a connection of a server; false where it went by itself, which only the embedded one says.
func (b *Bus) disconnect(ctx context.Context, id string, cid uint64) (there bool, err error) {
	if b.srv != nil {
		return b.srv.DisconnectClientByID(cid) == nil, nil
	}
	ask, err := json.Marshal(server.KickClientReq{CID: cid})
	if err != nil {
		return false, err
	}
	if _, err := b.conns["system"].RequestWithContext(ctx, "$SYS.REQ.SERVER."+id+".KICK", ask); err != nil {
		return false, fmt.Errorf("bus: close connection %d: %w", cid, err)
	}
	return true, nil
}

// eachServer gives the connections that one asks for, server by server; the embedded one has no id.
func (b *Bus) eachServer(ctx context.Context, ask server.ConnzOptions,
	see func(id string, list *server.Connz) error) error {
	if b.srv != nil {
		list, err := b.srv.Connz(&ask)
		if err != nil {
			return fmt.Errorf("bus: list of connections: %w", err)
		}
		return see("", list)
	}
	text, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	return b.askServers(ctx, text, func(data []byte) error {
		var answer struct {
			Server struct{ ID string }
			Data   *server.Connz
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return fmt.Errorf("bus: list of connections: %w", err)
		}
		if answer.Data == nil {
			return nil
		}
		return see(answer.Server.ID, answer.Data)
	})
}

// askServers asks all servers of the cluster for connections. How many there are is not known, so it waits for the
// answers that come within a quarter of a second of each other.
func (b *Bus) askServers(ctx context.Context, ask []byte, see func(answer []byte) error) error {
	inbox := b.conns["system"].NewRespInbox()
	sub, err := b.conns["system"].SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("bus: list of connections: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.conns["system"].PublishRequest("$SYS.REQ.SERVER.PING.CONNZ", inbox, ask); err != nil {
		return fmt.Errorf("bus: list of connections: %w", err)
	}
	for wait, answers := 2*time.Second, 0; ; wait, answers = 250*time.Millisecond, answers+1 {
		next, cancel := context.WithTimeout(ctx, wait)
		msg, err := sub.NextMsgWithContext(next)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && answers == 0:
			return fmt.Errorf("bus: list of connections: no server answered: %w", err)
		case err != nil:
			return nil
		}
		if err := see(msg.Data); err != nil {
			return err
		}
	}
}
