// Package app is the whole program as a value: New builds it, Start lets others in, Stop takes it down in the
// reverse order of what was built. A test starts one on port 0 as the command does on its configured ports.
package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/backups"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/door"
	"qingkong/cmd/internal/fair"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/front"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/logins"
	"qingkong/cmd/internal/natsapi"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
	"qingkong/cmd/internal/stations"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/watchman"
	"qingkong/cmd/internal/web"
	"qingkong/cmd/internal/web/session"
	"qingkong/cmd/internal/web/share"
	"qingkong/cmd/internal/web/uploads"
	"qingkong/notify/telemetry"
)

// Options are what the program is started with. Config.Data is required; the rest has defaults.
type Options struct {
	Config config.Config
	Demo   *demo.Demo // nil: no demo
	Log    *slog.Logger
	Node   string // name of this node on a shared journal; default: a random one kept in the data folder

	Version string // of the program, for what it writes

	Clock func() time.Time // the wall clock of the record, the auditor and the pages; nil is the machine's

	Times  *journal.Times                   // of a measurement; nil for none
	Kept   func(batch []telemetry.Received) // of a measurement: what stations sent, once it is durable; nil for nobody
	hooks  hooks                            // of a test
	probes map[string]watch.Probe           // of a test: what the watchman asks besides
}

// Addresses are what the program listens on, as host:port; empty where it does not.
type Addresses struct {
	HTTP string `json:"http"`
	NATS string `json:"nats"`

	HJ212 string `json:"hj212"`
}

// App is a built program.
type App struct {
	opt      Options
	stopping atomic.Bool // a stop has begun
	log      *slog.Logger
	bus      *bus.Bus
	journal  *journal.Journal
	set      service.Settings
	svc      *service.Service
	sources  *feed.Feeds // of the configuration; nil without any
	web      *web.Server
	auditor  *watchman.Auditor
	dispatch *dispatch.Dispatcher
	addr     Addresses
	certs    front.Certs

	backup  *backups.Writer
	backups *backups.Folder // nil where no folder is configured
	checks  *watchman.RecordChecks

	batches  batches // of the writer, for the metrics
	room     *watchman.DiskWatch
	local    *local.Store
	station  *stations.Node
	lines    *stations.Server
	register *stations.Record
	judging  *judging.Evaluator
	notary   *notary.Notary
	results  *judging.Results
	partTold time.Time // the last hour of which was told that it has no root; the leader's own
	watchman *watch.Watchman
	metrics  *prometheus.Registry
	answers  *prometheus.CounterVec // over NATS, by outcome
	logins   *logins.Log

	mu    sync.Mutex
	parts []part
	work  work
	left  bool // a part did not end; set by Stop
	fatal chan error

	anyStations bool // nobody chose the port of HJ 212
}

// New builds the program: the bus without its listener, the record recovered, nothing reachable from outside.
// What was built is taken down again when a later part fails.
func New(ctx context.Context, opt Options) (_ *App, err error) {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	a := &App{opt: opt, log: opt.Log, fatal: make(chan error, 1)}
	defer a.undo(ctx, &err)
	if err := front.Guard(ctx, &a.opt.Config, a.log); err != nil {
		return nil, err
	}
	if a.certs, err = front.OpenCerts(&a.opt.Config, a.log); err != nil {
		return nil, err
	}
	if opt.Demo != nil {
		a.anyStations = a.opt.Config.Listen.HJ212 == ""
		a.opt.Config = opt.Demo.Configure(a.opt.Config)
	}
	if err := a.takeFolder(); err != nil {
		return nil, err
	}
	if err := a.openRecord(ctx); err != nil {
		return nil, err
	}
	if err := a.openWatch(); err != nil {
		return nil, err
	}
	if err := a.openPages(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// takeFolder makes the data folder the program's own.
func (a *App) takeFolder() error {
	cfg := a.opt.Config
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	release, err := folder.Lock(cfg.Data)
	if err != nil {
		return err
	}
	a.onStop("lock", lockWithin, func(context.Context) error {
		if a.left { // whatever still runs may write here; the lock ends with the process
			return nil
		}
		return release()
	})
	a.room, a.batches = watchman.NewDiskWatch(cfg.Data, cfg.Disk), newBatches()
	if err := os.Remove(filepath.Join(cfg.Data, folder.Addresses)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// openRecord recovers the record over the bus, which has no listener yet.
func (a *App) openRecord(ctx context.Context) error {
	cfg := a.opt.Config
	store := filepath.Join(cfg.Data, folder.Streams)
	inside := store
	if cfg.NATS.URL != "" {
		inside = ""
	}
	before, err := journal.Survey(cfg.Data, inside) // before the server touches its store
	if err != nil {
		return err
	}
	if before.Kept != "" {
		a.log.Warn("the record's file is lost, older than what was confirmed, or not begun; nats/ is copied aside before it is opened", "kept", before.Kept)
	}
	a.bus, err = bus.Start(bus.Config{
		StoreDir: store, Listen: cfg.Listen.NATS,
		URL: cfg.NATS.URL, CredsFile: cfg.NATS.Creds, Name: a.opt.Node, Logger: a.log, Failed: a.fail,
		Share:  fair.Share{PerSecond: float64(cfg.Limits.PerSecond), Burst: cfg.Limits.Burst},
		Excess: bus.Excess{Times: cfg.Limits.CutTimes, Seconds: cfg.Limits.CutSeconds},
		TLS:    a.certs.Config("nats.tls"), HandshakeFirst: cfg.NATS.HandshakeFirst, CAFile: cfg.NATS.CA,
		TrustServerUsers: cfg.NATS.TrustServerUsers, TooMany: natsapi.TooMany, OnLogin: a.triedOverNATS,
	})
	if err != nil {
		return err
	}
	a.onStop("bus", busWithin, a.bus.Close)
	if a.set, err = settings.Of(cfg); err != nil {
		return err
	}
	_, js := a.bus.Journal()
	a.journal, err = journal.Open(ctx, journal.Options{
		Dir: cfg.Data, Registry: service.Registry(a.set), JS: js, Log: a.log,
		Shared: !a.bus.Embedded(), Nodes: cfg.Nodes, Node: a.opt.Node, Inventory: before,
		Times: a.opt.Times, Clock: a.opt.Clock, Full: a.room.Full, OnBatch: a.batches.observe,
	})
	if err != nil {
		return err
	}
	a.onStop("journal", journalWithin, a.closeRecord)
	a.openLocal()
	if a.svc, err = service.New(ctx, a.journal, a.set, a.log); err != nil {
		return err
	}
	a.openStations()
	if err := a.openJudging(); err != nil {
		return err
	}
	if err := a.openNotary(); err != nil {
		return err
	}
	a.svc.Kick, a.svc.Large, a.svc.Codes.Refused = a.kick, a.room.Large, a.codeRefused
	a.dispatch = dispatch.New(dispatch.Options{Journal: a.journal, Acts: a.svc, Clock: a.journal.Now, Log: a.log,
		Channels: []dispatch.Channel{dispatch.NATS(a.bus.Channel())}, Times: a.opt.Times})
	return nil
}

// openWatch makes the parts that check the record and back it up, and at last the watchman over all parts.
func (a *App) openWatch() (err error) {
	cfg := a.opt.Config
	a.backup = &backups.Writer{Journal: a.journal, Config: cfg, Version: a.opt.Version, Log: a.log}
	if a.backups, err = backups.OpenFolder(a.backup); err != nil {
		return err
	}
	if a.backups != nil {
		a.svc.Keeping = a.backups.Keeping
	}
	if a.checks, err = watchman.NewRecordChecks(a.journal, cfg, a.log); err != nil {
		return err
	}
	if a.sources, err = newFeeds(cfg, a.svc, local.Rows{Store: a.local, Bucket: feedsRows}, a.log); err != nil {
		return err
	}
	a.logins = a.openLogins()
	a.auditor = watchman.NewAuditor(a.journal, cfg.Orders.RepeatMax, a.opt.Clock, a.opt.hooks.audit, a.log)
	a.watchman = watchman.New(watchman.Parts{
		Journal: a.journal, Bus: a.bus, Room: a.room, Auditor: a.auditor, Dispatch: a.dispatch,
		Local:     append([]*local.Store{a.local, a.results.Store()}, a.station.Stores()...),
		Telemetry: a.station.Status, Judging: a.judging.Status, Ledger: a.notary.Status,
		Checks: a.checks, Logins: a.logins,
		Certs: a.certs.Keepers(), Backup: a.backups.Check, Besides: a.opt.probes, Log: a.log,
	})
	a.metrics = a.newMetrics()
	return nil
}

// openPages makes HTTP's side: the interface and the desk, and the sessions of both.
func (a *App) openPages(ctx context.Context) error {
	cfg, l := a.opt.Config, a.opt.Config.Limits
	sessions, err := session.New(ctx, a.journal, a.svc.Passwords,
		session.Options{Proxies: proxies(cfg.Proxies), Logins: a.logins, Log: a.log})
	if err != nil {
		a.logins.Close()
		return err
	}
	a.onStop("sessions", sessionsWithin, func(context.Context) error {
		defer a.logins.Close()
		return sessions.Close()
	})
	opts := web.Options{
		Watch: a.watchman, Metrics: a.metrics, Log: a.log, Clock: a.opt.Clock, Incoming: a.incoming(), Feeds: a.feeds(),
		Uploads: uploads.Options{Dir: filepath.Join(cfg.Data, folder.Uploads), Most: int64(cfg.Evidence.MaxMB) << 20,
			InAll: int64(cfg.Evidence.WaitingGB) << 30},
		Limits: share.Limits{PerSecond: l.PerSecond, Burst: l.Burst,
			WritesPerMinute: l.WritesPerMinute, WritesBurst: l.WritesBurst, Streams: l.Streams},
	}
	if a.backups != nil {
		opts.Backups = a.backups
	}
	a.web = web.New(a.svc, sessions, opts)
	a.onStop("event streams", streamsWithin, func(context.Context) error { a.web.Stop(); return nil })
	a.mountConsole(sessions)
	return nil
}

// undo takes down what was built or started before an error.
func (a *App) undo(ctx context.Context, err *error) {
	if *err != nil {
		*err = errors.Join(a.whyNot(*err), a.Stop(context.WithoutCancel(ctx)))
	}
}

// whyNot says why the program is not built or started. A refusal by a record that has stopped points to its readiness,
// which nobody can ask then; so it is why that stopped.
func (a *App) whyNot(err error) error {
	if a.journal == nil || refusal.CodeOf(err) != refusal.NotReady {
		return err
	}
	if halted := a.journal.Halted(); halted != nil {
		return halted
	}
	return err
}

// proxies are the configured ones; a word that is none was refused when the configuration was judged.
func proxies(configured []string) (p session.Proxies) {
	for _, text := range configured {
		if one, err := config.ParseProxy(text); err == nil {
			p = append(p, one)
		}
	}
	return p
}

// Start runs side effects and timers, answers logins and messages, and opens the listeners.
func (a *App) Start(ctx context.Context) (err error) {
	defer a.undo(ctx, &err)
	if err := a.bus.EnsureStreams(ctx); err != nil {
		return err
	}
	orders := a.opt.Config.Orders
	if err := a.svc.SetOrders(ctx, orders.AcknowledgeWithin, orders.Contact, orders.ContactPhone); err != nil {
		return err
	}
	if a.opt.Demo != nil {
		if err := a.opt.Demo.Load(ctx, a.demo()); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	api := &natsapi.Server{Bus: a.bus, Service: a.svc, Answers: a.answers, Background: a.background, Log: a.log,
		Stations: overNATS{a}}
	if err := api.Serve(); err != nil {
		return err
	}
	a.background("leader", a.lead)
	a.background("auditor", a.auditor.Run)
	a.background("consumers of the streams", api.KeepConsumers)
	a.background("readings", a.station.Build)
	a.background("what other nodes take of stations", a.station.Follow)
	if a.bus.Embedded() {
		a.background("store of NATS", func(ctx context.Context) error {
			return watchman.KeepStore(ctx, a.bus, a.opt.Config.Data, a.log)
		})
	}
	a.background("who read personal data", a.svc.KeepSeen)
	a.background("uploads in pieces", a.web.KeepUploads)
	a.watchman.Look(ctx)
	a.background("watchman", a.watchman.Run)
	a.background("checks of the record", a.checks.Run)
	if a.backups.Scheduled() {
		a.background("backups", a.backups.Run)
	}
	control := &folder.Control{Dir: a.opt.Config.Data, Backup: a.backup.Write, Check: a.checks.All, Log: a.log}
	if ln := control.Listen(); ln != nil {
		a.background("control socket", func(ctx context.Context) error { return control.Serve(ctx, ln) })
	}
	if err := a.listenHTTP(); err != nil {
		return err
	}
	if err := a.listenStations(); err != nil {
		return err
	}
	if err := a.bus.OpenListener(); err != nil {
		return err
	}
	a.addr.NATS = a.bus.Addr()
	if a.opt.Demo != nil {
		if err := a.simulate(); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	a.watchman.Started()
	return a.writeAddresses()
}

// demo is what a demo needs of this program.
func (a *App) demo() demo.Program {
	return demo.Program{Service: a.svc, Config: a.opt.Config, Log: a.log}
}

// simulate has the demo's enterprises answer, its plants give figures, and their instruments report.
func (a *App) simulate() error {
	a.background("instruments of the demo", func(ctx context.Context) error {
		a.opt.Demo.Report(ctx, a.demo(), demo.Lines{HJ212: a.addr.HJ212, TLS: a.certs.Self("hj212.tls"),
			HTTP: a.addr.HTTP, HTTPS: a.certs.Self("http.tls")})
		return nil
	})
	a.background("figures of the demo", func(ctx context.Context) error { return a.opt.Demo.KeepFigures(ctx, a.demo()) })
	nc, _ := a.bus.Public()
	stop, err := a.opt.Demo.Simulate(a.demo(), nc)
	if err != nil {
		return err
	}
	a.onStop("simulation", simulationWithin, func(context.Context) error { return stop() })
	return nil
}

// feeds says how the feeds are; nil without any.
func (a *App) feeds() func() []feed.Status {
	if a.sources == nil {
		return nil
	}
	return a.sources.Status
}

// incoming is the folder of files that are sent, until it is their turn.
func (a *App) incoming() string { return filepath.Join(a.opt.Config.Data, folder.Incoming) }

// kick ends the connections of a user whose secrets have ended or whose rights are others now.
func (a *App) kick(user string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if n, err := a.bus.Kick(ctx, user); err != nil {
		a.log.Warn("live connections could not be closed", "user", user, "err", err)
	} else if n > 0 {
		a.log.Info("live connections closed: its secrets have ended, or what it may do is something else now", "user", user, "connections", n)
	}
}

// lead runs what only one node does at a time.
func (a *App) lead(ctx context.Context) error {
	return a.journal.Lead(ctx, func(ctx context.Context, epoch uint64) {
		var wg sync.WaitGroup
		wg.Go(func() {
			a.opt.hooks.run(ctx, "dispatcher", func(ctx context.Context) { a.dispatch.Run(ctx, epoch) })
		})
		wg.Go(func() {
			a.opt.hooks.run(ctx, "timers", func(ctx context.Context) { dispatch.Timers(ctx, a.journal, epoch, a.log) })
		})
		wg.Go(func() { a.reevaluate(ctx) })
		wg.Go(func() { a.opt.hooks.run(ctx, "roots of hours", a.rootHours) })
		wg.Go(func() { a.opt.hooks.run(ctx, "judging", a.judging.Run) })
		wg.Go(func() { a.opt.hooks.run(ctx, "checkpoints", a.notary.Run) })
		wg.Go(func() { a.opt.hooks.run(ctx, "files that are kept no longer", a.svc.KeepEvidence) })
		if a.sources != nil {
			wg.Go(func() { a.sources.Run(ctx) })
		}
		wg.Wait()
	})
}

func (a *App) listenHTTP() error {
	known, l := proxies(a.opt.Config.Proxies), a.opt.Config.Limits
	f, err := front.Listen(front.Options{
		Addr: a.opt.Config.Listen.HTTP, Handler: a.web, Ending: a.web.Stop,
		TLS: a.certs.Config("http.tls", "http/1.1"), Log: a.log,
		Door: door.Options{PerAddress: l.ConnectionsPerAddress, InAll: l.Connections, Exempt: known.Has,
			Pace: door.Usual, Metrics: a.metrics, Log: a.log},
	})
	if err != nil {
		return err
	}
	a.addr.HTTP = f.Addr()
	go func() {
		if err := f.Run(); err != nil {
			a.fail(err)
		}
	}()
	a.onStop("http", httpWithin, f.Stop)
	return nil
}

func (a *App) writeAddresses() error {
	text, err := json.Marshal(a.addr)
	if err != nil {
		return err
	}
	return folder.Write(filepath.Join(a.opt.Config.Data, folder.Addresses), append(text, '\n'), 0o600)
}

// Secure says whether HTTP and NATS are served with TLS.
func (a *App) Secure() (http, nats bool) {
	return a.certs["http.tls"] != nil, a.certs["nats.tls"] != nil
}

// Addr is where the program listens; complete after Start.
func (a *App) Addr() Addresses { return a.addr }

// Room is the space that is left where the record lies.
func (a *App) Room() watch.Room { return a.room.Now() }

// Bus is the program's NATS.
func (a *App) Bus() *bus.Bus { return a.bus }

// Backup writes the record to a file, as package backups does.
func (a *App) Backup(ctx context.Context, req folder.BackupRequest,
	progress func(journal.BackupProgress)) (folder.BackupResult, error) {
	return a.backup.Write(ctx, req, progress)
}

// Service is the acts of the program.
func (a *App) Service() *service.Service { return a.svc }
