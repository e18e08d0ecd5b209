package desktest

import (
	"encoding/json"
	"log/slog"
	"slices"
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
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// Due is how long behind an order of [Judged] its sulphur is judged from.
const Due = 4 * time.Hour

// Judged is a world that is judged, whose enterprises each have a station MN<id> of which sulphur has to be at most
// 30 mg/m³ in each hour from [Due] behind the order on, beside the power of [Fixture], which nobody reports.
func Judged(t testing.TB) *World {
	t.Helper()
	list := Fixture()
	for _, r := range list.Recipients {
		m := &r.Measures[0]
		m.Monitors = append(m.Monitors, reductionlist.Monitor{Source: reductionlist.CEMS, Ref: "MN" + r.ID, Factor: "a21026",
			Criterion: reductionlist.Criterion{Kind: reductionlist.HourConcentrationAtMost, Limit: 30, Unit: "mg/m3"}})
	}
	w := NewWith(t, list)
	w.Instruments()
	w.Judges()
	return w
}

// Judges has the world hold orders against what its instruments say.
func (w *World) Judges() {
	w.T.Helper()
	holidays, err := judge.ParseHolidays(seeds.Holidays())
	if err != nil {
		w.T.Fatal(err)
	}
	w.Svc.Judging = judging.New(judging.Options{Journal: w.Svc.J, Readings: w.Svc.Instruments, Settings: judge.Defaults,
		Follow: judging.Usual, Holidays: holidays.Class, Log: slog.New(slog.DiscardHandler)})
}

// Judge has the world judge what is known by now.
func (w *World) Judge() {
	w.T.Helper()
	if _, err := w.Svc.Judging.Pass(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// Says has a point report values of hours, the first of which begins at a time. The clock is moved to their end, unless it is
// there already.
func (w *World) Says(point telemetry.Point, unit string, first time.Time, values ...float64) {
	w.T.Helper()
	msg := struct {
		Point    telemetry.Point  `json:"point"`
		Unit     string           `json:"unit"`
		Step     string           `json:"step"`
		Readings []map[string]any `json:"readings"`
	}{Point: point, Unit: unit, Step: "1h"}
	last := first
	for i, v := range values {
		last = first.Add(time.Duration(i) * time.Hour)
		msg.Readings = append(msg.Readings, map[string]any{"at": last, "value": v, "flag": "N"})
	}
	if over := last.Add(time.Hour); w.Clock.Now().Before(over) {
		w.Elapse(over.Sub(w.Clock.Now()))
	}
	body, err := json.Marshal(msg)
	if err != nil {
		w.T.Fatal(err)
	}
	feeder := service.Ask{Who: &access.Principal{User: "feeder", Role: calls.Feeder}}
	if _, err := w.Svc.TakeTelemetry(w.T.Context(), feeder, calls.Telemetry{Text: body}); err != nil {
		w.T.Fatal(err)
	}
	stationstest.Eventually(w.T, "the hour", func() bool {
		all, err := w.Svc.Instruments.Series(w.T.Context(), point, telemetry.Hour, last, last.Add(time.Hour), 1)
		return err != nil || len(all) == 1 && tells(&all[0], values[len(values)-1])
	})
}

// Suspected is a judged world in which E0001 did not keep its limit for two hours, with the id of its warning, of its order
// and of the finding.
func Suspected(t testing.TB) (w *World, order, finding string) {
	t.Helper()
	w = Judged(t)
	warning := w.Ordered()
	from := w.Clock.Now().Add(Due).Truncate(time.Hour)
	w.Says("MNE0001.a21026", "mg/m3", w.Clock.Now().Add(-6*time.Hour).Truncate(time.Hour), 20, 22, 21, 25, 24, 23)
	w.Says("MNE0001.a21026", "mg/m3", from, 40, 41)
	w.Judge()
	return w, warning + "-E0001-1", warning + "-E0001-F001"
}

// TaskOf is the latest task about a recipient. Orders are judged beside each other, so that its number may be any.
func (w *World) TaskOf(recipient string) string {
	w.T.Helper()
	all := read(w, func(tx *bbolt.Tx) ([]*compliance.Task, error) {
		all, _, err := compliance.ListTasks(tx, compliance.TaskFilter{
			Wanted: func(t *compliance.Task) bool { return t.Recipient == recipient }}, "", 1)
		return all, err
	})
	if len(all) == 0 {
		w.T.Fatalf("no task about %s", recipient)
	}
	return all[0].ID
}

// tells reports whether a value came for a period, be it the one that stands or another.
func tells(k *telemetry.Kept, value float64) bool {
	is := func(r *telemetry.Reading) bool { x, ok := r.Values.Get(telemetry.Avg); return ok && x == value }
	return is(&k.Reading) || slices.ContainsFunc(k.Others, func(o telemetry.Other) bool { return is(&o.Reading) })
}
