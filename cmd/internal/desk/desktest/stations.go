package desktest

import (
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Instruments has the world keep what stations send, as a node does, until the test's end.
func (w *World) Instruments() {
	w.T.Helper()
	w.Svc.Instruments = stationstest.New(w.T, w.Svc, w.Clock.Now)
}

// Register registers a station that sends HJ 212-2017 frames, with the factors of one outlet.
func (w *World) Register(mn, name, recipient string, factors ...string) {
	w.T.Helper()
	six := 6.0
	outlet := calls.OutletText{Name: "1#烟囱", O2: &six}
	for _, f := range factors {
		outlet.Factors = append(outlet.Factors, calls.FactorText{Code: f})
	}
	_, err := w.Svc.AddStation(w.T.Context(), service.By("admin"), calls.NewStation{MN: mn, Name: name,
		RecipientID: recipient, ST: "31", Version: "2017", Outlets: []calls.OutletText{outlet},
		Secrets: calls.Secrets{Password: "123456"}})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Frame is a frame of a station with the data of a period that began at a time; items are keys and values in turn.
func (w *World) Frame(mn, cn string, at time.Time, items ...string) []byte {
	w.T.Helper()
	all := []hj212.Item{hj212.NewItem("DataTime", at.In(hj212.Beijing).Format("20060102150405"))}
	for i := 0; i+1 < len(items); i += 2 {
		all = append(all, hj212.NewItem(items[i], items[i+1]))
	}
	f := hj212.NewFrame(hj212.Head{QN: w.Clock.Now().In(hj212.Beijing).Format("20060102150405") + "000", ST: "31", CN: cn,
		PW: "123456", MN: mn, Flag: hj212.FlagOf(hj212.V2017, true, false), HasFlag: true}, all...)
	raw, err := f.Append(nil, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	return raw
}

// Reports has a station send good frames.
func (w *World) Reports(mn string, frames ...[]byte) {
	w.T.Helper()
	for _, raw := range frames {
		w.takes(telemetry.Frame, mn, "", raw)
	}
}

// Refuses has the world take bytes of a station that are no good frame.
func (w *World) Refuses(mn, why string, raw []byte) {
	w.T.Helper()
	w.takes(telemetry.Refused, mn, why, raw)
}

// Quarantines has the world take a good frame that nothing may be read of.
func (w *World) Quarantines(mn, why string, raw []byte) {
	w.T.Helper()
	w.takes(telemetry.Unknown, mn, why, raw)
}

func (w *World) takes(sort telemetry.Sort, mn, why string, raw []byte) {
	w.T.Helper()
	err := w.Svc.Instruments.Take(w.T.Context(),
		telemetry.Received{Sort: sort, MN: mn, Why: why, From: "192.0.2.7:50123", Raw: raw})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Heard waits until the latest data of a station are known to begin at a time: what is known of all stations follows what
// came within a moment.
func (w *World) Heard(mn string, at time.Time) {
	w.T.Helper()
	stationstest.Eventually(w.T, "the last data of "+mn, func() bool {
		b, err := w.Svc.Instruments.Brief(w.T.Context(), &telemetry.Station{MN: mn})
		return err == nil && b.LastData.Equal(at)
	})
}
