package web

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/valid"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/serve"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/aqi"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// schemas makes JSON schemas of Go types and keeps those of structs by their names. Walking a struct is huma's; this
// adds what huma wants as methods on the types themselves, which a domain package must not have: enumerations, types
// that write their own JSON, and pointers to structs that may be null.
type schemas struct {
	byName map[string]*huma.Schema
	types  map[string]reflect.Type
	input  bool // what is walked now is a request's body
}

func newSchemas() *schemas {
	huma.DefaultArrayNullable = false // our lists are empty, never null
	return &schemas{byName: map[string]*huma.Schema{}, types: map[string]reflect.Type{}}
}

const schemaPrefix = "#/components/schemas/"

// of is the schema of a type, for the body of a request or of an answer.
func (r *schemas) of(t reflect.Type, input bool) *huma.Schema {
	r.input = input
	return r.Schema(t, true, "")
}

// Schema implements [huma.Registry].
func (r *schemas) Schema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
	base := t
	for base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if s := scalar(base); s != nil {
		s.Nullable = base != t
		return s
	}
	if base.Kind() != reflect.Struct || base == reflect.TypeFor[time.Time]() {
		return huma.SchemaFromType(r, t)
	}
	name := schemaName(base, hint)
	if have, ok := r.types[name]; ok && have != base {
		panic("web: two types would be the schema " + name + ": " + have.String() + " and " + base.String())
	}
	if r.byName[name] == nil {
		r.byName[name], r.types[name] = &huma.Schema{}, base // stands already when the struct comes to itself
		r.byName[name] = r.object(base)
	}
	if !allowRef {
		return r.byName[name]
	}
	ref := &huma.Schema{Ref: schemaPrefix + name}
	if base != t {
		return &huma.Schema{AnyOf: []*huma.Schema{ref, {Type: "null"}}}
	}
	return ref
}

// object is the schema of a struct, with what its tags and its table here say.
func (r *schemas) object(t reflect.Type) *huma.Schema {
	s := huma.SchemaFromType(r, t)
	rule := members[t]
	if r.input { // what is left out counts as empty; huma says of every member that it has to be there
		s.Required = slices.Clone(rule.needs)
	}
	for f := range fields(t) {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if name == "" || name == "-" {
			continue
		}
		p := s.Properties[name]
		if p == nil { // of an embedded type that is not exported, which huma passes over and encoding/json does not
			p = huma.SchemaFromField(r, f, name)
			s.Properties[name] = p
			if !r.input && !strings.Contains(tag, "omit") {
				s.Required = append(s.Required, name)
			}
		}
		if strings.Contains(tag, "omit") && len(p.AnyOf) == 2 {
			*p = *p.AnyOf[0] // left out, not null
		}
		if constrain(p, f); valid.Needed(f) {
			s.Required = append(s.Required, name)
		}
		if values := rule.counts[name]; values != nil {
			*p = *tally(values)
		}
		if words := rule.words[name]; words != nil {
			p.Enum = enum(words)
		}
		if t := rule.like[name]; t != nil {
			*p = *scalar(t)
		}
		if name == rule.days {
			p.Format = "date"
		}
	}
	for _, name := range rule.without {
		delete(s.Properties, name)
		s.Required = slices.DeleteFunc(s.Required, func(n string) bool { return n == name })
	}
	slices.Sort(s.Required)
	return s
}

// fields are those of a struct and of what it embeds.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() && !f.Anonymous && !yield(f) {
				return
			}
		}
	}
}

// constrain says in a schema what the rules of a member say in its tag.
func constrain(p *huma.Schema, f reflect.StructField) {
	for _, tag := range valid.Tags(f) {
		name, arg, _ := strings.Cut(tag, "=")
		n, _ := strconv.Atoi(arg)
		switch name {
		case "required", "filled":
			if p.Type == "string" {
				p.MinLength = new(1)
			}
		case "line", "bytes", "chars": // JSON Schema counts characters, of which N bytes are at most N
			p.MaxLength = &n
		case "most":
			p.MaxItems = &n
		case "dive":
			p = p.Items
		case "day":
			p.Format = "date"
		}
		if rule, ok := valid.Named(name); ok {
			if rule.Pattern != "" && slices.Contains(valid.Tags(f), "omitempty") {
				rule.Pattern = "^$|" + rule.Pattern
			}
			constrainBy(p, rule)
		}
	}
}

// constrainBy says in a schema what a rule says that has a name of its own.
func constrainBy(p *huma.Schema, rule valid.Rule) {
	p.Pattern = rule.Pattern
	if rule.OneOf != nil {
		p.Enum = enum(rule.OneOf)
	}
	switch p.Type {
	case "integer", "number":
		p.Minimum = &rule.Min
		if rule.Max > 0 {
			p.Maximum = &rule.Max
		}
	case "array":
		p.MinItems, p.MaxItems = new(int(rule.Min)), new(int(rule.Max))
	}
}

// tally is an object that counts under each of the names.
func tally(names []string) *huma.Schema {
	s := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{}, Required: names, AdditionalProperties: false}
	for _, name := range names {
		s.Properties[name] = &huma.Schema{Type: "integer"}
	}
	return s
}

// schemaName is how a struct is called in the document: as in Go, but for views and for names that two packages use.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[notify.View]():
		return "Order"
	case reflect.TypeFor[alerts.Page[notify.View]]():
		return "OrderPage"
	case reflect.TypeFor[notify.MeasureView](), reflect.TypeFor[notify.MonitorView](),
		reflect.TypeFor[notify.QuantityView](), reflect.TypeFor[notify.ContactView](),
		reflect.TypeFor[notify.ReleaseView](), reflect.TypeFor[notify.ObjectionView]():
		return "Order" + strings.TrimSuffix(t.Name(), "View")
	case reflect.TypeFor[calls.RecipientView]():
		return "Recipient"
	case reflect.TypeFor[notify.Board]():
		return "Overview"
	case reflect.TypeFor[calls.FindingView](), reflect.TypeFor[calls.TaskView]():
		return "Monitoring" + strings.TrimSuffix(t.Name(), "View")
	case reflect.TypeFor[alerts.Page[calls.FindingView]]():
		return "MonitoringFindingPage"
	case reflect.TypeFor[alerts.Page[calls.TaskView]]():
		return "MonitoringTaskPage"
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if item, ok := strings.CutPrefix(name, "Page"); ok && t.PkgPath() == reflect.TypeFor[alerts.Page[int]]().PkgPath() {
		return strings.TrimSuffix(item, "View") + "Page"
	}
	return name
}

// scalar is the schema of a type that is a word of a closed list or writes its own JSON; nil for any other.
func scalar(t reflect.Type) *huma.Schema {
	if words := enums[t]; words != nil {
		return &huma.Schema{Type: "string", Enum: enum(words)}
	}
	if s, ok := own[t]; ok {
		return &s
	}
	return nil
}

// enum is a closed list as a schema has it.
func enum(words []string) (all []any) {
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

// own are the types that write their own JSON.
var own = map[reflect.Type]huma.Schema{
	reflect.TypeFor[alerts.Date]():             {Type: "string", Format: "date"},
	reflect.TypeFor[aqi.Concentration]():       {Type: "number", Description: "µg/m³，CO 为 mg/m³ · CO in mg/m³"},
	reflect.TypeFor[reductionlist.Criterion](): {Type: "string", Description: "判定条件 · what monitoring data must show"},
	reflect.TypeFor[readings.Plate]():          {Type: "string", Description: "号牌 · a number plate"},
	reflect.TypeFor[readings.Standard]():       {Type: "string", Description: "排放标准，如 国五 · emission standard"},
	reflect.TypeFor[judge.Verdict]():           {Type: "string", Enum: enum(verdictWords())},
	reflect.TypeFor[judge.Result]():            {Type: "string", Enum: enum(resultWords())},
	reflect.TypeFor[tlog.Hash]():               {Type: "string", ContentEncoding: "base64"},
	reflect.TypeFor[json.RawMessage]():         {},
	reflect.TypeFor[calls.FactorText](): {Description: "编码，或编码和单位 · a code, or a code with a unit",
		AnyOf: []*huma.Schema{{Type: "string"}, {Type: "object", Required: []string{"code"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{"code": {Type: "string"}, "unit": {Type: "string"}}}}},
}

func verdictWords() (words []string) {
	for v := judge.None; v <= judge.Violated; v++ {
		words = append(words, v.String())
	}
	return words
}

func resultWords() (words []string) {
	for r := judge.Pending; r <= judge.Fail; r++ {
		words = append(words, r.String())
	}
	return words
}

// closedList is the words of a type.
type closedList struct {
	of    reflect.Type
	words []string
}

func closed[T ~string](list ...T) closedList {
	return closedList{reflect.TypeFor[T](), calls.Words(list...)}
}

func byType(lists ...closedList) map[reflect.Type][]string {
	all := map[reflect.Type][]string{}
	for _, list := range lists {
		all[list.of] = list.words
	}
	return all
}

// enums are the closed lists. A test compares them with the constants of the packages.
var enums = byType(
	closed(append([]alerts.Level{alerts.None}, alerts.Levels()...)...),
	closed(alerts.PendingApproval, alerts.Rejected, alerts.Reported, alerts.Scheduled, alerts.Active, alerts.Lifted,
		alerts.Cancelled),
	closed(alerts.Triggers()...),
	causes,
	closed(alerts.StateOpen, alerts.StateAccepted, alerts.StateDismissed, alerts.StateWithdrawn),
	closed(alerts.KindStart, alerts.KindUpgrade, alerts.KindRevise, alerts.KindDowngrade, alerts.KindLift),
	closed(calls.Roles()...),
	closed(calls.SecretNone, calls.SecretSet, calls.SecretErased),
	closed(hj212.Tolerances()...),
	closed(telemetry.Freshnesses()...),
	closed(telemetry.ByDevice, telemetry.ByMinutes, telemetry.BySamples, telemetry.ByHours),
	closed(append([]hj212.Mode{""}, hj212.Modes()...)...),
	closed(notify.Receive, notify.ReadIt, notify.Acknowledge, notify.Object, notify.Start, notify.Report,
		notify.Complete),
	closed(notify.ReleaseLifted, notify.ReleaseCancelled, notify.ReleaseExempted, notify.ReleaseLevelChanged,
		notify.ReleaseListChanged),
	closed(notify.CausePlan, notify.CauseAmended, notify.CauseDecisionEnded, notify.CauseList),
	closed(reductionlist.StatusDraft, reductionlist.StatusChecked, reductionlist.StatusApproved,
		reductionlist.StatusScheduled, reductionlist.StatusInForce, reductionlist.StatusSuperseded,
		reductionlist.StatusExpired),
	closed(reductionlist.Enterprise, reductionlist.Site, reductionlist.Fleet, reductionlist.Department,
		reductionlist.Town),
	closed(reductionlist.GradeA, reductionlist.GradeB, reductionlist.GradeBMinus, reductionlist.GradeC,
		reductionlist.GradeD, reductionlist.GradeLeading, reductionlist.GradeNonLeading,
		reductionlist.GradeNotApplicable),
	closed(reductionlist.General, reductionlist.Safeguard, reductionlist.Micro, reductionlist.Closed,
		reductionlist.Voluntary),
	closed(reductionlist.Stop, reductionlist.Limit, reductionlist.ReduceCoal, reductionlist.AllocateWaste,
		reductionlist.SwitchFuel, reductionlist.ImproveTreatment, reductionlist.StopVehicles, reductionlist.StopWork,
		reductionlist.CleanRoads, reductionlist.OtherAction),
	closed(reductionlist.CEMS, reductionlist.Power, reductionlist.DCS, reductionlist.Video, reductionlist.Gate,
		reductionlist.Weighing),
	closed(plant.Coal, plant.Waste),
	closed(compliance.Decision(""), compliance.Accept, compliance.Reject),
	closed(compliance.FromFinding, compliance.FromNoData, compliance.FromNeverHeard, compliance.FromTagged,
		compliance.FromExplanation, compliance.ByHand),
	closed(compliance.TaskOpen, compliance.TaskTaken, compliance.TaskDone, compliance.TaskDropped),
	closed("", judge.Waiting, judge.NothingCame, judge.TooFew, judge.BadFlag, judge.Beyond, judge.ByFlag, judge.ByOfficer,
		judge.TooTagged, judge.NoBaseline),
	closed(allocate.Optimal, allocate.Feasible, allocate.Infeasible),
	closed(reductionlist.AtMost, reductionlist.ReduceBy, reductionlist.AtLeast),
	closed(plant.Kept, plant.NotKept, plant.NotCompared),
	closed(plant.WhyNoPart, plant.WhyNoMachine, plant.WhyUnit, plant.WhyNoUsual, plant.WhyNotDue),
	closed(plant.FromQuantity, plant.FromCriterion, plant.FromAction),
	closed(slices.Sorted(maps.Keys(serve.StatusOf))...),
)

// membersRule is what the Go type of a body does not say of its members.
type membersRule struct {
	needs   []string                // those that a request must have
	without []string                // those that no request may have, or no answer has
	counts  map[string][]string     // objects that count under fixed names
	words   map[string][]string     // texts that are one of these
	like    map[string]reflect.Type // texts in which another type is written
	days    string                  // the text that is a day
}

// orderWords are the words that an order's members are of.
var orderWords = func() map[string][]string {
	all := maps.Clone(calls.Axes)
	all["state"] = calls.OrderStates
	return all
}()

// causes are why the air of a day or an hour is bad; empty is not told.
var causes = closed("", alerts.Dust, alerts.LocalDust, alerts.Wildfire, alerts.CrossBorder, alerts.Ozone)

// elem is the type of a list's items.
func elem(list any) reflect.Type { return reflect.TypeOf(list).Elem() }

// members has the rules of types whose tags do not say them: what a domain package decides by its own functions.
var members = map[reflect.Type]membersRule{
	reflect.TypeFor[alerts.ForecastInput]():    {needs: []string{"source", "region", "issued_at"}},
	reflect.TypeFor[alerts.ObservationInput](): {needs: []string{"station", "region"}},
	elem(alerts.ForecastInput{}.Days): {needs: []string{"date"}, days: "date",
		words: map[string][]string{"cause": causes.words}},
	elem(alerts.ForecastInput{}.Hours): {needs: []string{"at"}, words: map[string][]string{"cause": causes.words}},
	reflect.TypeFor[reductionlist.Finding](): {words: map[string][]string{"severity": {reductionlist.SeverityError,
		reductionlist.SeverityWarning}}},
	reflect.TypeFor[calls.Declaration]():   {without: []string{"list_version", "list_hash"}},
	reflect.TypeFor[calls.Revision]():      {without: []string{"list_version", "list_hash"}},
	reflect.TypeFor[calls.ObjectionText](): {needs: []string{"note"}},
	reflect.TypeFor[notify.ObjectionView](): {words: map[string][]string{"decision": {"", "accept", "reject",
		"amend"}}},
	reflect.TypeFor[calls.MeasureAmends](): {needs: []string{"id"}},
	reflect.TypeFor[notify.Board]():        {counts: calls.Axes},
	reflect.TypeFor[notify.TownTally]():    {counts: calls.Axes},
	reflect.TypeFor[notify.SectorTally]():  {counts: calls.Axes},
	reflect.TypeFor[notify.GradeTally]():   {counts: calls.Axes},
	reflect.TypeFor[calls.CoalProblem]():   {needs: []string{"start", "step_h", "steps", "units", "demand"}},
	reflect.TypeFor[calls.WasteProblem](): {needs: []string{"start", "step_h", "steps", "furnaces", "pit",
		"intake_t_h", "divert", "steam_min_t_h", "steam_per_t_waste", "step_weight"}},
	reflect.TypeFor[calls.Readiness](): {words: map[string][]string{"status": calls.Words(watch.Ready, watch.Impaired,
		watch.NotReady)}},
	reflect.TypeFor[calls.ReadyCheck](): {words: map[string][]string{"state": calls.Words(watch.OK, watch.Degraded,
		watch.Failed)}},
	reflect.TypeFor[plant.Figures]():       {needs: []string{"from", "to"}},
	reflect.TypeFor[calls.RecipientView](): {without: []string{"contact_ref"}},
	reflect.TypeFor[notify.View]():         {words: orderWords},
	reflect.TypeFor[notify.MonitorView]():  {like: map[string]reflect.Type{"criterion": reflect.TypeFor[reductionlist.Criterion]()}},
}

// The rest of [huma.Registry], which nothing here uses but a schema's own making.

// SchemaFromRef implements [huma.Registry].
func (r *schemas) SchemaFromRef(ref string) *huma.Schema {
	return r.byName[strings.TrimPrefix(ref, schemaPrefix)]
}

// TypeFromRef implements [huma.Registry].
func (r *schemas) TypeFromRef(ref string) reflect.Type {
	return r.types[strings.TrimPrefix(ref, schemaPrefix)]
}

// Map implements [huma.Registry].
func (r *schemas) Map() map[string]*huma.Schema { return r.byName }

// RegisterTypeAlias implements [huma.Registry].
func (r *schemas) RegisterTypeAlias(reflect.Type, reflect.Type) {}

// MarshalJSON gives the schemas by name.
func (r *schemas) MarshalJSON() ([]byte, error) { return json.Marshal(r.byName) }
