package plants

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"runtime/debug"
	"slices"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// planPanel is what the page of a plant's order shows of its plan.
type planPanel struct {
	Plan        *planView // the accepted one, or else the prepared one
	Accepted    bool
	Chinese     bool   // what limits it is recorded in Chinese alone
	PlanPath    string // of the page that prepares and accepts it; empty where the user may not or the order takes none
	FiguresPath string // of the page that takes figures; empty where the user may not give any
	Missing     int    // how many figures are asked for
	Error       string
}

// panel is what the page of an order shows of its plan; empty for an order that is no plant's. It says what fails of
// the plan and fails nothing else, for the order has to be seen whatever becomes of its plan.
func (d *desk) panel(q *frame.Request, o *notify.View) (template.HTML, error) {
	if !asksForPlan(o) {
		return "", nil
	}
	v := &planPanel{}
	accepted, err := plant.ParseOperatingPlan(o.Plan)
	if err == nil && accepted != nil {
		v.Accepted, v.Chinese = true, true
		err = safely(func() error { v.Plan = viewOf(q, accepted, accepted.Binding, true); return nil })
	}
	if err != nil {
		v.Error = d.planError(q, err)
	}
	open := o.State == notify.StateOpen.String()
	if q.May(calls.ActFiguresWrite) && open {
		if f, err := d.Svc.ReadFigures(q.Context(), q.Ask(), calls.ByID{ID: o.RecipientID}); err == nil {
			v.FiguresPath = figuresPath(o.RecipientID, o.ID)
			if f.Figures == nil || f.Old {
				v.Missing = 1
			}
		} else if refusal.CodeOf(err) == "" {
			v.Error = d.planError(q, err)
		}
	}
	if q.May(calls.ActOrdersPlan) && open {
		if err := safely(func() error { return d.preparedPanel(q, v, o.ID, accepted == nil) }); err != nil {
			v.Error = d.planError(q, err)
		}
	}
	if v.Plan == nil && v.PlanPath == "" && v.FiguresPath == "" && v.Error == "" {
		return "", nil
	}
	return q.HTML("plan-panel", v)
}

// preparedPanel adds the path of the prepared plan of an order, how many figures it misses, and if show is set the
// plan.
func (d *desk) preparedPanel(q *frame.Request, v *planPanel, id string, show bool) error {
	p, err := d.Svc.PreparePlan(q.Context(), id, pageTime)
	if err != nil {
		return err
	}
	v.PlanPath, v.Missing = planPath(id), 0
	for _, m := range p.Missing {
		if !m.Optional {
			v.Missing++
		}
	}
	if plan := p.Operating(); plan != nil && show {
		v.Plan = viewOf(q, plan, p.Answer.BindingIn(q.Lang), false)
	}
	return nil
}

// safely turns a panic of f into an error.
func safely(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// planError says what failed of a plan; empty for an order that is no plant's by its list. It logs what nobody foresaw.
func (d *desk) planError(q *frame.Request, err error) string {
	var e *refusal.Error
	switch {
	case errors.As(err, &e) && e.Rule == "plan.not_for":
		return ""
	case errors.As(err, &e), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, journal.ErrClosed):
		return q.T("plan.failed_why", "why", d.Told(q, err).Detail(q.Lang))
	}
	d.Log.Error("a plan failed", "method", q.Method, "path", q.URL.Path, "err", err)
	return q.T("plan.failed")
}

// asksForPlan reports whether a plan may be made for an order, by its measures.
func asksForPlan(o *notify.View) bool {
	return slices.ContainsFunc(o.Measures, func(m notify.MeasureView) bool {
		return m.Action == reductionlist.ReduceCoal || m.Action == reductionlist.AllocateWaste
	})
}

func planPath(order string) string { return frame.OrderPath(order) + "/plan" }

func figuresPath(recipient, order string) string {
	return "/desk/recipients/" + url.PathEscape(recipient) + "/figures?order=" + url.QueryEscape(order)
}
