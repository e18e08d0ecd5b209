package warnings

import (
	"cmp"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
)

// approvalAsked says what of a warning waits for an approval, and who can give it.
type approvalAsked struct {
	What, By, Reason string
	From, Until      string
	Approvers        []approver // empty for who may not see them
	Told             bool       // the reader may see them
}

// approver is somebody who may approve, as an officer calls them.
type approver struct{ User, Name, Phone string }

// approvalOf is nil where nothing of the warning waits for an approval.
func (d *desk) approvalOf(q *frame.Request, tx *bbolt.Tx, w *alerts.Warning) (*approvalAsked, error) {
	v := &approvalAsked{What: whatWaits(q, w), By: w.DeclaredBy, Reason: w.Reason, From: frame.Clock(w.StartsAt),
		Until: cmp.Or(frame.Until(w.EndsAt), q.T("no_end"))}
	if p := w.Pending; p != nil {
		v.By, v.Reason, v.From = p.By, p.Reason, frame.Clock(p.EffectiveAt)
		if p.EndsAt != nil || p.NoEnd {
			v.Until = cmp.Or(frame.Until(p.EndsAt), q.T("no_end"))
		}
	}
	if v.What == "" {
		return nil, nil
	}
	if v.Told = q.May(calls.ActWarningsDeclare) || q.May(calls.ActWarningsApprove); !v.Told {
		return v, nil
	}
	all, err := d.Svc.Approvers(tx, v.By)
	for _, u := range all {
		v.Approvers = append(v.Approvers, approver{u.User, u.Name, u.Phone})
		q.SawColleague(u.Name, u.Phone)
	}
	return v, err
}
