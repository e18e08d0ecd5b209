package plants

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist/plant"
)

// figuresPage is the page on which a plant's figures are given, by the plant itself or by the officer on duty.
type figuresPage struct {
	*frame.Chrome
	Recipient string
	Order     string // the one whose plan they are for; empty for none
	Given     calls.PlantFigures
	Machines  []machineFields
	Fields    []frame.Field
	None      string // why there is nothing to give
	Error     string
	Again     bool
}

// machineFields ask for the state of one unit or furnace.
type machineFields struct {
	Name   string
	Fields []frame.Field
}

func (d *desk) figures(q *frame.Request) (any, error) {
	v := &figuresPage{Chrome: q.Chrome(), Recipient: q.ID(), Order: q.URL.Query().Get("order"), Again: q.Again()}
	if q.Method == http.MethodPost {
		v.Order = q.PostForm.Get("order")
	}
	var err error
	v.Given, err = d.Svc.ReadFigures(q.Context(), q.Ask(), calls.ByID{ID: v.Recipient})
	switch code := refusal.CodeOf(err); {
	case code == refusal.Conflict:
		v.None = d.Told(q, err).Detail(q.Lang)
		return v, nil
	case code == refusal.NotFound && q.Who.Role != calls.Enterprise:
		v.None = q.Refuse(err).Detail(q.Lang)
		return v, nil
	case err != nil:
		return nil, err
	}
	v.Machines, v.Fields = figuresFields(q, &v.Given)
	for _, fields := range v.all() {
		frame.Set(fields, q.PostForm)
	}
	v.Error = q.Blame(v.own, v.all()...)
	return v, nil
}

// all are the page's fields, those of the machines first.
func (v *figuresPage) all() (lists [][]frame.Field) {
	for _, m := range v.Machines {
		lists = append(lists, m.Fields)
	}
	return append(lists, v.Fields)
}

// figuresFields are the fields for figures from now on, filled in with the figures that were given last.
func figuresFields(q *frame.Request, given *calls.PlantFigures) (machines []machineFields, fields []frame.Field) {
	f := given.Figures
	from := q.Now.In(alerts.Shanghai()).Truncate(time.Hour)
	to := from.AddDate(0, 0, 5)
	if f == nil {
		f = &plant.Figures{}
	} else if f.To.After(to) {
		to = *f.To
	}
	states := f.Units
	if given.Kind == plant.Waste {
		states = f.Furnaces
	}
	for _, name := range given.Machines {
		on, hours := q.Field("on."+name, frame.KindChoice, true), q.Field("hours."+name, frame.KindNumber, true)
		on.Label, hours.Label = q.T("f.machine_on", "name", name), q.T("f.machine_hours", "name", name)
		on.Options = []frame.Option{{Value: "true", Label: q.T("plan.on")}, {Value: "false", Label: q.T("plan.off")}}
		for _, s := range states {
			if s.Name != name {
				continue
			}
			if s.InitiallyOn != nil {
				on.Value = strconv.FormatBool(*s.InitiallyOn)
			}
			if s.HoursInState != nil {
				since := 0.0
				if f.From != nil && from.After(*f.From) {
					since = from.Sub(*f.From).Hours()
				}
				hours.Value = frame.ShortNumber(*s.HoursInState + since)
			}
		}
		machines = append(machines, machineFields{name, []frame.Field{on, hours}})
	}
	start, end := q.Field("from", frame.KindMoment, true), q.Field("to", frame.KindMoment, true)
	step := q.Field("step_h", frame.KindNumber, false)
	start.Label, start.Value = q.T("f.figures_from"), frame.MomentValue(from)
	end.Label, end.Value = q.T("f.figures_to"), frame.MomentValue(to)
	step.Value = "1"
	if f.StepH != nil {
		step.Value = frame.ShortNumber(*f.StepH)
	}
	fields = append(fields, start, end, step)
	add := func(name string, values ...*float64) {
		var known []float64
		for _, v := range values {
			if v != nil {
				known = append(known, *v)
			}
		}
		fields = append(fields, seriesField(q, name, known))
	}
	if given.Kind == plant.Waste {
		var level *float64
		if f.Pit != nil {
			level = f.Pit.LevelT
		}
		add("level_t", level)
		add("intake_t_h", f.Since(f.IntakeTH, from)...)
		add("steam_min_t_h", f.SteamMinTH)
		return machines, fields
	}
	for _, name := range demandNames {
		var all []*float64
		for i := range f.Demand {
			d := &f.Demand[i]
			all = append(all, map[string]*float64{"power_min_mw": d.PowerMinMW, "power_max_mw": d.PowerMaxMW,
				"heat_gj_h": d.HeatGJH}[name])
		}
		add(name, f.Since(all, from)...)
	}
	for _, name := range given.Machines {
		add("baseline."+name, f.Since(f.BaselineMW[name], from)...)
		fields[len(fields)-1].Label = q.T("f.baseline", "name", name)
	}
	return machines, fields
}

// giveFigures records the figures that were typed.
func (d *desk) giveFigures(q *frame.Request) (to string, err error) {
	given, err := d.Svc.ReadFigures(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
	if err != nil {
		return "", err
	}
	content, err := figuresOf(q, &given)
	if err == nil {
		_, err = d.Svc.GiveFigures(q.Context(), q.Ask(), calls.FiguresInput{ByID: calls.ByID{ID: q.ID()}, Figures: content})
	}
	order := q.PostForm.Get("order")
	switch {
	case order == "":
		return "/desk/recipients/" + url.PathEscape(q.ID()) + "/figures?done=figures", err
	case q.May(calls.ActOrdersPlan):
		return planPath(order), err
	}
	return frame.OrderPath(order) + "?done=figures", err
}

// figuresOf are the figures that were typed. An empty field is a figure that is not given.
func figuresOf(q *frame.Request, given *calls.PlantFigures) (f plant.Figures, err error) {
	machines, fields := figuresFields(q, given)
	content, err := frame.Typed(fields[:3], q.PostForm)
	if err != nil {
		return f, err
	}
	f.From, f.To, f.StepH = as[time.Time](content["from"]), as[time.Time](content["to"]), as[float64](content["step_h"])
	series := map[string][]*float64{}
	for _, one := range fields[3:] {
		if text := q.PostForm.Get(one.Name); strings.TrimSpace(text) != "" {
			if series[one.Name], err = readSeries(one.Name, text); err != nil {
				return f, err
			}
		}
	}
	var states []plant.MachineState
	for _, m := range machines {
		values, err := frame.Typed(m.Fields, q.PostForm)
		if err != nil {
			return f, err
		}
		on := values["on."+m.Name] == "true"
		states = append(states, plant.MachineState{Name: m.Name, InitiallyOn: &on,
			HoursInState: as[float64](values["hours."+m.Name])})
	}
	if given.Kind == plant.Waste {
		f.Furnaces, f.IntakeTH = states, series["intake_t_h"]
		if v := series["level_t"]; len(v) > 0 {
			f.Pit = &plant.PitState{LevelT: v[0]}
		}
		if v := series["steam_min_t_h"]; len(v) > 0 {
			f.SteamMinTH = v[0]
		}
		return f, nil
	}
	f.Units = states
	longest := 0
	for _, name := range demandNames {
		longest = max(longest, len(series[name]))
	}
	last := func(name string, i int) *float64 { // a series that ends sooner repeats its last number
		if v := series[name]; len(v) > 0 {
			return v[min(i, len(v)-1)]
		}
		return nil
	}
	for i := range longest {
		f.Demand = append(f.Demand, plant.Demand{PowerMinMW: last(demandNames[0], i), PowerMaxMW: last(demandNames[1], i),
			HeatGJH: last(demandNames[2], i)})
	}
	for _, name := range given.Machines {
		if v := series["baseline."+name]; len(v) > 0 {
			if f.BaselineMW == nil {
				f.BaselineMW = map[string][]*float64{}
			}
			f.BaselineMW[name] = v
		}
	}
	return f, nil
}

// as points to a value that was typed; nil for none.
func as[T any](value any) *T {
	if v, ok := value.(T); ok {
		return &v
	}
	return nil
}

// own is the name of the field that asks for what a refusal names by its path.
func (v *figuresPage) own(path string) string {
	if i, rest, ok := machineOf(path); ok && i < len(v.Machines) {
		return map[string]string{"initially_on": "on.", "hours_in_state": "hours."}[rest] + v.Machines[i].Name
	}
	if name, ok := strings.CutPrefix(path, "baseline_mw."); ok {
		return "baseline." + name
	}
	if strings.HasPrefix(path, "demand[") || strings.HasPrefix(path, "pit.") {
		for _, f := range v.Fields {
			if strings.HasSuffix(path, "."+f.Name) {
				return f.Name
			}
		}
	}
	return path
}

// machineOf is the index of a machine in a path like units[2].hours_in_state, and the member that it names.
func machineOf(path string) (i int, member string, ok bool) {
	for _, list := range []string{"units[", "furnaces["} {
		if rest, found := strings.CutPrefix(path, list); found {
			index, member, cut := strings.Cut(rest, "].")
			if n, err := strconv.Atoi(index); cut && err == nil {
				return n, member, true
			}
		}
	}
	return 0, "", false
}
