package compliance

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Recusal is that an account does no tasks at a recipient: its own people, friends or interests are there.
// One that ended stays, so that whoever sheds a task by it and is back the next day is seen to.
type Recusal struct {
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	ReasonRef string    `json:"reason_ref"`        // vault reference
	Times     int       `json:"times,omitempty"`   // that he was recused there before
	EndedAt   time.Time `json:"ended_at,omitzero"` // zero while it stands
	EndedBy   string    `json:"ended_by,omitempty"`
	Recipient string    `json:"-"`
	User      string    `json:"-"`
}

// Recuse has an account do no tasks at a recipient, or, with End, do them again.
type Recuse struct {
	Recipient string
	User      string
	ReasonRef string
	End       bool
	Desk      bool // the duty desk asks, which may end what anybody recorded
}

func recusedKey(recipient, user string) []byte { return []byte(recipient + "\x00" + user) }

// Recused reports whether an account does no tasks at a recipient.
func Recused(tx *bbolt.Tx, recipient, user string) bool {
	r, err := recusalOf(tx, recipient, user)
	return r != nil && (err != nil || r.EndedAt.IsZero()) // one that cannot be read stands
}

// recusalOf is the recusal of an account at a recipient, also one that ended; nil for none.
func recusalOf(tx *bbolt.Tx, recipient, user string) (*Recusal, error) {
	r := &Recusal{Recipient: recipient, User: user}
	ok, err := get(tx, recusedBucket, recusedKey(recipient, user), r)
	if !ok && err == nil {
		return nil, nil
	}
	return r, err
}

// MostRecusals is how many recusals are listed.
const MostRecusals = 1000

// Recusals are the latest recusals at a recipient, of an account, or of all where both are empty, the latest first; those
// that ended as well. At most [MostRecusals]; more says that there are others.
func Recusals(tx *bbolt.Tx, recipient, user string) (all []*Recusal, more bool, err error) {
	var prefix []byte
	if recipient != "" {
		prefix = recusedKey(recipient, "")
	}
	c := tx.Bucket(recusedBucket).Cursor()
	for k, _ := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		at, who, _ := strings.Cut(string(k), "\x00")
		if user != "" && who != user {
			continue
		}
		r, err := recusalOf(tx, at, who)
		if err != nil {
			return nil, false, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Recusal) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Recipient, b.Recipient), strings.Compare(a.User, b.User))
	})
	n := min(len(all), MostRecusals)
	return all[:n], n < len(all), nil
}

// DecideRecuse records a recusal, and gives back the tasks of that account there that are not ended. To recuse takes a
// reason; what is so already gives no event. Nobody ends what another recorded of him (forbidden).
func DecideRecuse(tx *bbolt.Tx, actor string, in Recuse) ([]Event, bool, error) {
	switch {
	case in.User == "":
		return nil, false, refusal.Wrong("user", "task.assignee", nil)
	case !in.End && in.ReasonRef == "":
		return nil, false, refusal.Wrong("reason", "task.recuse_reason", nil)
	case Recused(tx, in.Recipient, in.User) == !in.End:
		return nil, !in.End, nil
	}
	was, err := recusalOf(tx, in.Recipient, in.User)
	if err != nil {
		return nil, false, err
	}
	if in.End && was.By != actor && !in.Desk {
		return nil, true, refusal.New(refusal.Forbidden, "task.recused_by", refusal.Args{"user": in.User, "by": was.By})
	}
	evs := []Event{&InspectorRecused{Recipient: in.Recipient, User: in.User, ReasonRef: in.ReasonRef, Ended: in.End}}
	if in.End {
		return evs, false, nil
	}
	c := tx.Bucket(undoneBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		t, err := GetTask(tx, string(k))
		if err != nil {
			return nil, false, err
		}
		if t.Recipient != in.Recipient || t.Assignee != in.User && t.With != in.User {
			continue
		}
		if t.With = ""; t.Assignee == in.User {
			t.Assignee, t.State = "", TaskOpen
		}
		evs = append(evs, t.changed())
	}
	return evs, true, nil
}

func applyRecused(tx *bbolt.Tx, at time.Time, actor string, ev *InspectorRecused) error {
	r, err := recusalOf(tx, ev.Recipient, ev.User)
	if err != nil {
		return err
	}
	switch {
	case ev.Ended && r == nil:
		return nil
	case ev.Ended:
		r.EndedAt, r.EndedBy = at, actor
	case r == nil:
		r = &Recusal{At: at, By: actor, ReasonRef: ev.ReasonRef}
	default:
		r = &Recusal{At: at, By: actor, ReasonRef: ev.ReasonRef, Times: r.Times + 1}
	}
	return put(tx, recusedBucket, recusedKey(ev.Recipient, ev.User), r)
}
