package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// render appends an order as others see it (contract.md §3): the frozen body with the contact and the values
// that change in the place of the contact's reference, and behind them what else there is.
func render(dst, body []byte, contact Contact, acknowledgedAt time.Time, late bool, m status, more more) (
	_ []byte, err error) {
	at := bytes.LastIndex(body, []byte(contactMember))
	if at < 0 || body[len(body)-1] != '}' {
		return nil, fmt.Errorf("notify: an order's body does not end with its contact")
	}
	var ref string
	if err := json.Unmarshal(body[at+len(contactMember):len(body)-1], &ref); err != nil {
		return nil, fmt.Errorf("notify: contact reference: %w", err)
	}
	var name, phone string
	if ref != "" {
		name, phone = contact(ref)
	}
	dst = append(dst, body[:at]...)
	dst = appendMember(dst, `,"contact":{"name":`, name)
	dst = appendMember(dst, `,"phone":`, phone)
	dst = append(dst, `},"acknowledged_at":`...)
	if acknowledgedAt.IsZero() {
		dst = append(dst, "null"...)
	} else {
		dst = appendTime(dst, acknowledgedAt)
	}
	dst = strconv.AppendBool(append(dst, `,"late":`...), late)
	dst = appendMember(dst, `,"delivery":`, m.Delivery.String())
	dst = appendMember(dst, `,"answer":`, m.Answer.String())
	dst = appendMember(dst, `,"execution":`, m.Execution.String())
	dst = appendMember(dst, `,"verdict":`, m.Verdict.String())
	dst = appendMember(dst, `,"state":`, m.State.String())
	if more.release != nil {
		dst = more.release.appendJSON(append(dst, `,"release":`...))
	}
	if more.objection != nil {
		dst, err = appendAny(dst, `,"objection":`, more.objection)
	}
	if more.progress != nil && err == nil {
		dst, err = appendAny(dst, `,"progress":`, more.progress)
	}
	return append(dst, '}'), err
}

func appendAny(dst []byte, name string, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(append(dst, name...), text...), err
}

// more is what an order as others see it has behind its state; a nil member is left out.
type more struct {
	release   *ReleaseView
	objection *ObjectionView
	progress  []ProgressView
}

// appendJSON appends the order as it stands now; its objection and progress where they are asked for.
func (o *Order) appendJSON(dst []byte, tx *bbolt.Tx, read Reader, vault Vault, whole bool) ([]byte, error) {
	body, err := read(tx, o.Body)
	if err != nil {
		return nil, fmt.Errorf("notify: body of order %s: %w", o.ID, err)
	}
	var m more
	if m.release, err = o.release(tx, vault); err != nil {
		return nil, err
	}
	if whole {
		if m.objection, err = o.objection(tx, vault); err != nil {
			return nil, err
		}
		if m.progress, err = o.progress(tx, read, vault); err != nil {
			return nil, err
		}
	}
	return render(dst, body, vault.Contact, o.AcknowledgedAt, o.Late, o.status, m)
}

// JSON is the order as it stands now with its objection and progress, or a not_found refusal.
func JSON(tx *bbolt.Tx, read Reader, vault Vault, orderID string) ([]byte, error) {
	return orderJSON(tx, read, vault, orderID, true)
}

// BriefJSON is the order as lists have it: [JSON] without the objection and the progress.
func BriefJSON(tx *bbolt.Tx, read Reader, vault Vault, orderID string) ([]byte, error) {
	return orderJSON(tx, read, vault, orderID, false)
}

func orderJSON(tx *bbolt.Tx, read Reader, vault Vault, id string, objected bool) ([]byte, error) {
	o, err := Get(tx, id)
	if err != nil {
		return nil, err
	}
	return o.appendJSON(nil, tx, read, vault, objected)
}

// ErrReceived says of an outbox row that nothing is to be sent for it: its recipient has received the message, or a
// later one of the order.
var ErrReceived = errors.New("notify: received already")

// awaits says whether the message is the one of the order's latest event, and was not received.
func (o *Order) awaits(message string) bool { return o.Unreceived && message == o.message() }

// Wanted says whether there is something to be sent for the outbox message id of [Topic].
func Wanted(tx *bbolt.Tx, id string) (bool, error) {
	orderID, _, _ := strings.Cut(id, "/")
	var o Order
	ok, err := o.load(tx, orderID)
	return ok && o.awaits(id), err
}

// Message renders the outbox message id of [Topic]: the order as it was at the event the id names, whatever has
// happened since, so that a repeat has the same bytes as long as the vault holds the same.
func Message(tx *bbolt.Tx, read Reader, vault Vault, id string) (subject string, payload []byte, err error) {
	orderID, event, _ := strings.Cut(id, "/")
	var o Order
	if err := o.must(tx, orderID); err != nil {
		return "", nil, err
	}
	if !o.awaits(id) {
		return "", nil, ErrReceived
	}
	var m status
	var acknowledgedAt time.Time
	var behind more
	late := false
	switch event {
	case "issued", "revised":
	case "released":
		m, acknowledgedAt, late = o.released, o.AcknowledgedAt, o.Late
		if m.State == StateOpen {
			return "", nil, fmt.Errorf("notify: message %s: the order was not released", id)
		}
		if behind.release, err = o.release(tx, vault); err != nil {
			return "", nil, err
		}
	default:
		return "", nil, fmt.Errorf("notify: message %s: unknown event", id)
	}
	body, err := read(tx, o.Body)
	if err != nil {
		return "", nil, fmt.Errorf("notify: body of order %s: %w", o.ID, err)
	}
	payload = make([]byte, 0, len(body)+400)
	payload = append(appendMember(payload, `{"event":`, event), `,"order":`...)
	if payload, err = render(payload, body, vault.Contact, acknowledgedAt, late, m, behind); err != nil {
		return "", nil, err
	}
	return o.subject(), append(payload, '}'), nil
}

func (o *Order) subject() string {
	if o.Drill {
		return "qingkong.drill.order." + o.RecipientID
	}
	return "qingkong.order." + o.RecipientID
}

// PendingOrders is the reply to qingkong.pending.<recipient>, or to its drill twin: {"orders":[…]} with the
// recipient's open orders and the releases it has not yet received.
func PendingOrders(tx *bbolt.Tx, read Reader, vault Vault, recipient string, drill bool) ([]byte, error) {
	dst := append(make([]byte, 0, 4096), `{"orders":[`...)
	prefix := recipientKey(recipient, "")
	c := tx.Bucket(pendingBucket).Cursor()
	first := true
	var o Order
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		err := o.must(tx, string(k[len(prefix):]))
		if err != nil {
			return nil, err
		}
		if o.Drill != drill {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if dst, err = o.appendJSON(dst, tx, read, vault, false); err != nil {
			return nil, err
		}
	}
	return append(dst, "]}"...), nil
}
