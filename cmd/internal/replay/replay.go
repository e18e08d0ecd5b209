// Package replay plays a measured episode through the whole engine.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/reductionlist"
)

// Options are a measured episode, and the list and settings that it is played with.
type Options struct {
	Days    []alerts.Day // in order of their dates
	Horizon int          // days of forecast; contract.md §2 says 5
	List    *reductionlist.List
	Set     service.Settings
	Log     *slog.Logger
}

// Outcome is what an episode led to (contract.md §2).
type Outcome struct {
	Days     []Day     `json:"days"`
	Warnings []Warning `json:"warnings"`
	Summary  Summary   `json:"summary"`
	// Remarks are the days whose index and concentrations disagree, or whose particulates were withheld.
	Remarks []alerts.DayVerdict `json:"remarks,omitempty"`
}

// Day is the state after the acts of 17:00. Orders count for the warning named, or the one that ended today.
type Day struct {
	Date     string  `json:"date"`
	AQI      *int    `json:"aqi"`
	Proposal *Change `json:"proposal"`
	Warning  *State  `json:"warning"`
	Orders   Orders  `json:"orders"`
}

// Change is a proposal that was raised and accepted.
type Change struct {
	Kind  alerts.ProposalKind `json:"kind"`
	Level alerts.Level        `json:"level"`
}

// State is a warning on one day.
type State struct {
	ID    string       `json:"id"`
	Level alerts.Level `json:"level"`
	State alerts.State `json:"state"`
}

// Orders counts the orders of a warning so far, revisions included.
type Orders struct {
	Issued       int `json:"issued"`
	Acknowledged int `json:"acknowledged"`
}

// Warning is one warning from its start to its end.
type Warning struct {
	ID       string       `json:"id"`
	LevelMax alerts.Level `json:"level_max"`
	StartsAt time.Time    `json:"starts_at"`
	EndsAt   *time.Time   `json:"ends_at"`
}

// Summary counts the whole episode.
type Summary struct {
	From         string         `json:"from"`
	To           string         `json:"to"`
	Criteria     string         `json:"criteria"`
	Recipients   int            `json:"recipients"`
	Proposals    int            `json:"proposals"`
	Warnings     int            `json:"warnings"`
	ByLevel      map[string]int `json:"warnings_by_highest_level"`
	WarningDays  int            `json:"warning_days"`
	Orders       int            `json:"orders"`
	Acknowledged int            `json:"acknowledged"`
	Foresight    string         `json:"foresight"`
}

const foresight = "预报取自其后的实测值，即完全预知，不代表真实预报能力 / the forecasts are the later measurements: perfect foresight, which no real forecast has"

// actHour is when the officer of a replay acts, each day.
const actHour = 17

// engine is a program without listeners in a throw-away folder, with a clock of its own.
type engine struct {
	opt      Options
	clock    atomic.Pointer[time.Time]
	svc      *service.Service
	d        *dispatch.Dispatcher
	epoch    uint64
	stops    []func(context.Context) error
	out      Outcome
	mu       sync.Mutex
	counts   map[string]Orders       // by warning
	highest  map[string]alerts.Level // by warning
	answered sync.WaitGroup          // orders that went out and are not answered yet
	failed   atomic.Pointer[error]
}

func (r *engine) now() time.Time { return *r.clock.Load() }

// Play plays an episode at full speed. Every day at 17:00 what was measured and the next days' forecast go in; a
// simulated officer and approver accept each proposal; enterprises answer at once.
func Play(ctx context.Context, opt Options) (_ *Outcome, err error) {
	if len(opt.Days) == 0 {
		return nil, errors.New("the episode has no days")
	}
	dir, err := os.MkdirTemp("", "qingkong-replay-")
	if err != nil {
		return nil, err
	}
	r := &engine{opt: opt, counts: map[string]Orders{}, highest: map[string]alerts.Level{}}
	defer func() {
		err = errors.Join(err, r.stop(context.WithoutCancel(ctx)), os.RemoveAll(dir))
	}()
	r.set(opt.Days[0].Date.Start().Add(actHour * time.Hour))
	if err := r.build(ctx, dir); err != nil {
		return nil, err
	}
	for i := range opt.Days {
		if err := r.day(ctx, i); err != nil {
			return nil, fmt.Errorf("%s: %w", opt.Days[i].Date, err)
		}
	}
	return &r.out, r.summarize()
}

func (r *engine) set(t time.Time) { r.clock.Store(&t) }

func (r *engine) build(ctx context.Context, dir string) error {
	b, err := bus.Start(bus.Config{StoreDir: filepath.Join(dir, folder.Streams), Logger: r.opt.Log,
		Name: "qingkong-replay"})
	if err != nil {
		return err
	}
	r.onStop(b.Close)
	if err := b.EnsureStreams(ctx); err != nil {
		return err
	}
	_, js := b.Journal()
	j, err := journal.Open(ctx, journal.Options{Dir: dir, Registry: service.Registry(r.opt.Set), JS: js,
		Log: r.opt.Log, Clock: r.now, NoSync: true})
	if err != nil {
		return err
	}
	r.onStop(j.Close)
	if r.svc, err = service.New(ctx, j, r.opt.Set, r.opt.Log); err != nil {
		return err
	}
	if _, err := r.svc.ImportList(ctx, "replay", r.opt.List, "replay", nil); err != nil {
		return err
	}
	if r.epoch, err = r.lead(ctx); err != nil {
		return err
	}
	nc, _ := b.Public()
	if _, err := nc.Subscribe("qingkong.order.*", r.enterprise); err != nil {
		return err
	}
	r.d = dispatch.New(dispatch.Options{Journal: r.svc.J, Acts: r.svc, Clock: r.now, Log: r.opt.Log,
		Channels: []dispatch.Channel{dispatch.NATS(b.Channel())}})
	return nil
}

// lead takes the lease for as long as the replay runs.
func (r *engine) lead(ctx context.Context) (epoch uint64, err error) {
	leading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	epochs, ended := make(chan uint64, 1), make(chan error, 1)
	go func() {
		ended <- r.svc.J.Lead(leading, func(ctx context.Context, epoch uint64) { epochs <- epoch; <-ctx.Done() })
	}()
	r.onStop(func(ctx context.Context) error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	select {
	case epoch := <-epochs:
		return epoch, nil
	case err := <-ended:
		ended <- err // for stop
		return 0, errors.Join(errors.New("nobody leads"), err)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (r *engine) onStop(stop func(context.Context) error) { r.stops = append(r.stops, stop) }

// stopWithin bounds the end of each part.
const stopWithin = 10 * time.Second

// stop ends the parts that were built, the last first.
func (r *engine) stop(ctx context.Context) (err error) {
	for _, stop := range slices.Backward(r.stops) {
		within, cancel := context.WithTimeout(ctx, stopWithin)
		err = errors.Join(err, stop(within))
		cancel()
	}
	return err
}

// enterprise answers an order as its recipient would.
func (r *engine) enterprise(msg *nats.Msg) {
	var in struct {
		Event string `json:"event"`
		Order struct {
			ID          string `json:"id"`
			WarningID   string `json:"warning_id"`
			RecipientID string `json:"recipient_id"`
		} `json:"order"`
	}
	err := json.Unmarshal(msg.Data, &in)
	if err != nil {
		r.fail(err)
		r.answered.Done()
		return
	}
	action, done := notify.Acknowledge, Orders{1, 1}
	if in.Event == "released" {
		action, done = notify.Receive, Orders{}
	}
	text, err := json.Marshal(notify.AnswerText{OrderID: in.Order.ID, Action: action})
	if err != nil {
		r.fail(err)
	}
	r.svc.Answer(in.Order.RecipientID, false, text, func(_ string, err error) {
		if err != nil {
			r.fail(fmt.Errorf("order %s: %w", in.Order.ID, err))
		}
		r.mu.Lock()
		c := r.counts[in.Order.WarningID]
		r.counts[in.Order.WarningID] = Orders{c.Issued + done.Issued, c.Acknowledged + done.Acknowledged}
		r.mu.Unlock()
		r.answered.Done()
	})
}

func (r *engine) fail(err error) { r.failed.CompareAndSwap(nil, &err) }

// day brings the clock to 17:00 of the day and does its acts.
func (r *engine) day(ctx context.Context, i int) error {
	d := r.opt.Days[i]
	before, err := r.live()
	if err != nil {
		return err
	}
	if err := r.advance(ctx, d.Date.Start().Add(actHour*time.Hour)); err != nil {
		return err
	}
	if err := r.measure(ctx, d); err != nil {
		return err
	}
	if err := r.forecast(ctx, i); err != nil {
		return err
	}
	row := Day{Date: string(d.Date), AQI: d.AQI}
	if v := r.opt.Set.Alerts.Verdict(d); v.Remarkable() {
		r.out.Remarks = append(r.out.Remarks, v)
	}
	ended, err := r.accept(ctx, &row)
	if err != nil {
		return err
	}
	if ended == "" && before != nil { // by a timer, unless it goes on
		ended = before.ID
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.describe(&row, ended); err != nil {
		return err
	}
	r.out.Days = append(r.out.Days, row)
	return nil
}

func (r *engine) measure(ctx context.Context, d alerts.Day) error {
	if d.AQI == nil {
		return nil
	}
	body, err := json.Marshal(alerts.Observation{Station: "replay", Region: r.opt.Set.Region, Days: []alerts.Day{d}})
	if err == nil {
		_, err = r.svc.Observation(ctx, service.By("replay"), calls.Document{Text: body})
	}
	return err
}

func (r *engine) forecast(ctx context.Context, i int) error {
	f := alerts.Forecast{Source: "replay", Region: r.opt.Set.Region, IssuedAt: r.now()}
	last := r.opt.Days[i].Date.AddDays(r.opt.Horizon)
	for _, d := range r.opt.Days[i+1:] {
		if d.Date > last {
			break
		}
		if d.AQI != nil {
			f.Days = append(f.Days, alerts.ForecastDay{Date: d.Date, AQILow: *d.AQI, AQIHigh: *d.AQI, Primary: d.Primary,
				Cause: d.Cause, Measured: d.Measured})
		}
	}
	if len(f.Days) == 0 {
		return r.svc.Reevaluate(ctx)
	}
	body, err := json.Marshal(f)
	if err == nil {
		_, err = r.svc.Forecast(ctx, service.By("replay"), calls.Document{Text: body})
	}
	return err
}

// accept accepts each open proposal. It returns the warning that was lifted, if one was.
func (r *engine) accept(ctx context.Context, row *Day) (ended string, err error) {
	for range 10 {
		var open []*alerts.Proposal
		err := r.svc.J.View(func(tx *bbolt.Tx) error {
			page, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
			open = page.Items
			return err
		})
		if err != nil || len(open) == 0 {
			return ended, err
		}
		for _, p := range open {
			row.Proposal = &Change{p.Kind, p.Level}
			r.out.Summary.Proposals++
			w, err := r.officer(ctx, p)
			if err != nil {
				return ended, fmt.Errorf("proposal %s (%s %s): %w", p.ID, p.Kind, p.Level, err)
			}
			if w.Level.Above(r.highest[w.ID]) {
				r.highest[w.ID] = w.Level
			}
			if w.State == alerts.Lifted {
				ended = w.ID
			}
		}
	}
	return ended, errors.New("proposals do not come to an end")
}

// officer accepts a proposal, and the approver agrees where the level needs a second person.
func (r *engine) officer(ctx context.Context, p *alerts.Proposal) (w *alerts.Warning, err error) {
	const reason = "replay"
	id := calls.ByID{ID: p.WarningID}
	if p.Kind != alerts.KindStart {
		if w, err = r.warning(p.WarningID); err != nil {
			return nil, err
		}
	}
	var in any
	switch p.Kind {
	case alerts.KindStart:
		in = calls.Declaration{Declare: alerts.Declare{Level: p.Level, Trigger: alerts.OwnForecast, StartsAt: &p.StartsAt,
			Region: p.Region, ProposalID: p.ID, Reason: reason}}
	case alerts.KindLift:
		in = calls.Lift{ByID: id, Lift: alerts.Lift{Revision: w.Revision, ProposalID: p.ID, Reason: reason, EndsAt: p.EndsAt}}
	case alerts.KindRevise:
		revise := alerts.Revise{Revision: w.Revision, ProposalID: p.ID, Reason: reason, EndsAt: p.EndsAt, NoEnd: p.NoEnd}
		if w.State == alerts.Scheduled {
			revise.StartsAt = &p.StartsAt
		}
		in = calls.Revision{ByID: id, Revise: revise}
	default:
		in = calls.Adjustment{ByID: id, Adjust: alerts.Adjust{Revision: w.Revision, ProposalID: p.ID, Reason: reason,
			Level: p.Level, StartsAt: &p.StartsAt}}
	}
	w, err = r.svc.ActOnWarning(ctx, service.By("duty"), in)
	if err != nil || (w.State != alerts.PendingApproval && w.Pending == nil) {
		return w, err
	}
	return r.svc.ActOnWarning(ctx, service.By("approver"),
		calls.Approval{ByID: calls.ByID{ID: w.ID}, Approve: alerts.Approve{Revision: w.Revision}})
}

func (r *engine) warning(id string) (w *alerts.Warning, err error) {
	err = r.svc.J.View(func(tx *bbolt.Tx) error { w, err = alerts.GetWarning(tx, id); return err })
	return w, err
}

// live is the warning that is live in the region; nil for none.
func (r *engine) live() (w *alerts.Warning, err error) {
	err = r.svc.J.View(func(tx *bbolt.Tx) error { w, err = alerts.LiveWarning(tx, r.opt.Set.Region); return err })
	return w, err
}

// advance moves the clock to a time, stopping at every timer and message that falls due on the way.
func (r *engine) advance(ctx context.Context, to time.Time) error {
	for {
		if err := r.settle(ctx); err != nil {
			return err
		}
		var next time.Time
		err := r.svc.J.View(func(tx *bbolt.Tx) error {
			_, timer := journal.DueTimers(tx, r.svc.J.Moment(), 0)
			_, msg := journal.DueOutbox(tx, channel.NATS, r.now(), 0)
			for _, t := range []time.Time{journal.Earliest(timer), msg} {
				if !t.IsZero() && (next.IsZero() || t.Before(next)) {
					next = t
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(to) {
			r.set(to)
			return r.settle(ctx)
		}
		r.set(next)
	}
}

// settle runs timers and messages, with the enterprises' answers to them, until none is due.
func (r *engine) settle(ctx context.Context) error {
	for {
		var ids []string
		err := r.svc.J.View(func(tx *bbolt.Tx) error {
			ids, _ = journal.DueTimers(tx, r.svc.J.Moment(), dispatch.TimersAtOnce)
			return nil
		})
		if err != nil {
			return err
		}
		if dispatch.Fire(ctx, r.svc.J, r.epoch, ids, r.opt.Log) > 0 {
			return errors.New("a timer could not be run")
		}
		sent, err := r.dispatch(ctx)
		if err != nil {
			return err
		}
		if len(ids) == 0 && sent == 0 {
			return ctx.Err()
		}
	}
}

// dispatch sends one round of due messages and waits for the answers to the orders among them.
func (r *engine) dispatch(ctx context.Context) (int, error) {
	err := r.svc.J.View(func(tx *bbolt.Tx) error {
		due, _ := journal.DueOutbox(tx, channel.NATS, r.now(), dispatch.NATSBatch)
		for _, row := range due {
			msg, err := r.svc.Render(tx, channel.NATS, row.Topic, row.ID)
			if err != nil {
				return err
			}
			if row.Topic == notify.Topic && msg.To != "" {
				r.answered.Add(1)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	sent, err := r.d.Round(ctx, r.epoch)
	if err != nil {
		return sent, fmt.Errorf("a message could not be sent: %w", err)
	}
	r.answered.Wait()
	if failed := r.failed.Load(); failed != nil {
		return sent, *failed
	}
	return sent, nil
}
