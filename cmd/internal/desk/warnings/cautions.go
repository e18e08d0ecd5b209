package warnings

import (
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
)

// cautions are what speaks against an act, or is easily overlooked, whatever the act is: an open proposal that asks for
// something else, air that has not cleared, how many orders end, what an order of the city lacks, and texts that speak of
// another level or day. change is what the act leads to.
func (d *desk) cautions(q *frame.Request, a act, s *subject, next *alerts.Warning, change alerts.Change) (
	out []string, err error) {
	say := func(key string, args ...any) { out = append(out, q.T("caution."+key, args...)) }
	ends := next.State == alerts.Lifted || next.State == alerts.Cancelled
	if err := q.View(func(tx *bbolt.Tx) error {
		if s.w == nil || s.w.State == alerts.Rejected {
			return nil
		}
		page, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 100)
		if err != nil {
			return err
		}
		for _, p := range page.Items {
			if p.WarningID != s.w.ID || s.p != nil && p.ID == s.p.ID {
				continue
			}
			if asksForMore := p.Kind != alerts.KindLift && (ends || a.name == "lift" || p.Level.Above(change.Level)); asksForMore {
				say("open_proposal", "id", p.ID, "kind", terms.Name(terms.Proposal, p.Kind, q.Lang), "level", q.Level(p.Level))
			}
		}
		if a.name == "lift" && !s.drill {
			o, err := d.engine.Outlook(tx, s.w, q.Now)
			if err != nil {
				return err
			}
			switch {
			case o == nil || o.KnownUntil.IsZero():
				say("not_known")
			case o.From == nil || next.EndsAt != nil && o.From.After(*next.EndsAt):
				say("not_clear")
			}
		}
		if ends {
			n, err := notify.CountOrders(tx, notify.Filter{Warning: s.w.ID, State: notify.StateOpen.String()})
			if err != nil {
				return err
			}
			if n > 0 {
				say("orders_end", "count", n)
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	switch a.name {
	case "lift", "cancel", "emergency-approve":
		return out, nil
	}
	if change.Trigger == alerts.CityOrder {
		if change.DocumentNo == "" {
			say("no_document")
		}
		if change.IssuedBy == "" {
			say("no_issuer")
		}
		if a.name == "adjust" && s.w != nil && change.DocumentNo != "" && change.DocumentNo == s.w.DocumentNo {
			say("old_document", "number", change.DocumentNo)
		}
	}
	if l := otherLevelIn(change.Reason, change.Level); l != alerts.None {
		say("reason_level", "level", q.Level(l))
	}
	if a.name != "adjust" { // whose notice is that of the declaration
		if l := otherLevelIn(next.NoticeText, change.Level); l != alerts.None {
			say("notice_level", "level", q.Level(l))
		}
		if day := otherDayIn(next.NoticeText, change.EffectiveAt); day != "" {
			say("notice_start", "day", day)
		}
	}
	if a.name == "declare" && !s.drill && next.NoticeText == "" {
		say("no_notice")
	}
	return out, nil
}
