package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

const (
	accountJournal  = "JOURNAL"
	accountPublic   = "PUBLIC"
	accountFeeders  = "FEEDERS"
	accountOfficers = "OFFICERS"
	accountViewers  = "VIEWERS"
)

// readyWait bounds the start of the embedded server. Recovering a long journal from disk takes most of it.
const readyWait = 5 * time.Minute

// maxSubscriptions is how many subscriptions one connection of an account may have that outside users are placed in,
// ours included.
const maxSubscriptions = 32

// serverConfig is the embedded server's configuration; an external server needs the same accounts and callout.
//
// Our own users are nkeys made at each start and known to this process alone, and may connect in process only,
// so that no outside login can be one of them. auth_users are the ones the callout is not asked about.
//
// timeout bounds a login from CONNECT to our answer. When it ends without one the server says "Authorization
// Violation", as if we had refused, so it lies beyond the 2 s after which clients hang up by themselves.
// The streams of events are never deleted: JetStream answers a reader at whatever subject it names, an answer that is
// empty is a valid request there to delete a stream, and all such requests come by SYS.
// max_subscriptions bounds how often one client can have the same message delivered to itself; the accounts' own limits
// are those that a client meets, since the server asks for no other once the callout has placed it.
var serverConfig = template.Must(template.New("nats").Parse(`
server_name: {{.Name}}
max_payload: {{.MaxPayload}}
max_control_line: 4096
max_pending: 64MB
max_connections: 200000
max_subscriptions: 500
write_deadline: "5s"
ping_interval: "60s"
ping_max: 2
jetstream { store_dir: {{.StoreDir}}, max_memory_store: 256MB, max_file_store: 8TB }
system_account: SYS
accounts {
  SYS     {
    mappings: {
      {{- range .Streams}}
      "$JS.API.STREAM.DELETE.{{.}}": "refused.STREAM.DELETE.{{.}}"
      {{- end}}
    }
  }
  JOURNAL { jetstream: enabled, users: [ { nkey: {{.Journal}}, allowed_connection_types: ["IN_PROCESS"] } ] }
  PUBLIC  { jetstream: enabled, limits: { max_subscriptions: {{.MaxSubs}} }, users: [ { nkey: {{.Public}}, allowed_connection_types: ["IN_PROCESS"] } ]
    exports: [
      {{- range .Feed}}
      { service: "{{.To}}", accounts: [FEEDERS], response_threshold: "30s" }
      {{- end}}
      {{- range .Read}}
      { stream: "{{.}}", accounts: [OFFICERS, VIEWERS] }
      {{- end}}
      {{- range .Streams}}
      { service: "$JS.API.CONSUMER.CREATE.{{.}}", accounts: [OFFICERS, VIEWERS] }
      { service: "$JS.FC.{{.}}.>", accounts: [OFFICERS, VIEWERS] }
      {{- end}}
      { stream: "{{.Deliver}}.officers.>", accounts: [OFFICERS] }
      { stream: "{{.Deliver}}.viewers.>", accounts: [VIEWERS] }
    ]
  }
  FEEDERS { limits: { max_subscriptions: {{.MaxSubs}} }
    imports: [
      {{- range .Feed}}
      { service: { account: PUBLIC, subject: "{{.To}}" }, to: "{{.From}}", share: true }
      {{- end}}
    ]
  }
  {{- range .Readers}}
  {{.Account}} { jetstream: enabled, limits: { max_subscriptions: {{$.MaxSubs}} }, users: [ { nkey: {{.Key}}, allowed_connection_types: ["IN_PROCESS"] } ]
    imports: [
      {{- range $.Read}}
      { stream: { account: PUBLIC, subject: "{{.}}" } }
      {{- end}}
      {{- range $.Streams}}
      { service: { account: PUBLIC, subject: "$JS.API.CONSUMER.CREATE.{{.}}" }, to: "{{$.API}}.CONSUMER.CREATE.{{.}}" }
      { service: { account: PUBLIC, subject: "$JS.FC.{{.}}.>" } }
      {{- end}}
      { stream: { account: PUBLIC, subject: "{{$.Deliver}}.{{.Name}}.>" } }
    ]
  }
  {{- end}}
  AUTH    { users: [ { nkey: {{.Auth}}, allowed_connection_types: ["IN_PROCESS"] } ] }
}
authorization {
  timeout: 5
  auth_callout {
    issuer: {{.Issuer}}
    account: AUTH
    auth_users: [ {{.Journal}}, {{.Public}}, {{.Officers}}, {{.Viewers}}, {{.Auth}} ]
  }
}
`))

// startEmbedded starts the server without a listener and connects to its accounts in process.
func (b *Bus) startEmbedded() error {
	if b.cfg.StoreDir == "" {
		return errors.New("bus: no folder for the streams is configured")
	}
	account, err := nkeys.CreateAccount()
	if err != nil {
		return fmt.Errorf("bus: issuer key: %w", err)
	}
	if b.issuer, err = newIssuer(account); err != nil {
		return err
	}
	b.targets = targets{public: accountPublic, feeders: accountFeeders, officers: accountOfficers, viewers: accountViewers}
	values := map[string]any{
		"Name": strconv.Quote(b.cfg.Name), "StoreDir": strconv.Quote(b.cfg.StoreDir),
		"MaxPayload": maxPayload, "Issuer": b.issuer.public,
		"Read": readSubjects(), "Streams": []string{StreamEvents, StreamDrill}, "API": mirrorAPI, "Deliver": mirrorDeliver,
		"Feed": feedSubjects(), "MaxSubs": maxSubscriptions,
	}
	users := map[string]nkeys.KeyPair{}
	for _, part := range []string{"Journal", "Public", "Officers", "Viewers", "Auth"} {
		kp, err := nkeys.CreateUser()
		if err != nil {
			return fmt.Errorf("bus: user key: %w", err)
		}
		users[part] = kp
		if values[part], err = kp.PublicKey(); err != nil {
			return fmt.Errorf("bus: user key: %w", err)
		}
		b.own[fmt.Sprint(values[part])] = true
	}
	values["Readers"] = []map[string]any{
		{"Account": accountOfficers, "Name": "officers", "Key": values["Officers"]},
		{"Account": accountViewers, "Name": "viewers", "Key": values["Viewers"]},
	}
	if err := b.runServer(values); err != nil {
		return err
	}
	for part, user := range users {
		if err := b.connectInProcess(strings.ToLower(part), user, b.srv); err != nil {
			return err
		}
	}
	soon := []nats.Option{nats.ReconnectWait(20 * time.Millisecond),
		nats.ReconnectJitter(20*time.Millisecond, 20*time.Millisecond)}
	for _, part := range []string{"inbox", "feed"} {
		if err := b.connectInProcess(part, users["Public"], eagerServer{b.srv}, soon...); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) runServer(values map[string]any) error {
	var text strings.Builder
	if err := serverConfig.Execute(&text, values); err != nil {
		return fmt.Errorf("bus: server configuration: %w", err)
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(text.String()); err != nil {
		return fmt.Errorf("bus: server configuration: %w", err)
	}
	opts.NoSigs = true
	opts.DontListen = true
	opts.DisableJetStreamBanner = true
	opts.LameDuckGracePeriod, opts.LameDuckDuration = lameFor, lameFor+closeFor
	if opts.TLSConfig = b.cfg.TLS; b.cfg.TLS != nil { // its text would name files, which are read once
		opts.TLSTimeout, opts.TLSHandshakeFirst = opts.AuthTimeout, b.cfg.HandshakeFirst
	}
	if b.cfg.Listen != "" {
		host, port, err := listenAddr(b.cfg.Listen)
		if err != nil {
			return err
		}
		opts.Host, opts.Port = host, port
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("bus: server: %w", err)
	}
	b.srv, b.opts = srv, opts
	log := b.log.With("part", "nats-server")
	b.srvLog = &serverLog{log: log, quiet: newQuieter(log), fail: b.fail}
	srv.SetLoggerV2(b.srvLog, false, false, false)
	srv.Start()
	if err := b.srvLog.up(); err != nil {
		return fmt.Errorf("bus: server with its streams in %s: %w", b.cfg.StoreDir, err)
	}
	go func() {
		srv.WaitForShutdown()
		b.fail(errors.New("bus: the embedded NATS server has ended by itself"))
	}()
	if !srv.ReadyForConnections(readyWait) {
		return fmt.Errorf("bus: the embedded NATS server was not ready within %s", readyWait)
	}
	return nil
}

func (b *Bus) connectInProcess(part string, user nkeys.KeyPair, srv nats.InProcessConnProvider,
	more ...nats.Option) error {
	pub, err := user.PublicKey()
	if err != nil {
		return fmt.Errorf("bus: user key: %w", err)
	}
	nc, err := nats.Connect("", append(append(b.options(part),
		nats.InProcessServer(srv),
		nats.Nkey(pub, user.Sign),
		nats.CustomInboxPrefix("_INBOX."+pub)), more...)...)
	if err != nil {
		return fmt.Errorf("bus: connect to the embedded server as %s: %w", part, err)
	}
	b.conns[part] = nc
	return nil
}

// OpenListener lets clients connect at Config.Listen. An error says that the address cannot be used; it may be
// called again then. It does nothing without a listen address and for an external server.
func (b *Bus) OpenListener() error {
	if b.srv == nil || b.cfg.Listen == "" || b.Addr() != "" {
		return nil
	}
	b.srvLog.reset()
	b.srv.AcceptLoop(make(chan struct{}))
	if err := b.srvLog.up(); err != nil {
		return fmt.Errorf("bus: listen on %s: %w", b.cfg.Listen, err)
	}
	b.log.Info("nats accepts clients", "addr", b.Addr())
	return nil
}

// A server that stops keeps its clients connected for lameFor, and closes them within closeFor.
const (
	lameFor  = 250 * time.Millisecond
	closeFor = 50 * time.Millisecond
)

// shutdown stops the server. It first takes nobody in any more and lets logins under way come to the callout:
// nats-server 2.14.9 crashes on a login that begins while it stops (Server.newRespInbox reads what shutdownEventing has
// taken away).
func (b *Bus) shutdown() {
	b.srv.LameDuckShutdown() // returns at once without a listener
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// listenAddr splits host:port for the server's options, where 0 is the default port and -1 a free one.
func listenAddr(addr string) (host string, port int, err error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", 0, fmt.Errorf("bus: listen address %q: %w", addr, err)
	}
	host, _, _ = net.SplitHostPort(addr)
	if tcp.Port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, tcp.Port, nil
}

// serverLog writes the server's lines to slog. The server calls fatal what would end a program of its own: only there
// it reports a start that failed and an address in use. It says that its listener is gone among its errors, over and
// over, since it goes on accepting.
type serverLog struct {
	log   *slog.Logger
	quiet *quieter
	fail  func(error)

	mu     sync.Mutex
	text   string    // fatal
	deaf   bool      // its listener is gone
	broken time.Time // since when its store takes nothing; zero while it does
}

// acceptFailed is the form of the server's line about a listener that is gone.
const acceptFailed = "%s Accept error: %v"

func (l *serverLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = ""
}

// up is what the server gave up with since the last reset, nil for nothing.
func (l *serverLog) up() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text == "" {
		return nil
	}
	return errors.New(l.text)
}

// client is how the server begins the lines of one connection.
var client = regexp.MustCompile(`cid:\d+`)

// named is how the server says whose login it refused. Passwords are typed where names belong, so the name is left out:
// the trace of logins has the name, see [Config.OnLogin].
var named = regexp.MustCompile(`(?s)(authentication error).*`)

// calloutLine is how the server's lines about what the callout said of a login begin.
const calloutLine = "Auth callout"

// write writes a line; those that a connection causes, by their kinds, once in a while.
func (l *serverLog) write(level slog.Level, format, text string) {
	if who := client.FindString(format + " " + text); who != "" {
		text = named.ReplaceAllString(text, "$1")
		_, kind, _ := strings.Cut(format, who)
		kind = firstWords(kind)
		if !strings.HasPrefix(kind, "TLS handshake") { // nobody is known by then, and each try is another client
			kind = who + " " + kind
		}
		l.quiet.say(level, kind, text)
		return
	}
	if strings.HasPrefix(text, calloutLine) { // of a login too, though it names no client
		l.quiet.say(level, calloutLine, text)
		return
	}
	l.log.Log(context.Background(), level, text)
}

// firstWords is the kind of a line: what it says before it names anything.
func firstWords(kind string) string {
	kind, _, _ = strings.Cut(strings.TrimPrefix(kind, " - "), " - ")
	kind, _, _ = strings.Cut(kind, ":")
	kind, _, _ = strings.Cut(kind, "%")
	return strings.TrimSpace(kind)
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Warnf(format string, v ...any) {
	l.write(slog.LevelWarn, format, fmt.Sprintf(format, v...))
}
func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) Errorf(format string, v ...any) {
	if format == acceptFailed && !l.first() {
		return
	}
	text := fmt.Sprintf(format, v...)
	l.write(slog.LevelError, format, text)
	if refusesWrites(text) {
		l.storeBroke()
	}
	if format == acceptFailed {
		l.fail(errors.New("bus: NATS accepts no more connections: " + text))
	}
}

// first says whether a listener is told to be gone for the first time.
func (l *serverLog) first() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.deaf
	l.deaf = true
	return !was
}

func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.mu.Lock()
	l.text = text
	l.mu.Unlock()
	l.log.Error(text)
}
