package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/reductionlist"
)

var _ = bind(calls.DrawVisits, (*Service).DrawVisits)

// DrawVisits opens tasks for a day: the most pressing of those whose orders are in force and who have no task yet, and some
// of the others by lot.
func (s *Service) DrawVisits(ctx context.Context, a Ask, in calls.NewDraw) (*inspect.Draw, error) {
	plan := inspect.Plan{Day: in.Day, Warning: in.Warning, Towns: in.Towns, Ranked: in.Ranked, Random: in.Random, Due: in.Due,
		Assignee: in.Assignee, With: in.With, Seed: make([]byte, 32)}
	_, _ = rand.Read(plan.Seed) // never fails
	owners, err := s.Owners()
	if err != nil {
		return nil, err
	}
	err = s.J.View(func(tx *bbolt.Tx) (err error) {
		if err := mayDoTasks(tx, "assignee", in.Assignee); err != nil {
			return err
		}
		if err := mayGoAlong(tx, in.With); err != nil {
			return err
		}
		plan.Pool, err = s.toVisit(tx, a.Who, owners, &in)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a.Key != "" { // by which a repeat is known, whatever its seed and those who may be drawn by then
		plan.Key = hex.EncodeToString(s.keyed("draw key", a.Key))
		if plan.Asked, err = s.digestOf("draw", in); err != nil {
			return nil, err
		}
		a.Key = ""
	}
	made, err := journal.Do[*inspect.Draw](ctx, s.J, a.command(cmdDraw, plan))
	if err != nil {
		return nil, err
	}
	return journal.Read(s.J, func(tx *bbolt.Tx) (*inspect.Draw, error) {
		d, err := inspect.GetDraw(tx, made.ID)
		return shownDraw(d), err
	})
}

// toVisit are those who may be drawn, the most pressing first.
func (s *Service) toVisit(tx *bbolt.Tx, who *access.Principal, owners map[string]Owner, in *calls.NewDraw) ([]inspect.Candidate, error) {
	busy, err := compliance.Visited(tx)
	if err != nil {
		return nil, err
	}
	warnings, err := liveWarnings(tx, in.Warning)
	if err != nil {
		return nil, err
	}
	type one struct {
		inspect.Candidate
		score float64
	}
	var all []one
	r := s.rankedBy(tx, who, owners)
	for _, warning := range warnings {
		for cursor, more := "", true; more; more = cursor != "" {
			orders, next, err := notify.ListOrders(tx, notify.Filter{Warning: warning, State: notify.StateOpen.String()}, cursor,
				notify.MaxPage)
			if err != nil {
				return nil, err
			}
			cursor = next
			for _, o := range orders {
				if busy[o.RecipientID] || len(in.Towns) > 0 && !slices.Contains(in.Towns, o.Town) {
					continue
				}
				if len(all) == inspect.MostPool {
					return nil, refusal.Wrong("towns", "inspection.draw_pool",
						refusal.Args{"n": "> " + strconv.Itoa(inspect.MostPool), "limit": inspect.MostPool})
				}
				busy[o.RecipientID] = true
				if gone, err := r.goneTo(o.RecipientID); err != nil || !gone {
					if err != nil {
						return nil, err
					}
					continue
				}
				c := inspect.Candidate{Recipient: o.RecipientID, Order: o.ID, Warning: warning, Town: o.Town}
				rank, err := r.rank(&compliance.Task{Warning: warning, Recipient: c.Recipient, Order: c.Order})
				if err != nil {
					return nil, err
				}
				all = append(all, one{c, rank.Score})
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.Recipient, b.Recipient))
	})
	pool := make([]inspect.Candidate, len(all))
	for i := range all {
		pool[i] = all[i].Candidate
	}
	return pool, nil
}

// goneTo reports whether a recipient is a place to which inspectors go: an office of the district or of a town is none.
func (r *ranked) goneTo(recipient string) (bool, error) {
	one, err := r.listed(recipient)
	return one == nil || one.Type != reductionlist.Department && one.Type != reductionlist.Town, err
}

// liveWarnings are the warnings in force that are no drill, or the one that is named.
func liveWarnings(tx *bbolt.Tx, named string) (ids []string, err error) {
	if named != "" {
		w, err := alerts.GetWarning(tx, named)
		if err != nil {
			return nil, err
		}
		if w.Drill {
			return nil, refusal.Wrong("warning_id", "finding.drill", refusal.Args{"id": named})
		}
		return []string{named}, nil
	}
	page, err := alerts.ListWarnings(tx, "", mostEarlier)
	for _, w := range page.Items {
		if !w.Drill && w.State == alerts.Active {
			ids = append(ids, w.ID)
		}
	}
	return ids, err
}

// shownDraw leaves out what serves the program alone: by which it knows the same draw again.
func shownDraw(d *inspect.Draw) *inspect.Draw {
	if d != nil {
		d.Key, d.Asked = "", ""
	}
	return d
}

var _ = bind(calls.Draws, (*Service).Draws)

// Draws pages through the draws, the latest first.
func (s *Service) Draws(_ context.Context, a Ask, in calls.Paging) (alerts.Page[*inspect.Draw], error) {
	return pageOf(s, in, func(tx *bbolt.Tx) (page []*inspect.Draw, next string, err error) {
		found, next, err := inspect.ListDraws(tx, in.Cursor, in.Most())
		if err != nil {
			return nil, "", err
		}
		if a.Who.Role == calls.Town { // that a draw reached other towns is theirs to know
			found = slices.DeleteFunc(found, func(d *inspect.Draw) bool {
				return !slices.Equal(d.Towns, []string{a.Who.Town})
			})
		}
		return fillPage(found, next, func(d *inspect.Draw) string { return d.ID },
			func(d *inspect.Draw) (*inspect.Draw, error) { return shownDraw(d), nil })
	})
}
