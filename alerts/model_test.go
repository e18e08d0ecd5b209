package alerts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
)

// modelWarning is what the rules say about a warning, written out act by act.
type modelWarning struct {
	id         string
	drill      bool
	stage      phase
	level      Level
	raise      Level
	by, asker  string
	revision   int
	start, end time.Time // end zero = none
	move       modelMove // of a start, which waits for approval

	called  string    // who approved it in an emergency, last; empty once that is confirmed
	overdue bool      // and not confirmed in time
	confirm time.Time // by when
}

// modelMove are other terms of a warning that is scheduled.
type modelMove struct {
	start, end time.Time // end zero = as it was
	noEnd      bool
}

// revised are the terms after a move.
func (m *modelWarning) revised(to modelMove) {
	if !to.start.IsZero() {
		m.start = to.start
	}
	switch {
	case to.noEnd:
		m.end = time.Time{}
	case !to.end.IsZero():
		m.end = to.end
	}
}

func (m *modelWarning) live() bool {
	return m.stage != phaseRejected && m.stage != phaseLifted && m.stage != phaseCancelled
}

func (m *modelWarning) to(s phase) { m.stage = s; m.revision++ }

// begin is what follows when nothing more is waited for.
func (m *modelWarning) begin(now time.Time) {
	m.to(phaseScheduled)
	if !m.start.After(now) {
		m.to(phaseActive)
	}
}

func needsTwo(l Level) bool { return l == Orange || l == Red }

// model is the simple counterpart of the record, and the world it is compared with.
type model struct {
	*world
	rt       *rapid.T
	warnings []*modelWarning
	declared map[string]int
}

func (m *model) liveOne(drill bool) *modelWarning {
	for _, x := range m.warnings {
		if x.drill == drill && x.live() {
			return x
		}
	}
	return nil
}

// expect compares an answer with the model's: a refusal's code, or the warning as the model has it.
func (m *model) expect(what string, x *modelWarning, got *Warning, err error, code refusal.Code) {
	m.t.Helper()
	if refusal.CodeOf(err) != code || err != nil && code == "" {
		m.rt.Fatalf("%s of %+v: %v, want %q", what, x, err, code)
	}
	if err == nil && (got.phase() != x.stage || got.Level != x.level || got.Revision != x.revision) {
		m.rt.Fatalf("%s: %s %s revision %d, the model has %+v", what, got.phase(), got.Level, got.Revision, x)
	}
}

func (m *model) declare(rt *rapid.T) {
	in := declaration(rapid.SampledFrom(Levels()).Draw(rt, "level"))
	in.Drill = rapid.Bool().Draw(rt, "drill")
	in.StartsAt = ptr(m.now.Add(time.Duration(rapid.IntRange(-3, 6).Draw(rt, "start")) * time.Hour))
	if h := rapid.IntRange(0, 12).Draw(rt, "end"); h > 0 {
		in.EndsAt = ptr(latest(m.now, *in.StartsAt).Add(time.Duration(h) * time.Hour))
	}
	actor := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "actor")
	got, err := try(m.world, m.engine.DecideDeclare, actor, in)
	if first := m.liveOne(in.Drill); first != nil {
		m.expect("declare", first, nil, err, refusal.Conflict)
		return
	}
	prefix := "W"
	if in.Drill {
		prefix = "D"
	}
	prefix += m.now.Format("20060102")
	m.declared[prefix]++
	x := &modelWarning{id: fmt.Sprintf("%s-%02d", prefix, m.declared[prefix]), drill: in.Drill, level: in.Level, by: actor,
		start: *in.StartsAt}
	if in.EndsAt != nil {
		x.end = *in.EndsAt
	}
	if needsTwo(in.Level) {
		x.to(phasePending)
	} else {
		x.begin(m.now)
	}
	m.endDrill(in.Drill)
	m.warnings = append(m.warnings, x)
	m.expect("declare", x, got, err, "")
	if got.ID != x.id {
		rt.Fatalf("id %s, want %s", got.ID, x.id)
	}
}

// endDrill is what a live declaration does to a drill.
func (m *model) endDrill(declared bool) {
	if d := m.liveOne(true); d != nil && !declared {
		if d.stage == phaseActive || d.stage == phaseActiveRaise {
			d.to(phaseLifted)
		} else {
			d.to(phaseCancelled)
		}
	}
}

// pick chooses a warning, and the revision that the actor saw.
func (m *model) pick(rt *rapid.T) (x *modelWarning, actor string, revision int) {
	if len(m.warnings) == 0 {
		rt.Skip("no warning yet")
	}
	// Most acts are for the last few, or nothing would be live.
	i := len(m.warnings) - 1 - rapid.IntRange(0, min(2, len(m.warnings)-1)).Draw(rt, "back")
	x = m.warnings[i]
	revision = x.revision
	if rapid.IntRange(0, 9).Draw(rt, "stale") == 0 {
		revision++
	}
	return x, rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "actor"), revision
}

func (m *model) code(x *modelWarning, revision int, in ...phase) refusal.Code {
	switch {
	case revision != x.revision:
		return refusal.StaleRevision
	case !slices.Contains(in, x.stage):
		return refusal.TransitionRefused
	}
	return ""
}

func (m *model) approve(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	if raise := x.stage == phaseScheduledRaise || x.stage == phaseActiveRaise ||
		x.stage == phaseScheduledRevise; x.called != "" && !raise && rev == x.revision {
		code := refusal.Code("")
		if actor == x.called || actor == x.by {
			code = refusal.SamePerson
		}
		got, err := try(m.world, m.engine.DecideApprove, actor, Approve{x.id, rev})
		if code == "" {
			x.called = ""
			x.to(x.stage)
		}
		m.expect("confirm", x, got, err, code)
		return
	}
	code := m.code(x, rev, phasePending, phaseScheduledRaise, phaseScheduledRevise, phaseActiveRaise)
	if by := map[bool]string{true: x.by, false: x.asker}[x.stage == phasePending]; code == "" && actor == by {
		code = refusal.SamePerson
	}
	got, err := try(m.world, m.engine.DecideApprove, actor, Approve{x.id, rev})
	if code == "" {
		x.approved(m.now)
	}
	m.expect("approve", x, got, err, code)
}

// approved is what an approval leads to.
func (m *modelWarning) approved(now time.Time) {
	switch m.stage {
	case phasePending:
		m.begin(now)
	case phaseScheduledRaise:
		m.level = m.raise
		m.to(phaseScheduled)
	case phaseActiveRaise:
		m.level = m.raise
		m.to(phaseActive)
	case phaseScheduledRevise:
		m.move.start = latest(m.move.start, now)
		m.revised(m.move)
		m.begin(now)
	}
}

func (m *model) emergency(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	in := EmergencyApprove{WarningID: x.id, Revision: rev, Authority: "分管副区长", CalledAt: m.now.Add(-time.Hour),
		Reason: "审批人联系不上"}
	code := m.code(x, rev, phasePending, phaseScheduledRaise, phaseScheduledRevise, phaseActiveRaise)
	if code == "" && rapid.IntRange(0, 4).Draw(rt, "called") == 0 {
		in.CalledAt, code = m.now.Add(2*time.Hour), refusal.Invalid
	}
	got, err := try(m.world, m.engine.DecideEmergencyApprove, actor, in)
	if code == "" {
		x.revision++ // the call is an event of its own
		x.called, x.overdue, x.confirm = actor, false, m.now.Add(12*time.Hour)
		x.approved(m.now)
	}
	m.expect("emergency", x, got, err, code)
}

func (m *model) unconfirmed(rt *rapid.T) {
	x, _, _ := m.pick(rt)
	code := refusal.TransitionRefused
	if x.called != "" && !x.overdue && !m.now.Before(x.confirm) {
		code = ""
		x.overdue = true
		x.to(x.stage)
	}
	got, err := try(m.world, m.engine.DecideUnconfirmed, "timer", WarningRef{x.id})
	m.expect("unconfirmed", x, got, err, code)
}

func (m *model) reject(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	code := m.code(x, rev, phasePending, phaseScheduledRaise, phaseScheduledRevise, phaseActiveRaise)
	got, err := try(m.world, m.engine.DecideReject, actor, Reject{x.id, rev, "依据不足"})
	if code == "" {
		x.to(map[phase]phase{phasePending: phaseRejected, phaseScheduledRaise: phaseScheduled,
			phaseScheduledRevise: phaseScheduled, phaseActiveRaise: phaseActive}[x.stage])
	}
	m.expect("reject", x, got, err, code)
}

func (m *model) adjust(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	level := rapid.SampledFrom(Levels()).Draw(rt, "level")
	code := m.code(x, rev, phaseScheduled, phaseActive)
	if code == "" && level == x.level {
		code = refusal.Invalid
	}
	got, err := try(m.world, m.engine.DecideAdjust, actor, Adjust{WarningID: x.id, Revision: rev, Level: level})
	if code == "" {
		if level.Rank() > x.level.Rank() && needsTwo(level) {
			x.raise, x.asker = level, actor
			x.to(x.stage + "+raise")
		} else {
			x.level = level
			x.to(x.stage)
		}
	}
	m.expect("adjust", x, got, err, code)
}

func (m *model) revise(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	in := Revise{WarningID: x.id, Revision: rev}
	to := modelMove{}
	code := m.code(x, rev, phaseScheduled, phaseScheduledRaise, phaseScheduledRevise, phaseActive, phaseActiveRaise,
		phaseRejected)
	if x.stage == phaseRejected {
		in.Level = rapid.SampledFrom(Levels()).Draw(rt, "level")
	} else if rapid.IntRange(0, 2).Draw(rt, "move") == 0 {
		to.start = m.now.Add(time.Duration(rapid.IntRange(-3, 8).Draw(rt, "start")) * time.Hour)
		in.StartsAt = &to.start
	}
	if to.noEnd = x.stage != phaseRejected && rapid.IntRange(0, 3).Draw(rt, "no end") == 0; to.noEnd {
		in.NoEnd = true
	} else {
		to.end = latest(m.now, x.start).Add(time.Duration(rapid.IntRange(1, 12).Draw(rt, "end")) * time.Hour)
		in.EndsAt = &to.end
	}
	moved := !to.start.IsZero() && !to.start.Equal(x.start)
	switch {
	case code != "":
	case x.stage == phaseRejected && m.liveOne(x.drill) != nil:
		code = refusal.Conflict
	case moved && (x.stage == phaseScheduledRaise || x.stage == phaseScheduledRevise || x.stage == phaseActiveRaise):
		code = refusal.TransitionRefused
	case moved && x.stage != phaseScheduled, moved && !to.noEnd && !to.start.Before(to.end):
		code = refusal.Invalid
	}
	got, err := try(m.world, m.engine.DecideRevise, actor, in)
	switch {
	case code != "":
	case x.stage == phaseRejected:
		m.endDrill(x.drill)
		x.end, x.level, x.by = to.end, in.Level, actor
		if needsTwo(in.Level) {
			x.to(phasePending)
		} else {
			x.begin(m.now)
		}
	case moved && needsTwo(x.level):
		x.move, x.asker = to, actor
		x.to(phaseScheduledRevise)
	case moved:
		x.revised(to)
		x.begin(m.now)
	default:
		to.start = time.Time{}
		x.revised(to)
		x.to(x.stage)
	}
	m.expect("revise", x, got, err, code)
}

func (m *model) lift(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	in := Lift{WarningID: x.id, Revision: rev}
	if h := rapid.IntRange(0, 3).Draw(rt, "end"); h > 0 {
		in.EndsAt = ptr(m.now.Add(time.Duration(h) * time.Hour))
	}
	code := m.code(x, rev, phaseActive, phaseActiveRaise)
	got, err := try(m.world, m.engine.DecideLift, actor, in)
	if code == "" {
		if in.EndsAt != nil {
			x.end = *in.EndsAt
			x.to(x.stage)
		} else {
			x.to(phaseLifted)
		}
	}
	m.expect("lift", x, got, err, code)
}

func (m *model) cancel(rt *rapid.T) {
	x, actor, rev := m.pick(rt)
	code := m.code(x, rev, phasePending, phaseScheduled, phaseScheduledRaise, phaseScheduledRevise, phaseActive,
		phaseActiveRaise)
	got, err := try(m.world, m.engine.DecideCancel, actor, Cancel{x.id, rev, "误发"})
	if code == "" {
		x.to(phaseCancelled)
	}
	m.expect("cancel", x, got, err, code)
}

func (m *model) activate(rt *rapid.T) {
	x, _, _ := m.pick(rt)
	code := m.code(x, x.revision, phaseScheduled, phaseScheduledRaise, phaseScheduledRevise)
	if code == "" && x.start.After(m.now) {
		code = refusal.TransitionRefused
	}
	got, err := try(m.world, m.engine.DecideActivate, "timer", WarningRef{x.id})
	if code == "" {
		x.to(map[phase]phase{phaseScheduled: phaseActive, phaseScheduledRaise: phaseActiveRaise,
			phaseScheduledRevise: phaseActive}[x.stage])
	}
	m.expect("activate", x, got, err, code)
}

func (m *model) expire(rt *rapid.T) {
	x, _, _ := m.pick(rt)
	code := m.code(x, x.revision, phasePending, phaseActive, phaseActiveRaise)
	if code == "" && (x.end.IsZero() || x.end.After(m.now)) {
		code = refusal.TransitionRefused
	}
	got, err := try(m.world, m.engine.DecideExpire, "timer", WarningRef{x.id})
	if code == "" {
		if x.stage == phasePending {
			x.to(phaseCancelled)
		} else {
			x.to(phaseLifted)
		}
	}
	m.expect("expire", x, got, err, code)
}

func (m *model) pass(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "hours")) * time.Hour)
}

var someAQI = rapid.SliceOfN(rapid.SampledFrom([]int{60, 150, 155, 210, 310}), 1, 4)

func (m *model) forecast(rt *rapid.T) {
	f := forecast(m.now.Format("2006-01-02T15:04"), DateOf(m.now).AddDays(rapid.IntRange(-1, 2).Draw(rt, "first")),
		someAQI.Draw(rt, "aqi")...)
	f.Drill = rapid.Bool().Draw(rt, "drill")
	do(m.world, m.engine.DecideForecast, "feeder", f)
	// The same again says nothing new.
	before := len(m.kinds)
	if do(m.world, m.engine.DecideForecast, "feeder", f); len(m.kinds) != before {
		rt.Fatalf("the same forecast twice made %v", m.kinds[before:])
	}
}

func (m *model) observe(rt *rapid.T) {
	aqi := someAQI.Draw(rt, "aqi")
	do(m.world, m.engine.DecideObservation, "feeder", observed(DateOf(m.now).AddDays(1-len(aqi)), aqi...))
}

func (m *model) reevaluate(rt *rapid.T) {
	do(m.world, m.engine.DecideReevaluate, "timer", Reevaluate{})
	before := len(m.kinds)
	if do(m.world, m.engine.DecideReevaluate, "timer", Reevaluate{}); len(m.kinds) != before {
		rt.Fatalf("a second evaluation at the same time made %v", m.kinds[before:])
	}
}

func (m *model) dismiss(rt *rapid.T) {
	open := m.open()
	if len(open) == 0 {
		rt.Skip("nothing to dismiss")
	}
	p := rapid.SampledFrom(open).Draw(rt, "proposal")
	do(m.world, m.engine.DecideDismiss, "a", Dismiss{p.ID, "不采纳"})
	before := len(m.kinds)
	do(m.world, m.engine.DecideReevaluate, "timer", Reevaluate{})
	if slices.Contains(m.kinds[before:], "proposal.raised") {
		for _, q := range m.open() {
			if q.Drill == p.Drill && q.Kind == p.Kind && q.Level == p.Level && q.WarningID == p.WarningID && sameBasis(p, q) &&
				sameMove(p, q) {
				rt.Fatalf("%s was dismissed and came back as %s", p.ID, q.ID)
			}
		}
	}
}

// sameMove reports whether two proposals of a revise ask for the same times; what asks for others was not dismissed, as
// where the warning got another end meanwhile.
func sameMove(p, q *Proposal) bool {
	return p.Kind != KindRevise || p.StartsAt.Equal(q.StartsAt) && sameMoment(p.EndsAt, q.EndsAt)
}

// invariants hold after every act.
func (m *model) invariants(rt *rapid.T) {
	m.mustMatch()
	for _, x := range m.warnings {
		got := m.warning(x.id)
		m.expect("stored", x, got, nil, "")
		if len(got.History) != got.Revision {
			rt.Fatalf("%s: revision %d and %d entries of history", x.id, got.Revision, len(got.History))
		}
		activate, expire := m.liveFx.timers["warning.activate/"+x.id], m.liveFx.timers["warning.expire/"+x.id]
		if scheduled := got.State == Scheduled; scheduled != activate.due.Equal(x.start) {
			rt.Fatalf("%s is %s and starts at %s: timer at %s", x.id, got.State, x.start, activate.due)
		}
		due := m.liveFx.timers["warning.unconfirmed/"+x.id].due
		if waits := x.called != "" && !x.overdue; waits == due.IsZero() || waits && !due.Equal(x.confirm) {
			rt.Fatalf("%s: a confirmation is wanted by %s (%v): timer at %s", x.id, x.confirm, waits, due)
		}
		if em := got.Emergency; (em != nil && em.ConfirmedAt == nil) != (x.called != "") || em != nil && x.called != "" &&
			em.Overdue != x.overdue {
			rt.Fatalf("%s: emergency %+v, the model has it called by %q, overdue %v", x.id, em, x.called, x.overdue)
		}
		if x.live() != !expire.due.IsZero() && !x.end.IsZero() || !expire.due.IsZero() && !expire.due.Equal(x.end) {
			rt.Fatalf("%s is %s and ends at %s: timer at %s", x.id, got.State, x.end, expire.due)
		}
	}
	m.view(func(tx *bbolt.Tx) error {
		for drill, live := range map[bool]func(*bbolt.Tx, string) (*Warning, error){false: LiveWarning, true: LiveDrill} {
			got, err := live(tx, district)
			if err != nil {
				return err
			}
			if want := m.liveOne(drill); (got == nil) != (want == nil) || got != nil && got.ID != want.id {
				rt.Fatalf("live (drill %v) is %+v, the model has %+v", drill, got, want)
			}
		}
		return nil
	})
	open := map[bool]int{}
	for _, p := range m.open() {
		if open[p.Drill]++; open[p.Drill] > 1 {
			rt.Fatalf("more than one proposal is open")
		}
		if (p.Kind == KindStart) != (p.WarningID == "") {
			rt.Fatalf("a %s for warning %q", p.Kind, p.WarningID)
		}
	}
}

// Random acts by two persons, timers, feeders and the clock: nothing happens outside the model, there is never more
// than one proposal open, and the replay leaves the same bytes.
func TestRandomActsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{world: newWorld(rt, t.TempDir()), rt: rt, declared: map[string]int{}}
		defer m.close()
		rt.Repeat(map[string]func(*rapid.T){
			"declare": m.declare, "approve": m.approve, "reject": m.reject, "adjust": m.adjust, "revise": m.revise,
			"lift": m.lift, "cancel": m.cancel, "activate": m.activate, "expire": m.expire, "pass": m.pass,
			"emergency": m.emergency, "unconfirmed": m.unconfirmed,
			"forecast": m.forecast, "observe": m.observe, "reevaluate": m.reevaluate, "dismiss": m.dismiss,
			"": m.invariants,
		})
	})
}
