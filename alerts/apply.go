package alerts

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// The commands that this package's timers run.
const (
	CommandActivate = "warning.activate"
	CommandExpire   = "warning.expire"
)

// Apply writes an event's state. What it writes follows from the event and the state alone.
func Apply(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case ForecastReceived:
		return applyForecast(tx, at, ev)
	case ObservationReceived:
		return applyObservation(tx, ev)
	case FeedSilence:
		return applySilence(tx, at, ev)
	case ProposalRaised:
		return applyRaised(tx, fx, at, ev)
	case ProposalUpdated:
		return putProposal(tx, fx, at, ev.Proposal)
	case ProposalAccepted:
		return closeProposal(tx, ev.ID, at, actor, func(p *Proposal, _ *scopeRow) {
			p.State, p.WarningID = StateAccepted, ev.WarningID
		})
	case ProposalDismissed:
		return closeProposal(tx, ev.ID, at, actor, func(p *Proposal, row *scopeRow) {
			p.State, p.Reason = StateDismissed, ev.Reason
			row.Dismissed = append(row.without(p.Kind), dismissalOf(p))
		})
	case ProposalWithdrawn:
		return closeProposal(tx, ev.ID, at, actor, func(p *Proposal, _ *scopeRow) { p.State = StateWithdrawn })
	case WarningDeclared:
		return applyDeclared(tx, fx, at, actor, ev)
	case warningEvent:
		w, err := GetWarning(tx, ev.warningID())
		if err != nil {
			return err
		}
		return applyWarning(tx, fx, at, actor, *w, ev)
	default:
		return fmt.Errorf("alerts: cannot apply %s", ev.Kind())
	}
}

func applyForecast(tx *bbolt.Tx, at time.Time, ev ForecastReceived) error {
	hash, err := hex.DecodeString(ev.Hash)
	if err != nil {
		return fmt.Errorf("alerts: forecast %s: hash: %w", ev.ID, err)
	}
	err = errors.Join(tx.Bucket(bForecastHash).Put(hash, []byte(ev.ID)),
		put(tx, bForecast, ev.ID, storedForecast{ev.ID, at, ev.Forecast}), putNumber(tx, numberName(ev.ID), ev.Number))
	s := scope{ev.Forecast.Region, ev.Forecast.Drill}
	from := issue{ev.ID, ev.Forecast.IssuedAt}
	for _, day := range ev.Forecast.Days {
		err = errors.Join(err, putForecast(tx, bForecastDay, dayKey(s.key(), day.Date), forecastDay{day, from}))
	}
	for _, h := range ev.Forecast.Hours {
		err = errors.Join(err, putForecast(tx, bForecastHour, hourKey(s.key(), h.At), forecastHour{h, from}))
	}
	return errors.Join(err, remember(tx, s, ev), touch(tx, s))
}

// putForecast keeps what is forecast of a day or an hour, unless what is known of it was issued later.
func putForecast[F interface{ issued() time.Time }](tx *bbolt.Tx, bucket []byte, key string, f F) error {
	known, ok, err := get[F](tx, bucket, key)
	if err != nil || ok && !supersedes(f, known) {
		return err
	}
	return put(tx, bucket, key, f)
}

func applyObservation(tx *bbolt.Tx, ev ObservationReceived) (err error) {
	for _, h := range ev.Hours {
		err = errors.Join(err, putObserved(tx, bObservedHour, hourKey(ev.Region, h.At), ev.Station, h))
	}
	for _, day := range ev.Days {
		err = errors.Join(err, putObserved(tx, bObservedDay, dayKey(ev.Region, day.Date), ev.Station, day))
	}
	return errors.Join(err, touch(tx, scope{region: ev.Region}))
}

// putObserved keeps what a station measured on a day or in an hour beside what the others did.
func putObserved[V any](tx *bbolt.Tx, bucket []byte, key, station string, v V) error {
	row, _, err := get[map[string]V](tx, bucket, key)
	if err != nil {
		return err
	}
	if row == nil {
		row = map[string]V{}
	}
	row[station] = v
	return put(tx, bucket, key, row)
}

// touch makes sure that the scope has a row, by which a re-evaluation finds it.
func touch(tx *bbolt.Tx, s scope) error {
	return editScope(tx, s, func(*scopeRow) {})
}

func editScope(tx *bbolt.Tx, s scope, edit func(*scopeRow)) error {
	row, _, err := get[scopeRow](tx, bScope, s.key())
	if err != nil {
		return err
	}
	edit(&row)
	return put(tx, bScope, s.key(), row)
}

func applyRaised(tx *bbolt.Tx, fx Effects, at time.Time, ev ProposalRaised) error {
	p := ev.Proposal
	err := putNumber(tx, numberName(p.ID), ev.Number)
	for _, state := range []string{anyState, string(p.State)} {
		err = errors.Join(err, indexProposal(tx, state, &p))
	}
	return errors.Join(err, editScope(tx, scope{p.Region, p.Drill},
		func(row *scopeRow) { row.Proposal, row.Dismissed = p.ID, row.without(p.Kind) }), putProposal(tx, fx, at, p))
}

// putProposal keeps a proposal as it is raised or updated, and sends it out.
func putProposal(tx *bbolt.Tx, fx Effects, at time.Time, p Proposal) error {
	return errors.Join(put(tx, bProposal, p.ID, p),
		send(tx, fx, TopicProposal, p.ID, p.Revision, p.Drill, string(p.Level), p, at))
}

func indexProposal(tx *bbolt.Tx, state string, p *Proposal) error {
	return errors.Join(tx.Bucket(bProposalTime).Put(timeKey(state+"/", p.RaisedAt, p.ID), nil),
		count(tx, "count/proposal/"+state, 1))
}

func closeProposal(tx *bbolt.Tx, id string, at time.Time, actor string, edit func(*Proposal, *scopeRow)) error {
	p, err := GetProposal(tx, id)
	if err != nil {
		return err
	}
	err = errors.Join(tx.Bucket(bProposalTime).Delete(timeKey(string(p.State)+"/", p.RaisedAt, id)),
		count(tx, "count/proposal/"+string(p.State), -1))
	err = errors.Join(err, editScope(tx, scope{p.Region, p.Drill}, func(row *scopeRow) {
		row.Proposal = ""
		edit(p, row)
	}))
	p.ClosedAt, p.ClosedBy = &at, actor
	return errors.Join(err, indexProposal(tx, string(p.State), p), put(tx, bProposal, id, p))
}

func applyDeclared(tx *bbolt.Tx, fx Effects, at time.Time, actor string, ev WarningDeclared) error {
	return errors.Join(putNumber(tx, numberName(ev.ID), ev.Number),
		tx.Bucket(bWarningTime).Put(timeKey("", at, ev.ID), nil), count(tx, "count/warning", 1),
		applyWarning(tx, fx, at, actor, Warning{}, ev))
}

func applyWarning(tx *bbolt.Tx, fx Effects, at time.Time, actor string, was Warning, ev warningEvent) error {
	w := was.after(ev, at, actor)
	err := put(tx, bWarning, w.ID, w)
	if was.State.live() != w.State.live() {
		err = errors.Join(err, editScope(tx, scope{w.Region, w.Drill}, func(row *scopeRow) {
			row.Warning = ""
			if w.State.live() {
				row.Warning = w.ID
			}
		}))
	}
	setTimers(fx, was, w)
	if kind := announced(ev); kind != "" {
		err = errors.Join(err, send(tx, fx, TopicWarning, w.ID, w.Revision, w.Drill, kind, w, at))
	}
	return err
}

// setTimers keeps the timers of a warning's start, while it is scheduled, of its end, while it is live, and of an
// emergency approval until it is confirmed. Start and end are what a person typed and keep to the wall clock.
func setTimers(fx Effects, was, w Warning) {
	unconfirmed := CommandUnconfirmed + "/" + w.ID
	switch waits := w.unconfirmed() && !w.Emergency.Overdue; {
	case waits && (!was.unconfirmed() || !was.Emergency.ConfirmBy.Equal(w.Emergency.ConfirmBy)):
		fx.Timer(unconfirmed, w.Emergency.ConfirmBy, CommandUnconfirmed, WarningRef{w.ID})
	case !waits && was.unconfirmed():
		fx.CancelTimer(unconfirmed)
	}
	activate, expire := CommandActivate+"/"+w.ID, CommandExpire+"/"+w.ID
	switch {
	case w.State == Scheduled && (was.State != Scheduled || !was.StartsAt.Equal(w.StartsAt)):
		fx.WallTimer(activate, w.StartsAt, CommandActivate, WarningRef{w.ID})
	case w.State != Scheduled && was.State == Scheduled:
		fx.CancelTimer(activate)
	}
	switch {
	case !w.State.live() || w.EndsAt == nil:
		if was.EndsAt != nil {
			fx.CancelTimer(expire)
		}
	case !was.State.live() || was.EndsAt == nil || !was.EndsAt.Equal(*w.EndsAt):
		fx.WallTimer(expire, *w.EndsAt, CommandExpire, WarningRef{w.ID})
	}
}
