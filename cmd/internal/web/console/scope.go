package console

import (
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// scopeKey tells apart who sees different things on the same page.
func scopeKey(who *access.Principal) string {
	return string(who.Role) + "/" + who.Recipient + "/" + who.Town
}

func noOrder(id string) error {
	return refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
}
