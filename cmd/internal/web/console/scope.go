package console

import (
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

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
