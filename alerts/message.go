package alerts

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// The topics of this package's outbox rows.
const (
	TopicWarning  = "warning"
	TopicProposal = "proposal"
)

// Msg is an outbox row rendered: what is published, byte for byte the same each time.
type Msg struct {
	Subject string
	EventID string // header Qingkong-Event-Id, and the publication's idempotency key
	Payload []byte
	Stream  bool // kept in the stream of public events
}

type storedMessage struct {
	Subject string          `json:"subject"`
	Payload json.RawMessage `json:"payload"`
	Stream  bool            `json:"stream"`
}

// Message renders an outbox row of this package: the state as it was when the row was made.
func Message(tx *bbolt.Tx, topic, id string) (Msg, error) {
	key := topic + "/" + id
	m, ok, err := get[storedMessage](tx, bMessage, key)
	if err != nil {
		return Msg{}, err
	}
	if !ok {
		return Msg{}, fmt.Errorf("alerts: no message %s", key)
	}
	return Msg{Subject: m.Subject, EventID: key, Payload: m.Payload, Stream: m.Stream}, nil
}

// send freezes what goes out and puts it in the outbox. kind is the end of the subject.
func send(tx *bbolt.Tx, fx Effects, topic, of string, n int, drill bool, kind string, what any, at time.Time) error {
	payload, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("alerts: message of %s: %w", of, err)
	}
	root := "qingkong."
	if drill {
		root += "drill."
	}
	id := of + "/" + strconv.Itoa(n)
	m := storedMessage{Subject: root + topic + "." + kind, Payload: payload, Stream: topic == TopicWarning}
	if err := put(tx, bMessage, topic+"/"+id, m); err != nil {
		return err
	}
	fx.Send(topic, id, at)
	return nil
}
