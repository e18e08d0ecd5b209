package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/channel"
)

// TestMain lets several tests wait side by side, however few cores there are: most that are parallel wait for schedules, leases
// and ends of what is valid.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// patience bounds every wait; it is reached only when something is wrong.
const patience = time.Minute

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("does not come: %s", what)
		}
	}
}

// prove is what every test ends with: the record of each program is whole, and at one height all have the same state. A
// check of a busy record takes seconds, so it begins when no program has recorded anything for a while: what is judged
// after an order would else move the height between two checks for as long as the pass lasts.
func prove(t *testing.T, apps ...*App) {
	t.Helper()
	reports := make([]journal.Report, len(apps))
	eventually(t, "the nodes proved at one height", func() bool {
		eventually(t, "the nodes at rest", func() bool { return atRest(apps) })
		for i, a := range apps {
			var err error
			if reports[i], err = a.journal.Check(t.Context()); err != nil {
				t.Fatalf("check of %s: %v", a.journal.Node(), err)
			}
			for _, p := range reports[i].Problems {
				t.Fatalf("check of %s: %s", a.journal.Node(), p)
			}
		}
		return !slices.ContainsFunc(reports, func(r journal.Report) bool { return r.Blocks != reports[0].Blocks })
	})
	for i, r := range reports {
		if r.StateHash != reports[0].StateHash || r.Root != reports[0].Root {
			t.Errorf("%s and %s differ: %+v and %+v", apps[0].journal.Node(), apps[i].journal.Node(), reports[0], r)
		}
	}
}

// atRest says whether all programs stand at one height and none records anything for a quarter of a second. One alone is
// level with itself.
func atRest(apps []*App) bool {
	if len(apps) == 1 {
		return true
	}
	height := apps[0].journal.Height()
	level := func() bool {
		return !slices.ContainsFunc(apps, func(a *App) bool { return a.journal.Height() != height })
	}
	if !level() {
		return false
	}
	time.Sleep(250 * time.Millisecond)
	return level()
}

// view reads the record of a program.
func view(t *testing.T, a *App, read func(tx *bbolt.Tx) error) {
	t.Helper()
	if err := a.journal.View(read); err != nil {
		t.Fatal(err)
	}
}

// idle says whether nothing is due: no timer and no message.
func idle(a *App) (yes bool) {
	_ = a.journal.View(func(tx *bbolt.Tx) error { // false when it cannot be read
		timers, _ := journal.DueTimers(tx, a.journal.Moment(), 1)
		msgs, _ := journal.DueOutbox(tx, channel.NATS, a.journal.Now(), 1)
		yes = len(timers)+len(msgs) == 0
		return nil
	})
	return yes
}

// alone is a program of its own in a fresh folder, on free ports.
func alone(t *testing.T) config.Config {
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Listen.HTTP, cfg.Listen.NATS = "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

func start(t *testing.T, opt Options) *App {
	t.Helper()
	a, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	if err := a.Stop(context.Background()); err != nil { // t.Context has ended when this is a cleanup
		t.Errorf("stop: %v", err)
	}
}

// hub is the NATS server that the nodes of a district share, and what an outsider hears on it.
type hub struct {
	t     *testing.T
	srv   *server.Server
	store string
	port  int
	url   string
	creds string
	nc    *nats.Conn
	data  map[string]string // folder of each node
	log   *lines            // of the nodes that are started next; nil for none
	hooks hooks             // of the same

	mu       sync.Mutex
	heard    map[string]int   // event and order -> how often
	orders   map[string]order // by the same
	first    func()           // called at the next message
	answered map[string]int   // ok or the code of a refusal -> how often
}

type order struct{ id, recipient string }

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t, store: t.TempDir(), port: server.RANDOM_PORT, creds: filepath.Join(t.TempDir(), "creds.json"),
		data:  map[string]string{},
		heard: map[string]int{}, orders: map[string]order{}, answered: map[string]int{}}
	h.startServer()
	t.Cleanup(h.stopServer)
	var err error
	if err := os.WriteFile(h.creds, []byte(`{"user":"qingkong","password":"pw"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if h.nc, err = nats.Connect(h.url, nats.UserInfo("qingkong", "pw")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.nc.Close)
	for subject, fn := range map[string]nats.MsgHandler{"qingkong.order.*": h.order, "_INBOX.*.test": h.answer} {
		if _, err := h.nc.Subscribe(subject, fn); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return h
}

// startServer starts the server on what an earlier one left, at the same address.
func (h *hub) startServer() {
	h.t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: h.port, JetStream: true, StoreDir: h.store,
		Username: "qingkong", Password: "pw", NoSigs: true, NoLog: true})
	if err != nil {
		h.t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(patience) {
		h.t.Fatal("server not ready")
	}
	h.srv, h.url, h.port = srv, srv.ClientURL(), srv.Addr().(*net.TCPAddr).Port
}

func (h *hub) stopServer() {
	h.srv.Shutdown()
	h.srv.WaitForShutdown()
}

// nats names the server, whose one user only the tests have.
func (h *hub) nats() config.NATS {
	return config.NATS{URL: h.url, Creds: h.creds, TrustServerUsers: true}
}

// node starts a node of the district on what an earlier run left, or on an empty folder.
func (h *hub) node(name string, repeat time.Duration) *App {
	h.t.Helper()
	if h.data[name] == "" {
		h.data[name] = h.t.TempDir()
	}
	cfg := config.Default()
	cfg.Data = h.data[name]
	cfg.Listen.HTTP = "127.0.0.1:0"
	cfg.NATS = h.nats()
	cfg.Nodes = []string{"a", "b"}
	cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = repeat, repeat
	opt := Options{Config: cfg, Node: name, hooks: h.hooks}
	if h.log != nil {
		opt.Log = logTo(h.log)
	}
	return start(h.t, opt)
}

func (h *hub) order(msg *nats.Msg) {
	var in struct {
		Event string `json:"event"`
		Order struct {
			ID          string `json:"id"`
			RecipientID string `json:"recipient_id"`
		} `json:"order"`
	}
	if err := json.Unmarshal(msg.Data, &in); err != nil {
		h.t.Errorf("a message on %s: %v", msg.Subject, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := in.Event + " " + in.Order.ID
	h.heard[key]++
	h.orders[key] = order{in.Order.ID, in.Order.RecipientID}
	if h.first != nil {
		h.first()
		h.first = nil
	}
}

func (h *hub) answer(msg *nats.Msg) {
	var in struct {
		OK    bool `json:"ok"`
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(msg.Data, &in); err != nil {
		h.t.Errorf("an answer: %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if in.OK {
		in.Error.Code = "ok"
	}
	h.answered[in.Error.Code]++
}

// counts is how often each message of an event was heard so far.
func (h *hub) counts(event string) map[order]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := map[order]int{}
	for key, n := range h.heard {
		if o := h.orders[key]; key == event+" "+o.id {
			got[o] = n
		}
	}
	return got
}

// receive lets recipients say over NATS that they have received their orders, and waits for the answers.
func (h *hub) receive(orders []order) {
	h.t.Helper()
	h.mu.Lock()
	h.answered = map[string]int{}
	h.mu.Unlock()
	for _, o := range orders {
		text, err := json.Marshal(notify.AnswerText{OrderID: o.id, Action: notify.Receive})
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.nc.PublishRequest("qingkong.answer."+o.recipient, "_INBOX."+o.recipient+".test", text); err != nil {
			h.t.Fatal(err)
		}
	}
	all := func() (n int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, k := range h.answered {
			n += k
		}
		return n
	}
	eventually(h.t, fmt.Sprintf("an answer to each of %d receipts", len(orders)),
		func() bool { return all() == len(orders) })
	if h.answered["ok"] != len(orders) {
		h.t.Fatalf("receipts answered with %v", h.answered)
	}
}
