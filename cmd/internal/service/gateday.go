package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/compliance/place"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Bounds of what is taken along for a day.
const (
	mostDayTasks   = 200
	mostDayHours   = 24 // of an instrument
	mostEarlierDay = 5  // inspections of a recipient
)

var _ = bind(calls.GateDayTasks, (*Service).GateDay)

// GateDay is an inspector's tasks of a day, today unless told, with all that is needed there: those that are his, and those
// that nobody has yet. That the contacts were taken along counts as reading them.
func (s *Service) GateDay(ctx context.Context, a Ask, in calls.DayQuery) (out calls.GateDay, err error) {
	wall := s.J.Wall().In(alerts.Shanghai())
	day := in.Day
	if day == "" {
		day = wall.Format(time.DateOnly)
	}
	_, end, err := daySpan("", day)
	if err != nil {
		return out, err
	}
	owners, err := s.Owners()
	if err != nil {
		return out, err
	}
	out = calls.GateDay{Day: day, Now: wall, User: a.Who.User, Maps: append([]calls.MapLink{}, s.maps...),
		TwoFor: append([]inspect.Disposition{}, s.inspect.TwoFor...), Colleagues: []calls.Colleague{}, Tasks: []calls.GateTask{}}
	if s.office != (compliance.Place{}) {
		out.Office = &calls.Position{Lon: s.office.Lon, Lat: s.office.Lat}
	}
	g := &dayGathering{s: s, ask: a, owners: owners}
	err = s.J.View(func(tx *bbolt.Tx) error {
		if out.Colleagues, err = colleagues(tx, a.Who.User); err != nil {
			return err
		}
		tasks, err := dayTasks(tx, a.Who.User, day, end)
		if err != nil {
			return err
		}
		return g.read(tx, tasks)
	})
	if err != nil {
		return out, err
	}
	for i := range g.tasks {
		if err := g.measured(ctx, &g.tasks[i]); err != nil {
			return out, err
		}
	}
	out.Tasks = append(out.Tasks, g.routed()...)
	s.sawFindings(a, g.personal)
	if len(g.contacts) > 0 {
		s.Saw(a, Reading{Kind: access.SeenContact, Recipients: g.contacts, Still: true})
	}
	return out, nil
}

// colleagues are the other inspectors.
func colleagues(tx *bbolt.Tx, user string) ([]calls.Colleague, error) {
	all := []calls.Colleague{}
	page, _, err := access.ListRole(tx, calls.Inspector, "", access.MaxPage)
	for _, u := range page {
		if u.User != user && !u.Disabled {
			all = append(all, calls.Colleague{User: u.User, Name: u.Name})
		}
	}
	return all, err
}

// dayTasks are the tasks of somebody until the end of a day, and behind them those that nobody has and that were planned for
// it, or for a day before on which nobody went, or are due.
func dayTasks(tx *bbolt.Tx, user, day string, end time.Time) (all []*compliance.Task, err error) {
	of := func(wanted func(t *compliance.Task) bool) error {
		f := compliance.TaskFilter{Undone: true, Wanted: func(t *compliance.Task) bool {
			return !t.Desk && wanted(t) && !compliance.Recused(tx, t.Recipient, user)
		}}
		for cursor, more := "", true; more && len(all) < mostDayTasks; more = cursor != "" {
			page, next, err := compliance.ListTasks(tx, f, cursor, mostDayTasks-len(all))
			if err != nil {
				return err
			}
			all, cursor = append(all, page...), next
		}
		return nil
	}
	err = of(func(t *compliance.Task) bool { return (t.Assignee == user || t.With == user) && t.Day <= day })
	if err != nil {
		return nil, err
	}
	return all, of(func(t *compliance.Task) bool {
		return t.Assignee == "" && t.With != user && t.Day <= day && (t.Day != "" || t.Due.Before(end))
	})
}

// dayGathering collects what is needed for tasks.
type dayGathering struct {
	s        *Service
	ask      Ask
	owners   map[string]Owner
	tasks    []calls.GateTask
	places   []compliance.Place
	contacts []string // recipients whose contacts are told
	personal []string
}

// read takes what the record has.
func (g *dayGathering) read(tx *bbolt.Tx, tasks []*compliance.Task) error {
	r := g.s.rankedBy(tx, g.ask.Who, g.owners)
	for _, t := range tasks {
		v := r.view(t)
		rank, err := r.rank(t)
		if err != nil {
			return err
		}
		task := calls.GateTask{ID: t.ID, Origin: t.Origin, State: t.State, Assignee: t.Assignee, With: t.With,
			RecipientID: t.Recipient, RecipientName: v.RecipientName, Town: t.Town, Due: t.Due, Day: t.Day, Note: v.Note,
			Score: rank.Score, Contacts: []calls.GateContact{}, Checklist: []calls.GateCheck{}, Earlier: []calls.GateEarlier{}}
		for _, step := range []func(*bbolt.Tx, *compliance.Task, *calls.GateTask) error{g.listed, g.found, g.ordered, g.earlier} {
			if err := step(tx, t, &task); err != nil {
				return err
			}
		}
		g.tasks = append(g.tasks, task)
	}
	g.personal = append(g.personal, r.personal...)
	return nil
}

// listed is where a recipient is, and whom to call there.
func (g *dayGathering) listed(tx *bbolt.Tx, t *compliance.Task, out *calls.GateTask) error {
	r, err := ListedRecipient(tx, t.Recipient, g.s.J.Wall())
	if refusal.CodeOf(err) == refusal.NotFound {
		g.places = append(g.places, compliance.Place{})
		return nil
	}
	if err != nil {
		return err
	}
	out.Address = r.Address
	g.places = append(g.places, listedPlace(r))
	if r.Lon != 0 || r.Lat != 0 {
		out.Position, out.OnEarth = &calls.Position{Lon: r.Lon, Lat: r.Lat}, &calls.Position{Lon: r.Lon, Lat: r.Lat}
		if g.s.photos.System == place.GCJ02 {
			at := place.ToWGS84(place.Point{Lon: r.Lon, Lat: r.Lat})
			out.OnEarth = &calls.Position{Lon: at.Lon, Lat: at.Lat}
		}
	}
	c, err := vaultContact(tx, r.ContactRef)
	if err != nil {
		return fmt.Errorf("service: the contact of %s: %w", r.ID, err)
	}
	if c.Name+c.Phone != "" {
		out.Contacts = append(out.Contacts, calls.GateContact{Name: c.Name, Phone: c.Phone, Role: "first"})
	}
	if c.BackupName+c.BackupPhone != "" {
		out.Contacts = append(out.Contacts, calls.GateContact{Name: c.BackupName, Phone: c.BackupPhone, Role: "second"})
	}
	if len(out.Contacts) > 0 && !slices.Contains(g.contacts, t.Recipient) {
		g.contacts = append(g.contacts, t.Recipient)
	}
	return nil
}

// found is the finding that a task is about.
func (g *dayGathering) found(tx *bbolt.Tx, t *compliance.Task, out *calls.GateTask) error {
	if t.Finding == "" {
		return nil
	}
	shown := g.s.foundBy(tx, g.ask.Who, g.owners)
	f, err := compliance.GetFinding(tx, t.Finding)
	if err != nil {
		return err
	}
	v := shown.view(f, false)
	out.Finding = &calls.GateFinding{ID: v.ID, MeasureID: v.MeasureID, Verdict: v.Verdict.String(), Criterion: v.Criterion,
		Unit: v.Unit, Measured: v.Measured, Limit: v.Limit, From: v.From, Failed: v.Failed}
	if n := len(v.Explanations); n > 0 {
		out.Finding.Explanation = v.Explanations[n-1].Note
	}
	g.personal = append(g.personal, shown.personal...)
	return shown.err
}

// ordered is the latest order of a task's recipient under its warning, with what it demands.
func (g *dayGathering) ordered(tx *bbolt.Tx, t *compliance.Task, out *calls.GateTask) error {
	id := t.Order
	if t.Warning != "" {
		page, _, err := notify.ListOrders(tx, notify.Filter{Warning: t.Warning, Recipient: t.Recipient}, "", notify.MaxPage)
		if err != nil {
			return err
		}
		latest := 0
		for _, o := range page {
			if o.Revision > latest {
				id, latest = o.ID, o.Revision
			}
		}
	}
	if id == "" {
		return nil
	}
	v, err := g.s.orderView(tx, id)
	if err != nil {
		return err
	}
	out.Order = &calls.GateOrder{ID: v.ID, Revision: v.Revision, Level: alerts.Level(v.Level),
		LevelName: alerts.LevelName(alerts.Level(v.Level), g.ask.Lang), Title: v.Title, Text: v.Text, DocumentNo: v.DocumentNo,
		State: v.State, EffectiveFrom: v.EffectiveFrom, EndsAt: v.EndsAt}
	measures, err := v.Listed()
	if err != nil {
		return err
	}
	from := v.EffectiveFrom
	if v.IssuedAt.After(from) {
		from = v.IssuedAt
	}
	for i := range measures {
		m := &measures[i]
		check := calls.GateCheck{MeasureID: m.ID, Text: m.Text, Equipment: m.Unit, Expected: notify.Demand(m),
			CompleteBy: from.Add(time.Duration(m.CompleteWithinH * float64(time.Hour))),
			Evidence:   append([]string{}, m.Evidence...), Monitors: []calls.GateMonitor{}}
		for _, o := range m.Monitors {
			check.Monitors = append(check.Monitors, calls.GateMonitor{Source: o.Source, Ref: o.Ref, Factor: o.Factor,
				Criterion: o.Criterion.String(), Hours: []calls.JudgedHour{}})
		}
		out.Checklist = append(out.Checklist, check)
	}
	return nil
}

// earlier are the inspections that were made there before, and the one that asked for this one.
func (g *dayGathering) earlier(tx *bbolt.Tx, t *compliance.Task, out *calls.GateTask) error {
	brief := func(is *inspect.Inspection) calls.GateEarlier {
		return calls.GateEarlier{ID: is.ID, At: is.SetRight(is.At), Inspector: is.Inspector, Result: is.Result,
			Disposition: is.Disposition, Due: is.Due}
	}
	all, _, err := inspect.List(tx, inspect.Filter{Recipient: t.Recipient, Standing: true}, "", mostEarlierDay)
	for _, is := range all {
		out.Earlier = append(out.Earlier, brief(is))
	}
	if err == nil && t.Origin == compliance.FromInspection {
		var is *inspect.Inspection
		if is, err = inspect.Standing(tx, t.About); err == nil {
			out.Follows = new(brief(is))
		}
	}
	return err
}

// measured adds the last hours of each instrument. A node that keeps no readings says so, and the rest goes along.
func (g *dayGathering) measured(ctx context.Context, t *calls.GateTask) error {
	if t.Order == nil {
		return nil
	}
	m, err := g.s.Monitoring(ctx, g.ask, calls.ByID{ID: t.Order.ID})
	if refusal.CodeOf(err) == refusal.NotReady {
		var e *refusal.Error
		if errors.As(err, &e) {
			t.Missing = e.Detail(g.ask.Lang)
		}
		return nil
	}
	if err != nil {
		return err
	}
	for i := range t.Checklist {
		for k := range t.Checklist[i].Monitors {
			at := &t.Checklist[i].Monitors[k]
			same := func(v calls.MonitorView) bool {
				return v.Measure == t.Checklist[i].MeasureID && v.Ref == at.Ref && v.Factor == at.Factor && v.Source == at.Source
			}
			if n := slices.IndexFunc(m.Monitors, same); n >= 0 {
				v := &m.Monitors[n]
				at.Unit, at.Verdict, at.Heard, at.Hours = v.Unit, v.Verdict.String(), v.Heard, lastHours(v, g.s.J.Wall())
			}
			if len(at.Hours) > 0 || at.Source == reductionlist.Video || at.Source == reductionlist.Gate || at.Ref == "" {
				continue
			}
			if err := g.reported(ctx, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// reported is what an instrument said in the last hours where no hour of it is judged: what is held against a day's sum, or
// against what was usual.
func (g *dayGathering) reported(ctx context.Context, at *calls.GateMonitor) error {
	got, err := g.s.Series(ctx, g.ask, calls.SeriesQuery{PointQuery: calls.PointQuery{Point: string(telemetry.PointOf(at.Ref, at.Factor))},
		SeriesPeriod: calls.SeriesPeriod{From: g.s.J.Wall().Add(-mostDayHours * time.Hour).Format(time.RFC3339), Step: calls.StepHour}})
	if refusal.CodeOf(err) == refusal.NotFound || refusal.CodeOf(err) == refusal.NotReady {
		return nil
	}
	for _, item := range got.Items {
		if item.Value != nil {
			at.Hours = append(at.Hours, calls.JudgedHour{At: item.At, Measured: item.Value})
		}
	}
	if len(at.Hours) > 0 {
		at.Heard, at.Unit = true, got.Unit
	}
	return err
}

// lastHours are the latest hours of which something is known.
func lastHours(v *calls.MonitorView, now time.Time) []calls.JudgedHour {
	all := append(slices.Clone(v.Hours), v.Around...)
	all = slices.DeleteFunc(all, func(h calls.JudgedHour) bool {
		return !h.At.Before(now) || h.Measured == nil && h.Result == judge.Pending
	})
	slices.SortFunc(all, func(a, b calls.JudgedHour) int { return a.At.Compare(b.At) })
	return all[max(0, len(all)-mostDayHours):]
}

// routed are the tasks in the order of the way.
func (g *dayGathering) routed() (all []calls.GateTask) {
	for n, i := range inspect.Route(g.s.office, g.places) {
		t := g.tasks[i]
		t.Route = n + 1
		all = append(all, t)
	}
	return all
}

// listedPlace is where the list has a recipient; the zero place where it says nothing.
func listedPlace(r *reductionlist.Recipient) compliance.Place {
	return compliance.Place{Lon: r.Lon, Lat: r.Lat}
}
