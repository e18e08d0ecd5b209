package notify

import (
	"bytes"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// check re-proves what must always hold: live and replayed state are the same bytes, the counters are what a count
// of the orders gives, and the indexes and the outbox are what the orders say.
func (w *world) check() {
	w.t.Helper()
	if !w.fx.equal(w.copyFx) {
		w.t.Fatalf("live and replayed effects differ:\n%v\n%v", w.fx, w.copyFx)
	}
	w.view(func(tx *bbolt.Tx) error {
		return w.copy.View(func(other *bbolt.Tx) error {
			for _, name := range Buckets() {
				if a, b := dump(tx, name), dump(other, name); !bytes.Equal(a, b) {
					return fmt.Errorf("bucket %s differs between live and replayed state:\n%q\n%q", name, a, b)
				}
			}
			return nil
		})
	})
	w.view(w.checkDerived)
}

func dump(tx *bbolt.Tx, bucket string) []byte {
	var b bytes.Buffer
	tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
		fmt.Fprintf(&b, "%x=%x\n", k, v)
		return nil
	})
	return b.Bytes()
}

func (w *world) checkDerived(tx *bbolt.Tx) error {
	counted := map[string]*counts{}
	var all, pending, outbox, sheet []string
	err := tx.Bucket(ordersBucket).ForEach(func(k, v []byte) error {
		var o Order
		if err := o.decode(string(k), v); err != nil {
			return err
		}
		if !bytes.Equal(o.encode(), v) {
			return fmt.Errorf("order %s does not encode to its row", k)
		}
		for _, key := range []string{
			string(counterKey(nil, o.WarningID, dimAll, "")), string(counterKey(nil, o.WarningID, dimTown, o.Town)),
			string(counterKey(nil, o.WarningID, dimSector, o.Sector)), string(counterKey(nil, o.WarningID, dimGrade, o.Grade)),
		} {
			if counted[key] == nil {
				counted[key] = new(counts)
			}
			counted[key].add(o.status, 1)
		}
		all = append(all, o.RecipientID+"\x00"+o.ID)
		if o.State == StateOpen || o.Unreceived {
			pending = append(pending, o.RecipientID+"\x00"+o.ID)
		}
		if key := o.sheetKey(); key != nil {
			sheet = append(sheet, string(key))
		}
		if o.Unreceived {
			outbox = append(outbox, o.message())
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = tx.Bucket(countersBucket).ForEach(func(k, v []byte) error {
		var c counts
		if err := c.decode(v); err != nil {
			return err
		}
		if want := counted[string(k)]; want == nil || *want != c {
			return fmt.Errorf("counter %q is %v, the orders give %v", k, c, want)
		}
		delete(counted, string(k))
		return nil
	})
	if err != nil {
		return err
	}
	if len(counted) > 0 {
		return fmt.Errorf("counters missing: %v", counted)
	}
	for bucket, want := range map[string][]string{string(byRecipientBucket): all, string(pendingBucket): pending,
		string(sheetBucket): sheet} {
		var got []string
		tx.Bucket([]byte(bucket)).ForEach(func(k, _ []byte) error { got = append(got, string(k)); return nil })
		slices.Sort(want)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s holds %q, the orders give %q", bucket, got, want)
		}
	}
	slices.Sort(outbox)
	if got := w.outbox(); !slices.Equal(got, outbox) {
		return fmt.Errorf("outbox holds %q, the orders give %q", got, outbox)
	}
	return nil
}
