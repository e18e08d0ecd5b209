package access

import (
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// Require returns nil when the principal may do the act, an unauthenticated refusal for nobody, and a forbidden
// one for a role that may not.
func Require(p *Principal, act string) error {
	switch {
	case p == nil:
		return refusal.New(refusal.Unauthenticated, "access.unauthenticated", nil)
	case !calls.Allowed(p.Role, act):
		return refusal.New(refusal.Forbidden, "access.forbidden", refusal.Args{"role": string(p.Role), "act": act})
	}
	return nil
}
