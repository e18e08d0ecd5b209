package notify

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// The axes of an order's state. A value's place in its list is its stored byte and its counter.
type (
	// Delivery is how far the order's messages came.
	Delivery byte
	// AnswerState is what the recipient said to the order.
	AnswerState byte
	// Execution is how far the recipient says it is with the measures.
	Execution byte
	// Verdict is what monitoring and inspection conclude.
	Verdict byte
	// State is whether the order binds.
	State byte
)

// Values of Delivery.
const (
	DeliveryPending Delivery = iota
	DeliverySent
	DeliveryDelivered
	DeliveryRead
	DeliveryFailed
)

// Values of AnswerState.
const (
	AnswerAwaiting AnswerState = iota
	AnswerAcknowledged
	AnswerObjected
	AnswerOverdue
)

// Values of Execution.
const (
	ExecutionNotStarted Execution = iota
	ExecutionStarted
	ExecutionReported
	ExecutionCompleted
)

// Values of Verdict.
const (
	VerdictNone Verdict = iota
	VerdictCompliant
	VerdictSuspected
	VerdictViolated
	VerdictNoData
)

// Values of State.
const (
	StateOpen State = iota
	StateSuperseded
	StateReleased
	StateExempted
)

var (
	deliveryNames  = []string{"pending", "sent", "delivered", "read", "failed"}
	answerNames    = []string{"awaiting", "acknowledged", "objected", "overdue"}
	executionNames = []string{"not_started", "started", "reported", "completed"}
	verdictNames   = []string{"none", "compliant", "suspected", "violated", "no_data"}
	stateNames     = []string{"open", "superseded", "released", "exempted"}
)

func (d Delivery) String() string    { return deliveryNames[d] }
func (a AnswerState) String() string { return answerNames[a] }
func (e Execution) String() string   { return executionNames[e] }
func (v Verdict) String() string     { return verdictNames[v] }
func (s State) String() string       { return stateNames[s] }

// digest stands for a content: the first eight bytes of its SHA-256. Zero is "none yet".
type digest [8]byte

// status are the values of an order that change while it stands.
type status struct {
	Delivery  Delivery
	Answer    AnswerState
	Execution Execution
	Verdict   Verdict
	State     State
	// Unreceived says that the recipient has not yet received the latest event of the order.
	Unreceived bool
	// Told says that the recipient was told by telephone of what the order says now.
	Told bool
}

// Order is the stored state of one order. What was ordered stands in the body at Body.
type Order struct {
	ID          string
	WarningID   string
	RecipientID string
	Revision    int
	Body        Pos
	Drill       bool
	Late        bool
	status
	// IssuedAt, AcknowledgeBy and AcknowledgedAt have millisecond precision; the last is zero until then.
	IssuedAt, AcknowledgeBy, AcknowledgedAt time.Time
	RecipientName, Town, Sector, Grade      string
	Calls                                   Calls

	callsMade uint16 // in all; Calls are those since it said what it says now

	released status // as at the release, which its message repeats
	measures digest
	acts     [contentActs]digest
	grams    uint32 // at stake, see [Order.AtStake]
	words    uint32 // number of what its latest release says, see release.go; 0 for none
}

const (
	rowVersion = 3
	rowFixed   = 18 + 16 + 24 + 8 + 8*contentActs + 4 + rowCalls
	rowCalls   = 4 + 2 + 2 + 1 + 8 // what is at stake, and the calls

	flagDrill = 1 << iota
	flagLate
	flagUnreceived
	flagTold
)

// encode gives the stored form: a version byte, flags, the axes now and at the release, the lengths of the
// two ids within the key, then big-endian numbers and digests, then length-prefixed strings.
func (o *Order) encode() []byte {
	b := make([]byte, 0, rowFixed+8+len(o.RecipientName)+len(o.Town)+len(o.Sector)+len(o.Grade))
	var flags byte
	if o.Drill {
		flags |= flagDrill
	}
	if o.Late {
		flags |= flagLate
	}
	if o.Unreceived {
		flags |= flagUnreceived
	}
	if o.Told {
		flags |= flagTold
	}
	b = append(b, rowVersion, flags)
	b = o.status.append(b)
	b = o.released.append(b)
	b = append(b, byte(len(o.WarningID)), byte(len(o.RecipientID)))
	be := binary.BigEndian
	b = be.AppendUint32(b, uint32(o.Revision))
	b = be.AppendUint64(b, o.Body.Block)
	b = be.AppendUint32(b, o.Body.Off)
	b = be.AppendUint32(b, o.Body.Len)
	b = be.AppendUint64(b, uint64(toMilli(o.IssuedAt)))
	b = be.AppendUint64(b, uint64(toMilli(o.AcknowledgeBy)))
	b = be.AppendUint64(b, uint64(toMilli(o.AcknowledgedAt)))
	b = append(b, o.measures[:]...)
	for i := range o.acts {
		b = append(b, o.acts[i][:]...)
	}
	b = be.AppendUint32(b, o.words)
	b = be.AppendUint32(b, o.grams)
	b = be.AppendUint16(b, o.callsMade)
	b = be.AppendUint16(b, uint16(o.Calls.Unreachable)) // #nosec G115 -- at most maxCalls
	b = append(b, outcomeNumber(o.Calls.Outcome))
	b = be.AppendUint64(b, uint64(toMilli(o.Calls.Last)))
	for _, s := range [...]string{o.RecipientName, o.Town, o.Sector, o.Grade} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// append appends the stored form of all but Unreceived and Told, which are flags of the row.
func (m status) append(b []byte) []byte {
	return append(b, byte(m.Delivery), byte(m.Answer), byte(m.Execution), byte(m.Verdict), byte(m.State))
}

func decodeMutable(b []byte) status {
	return status{Delivery: Delivery(b[0]), Answer: AnswerState(b[1]), Execution: Execution(b[2]), Verdict: Verdict(b[3]),
		State: State(b[4])}
}

func (m status) valid() bool {
	return int(m.Delivery) < len(deliveryNames) && int(m.Answer) < len(answerNames) &&
		int(m.Execution) < len(executionNames) && int(m.Verdict) < len(verdictNames) && int(m.State) < len(stateNames)
}

// decode reads the stored form of the order id.
func (o *Order) decode(id string, b []byte) error {
	if err := o.decodeFixed(id, b); err != nil {
		return err
	}
	b = b[rowFixed:]
	tail := string(b) // one allocation for all four
	for _, s := range [...]*string{&o.RecipientName, &o.Town, &o.Sector, &o.Grade} {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return fmt.Errorf("notify: order %s: damaged row", id)
		}
		end := k + int(n)
		*s = tail[k:end]
		b, tail = b[end:], tail[end:]
	}
	return nil
}

// decodeFixed reads all but the strings at the row's end.
func (o *Order) decodeFixed(id string, b []byte) error {
	if len(b) < rowFixed || b[0] != rowVersion {
		return fmt.Errorf("notify: order %s: not a version %d row", id, rowVersion)
	}
	flags := b[1]
	o.ID = id
	o.Drill, o.Late = flags&flagDrill != 0, flags&flagLate != 0
	o.status, o.released = decodeMutable(b[2:]), decodeMutable(b[7:])
	o.Unreceived, o.Told = flags&flagUnreceived != 0, flags&flagTold != 0
	w, r := int(b[12]), int(b[13])
	if !o.status.valid() || !o.released.valid() || w+1+r >= len(id) {
		return fmt.Errorf("notify: order %s: damaged row", id)
	}
	o.WarningID, o.RecipientID = id[:w], id[w+1:w+1+r]
	be := binary.BigEndian
	o.Revision = int(be.Uint32(b[14:]))
	o.Body = Pos{Block: be.Uint64(b[18:]), Off: be.Uint32(b[26:]), Len: be.Uint32(b[30:])}
	o.IssuedAt = fromMilli(int64(be.Uint64(b[34:])))
	o.AcknowledgeBy = fromMilli(int64(be.Uint64(b[42:])))
	o.AcknowledgedAt = fromMilli(int64(be.Uint64(b[50:])))
	copy(o.measures[:], b[58:])
	for i := range o.acts {
		copy(o.acts[i][:], b[66+8*i:])
	}
	o.words = be.Uint32(b[66+8*contentActs:])
	return o.decodeCalls(b[rowFixed-rowCalls : rowFixed])
}

func (o *Order) decodeCalls(b []byte) error {
	be := binary.BigEndian
	o.grams, o.callsMade = be.Uint32(b), be.Uint16(b[4:])
	o.Calls = Calls{Unreachable: int(be.Uint16(b[6:])), Last: fromMilli(int64(be.Uint64(b[9:])))}
	if n := int(b[8]); n > len(CallOutcomes()) {
		return fmt.Errorf("notify: order %s: damaged row", o.ID)
	} else if n > 0 {
		o.Calls.Outcome = CallOutcomes()[n-1]
	}
	return nil
}

// load reads an order into o and reports whether there is one.
func (o *Order) load(tx *bbolt.Tx, id string) (bool, error) {
	b := tx.Bucket(ordersBucket).Get([]byte(id))
	if b == nil {
		return false, nil
	}
	return true, o.decode(id, b)
}

// must reads an order that an event names; a missing one is damage, not a refusal.
func (o *Order) must(tx *bbolt.Tx, id string) error {
	ok, err := o.load(tx, id)
	if err == nil && !ok {
		err = fmt.Errorf("notify: no order %s", id)
	}
	return err
}

// inOrder is how full the pages are made of buckets whose rows mostly come one behind the other, a round's orders.
// bbolt would leave half of each free for rows that come between.
const inOrder = 0.9

func (o *Order) store(tx *bbolt.Tx) error {
	b := tx.Bucket(ordersBucket)
	b.FillPercent = inOrder
	return b.Put([]byte(o.ID), o.encode())
}

// Get returns the state of an order, or a not_found refusal.
func Get(tx *bbolt.Tx, id string) (*Order, error) {
	o := new(Order)
	ok, err := o.load(tx, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notFound(id)
	}
	return o, nil
}

func notFound(id string) error {
	return refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
}
