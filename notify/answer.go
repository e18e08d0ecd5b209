package notify

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Answer is one act of a recipient on one of its orders. Notes are in the vault: NoteRef is where, and NoteHash
// the vault's hash of the text, the same for the same text.
type Answer struct {
	RecipientID string          `json:"recipient_id"`
	OrderID     string          `json:"order_id"`
	Action      Action          `json:"action"`
	NoteRef     string          `json:"note_ref,omitempty"`
	NoteHash    string          `json:"note_hash,omitempty"`
	Measures    []MeasureAnswer `json:"measures,omitempty"`
	Evidence    []string        `json:"evidence,omitempty"` // "sha256:" and 64 hexadecimal digits each

	At         *time.Time `json:"at,omitempty"` // of what is reported or completed; it may be said
	Correction bool       `json:"correction,omitempty"`
	Wall       time.Time  `json:"-"` // what the wall clock says; zero where that is now
}

// MeasureAnswer is what the recipient says of one measure; Value nil is not given.
type MeasureAnswer struct {
	MeasureReport
	NoteHash string `json:"note_hash,omitempty"`
}

// AnswerText is an answer as it comes in, with its notes in clear.
type AnswerText struct {
	OrderID  string        `json:"order_id"`
	Action   Action        `json:"action"`
	Note     string        `text:"free" json:"note" validate:"bytes=4000"`
	Measures []MeasureText `json:"measures" validate:"most=200,dive"`
	Evidence []string      `json:"evidence" validate:"most=100,dive,evidence"`

	// At is when what report and complete say was so. With another one the same figures can be said again.
	At *time.Time `json:"at,omitempty"`
	// Correction lets complete be said again, otherwise, with a note.
	Correction bool `json:"correction,omitempty"`
}

// MeasureText is one measure of an [AnswerText].
type MeasureText struct {
	ID    string   `json:"id" validate:"required,bytes=64"`
	Value *float64 `json:"value"`
	Unit  string   `json:"unit" validate:"bytes=32"`
	Note  string   `text:"free" json:"note" validate:"bytes=4000"`
}

// Check refuses an answer of no order, and one that its action does not allow.
func (in *AnswerText) Check() error {
	var wrong []refusal.Field
	if in.OrderID == "" {
		wrong = append(wrong, refusal.Field{Path: "order_id", Rule: "input.required"})
	}
	noted := strings.TrimSpace(in.Note) != ""
	wrong = append(wrong, checkAnswer(in.Action, noted)...)
	return refusal.Input(append(wrong, checkProgress(in.Action, in.At, in.Correction, noted)...))
}

// Answer gives the command for the text. put stores a note in the vault and returns its reference and hash; it is
// not called for an empty one.
func (in *AnswerText) Answer(recipient string, put func(note string) (ref, hash string, err error)) (Answer, error) {
	a := Answer{RecipientID: recipient, OrderID: in.OrderID, Action: in.Action, Evidence: in.Evidence,
		At: in.At, Correction: in.Correction}
	keep := func(note string, ref, hash *string) (err error) {
		if note != "" {
			*ref, *hash, err = put(note)
		}
		return err
	}
	if err := keep(in.Note, &a.NoteRef, &a.NoteHash); err != nil {
		return Answer{}, err
	}
	for _, m := range in.Measures {
		r := MeasureAnswer{MeasureReport: MeasureReport{ID: m.ID, Value: m.Value, Unit: m.Unit}}
		if err := keep(m.Note, &r.NoteRef, &r.NoteHash); err != nil {
			return Answer{}, err
		}
		a.Measures = append(a.Measures, r)
	}
	return a, nil
}

// checkAnswer says what is wrong with an answer; noted is whether it has a note, which an objection is decided by.
func checkAnswer(action Action, noted bool) (wrong []refusal.Field) {
	if acts[action] == nil {
		wrong = append(wrong, refusal.Field{Path: "action", Rule: "order.action",
			Args: refusal.Args{"value": string(action)}})
	}
	if action == Object && !noted {
		wrong = append(wrong, refusal.Field{Path: "note", Rule: "order.object_note"})
	}
	return wrong
}

// DecideAnswer decides on an act. It returns the order as it stands afterwards. An order of somebody else is not_found,
// as if there were none; the same act with the same content again gives no events; with other content it is a conflict,
// except for an objection that was recorded without a note, which a note completes while it waits; an act that the
// order's state does not allow is transition_refused with that state.
func DecideAnswer(tx *bbolt.Tx, _ string, in Answer, now time.Time) ([]Event, *Order, error) {
	o := new(Order)
	ok, err := o.load(tx, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	if !ok || o.RecipientID != in.RecipientID {
		return nil, nil, notFound(in.OrderID)
	}
	wrong := checkAnswer(in.Action, in.NoteHash != "")
	wrong = append(wrong, checkProgress(in.Action, in.At, in.Correction, in.NoteHash != "")...)
	if err := refusal.Input(append(wrong, in.checkAt(o, wall(in.Wall, now))...)); err != nil {
		return nil, nil, err
	}
	a := acts[in.Action]
	ev := &Answered{OrderID: in.OrderID, Action: string(in.Action), At: in.At, Correction: in.Correction}
	if a.content < 0 {
		if !o.Unreceived && deliveryAfter(o.Delivery, a.deliver) == o.Delivery {
			return nil, o, nil
		}
	} else {
		d := in.digest()
		if o.acts[a.content] == d {
			return nil, o, nil
		}
		if ev.progress() {
			if said, err := o.said(tx, d); err != nil || said {
				return nil, o, err
			}
		}
		if err := o.allows(tx, &in, a); err != nil {
			return nil, nil, err
		}
		ev.Digest = hex.EncodeToString(d[:])
		ev.Late = in.Action == Acknowledge && o.Answer != AnswerObjected && now.After(o.AcknowledgeBy)
	}
	ev.NoteRef, ev.Evidence = in.NoteRef, in.Evidence
	for _, m := range in.Measures {
		ev.Measures = append(ev.Measures, m.MeasureReport)
	}
	return []Event{ev}, o, o.perform(ev, now)
}

// allows refuses an act with content that the order's state, an earlier act or the transition table forbids. An
// objection that was recorded without a reason may be given one, and a completion be corrected.
func (o *Order) allows(tx *bbolt.Tx, in *Answer, a *act) error {
	if in.Action == Object {
		if completes, err := o.Unexplained(tx); err != nil || completes {
			return err
		}
	}
	args := refusal.Args{"id": o.ID, "action": terms.Words(terms.OrderAct, in.Action)}
	switch again := o.acts[a.content] != (digest{}); {
	case o.State != StateOpen:
		return terms.Transition(terms.OrderState, "order.closed", o.State.String(), args)
	case in.Correction && o.Execution != ExecutionCompleted:
		return refuseAt("correction", "order.correct_nothing", nil)
	case (in.Correction || in.Action == Report && again) && lastReport(tx, o.ID) >= maxReports:
		return refusal.New(refusal.Conflict, "order.reports_limit", refusal.Args{"id": o.ID, "limit": maxReports})
	case in.Correction:
		return nil
	case in.Action != Report && again:
		return refusal.New(refusal.Conflict, "order.done_otherwise", args)
	}
	if _, ok := a.answer[o.Answer]; !ok {
		return terms.Transition(terms.OrderState, "order.answer_state", o.Answer.String(), args)
	}
	if _, ok := a.execute[o.Execution]; !ok && a.execute != nil {
		return terms.Transition(terms.OrderState, "order.execution_state", o.Execution.String(), args)
	}
	return nil
}

// perform changes the order as the act does. Every act confirms the latest event.
func (o *Order) perform(ev *Answered, at time.Time) error {
	a := acts[Action(ev.Action)]
	if a == nil {
		return fmt.Errorf("notify: order %s: unknown action %q", ev.OrderID, ev.Action)
	}
	o.Unreceived = false
	o.Delivery = deliveryAfter(o.Delivery, a.deliver)
	if a.content < 0 {
		return nil
	}
	if _, err := hex.Decode(o.acts[a.content][:], []byte(ev.Digest)); err != nil || len(ev.Digest) != 2*len(digest{}) {
		return fmt.Errorf("notify: order %s: damaged digest %q", ev.OrderID, ev.Digest)
	}
	if to, ok := a.answer[o.Answer]; ok {
		o.Answer = to
	}
	if to, ok := a.execute[o.Execution]; ok {
		o.Execution = to
	}
	if Action(ev.Action) == Acknowledge {
		o.AcknowledgedAt = at
		o.Late = o.Late || ev.Late
	}
	return nil
}

// digest stands for the content of the act: note, measures and evidence.
func (in *Answer) digest() (d digest) {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(string(in.Action))
	text(in.NoteHash)
	b = binary.AppendUvarint(b, uint64(len(in.Measures)))
	for i := range in.Measures {
		m := &in.Measures[i]
		text(m.ID)
		text(m.Unit)
		text(m.NoteHash)
		if m.Value == nil {
			b = append(b, 0)
		} else {
			b = binary.BigEndian.AppendUint64(append(b, 1), math.Float64bits(*m.Value))
		}
	}
	for _, h := range in.Evidence {
		text(h)
	}
	if in.At != nil {
		text("at")
		b = binary.BigEndian.AppendUint64(b, uint64(in.At.UnixNano())) // #nosec G115 -- a time of this age
	}
	if in.Correction {
		text("correction")
	}
	sum := sha256.Sum256(b)
	copy(d[:], sum[:])
	return d
}

// applyAnswered leaves the outbox as it is: [Message] says of a row whose order was received that nothing is to be
// sent, and such rows are taken out many at a time when they fall due. An answer then writes no page of it.
func applyAnswered(tx *bbolt.Tx, fx Effects, at time.Time, pos Pos, ev *Answered) error {
	var o Order
	if err := o.must(tx, ev.OrderID); err != nil {
		return err
	}
	was, place := o.status, o.sheetKey()
	if err := o.perform(ev, at); err != nil {
		return err
	}
	if Action(ev.Action) == Object {
		if err := o.object(tx, was.Answer, at, ev.NoteRef); err != nil {
			return err
		}
	}
	if ev.progress() {
		if err := o.keepReport(tx, at, Action(ev.Action), pos); err != nil {
			return err
		}
	}
	if err := o.store(tx); err != nil {
		return err
	}
	if o.State != StateOpen {
		if err := tx.Bucket(pendingBucket).Delete(recipientKey(o.RecipientID, o.ID)); err != nil {
			return err
		}
	}
	count(fx, &o, &was)
	o.moveOnSheet(fx, place)
	return nil
}
