package reductionlist_test

import (
	"encoding/json"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// A draft that is discarded leaves nothing behind, touches no other version, and its list begins anew.
func TestADiscardedDraftLeavesNothingAndBeginsAnew(t *testing.T) {
	db, replayed := store(t), store(t)
	now := at(t, "2016-12-16 08:00")
	both := func(ev reductionlist.Event) {
		data, err := json.Marshal(ev)
		listtest.Must(t, err)
		back, err := reductionlist.Decode(ev.Kind(), data)
		listtest.Must(t, err)
		listtest.Must(t, replayed.Update(func(tx *bbolt.Tx) error {
			return reductionlist.Apply(tx, timers{}, now, "duty", back)
		}))
	}
	other := listtest.Example(40)
	splitContacts(t, other)
	importList(t, db, other, now, both)
	before := dump(t, db)

	draft := listtest.Example(2500) // more rows than are deleted at once
	draft.EffectiveFrom = "2017-01-01"
	splitContacts(t, draft)
	head := reductionlist.Head(draft)
	act := func(decide func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version,
		error)) (v reductionlist.Version) {
		t.Helper()
		listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
			evs, version, err := decide(tx)
			v = version
			for _, ev := range evs {
				if err == nil {
					both(ev)
					err = reductionlist.Apply(tx, timers{}, now, "duty", ev)
				}
			}
			return err
		}))
		return v
	}
	v := act(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
		return reductionlist.DecideBegin(tx, "duty", head, now)
	})
	for _, chunk := range reductionlist.Chunks(draft, chunkBytes) {
		act(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
			return reductionlist.DecideRows(tx, "duty", reductionlist.AddRows{Version: v.ID, Recipients: chunk}, now)
		})
	}
	was := act(func(tx *bbolt.Tx) ([]reductionlist.Event, reductionlist.Version, error) {
		return reductionlist.DecideDiscard(tx, "approver", reductionlist.Discard{Version: v.ID, Revision: 1}, now)
	})
	if was.ID != v.ID || was.Added != 2500 {
		t.Errorf("the answer is %s with %d rows, want the draft as it was", was.ID, was.Added)
	}
	if dump(t, db) != before {
		t.Error("the discarded draft left something, or took something of another version")
	}
	if again := importList(t, db, draft, now, both); again.ID != v.ID || again.State != reductionlist.StateActive {
		t.Errorf("the same list afterwards is %s in state %s", again.ID, again.State)
	}
	if dump(t, db) != dump(t, replayed) {
		t.Error("live and replayed state differ")
	}
}

func TestOnlyADraftIsDiscarded(t *testing.T) {
	db := store(t)
	now := at(t, "2016-12-16 08:00")
	ignore := func(reductionlist.Event) {}
	active := importList(t, db, listtest.Example(20), now, ignore)
	l := listtest.Example(3)
	l.EffectiveFrom = "2017-01-01"
	apply := func(evs []reductionlist.Event, v reductionlist.Version, err error) func(*bbolt.Tx) reductionlist.Version {
		return func(tx *bbolt.Tx) reductionlist.Version {
			listtest.Must(t, err)
			for _, ev := range evs {
				listtest.Must(t, reductionlist.Apply(tx, timers{}, now, "duty", ev))
			}
			return v
		}
	}
	var draft, amended reductionlist.Version
	listtest.Must(t, db.Update(func(tx *bbolt.Tx) error {
		draft = apply(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), now))(tx)
		l.Recipients[0].Name = "另一名称"
		in := reductionlist.Head(l)
		in.Amends = &reductionlist.Amends{Base: draft.ID, Recipient: l.Recipients[0].ID}
		amended = apply(reductionlist.DecideBegin(tx, "duty", in, now))(tx)
		return nil
	}))
	before := dump(t, db)
	for _, c := range []struct {
		name string
		in   reductionlist.Discard
		code refusal.Code
		rule string
	}{
		{"an active version", reductionlist.Discard{Version: active.ID, Revision: active.Revision}, refusal.TransitionRefused,
			"list.discard_draft"},
		{"another revision", reductionlist.Discard{Version: amended.ID, Revision: 2}, refusal.StaleRevision,
			"list.stale_revision"},
		{"no revision", reductionlist.Discard{Version: amended.ID}, refusal.StaleRevision, "list.stale_revision"},
		{"the base of another draft", reductionlist.Discard{Version: draft.ID, Revision: 1}, refusal.Conflict,
			"list.discard_base"},
		{"nothing there", reductionlist.Discard{Version: "L20170101-000000", Revision: 1}, refusal.NotFound,
			"list.no_version"},
	} {
		listtest.Must(t, db.View(func(tx *bbolt.Tx) error {
			evs, _, err := reductionlist.DecideDiscard(tx, "duty", c.in, now)
			e, ok := err.(*refusal.Error)
			if !ok || e.Code != c.code || e.Rule != c.rule || len(evs) > 0 {
				t.Errorf("%s: %v with %d events, want %s %s", c.name, err, len(evs), c.code, c.rule)
			}
			return nil
		}))
	}
	if dump(t, db) != before {
		t.Error("a refusal changed something")
	}
}
