package compliance

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify/compliance/judge"
)

// mostExplanations is how often a finding may be explained.
const mostExplanations = 20

// Explain is what an enterprise says of one of its findings. Its note is in the vault.
type Explain struct {
	Finding   string   `json:"finding_id"`
	Recipient string   `json:"recipient_id"`
	NoteRef   string   `json:"note_ref,omitempty"`
	NoteHash  string   `json:"note_hash,omitempty"`
	Evidence  []string `json:"evidence,omitempty"`
}

// DecideExplain records an explanation. A finding of somebody else is not_found; the same explanation again gives no event;
// another one while the first waits for an officer is a conflict, and of a finding that was cleared, or whose explanation
// was accepted, it is transition_refused. Files that others handed in are refused, see [NotOthersEvidence].
func DecideExplain(tx *bbolt.Tx, in Explain) ([]Event, *Finding, error) {
	f, err := GetFinding(tx, in.Finding)
	if err != nil {
		return nil, nil, err
	}
	if f.Recipient != in.Recipient {
		return nil, nil, refusal.New(refusal.NotFound, "finding.not_found", refusal.Args{"id": refusal.Shown(in.Finding)})
	}
	e := Explanation{NoteRef: in.NoteRef, NoteHash: in.NoteHash, Evidence: in.Evidence}
	if last := f.latest(); last != nil {
		switch again := last.NoteHash == e.NoteHash && slices.Equal(last.Evidence, e.Evidence); {
		case again:
			return nil, f, nil
		case last.Decision == "":
			return nil, nil, refusal.New(refusal.Conflict, "finding.explained_already", refusal.Args{"id": f.ID})
		}
	}
	switch {
	case f.Cleared:
		return nil, nil, terms.Transition(terms.OrderState, "finding.cleared", judge.Compliant.String(), refusal.Args{"id": f.ID})
	case len(f.Explanations) >= mostExplanations:
		return nil, nil, refusal.New(refusal.Conflict, "finding.explained_often", refusal.Args{"id": f.ID, "limit": mostExplanations})
	case e.NoteHash == "" && len(e.Evidence) == 0:
		return nil, nil, refusal.Wrong("note", "finding.note", nil)
	}
	if err := NotOthersEvidence(tx, e.Evidence, in.Recipient); err != nil {
		return nil, nil, err
	}
	order, err := orderOf(tx, f)
	if err != nil {
		return nil, nil, err
	}
	after := *f
	after.Explanations = append(slices.Clone(f.Explanations), e)
	return []Event{&Explained{Finding: f.ID, Order: order, Explanation: e}}, &after, nil
}

// orderOf is the order that a finding shows on: the latest that was judged.
func orderOf(tx *bbolt.Tx, f *Finding) (string, error) {
	c, err := GetCase(tx, f.Warning, f.Recipient)
	return cmp.Or(c.Order, f.Order), err
}

// DecideExplanation is what an officer says of the explanation that waits. Hours are those that an accepted one stands for,
// by their starts; none are all from the first of the finding until it was cleared, or until now.
type DecideExplanation struct {
	Finding   string      `json:"finding_id"`
	Decision  Decision    `json:"decision"`
	ReasonRef string      `json:"reason_ref,omitempty"`
	Hours     []time.Time `json:"hours,omitempty"`
}

// DecideDecision records a decision. A rejection has a reason. The same decision again gives no event; one without an
// explanation that waits is transition_refused, and hours beyond the finding are invalid.
func DecideDecision(tx *bbolt.Tx, in DecideExplanation, now time.Time) ([]Event, *Finding, error) {
	f, err := GetFinding(tx, in.Finding)
	if err != nil {
		return nil, nil, err
	}
	if in.Decision != Accept && in.Decision != Reject {
		return nil, nil, refusal.Wrong("decision", "finding.decision", refusal.Args{"value": refusal.Shown(string(in.Decision))})
	}
	e := f.latest()
	switch {
	case e != nil && e.Decision == in.Decision:
		return nil, f, nil
	case e == nil || e.Decision != "":
		return nil, nil, terms.Transition(terms.OrderState, "finding.nothing_waits", f.Verdict.String(), refusal.Args{"id": f.ID})
	case in.Decision == Reject && in.ReasonRef == "":
		return nil, nil, refusal.Wrong("reason", "finding.reason", nil)
	}
	order, err := orderOf(tx, f)
	if err != nil {
		return nil, nil, err
	}
	first, last := f.span(now)
	all := hoursBetween(first, last)
	ev := &Decided{Finding: f.ID, Order: order, Decision: in.Decision, ReasonRef: in.ReasonRef}
	if in.Decision == Accept {
		if ev.Hours = in.Hours; len(in.Hours) == 0 {
			ev.Hours = all
		}
		for _, h := range ev.Hours {
			if !slices.ContainsFunc(all, h.Equal) {
				return nil, nil, refusal.Wrong("hours", "finding.hours", refusal.Args{"value": h, "from": first, "to": last})
			}
		}
	}
	after := *f
	after.Explanations = slices.Clone(f.Explanations)
	decided := &after.Explanations[len(after.Explanations)-1]
	decided.Decision, decided.ReasonRef, decided.Hours = in.Decision, in.ReasonRef, ev.Hours
	return []Event{ev}, &after, nil
}

// span is from the first hour of a finding to the last that it may be of at a time.
func (f *Finding) span(now time.Time) (first, last time.Time) {
	if f.Cleared {
		now = f.ChangedAt
	}
	return f.From, now.Truncate(time.Hour).Add(-time.Hour)
}

func hoursBetween(first, last time.Time) (all []time.Time) {
	for h := first; !h.After(last); h = h.Add(time.Hour) {
		all = append(all, h)
	}
	return all
}

// AcceptValue is that an officer takes one of several values of an hour as the right one.
type AcceptValue struct {
	Finding   string    `json:"finding_id"`
	At        time.Time `json:"at"` // start of the hour
	Value     float64   `json:"value"`
	ReasonRef string    `json:"reason_ref,omitempty"`
}

// DecideValue records it; the same again gives no event. A value that was not said of the hour is invalid.
func DecideValue(tx *bbolt.Tx, in AcceptValue) ([]Event, *Finding, error) {
	f, err := GetFinding(tx, in.Finding)
	if err != nil {
		return nil, nil, err
	}
	c, err := GetCase(tx, f.Warning, f.Recipient)
	if err != nil {
		return nil, nil, err
	}
	h := slices.IndexFunc(f.Hours, func(h FoundHour) bool { return h.At.Equal(in.At) })
	if h < 0 || !slices.ContainsFunc(f.Hours[h].Said, func(s Said) bool {
		return s.Value != nil && near(*s.Value, in.Value)
	}) {
		return nil, nil, refusal.Wrong("value", "finding.value", refusal.Args{"value": in.Value, "at": in.At})
	}
	v := AcceptedValue{Key: f.Key, At: in.At, Value: in.Value, ReasonRef: in.ReasonRef}
	same := func(other AcceptedValue) bool {
		return other.Key == v.Key && other.At.Equal(v.At) && other.Value == v.Value
	}
	if slices.ContainsFunc(c.Accepted, same) {
		return nil, f, nil
	}
	return []Event{&ValueAccepted{Finding: f.ID, Order: cmp.Or(c.Order, f.Order), Value: v}}, f, nil
}

// Message renders the outbox message id of [Topic]: the finding as it is now.
func Message(tx *bbolt.Tx, id string, render func(*Finding) ([]byte, error)) (subject string, payload []byte, err error) {
	finding, event, _ := strings.Cut(id, "/")
	f, err := GetFinding(tx, finding)
	if err != nil {
		return "", nil, err
	}
	body, err := render(f)
	if err != nil {
		return "", nil, err
	}
	payload = append(append([]byte(`{"event":"`+event+`","finding":`), body...), '}')
	return "qingkong.finding." + f.Recipient, payload, nil
}
