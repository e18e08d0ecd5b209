// Package bench measures the program, and in the same run the raw limit of what it stands on. README has its results.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist"

	"github.com/nats-io/nats.go"
)

// Result is one measured number beside the limit it is held against, both from the same run.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Raw   float64 `json:"raw"`   // the limit's own value, 0 where there is none
	Ratio float64 `json:"ratio"` // value over raw
}

// bench is a program of its own in a throw-away folder, as every measurement of the whole program needs it.
type bench struct {
	app     *app.App
	svc     *service.Service // of app, and its journal
	journal *journal.Journal
	config  config.Config
	list    *reductionlist.List // in force
	alter   func(*app.Options)  // of what the program is started with; nil for nothing
	times   *journal.Times      // where the journal adds up what its steps take; nil for nowhere
	dir     string
	results []Result
}

// most is the largest share that may be configured.
const most = 1_000_000

// run takes the steps of a measurement, ends the program, and returns the results.
func (b *bench) run(ctx context.Context, steps ...func(context.Context) error) (_ []Result, err error) {
	defer func() { err = errors.Join(err, b.end(ctx)) }()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return b.results, nil
}

// start starts the program in a new folder, on free ports, with the list in force.
func (b *bench) start(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "qingkong-bench-"); err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Data = filepath.Join(b.dir, "data")
	cfg.Listen.HTTP, cfg.Listen.NATS = "127.0.0.1:0", "127.0.0.1:0"
	// repeats are not what is measured
	cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = 12*time.Hour, 12*time.Hour
	// nor are shares
	cfg.Limits = config.Limits{PerSecond: most, Burst: most, WritesPerMinute: most, WritesBurst: most, Streams: 10_000,
		CutTimes: most, CutSeconds: 3600}
	b.config = cfg
	opt := app.Options{Config: cfg, Times: b.times}
	if b.alter != nil {
		b.alter(&opt)
	}
	if b.app, err = app.New(ctx, opt); err != nil {
		return err
	}
	b.svc, b.journal = b.app.Service(), b.app.Service().J
	if err := b.app.Start(ctx); err != nil {
		return err
	}
	_, err = b.svc.ImportList(ctx, "bench", b.list, "bench", nil)
	return err
}

// officer makes the account of a duty officer.
func (b *bench) officer(ctx context.Context) (calls.Issued, error) {
	return b.svc.AddAccount(ctx, service.By("bench"), calls.NewAccount{User: "officer", Role: string(calls.Duty)})
}

// connect logs a user in over TCP.
func (b *bench) connect(user calls.Issued) (*nats.Conn, error) {
	return nats.Connect("nats://"+b.app.Addr().NATS, nats.UserInfo(user.User, user.Password),
		nats.CustomInboxPrefix("_INBOX."+user.User), nats.Timeout(10*time.Second), nats.NoReconnect())
}

// prove stops the program and proves the record it leaves.
func (b *bench) prove(ctx context.Context) error {
	if err := b.stop(ctx); err != nil {
		return err
	}
	set, err := settings.Of(config.Default())
	if err != nil {
		return err
	}
	r, err := journal.CheckDir(ctx, journal.Options{Dir: filepath.Join(b.dir, "data"), Registry: service.Registry(set)})
	if err != nil {
		return err
	}
	if !r.OK {
		return fmt.Errorf("the record does not prove itself: %v", r.Problems)
	}
	b.add("entries of the record, proved", float64(r.Entries), "entries", 0)
	return nil
}

// until waits until something holds, and asks again whenever the record has changed.
func (b *bench) until(ctx context.Context, holds func() (bool, error)) error {
	for {
		changed := b.journal.Changed()
		if yes, err := holds(); yes || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// add reports a value, and beside it the limit's own value, 0 for none.
func (b *bench) add(name string, value float64, unit string, raw float64) {
	f := Result{Name: name, Value: value, Unit: unit, Raw: raw}
	if raw > 0 {
		f.Ratio = value / raw
	}
	b.results = append(b.results, f)
}

func (b *bench) stop(ctx context.Context) error {
	if b.app == nil {
		return nil
	}
	return b.app.Stop(context.WithoutCancel(ctx))
}

// end stops the program if it still runs and takes its folder away.
func (b *bench) end(ctx context.Context) error {
	if b.dir == "" {
		return nil
	}
	return errors.Join(b.stop(ctx), os.RemoveAll(b.dir))
}

// median is the middle of the values, of an even number of them the mean of the two in the middle, and of none 0.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	switch {
	case n == 0:
		return 0
	case n%2 == 0:
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[n/2]
}
