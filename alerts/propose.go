package alerts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// How far a series reaches from today, in days. The longest clause of any criteria is four days; a month back shows
// where a long episode began.
const (
	daysBack  = 30
	daysAhead = 60
)

// clockSkew is how far ahead of us a source's clock may be.
const clockSkew = time.Hour

// ForecastResult answers a forecast: its id, the proposal that is open in its region now, and the bad air ahead that
// opens no response but calls for a health tip.
type ForecastResult struct {
	ID       string    `json:"id"`
	Proposal *Proposal `json:"proposal"`
	Tips     []Tip     `json:"tips,omitempty"`
	Notes    []Note    `json:"notes,omitempty"` // what was read otherwise than it stands there, or looks wrong
}

// Dismiss closes an open proposal without acting on it. The reason is recorded as given and must not be about a person.
type Dismiss struct {
	ProposalID string `json:"proposal_id"`
	Reason     string `json:"reason"`
}

// Reevaluate looks at every region again with nothing new but the time.
type Reevaluate struct{}

// DecideForecast records a forecast and brings the region's proposal in line with it. A forecast that is already known
// is answered with its id and records nothing.
func (e Engine) DecideForecast(tx *bbolt.Tx, actor string, in Forecast, now time.Time) ([]Event, ForecastResult,
	error) {
	if in.IssuedAt.After(now.Add(clockSkew)) {
		return nil, ForecastResult{}, refusal.Wrong("issued_at", "forecast.issued_in_future",
			refusal.Args{"issued_at": clock(in.IssuedAt), "now": clock(now)})
	}
	d, err := e.begin(tx, scope{in.Region, in.Drill}, actor, now)
	if err != nil {
		return nil, ForecastResult{}, err
	}
	content, err := json.Marshal(in)
	if err != nil {
		return nil, ForecastResult{}, fmt.Errorf("alerts: forecast: %w", err)
	}
	sum := sha256.Sum256(content)
	if id := tx.Bucket(bForecastHash).Get(sum[:]); id != nil {
		return nil, ForecastResult{ID: string(id), Proposal: d.open}, nil
	}
	id, num := d.ids.next("F")
	d.events = append(d.events, ForecastReceived{ID: id, Number: num, Hash: hex.EncodeToString(sum[:]), Forecast: in})
	series, err := e.series(tx, d.scope, now, delivery{forecastID: id, forecast: in})
	if err != nil {
		return nil, ForecastResult{}, err
	}
	d.proposeFor(series)
	return d.events, ForecastResult{ID: id, Proposal: d.open, Tips: e.tipsAhead(series, now)}, nil
}

// DecideReevaluate brings every region's proposal in line with the time: after midnight, and on a schedule. It returns
// the proposals that are open then.
func (e Engine) DecideReevaluate(tx *bbolt.Tx, actor string, _ Reevaluate, now time.Time) ([]Event, []*Proposal,
	error) {
	var events []Event
	open := []*Proposal{}
	ids := newNumbering(tx, now)
	err := tx.Bucket(bScope).ForEach(func(k, _ []byte) error {
		d, err := e.begin(tx, scopeOf(k), actor, now)
		if err != nil {
			return err
		}
		d.ids = ids
		if err := d.propose(); err != nil {
			return err
		}
		events = append(events, d.events...)
		if d.open != nil {
			open = append(open, d.open)
		}
		return nil
	})
	return events, open, err
}

// DecideDismiss closes an open proposal with a reason. The same proposal is not raised again until its level changes;
// the next one in the order of suggestions may be.
func (e Engine) DecideDismiss(tx *bbolt.Tx, actor string, in Dismiss, now time.Time) ([]Event, *Proposal, error) {
	p, err := GetProposal(tx, in.ProposalID)
	if err != nil {
		return nil, nil, err
	}
	if p.State != StateOpen {
		return nil, nil, terms.Transition(terms.ProposalState, "proposal.not_open", p.State, refusal.Args{"id": p.ID})
	}
	p.State, p.Reason, p.ClosedAt, p.ClosedBy = StateDismissed, in.Reason, &now, actor
	return []Event{ProposalDismissed{ID: p.ID, Reason: in.Reason}}, p, nil
}

// propose brings the scope's proposal in line with what is stored.
func (d *decision) propose() error {
	series, err := d.engine.series(d.tx, d.scope, d.now, delivery{})
	if err != nil {
		return err
	}
	d.proposeFor(series)
	return nil
}

// proposeFor keeps to one open proposal: raised once, updated when its basis changes, withdrawn when it falls away.
func (d *decision) proposeFor(series Series) {
	want := d.engine.suggest(series, d.warning, d.now, d.row.dismissed)
	switch {
	case want == nil && d.open == nil:
	case want == nil:
		d.events = append(d.events, ProposalWithdrawn{ID: d.open.ID})
		d.open = nil
	case d.open == nil:
		prefix := "P"
		if d.scope.drill {
			prefix = "PD"
		}
		var num uint64
		want.ID, num = d.ids.next(prefix)
		want.Revision, want.RaisedAt = 1, d.now
		d.settle(want)
		d.events = append(d.events, ProposalRaised{Number: num, Proposal: *want})
	case !sameBasis(want, d.open) || want.StartsAt.After(d.now) && !want.StartsAt.Equal(d.open.StartsAt):
		want.ID, want.Revision, want.RaisedAt = d.open.ID, d.open.Revision+1, d.open.RaisedAt
		d.settle(want)
		d.events = append(d.events, ProposalUpdated{Proposal: *want})
	}
}

func (d *decision) settle(p *Proposal) {
	p.Region, p.Drill, p.UpdatedAt = d.scope.region, d.scope.drill, d.now
	d.open = p
}

// delivery is what the act being decided brings, and is not stored yet.
type delivery struct {
	forecastID string
	forecast   Forecast
	observed   Observation
}

func (in delivery) issue() issue { return issue{in.forecastID, in.forecast.IssuedAt} }

// series is what is known of a region's days and hours around now: measured days up to today, and the newest forecast
// of each later day. A day up to today that was not measured (yet) has its newest forecast. A drill knows only its own
// forecasts.
func (e Engine) series(tx *bbolt.Tx, s scope, now time.Time, in delivery) (Series, error) {
	today := DateOf(now)
	days := map[Date]DayAQI{}
	var out Series
	forecasts, err := e.forecastDays(tx, s, today, in)
	if err != nil {
		return Series{}, err
	}
	for date, f := range forecasts {
		d := f.dayAQI(e.value(f.AQILow, f.AQIHigh))
		d.Unjudged = e.unjudged(f.IssuedAt, date.Start(), date.End(), now)
		days[date] = d
	}
	if !s.drill {
		observed, err := observedDays(tx, s, today, in)
		if err != nil {
			return Series{}, err
		}
		var region []regionalDay
		region, out.Aside = e.regionalDays(observed, e.countsOnly(now))
		for i := range region {
			days[region[i].Date] = region[i].dayAQI()
		}
	}
	hours, aside, old, err := e.hourSeries(tx, s, now, in)
	if err != nil {
		return Series{}, err
	}
	out.Hours, out.Aside = hours, append(out.Aside, aside...)
	out.judge(days, old, today)
	out.Days = slices.SortedFunc(maps.Values(days), func(a, b DayAQI) int { return cmp.Compare(a.Date, b.Date) })
	return out, nil
}

func (e Engine) forecastDays(tx *bbolt.Tx, s scope, today Date, in delivery) (map[Date]forecastDay, error) {
	first, last := today.AddDays(-daysBack), today.AddDays(daysAhead)
	days, err := readDays[forecastDay](tx, bForecastDay, s.key(), first, last)
	if err != nil {
		return nil, err
	}
	for _, day := range in.forecast.Days {
		f := forecastDay{day, in.issue()}
		known, ok := days[day.Date]
		if day.Date >= first && day.Date <= last && (!ok || supersedes(f, known)) {
			days[day.Date] = f
		}
	}
	return days, nil
}

func observedDays(tx *bbolt.Tx, s scope, today Date, in delivery) (map[Date]observedDay, error) {
	first := today.AddDays(-daysBack)
	days, err := readDays[observedDay](tx, bObservedDay, s.region, first, today)
	if err != nil {
		return nil, err
	}
	for _, day := range in.observed.Days {
		if day.Date >= first && day.Date <= today {
			addStation(days, day.Date, in.observed.Station, day)
		}
	}
	return days, nil
}

// addStation puts what a station measured beside what the others did.
func addStation[K comparable, V any](rows map[K]map[string]V, at K, station string, v V) {
	if rows[at] == nil {
		rows[at] = map[string]V{}
	}
	rows[at][station] = v
}

// dayKey is prefix "/" and the day.
func dayKey(prefix string, d Date) string { return prefix + "/" + string(d) }

// readDays reads the rows prefix/first to prefix/last.
func readDays[T any](tx *bbolt.Tx, bucket []byte, prefix string, first, last Date) (map[Date]T, error) {
	days := map[Date]T{}
	err := eachBetween(tx, bucket, dayKey(prefix, first), dayKey(prefix, last)+"\x00", func(key string, row T) error {
		days[Date(key[len(prefix)+1:])] = row
		return nil
	})
	return days, err
}

func sameJSON(a, b any) bool {
	ja, errA := json.Marshal(a)
	jb, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(ja, jb)
}
