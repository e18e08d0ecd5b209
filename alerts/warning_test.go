package alerts

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// declaration of a level on the city's order, starting now.
func declaration(l Level) Declare {
	return Declare{Level: l, Trigger: CityOrder, Region: district, Document: Document{DocumentNo: "津重污染指〔2016〕1号",
		IssuedBy: "天津市重污染天气应急指挥部"}, Reason: "市级指令", ListPin: ListPin{ListVersion: "L2016-1", ListHash: "sha256:00"}}
}

// in brings a new warning to a stage.
func (w *world) in(s phase) *Warning {
	w.t.Helper()
	e := w.engine
	tomorrow, inTwoDays := w.now.Add(24*time.Hour), w.now.Add(48*time.Hour)
	one := declaration(Yellow)
	one.EndsAt = &inTwoDays
	later := one
	later.StartsAt = &tomorrow
	two := declaration(Red)
	two.EndsAt = &inTwoDays
	raise := func(got *Warning) *Warning {
		return do(w, e.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: Red})
	}
	switch s {
	case phasePending:
		return do(w, e.DecideDeclare, "duty", two)
	case phaseRejected:
		got := w.in(phasePending)
		return do(w, e.DecideReject, "approver", Reject{got.ID, got.Revision, "依据不足"})
	case phaseReported:
		e.OwnDeclaration = OwnReportToCity
		one.Trigger = OwnForecast
		return do(w, e.DecideDeclare, "duty", one)
	case phaseScheduled:
		return do(w, e.DecideDeclare, "duty", later)
	case phaseScheduledRaise:
		return raise(w.in(phaseScheduled))
	case phaseScheduledRevise:
		red := two
		red.StartsAt = &tomorrow
		got := do(w, e.DecideDeclare, "duty", red)
		got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
		return do(w, e.DecideRevise, "duty",
			Revise{WarningID: got.ID, Revision: got.Revision, StartsAt: ptr(w.now.Add(6 * time.Hour))})
	case phaseActive:
		return do(w, e.DecideDeclare, "duty", one)
	case phaseActiveRaise:
		return raise(w.in(phaseActive))
	case phaseLifted:
		got := w.in(phaseActive)
		return do(w, e.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision})
	case phaseCancelled:
		got := w.in(phaseActive)
		return do(w, e.DecideCancel, "duty", Cancel{got.ID, got.Revision, "误发"})
	}
	w.t.Fatalf("no way to stage %s", s)
	return nil
}

// act does one thing to a warning, in the form that needs no more than its state.
func (w *world) act(a act, on *Warning) (*Warning, error) {
	e := w.engine
	switch a {
	case actApprove:
		return try(w, e.DecideApprove, "approver", Approve{on.ID, on.Revision})
	case actReject:
		return try(w, e.DecideReject, "approver", Reject{on.ID, on.Revision, "依据不足"})
	case actConfirm:
		in := declaration(Yellow)
		in.Activates = on.ID
		return try(w, e.DecideDeclare, "duty", in)
	case actAdjust:
		return try(w, e.DecideAdjust, "duty", Adjust{WarningID: on.ID, Revision: on.Revision, Level: Advisory})
	case actEmergency:
		return try(w, e.DecideEmergencyApprove, "duty",
			EmergencyApprove{WarningID: on.ID, Revision: on.Revision, Authority: "分管副区长", CalledAt: w.now, Reason: "审批人联系不上"})
	case actRevise:
		return try(w, e.DecideRevise, "duty", Revise{WarningID: on.ID, Revision: on.Revision, NoticeText: "更正"})
	case actLift:
		return try(w, e.DecideLift, "duty", Lift{WarningID: on.ID, Revision: on.Revision})
	case actCancel:
		return try(w, e.DecideCancel, "duty", Cancel{on.ID, on.Revision, "误发"})
	case actActivate:
		w.now = w.now.Add(30 * time.Hour)
		return try(w, e.DecideActivate, "timer", WarningRef{on.ID})
	case actExpire:
		w.now = w.now.Add(60 * time.Hour)
		return try(w, e.DecideExpire, "timer", WarningRef{on.ID})
	}
	panic("no act " + a)
}

// Every stage with every act: where it leads, by its simplest form, or that it is refused with the state.
func TestEveryStageWithEveryAct(t *testing.T) {
	acts := []act{actApprove, actReject, actConfirm, actAdjust, actRevise, actLift, actCancel, actActivate, actExpire,
		actEmergency}
	const no = phase("")
	table := map[phase][]phase{
		// approve, reject, confirm, adjust, revise, lift, cancel, activate, expire, emergency
		phasePending:   {phaseActive, phaseRejected, no, no, no, no, phaseCancelled, no, phaseCancelled, phaseActive},
		phaseRejected:  {no, no, no, no, phasePending, no, no, no, no, no},
		phaseReported:  {no, no, phaseActive, no, no, no, phaseCancelled, no, phaseCancelled, no},
		phaseScheduled: {no, no, no, phaseScheduled, phaseScheduled, no, phaseCancelled, phaseActive, no, no},
		phaseScheduledRaise: {phaseScheduled, phaseScheduled, no, no, phaseScheduledRaise, no, phaseCancelled,
			phaseActiveRaise, no, phaseScheduled},
		phaseScheduledRevise: {phaseScheduled, phaseScheduled, no, no, phaseScheduledRevise, no, phaseCancelled, phaseActive,
			no, phaseScheduled},
		phaseActive: {no, no, no, phaseActive, phaseActive, phaseLifted, phaseCancelled, no, phaseLifted, no},
		phaseActiveRaise: {phaseActive, phaseActive, no, no, phaseActiveRaise, phaseLifted, phaseCancelled, no,
			phaseLifted, phaseActive},
		phaseLifted:    {no, no, no, no, no, no, no, no, no, no},
		phaseCancelled: {no, no, no, no, no, no, no, no, no, no},
	}
	for from := range transitions {
		if from != phaseNew && table[from] == nil {
			t.Errorf("stage %s is not tested", from)
		}
	}
	for from, row := range table {
		for i, want := range row {
			t.Run(string(from)+" "+string(acts[i]), func(t *testing.T) {
				w := newWorld(t, t.TempDir())
				defer w.close()
				before := w.in(from)
				if before.phase() != from {
					t.Fatalf("it is %s", before.phase())
				}
				after, err := w.act(acts[i], before)
				w.mustMatch()
				if want == no {
					e, ok := err.(*refusal.Error)
					if !ok || e.Code != refusal.TransitionRefused || e.State != string(before.State) {
						t.Fatalf("got %v, want transition_refused with state %s", err, before.State)
					}
					if now := w.warning(before.ID); !sameJSON(now, before) {
						t.Errorf("a refused act changed it: %+v", now)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if after.phase() != want {
					t.Errorf("it led to %s, want %s", after.phase(), want)
				}
				if stored := w.warning(before.ID); !sameJSON(stored, after) {
					t.Errorf("answered %+v\nstored   %+v", after, stored)
				}
			})
		}
	}
}

func TestDeclareOnePersonIsActiveAtOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	if got.ID != "W20161216-01" || got.State != Active || got.DeclaredBy != "duty" || got.ApprovedBy != "" ||
		got.ListHash != "sha256:00" ||
		!got.StartsAt.Equal(w.now) || got.EndsAt != nil || got.PreviousLevel != None || got.Revision != len(got.History) {
		t.Errorf("%+v", got)
	}
	if s := w.events(); s != "warning.declared warning.activated" {
		t.Errorf("events %s", s)
	}
	if s := strings.Join(w.liveFx.sent, ","); s != "warning W20161216-01/2" {
		t.Errorf("sent %s", s)
	}
}

func TestDeclareScheduledStartsAndEndsByTimer(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	in := declaration(Yellow)
	in.StartsAt, in.EndsAt = ptr(clockAt("2016-12-17T00:00").UTC()), ptr(clockAt("2016-12-22T00:00").UTC())
	got := do(w, w.engine.DecideDeclare, "duty", in)
	if got.State != Scheduled || got.Revision != 1 {
		t.Fatalf("%+v", got)
	}
	want := "[warning W20161216-01/1]\n" +
		"warning.activate/W20161216-01 2016-12-17 00:00 warning.activate {\"warning_id\":\"W20161216-01\"}\n" +
		"warning.expire/W20161216-01 2016-12-22 00:00 warning.expire {\"warning_id\":\"W20161216-01\"}\n"
	if s := w.liveFx.String(); s != want {
		t.Errorf("effects\n%s\nwant\n%s", s, want)
	}
	if _, err := try(w, w.engine.DecideActivate, "timer", WarningRef{got.ID}); ruleAt(err, "") != "warning.not_due" {
		t.Errorf("activated before its time: %v", err)
	}
	w.at("2016-12-17T00:00")
	if got = do(w, w.engine.DecideActivate, "timer", WarningRef{got.ID}); got.State != Active {
		t.Errorf("%+v", got)
	}
	if _, err := try(w, w.engine.DecideExpire, "timer", WarningRef{got.ID}); ruleAt(err, "") != "warning.not_due" {
		t.Errorf("expired before its time: %v", err)
	}
	w.at("2016-12-22T00:05")
	if got = do(w, w.engine.DecideExpire, "timer", WarningRef{got.ID}); got.State != Lifted ||
		!got.EndsAt.Equal(clockAt("2016-12-22T00:00")) {
		t.Errorf("%+v", got)
	}
	if s := w.events(); s != "warning.declared warning.activated warning.lifted" {
		t.Errorf("events %s", s)
	}
	if len(w.liveFx.timers) != 0 {
		t.Errorf("timers left: %v", w.liveFx)
	}
	w.mustMatch()
}

func TestTwoPersons(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := do(w, w.engine.DecideDeclare, "duty", declaration(Red))
	if got.State != PendingApproval || len(w.liveFx.sent) != 0 {
		t.Fatalf("%+v, sent %v", got, w.liveFx.sent)
	}
	if _, err := try(w, w.engine.DecideApprove, "duty", Approve{got.ID, 1}); refusal.CodeOf(err) != refusal.SamePerson {
		t.Errorf("approved by who declared it: %v", err)
	}
	if _, err := try(w, w.engine.DecideApprove, "approver",
		Approve{got.ID, 2}); refusal.CodeOf(err) != refusal.StaleRevision {
		t.Errorf("wrong revision: %v", err)
	}
	if _, err := try(w, w.engine.DecideApprove, "approver", Approve{"W1", 1}); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("no such warning: %v", err)
	}
	got = do(w, w.engine.DecideApprove, "approver", Approve{got.ID, 1})
	if got.State != Active || got.ApprovedBy != "approver" || got.Revision != 3 {
		t.Errorf("%+v", got)
	}
	var history []string
	for _, h := range got.History {
		history = append(history, h.Event+" by "+h.Actor)
	}
	if s := strings.Join(history, ", "); s != "declared by duty, approved by approver, activated by approver" {
		t.Errorf("history %s", s)
	}
}

func TestRaiseWaitsForASecondPersonAndTheOldLevelGoesOn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := w.in(phaseActive)
	w.liveFx.sent, w.replayFx.sent = nil, nil
	got = do(w, w.engine.DecideAdjust, "duty",
		Adjust{WarningID: got.ID, Revision: got.Revision, Level: Orange, Reason: "预报加重",
			Document: Document{DocumentNo: "2号"}})
	if got.Level != Yellow || got.State != Active || got.Pending == nil || got.Pending.Level != Orange ||
		got.Pending.By != "duty" ||
		got.Pending.Kind != "raise" || len(w.liveFx.sent) != 0 {
		t.Fatalf("%+v, sent %v", got, w.liveFx.sent)
	}
	if _, err := try(w, w.engine.DecideApprove, "duty",
		Approve{got.ID, got.Revision}); refusal.CodeOf(err) != refusal.SamePerson {
		t.Errorf("approved by who asked: %v", err)
	}
	w.now = w.now.Add(time.Hour)
	got = do(w, w.engine.DecideApprove, "approver", Approve{got.ID, got.Revision})
	if got.Level != Orange || got.PreviousLevel != Yellow || got.Pending != nil || got.DocumentNo != "2号" ||
		!got.LevelSince.Equal(w.now) {
		t.Errorf("%+v", got)
	}
	got = do(w, w.engine.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: Yellow})
	if got.Level != Yellow || got.PreviousLevel != Orange || got.DocumentNo != "2号" {
		t.Errorf("lowered by one person: %+v", got)
	}
	subjects := w.subjects()
	if s := strings.Join(subjects, " "); s != "qingkong.warning.upgraded qingkong.warning.downgraded" {
		t.Errorf("subjects %s", s)
	}
	w.mustMatch()
}

// One notice may start a warning in stages: each level takes effect at its own time, and what is decided later
// replaces what had not yet come.
func TestStagedStarts(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2016-12-15T16:00")
	times := []time.Time{clockAt("2016-12-15T20:00"), clockAt("2016-12-16T20:00"), clockAt("2016-12-18T00:00")}
	d := declaration(Yellow)
	d.StartsAt, d.Trigger = &times[0], CityOrder
	got := do(w, w.engine.DecideDeclare, "duty", d)
	raise := func(l Level, at time.Time) {
		t.Helper()
		got = do(w, w.engine.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: l, StartsAt: &at})
		if got.Pending != nil {
			got = do(w, w.engine.DecideApprove, "approver", Approve{got.ID, got.Revision})
		}
	}
	course := func(want ...Level) {
		t.Helper()
		for i, at := range []string{"2016-12-15T19:59", "2016-12-15T20:00", "2016-12-16T19:59", "2016-12-16T20:00",
			"2016-12-18T00:00"} {
			if l := got.LevelAt(clockAt(at)); l != want[i] {
				t.Errorf("at %s the level is %s, want %s: %+v", at, l, want[i], got.Stages)
			}
		}
	}
	course(None, Yellow, Yellow, Yellow, Yellow)
	raise(Orange, times[1])
	if got.State != Scheduled || got.Level != Orange || !got.LevelSince.Equal(times[1]) {
		t.Errorf("%+v", got)
	}
	course(None, Yellow, Yellow, Orange, Orange)
	w.at("2016-12-15T20:00")
	got = do(w, w.engine.DecideActivate, "timer", WarningRef{got.ID})
	raise(Red, times[2])
	course(None, Yellow, Yellow, Orange, Red)
	raise(Orange, times[2]) // red is withdrawn before it came: orange goes on
	course(None, Yellow, Yellow, Orange, Orange)
	if !got.LevelSince.Equal(times[1]) {
		t.Errorf("orange takes effect at %s", got.LevelSince)
	}
	raise(Yellow, clockAt("2016-12-15T21:00")) // and so is orange
	course(None, Yellow, Yellow, Yellow, Yellow)
	if !got.LevelSince.Equal(times[0]) || len(got.Stages) != 1 {
		t.Errorf("%+v", got)
	}
	end := clockAt("2016-12-20T00:00")
	got = do(w, w.engine.DecideRevise, "duty", Revise{WarningID: got.ID, Revision: got.Revision, EndsAt: &end})
	if _, err := try(w, w.engine.DecideAdjust, "duty", Adjust{WarningID: got.ID, Revision: got.Revision, Level: Orange,
		StartsAt: &end}); ruleAt(err, "starts_at") != "warning.ends_before_start" {
		t.Errorf("a stage after the end: %v", err)
	}
	w.mustMatch()
}

func TestLiftForATimeToComeKeepsTheWarning(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	end := clockAt("2016-12-17T08:00")
	got = do(w, w.engine.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision, EndsAt: &end, Reason: "预计好转"})
	if got.State != Active || !got.EndsAt.Equal(end) || !w.liveFx.timers["warning.expire/"+got.ID].due.Equal(end) {
		t.Fatalf("%+v, %v", got, w.liveFx)
	}
	before := clockAt("2016-12-16T08:00")
	if _, err := try(w, w.engine.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision,
		EndsAt: &before}); ruleAt(err, "ends_at") != "warning.ends_before_start" {
		t.Errorf("ended before it began: %v", err)
	}
	w.at("2016-12-17T08:00")
	if got = do(w, w.engine.DecideExpire, "timer", WarningRef{got.ID}); got.State != Lifted {
		t.Errorf("%+v", got)
	}
}

func TestReviseMovesTheEndAndItsTimer(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := w.in(phaseActive)
	end := clockAt("2016-12-22T00:00")
	got = do(w, w.engine.DecideRevise, "duty",
		Revise{WarningID: got.ID, Revision: got.Revision, EndsAt: &end, Reason: "过程延长"})
	if !got.EndsAt.Equal(end) || got.DocumentNo != "津重污染指〔2016〕1号" ||
		!w.liveFx.timers["warning.expire/"+got.ID].due.Equal(end) {
		t.Errorf("%+v, %v", got, w.liveFx)
	}
	past := clockAt("2016-12-16T16:00")
	if _, err := try(w, w.engine.DecideRevise, "duty", Revise{WarningID: got.ID, Revision: got.Revision,
		EndsAt: &past}); ruleAt(err, "ends_at") != "warning.ends_before_start" {
		t.Errorf("an end before the start: %v", err)
	}
	w.mustMatch()
}

func TestSecondLiveWarningIsAConflictThatNamesTheFirst(t *testing.T) {
	for _, from := range []phase{phasePending, phaseReported, phaseScheduled, phaseActive, phaseActiveRaise} {
		w := newWorld(t, t.TempDir())
		first := w.in(from)
		_, err := try(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
		if e, ok := err.(*refusal.Error); !ok || e.Code != refusal.Conflict || e.Args["id"] != first.ID {
			t.Errorf("%s: %v", from, err)
		}
		other := declaration(Yellow)
		other.Region = "120118"
		if got := do(w, w.engine.DecideDeclare, "duty", other); got.ID != "W20161216-02" {
			t.Errorf("another region: %+v", got)
		}
		w.close()
	}
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.in(phaseLifted)
	if got := do(w, w.engine.DecideDeclare, "duty", declaration(Yellow)); got.ID != "W20161216-02" {
		t.Errorf("after a lifted one: %+v", got)
	}
}

func TestDrillIsApartAndEndsWhenTheRealThingBegins(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	in := declaration(Yellow)
	in.Drill = true
	drill := do(w, w.engine.DecideDeclare, "duty", in)
	if drill.ID != "D20161216-01" {
		t.Errorf("id %s", drill.ID)
	}
	live := do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	if live.ID != "W20161216-01" || live.State != Active {
		t.Errorf("%+v", live)
	}
	if got := w.warning(drill.ID); got.State != Lifted || got.History[2].Reason != "正式预警发布，演练终止。" {
		t.Errorf("%+v", got)
	}
	if s := strings.Join(w.subjects(),
		" "); s != "qingkong.drill.warning.declared qingkong.drill.warning.lifted qingkong.warning.declared" {
		t.Errorf("subjects %s", s)
	}
	drill = do(w, w.engine.DecideDeclare, "duty", in)
	if drill.ID != "D20161216-02" || w.warning(live.ID).State != Active {
		t.Errorf("a drill beside the real thing: %+v", drill)
	}
	w.mustMatch()
}

// What is live is found without going through the warnings of the past, drills and other regions included.
func TestLive(t *testing.T) {
	for s, n := range map[phase]int{phasePending: 1, phaseRejected: 0, phaseReported: 1, phaseScheduled: 1,
		phaseScheduledRaise: 1,
		phaseActive:         1, phaseActiveRaise: 1, phaseLifted: 0, phaseCancelled: 0} {
		t.Run(string(s), func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			want := []string{}
			if got := w.in(s); n > 0 {
				want = append(want, got.ID)
			}
			drill, elsewhere := declaration(Yellow), declaration(Yellow)
			drill.Drill, elsewhere.Region = true, "120112"
			for _, in := range []Declare{drill, elsewhere} {
				want = append(want, do(w, w.engine.DecideDeclare, "duty", in).ID)
			}
			slices.Sort(want)
			w.view(func(tx *bbolt.Tx) error {
				var got []string
				live, err := Live(tx)
				for _, one := range live {
					got = append(got, one.ID)
				}
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("live %v, want %v", got, want)
				}
				return err
			})
		})
	}
}

func TestReportToCity(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.engine.OwnDeclaration = OwnReportToCity
	in := declaration(Red)
	in.Trigger = OwnForecast
	got := do(w, w.engine.DecideDeclare, "duty", in)
	got = do(w, w.engine.DecideApprove, "approver", Approve{got.ID, got.Revision})
	if got.State != Reported || len(w.liveFx.sent) != 0 {
		t.Fatalf("%+v, sent %v", got, w.liveFx.sent)
	}
	order := declaration(Orange)
	order.Activates = got.ID
	got = do(w, w.engine.DecideDeclare, "duty", order)
	if got.State != Active || got.Level != Orange || got.Trigger != CityOrder || got.PreviousLevel != Red {
		t.Errorf("%+v", got)
	}
	if s := strings.Join(w.subjects(), " "); s != "qingkong.warning.declared" {
		t.Errorf("subjects %s", s)
	}
	w.mustMatch()
}

func TestDeclareRefuses(t *testing.T) {
	now := clockAt("2016-12-16T17:00")
	for _, c := range []struct {
		name       string
		edit       func(*Declare)
		path, rule string
	}{
		{"ends before it starts", func(d *Declare) { d.EndsAt = ptr(now) }, "ends_at", "warning.ends_before_start"},
		{"ends in the past", func(d *Declare) { d.StartsAt, d.EndsAt = ptr(now.Add(-3*time.Hour)), ptr(now.Add(-time.Hour)) },
			"ends_at", "warning.ends_in_past"},
		{"no such proposal", func(d *Declare) { d.ProposalID = "P20161216-01" }, "proposal_id", "proposal.not_here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			in := declaration(Yellow)
			c.edit(&in)
			_, err := try(w, w.engine.DecideDeclare, "duty", in)
			if got := ruleAt(err, c.path); got != c.rule {
				t.Errorf("rule %q, want %q", got, c.rule)
			}
		})
	}
}

func TestAdjustAndRejectRefuse(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := w.in(phaseActiveRaise)
	got = do(w, w.engine.DecideReject, "approver", Reject{got.ID, got.Revision, "依据不足"})
	if got.Level != Yellow || got.Pending != nil || got.State != Active {
		t.Errorf("%+v", got)
	}
	in := Adjust{WarningID: got.ID, Revision: got.Revision, Level: Yellow}
	if _, err := try(w, w.engine.DecideAdjust, "duty", in); ruleAt(err, "level") != "warning.same_level" {
		t.Errorf("%q: %v", in.Level, err)
	}
}

func TestListWarningsPagesFromTheLatest(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	var want []string
	for range 5 {
		w.now = w.now.Add(time.Minute)
		got := w.in(phaseCancelled)
		want = append([]string{got.ID}, want...)
	}
	var got []string
	cursor := ""
	for {
		var p Page[*Warning]
		w.view(func(tx *bbolt.Tx) (err error) { p, err = ListWarnings(tx, cursor, 2); return err })
		if p.Total != 5 {
			t.Fatalf("total %d", p.Total)
		}
		for _, x := range p.Items {
			got = append(got, x.ID)
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.view(func(tx *bbolt.Tx) error {
		if _, err := ListWarnings(tx, "W1", 2); ruleAt(err, "cursor") != "cursor.unknown" {
			t.Errorf("unknown cursor: %v", err)
		}
		return nil
	})
}

// A rejected declaration is entered again in other terms: it keeps its id and its history, waits for a second person
// again where its level needs one, and whoever entered it last may not approve it.
func TestARejectedDeclarationIsRevised(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	rejected := w.in(phaseRejected)
	end := w.now.Add(72 * time.Hour)
	got := do(w, e.DecideRevise, "duty2",
		Revise{WarningID: rejected.ID, Revision: rejected.Revision, Level: Orange, EndsAt: &end, Reason: "补充依据",
			ListPin: ListPin{ListVersion: "L2016-2", ListHash: "sha256:02"}})
	if got.ID != rejected.ID || got.State != PendingApproval || got.Level != Orange || !got.EndsAt.Equal(end) ||
		got.DeclaredBy != "duty2" || got.ListVersion != "L2016-2" {
		t.Errorf("revised to %+v", got)
	}
	if len(w.timersOf(got.ID)) != 1 {
		t.Errorf("timers %v, want that of its end", w.timersOf(got.ID))
	}
	if _, err := try(w, e.DecideApprove, "duty2",
		Approve{got.ID, got.Revision}); refusal.CodeOf(err) != refusal.SamePerson {
		t.Errorf("approved by the one who entered it last: %v", err)
	}
	if got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision}); got.State != Active {
		t.Errorf("approved to %s", got.State)
	}
	var history []string
	for _, h := range got.History {
		history = append(history, h.Event)
	}
	if s := strings.Join(history, " "); s != "declared rejected revised approved activated" {
		t.Errorf("history %q", s)
	}
	// A second one that was rejected cannot come back while this is live.
	w.now = w.now.Add(time.Hour)
	do(w, e.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision})
	other := w.in(phaseRejected)
	first := do(w, e.DecideDeclare, "duty", declaration(Yellow))
	_, err := try(w, e.DecideRevise, "duty", Revise{WarningID: other.ID, Revision: other.Revision})
	if refusal.CodeOf(err) != refusal.Conflict || !strings.Contains(err.Error(), first.ID) {
		t.Errorf("a second live warning: %v", err)
	}
	if _, err := try(w, e.DecideRevise, "duty",
		Revise{WarningID: first.ID, Revision: first.Revision, Level: Red}); ruleAt(err, "level") != "warning.revise_level" {
		t.Errorf("a level by revision: %v", err)
	}
	w.mustMatch()
}

// The city orders orange where our own forecast asks for red, then yellow where it still does: both differences are
// kept, and an order that follows the proposal is none.
func TestACityOrderThatGoesAgainstOurOwnProposal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	p := do(w, e.DecideForecast, "feeder", forecast("2016-12-16T17:00", "2016-12-17", 238, 340, 293, 292)).Proposal
	if p == nil || p.Level != Red {
		t.Fatalf("proposed %s", p.line())
	}
	got := do(w, e.DecideDeclare, "duty", declaration(Orange))
	got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	want := []Override{{ProposalID: p.ID, Kind: KindStart, Level: Red, Ordered: Orange, Trigger: CityOrder}}
	if !reflect.DeepEqual(got.Overrides, want) {
		t.Errorf("declared: %+v, want %+v", got.Overrides, want)
	}
	open := w.open()
	if len(open) != 1 || open[0].Kind != KindUpgrade {
		t.Fatalf("open are %v", open)
	}
	got = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: got.ID, Revision: got.Revision, Level: Yellow, Trigger: CityOrder})
	want = append(want, Override{ProposalID: open[0].ID, Kind: KindUpgrade, Level: Red, Ordered: Yellow,
		Trigger: CityOrder})
	if !reflect.DeepEqual(got.Overrides, want) {
		t.Errorf("adjusted: %+v, want %+v", got.Overrides, want)
	}
	got = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: got.ID, Revision: got.Revision, Level: Red, ProposalID: w.open()[0].ID})
	got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	if len(got.Overrides) != 2 || got.Level != Red {
		t.Errorf("a raise that follows the proposal: %s, %+v", got.Level, got.Overrides)
	}
	w.mustMatch()
}
