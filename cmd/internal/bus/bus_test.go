package bus

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// people is the directory of the tests: secrets and rights, changeable while it is asked.
type people struct {
	mu    sync.Mutex
	ready bool
	ids   map[string]Identity
	keys  map[string]string
}

const secret = "f3b1c9d07a52"

// everyone is ready and knows one user of each role, all with the same secret.
func everyone() *people {
	p := &people{ready: true, ids: map[string]Identity{}, keys: map[string]string{}}
	for _, id := range []Identity{
		{User: "E0001", Role: RoleEnterprise, Recipient: "E0001", MNs: []string{"MN0001", "MN0002"}},
		{User: "E0002", Role: RoleEnterprise, Recipient: "E0002", MNs: []string{"MN0003"}},
		{User: "feeder", Role: RoleFeeder}, {User: "feeder2", Role: RoleFeeder},
		{User: "viewer", Role: RoleViewer}, {User: "viewer2", Role: RoleViewer},
		{User: "inspector", Role: RoleInspector}, {User: "duty", Role: RoleDuty},
		{User: "approver", Role: RoleApprover}, {User: "admin", Role: RoleAdmin},
		{User: "town", Role: RoleTown}, {User: "jinghai", Role: RoleNeighbour},
		{User: "stranger", Role: "mayor"},
		{User: "E9", Role: RoleEnterprise, Recipient: "E0001"},
	} {
		p.ids[id.User], p.keys[id.User] = id, secret
	}
	return p
}

func (p *people) authenticate(_ context.Context, user, password string) (*Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ready {
		return nil, ErrNotReady
	}
	id, ok := p.ids[user]
	if !ok || p.keys[user] != password {
		return nil, nil
	}
	return &id, nil
}

func (p *people) set(change func(*people)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// startBus runs an embedded bus that serves logins and accepts clients on a free port unless cfg says where.
func startBus(t testing.TB, cfg Config, auth Authenticate) *Bus {
	t.Helper()
	if cfg.StoreDir == "" {
		cfg.StoreDir = t.TempDir()
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	b, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBus(t, b) })
	serve(t, b, auth)
	return b
}

func serve(t testing.TB, b *Bus, auth Authenticate) {
	t.Helper()
	if err := b.ServeAuth(auth); err != nil {
		t.Fatal(err)
	}
	if err := b.EnsureStreams(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.OpenListener(); err != nil {
		t.Fatal(err)
	}
}

func closeBus(t testing.TB, b *Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

// clientOptions are what contract.md §4 asks of every client.
func clientOptions(user, password string) []nats.Option {
	return []nats.Option{
		nats.UserInfo(user, password),
		nats.CustomInboxPrefix("_INBOX." + user),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(20 * time.Millisecond),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // the default one prints
	}
}

func dial(t testing.TB, addr, user, password string, more ...nats.Option) (*nats.Conn, error) {
	t.Helper()
	nc, err := nats.Connect(addr, append(clientOptions(user, password), more...)...)
	if err == nil {
		t.Cleanup(nc.Close)
	}
	return nc, err
}

func connect(t testing.TB, addr, user string, more ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := dial(t, addr, user, secret, more...)
	if err != nil {
		t.Fatalf("connect as %s: %v", user, err)
	}
	return nc
}

func within(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("%s: not within a minute", what)
	}
}

func TestNobodyConnectsBeforeTheListenerIsOpened(t *testing.T) {
	p := everyone()
	b, err := Start(Config{StoreDir: t.TempDir(), Listen: freeAddr(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer closeBus(t, b)
	if _, err := net.Dial("tcp", b.cfg.Listen); err == nil {
		t.Fatal("the port is open before OpenListener")
	}
	if b.Addr() != "" {
		t.Fatalf("Addr is %q before OpenListener", b.Addr())
	}
	nc, js := b.Journal()
	if nc.ConnectedUrl() == "" {
		t.Fatal("the journal's connection is not up")
	}
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Fatalf("the journal's account has no JetStream: %v", err)
	}
	serve(t, b, p.authenticate)
	if b.Addr() != b.cfg.Listen {
		t.Fatalf("Addr is %q, want %q", b.Addr(), b.cfg.Listen)
	}
	connect(t, b.Addr(), "E0001")
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestAnAddressInUseIsAnErrorAndCanBeTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Start(Config{StoreDir: t.TempDir(), Listen: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer closeBus(t, b)
	if err := b.OpenListener(); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Fatalf("OpenListener on a port in use: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.OpenListener(); err != nil {
		t.Fatal(err)
	}
	if b.Addr() != l.Addr().String() {
		t.Fatalf("Addr is %q", b.Addr())
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no folder", Config{}, "no folder"},
		{"no port", Config{StoreDir: t.TempDir(), Listen: "127.0.0.1"}, "listen address"},
		{"folder is a file", Config{StoreDir: "bus.go"}, "bus.go"},
		{"nobody there", Config{URL: "nats://" + freeAddr(t)}, "external server"},
		{"no such credentials", Config{URL: "nats://127.0.0.1:1", CredsFile: "testdata/none.json"}, "none.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Start(c.cfg)
			if err == nil {
				closeBus(t, b)
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not name %q", err, c.want)
			}
		})
	}
}

func TestWrongSecretIsRefused(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	internal, _ := b.Public()
	for _, c := range []struct{ name, user, password string }{
		{"wrong secret", "E0001", "wrong"},
		{"no secret", "E0001", ""},
		{"unknown user", "E0404", secret},
		{"no user", "", secret},
		{"wildcard as user", "*", secret},
		{"tail wildcard as user", ">", secret},
		{"two tokens as user", "E0001.x", secret},
		{"our own user", internal.Opts.Nkey, secret},
		{"account as user", accountJournal, secret},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc, err := nats.Connect(b.Addr(), nats.UserInfo(c.user, c.password))
			if err == nil {
				nc.Close()
				t.Fatal("logged in")
			}
			if !errors.Is(err, nats.ErrAuthorization) {
				t.Fatalf("error %v, want a refusal at once", err)
			}
		})
	}
	t.Run("our own key without its seed", func(t *testing.T) {
		_, err := nats.Connect(b.Addr(), nats.Nkey(internal.Opts.Nkey, func([]byte) ([]byte, error) {
			return make([]byte, 64), nil
		}))
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Fatalf("error %v", err)
		}
	})
	t.Run("our own key with its seed, but not in process", func(t *testing.T) {
		_, err := nats.Connect(b.Addr(), nats.Nkey(internal.Opts.Nkey, internal.Opts.SignatureCB))
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Fatalf("error %v", err)
		}
	})
}

func TestSilentWhileNotReady(t *testing.T) {
	t.Parallel()
	p := everyone()
	p.ready = false
	b := startBus(t, Config{}, p.authenticate)

	tried := make(chan struct{})
	var once sync.Once
	var refusals sync.Map
	up := make(chan struct{})
	nc, err := dial(t, b.Addr(), "E0001", secret,
		nats.Timeout(300*time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			refusals.Store(err.Error(), errors.Is(err, nats.ErrAuthorization))
			once.Do(func() { close(tried) })
		}),
		nats.ConnectHandler(func(*nats.Conn) { close(up) }))
	if err != nil {
		t.Fatal(err)
	}
	within(t, "first attempt", tried)
	if nc.IsConnected() {
		t.Fatal("connected while not ready")
	}
	p.set(func(p *people) { p.ready = true })
	within(t, "connect once ready", up)
	refusals.Range(func(text, refused any) bool {
		if refused.(bool) {
			t.Errorf("the client was refused while we were not ready: %v", text)
		}
		return true
	})
}

func TestKickClosesAUsersConnections(t *testing.T) {
	p := everyone()
	b := startBus(t, Config{}, p.authenticate)
	var down [2]chan struct{}
	for i := range down {
		down[i] = make(chan struct{})
		connect(t, b.Addr(), "E0001", nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(down[i]) }))
	}
	other := connect(t, b.Addr(), "E0002", nats.NoReconnect())
	reader := connect(t, b.Addr(), "viewer", nats.NoReconnect())

	p.set(func(p *people) { p.keys["E0001"] = "changed" })
	n, err := b.Kick(t.Context(), "E0001")
	if err != nil || n != 2 {
		t.Fatalf("Kick closed %d connections, %v; want 2", n, err)
	}
	within(t, "first connection ends", down[0])
	within(t, "second connection ends", down[1])
	if err := other.FlushTimeout(5 * time.Second); err != nil {
		t.Errorf("another user's connection: %v", err)
	}
	if _, err := dial(t, b.Addr(), "E0001", secret); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("the old secret still serves: %v", err)
	}
	if _, err := dial(t, b.Addr(), "E0001", "changed"); err != nil {
		t.Errorf("the new secret: %v", err)
	}
	if n, err := b.Kick(t.Context(), "viewer"); err != nil || n != 1 {
		t.Errorf("Kick of a reader closed %d connections, %v", n, err)
	}
	_ = reader
	if n, err := b.Kick(t.Context(), ""); err != nil || n != 0 {
		t.Errorf("Kick of nobody closed %d connections, %v", n, err)
	}
}

func TestClientsReturnByThemselvesAfterARestart(t *testing.T) {
	p, dir := everyone(), t.TempDir()
	b, err := Start(Config{StoreDir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, b, p.authenticate)
	addr := b.Addr()
	_, js := b.Public()
	if _, err := js.Publish(t.Context(), "qingkong.warning.declared", []byte(`{"id":"W20161216-01"}`)); err != nil {
		t.Fatal(err)
	}
	back, got := make(chan struct{}), make(chan struct{})
	nc := connect(t, addr, "E0001", nats.ReconnectHandler(func(*nats.Conn) { close(back) }))
	if _, err := nc.Subscribe("qingkong.order.E0001", func(*nats.Msg) { close(got) }); err != nil {
		t.Fatal(err)
	}
	closeBus(t, b)
	closeBus(t, b) // a second time does nothing

	again := startBus(t, Config{StoreDir: dir, Listen: addr}, p.authenticate)
	within(t, "client returns", back)
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	public, js := again.Public()
	if err := public.Publish("qingkong.order.E0001", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	within(t, "order after the restart", got)
	s, err := js.Stream(t.Context(), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d events after the restart, want 1", n)
	}
}

func TestServeAuthOnce(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	if err := b.ServeAuth(everyone().authenticate); err == nil {
		t.Error("a second callout was accepted")
	}
}

// TestNamesThatCannotHaveAnInboxAreRefused even where the directory would take them.
func TestNamesThatCannotHaveAnInboxAreRefused(t *testing.T) {
	b := startBus(t, Config{}, func(_ context.Context, user, _ string) (*Identity, error) {
		return &Identity{User: user, Role: RoleViewer}, nil
	})
	for _, user := range []string{"", "*", ">", "a.b", "a b", "$SYS", "值班", strings.Repeat("a", 65)} {
		nc, err := nats.Connect(b.Addr(), nats.UserInfo(user, secret))
		if err == nil {
			nc.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("user %q: %v", user, err)
		}
	}
	if _, err := dial(t, b.Addr(), "a_B-9", secret); err != nil {
		t.Error(err)
	}
}
