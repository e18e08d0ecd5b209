package notify

import (
	"bytes"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// objection is the latest that a recipient objected to an order, and what was decided on it.
type objection struct {
	At        time.Time  `json:"at"`
	NoteRef   string     `json:"note_ref,omitempty"` // empty in records of a time when none was asked for
	Decision  string     `json:"decision,omitempty"` // empty while it waits
	DecidedAt time.Time  `json:"decided_at,omitzero"`
	ReasonRef string     `json:"reason_ref,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// ObjectionView is an objection as others read it: why the recipient objected, what was decided, and why. Decision is
// empty while it waits for one. Note and reason are empty for whoever may not read them, too. Times are in Shanghai.
type ObjectionView struct {
	At        time.Time  `json:"at"`
	Note      string     `json:"note"`
	Decision  string     `json:"decision"`
	DecidedAt *time.Time `json:"decided_at"`
	Reason    string     `json:"reason"`
	ExpiresAt *time.Time `json:"expires_at"` // of what was granted; null for the whole warning
}

// OldestObjection is when the first objection to a warning's orders was made that still waits for a decision; zero for
// none.
func OldestObjection(tx *bbolt.Tx, warning, town string) (oldest time.Time, err error) {
	prefix := []byte(warning + "-")
	c := tx.Bucket(objectionsBucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		o, err := Get(tx, string(k))
		if err != nil {
			return oldest, err
		}
		if o.State != StateOpen || o.Answer != AnswerObjected || town != "" && o.Town != town {
			continue
		}
		was, err := objectionTo(tx, o.ID)
		if err != nil {
			return oldest, err
		}
		if oldest.IsZero() || was.At.Before(oldest) {
			oldest = was.At
		}
	}
	return oldest, nil
}

// objectionTo is the latest objection to an order; nil for none.
func objectionTo(tx *bbolt.Tx, order string) (*objection, error) {
	return getJSON[objection](tx, objectionsBucket, "objection to", order)
}

func (in *objection) store(tx *bbolt.Tx, order string) error {
	return putJSON(tx, objectionsBucket, []byte(order), in)
}

// objection is the objection to the order; nil for none.
func (o *Order) objection(tx *bbolt.Tx, vault Vault) (*ObjectionView, error) {
	in, err := objectionTo(tx, o.ID)
	if err != nil || in == nil {
		return nil, err
	}
	v := &ObjectionView{At: in.At.In(alerts.Shanghai()), Note: vault.Note.text(in.NoteRef), Decision: in.Decision,
		Reason: vault.Note.text(in.ReasonRef), ExpiresAt: in.ExpiresAt}
	if !in.DecidedAt.IsZero() {
		v.DecidedAt = new(in.DecidedAt.In(alerts.Shanghai()))
	}
	return v, nil
}

// Unexplained reports whether the order's objection waits for a decision and was recorded without saying why: it may be
// said now.
func (o *Order) Unexplained(tx *bbolt.Tx) (bool, error) {
	if o.State != StateOpen || o.Answer != AnswerObjected {
		return false, nil
	}
	in, err := objectionTo(tx, o.ID)
	return in != nil && in.NoteRef == "" && in.Decision == "", err
}

// object keeps why the recipient objected. A reason that completes an objection which waits without one makes no new
// objection.
func (o *Order) object(tx *bbolt.Tx, was AnswerState, at time.Time, noteRef string) error {
	in, err := objectionTo(tx, o.ID)
	if err != nil {
		return err
	}
	if in == nil || was != AnswerObjected {
		in = &objection{At: at}
	}
	in.NoteRef = noteRef
	return in.store(tx, o.ID)
}

// keepDecision keeps what was decided on the order's objection.
func keepDecision(tx *bbolt.Tx, at time.Time, ev *Decided) error {
	in, err := objectionTo(tx, ev.OrderID)
	if err != nil {
		return err
	}
	if in == nil {
		return fmt.Errorf("notify: order %s: a decision on no objection", ev.OrderID)
	}
	in.Decision, in.DecidedAt, in.ReasonRef, in.ExpiresAt = ev.Decision, at, ev.ReasonRef, ev.ExpiresAt
	return in.store(tx, ev.OrderID)
}
