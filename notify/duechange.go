package notify

import (
	"maps"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// DueChange is a recipient that has other things to do at a level under another version of the list.
type DueChange struct {
	Recipient string `json:"recipient_id"`
	Kind      string `json:"kind"` // added, amended or retired
}

// The kinds of DueChange.
const (
	DueAdded   = "added"   // it has something to do under the other version alone
	DueAmended = "amended" // it has other things to do
	DueRetired = "retired" // it has nothing to do any more
)

// DueChanges are the recipients that have other things to do at a level under the version to than under from, in the
// order of ids. Neither version changes, so neither does the answer.
func DueChanges(tx *bbolt.Tx, from, to string, level alerts.Level) (changes []DueChange, err error) {
	err = reductionlist.EachDifferent(tx, from, to, "", func(id string, old, cur *reductionlist.Recipient) (bool, error) {
		if kind := dueChange(id, old, cur, level); kind != "" {
			changes = append(changes, DueChange{id, kind})
		}
		return true, nil
	})
	return changes, err
}

// dueChange is the kind of a change, empty for none.
func dueChange(id string, old, cur *reductionlist.Recipient, level alerts.Level) string {
	a, b := targetFrom(id, old, level), targetFrom(id, cur, level)
	switch {
	case a.digest == b.digest:
		return ""
	case len(a.Measures) == 0:
		return DueAdded
	case len(b.Measures) == 0:
		return DueRetired
	}
	return DueAmended
}

// Offered are the recipients of a warning that the duty officer may have follow the version to: those of pinned, which
// are the DueChanges between the warning's version and to at the level of its orders, except those that follow another
// one already, which are looked at one by one.
func (p *Round) Offered(tx *bbolt.Tx, pinned []DueChange, to string) ([]DueChange, error) {
	var own []DueChange
	following := map[string]bool{}
	for r := relistsOf(tx, p.Warning, ""); r.ID != ""; r.Next() {
		following[r.ID] = true
		ref, err := followed(r.ID, r.Data)
		if err != nil {
			return nil, err
		}
		if ref.Version == to {
			continue
		}
		kind, err := p.changeOf(tx, r.ID, ref.Version, to)
		if err != nil {
			return nil, err
		}
		if kind != "" {
			own = append(own, DueChange{r.ID, kind})
		}
	}
	if len(following) == 0 {
		return pinned, nil
	}
	for _, c := range pinned {
		if !following[c.Recipient] {
			own = append(own, c)
		}
	}
	slices.SortFunc(own, func(a, b DueChange) int { return strings.Compare(a.Recipient, b.Recipient) })
	return own, nil
}

func (p *Round) changeOf(tx *bbolt.Tx, id, from, to string) (string, error) {
	old, cur, err := inBoth(tx, from, to, id)
	return dueChange(id, old, cur, p.Level), err
}

// ListChange is a recipient that is offered, with what would change and the order it has.
type ListChange struct {
	DueChange
	Name    string                 `json:"name"`
	Town    string                 `json:"town"`
	Follows string                 `json:"list_version"` // the version that its orders follow now
	Order   *Order                 `json:"-"`            // its latest; nil for none
	Changes []reductionlist.Change `json:"-"`

	// Measures are those that orders would say otherwise at some level, be it that of the orders now or not.
	Measures []MeasureLevels `json:"measures"`
}

// MeasureLevels are the levels, from the lowest on, at which a measure would be ordered otherwise, or first, or no more.
type MeasureLevels struct {
	ID     string         `json:"measure_id"`
	Levels []alerts.Level `json:"levels"`
}

// measureLevels compares what is ordered of a recipient at each level; nil is "not there".
func measureLevels(old, cur *reductionlist.Recipient) []MeasureLevels {
	out := []MeasureLevels{}
	for _, level := range reductionlist.LevelWords.Codes {
		was, is := orderedAt(old, level), orderedAt(cur, level)
		for id, content := range was {
			if is[id] == content {
				delete(was, id)
				delete(is, id)
			}
		}
		maps.Copy(was, is)
		for id := range was {
			i, found := slices.BinarySearchFunc(out, id, func(m MeasureLevels, id string) int { return strings.Compare(m.ID, id) })
			if !found {
				out = slices.Insert(out, i, MeasureLevels{ID: id})
			}
			out[i].Levels = append(out[i].Levels, level)
		}
	}
	return out
}

// orderedAt are a recipient's measures as an order says them, by id.
func orderedAt(r *reductionlist.Recipient, level alerts.Level) map[string]digest {
	out := map[string]digest{}
	if r == nil {
		return out
	}
	for _, m := range reductionlist.MeasuresAt(r, level) {
		out[m.ID] = digestOf(appendMeasure(nil, &m, nil))
	}
	return out
}

// Changed says what the version to changes for a recipient that is offered.
func (p *Round) Changed(tx *bbolt.Tx, c DueChange, to string) (ListChange, error) {
	out := ListChange{DueChange: c}
	var err error
	if out.Follows, err = followedVersion(tx, p.Warning, p.ListVersion, c.Recipient); err != nil {
		return out, err
	}
	old, cur, err := inBoth(tx, out.Follows, to, c.Recipient)
	if err != nil {
		return out, err
	}
	for _, r := range []*reductionlist.Recipient{old, cur} {
		if r != nil {
			out.Name, out.Town = r.Name, r.Town
		}
	}
	out.Changes, out.Measures = reductionlist.DiffRecipients(old, cur), measureLevels(old, cur)
	out.Order, err = latest(tx, p.Warning, c.Recipient)
	return out, err
}

// Following is how many recipients of a warning follow another version than the pinned one.
func Following(tx *bbolt.Tx, warning string) (n int) {
	for r := relistsOf(tx, warning, ""); r.ID != ""; r.Next() {
		n++
	}
	return n
}
