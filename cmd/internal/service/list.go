package service

import (
	"context"
	"encoding/json"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/journal"
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

var _ = bind(calls.ApproveList, (*Service).ApproveList)

// ApproveList is a second person's consent to a draft.
func (s *Service) ApproveList(ctx context.Context, a Ask, in calls.ListApproval) (calls.ListDecided, error) {
	return s.decided(proven[reductionlist.Version](ctx, s,
		a.command(cmdListApprove, reductionlist.Approve{Version: in.ID, Revision: in.Revision}), in.OTP))
}

var _ = bind(calls.ActivateList, (*Service).ActivateList)

// ActivateList makes a version count from its effective date on. One that no second person has approved an
// administrator alone activates.
func (s *Service) ActivateList(ctx context.Context, a Ask, in calls.ListActivation) (calls.ListDecided, error) {
	v, err := s.ListVersion(in.ID)
	if err != nil {
		return calls.ListDecided{}, err
	}
	// Hash and count of an id never change: they say again which version is meant.
	return s.decided(proven[reductionlist.Version](ctx, s,
		a.command(cmdListActivate, reductionlist.Activate{Version: in.ID, Revision: in.Revision,
			Hash: v.Hash, Count: v.Count, Replaces: in.Replaces, NeedApproval: a.Who.Role != calls.Admin}), in.OTP))
}

// decided is a version as a decision left it, or what went wrong with the decision.
func (s *Service) decided(v reductionlist.Version, err error) (none calls.ListDecided, _ error) {
	if err != nil {
		return none, err
	}
	return journal.Read(s.J, func(tx *bbolt.Tx) (d calls.ListDecided, err error) {
		if d.Version, err = s.VersionOf(tx, &v); err != nil {
			return none, err
		}
		d.Live, err = s.LiveBeside(tx, v.ID)
		return d, err
	})
}

// LiveBeside are the live warnings and drills whose orders are by another version of the list than this.
func (s *Service) LiveBeside(tx *bbolt.Tx, version string) ([]calls.LiveWarning, error) {
	live := []calls.LiveWarning{}
	for _, find := range []func(*bbolt.Tx, string) (*alerts.Warning, error){alerts.LiveWarning, alerts.LiveDrill} {
		w, err := find(tx, s.Region)
		if err != nil {
			return nil, err
		}
		if w != nil && w.ListVersion != version {
			live = append(live,
				calls.LiveWarning{ID: w.ID, Level: w.Level, State: w.State, Drill: w.Drill, ListVersion: w.ListVersion})
		}
	}
	return live, nil
}

var _ = bind(calls.DiscardList, (*Service).DiscardList)

// DiscardList takes a draft back, as it was at the revision that the caller saw, and answers with that. The same
// workbook begins anew afterwards.
func (s *Service) DiscardList(ctx context.Context, a Ask, in calls.DraftAt) (calls.Version, error) {
	return s.shown(journal.Do[reductionlist.Version](ctx, s.J,
		a.command(cmdListDiscard, reductionlist.Discard{Version: in.ID, Revision: in.Revision})))
}

// ListVersion returns a version by id, or a not_found refusal.
func (s *Service) ListVersion(id string) (reductionlist.Version, error) {
	return journal.ReadBy(s.J, reductionlist.GetVersion, id)
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
