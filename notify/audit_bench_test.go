package notify

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// storedRows are rows in buckets of the journal's form: a message or timer by its name, and again by its due time.
type storedRows struct {
	outbox, outboxDue, timers, timersDue *bbolt.Cursor
	key                                  []byte
}

var storedRowsBuckets = [4]string{"test.outbox", "test.outbox_due", "test.timers", "test.timers_due"}

func openStoredRows(tx *bbolt.Tx) *storedRows {
	var c [4]*bbolt.Cursor
	for i, name := range storedRowsBuckets {
		c[i] = tx.Bucket([]byte(name)).Cursor()
	}
	return &storedRows{c[0], c[1], c[2], c[3], make([]byte, 8, 128)}
}

func (r *storedRows) Outbox(topic, id string) (time.Time, bool) {
	r.key = append(append(append(r.key[:8], topic...), 0), id...)
	if k, row := r.outbox.Seek(r.key[8:]); bytes.Equal(k, r.key[8:]) && len(row) == 10 {
		return r.stands(r.outboxDue, int64(binary.BigEndian.Uint64(row)))
	}
	return time.Time{}, false
}

func (r *storedRows) Timer(id string) (time.Time, bool) {
	r.key = append(r.key[:8], id...)
	var row struct{ Due int64 }
	if k, text := r.timers.Seek(r.key[8:]); bytes.Equal(k, r.key[8:]) && json.Unmarshal(text, &row) == nil {
		return r.stands(r.timersDue, row.Due)
	}
	return time.Time{}, false
}

func (r *storedRows) stands(c *bbolt.Cursor, ms int64) (time.Time, bool) {
	binary.BigEndian.PutUint64(r.key, uint64(ms))
	k, _ := c.Seek(r.key)
	return fromMilli(ms), bytes.Equal(k, r.key)
}

// store writes the rows that applying asked for.
func (e *effects) store(tx *bbolt.Tx) error {
	for _, name := range storedRowsBuckets {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	put := func(bucket, key string, at time.Time, row []byte) error {
		if err := tx.Bucket([]byte(bucket)).Put([]byte(key), row); err != nil {
			return err
		}
		return tx.Bucket([]byte(bucket+"_due")).Put(append(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())),
			key...), nil)
	}
	for key, due := range e.outbox {
		row := append(binary.BigEndian.AppendUint64(nil, uint64(due.UnixMilli())), 0, 0)
		if err := put("test.outbox", Topic+"\x00"+key[len(Topic)+1:], due, row); err != nil {
			return err
		}
	}
	for id, t := range e.timers {
		row := fmt.Appendf(nil, `{"due":%d,"command":%q,"payload":%s}`, t.due.UnixMilli(), t.command, t.payload)
		if err := put("test.timers", id, t.due, row); err != nil {
			return err
		}
	}
	return nil
}

// auditPage is how many orders the benchmark's pages have, as the program's.
const auditPage = 1000

// BenchmarkAudit audits 100,000 open orders, none of them received or answered, in pages of a transaction each; beside
// it a bare walk of the same index, and of the index with the orders' rows.
func BenchmarkAudit(b *testing.B) {
	db := newDB(b)
	now := time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	version := loadList(b, db, now, manyRecipients(benchRecipients))
	fx := newEffects()
	err := db.Update(func(tx *bbolt.Tx) error {
		p := benchPlan(version, "W20161216-01", now)
		if err := p.start(tx, fx, nil); err != nil {
			return err
		}
		for n := 1; ; n++ {
			evs, done, err := decideRound(tx, "system", RoundChunk{p.Warning, n}, now)
			for i, ev := range evs {
				if err == nil {
					err = Apply(tx, fx, now, "system", Pos{Block: uint64(n), Off: uint32(i)}, ev)
				}
			}
			if err != nil {
				return err
			}
			if done.Done {
				break
			}
		}
		if err := fx.save(tx); err != nil {
			return err
		}
		return fx.store(tx)
	})
	if err != nil {
		b.Fatal(err)
	}
	rules := AuditRules{RepeatMax: 30 * time.Minute, Grace: 2 * time.Minute, Began: now}
	walk := func(rows bool) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				n := 0
				err := db.View(func(tx *bbolt.Tx) error {
					orders, c := tx.Bucket(ordersBucket), tx.Bucket(pendingBucket).Cursor()
					for k, _ := c.First(); k != nil; k, _ = c.Next() {
						if rows && orders.Get(k[slices.Index(k, 0)+1:]) == nil {
							return fmt.Errorf("no order for %q", k)
						}
						n++
					}
					return nil
				})
				if err != nil || n != benchRecipients {
					b.Fatal(n, err)
				}
			}
		}
	}
	b.Run("walk", walk(false))
	b.Run("walk with rows", walk(true))
	b.Run("audit", func(b *testing.B) {
		b.ReportAllocs()
		longest := time.Duration(0)
		for b.Loop() {
			n, from := 0, ""
			for more := true; more; more = from != "" {
				begin := time.Now()
				err := db.View(func(tx *bbolt.Tx) error {
					page, err := Audit(tx, now, rules, openStoredRows(tx), from, auditPage)
					if err == nil && len(page.Stuck) > 0 {
						err = fmt.Errorf("stuck: %v", page.Stuck[0])
					}
					n, from = n+page.Orders, page.Next
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(begin))
			}
			if n != benchRecipients {
				b.Fatalf("%d orders audited", n)
			}
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "ms/longest-page")
	})
}
