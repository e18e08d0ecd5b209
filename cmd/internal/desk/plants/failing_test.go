package plants_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
	district "qingkong/seeds/xiqing"

	"qingkong/alerts"
)

// givenBy has a plant give the demo's figures, changed.
func givenBy(w *desktest.World, recipient string, change func(*plant.Figures)) {
	w.T.Helper()
	f := district.Figures(desktest.Begin.In(alerts.Shanghai()))[recipient]
	if change != nil {
		change(&f)
	}
	if err := w.Svc.RecordFigures(w.T.Context(), service.By(recipient), recipient, f); err != nil {
		w.T.Fatal(err)
	}
}

// Whatever becomes of a plan, its order is shown, with what failed; the page of the plan leads to the figures.
func TestAFailingPlanLeavesTheOrder(t *testing.T) {
	answers := func(a *allocate.Answer, err error) service.Solve {
		return func(context.Context, allocate.Kind, []byte, allocate.Limits, allocate.Options) (*allocate.Answer, error) {
			return a, err
		}
	}
	for name, c := range map[string]struct {
		solve  service.Solve
		says   string
		logged string
	}{
		"it panics": {func(context.Context, allocate.Kind, []byte, allocate.Limits, allocate.Options) (*allocate.Answer,
			error) {
			panic("index out of range")
		}, "方案计算出错", "index out of range"},
		"an error nobody foresaw": {answers(nil, errors.New("no such thing")), "方案计算出错", "no such thing"},
		"a plan without steps": {answers(&allocate.Answer{Outcome: allocate.Outcome{Status: allocate.Optimal}}, nil),
			"方案计算出错", "nil pointer"},
		"it takes too long":    {answers(nil, allocate.ErrNoPlanYet), "时限", ""},
		"it is never answered": {answers(nil, context.DeadlineExceeded), "方案", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, order, _ := plants(t)
			givenBy(w, "E0001", nil)
			w.Svc.SolveBy(c.solve)
			w.Logs(c.logged)
			for _, user := range []string{"duty", "viewer", "E0001"} {
				page := w.Get(http.StatusOK, user, "/desk/orders/"+order)
				desktest.Shows(t, "to "+user, page, "5#机组", "日耗煤量减少")
				if user == "duty" {
					desktest.Shows(t, "to "+user, page, c.says)
					if desktest.Find(page, "a", "href", "/desk/recipients/E0001/figures?order="+order) == nil {
						t.Error("nothing leads to the figures")
					}
				}
			}
			page := w.Get(http.StatusOK, "duty", "/desk/orders/"+order+"/plan")
			desktest.Shows(t, "the plan's page", page, c.says)
			if desktest.Find(page, "a", "href", "/desk/recipients/E0001/figures?order="+order) == nil {
				t.Error("nothing leads from the plan's page to the figures")
			}
		})
	}
}

// A plant that says that nothing is asked of it does not keep the officer from its order.
func TestNothingDemandedOnTheDesk(t *testing.T) {
	w, order, _ := plants(t)
	givenBy(w, "E0001", func(f *plant.Figures) {
		f.Demand = []plant.Demand{{PowerMinMW: new(0.0), PowerMaxMW: new(300.0), HeatGJH: new(0.0)}}
	})
	w.Logs("panic")
	desktest.Shows(t, "the order", w.Get(http.StatusOK, "duty", "/desk/orders/"+order), "预备的运行方案", "5#机组")
	w.Get(http.StatusOK, "duty", "/desk/orders/"+order+"/plan")
}
