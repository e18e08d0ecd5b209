package replay

import (
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// describe fills in the warning that is live, or the one that ended today, and its orders.
func (r *engine) describe(row *Day, ended string) error {
	return r.svc.J.View(func(tx *bbolt.Tx) error {
		w, err := alerts.LiveWarning(tx, r.opt.Set.Region)
		if err == nil && w == nil && ended != "" {
			w, err = alerts.GetWarning(tx, ended)
		}
		if err != nil || w == nil {
			return err
		}
		row.Warning = &State{w.ID, w.Level, w.State}
		r.mu.Lock()
		row.Orders = r.counts[w.ID]
		r.mu.Unlock()
		return nil
	})
}

// criteria names the criteria that the episode was judged by, in order.
func (r *engine) criteria() string {
	var names []string
	for _, d := range r.opt.Days {
		if name := r.opt.Set.Alerts.CriteriaOn(d.Date).Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// summarize lists the warnings from the record and fills in the summary.
func (r *engine) summarize() error {
	sum := &r.out.Summary
	sum.From, sum.To = r.out.Days[0].Date, r.out.Days[len(r.out.Days)-1].Date
	sum.Criteria, sum.Recipients, sum.Foresight = r.criteria(), len(r.opt.List.Recipients), foresight
	sum.ByLevel = map[string]int{}
	r.out.Warnings = []Warning{}
	for _, d := range r.out.Days {
		if d.Warning != nil && d.Warning.State == alerts.Active {
			sum.WarningDays++
		}
	}
	err := r.svc.J.View(func(tx *bbolt.Tx) error {
		for cursor := ""; ; {
			page, err := alerts.ListWarnings(tx, cursor, 100)
			if err != nil {
				return err
			}
			for _, w := range page.Items {
				highest := r.highest[w.ID]
				r.out.Warnings = append(r.out.Warnings, Warning{w.ID, highest, w.StartsAt, w.EndsAt})
				sum.ByLevel[string(highest)]++
			}
			if cursor = page.Next; cursor == "" {
				return nil
			}
		}
	})
	slices.SortFunc(r.out.Warnings, func(a, b Warning) int { return a.StartsAt.Compare(b.StartsAt) })
	sum.Warnings = len(r.out.Warnings)
	for _, c := range r.counts {
		sum.Orders, sum.Acknowledged = sum.Orders+c.Issued, sum.Acknowledged+c.Acknowledged
	}
	return err
}
