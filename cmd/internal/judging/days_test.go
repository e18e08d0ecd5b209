package judging_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
)

// boiler is what E0001's fifth boiler burns: at most 2,550 t a day by its order.
var boiler = telemetry.PointOf("120111E00010000000000005", "g20301")

// burns reports the coal of the hours of 2016-12-17 in t, from the midnight before it on.
func (p *plant) burns(t float64) {
	p.t.Helper()
	p.saysOf(boiler, "t", telemetry.Total, 3, slices.Repeat([]float64{t}, 24)...)
}

// of are the findings of a measure, and all of them by their ids.
func (p *plant) findings(measure string) (of []*compliance.Finding) {
	p.t.Helper()
	err := p.Svc.J.View(func(tx *bbolt.Tx) error {
		all, _, err := compliance.ListFindings(tx, compliance.Filter{Warning: p.id, Recipient: "E0001"}, "", compliance.MaxPage)
		for _, f := range all {
			if strings.HasPrefix(f.Measure, measure) {
				of = append(of, f)
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return of
}

// A day that failed is recorded when that is seen, and by no pass behind it.
func TestADayIsRecordedOnce(t *testing.T) {
	p := newPlant(t)
	p.burns(120)
	p.until(27.1)
	first := p.findings("M05")
	i := slices.IndexFunc(first, func(f *compliance.Finding) bool {
		return f.Ref == "120111E00010000000000005" && f.Kind == "day_total_at_most"
	})
	if i < 0 || first[i].Verdict != judge.Suspected || *first[i].Hours[0].Measured != 2880 || *first[i].Hours[0].Limit != 2550 {
		t.Fatalf("a day of 2,880 t is %+v", first)
	}
	for range 3 {
		height := p.Svc.J.Height()
		if p.until(27.2); p.Svc.J.Height() != height {
			t.Error("the same day is recorded again")
		}
	}
	p.until(29.5) // the hours go on
	now := p.findings("M05")
	if i := slices.IndexFunc(now, func(f *compliance.Finding) bool { return f.ID == first[i].ID }); i < 0 || now[i].Revision != 1 {
		t.Errorf("the day's finding has become %+v", now[i])
	}
}

// Of late data that take an hour out of the middle of a finding, the finding is revised: it rests on that hour no more.
func TestAnHourThatNoLongerFails(t *testing.T) {
	p := newPlant(t)
	p.says(0, 40, 41, 42, 43, 44)
	p.says(2, 30)
	p.until(5)
	_, f := p.verdict()
	if f == nil || len(f.Hours) != 5 {
		t.Fatalf("%+v", f)
	}
	accept := compliance.AcceptValue{Finding: f.ID, At: f.Hours[2].At, Value: 30, ReasonRef: "v1"}
	if err := p.submit("compliance.accept_value", "duty", accept); err != nil {
		t.Fatal(err)
	}
	p.until(5.1)
	if _, f := p.verdict(); f.Revision != 2 || len(f.Hours) != 4 {
		t.Errorf("revision %d rests on %d hours", f.Revision, len(f.Hours))
	}
}

// Instruments of a plant that fall silent for a day make one task; those that never reported make the one of their own
// alone, however long that goes on.
func TestOneTaskForSilence(t *testing.T) {
	p := newPlant(t)
	p.saysOf(telemetry.PointOf("120111E00010000000000005", "a21002"), "mg/m3", telemetry.Avg, 0, 30)
	p.says(0, 30)
	for hours := 0; hours < 60; hours += 4 {
		p.until(float64(hours))
	}
	kinds := map[string]int{}
	for _, task := range p.tasks() {
		kind, _, _ := strings.Cut(task, " ")
		kinds[kind]++
	}
	if kinds["no_data"] != 1 || kinds["never_heard"] != 1 || len(kinds) != 2 {
		t.Errorf("the tasks are %q", p.tasks())
	}
}

// Every vehicle of a day counts, however many there are and however many go through at the same time.
func TestEveryVehicleOfADay(t *testing.T) {
	const all, together = 12_003, 7
	p := newPlant(t)
	midnight := p.due.Add(3 * time.Hour)
	p.Elapse(midnight.AddDate(0, 0, 1).Add(-time.Second).Sub(p.Clock.Now()))
	for first := 0; first < all; first += 500 {
		var passes []map[string]any
		for i := first; i < min(first+500, all); i++ {
			pass := map[string]any{"at": midnight.Add(time.Duration(i/together) * 7 * time.Second),
				"plate": fmt.Sprintf("津A%05d", i), "standard": "国六"}
			if i == all-1 {
				pass["standard"] = "国三"
			}
			passes = append(passes, pass)
		}
		body, err := json.Marshal(map[string]any{"point": "MJ-E0001-1", "passes": passes})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Svc.TakeTelemetry(t.Context(), service.Ask{Who: &access.Principal{User: "feeder", Role: calls.Feeder}},
			calls.Telemetry{Text: body}); err != nil {
			t.Fatal(err)
		}
	}
	var day judge.DayOutcome
	stationstest.Eventually(t, "the vehicles", func() bool {
		l := p.look()
		i := slices.IndexFunc(l.Watches, func(w judging.WatchLook) bool { return w.Measure == "M11" })
		if len(l.Watches[i].Days) != 1 {
			t.Fatalf("%+v", l.Watches[i])
		}
		day = l.Watches[i].Days[0]
		return day.Valid >= all
	})
	if day.Valid != all || day.Measured != 1 || day.Result != judge.Fail {
		t.Errorf("of %d vehicles, of which the last may not pass, the day has %+v", all, day)
	}
}
