package compliance

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Recusal is that an account does no tasks at a recipient: its own people, friends or interests are there.
type Recusal struct {
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	ReasonRef string    `json:"reason_ref"` // vault reference
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
	return tx.Bucket(recusedBucket).Get(recusedKey(recipient, user)) != nil
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
	var was Recusal
	if _, err := get(tx, recusedBucket, recusedKey(in.Recipient, in.User), &was); err != nil {
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
	key := recusedKey(ev.Recipient, ev.User)
	if ev.Ended {
		return tx.Bucket(recusedBucket).Delete(key)
	}
	return put(tx, recusedBucket, key, &Recusal{At: at, By: actor, ReasonRef: ev.ReasonRef})
}
