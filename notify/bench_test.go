package notify

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

const benchRecipients = 100_000

// discard takes rows at the cost of a call; what a block leaves together is kept until its end.
type discard struct {
	*effects
	sent int
}

func (d *discard) Send(string, string, time.Time)           { d.sent++ }
func (d *discard) Drop(string, string)                      { d.sent-- }
func (d *discard) Timer(string, time.Time, string, any)     {}
func (d *discard) CancelTimer(string)                       {}
func (d *discard) WallTimer(string, time.Time, string, any) {}
func (d *discard) Wall() time.Time                          { return time.Time{} }

func manyRecipients(n int) []reductionlist.Recipient {
	rs := make([]reductionlist.Recipient, n)
	for i := range rs {
		rs[i] = enterprise(fmt.Sprintf("E%06d", i), alerts.Yellow, alerts.Orange)
		rs[i].Town = "街镇" + strconv.Itoa(i%12)
		rs[i].Industry = "C" + strconv.Itoa(13+i%30) + "10"
	}
	return rs
}

// planAll works off a warning's plan, each chunk decided, encoded and applied in the open transaction.
func planAll(b testing.TB, tx *bbolt.Tx, fx *discard, warning string, now time.Time) (orders, bytes int) {
	var block uint64
	var data []byte
	for n := 1; ; n++ {
		evs, done, err := decideRound(tx, "system", RoundChunk{warning, n}, now)
		if err != nil {
			b.Fatal(err)
		}
		block++
		data = data[:0]
		for _, ev := range evs {
			from := len(data)
			if a, ok := ev.(interface{ AppendJSON([]byte) []byte }); ok {
				data = a.AppendJSON(data)
			}
			pos := Pos{Block: block, Off: uint32(from), Len: uint32(len(data) - from)}
			if err := Apply(tx, fx, now, "system", pos, ev); err != nil {
				b.Fatal(err)
			}
		}
		if err := fx.save(tx); err != nil {
			b.Fatal(err)
		}
		bytes += len(data)
		orders += done.Issued
		if done.Done {
			return orders, bytes
		}
	}
}

func benchPlan(version reductionlist.Version, warning string, now time.Time) *Round {
	return &Round{Warning: warning, Level: alerts.Orange, At: now, StartsAt: now, AcknowledgeBy: now.Add(time.Hour),
		ListVersion: version.ID, ListHash: version.Hash, ContactRef: "v:duty", DocumentNo: "津气指办〔2016〕12号"}
}

// BenchmarkPlan plans and applies an order for each of 100,000 recipients in one transaction.
func BenchmarkPlan(b *testing.B) {
	db := newDB(b)
	now := time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	version := loadList(b, db, now, manyRecipients(benchRecipients))
	i, orders, bytes := 0, 0, 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		err := db.Update(func(tx *bbolt.Tx) error {
			p := benchPlan(version, fmt.Sprintf("W20161216-%02d", i), now)
			fx := &discard{effects: newEffects()}
			if err := p.start(tx, fx, nil); err != nil {
				return err
			}
			n, size := planAll(b, tx, fx, p.Warning, now)
			orders, bytes = orders+n, bytes+size
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(orders)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(float64(bytes)/float64(orders), "bytes/order")
}

// BenchmarkAnswer decides, encodes and applies acknowledgements in an open transaction of 1,000.
func BenchmarkAnswer(b *testing.B) {
	db := newDB(b)
	now := time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())
	version := loadList(b, db, now, manyRecipients(benchRecipients))
	i, warning := 0, 0
	var data []byte
	var tx *bbolt.Tx
	begin := func() {
		var err error
		if tx != nil {
			err = tx.Commit()
		}
		if err == nil {
			tx, err = db.Begin(true)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	fx := &discard{effects: newEffects()}
	b.ReportAllocs()
	id := ""
	for b.Loop() {
		if i%benchRecipients == 0 {
			b.StopTimer()
			begin()
			warning++
			p := benchPlan(version, fmt.Sprintf("W20161216-%02d", warning), now)
			if err := p.start(tx, fx, nil); err != nil {
				b.Fatal(err)
			}
			planAll(b, tx, fx, p.Warning, now)
			begin()
			id = p.Warning
			b.StartTimer()
		}
		if i%1000 == 0 {
			if err := fx.save(tx); err != nil {
				b.Fatal(err)
			}
			begin()
		}
		// Answers come in no order: a stride that is prime to the number of recipients visits each once.
		recipient := fmt.Sprintf("E%06d", i*7919%benchRecipients)
		i++
		evs, _, err := DecideAnswer(tx, recipient,
			Answer{RecipientID: recipient, OrderID: id + "-" + recipient + "-1", Action: Acknowledge,
				NoteRef: "v:0123456789abcdef", NoteHash: "0123456789abcdef"}, now)
		if err != nil || len(evs) != 1 {
			b.Fatal(evs, err)
		}
		data = evs[0].(*Answered).AppendJSON(data[:0])
		if err := Apply(tx, fx, now, recipient, Pos{Block: 1, Len: uint32(len(data))}, evs[0]); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := tx.Rollback(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// BenchmarkMessage renders outbox rows.
func BenchmarkMessage(b *testing.B) {
	w := newWorld(b, manyRecipients(100)...)
	w.level(alerts.Orange)
	ids := w.outbox()
	tx, err := w.live.Begin(false)
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := Message(tx, readBody, testVault, ids[i%len(ids)]); err != nil {
			b.Fatal(err)
		}
	}
}
