package reductionlist

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/reductionlist/internal/text"
)

// Kinds of change.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is one difference between two lists. For Changed it names one column with both texts; for Added and
// Removed the row alone. Contacts are not compared, for no list carries them.
type Change struct {
	Kind      string `json:"kind"`
	Recipient string `json:"recipient,omitempty"` // empty for 基本情况
	Sheet     string `json:"sheet"`
	Key       string `json:"key,omitempty"` // of the row within the recipient
	Column    string `json:"column,omitempty"`
	Old       string `json:"old,omitempty"`
	New       string `json:"new,omitempty"`
}

// Diff lists what is different, in the order of recipients. It sorts both lists.
func Diff(from, to *List) []Change {
	from.Sort()
	to.Sort()
	changes := diffHead(from, to)
	i, j := 0, 0
	for i < len(from.Recipients) || j < len(to.Recipients) {
		switch {
		case j == len(to.Recipients) || i < len(from.Recipients) && from.Recipients[i].ID < to.Recipients[j].ID:
			changes = append(changes, DiffRecipients(from.Recipients[i], nil)...)
			i++
		case i == len(from.Recipients) || from.Recipients[i].ID > to.Recipients[j].ID:
			changes = append(changes, DiffRecipients(nil, to.Recipients[j])...)
			j++
		default:
			changes = append(changes, DiffRecipients(from.Recipients[i], to.Recipients[j])...)
			i, j = i+1, j+1
		}
	}
	return changes
}

// DiffVersions pages through the differences between two kept versions: at most limit recipients that differ,
// after the id afterID. next is the last id looked at, empty at the end. The first page has those of 基本情况 too.
func DiffVersions(tx *bbolt.Tx, from, to, afterID string, limit int) (changes []Change, next string, err error) {
	if afterID == "" {
		old, err := GetVersion(tx, from)
		if err != nil {
			return nil, "", err
		}
		cur, err := GetVersion(tx, to)
		if err != nil {
			return nil, "", err
		}
		changes = diffHead(&old.List, &cur.List)
	}
	n := 0
	err = EachDifferent(tx, from, to, afterID, func(id string, old, cur *Recipient) (bool, error) {
		if n == limit {
			next = afterID
			return false, nil
		}
		changes = append(changes, DiffRecipients(old, cur)...)
		n, afterID = n+1, id
		return true, nil
	})
	return changes, next, err
}

// RowCursor walks the rows of a bucket whose keys begin with a prefix. ID is the rest of the key, empty at the end.
type RowCursor struct {
	ID        string
	Key, Data []byte

	cursor *bbolt.Cursor
	prefix []byte
}

// RowsAfter walks the rows with a prefix behind the one of an id.
func RowsAfter(b *bbolt.Bucket, prefix []byte, afterID string) *RowCursor {
	s := &RowCursor{cursor: b.Cursor(), prefix: prefix}
	s.at(s.cursor.Seek(append(slices.Clip(prefix), afterID...)))
	if afterID != "" && s.ID == afterID {
		s.Next()
	}
	return s
}

// rowsAfter walks the recipients of a version.
func rowsAfter(tx *bbolt.Tx, version, afterID string) *RowCursor {
	return RowsAfter(tx.Bucket(bucketRows), rowKey(version, ""), afterID)
}

// Next goes on to the next row.
func (s *RowCursor) Next() { s.at(s.cursor.Next()) }

func (s *RowCursor) at(key, data []byte) {
	s.ID, s.Key, s.Data = "", key, data
	if bytes.HasPrefix(key, s.prefix) {
		s.ID = string(key[len(s.prefix):])
	}
}

// EachDifferent calls f with the recipients whose rows differ between two versions, in the order of ids and behind
// afterID, until f says false; nil is "not there". Rows that are the same are not decoded, which is nearly all of two
// editions.
func EachDifferent(tx *bbolt.Tx, from, to, afterID string,
	f func(id string, old, cur *Recipient) (more bool, err error)) error {
	a, b := rowsAfter(tx, from, afterID), rowsAfter(tx, to, afterID)
	for a.ID != "" || b.ID != "" {
		id := a.ID
		if id == "" || b.ID != "" && b.ID < id {
			id = b.ID
		}
		if a.ID == b.ID && bytes.Equal(a.Data, b.Data) {
			a.Next()
			b.Next()
			continue
		}
		var rows [2]*Recipient
		for i, s := range []*RowCursor{a, b} {
			if s.ID != id {
				continue
			}
			var err error
			if rows[i], err = readRow(tx, s.Key, s.Data); err != nil {
				return err
			}
			s.Next()
		}
		if more, err := f(id, rows[0], rows[1]); err != nil || !more {
			return err
		}
	}
	return nil
}

func diffHead(from, to *List) []Change {
	var changes []Change
	compare := func(column, a, b string) {
		if a != b {
			changes = append(changes, Change{Kind: Changed, Sheet: SheetHead, Column: column, Old: a, New: b})
		}
	}
	compare("清单名称", from.Name, to.Name)
	compare("区域代码", from.Region, to.Region)
	compare("生效日期", from.EffectiveFrom, to.EffectiveFrom)
	compare("失效日期", from.EffectiveTo, to.EffectiveTo)
	compare("编制单位", from.CompiledBy, to.CompiledBy)
	compare(ColumnNote, from.Note, to.Note)
	a, b := from.Emission.Parts(), to.Emission.Parts()
	for i := range a {
		compare(a[i].Name, text.Number(*a[i].Value), text.Number(*b[i].Value))
	}
	return append(changes, diffExtra(Change{Kind: Changed, Sheet: SheetHead}, from.Extra, to.Extra)...)
}

// DiffRecipients lists what is different between two rows of one recipient; nil is "not there".
func DiffRecipients(from, to *Recipient) []Change {
	if SameRecipient(from, to) {
		return nil
	}
	if from == nil {
		return []Change{{Kind: Added, Recipient: to.ID, Sheet: SheetRecipients, New: to.Name}}
	}
	if to == nil {
		return []Change{{Kind: Removed, Recipient: from.ID, Sheet: SheetRecipients, Old: from.Name}}
	}
	a, b := *from, *to
	a.Contact, b.Contact = nil, nil
	d := differ{recipient: a.ID}
	diffRows(&d, RecipientSheet, []Recipient{a}, []Recipient{b}, func(*Recipient) string { return "" },
		func(*Recipient, *Recipient) bool { return false })
	diffRows(&d, LineSheet, from.Lines, to.Lines, func(l *Line) string { return l.ID }, sameLine)
	diffRows(&d, MeasureSheet, from.Measures, to.Measures, MeasureKey, sameMeasure)
	diffRows(&d, UnitSheet, from.Units, to.Units,
		func(u *Unit) string { return strings.TrimSpace(u.Name + " " + u.From) }, sameUnit)
	diffRows(&d, FurnaceSheet, from.Furnaces, to.Furnaces,
		func(f *Furnace) string { return strings.TrimSpace(f.Name + " " + f.From) }, sameFurnace)
	diffRows(&d, PitSheet, from.pits(), to.pits(), func(*Pit) string { return "" }, samePit)
	return d.changes
}

// pits are the rows of 垃圾池 of a recipient: one or none.
func (r *Recipient) pits() []Pit {
	if r.Pit == nil {
		return nil
	}
	return []Pit{*r.Pit}
}

// MeasureKey tells the rows of one measure apart by the lowest level each is for.
func MeasureKey(m *Measure) string {
	if len(m.Levels) == 0 {
		return m.ID
	}
	lowest := slices.MinFunc(m.Levels, levelOrder)
	return m.ID + " " + LevelWords.Word(lowest)
}

type differ struct {
	recipient string
	changes   []Change
}

// diffRows compares the rows of one sheet by key, column by column as they stand in the workbook.
func diffRows[T any](d *differ, sheet Sheet[T], from, to []T, key func(*T) string, same func(a, b *T) bool) {
	if allSame(from, to, same) {
		return
	}
	seen := map[string]*T{}
	for i := range from {
		seen[key(&from[i])] = &from[i]
	}
	for i := range to {
		r := &to[i]
		c := Change{Kind: Changed, Recipient: d.recipient, Sheet: sheet.Name, Key: key(r)}
		old, ok := seen[c.Key]
		if !ok {
			c.Kind = Added
			d.changes = append(d.changes, c)
			continue
		}
		delete(seen, c.Key)
		if same(old, r) {
			continue
		}
		for i := range sheet.Columns {
			col := &sheet.Columns[i]
			c.Column, c.Old, c.New = col.Header, cellText(col.Value(old)), cellText(col.Value(r))
			if c.Old != c.New {
				d.changes = append(d.changes, c)
			}
		}
		a, b := sheet.Notes(old), sheet.Notes(r)
		if c.Column, c.Old, c.New = ColumnNote, a.Note, b.Note; c.Old != c.New {
			d.changes = append(d.changes, c)
		}
		d.changes = append(d.changes, diffExtra(c, a.Extra, b.Extra)...)
	}
	for i := range from {
		if _, gone := seen[key(&from[i])]; gone {
			d.changes = append(d.changes, Change{Kind: Removed, Recipient: d.recipient, Sheet: sheet.Name, Key: key(&from[i])})
		}
	}
}

func diffExtra(c Change, from, to map[string]string) []Change {
	names := slices.AppendSeq(slices.Collect(maps.Keys(from)), maps.Keys(to))
	slices.Sort(names)
	var changes []Change
	for _, k := range slices.Compact(names) {
		if c.Column, c.Old, c.New = k, from[k], to[k]; c.Old != c.New {
			changes = append(changes, c)
		}
	}
	return changes
}

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return text.Number(v)
	default:
		return fmt.Sprint(v)
	}
}
