package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
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
	accountJournal = "JOURNAL"
	accountPublic  = "PUBLIC"
	accountReaders = "READERS"
	accountAuth    = "AUTH"
)

// readyWait bounds the start of the embedded server. Recovering a long journal from disk takes most of it.
const readyWait = 5 * time.Minute

// serverConfig is the embedded server's configuration; an external server needs the same accounts and callout.
//
// Our own users are nkeys made at each start and known to this process alone, and may connect in process only,
// so that no outside login can be one of them. auth_users are the ones the callout is not asked about.
//
// timeout bounds a login from CONNECT to our answer. When it ends without one the server says "Authorization
// Violation", as if we had refused, so it lies beyond the 2 s after which clients hang up by themselves.
// max_subscriptions bounds how often one client can have the same message delivered to itself.
var serverConfig = template.Must(template.New("nats").Parse(`
server_name: {{.Name}}
max_payload: {{.MaxPayload}}
max_control_line: 4096
max_pending: 32MB
max_connections: 200000
max_subscriptions: 500
write_deadline: "5s"
ping_interval: "60s"
ping_max: 2
jetstream { store_dir: {{.StoreDir}}, max_memory_store: 256MB, max_file_store: 8TB{{if .SyncAlways}}, sync_interval: always{{end}} }
system_account: SYS
accounts {
  SYS     { }
  JOURNAL { jetstream: enabled, users: [ { nkey: {{.Journal}}, allowed_connection_types: ["IN_PROCESS"] } ] }
  PUBLIC  { jetstream: enabled, users: [ { nkey: {{.Public}}, allowed_connection_types: ["IN_PROCESS"] } ]
    exports: [
      {{- range .Read}}
      { stream: "{{.}}", accounts: [READERS] }
      {{- end}}
      {{- range .Streams}}
      { service: "$JS.API.CONSUMER.CREATE.{{.}}", accounts: [READERS] }
      { service: "$JS.FC.{{.}}.>", accounts: [READERS] }
      {{- end}}
      { stream: "{{.Deliver}}.>", accounts: [READERS] }
    ]
  }
  READERS { jetstream: enabled, users: [ { nkey: {{.Readers}}, allowed_connection_types: ["IN_PROCESS"] } ]
    imports: [
      {{- range .Read}}
      { stream: { account: PUBLIC, subject: "{{.}}" } }
      {{- end}}
      {{- range .Streams}}
      { service: { account: PUBLIC, subject: "$JS.API.CONSUMER.CREATE.{{.}}" }, to: "{{$.API}}.CONSUMER.CREATE.{{.}}" }
      { service: { account: PUBLIC, subject: "$JS.FC.{{.}}.>" } }
      {{- end}}
      { stream: { account: PUBLIC, subject: "{{.Deliver}}.>" } }
    ]
  }
  AUTH    { users: [ { nkey: {{.Auth}}, allowed_connection_types: ["IN_PROCESS"] } ] }
}
authorization {
  timeout: 5
  auth_callout {
    issuer: {{.Issuer}}
    account: AUTH
    auth_users: [ {{.Journal}}, {{.Public}}, {{.Readers}}, {{.Auth}} ]
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
	b.target, b.readersTarget = accountPublic, accountReaders
	values := map[string]any{
		"Name": strconv.Quote(b.cfg.Name), "StoreDir": strconv.Quote(b.cfg.StoreDir),
		"MaxPayload": maxPayload, "SyncAlways": b.cfg.SyncAlways, "Issuer": b.issuer.public,
		"Read": readSubjects(), "Streams": []string{StreamEvents, StreamDrill}, "API": mirrorAPI, "Deliver": mirrorDeliver,
	}
	users := map[string]nkeys.KeyPair{}
	for _, part := range []string{"Journal", "Public", "Readers", "Auth"} {
		kp, err := nkeys.CreateUser()
		if err != nil {
			return fmt.Errorf("bus: user key: %w", err)
		}
		users[part] = kp
		if values[part], err = kp.PublicKey(); err != nil {
			return fmt.Errorf("bus: user key: %w", err)
		}
	}
	if err := b.runServer(values); err != nil {
		return err
	}
	for part, conn := range map[string]**nats.Conn{"Journal": &b.journal, "Public": &b.public, "Readers": &b.readers, "Auth": &b.auth} {
		if *conn, err = b.connectInProcess(strings.ToLower(part), users[part]); err != nil {
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
	b.srvLog = &serverLog{log: b.log.With("part", "nats-server"), fail: b.fail}
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

func (b *Bus) connectInProcess(part string, user nkeys.KeyPair) (*nats.Conn, error) {
	pub, err := user.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("bus: user key: %w", err)
	}
	nc, err := nats.Connect("", append(b.options(part),
		nats.InProcessServer(b.srv),
		nats.Nkey(pub, user.Sign),
		nats.CustomInboxPrefix("_INBOX."+pub))...)
	if err != nil {
		return nil, fmt.Errorf("bus: connect to the embedded server as %s: %w", part, err)
	}
	return nc, nil
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

// serverLog writes the server's lines to slog. What the server calls fatal would end a program of its own: it reports a
// start that failed and an address in use only there. That its listener is gone stands only among its errors, over and
// over, since it goes on accepting.
type serverLog struct {
	log  *slog.Logger
	fail func(error)

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

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}

func (l *serverLog) Errorf(format string, v ...any) {
	if format == acceptFailed && !l.first() {
		return
	}
	text := fmt.Sprintf(format, v...)
	l.log.Error(text)
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
