package service

import (
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
)

// Login finds who a user is by its password or the secret of one of its tokens; nil for a wrong one.
func (s *Service) Login(user, secret string) (p *access.Principal, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		if found, ok := access.Verify(tx, user, secret); ok {
			p = found
		}
		return nil
	})
	return p, err
}

// May says whether a user's role allows an act.
func (s *Service) May(user, act string) (may bool) {
	_ = s.J.View(func(tx *bbolt.Tx) error { // a record that cannot be read allows nothing
		p, ok := access.PrincipalOf(tx, user)
		may = ok && access.Allowed(p.Role, act)
		return nil
	})
	return may
}

// Accounts says whether anybody can log in yet.
func (s *Service) Accounts() (n int, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error { n = access.Count(tx); return nil })
	return n, err
}

// Quiet says whether nothing is going on in the region: no live warning and no open proposal.
func (s *Service) Quiet() (quiet bool, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		w, err := alerts.LiveWarning(tx, s.Region)
		if err != nil {
			return err
		}
		open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 1)
		quiet = w == nil && len(open.Items) == 0
		return err
	})
	return quiet, err
}
