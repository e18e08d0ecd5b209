package notify

import (
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// WarningChange is what an act makes of a warning: the events that it would record and the warning after them, at the
// record's time At and the wall clock's Wall.
type WarningChange struct {
	Warning  *alerts.Warning
	Events   []Event
	At, Wall time.Time
}

// RoundPreview is what the round of an act would do with the orders as they are now. Nothing is written.
type RoundPreview struct {
	Round *Round // its Level is that of the orders; nil where all of them stay
	// Later is when the round begins by the wall clock, where that is not at once: until then the orders stay.
	Later time.Time
	RoundCounts

	changed []string // recipients that get an order or lose one, ascending
}

// RoundCounts are how many orders a round leaves in which way.
type RoundCounts struct {
	Revised   int // issued anew, in the place of another
	Issued    int // to recipients that had none
	Released  int // ended
	Unchanged int // that bind, exempted ones too, and stay as they are
}

// Changed is how many recipients get an order or lose one.
func (c RoundCounts) Changed() int { return c.Revised + c.Issued + c.Released }

// DueDigests are what the recipients of a version have to do at a level, by digests that stand for their measures, in
// the order of ids. Neither changes, so they may be kept.
type DueDigests []dueDigest

type dueDigest struct {
	id     string
	digest digest // zero where it has nothing to do
}

// ReadDueDigests reads every recipient of a version.
func ReadDueDigests(tx *bbolt.Tx, version string, level alerts.Level) (all DueDigests, err error) {
	for after, more := "", true; more; more = after != "" {
		var page []reductionlist.Due
		if page, after, err = reductionlist.ScanDue(tx, version, level, after, recipientsPage); err != nil {
			return nil, err
		}
		for _, d := range page {
			one := dueDigest{id: strings.Clone(d.ID)} // of its own: the row's text holds all that it has to do
			if len(d.Measures) > 0 {
				one.digest = digestOf(measuresJSON(d.Measures, nil))
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// PreviewRound is what the round that an act starts would do. It is nil where there is nothing to say: no order has gone
// out yet, or all of them end with the warning. due gives [ReadDueDigests] of the round's list and level.
//
// A change of the level that is ordered later, such as a lowering, is previewed as of then.
func PreviewRound(tx *bbolt.Tx, ch WarningChange, due func(*Round) (DueDigests, error)) (*RoundPreview, error) {
	p, err := roundAfter(tx, ch)
	if err != nil || p == nil {
		return nil, err
	}
	if p.Round == nil {
		p.Unchanged, err = binding(tx, ch.Warning.ID)
		return p, err
	}
	if p.Round.floor, err = Floor(tx, p.Round.Warning); err != nil {
		return nil, err
	}
	all, err := due(p.Round)
	if err != nil {
		return nil, err
	}
	return p, p.count(tx, all)
}

// binding is how many orders of a warning bind.
func binding(tx *bbolt.Tx, warning string) (n int, err error) {
	for _, s := range []State{StateOpen, StateExempted} {
		one, err := CountOrders(tx, Filter{Warning: warning, State: s.String()})
		if err != nil {
			return 0, err
		}
		n += one
	}
	return n, nil
}

// roundAfter is the round that the act starts, now or with the first stage after it that orders anything.
func roundAfter(tx *bbolt.Tx, ch WarningChange) (*RoundPreview, error) {
	id := ch.Warning.ID
	p, err := GetRound(tx, id)
	if err != nil || p == nil {
		return nil, err
	}
	o := observer{tx, ch.At, ch.Wall, func(string) (*alerts.Warning, error) { return ch.Warning, nil },
		func(string) (*Round, error) { return p, nil }}
	begins, leveled := false, false
	take := func(t turn, err error) error {
		if err == nil && t.begins {
			t.round.replace(t.old)
		}
		if err == nil && t.round != nil {
			p, begins = t.round, begins || t.begins
		}
		return err
	}
	for _, ev := range ch.Events {
		if alerts.WarningOf(ev) != id {
			continue
		}
		if err := take(o.turn(ev)); err != nil {
			return nil, err
		}
		_, levels := ev.(alerts.LevelChanged)
		leveled = leveled || levels
	}
	out := &RoundPreview{}
	for leveled && !begins && p.Next != nil && p.Next.After(o.wall) {
		out.Later = *p.Next
		o.at, o.wall = o.at.Add(out.Later.Sub(o.wall)), out.Later
		if err := take(o.follow(id, p, false)); err != nil {
			return nil, err
		}
	}
	switch {
	case p.Release != "":
		return nil, nil
	case begins:
		out.Round = p
	default:
		out.Later = time.Time{}
	}
	return out, nil
}

// count decides for every recipient by its digest, as the chunks of the round do by its measures.
func (p *RoundPreview) count(tx *bbolt.Tx, all DueDigests) error {
	own := map[string]bool{}
	for r := relistsOf(tx, p.Round.Warning, ""); r.ID != ""; r.Next() {
		own[r.ID] = true
		t, _, err := p.target(tx, r.ID)
		if err == nil {
			err = p.add(tx, r.ID, t.digest)
		}
		if err != nil {
			return err
		}
	}
	for _, d := range all {
		if own[d.id] {
			continue
		}
		if err := p.add(tx, d.id, d.digest); err != nil {
			return err
		}
	}
	slices.Sort(p.changed)
	return nil
}

func (p *RoundPreview) add(tx *bbolt.Tx, recipient string, due digest) error {
	last, does, err := p.Round.step(tx, recipient, due)
	switch {
	case err != nil || does == stepNone:
		return err
	case does == stepLeave:
		p.Unchanged++
		return nil
	case does == stepEnd:
		p.Released++
	case last == nil:
		p.Issued++
	default:
		p.Revised++
	}
	p.changed = append(p.changed, recipient)
	return nil
}

// target is what the round needs of one recipient, and the version that it follows where that is not the pinned one.
func (p *RoundPreview) target(tx *bbolt.Tx, recipient string) (t *target, from *listRef, err error) {
	version := p.Round.ListVersion
	if row := tx.Bucket(relistsBucket).Get(within(p.Round.Warning, recipient)); row != nil {
		if from, err = followed(recipient, row); err != nil {
			return nil, nil, err
		}
		version = from.Version
	}
	t, err = targetIn(tx, version, recipient, p.Round.Level)
	return t, from, err
}

// Before is how many of the recipients that get an order or lose one come up to the id after.
func (p *RoundPreview) Before(after string) int {
	begin, found := slices.BinarySearch(p.changed, after)
	if found {
		begin++
	}
	return begin
}

// Page is what the round records of at most limit recipients behind the id after: an [Issued] or a [Released] each, the
// words of a page's releases before its first one. next is the cursor of the following page, empty at the end.
func (p *RoundPreview) Page(tx *bbolt.Tx, after string, limit int) (events []Event, next string, err error) {
	c, ws := &chunk{round: p.Round}, writers{round: p.Round}
	for i, id := range p.changed[p.Before(after):] {
		if i == limit {
			return c.events, after, nil
		}
		t, from, err := p.target(tx, id)
		if err != nil {
			return nil, "", err
		}
		full, err := c.recipient(tx, ws.of(from), t)
		if err != nil {
			return nil, "", err
		}
		if full {
			return c.events, after, nil
		}
		after = id
	}
	return c.events, "", nil
}
