package app

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/notify"
)

func addresses(t *testing.T, cfg config.Config) (a Addresses) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cfg.Data, folder.Addresses))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ready asks /readyz of the address in the file.
func ready(t *testing.T, a Addresses) {
	t.Helper()
	r, err := http.Get("http://" + a.HTTP + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("/readyz answers %s", r.Status)
	}
}

// The file of addresses is there exactly when what it names accepts connections.
func TestAddressesOfARunningProgram(t *testing.T) {
	cfg := alone(t)
	path := filepath.Join(cfg.Data, folder.Addresses)
	a, err := New(t.Context(), Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	if exists(path) {
		t.Error("addresses are written before anything listens")
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := addresses(t, cfg)
	if first != a.Addr() {
		t.Errorf("the file has %+v, the program %+v", first, a.Addr())
	}
	ready(t, first)
	nc, err := net.Dial("tcp", first.NATS)
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
	prove(t, a)
	stop(t, a)

	again, err := New(t.Context(), Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	if exists(path) {
		t.Error("a program that is starting leaves the addresses of the one before")
	}
	if err := again.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready(t, addresses(t, cfg))
	prove(t, again)
	stop(t, again)
}

func TestStopIsInReverseAndMayBeRepeated(t *testing.T) {
	a, err := New(t.Context(), Options{Config: alone(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	prove(t, a)
	var built, stopped []string
	for i := range a.parts {
		c := &a.parts[i]
		built = append(built, c.name)
		end := c.stop
		c.stop = func(ctx context.Context) error { stopped = append(stopped, c.name); return end(ctx) }
	}
	stop(t, a)
	slices.Reverse(stopped)
	if !slices.Equal(stopped, built) {
		t.Errorf("stopped, from the last: %v; built: %v", stopped, built)
	}
	if before := slices.Index(built, "journal"); before < slices.Index(built, "bus") ||
		before > slices.Index(built, "http") {
		t.Errorf("the journal needs the bus, and HTTP the journal: %v", built)
	}
	stop(t, a)
	if len(stopped) != len(built) {
		t.Errorf("a second stop ended parts again: %v", stopped)
	}
}

// A start that fails takes down what it had built, so that the next one finds its folder and its ports free.
func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, c := range map[string]struct {
		set  func(*config.Config)
		says string
	}{
		"HTTP port":    {func(c *config.Config) { c.Listen.HTTP = taken.Addr().String() }, taken.Addr().String()},
		"NATS port":    {func(c *config.Config) { c.Listen.NATS = taken.Addr().String() }, taken.Addr().String()},
		"NATS address": {func(c *config.Config) { c.NATS.URL = "nats://" + "127.0.0.1:1" }, "external server"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := alone(t)
			wrong := cfg
			c.set(&wrong)
			a, err := New(t.Context(), Options{Config: wrong})
			if err == nil {
				err = a.Start(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("started with a wrong %s: %v", name, err)
			}
			if exists(filepath.Join(cfg.Data, folder.Addresses)) {
				t.Error("addresses of a program that does not run")
			}
			next := start(t, Options{Config: cfg})
			ready(t, next.Addr())
			prove(t, next)
		})
	}
}

// A second program on a folder is refused before it touches anything there.
func TestAFolderBelongsToOneProgram(t *testing.T) {
	cfg := alone(t)
	a := start(t, Options{Config: cfg})
	importDemo(t, a, 1000)
	if _, err := New(t.Context(), Options{Config: cfg}); err == nil || !strings.Contains(err.Error(), "in use") ||
		!strings.Contains(err.Error(), cfg.Data) {
		t.Fatalf("a second program on the folder: %v", err)
	}
	ready(t, addresses(t, cfg))
	w := declare(t, a)
	planned(t, a, w.ID)
	prove(t, a)
}

// The demo greets a newcomer with a red proposal for tomorrow, and keeps the secrets it has shown.
func TestDemo(t *testing.T) {
	cfg := alone(t)
	path := filepath.Join(cfg.Data, folder.DemoCredentials)
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	secrets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secrets' file is %v, %v", info.Mode(), err)
	}
	all, err := demo.Credentials(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	for role, c := range all {
		p, _, err := a.svc.Login(c.User, c.Password)
		if err != nil || p == nil || string(p.Role) != strings.TrimRight(role, "2") { // a second of a role has a number
			t.Errorf("%s logs in as %+v, %v", role, p, err)
		}
	}
	tomorrow := alerts.DateOf(a.journal.Now()).AddDays(1)
	waiting := func(a *App) *alerts.Proposal {
		t.Helper()
		var open []*alerts.Proposal
		view(t, a, func(tx *bbolt.Tx) error {
			page, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
			open = page.Items
			return err
		})
		if len(open) != 1 {
			t.Fatalf("%d open proposals", len(open))
		}
		return open[0]
	}
	p := waiting(a)
	// The first forecast day, 12-16 with 155, is tomorrow, and begins the run above 150 that the red days lie in.
	if p.Kind != alerts.KindStart || p.Level != alerts.Red || !p.StartsAt.Equal(tomorrow.Start()) {
		t.Errorf("proposal %s %s from %s, want red from %s", p.Kind, p.Level, p.StartsAt, tomorrow.Start())
	}
	// Behind it 12-22 and 12-23 are 134 and 65: the lift is expected from the beginning of the first.
	end := tomorrow.AddDays(6).Start()
	if clock := strings.Join(p.Clock("zh-CN"), "\n"); p.EndsAt == nil || !p.EndsAt.Equal(end) ||
		p.Trace.Outlook.From == nil || !p.Trace.Outlook.From.Equal(end) ||
		!strings.Contains(clock, "起点："+alerts.StartText(tomorrow.Start())) ||
		!strings.Contains(clock, "预计 "+alerts.StartText(end)+" 解除") {
		t.Errorf("the clock line is %s, the end %v", clock, p.EndsAt)
	}
	prove(t, a)
	stop(t, a)

	a = start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	if kept, err := os.ReadFile(path); err != nil || string(kept) != string(secrets) {
		t.Errorf("the secrets changed at a restart: %v", err)
	}
	if again := waiting(a); again.ID != p.ID {
		t.Errorf("after a restart %s waits, not %s", again.ID, p.ID)
	}
	prove(t, a)
}

// The simulated enterprises answer by themselves; the demo's own, the two plants that the policy names and those that
// never answer do not, however often they are asked.
func TestSimulatedEnterprises(t *testing.T) {
	cfg := alone(t)
	cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = 500*time.Millisecond, 500*time.Millisecond
	a := start(t, Options{Config: cfg,
		Demo: &demo.Demo{Recipients: 300, Soonest: time.Millisecond, Instruments: []string{},
			Latest: 100 * time.Millisecond}})
	made, err := demo.Credentials(cfg.Data)
	own := made["enterprise"].Recipient
	if err != nil || own == "" {
		t.Fatalf("own recipient %q, %v", own, err)
	}
	type message struct {
		recipient string
		answers   bool
	}
	heard := make(chan message, 10_000)
	nc, _ := a.bus.Public()
	if _, err := nc.Subscribe("qingkong.order.*", func(msg *nats.Msg) {
		id := strings.TrimPrefix(msg.Subject, "qingkong.order.")
		_, order, _ := strings.Cut(string(msg.Data), `"order":{"id":"`)
		order, _, _ = strings.Cut(order, `"`)
		heard <- message{id, id != own && simulated(id, order)}
	}); err != nil {
		t.Fatal(err)
	}
	w := declare(t, a)
	// A second repeat to the silent ones means that everybody had been asked, and had time, long before.
	times, answering := map[string]int{}, map[string]bool{}
	silent := func() (n, slowest int) {
		slowest = 100
		for id, k := range times {
			if !answering[id] {
				n, slowest = n+1, min(slowest, k)
			}
		}
		return n, slowest
	}
	deadline := time.After(patience)
	for n, slowest := silent(); n < 4 || slowest < 3 || len(times) < 300; n, slowest = silent() {
		select {
		case m := <-heard:
			times[m.recipient]++
			answering[m.recipient] = m.answers
		case <-deadline:
			t.Fatalf("%d recipients asked, of them %d silent and asked at least %d times", len(times), n, slowest)
		}
	}
	for _, id := range []string{own, "E0001", "E0002"} {
		if times[id] == 0 {
			t.Errorf("%s has no order", id)
		}
	}
	view(t, a, func(tx *bbolt.Tx) error {
		for id := range times {
			o, err := notify.Get(tx, fmt.Sprintf("%s-%s-1", w.ID, id))
			if err != nil {
				return err
			}
			if got := o.Answer == notify.AnswerAcknowledged; got != answering[id] {
				t.Errorf("%s: order %s, want acknowledged: %v", id, o.Answer, answering[id])
			}
		}
		return nil
	})
	prove(t, a)
}

// simulated says whether a recipient of a demo answers an order by simulation: not the two plants, and of the others
// four in a hundred never, by a hash of the order.
func simulated(recipient, order string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(order)) // a hash never fails to write
	return recipient != "E0001" && recipient != "E0002" && h.Sum32()%100 >= 4
}
