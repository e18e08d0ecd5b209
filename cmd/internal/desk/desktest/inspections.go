package desktest

import (
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// Inspects hands in what the inspector found of a recipient's order of a warning: its first measure was not carried out, and
// nobody signed. change may say something else.
func (w *World) Inspects(order string, change ...func(*calls.NewInspection)) calls.InspectionView {
	w.T.Helper()
	now := w.Clock.Now()
	_, recipient, _ := strings.Cut(strings.TrimSuffix(order, "-1"), "-E")
	in := calls.NewInspection{ClientID: frame.NewKey(), OrderID: order, Recipient: "E" + recipient, At: &now,
		DeviceNow: &now, Note: "值长在场" + Hostile, Items: []calls.NewItem{{MeasureID: "M1", Expected: "1号线：限产一半", Found: "1号线满负荷" + Hostile,
			Result: inspect.Fail, Value: new(98.5), Unit: "%", Vehicles: []string{"津A12345"}}},
		Position:  &inspect.Fix{Lon: 117.01, Lat: 39.14, Accuracy: 20, At: now},
		Signature: calls.NewSignature{Refused: "负责人拒签"}, Disposition: inspect.Rectify, Due: new(now.Add(6 * time.Hour))}
	for _, fn := range change {
		fn(&in)
	}
	v, err := w.Svc.AddInspection(w.T.Context(), service.Ask{Who: &access.Principal{User: "inspector", Role: calls.Inspector}}, in)
	if err != nil {
		w.T.Fatal(err)
	}
	return v
}

// Draws ends what there is to do at recipients of a town, and has one of them drawn by lot, to be visited today.
func (w *World) Draws(town string) *inspect.Draw {
	w.T.Helper()
	duty := service.Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	all := read(w, func(tx *bbolt.Tx) ([]*compliance.Task, error) {
		all, _, err := compliance.ListTasks(tx, compliance.TaskFilter{Undone: true,
			Wanted: func(t *compliance.Task) bool { return t.Town == town }}, "", compliance.MaxPage)
		return all, err
	})
	for _, t := range all {
		if _, err := w.Svc.ChangeTask(w.T.Context(), duty, calls.TaskStep{ByID: calls.ByID{ID: t.ID}, State: compliance.TaskDone,
			Reason: "示例"}); err != nil {
			w.T.Fatal(err)
		}
	}
	now := w.Clock.Now()
	d, err := w.Svc.DrawVisits(w.T.Context(), duty, calls.NewDraw{Day: now.In(alerts.Shanghai()).Format(time.DateOnly), Towns: []string{town},
		Random: 1, Due: now.Add(12 * time.Hour)})
	if err != nil {
		w.T.Fatal(err)
	}
	return d
}
