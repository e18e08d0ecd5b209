package access

import (
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

// Require returns nil when the principal may do the act, an unauthenticated refusal for nobody, and a forbidden
// one for a role that may not.
func Require(p *Principal, act string) error {
	switch {
	case p == nil:
		return refusal.New(refusal.Unauthenticated, "access.unauthenticated", nil)
	case !calls.Allowed(p.Role, act):
		return refusal.New(refusal.Forbidden, "access.forbidden",
			refusal.Args{"role": terms.Words(terms.Role, p.Role), "act": terms.Words(terms.Act, act)})
	}
	return nil
}
