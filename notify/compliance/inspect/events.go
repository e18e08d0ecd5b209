package inspect

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify"
)

// AboutInspection is what events of this package concern beside orders.
const AboutInspection = "inspection"

// Recorded says what was found at a recipient; its actor is the inspector.
type Recorded struct {
	Inspection Inspection `json:"inspection"`
}

// Answered says that an enterprise said something of an inspection.
type Answered struct {
	Inspection string   `json:"inspection_id"`
	Order      string   `json:"order_id,omitempty"`
	Recipient  string   `json:"recipient_id"`
	NoteRef    string   `json:"note_ref,omitempty"`
	Evidence   []string `json:"evidence,omitempty"`
}

// Drawn says where somebody is to go, and by which lot.
type Drawn struct {
	Draw Draw `json:"draw"`
}

// KindDrawn is the kind of a [Drawn].
const KindDrawn = "inspection.drawn"

// Kind names the event in the record.
func (*Recorded) Kind() string { return "inspection.recorded" }

// Kind names the event in the record.
func (*Answered) Kind() string { return "inspection.answered" }

// Kind names the event in the record.
func (*Drawn) Kind() string { return KindDrawn }

// Decode reads an event back from the record. An unknown kind is an error.
func Decode(kind string, data []byte) (Event, error) {
	for _, ev := range []Event{new(Recorded), new(Answered), new(Drawn)} {
		if ev.Kind() != kind {
			continue
		}
		if err := json.Unmarshal(data, ev); err != nil {
			return nil, fmt.Errorf("inspect: decode %s: %w", kind, err)
		}
		return ev, nil
	}
	return nil, fmt.Errorf("inspect: unknown event kind %q", kind)
}

// Quiet are the kinds that concern nobody.
func Quiet() []string { return []string{(*Drawn)(nil).Kind()} }

// About says whom an event of another kind concerns: the inspection ("recorded", "corrected", "answered") and its order
// ("inspected", "inspection_answered").
func About(ev Event) (about []alerts.Subject) {
	of := func(kind, id, change string) {
		if id != "" {
			about = append(about, alerts.Subject{Kind: kind, ID: id, Change: change})
		}
	}
	switch ev := ev.(type) {
	case *Recorded:
		of(AboutInspection, ev.Inspection.ID, "recorded")
		of(AboutInspection, ev.Inspection.Corrects, "corrected")
		of(notify.AboutOrder, ev.Inspection.Order, "inspected")
	case *Answered:
		of(AboutInspection, ev.Inspection, "answered")
		of(notify.AboutOrder, ev.Order, "inspection_answered")
	}
	return about
}

// Apply writes what ev says. The result depends on nothing but the state and its arguments.
func Apply(tx *bbolt.Tx, at time.Time, actor string, ev Event) error {
	switch ev := ev.(type) {
	case *Recorded:
		in := ev.Inspection
		in.Inspector, in.ReceivedAt = actor, at
		return in.add(tx)
	case *Answered:
		in, err := Get(tx, ev.Inspection)
		if err != nil {
			return err
		}
		in.Answers = append(in.Answers, Answer{At: at, NoteRef: ev.NoteRef, Evidence: ev.Evidence})
		for _, hash := range ev.Evidence {
			if err := tx.Bucket(fileBucket).Put(joined(hash, in.ID), nil); err != nil {
				return err
			}
		}
		return in.store(tx)
	case *Drawn:
		d := ev.Draw
		d.At, d.By = at, actor
		if d.Key != "" {
			if err := tx.Bucket(clientBucket).Put(drawKey(actor, d.Key), []byte(d.ID)); err != nil {
				return err
			}
		}
		return put(tx, drawsBucket, []byte(d.ID), &d)
	}
	return fmt.Errorf("inspect: unknown event %T", ev)
}

// add stores an inspection that is new, and that it corrects another.
func (in *Inspection) add(tx *bbolt.Tx) error {
	index := func(bucket []byte, of string) error {
		if of == "" {
			return nil
		}
		return tx.Bucket(bucket).Put(joined(of, in.ID), nil)
	}
	if in.Client != "" {
		if err := tx.Bucket(clientBucket).Put(joined(in.Inspector, in.Client), []byte(in.ID)); err != nil {
			return err
		}
	}
	for _, of := range [...]struct {
		bucket []byte
		id     string
	}{{warningBucket, in.Warning}, {recipientBucket, in.Recipient}, {taskBucket, in.Task}} {
		if err := index(of.bucket, of.id); err != nil {
			return err
		}
	}
	for _, hash := range in.Files() {
		if err := index(fileBucket, hash); err != nil {
			return err
		}
	}
	if in.Corrects != "" {
		was, err := Get(tx, in.Corrects)
		if err != nil {
			return err
		}
		was.CorrectedBy = in.ID
		if err := was.store(tx); err != nil {
			return err
		}
	}
	return in.store(tx)
}

func (in *Inspection) store(tx *bbolt.Tx) error {
	if err := put(tx, allBucket, []byte(in.ID), in); err != nil {
		return err
	}
	return tx.Bucket(rowsBucket).Put([]byte(in.ID), in.row().encode())
}
