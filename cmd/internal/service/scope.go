package service

import (
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// Visible reports whether who may see what belongs to a recipient: an enterprise its own, a town what lies in it,
// everybody else all. A scope that is empty sees nothing.
func Visible(who *access.Principal, recipient, town string) bool {
	switch who.Role {
	case access.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	case access.Town:
		return who.Town != "" && who.Town == town
	default:
		return true
	}
}

// Decides reports whether who belongs to those who decide on warnings or supervise that: to them nothing of a warning is
// internal.
func Decides(who *access.Principal) bool {
	switch who.Role {
	case access.Duty, access.Approver, access.Admin, access.Inspector, access.Viewer:
		return true
	default:
		return false
	}
}

// MayReadNotes says who may read what a recipient wrote and why an objection was decided as it was: who decides, who
// approves, who inspects, and the recipient itself.
func MayReadNotes(who *access.Principal, recipient string) bool {
	switch who.Role {
	case access.Duty, access.Approver, access.Inspector:
		return true
	case access.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	default:
		return false
	}
}

// WarningFor is a warning as who may see it.
func WarningFor(who *access.Principal, w *alerts.Warning) *alerts.Warning {
	if w == nil || who != nil && Decides(who) {
		return w
	}
	return w.Public()
}

// WarningLook is a warning as it is looked at by itself.
type WarningLook struct {
	*alerts.Warning
	// Outlook is what can be said of the end of one that is scheduled or active, to those who decide.
	Outlook *alerts.Outlook `json:"outlook,omitempty"`
}

// LookAt is a warning as who may see it, with what can be said of its end now.
func (s *Service) LookAt(tx *bbolt.Tx, who *access.Principal, id string) (look WarningLook, err error) {
	w, err := alerts.GetWarning(tx, id)
	if err != nil {
		return look, err
	}
	look.Warning = WarningFor(who, w)
	if who != nil && Decides(who) && (w.State == alerts.Scheduled || w.State == alerts.Active) {
		look.Outlook, err = alerts.Engine{Settings: s.Air}.Outlook(tx, w, s.J.Now())
	}
	return look, err
}

// Scoped reports whether who sees less than all.
func Scoped(who *access.Principal) bool {
	return who.Role == access.Enterprise || who.Role == access.Town
}

// Narrow limits a filter of orders to what who may see; false is nothing.
func Narrow(f *notify.Filter, who *access.Principal) bool {
	limit := func(asked *string, own string) bool {
		if own == "" || *asked != "" && *asked != own {
			return false
		}
		*asked = own
		return true
	}
	switch who.Role {
	case access.Enterprise:
		return limit(&f.Recipient, who.Recipient)
	case access.Town:
		return limit(&f.Town, who.Town)
	default:
		return true
	}
}
