package bus

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// runServer is somebody else's server, reached over TCP.
func runServer(t *testing.T, opts *server.Options) *server.Server {
	t.Helper()
	opts.NoSigs, opts.NoLog = true, true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("server is not ready")
	}
	return s
}

func writeCredentials(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "creds.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func startExternal(t *testing.T, url, creds string) *Bus {
	t.Helper()
	b, err := Start(Config{URL: url, CredsFile: creds, Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBus(t, b) })
	return b
}

// jetStreamServer has one account and one user.
func jetStreamServer(t *testing.T) *server.Options {
	return &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), Username: "qingkong",
		Password: "pw"}
}

func TestExternalServerWithOneAccount(t *testing.T) {
	s := runServer(t, jetStreamServer(t))
	creds := writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"})
	b := startExternal(t, s.ClientURL(), creds)
	if b.Embedded() || b.Addr() != "" {
		t.Errorf("embedded %v at %q", b.Embedded(), b.Addr())
	}
	if err := b.ServeAuth(everyone().authenticate); !errors.Is(err, ErrNoCallout) {
		t.Errorf("ServeAuth: %v", err)
	}
	if err := b.OpenListener(); err != nil {
		t.Errorf("OpenListener: %v", err)
	}
	if err := b.EnsureStreams(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, js := b.Public()
	stream, err := js.Stream(t.Context(), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxBytes, config.Subjects = 1<<30, []string{"qingkong.warning.>"}
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if err := b.EnsureStreams(t.Context()); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	info, err := stream.Info(t.Context())
	if err != nil || info.Config.MaxBytes != 1<<30 || len(info.Config.Subjects) != 2 {
		t.Errorf("the operator's limit is to stay and our subjects to return: %+v, %v", info.Config, err)
	}
	if err := b.Handle("qingkong.pending.*", wide,
		func(user string, _ []byte, reply func([]byte)) { reply([]byte(user)) }); err != nil {
		t.Fatal(err)
	}
	nc, err := dial(t, s.ClientURL(), "qingkong", "pw", nats.CustomInboxPrefix("_INBOX.E0001"))
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := nc.Request("qingkong.pending.E0001", nil, 5*time.Second); err != nil || string(msg.Data) != "E0001" {
		t.Errorf("answer %v, %v", msg, err)
	}
	if _, err := b.Kick(t.Context(), "qingkong"); !errors.Is(err, ErrCannotKick) {
		t.Errorf("Kick: %v", err)
	}
	wrong := writeCredentials(t, map[string]string{"user": "qingkong", "password": "other"})
	if _, err := Start(Config{URL: s.ClientURL(), CredsFile: wrong}); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("wrong credentials: %v", err)
	}
}

// TestExternalServerWithCallout runs the server from the configuration its operators are given.
func TestExternalServerWithCallout(t *testing.T) {
	creds := externalServer(t)
	s := runServer(t, creds.opts)
	p := everyone()
	b := startExternal(t, s.ClientURL(), writeCredentials(t, creds.file))
	serve(t, b, p.authenticate)

	e1 := connect(t, s.ClientURL(), "E0001", nats.NoReconnect())
	if !maySubscribe(t, e1, "qingkong.order.E0001") || maySubscribe(t, e1, "qingkong.order.E0002") ||
		mayPublish(t, e1, "$JS.API.STREAM.INFO."+StreamEvents) {
		t.Error("a recipient's permissions do not hold")
	}
	if _, err := dial(t, s.ClientURL(), "E0001", "wrong"); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("wrong secret: %v", err)
	}
	publishEvents(t, b, 1, 20)
	for _, user := range []string{"viewer", "duty"} {
		js, err := jetstream.New(connect(t, s.ClientURL(), user))
		if err != nil {
			t.Fatal(err)
		}
		own, err := js.CreateConsumer(t.Context(), StreamEvents, jetstream.ConsumerConfig{Name: user})
		if err != nil {
			t.Fatal(err)
		}
		if msg, err := own.Next(jetstream.FetchMaxWait(20 * time.Second)); err != nil || string(msg.Data()) != "1" {
			t.Fatalf("first event: %v", err)
		}
	}
	if err := b.HandleShared("qingkong.forecast.*", wide,
		func(place, user string, _ []byte, reply func([]byte)) { reply([]byte(place + " " + user)) }); err != nil {
		t.Fatal(err)
	}
	if msg, err := connect(t, s.ClientURL(), "feeder").Request("qingkong.forecast.emc", nil, 5*time.Second); err != nil ||
		string(msg.Data) != "emc feeder" {
		t.Errorf("a feeder's message: %v, %v", msg, err)
	}
	_, journal := b.Journal()
	if _, err := journal.Stream(t.Context(), StreamEvents); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("journal and public share an account: %v", err)
	}
	down := e1.StatusChanged(nats.CLOSED)
	if n, err := b.Kick(t.Context(), "E0001"); err != nil || n != 1 {
		t.Fatalf("Kick closed %d connections, %v", n, err)
	}
	select {
	case <-down:
	case <-time.After(time.Minute):
		t.Error("the kicked connection lives")
	}
}

// A credentials file of an earlier version starts on a server that has the new accounts, and on one that lacks them:
// recipients come in as before, feeders are refused rather than placed where nobody proves who they are, readers hear
// what goes out and have no streams.
func TestOldCredentials(t *testing.T) {
	access := externalServer(t)
	s := runServer(t, access.opts)
	for _, part := range []string{"officers", "viewers"} {
		delete(access.file, part)
	}
	callout := access.file["callout"].(map[string]string)
	for _, part := range []string{"feeders", "officers", "viewers"} {
		delete(callout, part)
	}
	var out lockedBuffer
	b, err := Start(Config{URL: s.ClientURL(), CredsFile: writeCredentials(t, access.file),
		Logger: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBus(t, b) })
	serve(t, b, everyone().authenticate)
	if _, err := dial(t, s.ClientURL(), "feeder", secret, nats.NoReconnect()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a feeder's login: %v", err)
	}
	connect(t, s.ClientURL(), "E0001")
	viewer := connect(t, s.ClientURL(), "viewer")
	if !maySubscribe(t, viewer, "qingkong.warning.>") || mayPublish(t, viewer, "$JS.API.STREAM.INFO."+StreamEvents) {
		t.Error("a reader does not hear what goes out, or has the streams")
	}
	if n, err := b.Sweep(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("a sweep without mirrors: %d, %v", n, err)
	}
	for _, part := range []string{"callout.feeders", "callout.officers", "callout.viewers"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("nothing says that %s is missing:\n%s", part, out.String())
		}
	}
}

type externalAccess struct {
	opts *server.Options
	file map[string]any
}

// externalServer is a server as docs/nats-external.conf has it, and the credentials file that goes with it.
func externalServer(t *testing.T) externalAccess {
	t.Helper()
	account, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	curve, err := nkeys.CreateCurveKeys()
	if err != nil {
		t.Fatal(err)
	}
	text := func(data []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	public := func(kp nkeys.KeyPair) string {
		key, err := kp.PublicKey()
		return text([]byte(key), err)
	}
	for name, value := range map[string]string{"STORE_DIR": t.TempDir(), "ISSUER": public(account), "XKEY": public(curve),
		"SYSTEM_PASSWORD": "pw-s", "JOURNAL_PASSWORD": "pw-j", "PUBLIC_PASSWORD": "pw-p", "OFFICERS_PASSWORD": "pw-o",
		"VIEWERS_PASSWORD": "pw-v", "AUTH_PASSWORD": "pw-a"} {
		t.Setenv(name, value)
	}
	opts, err := server.ProcessConfigFile("../../../docs/nats-external.conf")
	if err != nil {
		t.Fatal(err)
	}
	opts.Port = -1
	return externalAccess{opts, map[string]any{
		"user": "journal", "password": "pw-j",
		"public":   Login{"public", "pw-p"},
		"officers": Login{"officers", "pw-o"},
		"viewers":  Login{"viewers", "pw-v"},
		"system":   Login{"system", "pw-s"},
		"callout": map[string]string{"user": "auth", "password": "pw-a", "account": "PUBLIC", "feeders": "FEEDERS",
			"officers": "OFFICERS", "viewers": "VIEWERS",
			"issuer_seed": text(account.Seed()), "xkey_seed": text(curve.Seed())},
	}}
}

// TestDecide looks into the answers that the server gets.
func TestDecide(t *testing.T) {
	account, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	iss, err := newIssuer(account)
	if err != nil {
		t.Fatal(err)
	}
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	nkey, err := user.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	req := jwt.NewAuthorizationRequestClaims(iss.public)
	req.UserNkey, req.Server.ID = nkey, "NSERVER"
	now := time.Now().Truncate(time.Second)
	b := &Bus{issuer: iss, targets: targets{public: "PUBLIC"}}

	claims := func(id Identity) *jwt.UserClaims {
		t.Helper()
		token, err := b.decide(req, &id, now)
		if err != nil {
			t.Fatal(err)
		}
		rc, err := jwt.DecodeAuthorizationResponseClaims(token)
		if err != nil || rc.Error != "" || rc.Audience != "NSERVER" || rc.Subject != nkey {
			t.Fatalf("response %+v, %v", rc, err)
		}
		uc, err := jwt.DecodeUserClaims(rc.Jwt)
		if err != nil {
			t.Fatal(err)
		}
		return uc
	}
	id := Identity{User: "E0001", Role: RoleEnterprise, Recipient: "E0001"}
	if uc := claims(id); uc.Name != "E0001" || uc.Audience != "PUBLIC" || uc.Expires != now.Add(loginTerm).Unix() {
		t.Errorf("without the system account a login must end within %s: %+v", loginTerm, uc)
	}
	for in, want := range map[time.Duration]time.Duration{2 * loginTerm: loginTerm,
		10 * time.Minute: 10*time.Minute - time.Second} {
		id.Expires = now.Add(in)
		if uc := claims(id); uc.Expires != now.Add(want).Unix() {
			t.Errorf("a secret that ends in %s: the login ends in %s, want %s", in, time.Unix(uc.Expires, 0).Sub(now), want)
		}
	}
	viewer := Identity{User: "viewer", Role: RoleViewer}
	if uc := claims(viewer); uc.Audience != "PUBLIC" || len(uc.Pub.Allow) > 0 || len(uc.Sub.Allow) == 0 {
		t.Errorf("without an account of their own readers may publish nothing: %+v", uc.Permissions)
	}
	refused := func(id *Identity, why string) {
		t.Helper()
		token, err := b.decide(req, id, now)
		if err != nil {
			t.Fatal(err)
		}
		if rc, err := jwt.DecodeAuthorizationResponseClaims(token); err != nil || !strings.Contains(rc.Error, why) ||
			rc.Jwt != "" {
			t.Errorf("refusal %+v, %v", rc, err)
		}
	}
	feeder := Identity{User: "feeder", Role: RoleFeeder}
	refused(&feeder, "feeders") // never placed where nobody proves who sent a message
	refused(nil, "wrong")
	for _, left := range []time.Duration{time.Second, 0, -time.Hour} {
		id.Expires = now.Add(left)
		refused(&id, "come to its end")
	}
	b.srv, b.targets = &server.Server{}, targets{"PUBLIC", "FEEDERS", "OFFICERS", "VIEWERS"}
	id.Expires = now.Add(2 * loginTerm)
	if uc := claims(id); uc.Expires != id.Expires.Unix()-1 {
		t.Errorf("on our own server a secret's end is the login's: %+v", uc)
	}
	for account, ids := range map[string][]Identity{
		"VIEWERS":  {viewer, {User: "i", Role: RoleInspector}},
		"OFFICERS": {{User: "d", Role: RoleDuty}, {User: "a", Role: RoleApprover}, {User: "x", Role: RoleAdmin}},
		"FEEDERS":  {feeder},
		"PUBLIC":   {{User: "E0001", Role: RoleEnterprise, Recipient: "E0001"}},
	} {
		for _, id := range ids {
			if uc := claims(id); uc.Audience != account || uc.Expires != 0 || len(uc.Pub.Allow) == 0 {
				t.Errorf("%s: %+v", id.User, uc)
			}
		}
	}
	if uc := claims(Identity{User: "town", Role: RoleTown}); uc.Audience != "PUBLIC" || len(uc.Pub.Allow) > 0 {
		t.Errorf("a town: %+v", uc)
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"user and password", `{"user":"a","password":"b"}`, ""},
		{"white space", "\n {\"user\":\"a\",\"password\":\"b\"}\n", ""},
		{"all", `{"user":"a","password":"b","public":{"user":"p","password":"x"},"officers":{"user":"r","password":"x"},"viewers":{"user":"v","password":"x"},
			"system":{"user":"s","password":"x"},
			"callout":{"user":"c","password":"x","issuer_seed":"SA","account":"PUBLIC","feeders":"FEEDERS","officers":"OFFICERS","viewers":"VIEWERS"}}`, ""},
		{"of an earlier version", `{"user":"a","password":"b","public":{"user":"p","password":"x"},"readers":{"user":"r","password":"x"},"system":{"user":"s","password":"x"},
			"callout":{"user":"c","password":"x","issuer_seed":"SA","account":"PUBLIC","readers":"READERS"}}`, ""},
		{"creds file", "-----BEGIN NATS USER JWT-----\neyJ\n------END NATS USER JWT------\n", ""},
		{"empty", "", "neither"},
		{"prose", "user: a", "neither"},
		{"cut short", `{"user":"a"`, "JSON"},
		{"unknown member", `{"user":"a","pass":"b"}`, "pass"},
		{"no user", `{"password":"b"}`, `"user"`},
		{"no public user", `{"user":"a","password":"b","public":{"password":"x"}}`, `"public.user"`},
		{"callout without public", `{"user":"a","password":"b","callout":{"user":"c","password":"x","issuer_seed":"SA"}}`,
			`"public"`},
		{"a user without the account's name",
			`{"user":"a","password":"b","public":{"user":"p"},"officers":{"user":"r"},"callout":{"user":"c","issuer_seed":"SA"}}`, "go together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseCredentials([]byte(c.text))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v does not name %s", err, c.want)
			}
		})
	}
}

func TestCalloutSeedsAreChecked(t *testing.T) {
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Callout{
		"not a seed":    {IssuerSeed: "hunter2"},
		"a user's seed": {IssuerSeed: string(seed)},
	} {
		if err := new(Bus).connectCallout(c); err == nil || strings.Contains(err.Error(), c.IssuerSeed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCredentials: no input breaks the reader, and what it accepts names a user wherever a login is given.
func FuzzCredentials(f *testing.F) {
	f.Add([]byte(`{"user":"a","password":"b"}`))
	f.Add([]byte(`{"user":"a","public":{"user":"p"},"callout":{"user":"c","issuer_seed":"SA"}}`))
	f.Add([]byte("-----BEGIN NATS USER JWT-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCredentials(data)
		if err != nil || c == nil {
			return
		}
		if c.User == "" || c.Public != nil && c.Public.User == "" || c.Callout != nil &&
			(c.Callout.User == "" || c.Public == nil) {
			t.Errorf("accepted %+v", c)
		}
	})
}
