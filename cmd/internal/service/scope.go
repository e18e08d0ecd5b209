package service

import (
	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// Visible reports whether who may see what belongs to a recipient: an enterprise its own, a town what lies in it,
// everybody else all. A scope that is empty sees nothing.
func Visible(who *access.Principal, recipient, town string) bool {
	switch who.Role {
	case calls.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	case calls.Town:
		return who.Town != "" && who.Town == town
	default:
		return true
	}
}

// Decides reports whether who belongs to those who decide on warnings or supervise that: to them nothing of a warning
// is internal.
func Decides(who *access.Principal) bool {
	switch who.Role {
	case calls.Duty, calls.Approver, calls.Admin, calls.Inspector, calls.Viewer:
		return true
	default:
		return false
	}
}

// MayReadNotes reports whether who may read what a recipient wrote and why an objection was decided as it was: those
// who decide, approve or inspect, and the recipient itself.
func MayReadNotes(who *access.Principal, recipient string) bool {
	switch who.Role {
	case calls.Duty, calls.Approver, calls.Inspector:
		return true
	case calls.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	default:
		return false
	}
}

// MayReadContact reports whether who may read whom to call at a recipient: those who keep the list or call its
// recipients, a town of what lies in it, and an enterprise its own.
func MayReadContact(who *access.Principal, recipient, town string) bool {
	switch {
	case who == nil:
		return false
	case who.Role == calls.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	}
	return calls.Allowed(who.Role, calls.ActContactsRead) && Visible(who, recipient, town)
}

// MayReadCallNotes reports whether who may read what was noted of a call about an order of the town: those who decide,
// approve or inspect, and the town itself.
func MayReadCallNotes(who *access.Principal, town string) bool {
	return who.Role == calls.Town && who.Town != "" && who.Town == town || MayReadNotes(who, "")
}

// WarningFor is a warning as who may see it.
func WarningFor(who *access.Principal, w *alerts.Warning) *alerts.Warning {
	if w == nil || who != nil && Decides(who) {
		return w
	}
	return w.Public()
}

// Scoped reports whether who sees less than all.
func Scoped(who *access.Principal) bool {
	return who.Role == calls.Enterprise || who.Role == calls.Town
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
	case calls.Enterprise:
		return limit(&f.Recipient, who.Recipient)
	case calls.Town:
		return limit(&f.Town, who.Town)
	default:
		return true
	}
}
