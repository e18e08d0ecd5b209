package service

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
)

var (
	_ = bind(calls.Declare, warningAct)
	_ = bind(calls.Approve, warningAct)
	_ = bind(calls.EmergencyApprove, warningAct)
	_ = bind(calls.RejectWarning, warningAct)
	_ = bind(calls.Adjust, warningAct)
	_ = bind(calls.Revise, warningAct)
	_ = bind(calls.LiftWarning, warningAct)
	_ = bind(calls.CancelWarning, warningAct)
)

func warningAct[In any](s *Service, ctx context.Context, a Ask, in In) (*alerts.Warning, error) {
	return s.ActOnWarning(ctx, a, in)
}

// ActOnWarning carries out an act on a warning: a [calls.Declaration], a [calls.Lift] and their like.
func (s *Service) ActOnWarning(ctx context.Context, a Ask, in any) (*alerts.Warning, error) {
	cmd, otp, err := s.warningCommand(a, in)
	if err != nil {
		return nil, err
	}
	return proven[*alerts.Warning](ctx, s, cmd, otp)
}

// Preview is what an act on a warning would lead to, or the refusal that it would get. Nothing is recorded, and a code
// is not asked for yet.
func (s *Service) Preview(a Ask, in any) (*alerts.Warning, journal.Outlook, error) {
	cmd, _, err := s.warningCommand(a, in)
	if err != nil {
		return nil, journal.Outlook{}, err
	}
	o, err := s.J.Preview(cmd)
	w, _ := o.Result.(*alerts.Warning)
	return w, o, err
}

// warningCommand is an act on a warning as the journal takes it, and the code that came with it.
func (s *Service) warningCommand(a Ask, in any) (cmd journal.Command, otp string, err error) {
	const id = "warning_id"
	switch in := in.(type) {
	case calls.Declaration:
		if in.Region == "" {
			in.Region = s.Region
		}
		return a.command(cmdDeclare, in.Declare), in.OTP, noList(in.ListVersion, in.ListHash)
	case calls.Approval:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdApprove, in.Approve), in.OTP, err
	case calls.EmergencyApproval:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdEmergency, in.EmergencyApprove), in.OTP, err
	case calls.Adjustment:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdAdjust, in.Adjust), in.OTP, err
	case calls.Revision:
		if err = named(id, &in.WarningID, in.ID); err == nil {
			err = noList(in.ListVersion, in.ListHash)
		}
		return a.command(cmdRevise, in.Revise), in.OTP, err
	case calls.Reject:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdReject, in.Reject), "", err
	case calls.Lift:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdLift, in.Lift), "", err
	case calls.Cancel:
		err = named(id, &in.WarningID, in.ID)
		return a.command(cmdCancel, in.Cancel), "", err
	}
	return cmd, "", fmt.Errorf("service: %T is no act on a warning", in)
}

// noList refuses an input that names a list: the record pins the one in force, and nobody names another.
func noList(version, hash string) error {
	for path, given := range map[string]string{"list_version": version, "list_hash": hash} {
		if given != "" {
			return &refusal.Error{Code: refusal.UnknownField, Rule: "input.wrong", Args: refusal.Args{"count": 1},
				Fields: []refusal.Field{{Path: path, Rule: "input.unknown_field", Args: refusal.Args{"name": path}}}}
		}
	}
	return nil
}

var _ = bind(calls.Warnings, (*Service).Warnings)

// Warnings pages through all warnings, the latest first, as who may see them.
func (s *Service) Warnings(_ context.Context, a Ask, in calls.Paging) (alerts.Page[*alerts.Warning], error) {
	page, err := journal.Read(s.J, func(tx *bbolt.Tx) (alerts.Page[*alerts.Warning], error) {
		return alerts.ListWarnings(tx, in.Cursor, in.Most())
	})
	for i, w := range page.Items {
		page.Items[i] = WarningFor(a.Who, w)
	}
	return page, err
}

var _ = bind(calls.Warning, (*Service).Warning)

// Warning is a warning as who may see it, with what can be said of its end now.
func (s *Service) Warning(_ context.Context, a Ask, in calls.ByID) (calls.WarningLook, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (calls.WarningLook, error) { return s.LookAt(tx, a.Who, in.ID) })
}

// LookAt is [Service.Warning] within a transaction.
func (s *Service) LookAt(tx *bbolt.Tx, who *access.Principal, id string) (look calls.WarningLook, err error) {
	w, err := alerts.GetWarning(tx, id)
	if err != nil {
		return look, err
	}
	look.Warning = WarningFor(who, w)
	if who != nil && Decides(who) && (w.State == alerts.Scheduled || w.State == alerts.Active) {
		look.Outlook, err = alerts.Engine{Settings: s.Air}.Outlook(tx, w, s.J.Now())
	}
	return look, err
}

var _ = bind(calls.Board, (*Service).Board)

// Board is how the orders of a warning stand, and what inspections came to.
func (s *Service) Board(_ context.Context, _ Ask, in calls.ByID) (calls.InspectedBoard, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (b calls.InspectedBoard, err error) {
		if _, err := alerts.GetWarning(tx, in.ID); err != nil {
			return b, err
		}
		return s.BoardOf(tx, in.ID)
	})
}

// BoardOf is [Service.Board] of a warning that there is, within a transaction.
func (s *Service) BoardOf(tx *bbolt.Tx, warning string) (b calls.InspectedBoard, err error) {
	if b.Board, err = notify.GetBoard(tx, warning); err == nil {
		b.Inspection, _, err = s.PublicInspections(tx, warning)
	}
	return b, err
}

var _ = bind(calls.Timeline, (*Service).Timeline)

// Timeline is what became of a warning, as who may see it, and how its orders stand.
func (s *Service) Timeline(ctx context.Context, a Ask, in calls.ByID) (out calls.WarningTimeline, err error) {
	look, err := s.Warning(ctx, a, in)
	if err != nil {
		return out, err
	}
	w := look.Warning
	out = calls.WarningTimeline{WarningID: w.ID, Level: w.Level, State: w.State, StartsAt: w.StartsAt, EndsAt: w.EndsAt,
		History: w.History}
	board, err := s.Board(ctx, a, in)
	out.Orders = board.Board
	return out, err
}
