package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Revision is one of a recipient's orders under a warning, with when it ceased to bind: when another took its place, or it
// was released or exempted; zero while it binds, and where nothing recorded says when.
type Revision struct {
	*Order
	Issued  *Issued
	EndedAt time.Time
}

// Revisions are all orders of a recipient under a warning, the first first; none where it had none.
func Revisions(tx *bbolt.Tx, read Reader, warning, recipient string) (all []Revision, err error) {
	prefix := []byte(warning + "-" + recipient + "-")
	c := tx.Bucket(ordersBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		r := Revision{Order: new(Order)}
		if err := r.decode(string(k), v); err != nil {
			return nil, err
		}
		if r.RecipientID != recipient { // whose id goes on behind a dash
			continue
		}
		if r.Issued, err = r.body(tx, read); err != nil {
			return nil, err
		}
		if r.EndedAt, err = r.releasedAt(tx); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Revision) int { return a.Order.Revision - b.Order.Revision })
	for i := range all[:max(0, len(all)-1)] {
		if r := &all[i]; r.State == StateSuperseded {
			r.EndedAt = all[i+1].starts()
		}
	}
	return all, nil
}

// starts is when an order begins to bind.
func (r *Revision) starts() time.Time {
	if r.Issued.EffectiveFrom.After(r.Issued.IssuedAt) {
		return r.Issued.EffectiveFrom
	}
	return r.Issued.IssuedAt
}

// releasedAt is when an order was released or exempted; zero where it was not.
func (o *Order) releasedAt(tx *bbolt.Tx) (at time.Time, err error) {
	if o.State != StateReleased && o.State != StateExempted || o.words == 0 {
		return at, nil
	}
	var w releaseRow
	if err := json.Unmarshal(tx.Bucket(releasesBucket).Get(releaseKey(o.WarningID, int(o.words))), &w); err != nil {
		return at, fmt.Errorf("notify: release of order %s: %w", o.ID, err)
	}
	return w.At, nil
}

// Marks are the rows of a recipient's orders under a warning: as long as they are the same bytes, so are [Revisions].
// They are appended to dst; none where it had no order.
func Marks(dst []byte, tx *bbolt.Tx, warning, recipient string) []byte {
	prefix := []byte(warning + "-" + recipient + "-")
	c := tx.Bucket(ordersBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		dst = append(append(dst, k...), v...)
	}
	return dst
}
