package compliance

import "qingkong/alerts/refusal"

// keepsLot refuses a step by which a drawn task would leave whom the lot sent there. An inspector takes one that nobody has
// for himself, as it was drawn, and that is all: it ends by his inspection, and whoever cannot go there recuses himself
// (forbidden otherwise). An officer does anything with it, and says why unless he only gives away what nobody has.
func (t *Task) keepsLot(after *Task, actor string, in *ChangeTask) error {
	if t.Origin != FromPlan {
		return nil
	}
	first := t.State == TaskOpen && in.State == TaskTaken
	switch {
	case in.Desk:
		if !first && in.ReasonRef == "" {
			return refusal.Wrong("reason", "task.drawn_reason", refusal.Args{"id": t.ID})
		}
	case !first || after.Assignee != actor || after.With != t.With || after.Day != t.Day:
		return refusal.New(refusal.Forbidden, "task.drawn", refusal.Args{"id": t.ID})
	}
	return nil
}
