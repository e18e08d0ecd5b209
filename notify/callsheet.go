package notify

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// The call sheet of a warning is an index of the orders whose recipients are to be called: who has not answered, or not
// received that its order ended, and was not told by telephone. Within a town a row's key goes on with the deadline and
// the complement of what is at stake, so that a page is read in the order in which people call. The sheet of the whole
// warning is those of its towns, merged.

// sheetPlace is where a row stands on its town's sheet: the deadline in milliseconds, the complement of the grams at
// stake, the order.
const sheetPlace = 8 + 4

// sheetOf begins the keys of a town's rows. The town's length keeps the rows of one from those of another that begins
// with its name.
func sheetOf(warning, town string) []byte {
	b := append(make([]byte, 0, len(warning)+3+len(town)+64), warning...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(town))) // #nosec G115 -- a cell of a workbook
	return append(b, town...)
}

func appendPlace(b []byte, deadline int64, grams uint32, order string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(max(deadline, 0))) // #nosec G115 -- not negative
	b = binary.BigEndian.AppendUint32(b, math.MaxUint32-grams)
	return append(b, order...)
}

// sheetKey is the order's key on the sheet; nil where it does not stand there.
func (o *Order) sheetKey() []byte {
	if !o.ToCall() {
		return nil
	}
	return appendPlace(sheetOf(o.WarningID, o.Town), toMilli(o.AcknowledgeBy), o.grams, o.ID)
}

// sheetMoves are the rows that the events of a block put on sheets or take off, by whether they stand there in the end.
// They are written in the order of their keys once a block: that costs a third of writing each as it comes.
type sheetMoves map[string]bool

// moveOnSheet takes the order from the key it had to the one it has now; nil for none.
func (o *Order) moveOnSheet(fx Effects, was []byte) {
	now := o.sheetKey()
	if bytes.Equal(was, now) {
		return
	}
	moves := fx.Together(string(sheetBucket), func() Saver { return sheetMoves{} }).(sheetMoves)
	if was != nil {
		moves[string(was)] = false
	}
	if now != nil {
		moves[string(now)] = true
	}
}

// Save implements [Saver].
func (m sheetMoves) Save(tx *bbolt.Tx) error {
	b := tx.Bucket(sheetBucket)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var err error
		if m[key] {
			err = b.Put([]byte(key), nil)
		} else {
			err = b.Delete([]byte(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CallSheet is a page of at most limit orders whose recipients are to be called about a warning, in these towns or, for
// nil, in all: the earliest deadline first, then what has most at stake. The cursor is the next of the page
// before; an empty next is the end. What leaves the sheet between two pages moves none of the others.
func CallSheet(tx *bbolt.Tx, warning string, towns []string, cursor string, limit int) (orders []*Order, next string,
	err error) {
	after, err := readPlace(cursor)
	if err != nil {
		return nil, "", err
	}
	if towns == nil {
		if towns, err = townsToCall(tx, warning); err != nil {
			return nil, "", err
		}
	}
	sheets := make([]*sheetRows, len(towns))
	for i, one := range towns {
		sheets[i] = openSheet(tx, warning, one, after)
	}
	limit = max(1, min(limit, MaxPage))
	for {
		first := firstOf(sheets)
		if first == nil {
			return orders, "", nil
		}
		if len(orders) == limit {
			last := orders[limit-1]
			return orders, placeOf(last), nil
		}
		o := new(Order)
		if err := o.must(tx, string(first.place[sheetPlace:])); err != nil {
			return nil, "", err
		}
		orders = append(orders, o)
		first.next()
	}
}

// townsToCall are the towns, one of them perhaps empty, in which somebody is to be called.
func townsToCall(tx *bbolt.Tx, warning string) (towns []string, err error) {
	prefix := counterKey(nil, warning, dimTown, "")
	c := tx.Bucket(countersBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var n counts
		if err := n.decode(v); err != nil {
			return nil, err
		}
		if n[atCall] > 0 {
			towns = append(towns, string(k[len(prefix):]))
		}
	}
	return towns, nil
}

// sheetRows goes through one town's rows; place is nil at the end.
type sheetRows struct {
	cursor        *bbolt.Cursor
	prefix, place []byte
}

// openSheet begins behind a place; nil begins with the first row.
func openSheet(tx *bbolt.Tx, warning, town string, after []byte) *sheetRows {
	s := &sheetRows{cursor: tx.Bucket(sheetBucket).Cursor(), prefix: sheetOf(warning, town)}
	k, _ := s.cursor.Seek(append(s.prefix[:len(s.prefix):len(s.prefix)], after...))
	s.at(k)
	if after != nil && bytes.Equal(s.place, after) {
		s.next()
	}
	return s
}

func (s *sheetRows) next() {
	k, _ := s.cursor.Next()
	s.at(k)
}

func (s *sheetRows) at(k []byte) {
	s.place = nil
	if bytes.HasPrefix(k, s.prefix) && len(k) > len(s.prefix)+sheetPlace {
		s.place = k[len(s.prefix):]
	}
}

// firstOf is the sheet whose next row comes first; nil where all are at their ends.
func firstOf(sheets []*sheetRows) (first *sheetRows) {
	for _, s := range sheets {
		if s.place != nil && (first == nil || bytes.Compare(s.place, first.place) < 0) {
			first = s
		}
	}
	return first
}

// placeOf is the cursor that stands behind an order: its deadline, what it has at stake, its id.
func placeOf(o *Order) string {
	return strconv.FormatInt(toMilli(o.AcknowledgeBy), 36) + "." + strconv.FormatUint(uint64(o.grams), 36) + "." + o.ID
}

// readPlace reads a cursor; nil for an empty one.
func readPlace(cursor string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	parts := strings.SplitN(cursor, ".", 3)
	if len(parts) == 3 {
		at, wrong := strconv.ParseInt(parts[0], 36, 64)
		grams, wrong2 := strconv.ParseUint(parts[1], 36, 32)
		if wrong == nil && wrong2 == nil && at >= 0 && parts[2] != "" {
			return appendPlace(nil, at, uint32(grams), parts[2]), nil
		}
	}
	return nil, refuseAt("cursor", "cursor.unknown", refusal.Args{"value": cursor})
}
