package reductionlist

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"qingkong/alerts"
)

// Sort brings the list into its canonical order: recipients, lines, units and furnaces by id, measures by id
// and lowest level. Row and column order of the workbook mean nothing.
func (l *List) Sort() {
	slices.SortStableFunc(l.Recipients, func(a, b *Recipient) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range l.Recipients {
		r.Sort()
	}
}

// Sort brings the rows of a recipient into the order of [List.Sort].
func (r *Recipient) Sort() {
	for i := range r.Measures {
		r.Measures[i].SortLevels()
	}
	slices.SortStableFunc(r.Lines, lineOrder)
	slices.SortStableFunc(r.Measures, measureOrder)
	slices.SortStableFunc(r.Units, unitOrder)
	slices.SortStableFunc(r.Furnaces, furnaceOrder)
}

// SortLevels brings the levels of a measure into their order.
func (m *Measure) SortLevels() {
	slices.SortStableFunc(m.Levels, levelOrder)
}

func levelOrder(a, b alerts.Level) int { return cmp.Compare(rank(a), rank(b)) }

func lineOrder(a, b Line) int { return strings.Compare(a.ID, b.ID) }

// measureOrder compares measures whose levels are in order.
func measureOrder(a, b Measure) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), slices.CompareFunc(a.Levels, b.Levels, levelOrder))
}

func unitOrder(a, b Unit) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.From, b.From))
}

func furnaceOrder(a, b Furnace) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.From, b.From))
}

// Hash is the canonical hash, "sha256:" and 64 hexadecimal digits. It does not depend on the order of rows
// and columns, and not on contacts or their references: those may be replaced or erased without making
// another list. It sorts the list.
func (l *List) Hash() string {
	l.Sort()
	c := newChain(l)
	for _, r := range l.Recipients {
		c.add(canonical(r))
	}
	return c.String()
}

// chain is the running hash: h0 = SHA-256(head), h(i) = SHA-256(h(i-1) ‖ SHA-256(row i)).
type chain [sha256.Size]byte

// newChain starts from everything in l but its recipients.
func newChain(l *List) chain {
	head := *l
	head.Recipients = nil
	return sha256.Sum256(mustJSON(&head))
}

func (c *chain) add(row []byte) {
	sum := sha256.Sum256(row)
	*c = sha256.Sum256(append(c[:len(c):len(c)], sum[:]...))
}

func (c chain) String() string { return "sha256:" + hex.EncodeToString(c[:]) }

// MarshalText keeps the running hash in the version's row.
func (c chain) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (c *chain) UnmarshalText(text []byte) error {
	_, err := hex.Decode(c[:], []byte(strings.TrimPrefix(string(text), "sha256:")))
	return err
}

// canonical is the row that is hashed and stored: without contact and contact reference.
func canonical(r *Recipient) []byte {
	if r.ContactRef == "" {
		return mustJSON(r)
	}
	bare := *r
	bare.ContactRef = ""
	return mustJSON(&bare)
}

// mustJSON encodes our own types, which cannot fail: they hold no cycles, channels or non-finite numbers.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("reductionlist: " + err.Error())
	}
	return data
}

// Chunks cuts the sorted list into runs of recipients whose JSON stays within maxBytes each; a recipient that
// is larger stands alone.
func Chunks(l *List, maxBytes int) [][]Recipient {
	l.Sort()
	var chunks [][]Recipient
	size := maxBytes
	for _, r := range l.Recipients {
		n := len(mustJSON(r)) + 1
		if size+n > maxBytes {
			chunks, size = append(chunks, nil), 0
		}
		last := len(chunks) - 1
		chunks[last] = append(chunks[last], *r)
		size += n
	}
	return chunks
}
