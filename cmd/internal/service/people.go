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

// Principal is a user that may log in; nil for none, and where the record cannot be read.
func (s *Service) Principal(user string) (p *access.Principal) {
	_ = s.J.View(func(tx *bbolt.Tx) error {
		p = access.PrincipalOf(tx, user)
		return nil
	})
	return p
}

// May reports whether a user's role allows an act.
func (s *Service) May(user, act string) bool {
	p := s.Principal(user)
	return p != nil && calls.Allowed(p.Role, act)
}

// HasRole reports whether a user may log in and has one of the roles.
func (s *Service) HasRole(user string, roles ...string) bool {
	p := s.Principal(user)
	return p != nil && slices.Contains(roles, string(p.Role))
}

// CountAccounts says whether anybody can log in yet.
func (s *Service) CountAccounts() (int, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (int, error) { return access.Count(tx), nil })
}

// Quiet says whether nothing is going on in the region: no live warning and no open proposal.
func (s *Service) Quiet() (bool, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (bool, error) {
		w, err := alerts.LiveWarning(tx, s.Region)
		if err != nil {
			return false, err
		}
		open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 1)
		return w == nil && len(open.Items) == 0, err
	})
}

// RecipientContact is who is told at a recipient of the list; empty when there is nobody or it was erased.
func (s *Service) RecipientContact(tx *bbolt.Tx, ref string) (name, phone string) {
	c, err := vaultContact(tx, ref)
	if err != nil {
		s.log.Error("a recipient's contact in the vault cannot be read", "ref", ref, "err", err)
	}
	return c.Name, c.Phone
}

// vaultContact is a recipient's contact out of the vault; the zero value where there is none, or it was erased.
func vaultContact(tx *bbolt.Tx, ref string) (c reductionlist.Contact, err error) {
	if content := journal.ReadVault(tx, ref); content != nil {
		err = json.Unmarshal(content, &c)
	}
	return c, err
}
