package compliance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

// task opens a task of somebody with li, or of nobody yet.
func (h *handing) task(origin TaskOrigin, assignee string) *Task {
	h.t.Helper()
	t := Task{Origin: origin, Recipient: "E1", Day: "2016-12-17", Due: at("17 18:00"), Assignee: assignee}
	if assignee != "" {
		t.With = "li"
	}
	evs := OpenTasks(h.tx, []Task{t}, at("16 12:00"))
	if err := Apply(h.tx, nil, at("16 12:00"), "duty", evs[0]); err != nil {
		h.t.Fatal(err)
	}
	return &evs[0].(*TaskOpened).Task
}

// A drawn task stays with whom the lot chose: what an inspector may do with it, what an officer may for a reason, and
// that neither holds for a task of another origin.
func TestADrawnTaskStaysWithWhomTheLotChose(t *testing.T) {
	other, nobody := "2016-12-18", ""
	second, same := "zhao", "2016-12-17"
	give := func(to string) ChangeTask { return ChangeTask{State: TaskTaken, Assignee: to} }
	const fine, forbidden, invalid = refusal.Code(""), refusal.Forbidden, refusal.Invalid
	for _, c := range []struct {
		name      string
		has, asks string
		step      ChangeTask
		inspector refusal.Code // of an inspector's step
		officer   refusal.Code // of an officer's who gives no reason
	}{
		{"is dropped", "wang", "wang", ChangeTask{State: TaskDropped, ReasonRef: "r"}, forbidden, fine},
		{"is dropped, and was nobody's", "", "wang", ChangeTask{State: TaskDropped, ReasonRef: "r"}, forbidden, fine},
		{"is given back", "wang", "wang", ChangeTask{State: TaskOpen}, forbidden, invalid},
		{"is done without an inspection", "wang", "wang", ChangeTask{State: TaskDone}, forbidden, invalid},
		{"is done, and was nobody's", "", "wang", ChangeTask{State: TaskDone}, forbidden, invalid},
		{"is given to another", "wang", "wang", give("zhao"), forbidden, invalid},
		{"is given to another by the second", "wang", "li", give("zhao"), forbidden, invalid},
		{"is taken from another", "wang", "zhao", give("zhao"), forbidden, invalid},
		{"gets another second", "wang", "wang", ChangeTask{State: TaskTaken, With: &second}, forbidden, invalid},
		{"loses its second", "wang", "wang", ChangeTask{State: TaskTaken, With: &nobody}, forbidden, invalid},
		{"is moved to another day", "wang", "wang", ChangeTask{State: TaskTaken, Day: &other}, forbidden, invalid},
		{"is for any day now", "wang", "wang", ChangeTask{State: TaskTaken, Day: &nobody}, forbidden, invalid},
		{"is taken by who takes it for himself", "", "wang", give("wang"), fine, fine},
		{"is taken as it was drawn", "", "wang", ChangeTask{State: TaskTaken, Assignee: "wang", With: &nobody, Day: &same}, fine, fine},
		{"is taken with a second", "", "wang", ChangeTask{State: TaskTaken, Assignee: "wang", With: &second}, forbidden, fine},
		{"is taken for another day", "", "wang", ChangeTask{State: TaskTaken, Assignee: "wang", Day: &other}, forbidden, fine},
		{"is given where nobody has it", "", "wang", give("zhao"), forbidden, fine},
		{"stays as it is", "wang", "wang", give("wang"), fine, fine},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHanding(t)
			drawn, by := h.task(FromPlan, c.has), h.task(ByHand, c.has)
			decide := func(task *Task, actor string, desk bool, reason string) refusal.Code {
				step := c.step
				step.ID, step.Desk = task.ID, desk
				if reason != "" {
					step.ReasonRef = reason
				}
				_, _, err := DecideTask(h.tx, actor, step)
				return refusal.CodeOf(err)
			}
			if got := decide(drawn, c.asks, false, ""); got != c.inspector {
				t.Errorf("an inspector's step: %q, want %q", got, c.inspector)
			}
			if got := decide(drawn, c.asks, false, "r"); got != c.inspector {
				t.Errorf("an inspector's step with a reason: %q, want %q", got, c.inspector)
			}
			if got := decide(drawn, "duty", true, ""); got != c.officer {
				t.Errorf("an officer's step without a reason: %q, want %q", got, c.officer)
			}
			if got := decide(drawn, "duty", true, "r"); got != fine {
				t.Errorf("an officer's step with a reason: %q", got)
			}
			if got := decide(by, c.asks, false, ""); got != fine {
				t.Errorf("of a task that somebody made: %q", got)
			}
		})
	}
}

// A record in which an inspector dropped a drawn task, as it could be before, is applied as it stands.
func TestADrawnTaskThatWasDroppedIsReadAsItWas(t *testing.T) {
	h := newHanding(t)
	task := h.task(FromPlan, "wang")
	ev := &TaskChanged{ID: task.ID, State: TaskDropped, Assignee: "wang", ReasonRef: "r"}
	if err := Apply(h.tx, nil, at("16 13:00").Add(time.Minute), "wang", ev); err != nil {
		t.Fatal(err)
	}
	if got, err := GetTask(h.tx, task.ID); err != nil || got.State != TaskDropped || got.ChangedBy != "wang" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A recusal that ended stands in the record, and one after it says that it was not the first. Recorded ends of what there is
// not change nothing.
func TestARecusalThatEndedIsKept(t *testing.T) {
	h := newHanding(t)
	var shown []string
	for i, ev := range []*InspectorRecused{
		{Recipient: "E1", User: "wang", Ended: true},
		{Recipient: "E1", User: "wang", ReasonRef: "v1"},
		{Recipient: "E1", User: "wang", Ended: true},
		{Recipient: "E1", User: "wang", ReasonRef: "v2"},
		{Recipient: "E10", User: "li", ReasonRef: "v3"},
	} {
		if err := Apply(h.tx, nil, at("16 12:00").Add(time.Duration(i)*time.Minute), ev.User, ev); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, fmt.Sprint(Recused(h.tx, "E1", "wang")))
	}
	if got := strings.Join(shown, " "); got != "false true false true true" {
		t.Errorf("it stands: %s", got)
	}
	for _, c := range []struct{ recipient, user, want string }{
		{"", "", "E10 li v3 0, E1 wang v2 1"}, {"E1", "", "E1 wang v2 1"}, {"", "li", "E10 li v3 0"}, {"E2", "", ""},
	} {
		all, more, err := Recusals(h.tx, c.recipient, c.user)
		var got []string
		for _, r := range all {
			got = append(got, fmt.Sprint(r.Recipient, " ", r.User, " ", r.ReasonRef, " ", r.Times))
		}
		if text := strings.Join(got, ", "); text != c.want || more || err != nil {
			t.Errorf("at %q of %q: %s, %v, %v", c.recipient, c.user, text, more, err)
		}
	}
}

// Who is recused gives a drawn task back, which then is nobody's, and whoever goes there takes it.
func TestARecusalGivesADrawnTaskBack(t *testing.T) {
	h := newHanding(t)
	task := h.task(FromPlan, "wang")
	evs, _, err := DecideRecuse(h.tx, "wang", Recuse{Recipient: "E1", User: "wang", ReasonRef: "r"})
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range evs {
		if err := Apply(h.tx, nil, at("16 13:00"), "wang", ev); err != nil {
			t.Fatal(err)
		}
	}
	take := func(user string) error {
		_, _, err := DecideTask(h.tx, user, ChangeTask{ID: task.ID, State: TaskTaken, Assignee: user, Own: true})
		return err
	}
	if err := take("wang"); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("who is recused takes it: %v", err)
	}
	if err := take("zhao"); err != nil {
		t.Errorf("another takes it: %v", err)
	}
}
