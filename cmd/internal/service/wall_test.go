package service_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/reductionlist"
)

// walled is a district of n stations that are registered, have reported and belong to a recipient each.
func walled(b *testing.B, n int) *servicetest.World {
	w := servicetest.New(b, nil)
	l := &reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例"}
	for i := range n {
		id := fmt.Sprintf("E%04d", i+1)
		l.Recipients = append(l.Recipients, &reductionlist.Recipient{ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id,
			Town: []string{"大寺镇", "杨柳青镇"}[i%2], StationMN: "MN" + id, MeterID: "DB" + id, Industry: "C3360",
			Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"}})
	}
	w.Import(l)
	w.Svc.Instruments = stationstest.New(b, w.Svc, w.Clock.Now)
	var all sync.WaitGroup
	next := make(chan int)
	for range 16 {
		all.Go(func() {
			for i := range next {
				id := fmt.Sprintf("E%04d", i+1)
				add := calls.NewStation{MN: "MN" + id, Name: "总排口", RecipientID: id,
					Outlets: []calls.OutletText{{Name: "1#", Factors: []calls.FactorText{{Code: "a21026"}}}}}
				if _, err := w.Svc.AddStation(b.Context(), service.By("admin"), add); err != nil {
					b.Error(err)
				}
				body := fmt.Sprintf(`{"point":"MN%s.a21026","step":"1h","readings":[{"at":"2016-12-16T15:00:00+08:00","value":7}]}`, id)
				if _, err := w.Svc.TakeMessage(b.Context(), service.By("feeder"), "MN"+id, []byte(body)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return w
}

// A recipient's instruments are the same whether they are looked up or picked out of all: of an instrument that several
// are named of each of these, of a registered one its owner alone, of a retired one nobody.
func TestOwnReporters(t *testing.T) {
	w := servicetest.New(t, nil)
	l := &reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例"}
	for i, meter := range []string{"DB-SHARED", "DB-SHARED", "DB-REG", "DB-OLD", ""} {
		id := fmt.Sprintf("E%04d", i+1)
		l.Recipients = append(l.Recipients, &reductionlist.Recipient{ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id,
			Town: "大寺镇", MeterID: meter, Industry: "C3360", Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"}})
	}
	l.Recipients[0].StationMN = "MNE0001"
	w.Import(l)
	w.Svc.Instruments = stationstest.New(t, w.Svc, w.Clock.Now)
	for mn, owner := range map[string]string{"DB-REG": "E0005", "DB-OLD": "E0004", "MNOWN": "E0002"} {
		if _, err := w.Svc.AddStation(t.Context(), service.By("admin"), calls.NewStation{MN: mn, Name: mn, RecipientID: owner}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := servicetest.Say(t.Context(), w.Svc, "admin", "", calls.RetireStation, "DB-OLD", []byte(`{"revision":1}`)); err != nil {
		t.Fatal(err)
	}
	seen := func(a service.Ask, in calls.StatesQuery) string {
		got, err := w.Svc.StationsHeard(t.Context(), a, in)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, st := range got.Items {
			all = append(all, st.MN)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	points := func(a service.Ask, in calls.PointsQuery) string {
		got, err := w.Svc.Points(t.Context(), a, in)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range got.Items {
			all = append(all, p.Ref)
		}
		return strings.Join(slices.Compact(all), " ")
	}
	duty := service.Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	if got := seen(duty, calls.StatesQuery{}); got != "DB-REG DB-SHARED MNE0001 MNOWN" {
		t.Errorf("all: %s", got)
	}
	for id, want := range map[string]string{"E0001": "DB-SHARED MNE0001", "E0002": "DB-SHARED MNOWN", "E0003": "", "E0004": "",
		"E0005": "DB-REG", "E0009": "", "": ""} {
		own := service.Ask{Who: &access.Principal{User: id, Role: calls.Enterprise, Recipient: id}}
		if got := seen(own, calls.StatesQuery{}); got != want {
			t.Errorf("%s sees %q, not %q", id, got, want)
		}
		if id == "" {
			continue
		}
		if got := seen(duty, calls.StatesQuery{Recipient: id}); got != want {
			t.Errorf("duty sees %q of %s, not %q", got, id, want)
		}
		if got := points(duty, calls.PointsQuery{Recipient: id}); got != want {
			t.Errorf("points of %s are of %q, not %q", id, got, want)
		}
		if got := seen(own, calls.StatesQuery{Recipient: "E0005"}); id != "E0005" && got != "" {
			t.Errorf("%s sees %q of another", id, got)
		}
	}
}

// What one look at the wall and at a recipient's points costs among 2,000 stations.
func BenchmarkWall(b *testing.B) {
	w := walled(b, 2000)
	own := service.Ask{Who: &access.Principal{User: "E0700", Role: calls.Enterprise, Recipient: "E0700"}}
	duty := service.Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	states := func(a service.Ask, in calls.StatesQuery, want int) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if got, err := w.Svc.StationsHeard(b.Context(), a, in); err != nil || got.Total != want {
					b.Fatalf("%d stations, %v", got.Total, err)
				}
			}
		}
	}
	b.Run("all", states(duty, calls.StatesQuery{}, 4000))
	b.Run("one of all", states(duty, calls.StatesQuery{Q: "MNE0700"}, 1))
	b.Run("a town's", states(duty, calls.StatesQuery{Town: "大寺镇"}, 2000))
	b.Run("a recipient's", states(own, calls.StatesQuery{}, 2))
	b.Run("a recipient's points", func(b *testing.B) {
		for b.Loop() {
			if got, err := w.Svc.Points(b.Context(), own, calls.PointsQuery{}); err != nil || got.Total < 2 {
				b.Fatalf("%d points, %v", got.Total, err)
			}
		}
	})
}
