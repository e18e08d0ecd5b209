// Package bus carries messages: NATS embedded in the program or an external one, who may connect to it and
// which subjects each may use.
//
// A server has these accounts:
//
//   - SYS is NATS's own.
//   - JOURNAL holds the record's stream, the vault and the lease; no outside user reaches it.
//   - PUBLIC is where recipients, towns and neighbours meet the coordinator, and where the streams of
//     warnings and proposals are written. No outside user has JetStream rights in it.
//   - FEEDERS is for those who send forecasts, observations and telemetry. It imports these subjects from PUBLIC as
//     services, so that the server says who sent each message.
//   - OFFICERS (duty, approver, admin) and VIEWERS (viewer, inspector) are for those who may read the streams. Each
//     holds mirrors of the streams and imports what goes out. They are apart because JetStream sends what it is
//     asked for to any subject the request names, unchecked: in PUBLIC a viewer could have it written among
//     another's orders, or into the stream of live warnings, and in one account with officers onto the live subjects
//     that they listen to. A mirror takes in nothing but its origin. Within one of these accounts a member can still
//     send an old message onto a live subject: the stream, not the live subject, is the truth.
//   - AUTH is where the server asks us who a client is (auth callout). Those requests carry passwords.
//
// The start has an order: [Start] runs the server without a listener, the caller recovers its state over the
// in-process connections, [Bus.ServeAuth] begins to answer logins, and [Bus.OpenListener] lets clients in.
package bus

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"qingkong/cmd/internal/fair"
)

// maxPayload is the largest message, in bytes. Blocks of the journal stay below 900 KiB.
const maxPayload = 1 << 20

// Config says which server the bus uses. With a URL it is the external one, else one is embedded.
type Config struct {
	StoreDir string // embedded: folder of the streams; created when missing
	Listen   string // embedded: "127.0.0.1:4222"; port 0 takes a free one; "" has no listener

	TLS            *tls.Config // embedded: of its listener; nil is none. Our own connections are in process and have none
	HandshakeFirst bool        // embedded: clients begin with TLS before the server has said anything

	URL       string // external: one or several, separated by commas
	CredsFile string // external: NATS .creds file or JSON, see [Credentials]
	CAFile    string // external: PEM authorities of its certificate; with it nothing but TLS is used. "" are the system's

	// Share is what one user may publish to us, all inbound subjects together; zero is no limit. A user that is refused
	// is told what TooMany gives, at most once a second.
	Share   fair.Share
	Excess  Excess
	TooMany func() []byte
	// TrustServerUsers opens the feeders' subjects on an external server that has users of its own, see
	// [Bus.HandleShared].
	TrustServerUsers bool

	// AnswerWithin is how long a message keeps its place among those in work, answered or not; 2 minutes when zero.
	// Every handler has a limit well below it.
	AnswerWithin time.Duration

	Name   string // name of this node in connections and logs; "qingkong" when empty
	Logger *slog.Logger

	// OnLogin is told of each login, from any goroutine, and must not block; nil is nobody.
	OnLogin func(Try)

	// Failed is told when something ends for good that goes on until Close: the embedded server, its listener, or a
	// connection. It is called from any goroutine and must not block.
	Failed func(error)
}

// Bus is one node's access to NATS. Its methods may be called from any goroutine.
type Bus struct {
	cfg Config
	log *slog.Logger

	srv    *server.Server // nil when external
	srvLog *serverLog     // nil when external
	opts   *server.Options
	creds  Credentials // external

	// conns are our connections, by their [parts]; officers, viewers, auth and system are missing when there is no such
	// access. inbox is what users publish to us by. It is apart from public: where somebody sends more than a connection
	// takes, the server closes that, and what we send must not share its fate. feed is the same for feeders, whose messages
	// are the largest.
	conns map[string]*nats.Conn
	js    map[string]jetstream.JetStream // of journal, public, officers and viewers, where they are there

	issuer  *issuer       // signs what the callout answers; nil when no callout is served
	targets targets       // where the callout places users
	xkey    nkeys.KeyPair // opens encrypted callout requests; nil when they are not encrypted

	meter *fair.Meter // of what users publish to us
	rates *rates
	own   map[string]bool // the names of our own connections
	done  context.CancelFunc
	quiet *quieter // writes what clients cause

	mu      sync.Mutex
	callout *callout
	ins     []*inbound
	closed  bool
}

// ErrNoCallout is returned by [Bus.ServeAuth] when the external server knows its users itself.
var ErrNoCallout = errors.New("bus: the credentials name no auth callout; the server's own users apply")

// Start runs the embedded server without a listener, or connects to the external one. It returns when the
// connections are up, or an error that names what is wrong with the configuration or the server.
func Start(cfg Config) (*Bus, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	cfg.Name = cmp.Or(cfg.Name, "qingkong")
	b := &Bus{cfg: cfg, log: cfg.Logger.With("component", "bus"), meter: fair.NewMeter(cfg.Share, nil)}
	b.quiet, b.own = newQuieter(b.log), map[string]bool{}
	b.conns, b.js = map[string]*nats.Conn{}, map[string]jetstream.JetStream{}
	b.rates = newRates(cfg.Share.PerSecond, cfg.Excess)
	var err error
	if cfg.URL != "" {
		err = b.connectExternal()
	} else {
		err = b.startEmbedded()
	}
	if err == nil {
		err = b.openJetStream()
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return nil, errors.Join(err, b.Close(ctx))
	}
	if b.Embedded() {
		b.setMetaAside()
		b.dropOld()
	}
	ctx, cancel := context.WithCancel(context.Background())
	if b.done = cancel; b.rates.limit > 0 && (b.srv != nil || b.conns["system"] != nil) {
		go b.watchRates(ctx)
	}
	return b, nil
}

func (b *Bus) openJetStream() (err error) {
	for _, name := range []string{"journal", "public", "officers", "viewers"} {
		if nc := b.conns[name]; nc != nil {
			if b.js[name], err = jetstream.New(nc); err != nil {
				return fmt.Errorf("bus: %s account: %w", name, err)
			}
		}
	}
	return nil
}

// Journal is the connection to the account that no outside user reaches.
func (b *Bus) Journal() (*nats.Conn, jetstream.JetStream) { return b.conns["journal"], b.js["journal"] }

// Public is the connection with all rights in the account that outside users share.
func (b *Bus) Public() (*nats.Conn, jetstream.JetStream) { return b.conns["public"], b.js["public"] }

// Embedded says whether the server runs in this process.
func (b *Bus) Embedded() bool { return b.srv != nil }

// Addr is the address clients connect to, as host:port. It is empty before [Bus.OpenListener], when there is
// no listener, and for an external server.
func (b *Bus) Addr() string {
	if b.srv == nil {
		return ""
	}
	if a, ok := b.srv.Addr().(*net.TCPAddr); ok && a != nil {
		return a.String()
	}
	return ""
}

// drainWithin bounds how long Close lets connections finish what was published and received.
const drainWithin = 3 * time.Second

// Close ends logins, drains the connections, so that what was published and received is finished, and stops the
// embedded server. A part that does not end within its time is closed, and left behind when ctx ends; that is an error.
// Calling it again does nothing.
func (b *Bus) Close(ctx context.Context) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	c := b.callout
	b.mu.Unlock()
	if b.done != nil {
		b.done()
	}

	finish, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	var errs []error
	if c != nil {
		errs = append(errs, bounded(finish, "end logins", c.stop))
	}
	b.endInbound(finish)
	errs = append(errs, drain(finish, slices.Collect(maps.Values(b.conns))...))
	if b.srv != nil {
		errs = append(errs, bounded(ctx, "stop the server", b.shutdown))
	}
	return errors.Join(errs...)
}

// bounded lets do run until ctx ends, and leaves it behind then.
func bounded(ctx context.Context, what string, do func()) error {
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("bus: %s: %w", what, ctx.Err())
	}
}

// drain drains the connections beside each other; accounts may share one. A connection to a server that takes nothing in
// holds its lock for as long as a write may last, so that not even closing it is waited for.
func drain(ctx context.Context, conns ...*nats.Conn) error {
	var all sync.WaitGroup
	errs := make([]error, len(conns))
	for i, nc := range conns {
		if !slices.Contains(conns[:i], nc) {
			all.Go(func() { errs[i] = bounded(ctx, "drain "+nc.Opts.Name, func() { drainOne(ctx, nc) }) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

func drainOne(ctx context.Context, nc *nats.Conn) {
	if nc.IsClosed() {
		return
	}
	closed := nc.StatusChanged(nats.CLOSED)
	if nc.Drain() != nil {
		nc.Close()
	}
	select {
	case <-closed:
	case <-ctx.Done():
		nc.Close()
	}
}

// fail tells of something that ended for good, unless the bus is being closed.
func (b *Bus) fail(err error) {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if !closed && b.cfg.Failed != nil {
		b.cfg.Failed(err)
	}
}

// options are those of every connection of ours: it never gives up, spreads its reconnects over a second so
// that the nodes of a district do not return in one instant, and publishes nothing while it is disconnected,
// because what was not published is repeated from the record.
func (b *Bus) options(part string) []nats.Option {
	log := b.log.With("connection", part)
	return []nats.Option{
		nats.Name(b.cfg.Name + "/" + part),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(time.Second),
		nats.ReconnectJitter(time.Second, time.Second),
		nats.ReconnectBufSize(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.DrainTimeout(drainWithin),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("nats", "subject", subject, "error", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("disconnected from nats", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info("reconnected to nats", "url", nc.ConnectedUrlRedacted())
		}),
		nats.ClosedHandler(func(nc *nats.Conn) {
			b.fail(fmt.Errorf("bus: the NATS connection %s has ended for good: %w", part,
				cmp.Or(nc.LastError(), nats.ErrConnectionClosed)))
		}),
	}
}
