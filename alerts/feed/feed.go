// Package feed is where forecasts and observations come from by themselves: folders that somebody drops files into,
// and addresses that somebody publishes at. It finds out what is new, brings it to UTF-8 and offers it to a Handler;
// what a document means is the handler's business. It knows nothing of the record, of HTTP servers or of NATS.
//
// # What may be relied on
//
// A document is offered until the handler has taken it or refused it, over restarts too, and then no more. Between
// the handler's answer and the note of it lies a moment in which the program may end, so a document can be offered
// twice: the handler answers the same content the same way. Nothing that was dropped into a folder is ever deleted
// or overwritten: it is moved to taken/ or refused/ below the folder.
//
// # Silence
//
// A feed that brings nothing looks just like clean air. So each feed tells the handler when no document was taken for
// SilentAfter. An address that answers "not modified" (304), or sends the same body again, has been reached but brought
// nothing new, and does not end a silence: a publisher whose forecast no longer changes is what the alarm is for.
//
// # State
//
// A Keep holds a row for each feed: when something was last taken, whether silence was told, the validators of an
// address, the files that could not be moved away, and what was refused last. NAME/refused/ in the feeds' folder holds
// the newest of what an address brought and was refused. Losing the state costs offers of what was known already and
// starts the counts anew; it loses no document that was taken.
package feed

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
)

const (
	// maxSize is the largest document in bytes. A year of hourly values of one station is below 1 MiB.
	maxSize = 16 << 20
	// retryFirst doubling to retryMax is how long after a failure of the handler a document is offered again. The
	// schedule is not waited for: it may say "twice a day".
	retryFirst = 10 * time.Second
	retryMax   = 10 * time.Minute
	// listenEvery is how often silence is looked at.
	listenEvery = time.Minute
)

// Source is one feed of the configuration.
type Source struct {
	Name        string        // [a-z0-9-], at most 40; names the state
	Kind        string        // folder or url
	Path        string        // folder: the watched directory
	URL         string        // url: http or https
	Schedule    string        // five cron fields, or @every and the like; Asia/Shanghai
	Format      string        // csv or json; empty = by the file's ending or the Content-Type
	Source      string        // the forecast's source, like tianjin-emc
	SilentAfter time.Duration // 0 = never alarm
}

// Document is one thing that arrived.
type Document struct {
	Feed   string
	Source string
	Name   string    // the file's name, or the URL without user, password and query
	Format string    // csv or json
	Body   []byte    // UTF-8 without a byte-order mark
	At     time.Time // the file's modification time, or the response's Last-Modified or Date; never after now
}

// Handler is told what a feed brings. Its methods are called from several goroutines, one document of a feed at a time.
type Handler interface {
	// Take takes a document. A *refusal.Error means that the document is wrong and is not offered again, except
	// with the codes not_ready and rate_limited, which are about us. After those and any other error it is offered
	// again later.
	Take(ctx context.Context, d Document) error
	// Silent is told the state of a feed's silence: true once when nothing was taken for SilentAfter, since being
	// when something last was (or the feed's first start); false once when something came again, since being when.
	// It is told again after a restart only when the program ended before the telling was noted.
	Silent(ctx context.Context, feed string, silent bool, since time.Time)
}

// Status is how a feed stands.
type Status struct {
	Feed    string
	TakenAt time.Time // when a document was last taken; zero = never
	Silent  bool      // nothing was taken for SilentAfter, and the handler was told so
	Source  string
	Refused Refused
}

// Feeds watches every source.
type Feeds struct {
	feeds []*feed
	log   *slog.Logger
}

// feed is one source at work. Its goroutine looks; the ticker of silence and Status read beside it.
type feed struct {
	Source
	h       Handler
	times   schedule.Schedule
	dir     string        // of all feeds; what an address brought and was refused lies below it
	due     chan struct{} // poked by the schedule
	client  *http.Client  // kind url
	seen    map[string]sighting
	retries int    // failures of the handler in a row
	trouble string // what was last logged as wrong with the source, so that each trouble is logged once

	voice sync.Mutex // held while silence is weighed and told, so that on and off cannot overtake each other
	store
}

// New returns the feeds of sources, with their state read from keep; dir is created when missing. It refuses what
// cannot work, naming every wrong place as feeds[0].schedule. A log of nil logs nothing.
func New(sources []Source, dir string, keep Keep, h Handler, log *slog.Logger) (*Feeds, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	plans, err := check(sources)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("feed: folder: %w", err)
	}
	takeOver(dir, keep, log)
	fs := &Feeds{log: log}
	for i, s := range sources {
		f := &feed{Source: s, h: h, times: plans[i], dir: dir, due: make(chan struct{}, 1),
			seen: map[string]sighting{}}
		f.open(keep, s.Name, log.With("feed", s.Name))
		if s.Kind == "url" {
			f.client = newClient()
		}
		fs.feeds = append(fs.feeds, f)
	}
	return fs, nil
}

// Run looks at every source at once and then on its schedule, until ctx ends, and returns when nothing is under way
// any more. It may be called again then.
func (fs *Feeds) Run(ctx context.Context) {
	for _, f := range fs.feeds {
		f.begin(f.moment(time.Now()))
	}
	// The schedules only poke, so that one goroutine alone ever looks at a feed, be it for the schedule, the start or a
	// file that has to settle.
	var wg sync.WaitGroup
	for _, f := range fs.feeds {
		wg.Go(func() { f.times.Run(ctx, fs.log, f.poke) })
		wg.Go(func() { f.tend(ctx) })
	}
	wg.Go(func() { fs.listen(ctx) })
	<-ctx.Done()
	wg.Wait()
}

// Status is how every feed stands, in the order of the configuration. A new process has to take what it shows of its
// feeds from here, for a silence that lasts is not told again.
func (fs *Feeds) Status() []Status {
	out := make([]Status, 0, len(fs.feeds))
	for _, f := range fs.feeds {
		out = append(out, f.status())
	}
	return out
}

func (f *feed) status() Status {
	s := f.get()
	if !s.TakenAt.IsZero() {
		s.TakenAt = s.TakenAt.In(refusal.Shanghai())
	}
	return Status{Feed: f.Name, Source: f.Source.Source, TakenAt: s.TakenAt, Silent: s.Silent, Refused: f.refusedSoFar(s)}
}

// listen weighs the silence of every feed each minute.
func (fs *Feeds) listen(ctx context.Context) {
	tick := time.NewTicker(listenEvery)
	defer tick.Stop()
	for {
		for _, f := range fs.feeds {
			f.weigh(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// poke asks for a look; while one is asked for already, or under way, it is one more look and no more.
func (f *feed) poke() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// tend looks now, when poked, and when the last look asked to look again before the schedule does.
func (f *feed) tend(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if wait := f.look(ctx); wait > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-f.due:
		case <-again:
		}
	}
	if f.client != nil {
		f.client.CloseIdleConnections()
	}
}

// look looks at the source once and returns after how long to look again; 0 = when the schedule says.
func (f *feed) look(ctx context.Context) time.Duration {
	if f.Kind == "url" {
		return f.lookAddress(ctx)
	}
	return f.lookFolder(ctx)
}

// offer hands a document to the handler and notes what was taken.
func (f *feed) offer(ctx context.Context, d Document) error {
	var err error
	if p := f.guard("take", func() { err = f.h.Take(ctx, d) }); p != nil {
		err = p
	}
	if err != nil {
		return err
	}
	f.retries = 0
	f.log.Info("document taken", "document", d.Name, "format", d.Format, "at", d.At)
	f.set(func(s *state) { s.TakenAt = f.moment(time.Now()) })
	f.weigh(ctx)
	return nil
}

// guard calls the handler and makes a panic of it an error: one bad document must not keep the program, or the
// documents behind it, from working.
func (f *feed) guard(act string, call func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f.log.Error("handler panicked", "act", act, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	call()
	return nil
}

// later reports whether a document met with err is to be offered again.
func later(err error) bool {
	switch refusal.CodeOf(err) {
	case "", refusal.NotReady, refusal.RateLimited:
		return err != nil
	}
	return false
}

// retry counts one more failure of the handler and returns how long to wait.
func (f *feed) retry() time.Duration {
	wait := min(retryFirst<<min(f.retries, 16), retryMax)
	f.retries++
	return wait
}

// met logs what is wrong with the source when it differs from last time, and that it is gone when it is.
func (f *feed) met(trouble string, args ...any) {
	if trouble == f.trouble {
		return
	}
	if f.trouble = trouble; trouble == "" {
		f.log.Info("source can be read again")
		return
	}
	f.log.Warn(trouble, args...)
}

// moment brings a time to the zone; one after now comes from a wrong clock and is now. It is wall time alone, for a
// machine that slept must not take the silence for shorter than it was.
func (f *feed) moment(t time.Time) time.Time {
	if now := time.Now(); t.After(now) {
		t = now
	}
	return t.In(refusal.Shanghai()).Truncate(time.Millisecond)
}
