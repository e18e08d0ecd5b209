package plant

import (
	"encoding/json"
	"fmt"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/allocate"
)

// PlanFor is what a plan is to cover, as seen at Now: from From to To, or as far as the figures reach where To is open.
type PlanFor struct {
	From   time.Time
	To     *time.Time
	Now    time.Time
	MaxAge time.Duration // of figures, since they were given and from their states to the beginning of the plan
}

// FiguresRecord are the latest figures of a plant.
type FiguresRecord struct {
	Figures Figures   `json:"figures"`
	At      time.Time `json:"given_at"`
	By      string    `json:"given_by"`
}

// MissingFigure is one thing that is asked for: where in the problem it is missing and, by the catalogue, what it is. A
// plan can be made without what is optional.
type MissingFigure struct {
	Path     string
	Rule     string
	Args     refusal.Args
	Optional bool
}

// Text says what is asked for in "zh-CN" or "en".
func (m MissingFigure) Text(lang string) string { return refusal.Text(m.Rule, lang, m.Args) }

// Problem is a problem of package allocate made of the model and the figures. Figures that are missing are missing in
// it.
type Problem struct {
	Window
	Kind    Kind
	Text    []byte // JSON
	Missing []MissingFigure
	Used    bool // the figures are good and stand in it

	first time.Time // what it is for begins then
	open  bool      // and has no end: a plan may reach as far as last
	last  time.Time
}

// Complete reports whether the problem can be solved.
func (p *Problem) Complete() bool {
	for _, m := range p.Missing {
		if !m.Optional {
			return false
		}
	}
	return true
}

// Problem puts the problem of a plan together. Figures that are too old, or that do not reach over the whole of it, are
// asked for anew. A conflict refusal says that there is nothing left to plan.
func (p *Plant) Problem(in PlanFor, given *FiguresRecord) (*Problem, error) {
	out := &Problem{Kind: p.Kind, first: wholeHour(in.From), open: in.To == nil}
	end := in.To
	if end == nil && given != nil {
		end = given.Figures.To
	}
	provisional := end == nil || in.To == nil && !end.After(wholeHour(in.Now))
	if provisional { // without an end there are no steps, but all else can be asked for already
		day := wholeHour(latest(in.From, in.Now)).Add(24 * time.Hour)
		end = &day
	}
	w, rows, err := p.window(in.From, *end, in.Now)
	if err != nil {
		return nil, err
	}
	out.Window = w
	if out.last = w.To; out.open {
		furthest, _, err := p.window(in.From, w.From.Add(maxPlan), in.Now)
		if err != nil {
			return nil, err
		}
		out.last = furthest.To
	}
	b := builder{out: out, f: &Figures{}, start: w.From, hours: int(w.To.Sub(w.From) / time.Hour), steps: !provisional}
	if given != nil {
		if rule, args := unfit(in, w, given); rule != "" {
			b.ask("figures", rule, args)
		} else {
			b.f, out.Used = &given.Figures, true
		}
	}
	if provisional {
		b.ask("to", "figures.ask.to", nil)
	}
	var doc any
	if p.Kind == Coal {
		doc = b.coal(p, rows)
	} else {
		if p.pit == nil {
			return nil, refusal.New(refusal.Conflict, "plan.no_pit", nil)
		}
		doc = b.waste(p, rows)
	}
	out.Text, err = json.Marshal(doc)
	return out, err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// unfit says why figures cannot serve a plan; an empty rule is nothing.
func unfit(in PlanFor, w Window, g *FiguresRecord) (rule string, args refusal.Args) {
	hours := int(in.MaxAge / time.Hour)
	switch {
	case g.Figures.From.After(w.From), g.Figures.To.Before(w.To):
		return "figures.uncovered", refusal.Args{"from": clock(*g.Figures.From), "to": clock(*g.Figures.To),
			"start": clock(w.From), "end": clock(w.To)}
	case in.Now.Sub(g.At) > in.MaxAge:
		return "figures.old", refusal.Args{"at": clock(g.At), "hours": hours}
	case w.From.Sub(*g.Figures.From) > in.MaxAge:
		return "figures.old_state", refusal.Args{"at": clock(*g.Figures.From), "start": clock(w.From), "hours": hours}
	}
	return "", nil
}

// builder makes a problem of rows and figures, and notes what it misses.
type builder struct {
	out   *Problem
	f     *Figures
	start time.Time
	hours int
	steps bool // how many there are is known
}

func (b *builder) ask(path, rule string, args refusal.Args) {
	b.out.Missing = append(b.out.Missing, MissingFigure{Path: path, Rule: rule, Args: args})
}

// number gives v back, and asks for it where it is nil.
func (b *builder) number(path, rule string, v *float64, args refusal.Args) *float64 {
	if v == nil {
		b.ask(path, rule, args)
	}
	return v
}

// since is how many hours after the beginning of the figures the plan begins.
func (b *builder) since() float64 {
	if b.f.From == nil {
		return 0
	}
	return b.start.Sub(*b.f.From).Hours()
}

func (b *builder) every() int {
	if b.f.StepH == nil {
		return 1
	}
	return int(*b.f.StepH)
}

// over spreads a series of the figures over steps of stepH hours; the last entry, which repeats, is not repeated.
func over[T any](b *builder, series []T, stepH int) (out []T) {
	if len(series) == 0 {
		return nil
	}
	last := -1
	for k := 0; k < b.hours/stepH; k++ {
		at := (int(b.since()) + k*stepH) / b.every()
		out, last = append(out, series[min(at, len(series)-1)]), at
		if last >= len(series)-1 {
			break
		}
	}
	return out
}

// machine fills in the state of a unit or furnace. It is taken to stay in the state in which the figures have it until
// the plan begins, so that its hours grow by the time between.
func (b *builder) machine(path, name string, up, down float64, states []MachineState) allocate.Machine {
	m := allocate.Machine{Name: &name, MinUpH: &up, MinDownH: &down}
	for i := range states {
		if s := &states[i]; s.Name == name {
			m.InitiallyOn = s.InitiallyOn
			for _, w := range s.Available {
				m.Available = append(m.Available, allocate.Window(w))
			}
			if s.HoursInState != nil {
				m.HoursInState = new(*s.HoursInState + b.since())
			}
		}
	}
	args := refusal.Args{"name": name, "at": b.asOf()}
	if m.InitiallyOn == nil {
		b.ask(path+".initially_on", "figures.ask.initially_on", args)
	}
	if m.HoursInState == nil {
		b.ask(path+".hours_in_state", "figures.ask.hours_in_state", args)
	}
	return m
}

// asOf is the time at which states are asked for.
func (b *builder) asOf() string {
	at := b.start
	if b.f.From != nil {
		at = *b.f.From
	}
	return clock(at)
}

func (b *builder) horizon(stepH int) allocate.Horizon {
	h := allocate.Horizon{Start: &b.start, StepH: new(float64(stepH))}
	if b.steps {
		h.Steps = new(float64(b.hours / stepH))
	}
	return h
}

// kilograms are the emissions that a problem names.
func kilograms(v map[string]float64) map[string]*float64 {
	out := make(map[string]*float64, len(v))
	for name, kg := range v {
		out[name] = &kg
	}
	return out
}

func (b *builder) coal(p *Plant, rows []int) *allocate.CoalProblem {
	d := &allocate.CoalProblem{Horizon: b.horizon(1)}
	for n, i := range rows {
		u := &p.units[i]
		low, factor := u.LowLoadMW, u.LowLoadNOx
		if factor == 0 { // not given: the load makes no difference
			low, factor = 0, 1
		}
		d.Units = append(d.Units, allocate.CoalUnit{Machine: b.machine(fmt.Sprintf("units[%d]", n), u.Name, u.MinUpH,
			u.MinDownH, b.f.Units),
			MinMW: &u.MinMW, MaxMW: &u.MaxMW, StartCoalT: &u.StartCoalT, MaxHeatGJH: &u.MaxHeatGJH,
			MWLostPerGJH: &u.MWLostPerGJH,
			CoalTPerH: &allocate.CoalCurve{Constant: &u.Coal.Constant, PerMW: &u.Coal.PerMW, PerMW2: &u.Coal.PerMW2,
				PerGJ: &u.Coal.PerGJ},
			EmissionKgPerT: kilograms(map[string]float64{"so2": u.Emission.SO2, "nox": u.Emission.NOx, "pm": u.Emission.PM}),
			LowLoadMW:      &low, LowLoadNOxFactor: &factor})
	}
	if d.Demand = over(b, b.f.Demand, 1); len(d.Demand) == 0 {
		d.Demand = []allocate.Demand{{}}
	}
	for i := range d.Demand {
		path := fmt.Sprintf("demand[%d]", i)
		b.number(path+".power_min_mw", "figures.ask.power_min_mw", d.Demand[i].PowerMinMW, nil)
		b.number(path+".power_max_mw", "figures.ask.power_max_mw", d.Demand[i].PowerMaxMW, nil)
		b.number(path+".heat_gj_h", "figures.ask.heat_gj_h", d.Demand[i].HeatGJH, nil)
	}
	d.BaselineMW = map[string][]*float64{}
	whole := true
	for i := range d.Units {
		name := *d.Units[i].Name
		if d.BaselineMW[name] = over(b, b.f.BaselineMW[name], 1); len(d.BaselineMW[name]) == 0 {
			whole = false
			b.out.Missing = append(b.out.Missing, MissingFigure{Path: "baseline_mw." + name, Rule: "figures.ask.baseline_mw",
				Args: refusal.Args{"name": name}, Optional: true})
		}
	}
	if !whole {
		d.BaselineMW = nil
	}
	return d
}

// waste takes what the list does not give of the pit as what limits nothing: no other level at the end, nothing that
// can be diverted, no total below what the rate allows, no steam.
func (b *builder) waste(p *Plant, rows []int) *allocate.WasteProblem {
	stepH := b.wasteStep()
	pit := *p.pit
	if pit.EndMaxT == 0 {
		pit.EndMaxT = pit.MaxT
	}
	if pit.DivertTotalT == 0 {
		pit.DivertTotalT = pit.DivertMaxTH * maxPlan.Hours()
	}
	d := &allocate.WasteProblem{Horizon: b.horizon(stepH), StepWeight: []*float64{new(1.0)},
		SteamPerTWaste: &pit.SteamPerT,
		Pit:            &allocate.Pit{MinT: &pit.MinT, MaxT: &pit.MaxT, EndMaxT: &pit.EndMaxT},
		Divert: &allocate.Divert{MaxTH: &pit.DivertMaxTH, MaxTotalT: &pit.DivertTotalT,
			EmissionKgPerT: kilograms(map[string]float64{"nox": pit.DivertNOx})}}
	for n, i := range rows {
		u := &p.furnaces[i]
		d.Furnaces = append(d.Furnaces,
			allocate.Furnace{Machine: b.machine(fmt.Sprintf("furnaces[%d]", n), u.Name, u.MinUpH, u.MinDownH, b.f.Furnaces),
				MinTH: &u.MinTH, MaxTH: &u.MaxTH,
				EmissionKgPerT: kilograms(map[string]float64{"so2": u.Emission.SO2, "nox": u.Emission.NOx, "pm": u.Emission.PM,
					"hcl": u.Emission.HCl}),
				StartEmissionKg: kilograms(map[string]float64{"so2": u.StartEmission.SO2, "nox": u.StartEmission.NOx})})
	}
	if b.f.Pit != nil {
		d.Pit.LevelT = b.f.Pit.LevelT
	}
	b.number("pit.level_t", "figures.ask.level_t", d.Pit.LevelT, refusal.Args{"at": b.asOf()})
	if d.IntakeTH = over(b, b.f.IntakeTH, stepH); len(d.IntakeTH) == 0 {
		b.ask("intake_t_h", "figures.ask.intake_t_h", nil)
	}
	if d.SteamMinTH = new(0.0); pit.SteamPerT > 0 {
		d.SteamMinTH = b.number("steam_min_t_h", "figures.ask.steam_min_t_h", b.f.SteamMinTH, nil)
	}
	return d
}

// wasteStep is the longest step, of at most four hours, that divides the plan's time and in which no entry of the
// intake ends.
func (b *builder) wasteStep() int {
	n := b.hours
	if len(b.f.IntakeTH) > 1 {
		n = divisor(divisor(n, b.every()), int(b.since()))
	}
	for _, h := range []int{4, 3, 2} {
		if n%h == 0 {
			return h
		}
	}
	return 1
}

// divisor is the greatest that a and b have in common.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
