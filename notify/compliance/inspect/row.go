package inspect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// Row is what lists are narrowed by and sums are made of: an inspection without what it says.
type Row struct {
	ID          string
	ReceivedAt  time.Time
	Result      Result
	Disposition Disposition
	Corrected   bool // another stands in its place
	Refused     bool // nobody signed
	Answered    bool
	Recipient   string
	Town        string
	Sector      string
	Inspector   string
	With        string
	Warning     string
	Order       string
	Task        string
}

func (in *Inspection) row() *Row {
	return &Row{ID: in.ID, ReceivedAt: in.ReceivedAt, Result: in.Result, Disposition: in.Disposition,
		Corrected: in.CorrectedBy != "", Refused: in.Refused, Answered: len(in.Answers) > 0, Recipient: in.Recipient,
		Town: in.Town, Sector: in.Sector, Inspector: in.Inspector, With: in.With, Warning: in.Warning, Order: in.Order,
		Task: in.Task}
}

const (
	flagCorrected = 1 << iota
	flagRefused
	flagAnswered
)

// encode gives the stored form: flags, milliseconds since 1970, then each text after its length. Rows are read by the
// thousand for one page, which JSON is too slow for.
func (r *Row) encode() []byte {
	var flags byte
	for i, set := range [...]bool{r.Corrected, r.Refused, r.Answered} {
		if set {
			flags |= 1 << i
		}
	}
	b := binary.BigEndian.AppendUint64([]byte{flags}, uint64(r.ReceivedAt.UnixMilli())) // #nosec G115 -- a time is read back as it was
	for _, s := range r.texts() {
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	return b
}

// texts are the members that are stored as texts, in their order.
func (r *Row) texts() [10]*string {
	return [...]*string{(*string)(&r.Result), (*string)(&r.Disposition), &r.Recipient, &r.Town, &r.Sector, &r.Inspector,
		&r.With, &r.Warning, &r.Order, &r.Task}
}

var errRow = errors.New("inspect: the row of an inspection is damaged")

// decode reads the stored form of the inspection with an id.
func (r *Row) decode(id, b []byte) error {
	if len(b) < 9 {
		return fmt.Errorf("%w: %q", errRow, id)
	}
	r.ID, r.ReceivedAt = string(id), time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).In(alerts.Shanghai()) // #nosec G115 -- as it was
	r.Corrected, r.Refused, r.Answered = b[0]&flagCorrected != 0, b[0]&flagRefused != 0, b[0]&flagAnswered != 0
	b = b[9:]
	for _, s := range r.texts() {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return fmt.Errorf("%w: %q", errRow, id)
		}
		*s, b = string(b[k:k+int(n)]), b[k+int(n):] // #nosec G115 -- at most len(b)
	}
	return nil
}

// nextID is the next id of a day: I20161219-00001.
func nextID(tx *bbolt.Tx, now time.Time) string { return nextOf(tx, allBucket, 'I', now) }

func nextOf(tx *bbolt.Tx, bucket []byte, letter byte, now time.Time) string {
	prefix := string(letter) + now.In(alerts.Shanghai()).Format("20060102") + "-"
	k, _ := lastBefore(tx.Bucket(bucket).Cursor(), []byte(prefix), "")
	n := 0
	if bytes.HasPrefix(k, []byte(prefix)) {
		n, _ = strconv.Atoi(string(k[len(prefix):])) // what this function wrote
	}
	return fmt.Sprintf("%s%05d", prefix, n+1)
}

// lastBefore is the last row of a prefix before a cursor, or of all.
func lastBefore(c *bbolt.Cursor, prefix []byte, cursor string) (k, v []byte) {
	end := append(bytes.Clone(prefix), 0xff)
	if cursor != "" && cursor < string(end) {
		end = []byte(cursor)
	}
	if k, _ = c.Seek(end); k == nil {
		return c.Last()
	}
	return c.Prev()
}
