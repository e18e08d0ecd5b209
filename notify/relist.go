package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// A warning is pinned to the version of the list that was in force when it was declared. When another one comes into
// force while it lasts, the duty officer may have single recipients follow that one: they get what it says at once, and
// at every later level. The others stay with the pinned version.

// listRef names the version that a recipient follows.
type listRef struct {
	Version string `json:"list_version"`
	Hash    string `json:"list_hash"`
}

// relistsOf walks the recipients of a warning that follow another version.
func relistsOf(tx *bbolt.Tx, warning, after string) *reductionlist.RowCursor {
	return reductionlist.RowsAfter(tx.Bucket(relistsBucket), append([]byte(warning), 0), after)
}

// followed reads the version that a recipient follows.
func followed(recipient string, row []byte) (*listRef, error) {
	ref := new(listRef)
	if err := json.Unmarshal(row, ref); err != nil {
		return nil, fmt.Errorf("notify: version that %s follows: %w", recipient, err)
	}
	return ref, nil
}

// followedVersion is the version that a recipient of a warning follows: its own, or the one that the warning is pinned
// to.
func followedVersion(tx *bbolt.Tx, warning, pinned, recipient string) (string, error) {
	row := tx.Bucket(relistsBucket).Get(within(warning, recipient))
	if row == nil {
		return pinned, nil
	}
	ref, err := followed(recipient, row)
	if err != nil {
		return "", err
	}
	return ref.Version, nil
}

// listedIn is a recipient of a version, nil where the version has none of that id.
func listedIn(tx *bbolt.Tx, version, id string) (*reductionlist.Recipient, error) {
	r, err := reductionlist.GetRecipient(tx, version, id)
	if refusal.CodeOf(err) == refusal.NotFound {
		return nil, nil
	}
	return r, err
}

// inBoth is a recipient of two versions, each nil where the version has none of that id.
func inBoth(tx *bbolt.Tx, from, to, id string) (old, cur *reductionlist.Recipient, err error) {
	if old, err = listedIn(tx, from, id); err == nil {
		cur, err = listedIn(tx, to, id)
	}
	return old, cur, err
}

// targetIn is a recipient as a version has it at a level; one that the version has not has nothing to do.
func targetIn(tx *bbolt.Tx, version, id string, level alerts.Level) (*target, error) {
	r, err := listedIn(tx, version, id)
	if err != nil {
		return nil, err
	}
	return targetFrom(id, r, level), nil
}

func targetFrom(id string, r *reductionlist.Recipient, level alerts.Level) *target {
	t := target{Due: reductionlist.Due{ID: id}}
	if r != nil {
		t = targetOf(reductionlist.DueOf(r, level))
	}
	return &t
}

// writers are those of one round, by the version that an order follows.
type writers struct {
	round *Round
	cause Cause
	by    map[listRef]*writer
}

// of is the writer for a version; nil is the pinned one.
func (ws *writers) of(from *listRef) *writer {
	ref := listRef{ws.round.ListVersion, ws.round.ListHash}
	if from != nil {
		ref = *from
	}
	w := ws.by[ref]
	if w == nil {
		p := *ws.round
		p.ListVersion, p.ListHash = ref.Version, ref.Hash
		w = newWriter(&p, ws.cause)
		if ws.by == nil {
			ws.by = map[listRef]*writer{}
		}
		ws.by[ref] = w
	}
	return w
}

// Relist has recipients of a live warning follow the version of the list that is in force now. Revision is that of the
// warning as the officer saw it.
type Relist struct {
	Warning    string
	Revision   int
	Version    string
	Recipients []string
	Wall       time.Time `json:"-"` // what the wall clock says; zero where that is now
}

// RelistDone says what became of the recipients: an order id where a new order went out or one was released. Rest are
// those for which the block had no room, to be given again.
type RelistDone struct {
	Issued    []string `json:"issued"`    // to recipients that had none
	Revised   []string `json:"revised"`   // in the place of another order
	Released  []string `json:"released"`  // the newer version has nothing for it
	Unchanged []string `json:"unchanged"` // recipients that have the same to do
	Rest      []string `json:"rest,omitempty"`
}

// Relisted says which recipients of a warning follow another version than the pinned one from now on.
type Relisted struct {
	Warning     string   `json:"warning"`
	ListVersion string   `json:"list_version"`
	ListHash    string   `json:"list_hash"`
	Recipients  []string `json:"recipients"`
}

// Kind implements Event.
func (*Relisted) Kind() string { return kindRelisted }

// DecideRelist gives those recipients what the newer version says at the level of the warning's orders: another order,
// a first one, or a release. A recipient that follows it already, or has the same to do, gets nothing.
func DecideRelist(tx *bbolt.Tx, _ string, in Relist, now time.Time) ([]Event, RelistDone, error) {
	done := RelistDone{Issued: []string{}, Revised: []string{}, Released: []string{}, Unchanged: []string{}}
	p, v, err := in.check(tx, now)
	if err != nil {
		return nil, done, err
	}
	s, err := CurrentSettings(tx)
	if err != nil {
		return nil, done, err
	}
	at := *p
	at.At, at.AcknowledgeBy, at.ContactRef = now, now.Add(s.acknowledgeWithin()), s.ContactRef
	if clock := wall(in.Wall, now); at.StartsAt.Before(clock) {
		at.StartsAt, at.Until = clock, ""
	}
	ws := writers{round: &at, cause: CauseList}
	c := &relistChunk{tx: tx, round: p, to: &listRef{v.ID, v.Hash}, w: ws.of(&listRef{v.ID, v.Hash}), done: &done,
		said: &Relisted{Warning: p.Warning, ListVersion: v.ID, ListHash: v.Hash}}
	recipients := slices.Compact(slices.Sorted(slices.Values(in.Recipients)))
	for i, id := range recipients {
		full, err := c.recipient(id)
		if err != nil {
			return nil, done, refusal.Within("recipients["+strconv.Itoa(slices.Index(in.Recipients, id))+"]", err)
		}
		if full {
			done.Rest = recipients[i:]
			break
		}
	}
	if len(c.said.Recipients) == 0 {
		return nil, done, nil
	}
	return append([]Event{c.said}, c.events...), done, nil
}

// check finds the round and the version that a relisting is about.
func (in Relist) check(tx *bbolt.Tx, now time.Time) (*Round, reductionlist.Version, error) {
	var v reductionlist.Version
	w, err := alerts.GetWarning(tx, in.Warning)
	if err != nil {
		return nil, v, err
	}
	p, err := GetRound(tx, w.ID)
	switch {
	case err != nil:
		return nil, v, err
	case p == nil || p.Release != "" || w.State != alerts.Active && w.State != alerts.Scheduled:
		return nil, v, terms.Transition(terms.WarningState, "order.relist_state", w.State, refusal.Args{"id": w.ID})
	case in.Revision != w.Revision:
		return nil, v, refusal.New(refusal.StaleRevision, "warning.stale_revision",
			refusal.Args{"id": w.ID, "revision": in.Revision, "current": w.Revision})
	case !p.Done:
		return nil, v, refusal.New(refusal.Conflict, "order.relist_running", refusal.Args{"id": w.ID})
	}
	v, err = reductionlist.Current(tx, wall(in.Wall, now))
	if err == nil && v.ID != in.Version {
		err = refusal.New(refusal.Conflict, "order.relist_version", refusal.Args{"version": in.Version, "current": v.ID})
	}
	return p, v, err
}

// relistChunk gathers what becomes of the recipients of one command.
type relistChunk struct {
	batch
	tx    *bbolt.Tx
	round *Round
	to    *listRef
	w     *writer
	done  *RelistDone
	said  *Relisted
}

// recipient adds what one recipient needs, or reports that there is no room for it.
func (c *relistChunk) recipient(id string) (full bool, err error) {
	from, err := followedVersion(c.tx, c.round.Warning, c.round.ListVersion, id)
	if err != nil {
		return false, err
	}
	if from == c.to.Version {
		c.done.Unchanged = append(c.done.Unchanged, id)
		return false, nil
	}
	old, cur, err := inBoth(c.tx, from, c.to.Version, id)
	if err != nil {
		return false, err
	}
	if old == nil && cur == nil {
		return false, refuseAt("id", "list.no_recipient", refusal.Args{"recipient": id})
	}
	last, err := latest(c.tx, c.round.Warning, id)
	if err != nil {
		return false, err
	}
	binding := last.binds()
	t := targetFrom(id, cur, c.round.Level)
	switch {
	case len(t.Measures) == 0 && binding:
		c.release(c.tx, last, ReleaseListChanged, func() *ReleaseWorded {
			return &ReleaseWorded{Warning: c.round.Warning, ReleaseWords: c.w.round.words(ReleaseListChanged, c.w.round.At)}
		})
		c.done.Released = append(c.done.Released, last.ID)
	case len(t.Measures) == 0, binding && last.measures == t.digest:
		c.done.Unchanged = append(c.done.Unchanged, id)
	default:
		ev, err := c.w.follow(c.tx, t, last)
		if err != nil {
			return false, err
		}
		if c.issue(ev) {
			return true, nil
		}
		if last == nil {
			c.done.Issued = append(c.done.Issued, ev.ID)
		} else {
			c.done.Revised = append(c.done.Revised, ev.ID)
		}
	}
	c.said.Recipients = append(c.said.Recipients, id)
	return false, nil
}

func applyRelisted(tx *bbolt.Tx, ev *Relisted) error {
	b := tx.Bucket(relistsBucket)
	ref, err := json.Marshal(listRef{ev.ListVersion, ev.ListHash})
	if err != nil {
		return err
	}
	for _, id := range ev.Recipients {
		if err := b.Put(within(ev.Warning, id), ref); err != nil {
			return err
		}
	}
	return nil
}
