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
func (b *Bus) Kick(ctx context.Context, user string) (int, error) {
	if !ValidUser(user) {
		return 0, nil
	}
	switch {
	case b.srv != nil:
		return b.kickEmbedded(user)
	case b.system != nil:
		return b.kickExternal(ctx, user)
	}
	return 0, ErrCannotKick
}

// kickPage is how many connections of one user are closed in one go; what is left is looked up again.
const kickPage = 1024

func (b *Bus) kickEmbedded(user string) (int, error) {
	n := 0
	for {
		found, err := b.srv.Connz(&server.ConnzOptions{User: user, Limit: kickPage})
		if err != nil {
			return n, fmt.Errorf("bus: connections of %s: %w", user, err)
		}
		closed := 0
		for _, c := range found.Conns {
			if b.srv.DisconnectClientByID(c.Cid) == nil { // else it went by itself
				closed++
			}
		}
		n += closed
		if len(found.Conns) < kickPage || closed == 0 {
			return n, nil
		}
	}
}

func (b *Bus) kickExternal(ctx context.Context, user string) (int, error) {
	ask, err := json.Marshal(map[string]any{"user": user, "auth": true, "limit": kickPage})
	if err != nil {
		return 0, err
	}
	n := 0
	err = b.askServers(ctx, ask, func(answer []byte) error {
		closed, err := b.kickListed(ctx, answer)
		n += closed
		return err
	})
	return n, err
}

// askServers asks all servers of the cluster for connections. How many there are is not known, so it waits for the
// answers that come within a quarter of a second of each other.
func (b *Bus) askServers(ctx context.Context, ask []byte, see func(answer []byte) error) error {
	inbox := b.system.NewRespInbox()
	sub, err := b.system.SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("bus: list of connections: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.system.PublishRequest("$SYS.REQ.SERVER.PING.CONNZ", inbox, ask); err != nil {
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

// kickListed closes the connections that one server has listed.
func (b *Bus) kickListed(ctx context.Context, answer []byte) (int, error) {
	var list struct {
		Server struct{ ID string }
		Data   struct {
			Connections []struct {
				CID uint64 `json:"cid"`
			}
		}
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return 0, fmt.Errorf("bus: list of connections: %w", err)
	}
	for i, c := range list.Data.Connections {
		ask, err := json.Marshal(server.KickClientReq{CID: c.CID})
		if err != nil {
			return i, err
		}
		if _, err := b.system.RequestWithContext(ctx, "$SYS.REQ.SERVER."+list.Server.ID+".KICK", ask); err != nil {
			return i, fmt.Errorf("bus: close connection %d: %w", c.CID, err)
		}
	}
	return len(list.Data.Connections), nil
}
