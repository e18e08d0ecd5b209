package stations_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/reductionlist"
)

// monitored is a world with an order of E0001 that asks for a concentration and a mass of its station in each hour, and
// for lorries at its gate.
func monitored(t *testing.T) (w *desktest.World, order string) {
	list := desktest.Fixture()
	m := &list.Recipients[0].Measures[0]
	add := func(source reductionlist.Source, ref, factor string, c reductionlist.Criterion) {
		m.Monitors = append(m.Monitors, reductionlist.Monitor{Source: source, Ref: ref, Factor: factor, Criterion: c})
	}
	add(reductionlist.CEMS, "MNE0001", "a21026",
		reductionlist.Criterion{Kind: reductionlist.HourConcentrationAtMost, Limit: 30, Unit: "mg/m3"})
	add(reductionlist.CEMS, "MNE0001", "a21026",
		reductionlist.Criterion{Kind: reductionlist.HourMassAtMost, Limit: 2000, Unit: "g/h"})
	add(reductionlist.Gate, "东门", "", reductionlist.Criterion{Kind: reductionlist.NoVehicleBelow, Standard: "国五"})
	w = desktest.NewWith(t, list)
	w.Instruments()
	w.Register("MNE0001", "总排口", "E0001", "a21026")
	w.Reports("MNE0001", w.Frame("MNE0001", "2061", at(-1), "a21026-Avg", "12.5", "a21026-Cou", "2.25", "a21026-Flag", "N"))
	w.Heard("MNE0001", at(-1))
	return w, w.Ordered() + "-E0001-1"
}

// lines are the texts that stand at the limits of the charts of a page.
func lines(page *html.Node) (all []string) {
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "text" && strings.Contains(desktest.Attr(e, "class"), "limit-text") {
			all = append(all, desktest.TextOf(e))
		}
	})
	return all
}

// What an open order asks of an hour is a line in the chart of hours, in the chart's unit, and stands beside it in words.
func TestLimitsOfOrders(t *testing.T) {
	w, order := monitored(t)
	page := w.Get(200, "duty", "/desk/points/MNE0001.a21026?step=1h")
	if got := fmt.Sprint(lines(page)); got != "[M1 限值 30 M1 限值 30 M1 限值 2 M1 限值 2]" { // each for a desk and for a phone
		t.Errorf("limits: %s", got)
	}
	desktest.Says(t, "in words", desktest.TextOf(page), order, "减排令限值")
	if got := lines(w.Get(200, "duty", "/desk/points/MNE0001.a21026?step=1m")); len(got) != 0 {
		t.Errorf("minutes have limits of hours: %v", got)
	}
	desktest.Says(t, "order", desktest.TextOf(w.Get(200, "duty", "/desk/orders/"+order)), "12.5 mg/m³（小时，")
	desktest.Says(t, "station", rowOf(w.Get(200, "duty", "/desk/stations/MNE0001"), "/desk/orders/"+order), "M1", order)
	w.Elapse(0)
	if got := lines(w.Get(200, "E0001", "/desk/points/MNE0001.a21026")); len(got) != 4 {
		t.Errorf("the plant reads %v", got)
	}
}

// Plates at a gate are shown whole to duty and inspectors, in part to everybody else.
func TestPlates(t *testing.T) {
	w, _ := monitored(t)
	body := `{"point":"东门","passes":[{"at":"2016-12-16T16:30:00+08:00","plate":"津A12345","standard":"国四","fuel":"柴油"}]}`
	if _, err := w.Svc.TakeMessage(t.Context(), service.By("feeder"), "东门", []byte(body)); err != nil {
		t.Fatal(err)
	}
	stationstest.Eventually(t, "the vehicle", func() bool {
		passes, err := w.Svc.Instruments.Passes(t.Context(), "东门", at(-1), at(0), 0, 1)
		return err == nil && len(passes) == 1
	})
	path := "/desk/points/" + url.PathEscape("东门") + "?from=2016-12-16&to=2016-12-16"
	for user, whole := range map[string]bool{"duty": true, "inspector": true, "viewer": false, "E0001": false} {
		text := desktest.TextOf(w.Get(200, user, path))
		desktest.Says(t, user, text, "过车记录", "国四", "柴油")
		if strings.Contains(text, "津A12345") != whole || strings.Contains(text, "只显示一部分") == whole {
			t.Errorf("%s, who reads plates whole: %v, reads %s", user, whole, text)
		}
	}
}
