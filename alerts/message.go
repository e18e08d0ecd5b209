package alerts

import (
	"encoding/json"
	"fmt"
	"reflect"
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

// Message renders an outbox row of this package: the state as it was when the row was made, of a warning what is public
// of it (see [Warning.Public]): towns hear it too. The row holds the whole, so that what is applied stays what it
// always was.
func Message(tx *bbolt.Tx, topic, id string) (Msg, error) {
	key := topic + "/" + id
	m, ok, err := get[storedMessage](tx, bMessage, key)
	if err != nil {
		return Msg{}, err
	}
	if !ok {
		return Msg{}, fmt.Errorf("alerts: no message %s", key)
	}
	if topic == TopicWarning {
		if m.Payload, err = publicPayload(m.Payload); err != nil {
			return Msg{}, fmt.Errorf("alerts: message %s: %w", key, err)
		}
	}
	return Msg{Subject: m.Subject, EventID: key, Payload: m.Payload, Stream: m.Stream}, nil
}

// publicPayload is a stored warning without what is not public; as it was stored where it holds nothing of it.
func publicPayload(stored json.RawMessage) (json.RawMessage, error) {
	w := new(Warning)
	if err := json.Unmarshal(stored, w); err != nil {
		return nil, err
	}
	p := w.Public()
	if reflect.DeepEqual(w, p) {
		return stored, nil
	}
	return json.Marshal(p)
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
