// Package stations is the desk's area of what instruments say: all stations by how they report, one station, one point,
// and the form of the register. An enterprise sees its own there, a town its own.
package stations

import (
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// desk is the area's state.
type desk struct{ *frame.Frame }

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{f}
	f.MonitorsOf = d.monitors
	f.Add(
		frame.Page{Pattern: "GET /desk/stations", Act: calls.ActTelemetryRead, Key: "stations", Show: d.wall},
		frame.Page{Pattern: "GET /desk/stations/{mn}", Act: calls.ActTelemetryRead, Key: "station", Show: d.station},
		frame.Page{Pattern: "GET /desk/points/{point...}", Act: calls.ActTelemetryRead, Key: "point", Show: d.point},
		frame.Page{Pattern: "/desk/register", Act: calls.ActStations, Key: "station.add", Template: "station-form",
			Show: d.addForm, Do: d.add, Secret: true, Grows: true},
		frame.Page{Pattern: "/desk/stations/{mn}/change", Act: calls.ActStations, Key: "station.change",
			Template: "station-form", Show: d.changeForm, Do: d.change, Secret: true, Grows: true},
		frame.Page{Pattern: "POST /desk/stations/{mn}/retire", Act: calls.ActStations, Key: "station", Show: d.station,
			Do: d.retire, Grows: true},
		frame.Page{Pattern: "POST /desk/stations/{mn}/reinstate", Act: calls.ActStations, Key: "station",
			Show: d.station, Do: d.reinstate, Grows: true})
}

// openOrder is an open order that asks something of a measure.
type openOrder struct {
	ID       string
	Measures []reductionlist.Measure
}

// mostOrders is how many open orders of a recipient a page looks at: a recipient has one or two.
const mostOrders = 20

// openOrders are the open orders of a recipient that the reader may read.
func openOrders(q *frame.Request, recipient string) (all []openOrder, err error) {
	if recipient == "" || !q.May(calls.ActOrdersRead) {
		return nil, nil
	}
	var ids []string
	err = q.View(func(tx *bbolt.Tx) error {
		found, _, err := notify.ListOrders(tx, notify.Filter{Recipient: recipient, State: "open"}, "", mostOrders)
		for _, o := range found {
			ids = append(ids, o.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		o, err := q.Order(id)
		if err != nil {
			return nil, err
		}
		measures, err := o.Listed()
		if err != nil {
			return nil, err
		}
		all = append(all, openOrder{id, measures})
	}
	return all, nil
}
