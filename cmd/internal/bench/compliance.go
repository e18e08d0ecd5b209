package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
	"qingkong/seeds/example"
)

// complianceHours is how long the orders are under way when passes are measured, and complianceRounds how many hours are
// measured behind that.
const (
	complianceHours  = 72
	complianceRounds = 5
	baselineDays     = 90
)

// ignoring is of how many plants one does nothing.
const ignoring = 50

// complianceFactors are what a stack's limits are of; the ninth and the tenth criterion are of a meter, by a baseline.
var complianceFactors = []string{"a34013", "a21026", "a21002", "a21005", "a21001", "a24088", "a21024", "a21018"}

// complianceBench is a program with n orders of ten judged criteria each, and what their instruments say.
type complianceBench struct {
	bench
	n      int
	ahead  atomic.Int64 // of the program's clock
	due    time.Time    // of all measures, and from when on their instruments report
	points []telemetry.Point

	watched memory
}

// Compliance measures how long it takes to hold n orders of ten criteria against what was measured: the first pass, in
// which baselines of 90 days are made, a pass in which every monitor has a new hour, beside the reading of the same
// series alone, and one in which nothing moved.
func Compliance(ctx context.Context, n int) ([]Result, error) {
	b := &complianceBench{n: n}
	b.list = complianceList(n)
	b.alter = func(o *app.Options) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	}
	return b.run(ctx, b.declare, b.measured, b.passes, b.prove)
}

func complianceMeter(r *reductionlist.Recipient) string { return r.ID + "-METER" }

// complianceList is n enterprises with ten measures of one monitor each, due within an hour.
func complianceList(n int) *reductionlist.List {
	l := dispatchList(n)
	for _, r := range l.Recipients {
		base := r.Measures[0]
		r.Measures = nil
		add := func(m reductionlist.Monitor, criterion string) {
			c, err := reductionlist.ParseCriterion(criterion)
			if err != nil {
				panic("bench: " + err.Error())
			}
			m.Criterion = c
			one := base
			one.ID, one.CompleteWithinH, one.Monitors = fmt.Sprintf("M%02d", len(r.Measures)+10), 1, []reductionlist.Monitor{m}
			r.Measures = append(r.Measures, one)
		}
		for _, f := range complianceFactors {
			add(reductionlist.Monitor{Source: reductionlist.CEMS, Ref: example.MN(r.ID, 1), Factor: f},
				"hour_concentration_at_most 100 mg/m3")
		}
		meter := reductionlist.Monitor{Source: reductionlist.Power, Ref: complianceMeter(r), Factor: "kWh"}
		add(meter, "at_most_fraction_of_baseline 0.9")
		add(meter, "at_most_fraction_of_baseline 0.95")
	}
	return l
}

// declare has the orders issued.
func (b *complianceBench) declare(ctx context.Context) error {
	if err := b.start(ctx); err != nil {
		return err
	}
	w, err := b.svc.ActOnWarning(ctx, service.By("duty"), calls.Declaration{Declare: alerts.Declare{Level: alerts.Orange,
		Trigger: alerts.CityOrder, Document: alerts.Document{DocumentNo: "津气指办〔2016〕12号"}}})
	if err != nil {
		return err
	}
	if _, err := b.svc.ActOnWarning(ctx, service.By("approver"), calls.Approval{ByID: calls.ByID{ID: w.ID},
		Approve: alerts.Approve{Revision: w.Revision}}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dispatchPatience)
	defer cancel()
	d := dispatchBench{bench: bench{app: b.app, svc: b.svc, journal: b.journal}, warning: w, seen: &orderCount{}}
	if _, err = d.allIssued(ctx); err != nil {
		return err
	}
	b.due = b.journal.Now().Add(2 * time.Hour).Truncate(time.Hour)
	return nil
}

// say reports hours of a point as one message, as if they came when the hours are over.
func (b *complianceBench) say(ctx context.Context, p telemetry.Point, unit string, from, to time.Time, level float64) error {
	ref, _ := p.Split()
	body := fmt.Appendf(nil, `{"point":%q,"unit":%q,"step":"1h","readings":[`, p, unit)
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		if at.After(from) {
			body = append(body, ',')
		}
		body = at.AppendFormat(append(body, `{"at":"`...), time.RFC3339)
		body = strconv.AppendFloat(append(body, `","value":`...), level+float64(at.Unix()/3600%7), 'f', 1, 64)
		body = append(body, `,"flag":"N"}`...)
	}
	return b.svc.Instruments.Take(ctx, telemetry.Received{At: b.journal.Now(), Sort: telemetry.Message, MN: ref,
		From: ref, Raw: append(body, "]}"...)})
}

// measured has the clock be three days behind the deadline, and the instruments have said so much.
func (b *complianceBench) measured(ctx context.Context) error {
	b.ahead.Store(int64(complianceHours*time.Hour + 2*time.Hour))
	for _, r := range b.list.Recipients {
		for _, f := range complianceFactors {
			b.points = append(b.points, telemetry.PointOf(example.MN(r.ID, 1), f))
		}
		b.points = append(b.points, telemetry.PointOf(complianceMeter(r), "kWh"))
	}
	return b.hours(ctx, b.due, b.due.Add(complianceHours*time.Hour), true)
}

// hours has all instruments say some hours, and meters those of the baseline too; many at a time, as they would.
func (b *complianceBench) hours(ctx context.Context, from, to time.Time, past bool) error {
	return b.each(len(b.points), func(i int) error {
		p := b.points[i]
		if _, factor := p.Split(); factor == "kWh" {
			if past {
				if err := b.say(ctx, p, "kW", from.AddDate(0, 0, -baselineDays), from, 100); err != nil {
					return err
				}
			}
			level := 50.0
			if i%ignoring == 0 {
				level = 100
			}
			return b.say(ctx, p, "kW", from, to, level)
		}
		return b.say(ctx, p, "mg/m3", from, to, 20)
	}, 64)
}

// each calls f for all numbers below n, by so many goroutines.
func (b *complianceBench) each(n int, f func(i int) error, workers int) error {
	var work sync.WaitGroup
	var next atomic.Int64
	failed := make([]error, workers)
	for w := range workers {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed[w] == nil; i = int(next.Add(1)) - 1 {
				failed[w] = f(i)
			}
		})
	}
	work.Wait()
	return errors.Join(failed...)
}

// rounds are how long something took each time, and how long the processors worked meanwhile, in seconds.
type rounds struct{ wall, cpu []float64 }

func (r *rounds) add(f func() error) error {
	before, err := worked()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := f(); err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := worked()
	r.wall, r.cpu = append(r.wall, took.Seconds()), append(r.cpu, (after-before).Seconds())
	return err
}

// report tells the medians, beside those of the limit.
func (b *complianceBench) report(name string, r, raw *rounds) {
	b.add(name, median(r.wall), "s", median(raw.wall))
	b.add(name+", processor time", median(r.cpu), "s", median(raw.cpu))
}

// passes measures.
func (b *complianceBench) passes(ctx context.Context) error {
	if err := untilBuilt(ctx, b.app.Stations); err != nil {
		return err
	}
	pass := func() error { _, err := b.svc.Judging.Pass(ctx); return err }
	var first, hourly, still, raw rounds
	if err := first.add(pass); err != nil {
		return err
	}
	end := b.watched.watch()
	defer end()
	var grew grown
	for i := range complianceRounds {
		from := b.due.Add(time.Duration(complianceHours+i) * time.Hour)
		b.ahead.Add(int64(time.Hour))
		if err := b.hours(ctx, from, from.Add(time.Hour), false); err != nil {
			return err
		}
		if err := untilBuilt(ctx, b.app.Stations); err != nil {
			return err
		}
		read := func() error {
			return b.each(len(b.points), func(i int) error {
				_, err := b.svc.Instruments.Series(ctx, b.points[i], telemetry.Hour, b.due, from.Add(time.Hour), 24*100)
				return err
			}, runtime.GOMAXPROCS(0))
		}
		height := b.journal.Height()
		if err := errors.Join(hourly.add(pass), still.add(pass), raw.add(read), grew.since(b, height)); err != nil {
			return err
		}
	}
	b.add("orders of ten criteria", float64(b.n), "orders", 0)
	none := &rounds{}
	b.report("the first pass, with baselines of 90 days", &first, none)
	b.report("a pass with a new hour of every monitor, p50", &hourly, &raw)
	b.report("a pass in which nothing moved, p50", &still, none)
	b.add("blocks of the record an hour", float64(grew.blocks)/complianceRounds, "blocks", 0)
	b.add("entries of the record an hour", float64(grew.entries)/complianceRounds, "entries", 0)
	s := b.app.Judging()
	b.add("monitors without data in the last hour summed", float64(s.NoData), "monitors", 0)
	if all, anonymous := b.watched.most(); all > 0 {
		b.add("resident memory, most", all, "MB", 0)
		b.add("resident memory without mapped files", anonymous, "MB", 0)
	}
	return nil
}

// grown is how much a record grew.
type grown struct{ blocks, entries int }

// since adds what was recorded behind a block.
func (g *grown) since(b *complianceBench, height uint64) error {
	return b.journal.View(func(tx *bbolt.Tx) error {
		for at := height + 1; ; at++ {
			raw := journal.ReadBlock(tx, at)
			if raw == nil {
				return nil
			}
			block, err := journal.ParseBlock(raw)
			if err != nil {
				return err
			}
			g.blocks, g.entries = g.blocks+1, g.entries+len(block.Entries())
		}
	})
}
