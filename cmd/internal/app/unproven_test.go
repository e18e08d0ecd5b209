package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
)

// On an external server with users of its own the check nats says that feeders' messages are not taken over NATS, and
// by which setting they are; with it they are recorded as of a claimed name.
func TestUnprovenFeedersAreSaid(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(),
		Username: "q", Password: "pw", NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the server is not ready")
	}
	creds := filepath.Join(t.TempDir(), "creds.json")
	if err := os.WriteFile(creds, []byte(`{"user":"q","password":"pw"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, trust := range map[string]bool{"closed": false, "trusted": true} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			cfg.Data, cfg.Listen.HTTP = t.TempDir(), "127.0.0.1:0"
			cfg.NATS = config.NATS{URL: srv.ClientURL(), Creds: creds, TrustServerUsers: trust}
			cfg.Nodes = []string{name}
			a := start(t, Options{Config: cfg, Node: name})
			nc, err := nats.Connect(srv.ClientURL(), nats.UserInfo("q", "pw"), nats.CustomInboxPrefix("_INBOX.emc"))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			msg, err := nc.Request("qingkong.forecast.emc", []byte(`{}`), time.Second)
			if trust && (err != nil || len(msg.Data) == 0) {
				t.Errorf("a trusted server's forecast is answered %v, %v", msg, err)
			}
			if !trust && err == nil {
				t.Errorf("a forecast that nobody can prove is answered %s", msg.Data)
			}
			if said := saidOfNATS(t, a); strings.Contains(said, "nats.trust_server_users") == trust {
				t.Errorf("the check says %q", said)
			}
			stop(t, a)
		})
	}
}

// saidOfNATS is what the check nats says now.
func saidOfNATS(t *testing.T, a *App) string {
	t.Helper()
	a.watchman.Look(t.Context())
	for _, c := range a.watchman.Report().Checks {
		if c.Name == watch.NATS {
			return c.Detail("en")
		}
	}
	t.Fatal("there is no check nats")
	return ""
}

// An enterprise that is cut off from NATS because its program floods is named to the duty officer, who has to call it:
// nothing reaches it meanwhile.
func TestWhoIsCutOffIsSaid(t *testing.T) {
	cfg := alone(t)
	cfg.Limits.PerSecond, cfg.Limits.Burst, cfg.Limits.CutTimes, cfg.Limits.CutSeconds = 50, 200, 20, 2
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	issued, err := servicetest.Say(t.Context(), a.svc, "admin", "", calls.IssueCredentials, "E0003", nil)
	if err != nil {
		t.Fatal(err)
	}
	if said := saidOfNATS(t, a); said != "" {
		t.Fatalf("before, the check says %q", said)
	}
	until := time.Now().Add(2 * patience)
	for users, _ := a.bus.CutOff(); len(users) == 0; users, _ = a.bus.CutOff() {
		if time.Now().After(until) {
			t.Fatal("it is not cut off")
		}
		wild, err := nats.Connect(a.Addr().NATS, nats.UserInfo("E0003", issued.Password), nats.NoReconnect(),
			nats.Timeout(time.Second))
		if err != nil {
			continue
		}
		for wild.Publish("qingkong.pending.E0003", nil) == nil {
		}
		wild.Close()
	}
	if said := saidOfNATS(t, a); !strings.Contains(said, "E0003 ") {
		t.Errorf("the check says %q", said)
	}
	if _, text := fetch(t, a, "/metrics"); !strings.Contains(text, "\nqingkong_nats_cut_off 1\n") {
		t.Error("/metrics does not count it")
	}
}

// Our own connections stay well below the subscriptions that an account allows: what comes with later parts has room.
func TestOurSubscriptionsHaveRoom(t *testing.T) {
	h := newHub(t)
	a := h.node("a", repeatLate)
	eventually(t, "it leads", func() bool { return leads(t, a) })
	list, err := h.srv.Connz(&server.ConnzOptions{Username: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, c := range list.Conns {
		if !strings.HasPrefix(c.Name, "a/") {
			continue
		}
		ours++
		if c.NumSubs > 24 {
			t.Errorf("%s has %d subscriptions, of 32 that it may have", c.Name, c.NumSubs)
		}
	}
	if ours != 3 { // of the record, and two of what comes in
		t.Errorf("%d connections of ours", ours)
	}
}
