package plants

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"runtime/debug"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// planPanel is what the page of a plant's order shows of its plan.
type planPanel struct {
	Plan     *planView // the accepted one, or else the prepared one
	Accepted bool
	Chinese  bool   // what limits it is in Chinese alone
	Plans    string // where it is prepared and accepted; empty for who may not, or an order that takes none
	Figures  string // where figures are given; empty for who may not
	Missing  int    // figures that are asked for
	Error    string
}

// panel is what the page of an order shows of its plan; nothing for one that is no plant's. What fails of the plan is
// said in it, and fails nothing else: the order has to be seen whatever becomes of its plan.
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
			v.Figures = figuresPath(o.RecipientID, o.ID)
			v.Missing = btoi(f.Figures == nil || f.Old)
		} else if refusal.CodeOf(err) == "" {
			v.Error = d.planError(q, err)
		}
	}
	if q.May(calls.ActOrdersPlan) && open {
		if err := safely(func() error { return d.preparedPanel(q, v, o.ID, accepted == nil) }); err != nil {
			v.Error = d.planError(q, err)
		}
	}
	if v.Plan == nil && v.Plans == "" && v.Figures == "" && v.Error == "" {
		return "", nil
	}
	return q.HTML("plan-panel", v)
}

// preparedPanel adds the prepared plan of an order, where show says that it is to be shown, and where it can be looked
// at.
func (d *desk) preparedPanel(q *frame.Request, v *planPanel, id string, show bool) error {
	p, err := d.Svc.PreparePlan(q.Context(), id, pageTime)
	if err != nil {
		return err
	}
	v.Plans, v.Missing = planPath(id), needed(p)
	if plan := p.Operating(); plan != nil && show {
		v.Plan = viewOf(q, plan, p.Answer.BindingIn(q.Lang), false)
	}
	return nil
}

// safely makes an error of a panic.
func safely(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// planError says what failed of a plan; empty for an order that is no plant's by its list. What nobody foresaw is
// logged.
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

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// asksForPlan reports whether a plan may be made for an order, by its measures.
func asksForPlan(o *notify.View) bool {
	for i := range o.Measures {
		if a := o.Measures[i].Action; a == reductionlist.ReduceCoal || a == reductionlist.AllocateWaste {
			return true
		}
	}
	return false
}

func needed(p *service.Prepared) (n int) {
	for _, m := range p.Missing {
		if !m.Optional {
			n++
		}
	}
	return n
}

func planPath(order string) string { return "/desk/orders/" + url.PathEscape(order) + "/plan" }

func figuresPath(recipient, order string) string {
	return "/desk/recipients/" + url.PathEscape(recipient) + "/figures?order=" + url.QueryEscape(order)
}
