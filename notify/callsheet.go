package notify

import (
	"bytes"
	"cmp"
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
// the order, and its value is what is at stake. The orders of a round have one deadline and come in the order of their
// ids, so that they are written in a row; a reader puts those of one deadline in the order in which people call. The sheet
// of the whole warning is those of its towns, merged.

// sheetDeadline is the length of the deadline in a key, in milliseconds since 1970.
const sheetDeadline = 8

// sheetOf begins the keys of a town's rows. The town's length keeps the rows of one from those of another that begins
// with its name.
func sheetOf(warning, town string) []byte {
	b := append(make([]byte, 0, len(warning)+3+len(town)+64), warning...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(town))) // #nosec G115 -- a cell of a workbook
	return append(b, town...)
}

// sheetKey is the order's key on the sheet; nil where it does not stand there.
func (o *Order) sheetKey() []byte {
	if !o.ToCall() {
		return nil
	}
	return append(appendDeadline(sheetOf(o.WarningID, o.Town), toMilli(o.AcknowledgeBy)), o.ID...)
}

func appendDeadline(b []byte, at int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(max(at, 0))) // #nosec G115 -- not negative
}

// sheetMoves are the rows that the events of a block put on sheets, with their values, or take off, nil. They are written
// in the order of their keys once a block.
type sheetMoves map[string][]byte

// moveOnSheet takes the order from the key it had to the one it has now; nil for none.
func (o *Order) moveOnSheet(fx Effects, was []byte) {
	now := o.sheetKey()
	if bytes.Equal(was, now) {
		return
	}
	moves := fx.Together(string(sheetBucket), func() Saver { return sheetMoves{} }).(sheetMoves)
	if was != nil {
		moves[string(was)] = nil
	}
	if now != nil {
		moves[string(now)] = binary.BigEndian.AppendUint32(nil, o.grams)
	}
}

// Save implements [Saver].
func (m sheetMoves) Save(tx *bbolt.Tx) error {
	b := tx.Bucket(sheetBucket)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var err error
		if row := m[key]; row != nil {
			err = b.Put([]byte(key), row)
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
		sheets[i] = openSheet(tx, warning, one, after.deadline)
	}
	limit = max(1, min(limit, MaxPage))
	for {
		places := nextDeadline(sheets)
		if places == nil {
			return orders, "", nil
		}
		slices.SortFunc(places, sheetPlace.compare)
		for _, p := range places {
			switch {
			case p.compare(after) <= 0:
				continue
			case len(orders) == limit:
				return orders, placeOf(orders[limit-1]), nil
			}
			o := new(Order)
			if err := o.must(tx, string(p.order)); err != nil {
				return nil, "", err
			}
			orders = append(orders, o)
		}
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

// sheetPlace is where an order stands on a sheet.
type sheetPlace struct {
	deadline int64  // milliseconds since 1970
	grams    uint32 // at stake
	order    []byte // its id
}

// compare puts the earlier deadline first, then what has more at stake.
func (p sheetPlace) compare(q sheetPlace) int {
	return cmp.Or(cmp.Compare(p.deadline, q.deadline), cmp.Compare(q.grams, p.grams), bytes.Compare(p.order, q.order))
}

// sheetRows goes through one town's rows; at is nil at the end.
type sheetRows struct {
	cursor *bbolt.Cursor
	prefix []byte
	at     *sheetPlace
}

// openSheet begins with the first row of a deadline, or behind it.
func openSheet(tx *bbolt.Tx, warning, town string, deadline int64) *sheetRows {
	s := &sheetRows{cursor: tx.Bucket(sheetBucket).Cursor(), prefix: sheetOf(warning, town)}
	s.read(s.cursor.Seek(appendDeadline(slices.Clip(s.prefix), deadline)))
	return s
}

func (s *sheetRows) next() { s.read(s.cursor.Next()) }

func (s *sheetRows) read(k, v []byte) {
	s.at = nil
	if bytes.HasPrefix(k, s.prefix) && len(k) > len(s.prefix)+sheetDeadline && len(v) == 4 {
		k = k[len(s.prefix):]
		s.at = &sheetPlace{int64(binary.BigEndian.Uint64(k)), binary.BigEndian.Uint32(v), k[sheetDeadline:]} // #nosec G115 -- as written
	}
}

// nextDeadline takes the rows of the earliest deadline from the sheets; nil where all are at their ends.
func nextDeadline(sheets []*sheetRows) (places []sheetPlace) {
	first := int64(math.MaxInt64)
	for _, s := range sheets {
		if s.at != nil {
			first = min(first, s.at.deadline)
		}
	}
	for _, s := range sheets {
		for ; s.at != nil && s.at.deadline == first; s.next() {
			places = append(places, *s.at)
		}
	}
	return places
}

// placeOf is the cursor that stands behind an order: its deadline, what it has at stake, its id.
func placeOf(o *Order) string {
	return strconv.FormatInt(toMilli(o.AcknowledgeBy), 36) + "." + strconv.FormatUint(uint64(o.grams), 36) + "." + o.ID
}

// readPlace reads a cursor; an empty one stands before all.
func readPlace(cursor string) (p sheetPlace, err error) {
	if cursor == "" {
		return sheetPlace{deadline: -1}, nil
	}
	parts := strings.SplitN(cursor, ".", 3)
	if len(parts) == 3 {
		at, wrong := strconv.ParseInt(parts[0], 36, 64)
		grams, wrong2 := strconv.ParseUint(parts[1], 36, 32)
		if wrong == nil && wrong2 == nil && at >= 0 && parts[2] != "" {
			return sheetPlace{at, uint32(grams), []byte(parts[2])}, nil
		}
	}
	return p, refuseAt("cursor", "cursor.unknown", refusal.Args{"value": cursor})
}
