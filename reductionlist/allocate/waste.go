package allocate

import (
	"context"
	"math"
	"time"
)

// WasteResult is the answer to a problem of a waste incineration plant.
type WasteResult struct {
	Outcome
	Plan []WasteStep `json:"plan"`
	Summary
}

// WasteStep is what the plant does in one step. PitT is the level at its end.
type WasteStep struct {
	At       time.Time     `json:"at"`
	Furnaces []FurnaceFeed `json:"furnaces"`
	DivertTH float64       `json:"divert_t_h"`
	PitT     float64       `json:"pit_t"`
}

// FurnaceFeed is one furnace in one step.
type FurnaceFeed struct {
	Name    string  `json:"name"`
	On      bool    `json:"on"`
	FeedTPH float64 `json:"feed_t_h"`
}

// Solve finds the plan that emits least. It ends with an error when ctx ends, and with what it has at the time limit.
func (p *Waste) Solve(ctx context.Context, opt Options) (*WasteResult, error) {
	by := opt.patience(ctx)
	within, larger := p.tightened()
	tie, starts := within.tie()
	s := within.search(tie, by)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if math.IsInf(s.bound, 1) {
		r := &WasteResult{Outcome: infeasible(p.conflicts(by)), Plan: []WasteStep{}, Summary: p.noSummary()}
		return r, ctx.Err()
	}
	if s.row == nil {
		return nil, ErrNoPlanYet
	}
	for t := range s.course.level {
		s.course.level[t] = s.course.level[t]/larger + p.level
		s.course.divert[t] /= larger
		s.course.feed[t] = timesEach(s.course.feed[t], 1/larger)
	}
	r := p.least(s.row, &s.course)
	r.Outcome = outcome(p.objective(r), max(0, min(s.bound, s.cost)-tie*starts))
	return r, nil
}

// tie is what a start counts beside its emission, so that of plans that emit the same the one with fewer starts is
// taken: so little that all starts there can be stay within the gap of a plan that is called optimal.
func (p *Waste) tie() (tie, starts float64) {
	for i := range p.furnaces {
		starts += math.Ceil(float64(p.steps) / float64(p.furnaces[i].minUp+p.furnaces[i].minDown))
	}
	g := newGuide(p, scale{kg: 1}, 0)
	g.propose()
	if least := g.bound(); least > 0 && !math.IsInf(least, 1) {
		return 3e-7 * least / starts, starts
	}
	return 0, starts
}

// told is a plan as its reader sees it, with its sums and what limits it.
func (p *Waste) told(row []set, flows []flow) *WasteResult {
	r := &WasteResult{Summary: Summary{horizon: p.horizon,
		Totals: &Totals{FeedT: new(float64), DivertT: new(float64), Kg: map[string]float64{}}}}
	at := p.states().first
	for t, x := range row {
		step := WasteStep{At: p.at(t), DivertTH: flows[t].divert, PitT: flows[t].level}
		for i := range p.furnaces {
			f := &p.furnaces[i]
			feed := FurnaceFeed{Name: f.name, On: x.has(i)}
			if feed.On {
				feed.FeedTPH = flows[t].feed[i]
				addKg(r.Totals.Kg, f.emission, feed.FeedTPH*p.stepH)
				*r.Totals.FeedT += feed.FeedTPH * p.stepH
				if !at.has(i) {
					addKg(r.Totals.Kg, f.startKg, 1)
				}
			}
			step.Furnaces = append(step.Furnaces, feed)
		}
		addKg(r.Totals.Kg, p.divertKg, step.DivertTH*p.stepH)
		*r.Totals.DivertT += step.DivertTH * p.stepH
		r.Plan = append(r.Plan, step)
		at = x
	}
	p.bind(r)
	r.Binding = r.BindingIn("zh-CN")
	return r
}

// bind notes at which limits the plan stands.
func (p *Waste) bind(r *WasteResult) {
	const near = 1e-6
	used := *r.Totals.DivertT >= p.divertTotal-near && p.divertTotal > 0
	for t, s := range r.Plan {
		feed := 0.0
		for _, f := range s.Furnaces {
			feed += f.FeedTPH
		}
		low, high := p.levels(t + 1)
		switch {
		case t == p.steps-1 && p.end < p.high[t+1] && s.PitT >= high-near:
			r.limits.at(t, "pit_end", "")
		case s.PitT >= high-near:
			r.limits.at(t, "pit_max", "")
		case s.PitT <= low+near:
			r.limits.at(t, "pit_min", "")
		}
		if p.leastFeed[t] > 0 && feed <= p.leastFeed[t]+near {
			r.limits.at(t, "steam", "")
		}
		if most := min(p.divertMax, p.intake[t]); most > 0 && s.DivertTH >= most-near {
			r.limits.at(t, "divert_rate", "")
		}
		if used {
			r.limits.at(t, "divert_total", "")
		}
		for i := range p.furnaces {
			f, is := &p.furnaces[i], s.Furnaces[i]
			switch {
			case !f.available[t]:
				r.limits.at(t, "available", f.name)
			case !is.On:
			case is.FeedTPH >= f.max-near:
				r.limits.at(t, "furnace_max", f.name)
			case is.FeedTPH <= f.min+near:
				r.limits.at(t, "furnace_min", f.name)
			}
		}
	}
}
