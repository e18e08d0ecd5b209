package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
)

// Authenticate finds who a user is by its secret. No identity and no error is a wrong user or secret. An
// error, [ErrNotReady] above all, leaves the client without an answer.
type Authenticate func(ctx context.Context, user, password string) (*Identity, error)

// Try is a login that was decided, or stayed without an answer.
type Try struct {
	User     string // as the client gave it
	Address  string // of the client, as the server sees it
	In       bool
	Answered bool
}

// Denied is what an [Authenticate] returns to refuse a login for a reason that the log has to say, beside the user's
// name. The client hears what it hears of a wrong secret.
type Denied string

func (d Denied) Error() string { return string(d) }

// ErrNotReady is what an [Authenticate] returns while it cannot know. The client then runs into its own
// timeout and tries again; a refusal would make many clients give up for good.
var ErrNotReady = errors.New("not ready")

const (
	calloutSubject = "$SYS.REQ.USER.AUTH"
	calloutQueue   = "qingkong-auth"
	// loginTerm is how long a login lasts where we cannot close connections, so that a secret that was taken away ends
	// too.
	loginTerm = time.Hour
)

// callout answers the server's question who a client is.
type callout struct {
	bus    *Bus
	auth   Authenticate
	ctx    context.Context
	cancel context.CancelFunc
	sub    *nats.Subscription
	work   sync.WaitGroup

	mu    sync.Mutex
	more  *sync.Cond
	queue loginQueue
}

// ServeAuth answers every login with auth from now on. It returns [ErrNoCallout] when the external server has
// users of its own. Call it once.
func (b *Bus) ServeAuth(auth Authenticate) error {
	if b.issuer == nil {
		return ErrNoCallout
	}
	c := &callout{bus: b, auth: auth}
	c.more = sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(context.Background())

	b.mu.Lock()
	defer b.mu.Unlock()
	if b.callout != nil || b.closed {
		c.cancel()
		return errors.New("bus: logins are already served, or the bus is closed")
	}
	var err error
	if c.sub, err = b.conns["auth"].QueueSubscribe(calloutSubject, calloutQueue, c.enqueue); err != nil {
		c.cancel()
		return fmt.Errorf("bus: auth callout: %w", err)
	}
	for range 8 * runtime.GOMAXPROCS(0) {
		c.work.Go(c.serve)
	}
	b.callout = c
	return nil
}

func (c *callout) stop() {
	_ = c.sub.Unsubscribe()
	c.cancel()
	c.mu.Lock()
	c.more.Broadcast()
	c.mu.Unlock()
	c.work.Wait()
}

func (c *callout) enqueue(msg *nats.Msg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.push(loginRequest{msg, time.Now()})
	c.more.Signal()
}

// next waits for a login; false means that the callout has stopped.
func (c *callout) next() (loginRequest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ctx.Err() == nil {
		if l, ok := c.queue.pop(time.Now()); ok {
			return l, true
		}
		c.more.Wait()
	}
	return loginRequest{}, false
}

func (c *callout) serve() {
	for {
		l, ok := c.next()
		if !ok {
			return
		}
		ctx, cancel := context.WithDeadline(c.ctx, l.at.Add(deadAfter))
		c.answer(ctx, l.msg)
		cancel()
	}
}

// answer decides one login. It never logs the request, which holds the secret.
func (c *callout) answer(ctx context.Context, msg *nats.Msg) {
	var req *jwt.AuthorizationRequestClaims
	data, err := c.bus.open(msg)
	if err == nil {
		req, err = jwt.DecodeAuthorizationRequestClaims(string(data))
	}
	if err != nil {
		c.bus.log.Error("auth callout: request cannot be read", "error", err)
		return
	}
	user := req.ConnectOptions.Username
	var id *Identity
	answered := false
	defer func() {
		if tried := c.bus.cfg.OnLogin; tried != nil {
			tried(Try{User: user, Address: req.ClientInformation.Host, In: answered && id != nil, Answered: answered})
		}
	}()
	if c.bus.rates.isMuted(user, time.Now()) {
		return
	}
	// A key or a token beside the name would stand in the server's word of who sent a message.
	if o := req.ConnectOptions; ValidUser(user) && o.Nkey == "" && o.JWT == "" && o.Token == "" {
		id, err = c.auth(ctx, user, req.ConnectOptions.Password)
		if why := Denied(""); errors.As(err, &why) {
			c.bus.quiet.Warn(user, "login refused", "user", user, "why", string(why))
			id, err = nil, nil
		}
		if err != nil {
			if !errors.Is(err, ErrNotReady) {
				c.bus.log.Error("login not decided", "user", user, "error", err)
			}
			return
		}
	}
	reply, err := c.bus.decide(req, id, time.Now())
	if err == nil {
		err = c.bus.respond(msg, reply)
	}
	if answered = err == nil; !answered {
		c.bus.log.Error("auth callout: answer", "user", user, "error", err)
	}
}

// decide makes the signed answer: the user's rights, or a refusal when there is no identity.
func (b *Bus) decide(req *jwt.AuthorizationRequestClaims, id *Identity, now time.Time) (string, error) {
	rc := jwt.NewAuthorizationResponseClaims(req.UserNkey)
	rc.Audience = req.Server.ID
	if id == nil {
		rc.Error = "wrong user or secret"
		return rc.Encode(b.issuer)
	}
	uc := jwt.NewUserClaims(req.UserNkey)
	uc.Name = id.User
	uc.Permissions = Permissions(*id)
	var streams bool
	if uc.Audience, streams = b.targets.of(id.Role); uc.Audience == "" {
		rc.Error = "the server has no account for feeders: see docs/nats-external.conf"
		return rc.Encode(b.issuer)
	}
	if !streams && isReader(id.Role) {
		uc.Permissions.Pub = only(nil)
	}
	if b.srv == nil && b.conns["system"] == nil {
		uc.Expires = now.Add(loginTerm).Unix()
	}
	if !id.Expires.IsZero() {
		// The server counts from the whole second before a login: one second less is never too late.
		ends := id.Expires.Unix() - 1
		if ends <= now.Unix() {
			rc.Error = "the secret has come to its end"
			return rc.Encode(b.issuer)
		}
		if uc.Expires == 0 || ends < uc.Expires {
			uc.Expires = ends
		}
	}
	var err error
	if rc.Jwt, err = uc.Encode(b.issuer); err != nil {
		return "", err
	}
	return rc.Encode(b.issuer)
}

const serverXKeyHeader = "Nats-Server-Xkey"

// open decrypts a request when the server encrypts them.
func (b *Bus) open(msg *nats.Msg) ([]byte, error) {
	if b.xkey == nil {
		return msg.Data, nil
	}
	return b.xkey.Open(msg.Data, msg.Header.Get(serverXKeyHeader))
}

func (b *Bus) respond(msg *nats.Msg, token string) error {
	data := []byte(token)
	if b.xkey != nil {
		sealed, err := b.xkey.Seal(data, msg.Header.Get(serverXKeyHeader))
		if err != nil {
			return err
		}
		data = sealed
	}
	return msg.Respond(data)
}
