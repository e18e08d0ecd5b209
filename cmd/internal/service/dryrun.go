package service

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

var _ = bind(calls.TryObjection, (*Service).TryObjection)

// TryObjection is the order that an amendment would make, with what follows from the quantities that it changes, or the
// refusal that it would get. Nothing is recorded, and no key is remembered.
func (s *Service) TryObjection(_ context.Context, a Ask, in calls.ObjectionTry) (none calls.ObjectionTried, _ error) {
	from, err := journal.Read(s.J, func(tx *bbolt.Tx) ([]reductionlist.Measure, error) {
		return notify.AmendedFrom(tx, journal.ReadPos, in.ID)
	})
	if err != nil {
		return none, err
	}
	decision := calls.ObjectionDecision(in)
	decision.Decision, decision.Measures = "amend", slices.Clone(in.Measures)
	tried := map[string]calls.TriedMeasure{}
	for i := range decision.Measures {
		m := &decision.Measures[i]
		one := calls.TriedMeasure{ID: m.ID, Filled: []string{}, Asked: []string{}}
		k := slices.IndexFunc(from, func(own reductionlist.Measure) bool { return own.ID == m.ID })
		if orNil(m.Change) != nil && k >= 0 { // the decision refuses what the order does not have
			f, err := rules.FollowChange(&from[k], m.Change)
			if err != nil {
				return none, refusal.Within("measures["+strconv.Itoa(i)+"]", err)
			}
			m.Change, from[k] = f.Change, f.Measure
			one.Change, one.Filled, one.Asked = f.Change, append(one.Filled, f.Filled...), append(one.Asked, f.Asked...)
		}
		tried[m.ID] = one
	}
	made, _, err := s.PreviewAmendment(a, decision)
	if err != nil {
		return none, err
	}
	return triedOrder(made, tried)
}

// triedOrder has the measures of an order that is to be issued, and then those that were taken out.
func triedOrder(made *notify.Issued, tried map[string]calls.TriedMeasure) (out calls.ObjectionTried, err error) {
	out = calls.ObjectionTried{Title: made.Title, Text: made.Text}
	var stands []notify.MeasureView
	if err := json.Unmarshal(made.Measures, &stands); err != nil {
		return out, err
	}
	for i := range stands {
		one, ok := tried[stands[i].ID]
		if !ok {
			one = calls.TriedMeasure{ID: stands[i].ID, Filled: []string{}, Asked: []string{}}
		}
		one.Measure = &stands[i]
		out.Measures = append(out.Measures, one)
		delete(tried, one.ID)
	}
	var gone []calls.TriedMeasure
	for _, one := range tried {
		gone = append(gone, one)
	}
	slices.SortFunc(gone, func(a, b calls.TriedMeasure) int { return strings.Compare(a.ID, b.ID) })
	out.Measures = append(out.Measures, gone...)
	return out, nil
}

var _ = bind(calls.TryListAmendment, (*Service).TryListAmendment)

// TryListAmendment is what an amendment of a list would change, with what follows from the quantity that it gives, or the
// refusal that it would get. Nothing is recorded, and no key is remembered.
func (s *Service) TryListAmendment(_ context.Context, ask Ask, in calls.ListTry) (none calls.ListTried, _ error) {
	a := &amendment{s: s, actor: ask.Who.User, in: calls.ListAmendment(in)}
	if err := a.check(); err != nil {
		return none, err
	}
	if err := a.load(); err != nil {
		return none, err
	}
	out := calls.ListTried{Base: a.base.ID, Filled: []string{}, Asked: []string{}, Changes: []calls.Change{},
		Effects: []calls.Effect{}, Later: []string{}}
	if a.contactOnly() {
		return out, nil
	}
	if a.in.MeasureID != "" && orNil(a.in.Change) != nil {
		m, err := rules.Row(a.list, rules.Amendment{RecipientID: a.in.RecipientID, MeasureID: a.in.MeasureID,
			Level: a.in.Level})
		if err != nil {
			return none, err
		}
		if m != nil {
			f, err := rules.FollowChange(m, a.in.Change)
			if err != nil {
				return none, err
			}
			a.in.Change = f.Change
			out.Filled, out.Asked = append(out.Filled, f.Filled...), append(out.Asked, f.Asked...)
		}
		out.Change = a.in.Change
	}
	was, err := s.ListTotals(&a.base)
	if err != nil {
		return none, err
	}
	if err := a.change(); err != nil {
		return none, err
	}
	out.Measure = a.stands()
	diff := reductionlist.ComparisonOf(reductionlist.DiffRecipients(a.before, a.after), was, reductionlist.TotalsOf(a.list))
	out.Changes, out.Effects = changesIn(ask.Lang, diff.Changes), effectsIn(ask.Lang, diff.Effects)
	out.Later = append(out.Later, a.later...)
	return out, nil
}

// stands is the amended measure as it stands now; nil where none was, or it was taken out.
func (a *amendment) stands() *reductionlist.Measure {
	if a.in.MeasureID == "" || a.after == nil {
		return nil
	}
	for i := range a.after.Measures {
		m := &a.after.Measures[i]
		same := func(old reductionlist.Measure) bool { return reflect.DeepEqual(old, *m) }
		if m.ID == a.in.MeasureID && (a.before == nil || !slices.ContainsFunc(a.before.Measures, same)) {
			return m
		}
	}
	return nil
}
