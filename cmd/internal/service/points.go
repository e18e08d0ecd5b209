package service

import (
	"slices"
	"sync"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
	"qingkong/reductionlist"
)

// Reporter is who reports under a ref: a station of the register, or an instrument that the list in force names and
// nobody registered. It is shared: nothing of it is to be written.
type Reporter struct {
	// Station is that of the register, with the factors and units that the list names besides; of an instrument of the
	// list alone it has its ref, its recipient and these.
	Station    *telemetry.Station
	Registered bool
	Owner                               // of the recipient; the zero value where the list in force has it not
	Expected   []reductionlist.Expected // by the list in force
	own        *telemetry.Station       // as the register has it; nil where it has it not
	bare       bool                     // its point may be the ref alone
	sharers    []string                 // recipients that the list names it of, where nobody registered it
}

// listedRef is what a list says of an instrument.
type listedRef struct {
	owners   []string // recipients that it names it of, in the list's order
	expected []reductionlist.Expected
	meter    bool // it stands there as a meter
	station  bool // it stands there as an MN
}

// refsOf are the instruments of a recipient, by what each of them is.
func refsOf(r *reductionlist.Recipient, each func(ref string) *listedRef) {
	own := func(ref string) *listedRef {
		l := each(ref)
		if !slices.Contains(l.owners, r.ID) {
			l.owners = append(l.owners, r.ID)
		}
		return l
	}
	for _, ref := range r.Stations() {
		own(ref).station = true
	}
	meters := r.Meters()
	for i := range r.Lines {
		if id := r.Lines[i].MeterID; id != "" {
			meters = append(meters, id)
		}
	}
	for _, ref := range meters {
		own(ref).meter = true
	}
	for _, e := range reductionlist.ExpectedOf(r) {
		l := own(e.Ref)
		l.expected = append(l.expected, e)
	}
}

// listedRefs are the instruments of the list in force, by ref; none where no list is in force. They are read once for
// each version. It opens a transaction of its own.
func (s *Service) listedRefs() (map[string]*listedRef, error) {
	v, err := journal.Read(s.J, s.listed)
	if err != nil || v.ID == "" {
		return nil, err
	}
	return s.lists.refs.get(v.ID, func() (map[string]*listedRef, error) {
		all := map[string]*listedRef{}
		each := func(ref string) *listedRef {
			if all[ref] == nil {
				all[ref] = &listedRef{}
			}
			return all[ref]
		}
		err := s.eachListed(v.ID, func(r *reductionlist.Recipient) { refsOf(r, each) })
		return all, err
	})
}

// Reporter is who reports under a ref, also one that is retired; nil for nobody. It opens transactions of its own.
func (s *Service) Reporter(ref string) (*Reporter, error) {
	refs, err := s.listedRefs()
	if err != nil {
		return nil, err
	}
	owners, err := s.Owners()
	if err != nil {
		return nil, err
	}
	st, err := journal.ReadBy(s.J, telemetry.ByMN, ref)
	if err != nil {
		return nil, err
	}
	return reporterOf(ref, st, refs[ref], owners), nil
}

// refsOfOwners are the refs of the list in force, by the recipients that it names them of.
func (s *Service) refsOfOwners() (map[string][]string, error) {
	v, err := journal.Read(s.J, s.listed)
	if err != nil || v.ID == "" {
		return nil, err
	}
	return s.lists.byOwner.get(v.ID, func() (map[string][]string, error) {
		all := map[string][]string{}
		return all, s.eachListed(v.ID, func(r *reductionlist.Recipient) {
			refsOf(r, func(ref string) *listedRef {
				if !slices.Contains(all[r.ID], ref) {
					all[r.ID] = append(all[r.ID], ref)
				}
				return &listedRef{}
			})
		})
	})
}

// knownOf is a reporter without what it measures.
func knownOf(ref string, st *telemetry.Station, l *listedRef, owners map[string]Owner) *Reporter {
	r := &Reporter{Registered: st != nil, Station: st}
	if st == nil {
		r.Station = &telemetry.Station{MN: ref, Recipient: l.owners[0]}
		r.sharers = l.owners
	}
	r.Owner = owners[r.Station.Recipient]
	return r
}

// reporterOf joins what the register and the list say of a ref; st and l are nil where they say nothing.
func reporterOf(ref string, st *telemetry.Station, l *listedRef, owners map[string]Owner) *Reporter {
	if st == nil && l == nil {
		return nil
	}
	if l == nil {
		l = &listedRef{}
	}
	r := knownOf(ref, st, l, owners)
	r.Expected, r.own = l.expected, st
	r.Station = withListed(r.Station, l)
	count := 0
	for _, o := range r.Station.Outlets {
		count += len(o.Factors)
	}
	r.bare = !r.Station.SendsFrames() && count <= 1 || l.meter
	for _, e := range l.expected {
		r.bare = r.bare || e.Factor == ""
	}
	return r
}

// withListed is a station with the factors and units that the list names and the register does not.
func withListed(st *telemetry.Station, l *listedRef) *telemetry.Station {
	out := *st
	out.Outlets = nil
	for _, o := range st.Outlets {
		o.Factors = slices.Clone(o.Factors)
		out.Outlets = append(out.Outlets, o)
	}
	listed := telemetry.Outlet{}
	for _, e := range l.expected {
		if f, _ := out.Factor(e.Factor); f != nil {
			if f.Unit == "" && readings.Lookup(f.Code) == nil {
				f.Unit = unitBy(e)
			}
			continue
		}
		if i := slices.IndexFunc(listed.Factors, func(f telemetry.Factor) bool { return f.Code == e.Factor }); i >= 0 {
			if listed.Factors[i].Unit == "" {
				listed.Factors[i].Unit = unitBy(e)
			}
			continue
		}
		listed.Factors = append(listed.Factors, telemetry.Factor{Code: e.Factor, Unit: unitBy(e)})
	}
	if l.meter && len(out.Outlets) == 0 && len(listed.Factors) == 0 {
		listed.Factors = append(listed.Factors, telemetry.Factor{Unit: meterUnit})
	}
	if len(listed.Factors) > 0 {
		out.Outlets = append(out.Outlets, listed)
	}
	return &out
}

// meterUnit is that of electricity meters: readings in kWh become the mean power of their period, and keep the amount.
const meterUnit = "kW"

// unitBy is the unit that a point is read in by what the list asks of it; empty where that does not say it.
func unitBy(e reductionlist.Expected) string {
	if k := readings.Lookup(e.Factor); k != nil && k.Unit != "" {
		return ""
	}
	switch {
	case e.Criterion.Kind == reductionlist.NoVehicleBelow || e.Source == reductionlist.Gate:
		return "辆次"
	case e.Criterion.Unit != "":
		return e.Criterion.Unit
	case e.Source == reductionlist.Power:
		return meterUnit
	case e.Source == reductionlist.Weighing:
		return "t/h"
	}
	return ""
}

// Belongs reports whether a ref is a recipient's own.
func (r *Reporter) Belongs(recipient string) bool {
	return recipient != "" && (r.Station.Recipient == recipient || slices.Contains(r.sharers, recipient))
}

// seenBy reports whether who may see what the instrument says.
func (r *Reporter) seenBy(who *access.Principal) bool {
	if who.Role == calls.Enterprise {
		return r.Belongs(who.Recipient)
	}
	return Visible(who, r.Station.Recipient, r.Town)
}

// has reports whether a factor is one of the instrument's; an empty one is the ref alone. Where nobody named any factor
// of it, those of HJ 212 are.
func (r *Reporter) has(factor string) bool {
	if factor == "" {
		return r.bare
	}
	if r.named(factor) {
		return true
	}
	known := readings.Lookup(factor)
	return len(r.Station.Outlets) == 0 && known != nil && known.Unit != ""
}

// named reports whether register or list name a factor of the instrument.
func (r *Reporter) named(factor string) bool {
	f, _ := r.Station.Factor(factor)
	return f != nil
}

// registers reports whether the register names a factor of the instrument.
func (r *Reporter) registers(factor string) bool {
	if r.own == nil {
		return false
	}
	f, _ := r.own.Factor(factor)
	return f != nil || factor == "" && r.bare
}

// points are the points that the instrument may report.
func (r *Reporter) points() (all []telemetry.Point) {
	if r.bare {
		all = append(all, telemetry.Point(r.Station.MN))
	}
	for _, o := range r.Station.Outlets {
		for _, f := range o.Factors {
			if f.Code != "" {
				all = append(all, telemetry.PointOf(r.Station.MN, f.Code))
			}
		}
	}
	return all
}

// isGate reports whether vehicles are what a point counts.
func (r *Reporter) isGate(p telemetry.Point) bool {
	_, factor := p.Split()
	unit := r.unit(factor)
	return unit == "" && factor == "" || readings.SortOf(factor, unit) == readings.Count
}

// unit is the unit of the instrument's readings of a factor; empty where nothing says it.
func (r *Reporter) unit(factor string) string { return readings.UnitOf(r.Station, factor, "") }

// wanted are the reporters that somebody asks for.
type wanted struct {
	recipient string // whose they are; empty for anybody's
	// match is given what says who a reporter is: of its station the MN, the name and the recipient, and the owner. What else
	// there is of it is put together for those alone that match.
	match func(*Reporter) bool
}

// eachReporter gives f the stations of the register that are in use, and the instruments of the list in force that nobody
// registered, as far as they are wanted and in no order, until it returns an error. Those of one recipient are found
// without a walk through the others'.
func (s *Service) eachReporter(want wanted, f func(*Reporter) error) error {
	refs, err := s.listedRefs()
	if err != nil {
		return err
	}
	owners, err := s.Owners()
	if err != nil {
		return err
	}
	one := func(ref string, st *telemetry.Station) error {
		if l := refs[ref]; want.match(knownOf(ref, st, l, owners)) {
			return f(reporterOf(ref, st, l, owners))
		}
		return nil
	}
	if want.recipient != "" {
		return s.ownReporters(want.recipient, one)
	}
	registered := make(map[string]bool, len(refs))
	for after := ""; ; {
		var page []*telemetry.Station
		var next string
		err := s.J.View(func(tx *bbolt.Tx) (err error) {
			page, next, err = telemetry.Stations(tx, after, rowsPerRead)
			return err
		})
		if err != nil {
			return err
		}
		for _, st := range page {
			if registered[st.MN] = true; st.Retired {
				continue
			}
			if err := one(st.MN, st); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			break
		}
	}
	for ref := range refs {
		if registered[ref] {
			continue
		}
		if err := one(ref, nil); err != nil {
			return err
		}
	}
	return nil
}

// ownReporters gives f the reporters of a recipient: its stations in use, and what the list names of it alone or of it and
// others and nobody registered, which has no station.
func (s *Service) ownReporters(recipient string, f func(ref string, st *telemetry.Station) error) error {
	listed, err := s.refsOfOwners()
	if err != nil {
		return err
	}
	var own []*telemetry.Station
	var unknown []string
	err = s.J.View(func(tx *bbolt.Tx) (err error) {
		own, unknown = nil, nil
		if own, err = telemetry.OfRecipient(tx, recipient); err != nil {
			return err
		}
		for _, ref := range listed[recipient] {
			if telemetry.Row(tx, ref) == nil {
				unknown = append(unknown, ref)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, st := range own {
		if st.Retired {
			continue
		}
		if err := f(st.MN, st); err != nil {
			return err
		}
	}
	for _, ref := range unknown {
		if err := f(ref, nil); err != nil {
			return err
		}
	}
	return nil
}

// ReporterStation is the station of [Service.Reporter], also one that is retired; nil for nobody. It is asked of every
// frame: what it found is kept until the record goes on or the day ends.
func (s *Service) ReporterStation(ref string) (*telemetry.Station, error) {
	height, day := s.J.Height(), alerts.DateOf(s.J.Wall())
	if st, known := s.reporters.get(height, day, ref); known {
		return st, nil
	}
	r, err := s.Reporter(ref)
	if err != nil {
		return nil, err
	}
	var st *telemetry.Station
	if r != nil {
		st = r.Station
	}
	s.reporters.put(height, day, ref, st)
	return st, nil
}

// reporterCache are the stations that were looked up at a height of the record, on a day. What was looked up at another is
// dropped.
type reporterCache struct {
	mu     sync.Mutex
	height uint64
	day    alerts.Date
	of     map[string]*telemetry.Station
}

// reportersMost bounds what anybody may ask for.
const reportersMost = 50_000

func (c *reporterCache) get(height uint64, day alerts.Date, ref string) (st *telemetry.Station, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.height != height || c.day != day {
		return nil, false
	}
	st, known = c.of[ref]
	return st, known
}

func (c *reporterCache) put(height uint64, day alerts.Date, ref string, st *telemetry.Station) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.height != height || c.day != day || c.of == nil || len(c.of) >= reportersMost {
		c.height, c.day, c.of = height, day, map[string]*telemetry.Station{}
	}
	c.of[ref] = st
}
