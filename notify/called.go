package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// CallOutcome is what came of telephoning a recipient about its order. It is never an answer: the order's answer and
// its receipt stay as they are.
type CallOutcome string

// The outcomes.
const (
	CallTold        CallOutcome = "told"        // somebody there knows of the order now
	CallUnreachable CallOutcome = "unreachable" // nobody was reached: to be called again
	CallOral        CallOutcome = "oral"        // somebody there answered by word of mouth
)

// CallOutcomes lists every outcome.
func CallOutcomes() []CallOutcome { return []CallOutcome{CallTold, CallUnreachable, CallOral} }

// maxCalls is how many calls are recorded of one order.
const maxCalls = 50

// Called is one call to a recipient about its order. NoteRef is a vault reference.
type Called struct {
	OrderID string      `json:"order_id"`
	Outcome CallOutcome `json:"outcome"`
	NoteRef string      `json:"note_ref,omitempty"`
}

// Kind implements Event.
func (*Called) Kind() string { return kindCalled }

// Calls are the calls about what an order says now. They begin anew when it ends, and when it gets another deadline.
type Calls struct {
	Unreachable int         // how many reached nobody
	Last        time.Time   // of the latest, to the millisecond; zero for none
	Outcome     CallOutcome // of the latest
}

// Call is the command that records a call. Its note is in the vault.
type Call struct {
	OrderID string      `json:"order_id"`
	Outcome CallOutcome `json:"outcome"`
	NoteRef string      `json:"note_ref,omitempty"`
}

// DecideCalled records a call about an order that somebody has to be told of, and returns the order as it stands after
// it. One that was answered, whose end was received or that was replaced is a transition_refused with that state.
func DecideCalled(tx *bbolt.Tx, _ string, in Call, now time.Time) ([]Event, *Order, error) {
	if outcomeNumber(in.Outcome) == 0 {
		return nil, nil, refuseAt("outcome", "order.call_outcome", refusal.Args{"value": string(in.Outcome)})
	}
	o, err := Get(tx, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	if !o.unheard() {
		state := o.State.String()
		if o.State == StateOpen {
			state = o.Answer.String()
		}
		return nil, nil, terms.Transition(terms.OrderState, "order.call_needless", state, refusal.Args{"id": o.ID})
	}
	if o.callsMade >= maxCalls {
		return nil, nil, refusal.New(refusal.Conflict, "order.calls_limit", refusal.Args{"id": o.ID, "limit": maxCalls})
	}
	o.call(in.Outcome, now)
	return []Event{&Called{OrderID: in.OrderID, Outcome: in.Outcome, NoteRef: in.NoteRef}}, o, nil
}

func applyCalled(tx *bbolt.Tx, fx Effects, at time.Time, ev *Called) error {
	if outcomeNumber(ev.Outcome) == 0 {
		return fmt.Errorf("notify: order %s: no outcome of a call %q", ev.OrderID, ev.Outcome)
	}
	return change(tx, fx, ev.OrderID, func(o *Order) { o.call(ev.Outcome, at) })
}

// call changes the order as the call does. The latest call decides: whoever was told and cannot be reached when called
// again is to be called.
func (o *Order) call(outcome CallOutcome, at time.Time) {
	o.callsMade++
	o.Told = outcome != CallUnreachable
	if !o.Told {
		o.Calls.Unreachable++
	}
	o.Calls.Last, o.Calls.Outcome = fromMilli(toMilli(at)), outcome
}

// callAnew puts the order back to where nobody has been called about it.
func (o *Order) callAnew() { o.Told, o.Calls = false, Calls{} }

// unheard reports whether the recipient has yet to answer the order, or to receive that it ended.
func (m status) unheard() bool {
	switch m.State {
	case StateOpen:
		return m.Answer == AnswerAwaiting || m.Answer == AnswerOverdue
	case StateReleased, StateExempted:
		return m.Unreceived
	}
	return false
}

// ToCall reports whether the order stands on its warning's call sheet.
func (m status) ToCall() bool { return m.unheard() && !m.Told }

// outcomeNumber is the stored byte of an outcome, from 1; 0 for what is none.
func outcomeNumber(c CallOutcome) byte {
	for i, known := range CallOutcomes() {
		if c == known {
			return byte(i + 1) // #nosec G115 -- one of three
		}
	}
	return 0
}

// Listed is the order's recipient as the version of the list has it that it follows: pinned, where it follows no other.
// It is nil where that version has none of its id.
func (o *Order) Listed(tx *bbolt.Tx, pinned string) (*reductionlist.Recipient, error) {
	version, err := followedVersion(tx, o.WarningID, pinned, o.RecipientID)
	if err != nil {
		return nil, err
	}
	return listedIn(tx, version, o.RecipientID)
}

// AtStake is what the order's measures take away in a day, in tonnes of SO2, NOx, particles and VOCs together.
func (o *Order) AtStake() float64 { return float64(o.grams) / 1e6 }

// stakeMark begins what a measure of an order says of its daily reduction. A quote within a text is escaped, so no text
// holds it.
var stakeMark = []byte(`"reduction_t_per_day":`)

// gramsOf adds up the daily reductions of an order's measures, in grams.
func gramsOf(measures json.RawMessage) (uint32, error) {
	sum := 0.0
	for rest := []byte(measures); ; {
		_, after, found := bytes.Cut(rest, stakeMark)
		if !found {
			break
		}
		var a reductionlist.Amounts
		if err := json.NewDecoder(bytes.NewReader(after)).Decode(&a); err != nil {
			return 0, fmt.Errorf("notify: the daily reduction of a measure: %w", err)
		}
		sum += a.SO2 + a.NOx + a.PM + a.VOCs
		rest = after
	}
	return uint32(min(max(math.Round(sum*1e6), 0), math.MaxUint32)), nil
}
