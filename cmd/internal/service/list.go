package service

import (
	"context"
	"encoding/json"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/valid"
	"qingkong/reductionlist"
)

// Commands of the list.
const (
	cmdListBegin    = "list.begin"
	cmdListRows     = "list.rows"
	cmdListApprove  = "list.approve"
	cmdListActivate = "list.activate"
	cmdListCopy     = "list.copy"
	cmdListContacts = "list.contacts"
	cmdListDiscard  = "list.discard"
)

func registerList(r *journal.Registry) {
	journal.HandleBulk(r, cmdListRows, reductionlist.DecideRows)
	journal.Handle(r, cmdListCopy, reductionlist.DecideCopy)
	journal.Handle(r, cmdListContacts, reductionlist.DecideContacts)
	journal.Handle(r, cmdListDiscard, reductionlist.DecideDiscard)
	journal.Handle(r, reductionlist.CommandInForce, reductionlist.DecideInForce)
}

// ListApproval is the body of POST /list/versions/{id}/approve.
type ListApproval struct {
	Revision int    `json:"revision" validate:"required"` // that the caller saw
	OTP      string `json:"otp,omitempty"`
}

// ListActivation is the body of POST /list/versions/{id}/activate.
type ListActivation struct {
	Revision int    `json:"revision" validate:"required"`
	Replaces string `json:"replaces"` // the active version that begins on the same day
	OTP      string `json:"otp,omitempty"`
}

// ApproveList is a second person's consent to a draft.
func (s *Service) ApproveList(ctx context.Context, actor, key, id string, body []byte) (reductionlist.Version, error) {
	in, err := valid.Read[ListApproval](body)
	if err != nil {
		return reductionlist.Version{}, err
	}
	return proven[reductionlist.Version](ctx, s, journal.Command{Kind: cmdListApprove, Actor: actor, Key: key,
		Payload: reductionlist.Approve{Version: id, Revision: in.Revision}}, in.OTP)
}

// ActivateList makes a version count from its effective date on.
// needApproval refuses one that no second person has approved.
func (s *Service) ActivateList(ctx context.Context, actor, key, id string, needApproval bool, body []byte) (reductionlist.Version, error) {
	in, err := valid.Read[ListActivation](body)
	if err != nil {
		return reductionlist.Version{}, err
	}
	v, err := s.ListVersion(id)
	if err != nil {
		return v, err
	}
	// Hash and count of an id never change: they say again which version is meant.
	return proven[reductionlist.Version](ctx, s, journal.Command{Kind: cmdListActivate, Actor: actor, Key: key,
		Payload: reductionlist.Activate{Version: id, Revision: in.Revision, Hash: v.Hash, Count: v.Count,
			Replaces: in.Replaces, NeedApproval: needApproval}}, in.OTP)
}

// DiscardList takes a draft back, as it was at the revision that the caller saw. The same workbook begins anew afterwards.
func (s *Service) DiscardList(ctx context.Context, actor, key, id string, revision int) (reductionlist.Version, error) {
	return journal.Do[reductionlist.Version](ctx, s.J, journal.Command{Kind: cmdListDiscard, Actor: actor, Key: key,
		Payload: reductionlist.Discard{Version: id, Revision: revision}})
}

// ListVersion returns a version by id, or a not_found refusal.
func (s *Service) ListVersion(id string) (v reductionlist.Version, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error { v, err = reductionlist.GetVersion(tx, id); return err })
	return v, err
}

// refreshContact puts the duty contact into the vault unless the one there says the same.
func (s *Service) refreshContact(ref *string, cmd *journal.Command, c dutyContact) error {
	if c == (dutyContact{}) {
		*ref = ""
		return nil
	}
	return s.J.View(func(tx *bbolt.Tx) error {
		name, phone := s.contact(tx)(*ref)
		if (dutyContact{name, phone}) == c {
			return nil
		}
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		e := journal.Seal(text)
		*ref = e.Ref
		cmd.Vault = append(cmd.Vault, e)
		return nil
	})
}
