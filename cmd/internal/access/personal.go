package access

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// Who read personal data stands in the record like any act, so that nobody can take it out again. A read costs no
// commit: the caller gathers what somebody read and records it from time to time, as one event for each user.
//
//	access.seen     id (place in the record: block 8, offset 4) -> record of reads, JSON
//	access.seen_by  "u" user 0 id, "r" recipient 0 id, "*" 0 id for reads of whole lists -> nothing
var (
	seenBucket   = []byte("access.seen")
	seenByBucket = []byte("access.seen_by")
)

// Kinds of personal data.
const (
	SeenContact     = "contact"      // a recipient's contacts
	SeenNote        = "note"         // what somebody wrote about people: an objection, its decision, a report
	SeenDutyContact = "duty_contact" // the duty officer that an order names
	SeenPlate       = "plate"        // plates of vehicles at a recipient's gates
	SeenPhoto       = "photo"        // photos of a site, signatures there, or when and where a photo was taken
)

// PersonalSeen says what personal data of others a user read in a period.
type PersonalSeen struct {
	User  string               `json:"user"`
	From  time.Time            `json:"from"`
	To    time.Time            `json:"to"`
	Reads []calls.PersonalRead `json:"reads"`
}

// Kind is the name of the event in the record.
func (PersonalSeen) Kind() string { return "access.personal_seen" }

// CommandSeen records a PersonalSeen.
const CommandSeen = "access.seen"

// MaxSeen is how many recipients one event may name.
const MaxSeen = 5000

func decideSeen(_ *bbolt.Tx, actor string, in PersonalSeen, _ time.Time) ([]journal.Event, bool, error) {
	named := 0
	for _, r := range in.Reads {
		named += len(r.Recipients)
	}
	if in.User != actor || named > MaxSeen {
		return nil, false, refusal.Wrong("user", "access.seen_by_itself", nil)
	}
	if len(in.Reads) == 0 {
		return nil, false, nil
	}
	return []journal.Event{in}, true, nil
}

func applySeen(tx *bbolt.Tx, pos journal.Pos, ev PersonalSeen) error {
	id := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, pos.Block), pos.Off)
	row, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	if err := tx.Bucket(seenBucket).Put(id, row); err != nil {
		return err
	}
	keys := [][]byte{seenKey('u', ev.User, id)}
	for _, r := range ev.Reads {
		if r.List != "" || r.Unnamed > 0 {
			keys = append(keys, seenKey('*', "", id))
		}
		for _, recipient := range r.Recipients {
			keys = append(keys, seenKey('r', recipient, id))
		}
	}
	for _, k := range keys {
		if err := tx.Bucket(seenByBucket).Put(k, nil); err != nil {
			return err
		}
	}
	return nil
}

func seenKey(index byte, subject string, id []byte) []byte {
	return slices.Concat([]byte{index}, []byte(subject), []byte{0}, id)
}

// backwards walks the ids of an index from the last before a given one.
type backwards struct {
	c      *bbolt.Cursor
	prefix []byte
	id     []byte // nil at the end
}

func seenBefore(tx *bbolt.Tx, index byte, subject string, before []byte) *backwards {
	w := &backwards{c: tx.Bucket(seenByBucket).Cursor(), prefix: seenKey(index, subject, nil)}
	if before == nil {
		before = bytes.Repeat([]byte{0xff}, 13)
	}
	k, _ := w.c.Seek(append(slices.Clone(w.prefix), before...))
	if k == nil {
		k, _ = w.c.Last()
	} else {
		k, _ = w.c.Prev()
	}
	w.take(k)
	return w
}

func (w *backwards) take(k []byte) {
	if w.id = nil; bytes.HasPrefix(k, w.prefix) {
		w.id = slices.Clone(k[len(w.prefix):])
	}
}

func (w *backwards) next() { k, _ := w.c.Prev(); w.take(k) }

// ListSeen pages through what was recorded, the last first: of one recipient or all, by one user or all. Of a recipient
// those reads are shown that it was among, or may have been.
func ListSeen(tx *bbolt.Tx, recipient, user, cursor string, limit int) (page []calls.Seen, next string, err error) {
	limit = min(max(limit, 1), MaxPage)
	var before []byte
	if cursor != "" {
		if before, err = hex.DecodeString(cursor); err != nil || len(before) != 12 {
			return nil, "", refusal.Wrong("cursor", "cursor.unknown", refusal.Args{"value": cursor})
		}
	}
	for id := range seenIDs(tx, recipient, user, before) {
		s := calls.Seen{}
		if err := json.Unmarshal(tx.Bucket(seenBucket).Get(id), &s); err != nil {
			return nil, "", fmt.Errorf("access: a record of reads is damaged: %w", err)
		}
		s.ID = hex.EncodeToString(id)
		if user != "" && s.User != user {
			continue
		}
		if recipient != "" {
			s.Reads = slices.DeleteFunc(s.Reads, func(r calls.PersonalRead) bool {
				return r.List == "" && r.Unnamed == 0 && !slices.Contains(r.Recipients, recipient)
			})
		}
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		page = append(page, s)
	}
	return page, "", nil
}

// seenIDs are the ids of records that may be asked for, the last first.
func seenIDs(tx *bbolt.Tx, recipient, user string, before []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		switch {
		case recipient != "":
			of, whole := seenBefore(tx, 'r', recipient, before), seenBefore(tx, '*', "", before)
			for of.id != nil || whole.id != nil {
				id := of.id
				if bytes.Compare(whole.id, id) > 0 { // nil is before any
					id = whole.id
				}
				if bytes.Equal(of.id, id) {
					of.next()
				}
				if bytes.Equal(whole.id, id) {
					whole.next()
				}
				if !yield(id) {
					return
				}
			}
		case user != "":
			for w := seenBefore(tx, 'u', user, before); w.id != nil && yield(w.id); w.next() {
			}
		default:
			c := tx.Bucket(seenBucket).Cursor()
			k, _ := c.Last()
			if before != nil {
				if k, _ = c.Seek(before); k == nil {
					k, _ = c.Last()
				} else {
					k, _ = c.Prev()
				}
			}
			for ; k != nil && yield(k); k, _ = c.Prev() {
			}
		}
	}
}
