package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify/compliance"
)

// Draw is where somebody is to go on a day: the most pressing, and some by lot, so that nobody picks his friends. The lot
// is the order of SHA-256(seed, recipient id); the seed comes from the program, never from who asks, and each draw is
// recorded, so that one who draws again and again is seen to.
type Draw struct {
	ID       string    `json:"id"`
	Day      string    `json:"day"` // 2006-01-02 in Beijing
	Warning  string    `json:"warning_id,omitempty"`
	Towns    []string  `json:"towns,omitempty"`
	Seed     string    `json:"seed"`          // 64 hexadecimal digits
	Pool     int       `json:"pool"`          // how many it was drawn from
	PoolHash string    `json:"pool_hash"`     // SHA-256 over their ids in order, each with a line end
	IDs      []string  `json:"ids,omitempty"` // they themselves, up to [MostNamed]
	Ranked   []string  `json:"ranked"`        // recipients by rank, the most pressing first
	Random   []string  `json:"random"`        // recipients by lot
	Tasks    []string  `json:"tasks"`         // of Ranked, then of Random
	Assignee string    `json:"assignee,omitempty"`
	With     string    `json:"with,omitempty"`
	Key      string    `json:"key,omitempty"`   // keyed hash of the key that it was asked under
	Asked    string    `json:"asked,omitempty"` // keyed hash of what was asked
	At       time.Time `json:"at,omitzero"`
	By       string    `json:"by,omitempty"`
}

// MostNamed is how large a pool stands in a draw itself; of a larger one its hash does.
const MostNamed = 2000

// MostPool is from how many a draw is made at most: of more the towns are drawn one after another.
const MostPool = 5000

// MostDrawn is how many tasks one draw opens.
const MostDrawn = 200

// Candidate is a recipient that may be drawn.
type Candidate struct {
	Recipient, Order, Warning, Town string
}

// Plan asks for a draw. Pool is in the order of rank, the most pressing first; Seed is 32 random bytes.
type Plan struct {
	Day            string
	Warning        string
	Towns          []string
	Ranked, Random int
	Due            time.Time
	Assignee, With string
	Seed           []byte
	Pool           []Candidate
	Key, Asked     string // see [Draw]
}

// Lot is the order in which a seed draws recipients: by SHA-256 over the seed and the id.
func Lot(seed []byte, recipients []string) []string {
	type one struct {
		id  string
		sum [sha256.Size]byte
	}
	all := make([]one, len(recipients))
	for i, id := range recipients {
		all[i] = one{id, sha256.Sum256(append(bytes.Clone(seed), id...))}
	}
	slices.SortFunc(all, func(a, b one) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].id
	}
	return ids
}

// PoolHash is the hash of those that a draw is made from.
func PoolHash(recipients []string) string {
	ids := slices.Sorted(slices.Values(recipients))
	h := sha256.New()
	for _, id := range ids {
		h.Write([]byte(id + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// DecidePlan draws and opens a task for each. It refuses a draw of nobody, or of more than [MostDrawn], and leaves out
// whoever has a visit to come. The same under the same key draws nothing anew and gives no event; something else under it is
// refused (conflict).
func DecidePlan(tx *bbolt.Tx, actor string, in Plan, now time.Time) ([]Event, *Draw, error) {
	if was, err := drawnUnder(tx, actor, in.Key, in.Asked); was != nil || err != nil {
		return nil, was, err
	}
	switch {
	case in.Ranked < 0:
		return nil, nil, refusal.Wrong("ranked", "inspection.draw_count", refusal.Args{"value": in.Ranked})
	case in.Random < 0:
		return nil, nil, refusal.Wrong("random", "inspection.draw_count", refusal.Args{"value": in.Random})
	case in.Ranked+in.Random == 0:
		return nil, nil, refusal.Wrong("ranked", "inspection.draw_none", nil)
	case in.Ranked+in.Random > MostDrawn:
		return nil, nil, refusal.Wrong("random", "inspection.draw_many", refusal.Args{"limit": MostDrawn})
	case in.Day < string(alerts.DateOf(now)):
		return nil, nil, refusal.Wrong("day", "inspection.draw_day", refusal.Args{"value": in.Day})
	case !in.Due.After(now) || in.Due.After(now.Add(compliance.LatestDue)):
		return nil, nil, refusal.Wrong("due", "task.due", refusal.Args{"value": in.Due})
	case in.With != "" && in.Assignee == "":
		return nil, nil, refusal.Wrong("assignee", "task.assignee", nil)
	case in.With != "" && in.With == in.Assignee:
		return nil, nil, refusal.Wrong("with", "task.same_person", refusal.Args{"user": in.With})
	case len(in.Pool) > MostPool:
		return nil, nil, refusal.Wrong("towns", "inspection.draw_pool", refusal.Args{"n": len(in.Pool), "limit": MostPool})
	}
	visited, err := compliance.Visited(tx) // by now: somebody else may have drawn since the pool was made
	if err != nil {
		return nil, nil, err
	}
	in.Pool = slices.DeleteFunc(slices.Clone(in.Pool), func(c Candidate) bool { return visited[c.Recipient] })
	if len(in.Pool) == 0 {
		return nil, nil, refusal.New(refusal.Conflict, "inspection.draw_empty", nil)
	}
	d := &Draw{ID: nextOf(tx, drawsBucket, 'P', now), Day: in.Day, Warning: in.Warning, Towns: in.Towns,
		Seed: hex.EncodeToString(in.Seed), Pool: len(in.Pool), Assignee: in.Assignee, With: in.With,
		Key: in.Key, Asked: in.Asked}
	of := map[string]*Candidate{}
	ids := make([]string, len(in.Pool))
	for i := range in.Pool {
		ids[i] = in.Pool[i].Recipient
		of[ids[i]] = &in.Pool[i]
	}
	d.PoolHash = PoolHash(ids)
	if len(ids) <= MostNamed {
		d.IDs = slices.Sorted(slices.Values(ids))
	}
	d.Ranked = slices.Clone(ids[:min(in.Ranked, len(ids))])
	rest := ids[len(d.Ranked):]
	d.Random = Lot(in.Seed, rest)[:min(in.Random, len(rest))]
	var tasks []compliance.Task
	for _, id := range slices.Concat(d.Ranked, d.Random) {
		c := of[id]
		if assignee := in.Assignee; assignee != "" && compliance.Recused(tx, id, assignee) ||
			in.With != "" && compliance.Recused(tx, id, in.With) {
			tasks = append(tasks, planned(c, d, in.Due, "", "")) // somebody else has to go there
			continue
		}
		tasks = append(tasks, planned(c, d, in.Due, in.Assignee, in.With))
	}
	evs := compliance.OpenTasks(tx, tasks, now)
	for _, ev := range evs {
		d.Tasks = append(d.Tasks, ev.(*compliance.TaskOpened).Task.ID)
	}
	return append([]Event{&Drawn{Draw: *d}}, evs...), d, nil
}

// drawnUnder is the draw that somebody asked for under a key before; nil for none.
func drawnUnder(tx *bbolt.Tx, actor, key, asked string) (*Draw, error) {
	if key == "" {
		return nil, nil
	}
	id := tx.Bucket(clientBucket).Get(drawKey(actor, key))
	if id == nil {
		return nil, nil
	}
	d, err := GetDraw(tx, string(id))
	if err == nil && d.Asked != asked {
		return nil, refusal.New(refusal.Conflict, "inspection.draw_key", refusal.Args{"id": d.ID})
	}
	return d, err
}

// drawKey is beside the client ids of inspections: no account has a line end in its name.
func drawKey(actor, key string) []byte { return joined(actor+"\n", key) }

func planned(c *Candidate, d *Draw, due time.Time, assignee, with string) compliance.Task {
	return compliance.Task{Origin: compliance.FromPlan, About: d.ID + " " + c.Recipient, Warning: c.Warning,
		Recipient: c.Recipient, Order: c.Order, Town: c.Town, Due: due, Day: d.Day, Assignee: assignee, With: with}
}

// GetDraw is a draw, or a not_found refusal.
func GetDraw(tx *bbolt.Tx, id string) (*Draw, error) {
	d := new(Draw)
	switch ok, err := get(tx, drawsBucket, []byte(id), d); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refusal.New(refusal.NotFound, "inspection.no_draw", refusal.Args{"id": refusal.Shown(id)})
	}
	return d, nil
}

// ListDraws is a page of draws behind the cursor, the latest first.
func ListDraws(tx *bbolt.Tx, cursor string, limit int) (all []*Draw, next string, err error) {
	limit = max(1, min(limit, MaxPage))
	c := tx.Bucket(drawsBucket).Cursor()
	for k, _ := lastBefore(c, nil, cursor); k != nil; k, _ = c.Prev() {
		if len(all) == limit {
			return all, next, nil
		}
		d, err := GetDraw(tx, string(k))
		if err != nil {
			return nil, "", err
		}
		all, next = append(all, d), d.ID
	}
	return all, "", nil
}

// Route puts places in the order of a walk that always goes to the nearest next one, from a start; what has no place comes
// last, in its order. It gives the indexes of places.
func Route(start compliance.Place, places []compliance.Place) (order []int) {
	var without, left []int
	for i, p := range places {
		if p == (compliance.Place{}) {
			without = append(without, i)
		} else {
			left = append(left, i)
		}
	}
	for at := start; len(left) > 0; {
		best := 0
		for k := 1; k < len(left); k++ {
			d, least := at.To(places[left[k]]), at.To(places[left[best]])
			if d != nil && least != nil && *d < *least {
				best = k
			}
		}
		at = places[left[best]]
		order = append(order, left[best])
		left = slices.Delete(left, best, best+1)
	}
	return append(order, without...)
}
