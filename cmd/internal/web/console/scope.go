package console

import (
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// visible and narrow are the scopes of the HTTP interface (package web): an enterprise sees its own, a town what lies
// in it, everybody else all. A scope that is empty sees nothing.
func visible(who *access.Principal, recipient, town string) bool {
	switch who.Role {
	case access.Enterprise:
		return who.Recipient != "" && who.Recipient == recipient
	case access.Town:
		return who.Town != "" && who.Town == town
	default:
		return true
	}
}

// narrow limits a filter of orders to what who may see; false is nothing.
func narrow(f *notify.Filter, who *access.Principal) bool {
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

// scopeKey tells apart who sees different things on the same page.
func scopeKey(who *access.Principal) string {
	return string(who.Role) + "/" + who.Recipient + "/" + who.Town
}

// mayReadNotes says who may read what a recipient wrote and why an objection was decided as it was: who decides, who
// approves, who inspects, and the recipient itself.
func mayReadNotes(who *access.Principal, recipient string) bool {
	switch who.Role {
	case access.Duty, access.Approver, access.Inspector:
		return true
	case access.Enterprise:
		return who.Recipient == recipient
	default:
		return false
	}
}

func noOrder(id string) error {
	return refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
}
