package service

import (
	"encoding/json"
	"slices"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// Login finds who logs in over NATS by its machine-made password or one of its tokens; nil for a wrong one. own reports
// that the user chose its password itself, which does not serve there.
func (s *Service) Login(user, secret string) (who *access.Principal, own bool, err error) {
	return s.Passwords.CheckSecret(user, secret)
}

// May says whether a user's role allows an act.
func (s *Service) May(user, act string) (may bool) {
	_ = s.J.View(func(tx *bbolt.Tx) error { // a record that cannot be read allows nothing
		p, ok := access.PrincipalOf(tx, user)
		may = ok && calls.Allowed(p.Role, act)
		return nil
	})
	return may
}

// HasRole says whether a user may log in and has one of the roles.
func (s *Service) HasRole(user string, roles ...string) (has bool) {
	_ = s.J.View(func(tx *bbolt.Tx) error { // of a record that cannot be read nobody has a role
		p, ok := access.PrincipalOf(tx, user)
		has = ok && slices.Contains(roles, string(p.Role))
		return nil
	})
	return has
}

// CountAccounts says whether anybody can log in yet.
func (s *Service) CountAccounts() (n int, err error) {
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

// RecipientContact is who is told at a recipient of the list; empty when there is nobody or it was erased.
func (s *Service) RecipientContact(tx *bbolt.Tx, ref string) (name, phone string) {
	var c reductionlist.Contact
	if content := journal.ReadVault(tx, ref); content != nil {
		if err := json.Unmarshal(content, &c); err != nil {
			s.log.Error("a recipient's contact in the vault cannot be read", "ref", ref, "err", err)
		}
	}
	return c.Name, c.Phone
}
