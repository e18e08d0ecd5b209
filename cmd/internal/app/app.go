// Package app is the whole program as a value: New builds it, Start lets others in, Stop takes it down in the
// reverse order of what was built. A test starts one on port 0 as the command does on its configured ports.
package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/alerts"
	"qingkong/alerts/aqi"
	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/certs"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/door"
	"qingkong/cmd/internal/fair"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/logins"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web"
	"qingkong/cmd/internal/web/session"
	"qingkong/cmd/internal/web/share"
	"qingkong/seeds"
)

// Options are what the program is started with. Config.Data is required; the rest has defaults.
type Options struct {
	Config config.Config
	Demo   *Demo // nil: no demo
	Log    *slog.Logger
	Node   string // name of this node on a shared journal; default: a random one kept in the data folder

	Version string // of the program, for what it writes

	Clock func() time.Time // the wall clock of the record, the auditor and the pages; nil is the machine's

	times  *journal.Times         // of a measurement; nil for none
	hooks  hooks                  // of a test
	probes map[string]watch.Probe // of a test: what the watchman asks besides
}

// Addresses are what the program listens on, as host:port; empty where it does not.
type Addresses struct {
	HTTP string `json:"http"`
	NATS string `json:"nats"`
}

// AddressesFile is written below the data folder once every address accepts connections.
const AddressesFile = "addresses.json"

// App is a built program.
type App struct {
	opt      Options
	log      *slog.Logger
	bus      *bus.Bus
	journal  *journal.Journal
	svc      *service.Service
	sources  *feed.Feeds // of the configuration; nil without any
	web      *web.Server
	auditor  *auditor
	dispatch *dispatch.Dispatcher
	addr     Addresses
	certs    map[string]*certs.Keeper // of the listeners with TLS, by setting

	backingUp sync.Mutex // held while a backup is written
	backups   *backups   // nil where no folder is configured
	checks    *recordChecks

	batches  batches // of the writer, for the metrics
	room     *room
	watchman *watch.Watchman
	metrics  *prometheus.Registry
	answers  *prometheus.CounterVec // over NATS, by outcome
	logins   *logins.Log

	mu    sync.Mutex
	parts []part
	work  work
	left  bool // a part did not end; set by Stop
	fatal chan error
}

// New builds the program: the bus without its listener, the record recovered, nothing reachable from outside.
// What was built is taken down again when a later part fails.
func New(ctx context.Context, opt Options) (_ *App, err error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{opt: opt, log: opt.Log, fatal: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(a.whyNot(err), a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if err := guardListeners(ctx, &a.opt.Config, a.log); err != nil {
		return nil, err
	}
	if a.certs, err = openCerts(&a.opt.Config, a.log); err != nil {
		return nil, err
	}
	if opt.Demo != nil {
		a.opt.Config = opt.Demo.configure(a.opt.Config)
	}
	cfg := a.opt.Config
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	release, err := LockFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	a.onStop("lock", lockWithin, func(context.Context) error {
		if a.left { // whatever still runs may write here; the lock ends with the process
			return nil
		}
		return release()
	})
	a.room, a.batches = newRoom(cfg.Data, cfg.Disk), newBatches()
	if err := os.Remove(filepath.Join(cfg.Data, AddressesFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	store := filepath.Join(cfg.Data, streamsFolder)
	inside := store
	if cfg.NATS.URL != "" {
		inside = ""
	}
	before, err := journal.Survey(cfg.Data, inside) // before the server touches its store
	if err != nil {
		return nil, err
	}
	if before.Kept != "" {
		a.log.Warn("the record's file is lost, older than what was confirmed, or not begun; nats/ is copied aside before it is opened", "kept", before.Kept)
	}
	a.bus, err = bus.Start(bus.Config{
		StoreDir: store, Listen: cfg.Listen.NATS,
		URL: cfg.NATS.URL, CredsFile: cfg.NATS.Creds, Name: opt.Node, Logger: a.log, Failed: a.fail,
		Share:  fair.Share{PerSecond: float64(cfg.Limits.PerSecond), Burst: cfg.Limits.Burst},
		Excess: bus.Excess{Times: cfg.Limits.CutTimes, Seconds: cfg.Limits.CutSeconds},
		TLS:    a.tlsOf("nats.tls"), HandshakeFirst: cfg.NATS.HandshakeFirst, CAFile: cfg.NATS.CA,
		TrustServerUsers: cfg.NATS.TrustServerUsers, TooMany: tooMany, Tried: a.triedOverNATS,
	})
	if err != nil {
		return nil, err
	}
	a.onStop("bus", busWithin, a.bus.Close)
	set, err := settings(cfg)
	if err != nil {
		return nil, err
	}
	_, js := a.bus.Journal()
	a.journal, err = journal.Open(ctx, journal.Options{
		Dir: cfg.Data, Registry: service.Registry(set), JS: js, Log: a.log,
		Shared: !a.bus.Embedded(), Nodes: cfg.Nodes, Node: opt.Node, Before: before, Times: opt.times, Clock: opt.Clock,
		Full: a.room.full, OnBatch: a.batches.observe,
	})
	if err != nil {
		return nil, err
	}
	a.onStop("journal", journalWithin, a.closeRecord)
	if a.svc, err = service.New(ctx, a.journal, set, a.log); err != nil {
		return nil, err
	}
	a.svc.Kick = a.kick
	a.svc.Large = a.room.large
	a.dispatch = dispatch.New(dispatch.Options{Journal: a.journal, Acts: a.svc, Clock: a.journal.Now, Log: a.log,
		Channels: []dispatch.Channel{dispatch.NATS(a.bus.Channel())}, Times: opt.times})
	a.auditor = newAuditor(a.journal, cfg.Orders.RepeatMax, opt.Clock, opt.hooks, a.log)
	if a.backups, err = a.newBackups(); err != nil {
		return nil, err
	}
	if a.backups != nil {
		a.svc.Keeping = a.backups.keeping
	}
	if a.checks, err = a.newRecordChecks(); err != nil {
		return nil, err
	}
	a.watchman = a.newWatchman()
	if a.sources, err = newFeeds(cfg, a.svc, a.log); err != nil {
		return nil, err
	}
	a.logins = a.openLogins()
	a.svc.Codes.Refused = a.codeRefused
	sessions, err := session.New(ctx, a.journal, a.svc.Passwords, session.Options{Proxies: proxies(cfg.Proxies), Logins: a.logins, Log: a.log})
	if err != nil {
		a.logins.Close()
		return nil, err
	}
	a.onStop("sessions", sessionsWithin, func(context.Context) error {
		defer a.logins.Close()
		return sessions.Close()
	})
	l := cfg.Limits
	a.metrics = a.newMetrics()
	opts := web.Options{Watch: a.watchman, Metrics: a.metrics, Log: a.log, Clock: opt.Clock, Limits: share.Limits{PerSecond: l.PerSecond, Burst: l.Burst,
		WritesPerMinute: l.WritesPerMinute, WritesBurst: l.WritesBurst, Streams: l.Streams}, Incoming: a.incoming()}
	if a.sources != nil {
		opts.Feeds = a.sources.Status
	}
	if a.backups != nil {
		opts.Backups = a.backups
	}
	a.web = web.New(a.svc, sessions, opts)
	a.onStop("event streams", streamsWithin, func(context.Context) error { a.web.Stop(); return nil })
	a.mountConsole(sessions, set)
	return a, nil
}

// whyNot says why the program is not built or started. A refusal by a record that has stopped points to its readiness, which
// nobody can ask then; so it is why that stopped.
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
	defer func() {
		if err != nil {
			err = errors.Join(a.whyNot(err), a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if err := a.bus.EnsureStreams(ctx); err != nil {
		return err
	}
	orders := a.opt.Config.Orders
	if err := a.svc.SetOrders(ctx, orders.AcknowledgeWithin, orders.Contact, orders.ContactPhone); err != nil {
		return err
	}
	if a.opt.Demo != nil {
		if err := a.opt.Demo.load(ctx, a); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if err := a.serveNATS(); err != nil {
		return err
	}
	a.background("leader", a.lead)
	a.background("auditor", a.auditor.run)
	a.background("consumers of the streams", a.keepConsumers)
	if a.bus.Embedded() {
		a.background("store of NATS", a.keepStore)
	}
	a.background("who read personal data", a.svc.KeepSeen)
	a.watchman.Look(ctx)
	a.background("watchman", a.watchman.Run)
	a.background("checks of the record", a.checks.run)
	if a.backups != nil && a.backups.cfg.Schedule != "" {
		a.background("backups", a.backups.run)
	}
	if ln := a.listenControl(); ln != nil {
		a.background("control socket", func(ctx context.Context) error { return a.serveControl(ctx, ln) })
	}
	if err := a.listenHTTP(); err != nil {
		return err
	}
	if err := a.bus.OpenListener(); err != nil {
		return err
	}
	a.addr.NATS = a.bus.Addr()
	if a.opt.Demo != nil {
		if err := a.opt.Demo.simulate(a); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	a.watchman.Started()
	return a.writeAddresses()
}

// incoming is the folder of files that are sent, until it is their turn.
func (a *App) incoming() string { return filepath.Join(a.opt.Config.Data, "incoming") }

// kick ends the connections of a user whose secrets have ended.
func (a *App) kick(user string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if n, err := a.bus.Kick(ctx, user); err != nil {
		a.log.Warn("live connections could not be closed", "user", user, "err", err)
	} else if n > 0 {
		a.log.Info("live connections closed: the secrets have ended", "user", user, "connections", n)
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
		if a.sources != nil {
			wg.Go(func() { runFeeds(ctx, a.sources, a.log) })
		}
		wg.Wait()
	})
}

func (a *App) listenHTTP() error {
	ln, err := net.Listen("tcp", a.opt.Config.Listen.HTTP)
	if err != nil {
		return fmt.Errorf("listen on %s for HTTP: %w (another program uses it, or choose one with --listen)", a.opt.Config.Listen.HTTP, err)
	}
	a.addr.HTTP = ln.Addr().String()
	known, l := proxies(a.opt.Config.Proxies), a.opt.Config.Limits
	ln = door.Listen(ln, door.Options{PerAddress: l.ConnectionsPerAddress, InAll: l.Connections, Exempt: known.Has, Pace: door.Usual, Metrics: a.metrics, Log: a.log})
	if secure := a.tlsOf("http.tls", "http/1.1"); secure != nil {
		ln = tls.NewListener(ln, secure) // the outermost, for net/http asks the connection itself whether it is TLS
	}
	srv := &http.Server{ // how long bodies and answers may take the door and the front say
		Handler: a.web, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: stdlog.New(&calm{log: a.log}, "", 0),
	}
	srv.RegisterOnShutdown(a.web.Stop) // streams have no end of their own
	f := newFront(srv, ln, a.log)
	go func() {
		if err := f.run(); err != nil {
			a.fail(err)
		}
	}()
	a.onStop("http", httpWithin, f.stop)
	return nil
}

func (a *App) writeAddresses() error {
	text, err := json.Marshal(a.addr)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(a.opt.Config.Data, AddressesFile), append(text, '\n'), 0o600)
}

// writeFile puts a file in place in one step, so that nobody reads half of it.
func writeFile(path string, text []byte, mode os.FileMode) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, mode); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// Secure says whether HTTP and NATS are served with TLS.
func (a *App) Secure() (http, nats bool) {
	return a.certs["http.tls"] != nil, a.certs["nats.tls"] != nil
}

// Addr is where the program listens; complete after Start.
func (a *App) Addr() Addresses { return a.addr }

// Service is the acts of the program.
func (a *App) Service() *service.Service { return a.svc }

// settings are what the configuration says of the acts. Criteria that are not there or cannot be read are refused.
func settings(cfg config.Config) (service.Settings, error) {
	set := alerts.DefaultSettings()
	set.OwnDeclaration = cfg.OwnDeclaration
	set.Approval = map[alerts.Level]int{alerts.Advisory: cfg.Approval.Advisory, alerts.Yellow: cfg.Approval.Yellow,
		alerts.Orange: cfg.Approval.Orange, alerts.Red: cfg.Approval.Red}
	set.StartLimits = alerts.StartLimits{BackD: cfg.StartLimits.BackD, AheadD: cfg.StartLimits.AheadD}
	c := cfg.Criteria.Settings
	set.Range, set.MergeGapH, set.LiftH, set.LiftAtMost = c.Range, c.MergeGapH, c.LiftH, c.LiftAtMost
	set.Merge, set.LiftRule, set.LiftStep, set.LiftLeadH = c.Merge, c.LiftRule, c.LiftStep, c.LiftLeadH
	set.StuckH, set.Plausible = stuckHours(c.StuckH), plausible(c.Plausible)
	set.AQIMismatch, set.DustSuspect = c.AQIMismatch, c.DustSuspect
	set.ForecastMaxAgeH, set.ForecastMaxLeadD = c.ForecastMaxAgeH, c.ForecastMaxLeadD
	set.StartAt, set.EveningHour = c.StartAt, c.EveningHour
	set.LeadH, set.Over300Consecutive = c.LeadH, c.Over300Consecutive
	sets, err := Criteria(cfg.Criteria.Folder)
	if err == nil {
		set, err = set.Choose(alerts.CriteriaChoice{Use: cfg.Criteria.Use, Tianjin2023: c.Tianjin2023, WorkRequirement: cfg.Criteria.WorkRequirement}, sets)
	}
	return service.Settings{Region: cfg.District.Region, Alerts: set, List: ListSettings(cfg.ListChecks), RepeatFirst: cfg.Orders.RepeatFirst, RepeatMax: cfg.Orders.RepeatMax,
		Publishing:    service.Publishing{District: cfg.District.Name, PublicURL: cfg.PublicURL, Watch: cfg.Supervision},
		FiguresMaxAge: cfg.Orders.FiguresMaxAge, FactorRequired: cfg.SecondFactor == "required"}, err
}

func stuckHours(s config.StuckHours) alerts.StuckHours {
	return alerts.StuckHours{aqi.PM25: s.PM25, aqi.PM10: s.PM10, aqi.NO2: s.NO2, aqi.O3H1: s.O3, aqi.SO2: s.SO2, aqi.CO: s.CO}
}

func plausible(p config.Plausible) alerts.Plausible {
	out := alerts.Plausible{Hour: limits(p.Hour), Day: limits(p.Day)}
	out.Day[aqi.O3H1] = out.Hour[aqi.O3H1] // a day may have its largest hour beside its largest 8-hour mean
	return out
}

func limits(l config.Limit6) aqi.Values {
	return aqi.Values{aqi.PM25: aqi.Whole(l.PM25), aqi.PM10: aqi.Whole(l.PM10), aqi.SO2: aqi.Whole(l.SO2), aqi.NO2: aqi.Whole(l.NO2),
		aqi.CO: aqi.Whole(l.CO), aqi.O3H8: aqi.Whole(l.O3), aqi.O3H1: aqi.Whole(l.O3)}
}

// Criteria are the sets that come with the program and those of a folder; one of the folder with a built-in's name takes
// its place. An empty folder's name is none.
func Criteria(folder string) ([]alerts.Criteria, error) {
	sets, err := alerts.ReadCriteria(seeds.Criteria())
	if err != nil || folder == "" {
		return sets, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("criteria.folder: %w", err)
	}
	own, err := alerts.ReadCriteria(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("criteria.folder %s: %w", folder, err)
	}
	for _, c := range own {
		sets = slices.DeleteFunc(sets, func(have alerts.Criteria) bool { return have.Name == c.Name })
	}
	return append(sets, own...), nil
}
