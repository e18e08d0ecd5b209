package demo

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry/hj212"
	"qingkong/reductionlist"
	"qingkong/seeds/example"
)

// The recipients whose instruments are simulated: the two plants and ten enterprises of the embedded list. One of them
// does half of what it is ordered to.
const (
	sites    = 12
	halfSite = "E0010"
)

// siteIDs are the ids of those recipients.
func siteIDs() (ids []string) {
	for n := range sites {
		ids = append(ids, example.ID(n+1))
	}
	return ids
}

// marked is a name with the word that tells a simulated instrument from a real one wherever it is shown.
func marked(name string) string { return name + "（演示）" }

// site is what of a recipient is simulated: what the list expects of its instruments, and what stands behind them.
type site struct {
	recipient string
	stations  []*simulate.Station
	meters    []*simulate.Meter
	behind    map[string]*works // by ref of the instrument
	all       []*works
	given     map[string]bool // orders that are followed, with their measures
}

// works is a plant and what it usually does.
type works struct {
	*simulate.Plant
	name string             // of the unit; empty for all of the recipient
	mean float64            // load of a usual week
	day  float64            // t that it burns on a usual day; 0 where nothing says it
	mass map[string]float64 // kg/h at full load that it is sized by
}

// wrong is what is wrong with a station, so that a newcomer sees how it is shown. Nothing here keeps one from reporting.
var wrong = map[string]simulate.Faults{
	"E0004": {CRC: 0.02},
	"E0006": {Clock: 95 * time.Second},
	"E0008": {Twice: 0.01, Differ: 0.02},
	"E0011": {Drift: 0.01},
}

// siteOf makes the instruments of a recipient. MNs, refs, factors and units are those of the list (监测标识, 监测因子,
// 判定条件), and the plants are of such a size that a criterion is passed before an order and kept under it.
func siteOf(r *reductionlist.Recipient) (*site, error) {
	s := &site{recipient: r.ID, behind: map[string]*works{}, given: map[string]bool{}}
	common := s.works(r, "")
	for i := range r.Measures {
		m := &r.Measures[i]
		w := common
		if m.Action == reductionlist.ReduceCoal || m.Action == reductionlist.AllocateWaste {
			w = s.works(r, m.Unit)
		}
		for _, o := range m.Monitors {
			if o.Source != reductionlist.Video && o.Ref != "" && s.behind[o.Ref] == nil {
				s.behind[o.Ref] = w
			}
		}
	}
	for _, mn := range r.Stations() {
		if s.behind[mn] == nil {
			s.behind[mn] = common
		}
	}
	expected := reductionlist.ExpectedOf(r)
	for _, w := range s.all {
		if err := s.size(w, r); err != nil {
			return nil, err
		}
	}
	for _, mn := range r.Stations() {
		if err := s.station(mn, r, expected); err != nil {
			return nil, err
		}
	}
	s.reporters(r)
	return s, nil
}

// works is the plant of a unit, made where there is none.
func (s *site) works(r *reductionlist.Recipient, unit string) *works {
	if i := slices.IndexFunc(s.all, func(w *works) bool { return w.name == unit }); i >= 0 {
		return s.all[i]
	}
	w := &works{Plant: simulate.NewPlant(kindOf(r), seedOf(r.ID+unit)), name: unit, mass: map[string]float64{}}
	if r.ID == halfSite {
		w.Behaviour = simulate.Half
	}
	// No two weeks are the same; any will do to see what is usual.
	monday := time.Date(2026, 3, 2, 0, 30, 0, 0, hj212.Beijing)
	for h := range 7 * 24 {
		w.mean += w.Usual(monday.Add(time.Duration(h)*time.Hour)) / (7 * 24)
	}
	s.all = append(s.all, w)
	return w
}

// coating are the industries (GB/T 4754) whose gas comes from paint, ink and plastics, and not from a fire.
var coating = []string{"C2110", "C2319", "C2929", "C3360", "C3670"}

func kindOf(r *reductionlist.Recipient) simulate.Kind {
	switch {
	case len(r.Units) > 0:
		return simulate.Coal
	case len(r.Furnaces) > 0:
		return simulate.Waste
	case slices.Contains(coating, r.Industry):
		return simulate.Coating
	}
	return simulate.Gas
}

func seedOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails to write
	return h.Sum64()
}

// How near to what the list asks for a plant is without an order, and how far below it keeps with one. Gas and load
// stray by some per cent from hour to hour.
const (
	peakLoad  = 0.97 // of full load, in the busiest hour of a usual day
	peakOver  = 1.16 // the mass in that hour, of the weakest limit
	keepUnder = 0.88 // the mass in that hour under an order, of its limit
	dayUnder  = 0.97 // the amount of a day under an order, of its limit
	idleShare = 0.06 // what a meter counts of a line that stands still, of its full value
)

// size gives a plant the size that the list's limits suppose.
func (s *site) size(w *works, r *reductionlist.Recipient) error {
	w.Power *= 0.7 + float64(w.Seed%7)/10
	weakest := map[string]float64{}
	for i := range r.Measures {
		m := &r.Measures[i]
		for _, o := range m.Monitors {
			if s.behind[o.Ref] != w || w.name == "" {
				continue
			}
			switch c := o.Criterion; c.Kind {
			case reductionlist.HourMassAtMost:
				weakest[o.Factor] = max(weakest[o.Factor], kgPerHour(c))
			case reductionlist.DayTotalAtMost:
				w.day = max(w.day, usualDay(m, c))
			}
		}
	}
	if w.day > 0 {
		w.Feed = w.day / 24 / w.mean
	}
	for code, limit := range weakest {
		w.mass[code] = limit * peakOver / peakLoad
		if err := w.Size(code, w.mass[code]); err != nil {
			return fmt.Errorf("%s %s: %w", r.ID, w.name, err)
		}
	}
	return nil
}

// kgPerHour is the limit of a criterion of an hour's mass.
func kgPerHour(c reductionlist.Criterion) float64 {
	switch c.Unit {
	case "g/h":
		return c.Limit / 1000
	case "t/h":
		return c.Limit * 1000
	}
	return c.Limit
}

// usualDay is what is burnt on a day without an order, by a measure that limits it.
func usualDay(m *reductionlist.Measure, c reductionlist.Criterion) float64 {
	if q := m.Quantity; q != nil && q.Kind == reductionlist.ReduceBy {
		return c.Limit + q.Value
	}
	return c.Limit * 1.03
}

// station adds the station of an MN. Those of furnaces speak the edition that has the temperature's five minutes
// (CN 2111); of the others some speak that of 2025 and some still that of 2017.
func (s *site) station(mn string, r *reductionlist.Recipient, expected []reductionlist.Expected) error {
	w := s.behind[mn]
	name := "总排口"
	if w.name != "" {
		name = w.name + "排口"
	}
	c := simulate.Config{MN: mn, Name: marked(name), Recipient: r.ID, Outlet: name, Plant: w.Plant, Version: hj212.V2017,
		Faults: wrong[r.ID]}
	if w.Kind == simulate.Waste || w.Seed%3 == 0 {
		c.Version = hj212.V2025
	}
	st, err := simulate.New(c)
	if err != nil {
		return err
	}
	for _, f := range st.Registered().Outlets[0].Factors {
		c.Factors = append(c.Factors, f.Code)
	}
	usual := len(c.Factors)
	for _, e := range expected {
		if e.Ref == mn && !slices.Contains(c.Factors, e.Factor) {
			c.Factors = append(c.Factors, e.Factor)
		}
	}
	if len(c.Factors) > usual {
		if st, err = simulate.New(c); err != nil {
			return err
		}
	}
	s.stations = append(s.stations, st)
	return nil
}
