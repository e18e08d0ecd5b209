package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/reductionlist/plant"
)

// figuresPage is the page on which a plant's figures are given: by its duty officer, or by whoever is on duty here.
type figuresPage struct {
	*chrome
	Recipient string
	Order     string // for whose plan; empty for none
	Given     calls.PlantFigures
	Machines  []machineFields
	Fields    []field
	None      string // why there is nothing to give
	Error     string
	Again     bool
}

// machineFields ask for the state of one unit or furnace.
type machineFields struct {
	Name   string
	Fields []field
}

func (d *desk) figuresPage(q *request) error { return d.showFigures(q, nil, nil) }

func (d *desk) showFigures(q *request, typed url.Values, failed error) error {
	v := &figuresPage{chrome: q.chrome("figures"), Recipient: q.id(), Order: q.URL.Query().Get("order")}
	v.Again = typed != nil && failed == nil
	v.Flash = q.flash()
	if typed != nil {
		v.Order = typed.Get("order")
	}
	var err error
	v.Given, err = d.svc.ReadFigures(q.Context(), q.ask(), calls.ByID{ID: v.Recipient})
	if code := refusal.CodeOf(err); code == refusal.Conflict || code == refusal.NotFound && q.who.Role != calls.Enterprise {
		e, status := d.refusalOf(q, err)
		v.None = e.Detail(q.lang)
		if code == refusal.Conflict {
			status = http.StatusOK
		}
		return q.render(status, "figures", v)
	}
	if err != nil {
		return err
	}
	v.Machines, v.Fields = q.figuresFields(&v.Given)
	for i := range v.Machines {
		set(v.Machines[i].Fields, typed)
	}
	set(v.Fields, typed)
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status = code
		v.blame(e, q.lang)
	}
	return q.render(status, "figures", v)
}

// figuresFields are filled in with the figures that were given last; the time begins now.
func (q *request) figuresFields(given *calls.PlantFigures) (machines []machineFields, fields []field) {
	f := given.Figures
	from := q.now.In(alerts.Shanghai()).Truncate(time.Hour)
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
		on, hours := q.field("on."+name, kindChoice, true), q.field("hours."+name, kindNumber, true)
		on.Label, hours.Label = q.t("f.machine_on", "name", name), q.t("f.machine_hours", "name", name)
		on.Options = []option{{"true", q.t("plan.on"), ""}, {"false", q.t("plan.off"), ""}}
		for _, s := range states {
			if s.Name != name {
				continue
			}
			if s.InitiallyOn != nil {
				on.Value = map[bool]string{true: "true", false: "false"}[*s.InitiallyOn]
			}
			if s.HoursInState != nil {
				since := 0.0
				if f.From != nil && from.After(*f.From) {
					since = from.Sub(*f.From).Hours()
				}
				hours.Value = shortNumber(*s.HoursInState + since)
			}
		}
		machines = append(machines, machineFields{name, []field{on, hours}})
	}
	start, end, step := q.field("from", kindMoment, true), q.field("to", kindMoment, true), q.field("step_h", kindNumber, false)
	start.Label, end.Label = q.t("f.figures_from"), q.t("f.figures_to")
	start.Value, end.Value, step.Value = input(&from), input(&to), "1"
	fields = append(fields, start, end, step)
	at := func(v []*float64) (out []float64) {
		for _, x := range f.Since(v, from) {
			if x != nil {
				out = append(out, *x)
			}
		}
		return out
	}
	if f.StepH != nil {
		fields[2].Value = shortNumber(*f.StepH)
	}
	add := func(name string, values []float64) {
		one := q.seriesField(name, values)
		fields = append(fields, one)
	}
	if given.Kind == plant.Waste {
		var level []float64
		if f.Pit != nil && f.Pit.LevelT != nil {
			level = []float64{*f.Pit.LevelT}
		}
		add("level_t", level)
		add("intake_t_h", at(f.IntakeTH))
		var steam []float64
		if f.SteamMinTH != nil {
			steam = []float64{*f.SteamMinTH}
		}
		add("steam_min_t_h", steam)
		return machines, fields
	}
	for _, name := range demandNames {
		var all []*float64
		for i := range f.Demand {
			d := &f.Demand[i]
			all = append(all, map[string]*float64{"power_min_mw": d.PowerMinMW, "power_max_mw": d.PowerMaxMW, "heat_gj_h": d.HeatGJH}[name])
		}
		add(name, at(all))
	}
	for _, name := range given.Machines {
		one := q.seriesField("baseline."+name, at(f.BaselineMW[name]))
		one.Label = q.t("f.baseline", "name", name)
		fields = append(fields, one)
	}
	return machines, fields
}

// figuresPost records what was typed.
func (d *desk) figuresPost(q *request) error {
	if q.PostForm.Get("step") == stepEdit {
		return d.showFigures(q, q.PostForm, nil)
	}
	if err := access.Require(q.who, calls.ActFiguresWrite); err != nil {
		return err
	}
	given, err := d.svc.ReadFigures(q.Context(), q.ask(), calls.ByID{ID: q.id()})
	if err != nil {
		return err
	}
	content, err := q.figuresOf(&given)
	if err == nil {
		_, err = d.svc.GiveFigures(q.Context(), q.ask(), calls.GivenFigures{ByID: calls.ByID{ID: q.id()}, Figures: content})
	}
	if err != nil {
		if code := refusal.CodeOf(err); code == "" || code == refusal.NotFound {
			return err
		}
		return d.showFigures(q, q.PostForm, err)
	}
	to := "/desk/recipients/" + url.PathEscape(q.id()) + "/figures?done=figures"
	if order := q.PostForm.Get("order"); order != "" {
		to = "/desk/orders/" + url.PathEscape(order) + "?done=figures"
		if q.may(calls.ActOrdersPlan) {
			to = planPath(order)
		}
	}
	return q.redirect(to)
}

// figuresOf is what was typed. An empty field is a figure that is not given.
func (q *request) figuresOf(given *calls.PlantFigures) (f plant.Figures, err error) {
	machines, fields := q.figuresFields(given)
	content, err := typed(fields[:3], q.PostForm)
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
		values, err := typed(m.Fields, q.PostForm)
		if err != nil {
			return f, err
		}
		on := values["on."+m.Name] == "true"
		states = append(states, plant.MachineState{Name: m.Name, InitiallyOn: &on, HoursInState: as[float64](values["hours."+m.Name])})
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
		f.Demand = append(f.Demand, plant.Demand{PowerMinMW: last(demandNames[0], i), PowerMaxMW: last(demandNames[1], i), HeatGJH: last(demandNames[2], i)})
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

// as is a value that was typed; nil for none.
func as[T any](value any) *T {
	if v, ok := value.(T); ok {
		return &v
	}
	return nil
}

// blame puts refused places beside their fields.
func (v *figuresPage) blame(e *refusal.Error, lang string) {
	inner := *e
	inner.Fields = nil
	for _, wrong := range e.Fields {
		if i, rest, ok := machineOf(wrong.Path); ok && i < len(v.Machines) {
			wrong.Path = map[string]string{"initially_on": "on.", "hours_in_state": "hours."}[rest] + v.Machines[i].Name
		}
		if name, ok := strings.CutPrefix(wrong.Path, "baseline_mw."); ok {
			wrong.Path = "baseline." + name
		}
		for _, own := range v.Fields {
			if (strings.HasPrefix(wrong.Path, "demand[") || strings.HasPrefix(wrong.Path, "pit.")) && strings.HasSuffix(wrong.Path, "."+own.Name) {
				wrong.Path = own.Name
			}
		}
		inner.Fields = append(inner.Fields, wrong)
	}
	all := form{}
	var places []*field
	for i := range v.Machines {
		for k := range v.Machines[i].Fields {
			places = append(places, &v.Machines[i].Fields[k])
		}
	}
	for i := range v.Fields {
		places = append(places, &v.Fields[i])
	}
	for _, p := range places {
		all.Fields = append(all.Fields, *p)
	}
	all.blame(&inner, lang)
	for i, p := range places {
		*p = all.Fields[i]
	}
	v.Error = all.Error
}

// machineOf is the index of a machine in a path like units[2].hours_in_state, and the member.
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
