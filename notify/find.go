package notify

import (
	"bytes"
	"qingkong/reductionlist"
	"strings"

	"go.etcd.io/bbolt"
)

// Filter narrows a list of orders; an empty member does not. State is any value of an order's delivery, answer,
// execution, verdict or state, like "overdue" or "released", or "release_waiting" for an end that was not yet received;
// all but those of the state find only the latest order of a recipient, as the board counts. Query is part of a
// recipient's id or name.
type Filter struct {
	Warning   string
	Recipient string
	State     string
	Town      string
	Query     string
}

// Bounds of a list.
const (
	MaxPage  = 1000    // orders on a page
	maxScan  = 50_000  // orders one page looks at; it may then be shorter than asked, with a cursor to go on
	maxCount = 200_000 // orders looked at to count what no counter knows
)

// ReleaseWaiting is the state of an order whose recipient has not received that it ended.
const ReleaseWaiting = "release_waiting"

// counterOf finds the counter of a value by its name; no two axes share one.
var counterOf = func() map[string]int {
	m := map[string]int{}
	for at, names := range map[int][]string{atDelivery: deliveryNames, atAnswer: answerNames,
		atExecution: executionNames, atVerdict: verdictNames, atState: stateNames} {
		for i, name := range names {
			m[name] = at + i
		}
	}
	return m
}()

// finds reports whether the filter's State is one of an order's values.
func (f *Filter) finds(s status) bool {
	if f.State == "" {
		return true
	}
	var c counts
	c.add(s, 1)
	return c.of(f.State) > 0
}

func (f *Filter) matches(o *Order) bool {
	return f.finds(o.status) && (f.Warning == "" || f.Warning == o.WarningID) &&
		(f.Town == "" || f.Town == o.Town) &&
		(f.Query == "" || strings.Contains(o.RecipientID, f.Query) || strings.Contains(o.RecipientName, f.Query))
}

// ListOrders returns a page of at most limit orders after the cursor, which is the next of the page before: the
// latest warning first, and within a warning by recipient and revision. An empty next is the end.
func ListOrders(tx *bbolt.Tx, f Filter, cursor string, limit int) (orders []*Order, next string, err error) {
	limit = max(1, min(limit, MaxPage))
	seen, last := 0, []byte(nil)
	err = f.scan(tx, cursor, func(id []byte, o *Order) bool {
		if len(orders) == limit || seen == maxScan {
			next = string(last)
			return false
		}
		seen, last = seen+1, id
		if o != nil && f.matches(o) {
			found := *o
			orders = append(orders, &found)
		}
		return true
	})
	return orders, next, err
}

// CountOrders says how many orders the filter finds, or -1 when that takes too long to know.
func CountOrders(tx *bbolt.Tx, f Filter) (int, error) {
	if f.Query == "" && f.Recipient == "" {
		return f.counted(tx)
	}
	n, seen := 0, 0
	err := f.scan(tx, "", func(_ []byte, o *Order) bool {
		if seen++; seen > maxCount {
			n = -1
			return false
		}
		if o != nil && f.matches(o) {
			n++
		}
		return true
	})
	return n, err
}

// counted takes the number from the counters.
func (f *Filter) counted(tx *bbolt.Tx) (n int, err error) {
	dim := byte(dimAll)
	if f.Town != "" {
		dim = dimTown
	}
	add := func(warning string) error {
		var c counts
		if err := c.decode(tx.Bucket(countersBucket).Get(counterKey(nil, warning, dim, f.Town))); err != nil {
			return err
		}
		if f.State != "" {
			n += int(c.of(f.State))
			return nil
		}
		for i := range stateNames {
			n += int(c[atState+i]) // #nosec G602 -- counts has a place for each state
		}
		return nil
	}
	if f.Warning != "" {
		return n, add(f.Warning)
	}
	err = tx.Bucket(roundsBucket).ForEach(func(k, _ []byte) error { return add(string(k)) })
	return n, err
}

// scan calls visit for the orders that warning and recipient leave, in the list's order after the cursor. The order
// is only valid during the call, the id during the transaction. An order that cannot match is nil.
func (f *Filter) scan(tx *bbolt.Tx, cursor string, visit func(id []byte, o *Order) bool) error {
	if f.Recipient != "" {
		return f.scanRecipient(tx, cursor, visit)
	}
	more := true
	each := func(id []byte, o *Order) bool {
		more = visit(id, o)
		return more
	}
	if f.Warning != "" {
		return f.scanWarning(tx, f.Warning, cursor, each)
	}
	c := tx.Bucket(roundsBucket).Cursor()
	warning, _ := c.Last()
	if cursor != "" {
		from, err := Get(tx, cursor)
		if err != nil {
			return err
		}
		warning, _ = c.Seek([]byte(from.WarningID))
	}
	for ; warning != nil && more; warning, _ = c.Prev() {
		if err := f.scanWarning(tx, string(warning), cursor, each); err != nil {
			return err
		}
		cursor = ""
	}
	return nil
}

// scanWarning goes through a warning's orders. A rare value is looked for in many thousand rows, so that a row that
// cannot match is not decoded.
func (f *Filter) scanWarning(tx *bbolt.Tx, warning, cursor string, visit func(id []byte, o *Order) bool) error {
	prefix := []byte(warning + "-")
	c := tx.Bucket(ordersBucket).Cursor()
	k, v := c.Seek(prefix)
	if cursor != "" {
		if k, v = c.Seek([]byte(cursor)); string(k) == cursor {
			k, v = c.Next()
		}
	}
	town, query := []byte(f.Town), []byte(f.Query)
	var o Order
	for ; bytes.HasPrefix(k, prefix); k, v = c.Next() {
		found := (*Order)(nil)
		if f.possible(k, v, town, query) {
			if err := o.decode(string(k), v); err != nil {
				return err
			}
			found = &o
		}
		if !visit(k, found) {
			return nil
		}
	}
	return nil
}

// possible is false for a row that cannot match; one that is damaged may, and decoding it says what is wrong.
func (f *Filter) possible(id, row, town, query []byte) bool {
	if len(row) < rowFixed || row[0] != rowVersion {
		return true
	}
	m := decodeMutable(row[2:])
	m.Unreceived = row[1]&flagUnreceived != 0
	if !m.valid() {
		return true
	}
	texts := row[rowFixed:]
	return f.finds(m) && bytes.Contains(texts, town) && (bytes.Contains(texts, query) || bytes.Contains(id, query))
}

// scanRecipient goes through one recipient's orders, the latest first.
func (f *Filter) scanRecipient(tx *bbolt.Tx, cursor string, visit func(id []byte, o *Order) bool) error {
	prefix := recipientKey(f.Recipient, "")
	c := tx.Bucket(byRecipientBucket).Cursor()
	from := recipientKey(f.Recipient, cursor)
	if cursor == "" {
		from = append(prefix[:len(prefix):len(prefix)], 0xff)
	}
	k := reductionlist.SeekBefore(c, from)
	var o Order
	for ; bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		if err := o.must(tx, string(k[len(prefix):])); err != nil {
			return err
		}
		if !visit(k[len(prefix):], &o) {
			return nil
		}
	}
	return nil
}
