package notify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"go.etcd.io/bbolt"
)

// A counter row holds, for the orders of one warning with one value of one dimension, unsigned varints, so that the
// rows of a district's warning fit one page: the total, then a counter per value of delivery, answer, execution and
// verdict, then one per state, then how many were released or exempted and how many of these have received that, then
// how many are to be called. All but the states count only the latest order of each recipient; the states count every order.
const (
	atTotal     = 0
	atDelivery  = atTotal + 1
	atAnswer    = atDelivery + 5
	atExecution = atAnswer + 4
	atVerdict   = atExecution + 4
	atState     = atVerdict + 5
	atRelease   = atState + 4
	atCall      = atRelease + 2
	counters    = atCall + 1
)

// Dimensions of the board, as they stand in counter keys.
const (
	dimAll    = 'a'
	dimTown   = 't'
	dimSector = 's'
	dimGrade  = 'g'
)

type counts [counters]uint32

// add puts what an order contributes n times over; n is 1 or its complement -1. A superseded order has given
// its place to the latest one and counts by its state alone.
func (c *counts) add(m status, n uint32) {
	c[atState+m.State] += n
	if m.State == StateSuperseded {
		return
	}
	c[atTotal] += n
	c[atDelivery+m.Delivery] += n
	c[atAnswer+m.Answer] += n
	c[atExecution+m.Execution] += n
	c[atVerdict+m.Verdict] += n
	if m.State == StateReleased || m.State == StateExempted {
		c[atRelease] += n
		if !m.Unreceived {
			c[atRelease+1] += n
		}
	}
	if m.ToCall() {
		c[atCall] += n
	}
}

// of counts the orders in a state that [Filter] knows.
func (c *counts) of(state string) uint32 {
	if state == ReleaseWaiting {
		return c[atRelease] - c[atRelease+1]
	}
	return c[counterOf[state]]
}

// counterMoves adds up what the events of a block move on the boards: a counter row is then read and written once a
// block, however many orders of a town were answered in it.
type counterMoves map[counterRow]*counts

// counterRow names a row of counters.
type counterRow struct {
	warning string
	dim     byte
	value   string
}

// count moves what an order contributes to the board from was, nil for nothing, to what it is.
func count(fx Effects, o *Order, was *status) {
	var delta counts
	if was != nil {
		delta.add(*was, ^uint32(0))
	}
	delta.add(o.status, 1)
	if delta == (counts{}) {
		return
	}
	t := fx.Together(string(countersBucket), func() Saver { return counterMoves{} }).(counterMoves)
	for _, key := range [...]counterRow{{o.WarningID, dimAll, ""}, {o.WarningID, dimTown, o.Town},
		{o.WarningID, dimSector, o.Sector}, {o.WarningID, dimGrade, o.Grade}} {
		sum := t[key]
		if sum == nil {
			sum = new(counts)
			t[key] = sum
		}
		sum.merge(&delta)
	}
}

// Save implements [Saver].
func (t counterMoves) Save(tx *bbolt.Tx) error {
	b := tx.Bucket(countersBucket)
	var buf [256]byte
	for of, delta := range t {
		if *delta == (counts{}) {
			continue
		}
		key := counterKey(buf[:0], of.warning, of.dim, of.value)
		var c counts
		if err := c.decode(b.Get(key)); err != nil {
			return err
		}
		c.merge(delta)
		if err := b.Put(key, c.encode()); err != nil {
			return err
		}
	}
	return nil
}

// merge adds delta, whose members may be complements of what is taken away.
func (c *counts) merge(delta *counts) {
	for i := range c {
		c[i] += delta[i]
	}
}

func counterKey(b []byte, warning string, dim byte, value string) []byte {
	b = append(b, warning...)
	b = append(b, 0, dim)
	return append(b, value...)
}

func (c *counts) encode() []byte {
	b := make([]byte, 0, 2*counters)
	for _, n := range c {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func (c *counts) decode(b []byte) error {
	if b == nil {
		return nil
	}
	for i := range c {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > math.MaxUint32 {
			return errors.New("notify: damaged counter row")
		}
		c[i], b = uint32(n), b[k:]
	}
	return nil
}

// Tally is how many recipients' latest orders stand where.
type Tally struct {
	Total     int            `json:"total"`
	Delivery  map[string]int `json:"delivery"`
	Answer    map[string]int `json:"answer"`
	Execution map[string]int `json:"execution"`
	Verdict   map[string]int `json:"verdict"`
	Release   ReleaseTally   `json:"release"`
	ToCall    int            `json:"to_call"` // see [CallSheet]
}

// ReleaseTally is how many recipients were told that their order ended, by a release or an exemption, and how many of
// them have received that or not yet.
type ReleaseTally struct {
	Total    int `json:"total"`
	Received int `json:"received"`
	Waiting  int `json:"waiting"`
}

// TownTally, SectorTally and GradeTally are a Tally of one town, sector (as [reductionlist.Recipient.Sector]
// names it) or performance grade.
type (
	TownTally struct {
		Town string `json:"town"`
		Tally
	}
	SectorTally struct {
		Sector string `json:"sector"`
		Tally
	}
	GradeTally struct {
		Grade string `json:"grade"`
		Tally
	}
)

// Board is the board of a warning (contract.md §3, GET /warnings/{id}/board).
type Board struct {
	WarningID string `json:"warning_id"`
	Tally
	ByTown   []TownTally   `json:"by_town"`
	BySector []SectorTally `json:"by_sector"`
	ByGrade  []GradeTally  `json:"by_grade"`
}

// OfTown counts the recipients of one town; of a town without any it counts none.
func (b *Board) OfTown(town string) *Tally {
	for i := range b.ByTown {
		if b.ByTown[i].Town == town {
			return &b.ByTown[i].Tally
		}
	}
	none := new(counts).tally()
	return &none
}

// GetBoard reads the counters of a warning. A warning without orders has a board of zeros.
func GetBoard(tx *bbolt.Tx, warning string) (*Board, error) {
	board := &Board{WarningID: warning, Tally: new(counts).tally(),
		ByTown: []TownTally{}, BySector: []SectorTally{}, ByGrade: []GradeTally{}}
	prefix := append([]byte(warning), 0)
	c := tx.Bucket(countersBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var n counts
		if err := n.decode(v); err != nil {
			return nil, err
		}
		dim, value := k[len(prefix)], string(k[len(prefix)+1:])
		switch dim {
		case dimAll:
			board.Tally = n.tally()
		case dimTown:
			board.ByTown = append(board.ByTown, TownTally{value, n.tally()})
		case dimSector:
			board.BySector = append(board.BySector, SectorTally{value, n.tally()})
		case dimGrade:
			board.ByGrade = append(board.ByGrade, GradeTally{value, n.tally()})
		}
	}
	return board, nil
}

func (c *counts) tally() Tally {
	named := func(names []string, at int) map[string]int {
		m := make(map[string]int, len(names))
		for i, name := range names {
			m[name] = int(c[at+i])
		}
		return m
	}
	return Tally{
		Total:     int(c[atTotal]),
		Delivery:  named(deliveryNames, atDelivery),
		Answer:    named(answerNames, atAnswer),
		Execution: named(executionNames, atExecution),
		Verdict:   named(verdictNames, atVerdict),
		Release: ReleaseTally{Total: int(c[atRelease]), Received: int(c[atRelease+1]),
			Waiting: int(c.of(ReleaseWaiting))},
		ToCall: int(c[atCall]),
	}
}
