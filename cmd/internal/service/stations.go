package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

// Commands of the register of stations. [CommandRootHour] is the program's own.
const (
	cmdStationRegister = "telemetry.register"
	cmdStationChange   = "telemetry.change"
	cmdStationStanding = "telemetry.standing"
	CommandRootHour    = "telemetry.root_hour"
)

func registerStations(r *journal.Registry) {
	rules := func(now journal.Moment) telemetry.Rules {
		return telemetry.Rules{Units: readings.UnitFits, Erased: erased, Recipient: func(tx *bbolt.Tx, id string) error {
			_, err := ListedRecipient(tx, id, now.Wall)
			if refusal.CodeOf(err) == refusal.NotFound {
				return refusal.Wrong("recipient_id", "recipient.unknown", refusal.Args{"id": refusal.Shown(id)})
			}
			return err
		}}
	}
	journal.HandleMoment(r, cmdStationRegister, func(tx *bbolt.Tx, _ string, in telemetry.Station, now journal.Moment) (
		[]journal.Event, *telemetry.Station, error) {
		return telemetry.DecideRegister(tx, rules(now), in)
	})
	journal.HandleMoment(r, cmdStationChange, func(tx *bbolt.Tx, _ string, in telemetry.Change, now journal.Moment) (
		[]journal.Event, *telemetry.Station, error) {
		return telemetry.DecideChange(tx, rules(now), in)
	})
	journal.Handle(r, cmdStationStanding, func(tx *bbolt.Tx, _ string, in telemetry.Standing, _ time.Time) (
		[]journal.Event, *telemetry.Station, error) {
		return telemetry.DecideStanding(tx, in)
	})
	journal.Handle(r, CommandRootHour, func(tx *bbolt.Tx, _ string, in telemetry.RootHour, now time.Time) (
		[]journal.Event, telemetry.RootHour, error) {
		return telemetry.DecideRootHour(tx, in, now)
	})
}

func erased(tx *bbolt.Tx, ref string) bool { return journal.ReadVault(tx, ref) == nil }

// RootHour records the Merkle root over what was received in an hour that is over; see [telemetry.DecideRootHour]. It is
// for the node that leads.
func (s *Service) RootHour(ctx context.Context, in telemetry.RootHour) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: CommandRootHour, Actor: "system", Payload: in})
	return err
}

var _ = bind(calls.AddStation, (*Service).AddStation)

// AddStation registers a station. Its recipient's connections over NATS are closed, so that it comes back with the right
// to report for it.
func (s *Service) AddStation(ctx context.Context, a Ask, in calls.NewStation) (none calls.Station, _ error) {
	st := telemetry.Station{MN: in.MN, Name: in.Name, Recipient: in.RecipientID, ST: in.ST, Version: edition(in.Version),
		Outlets: outletsOf(in.Outlets), Tolerate: in.Tolerate, SM4: in.SM4, MinuteMin: in.MinuteMin, SampleS: in.SampleS}
	cmd := a.command(cmdStationRegister, nil)
	secrets, err := (stationSecrets{}).with(in.Secrets, st.SM4)
	if err != nil {
		return none, err
	}
	st.Secret = s.sealStation(in.MN, secrets, a.Key, &cmd)
	cmd.Payload = st
	return s.stationDone(ctx, a, in.MN, cmd, in.RecipientID)
}

var _ = bind(calls.ChangeStation, (*Service).ChangeStation)

// ChangeStation gives a station another content. Where it goes to another recipient, the connections of both are closed.
func (s *Service) ChangeStation(ctx context.Context, a Ask, in calls.StationChange) (none calls.Station, _ error) {
	was, err := journal.ReadBy(s.J, telemetry.Get, in.MN)
	if err != nil {
		return none, err
	}
	change := telemetry.Change{MN: in.MN, Revision: in.Revision, Name: in.Name, Recipient: in.RecipientID, ST: in.ST,
		SM4: in.SM4, MinuteMin: in.MinuteMin, SampleS: in.SampleS, Tolerate: in.Tolerate, Outlets: outletsOf(in.Outlets)}
	if in.Version != nil {
		change.Version = new(edition(*in.Version))
	}
	cmd := a.command(cmdStationChange, nil)
	if change.SM4 != nil || in.Secrets != (calls.Secrets{}) {
		old, err := s.secretsOf(was)
		if err != nil {
			return none, err
		}
		is, err := old.with(in.Secrets, *cmp.Or(in.SM4, &was.SM4))
		if err != nil {
			return none, err
		}
		change.Secret = new(s.sealStation(in.MN, is, a.Key, &cmd))
	}
	cmd.Payload = change
	return s.stationDone(ctx, a, in.MN, cmd, was.Recipient, *cmp.Or(in.RecipientID, &was.Recipient))
}

var (
	_ = bind(calls.RetireStation, func(s *Service, ctx context.Context, a Ask, in calls.StationAt) (calls.Station, error) {
		return s.stationStands(ctx, a, in, true)
	})
	_ = bind(calls.ReinstateStation, func(s *Service, ctx context.Context, a Ask, in calls.StationAt) (calls.Station, error) {
		return s.stationStands(ctx, a, in, false)
	})
)

func (s *Service) stationStands(ctx context.Context, a Ask, in calls.StationAt, retired bool) (calls.Station, error) {
	return s.stationDone(ctx, a, in.MN, a.command(cmdStationStanding,
		telemetry.Standing{MN: in.MN, Retired: retired, Revision: in.Revision}))
}

// stationDone submits an act on a station and returns what it is then. What a login over NATS may report for is fixed when
// it begins: the connections of those whom the act concerns are closed, and they come back with their rights as they are
// now. owners are those whom it concerns; without any its recipient.
func (s *Service) stationDone(ctx context.Context, a Ask, mn string, cmd journal.Command, owners ...string) (
	none calls.Station, _ error) {
	done, err := journal.Do[*telemetry.Station](ctx, s.J, cmd)
	if err != nil {
		return none, err
	}
	slices.Sort(owners)
	switch owners = slices.Compact(owners); {
	case cmd.Kind == cmdStationChange && len(owners) == 1: // the rights of nobody change
	case len(owners) == 0:
		s.kick(done.Recipient)
	default:
		for _, id := range owners {
			s.kick(id)
		}
	}
	return journal.Read(s.J, func(tx *bbolt.Tx) (calls.Station, error) {
		st, err := telemetry.Get(tx, mn)
		if err != nil {
			return none, err
		}
		return s.StationOf(tx, a.Who, st)
	})
}

// edition is the edition of a year that the input was checked for; 0 for none.
func edition(year string) hj212.Version {
	n, _ := strconv.Atoi(year)
	return hj212.Version(n)
}

// outletsOf are outlets as the register has them; nil for nil.
func outletsOf(in []calls.OutletText) (out []telemetry.Outlet) {
	if in != nil {
		out = []telemetry.Outlet{}
	}
	for _, o := range in {
		factors := []telemetry.Factor{}
		for _, f := range o.Factors {
			factors = append(factors, telemetry.Factor(f))
		}
		out = append(out, telemetry.Outlet{Name: o.Name, Factors: factors, O2: o.O2})
	}
	return out
}
