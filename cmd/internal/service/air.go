package service

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/valid"
	"qingkong/reductionlist"
)

// Commands of the air and of warnings. The last three are run by timers or schedules.
const (
	cmdForecast    = "forecast.receive"
	cmdObservation = "observation.receive"
	cmdDismiss     = "proposal.dismiss"
	cmdDeclare     = "warning.declare"
	cmdApprove     = "warning.approve"
	cmdReject      = "warning.reject"
	cmdEmergency   = "warning.emergency_approve"
	cmdAdjust      = "warning.adjust"
	cmdRevise      = "warning.revise"
	cmdLift        = "warning.lift"
	cmdCancel      = "warning.cancel"
	cmdActivate    = "warning.activate"
	cmdExpire      = "warning.expire"
	cmdReevaluate  = "proposal.reevaluate"
	cmdSilence     = "feed.silence"
)

// byWall has a decision hold what people typed against the wall clock, and keep the record's time for what it records.
func byWall[P, R any](e alerts.Engine, decide func(alerts.Engine, *bbolt.Tx, string, P, time.Time) ([]journal.Event, R, error)) func(*bbolt.Tx, string, P, journal.Moment) ([]journal.Event, R, error) {
	return func(tx *bbolt.Tx, actor string, in P, now journal.Moment) ([]journal.Event, R, error) {
		e := e
		e.At = now.At
		return decide(e, tx, actor, in, now.Wall)
	}
}

func registerAlerts(r *journal.Registry, e alerts.Engine, two gate) {
	journal.HandleMoment(r, cmdForecast, byWall(e, alerts.Engine.DecideForecast))
	journal.HandleMoment(r, cmdObservation, byWall(e, alerts.Engine.DecideObservation))
	journal.HandleMoment(r, cmdDismiss, byWall(e, alerts.Engine.DecideDismiss))
	journal.HandleMoment(r, cmdReevaluate, byWall(e, alerts.Engine.DecideReevaluate))
	journal.HandleMoment(r, cmdSilence, byWall(e, alerts.Engine.DecideSilence))
	warned(two, r, e, cmdDeclare, false, func(e alerts.Engine, tx *bbolt.Tx, actor string, in alerts.Declare, now time.Time) ([]journal.Event, *alerts.Warning, error) {
		if err := pinList(tx, &in, now); err != nil {
			return nil, nil, err
		}
		return e.DecideDeclare(tx, actor, in, now)
	})
	warned(two, r, e, cmdApprove, true, alerts.Engine.DecideApprove)
	journal.HandleMoment(r, cmdReject, byWall(e, alerts.Engine.DecideReject))
	warned(two, r, e, cmdEmergency, false, alerts.Engine.DecideEmergencyApprove)
	journal.Handle(r, alerts.CommandUnconfirmed, e.DecideUnconfirmed)
	warned(two, r, e, cmdAdjust, false, alerts.Engine.DecideAdjust)
	warned(two, r, e, cmdRevise, false, func(e alerts.Engine, tx *bbolt.Tx, actor string, in alerts.Revise, now time.Time) ([]journal.Event, *alerts.Warning, error) {
		list := alerts.Declare{StartsAt: in.StartsAt}
		if err := pinList(tx, &list, now); err != nil && refusal.CodeOf(err) != refusal.Conflict {
			return nil, nil, err
		}
		in.ListVersion, in.ListHash = list.ListVersion, list.ListHash // of a rejected one; without a list it keeps its own
		return e.DecideRevise(tx, actor, in, now)
	})
	journal.HandleMoment(r, cmdLift, byWall(e, alerts.Engine.DecideLift))
	journal.HandleMoment(r, cmdCancel, byWall(e, alerts.Engine.DecideCancel))
	journal.HandleMoment(r, cmdActivate, byWall(e, alerts.Engine.DecideActivate))
	journal.HandleMoment(r, cmdExpire, byWall(e, alerts.Engine.DecideExpire))
}

// pinList gives a declaration the list version in force at its start, by id and hash.
func pinList(tx *bbolt.Tx, in *alerts.Declare, now time.Time) error {
	at := now
	if in.StartsAt != nil {
		at = *in.StartsAt
	}
	v, err := reductionlist.Current(tx, at)
	if refusal.CodeOf(err) == refusal.NotFound {
		return refusal.New(refusal.Conflict, "warning.no_list", refusal.Args{"at": at.In(alerts.Shanghai()).Format(time.DateOnly)})
	}
	in.ListVersion, in.ListHash = v.ID, v.Hash
	return err
}

// Forecast records a forecast (body of POST /forecasts) and returns its id, the proposal that is open after it, and how it was
// read.
func (s *Service) Forecast(ctx context.Context, actor, key string, body []byte) (alerts.ForecastResult, error) {
	in, notes, err := s.Reader.Forecast(body)
	if err != nil {
		return alerts.ForecastResult{}, err
	}
	return s.takeForecast(ctx, journal.Command{Kind: cmdForecast, Actor: actor, Key: key, Payload: in}, notes)
}

func (s *Service) takeForecast(ctx context.Context, cmd journal.Command, notes []alerts.Note) (alerts.ForecastResult, error) {
	out, err := journal.Do[alerts.ForecastResult](ctx, s.J, cmd)
	out.Notes = notes
	return out, err
}

// ForecastFrom is [Service.Forecast] over NATS: the subject names the source and says whether it is a drill.
func (s *Service) ForecastFrom(ctx context.Context, actor, source string, drill bool, body []byte) (alerts.ForecastResult, error) {
	in, notes, err := s.Reader.Forecast(body)
	if err == nil && in.Source != source {
		err = mismatch("source", source, in.Source)
	}
	if err == nil && in.Drill != drill {
		err = mismatch("drill", drill, in.Drill)
	}
	if err != nil {
		return alerts.ForecastResult{}, err
	}
	return s.takeForecast(ctx, journal.Command{Kind: cmdForecast, Actor: actor, Payload: in}, notes)
}

// Observation records measured days (body of POST /observations).
func (s *Service) Observation(ctx context.Context, actor, key string, body []byte) (alerts.ObservationResult, error) {
	in, notes, err := s.Reader.Observation(body)
	if err != nil {
		return alerts.ObservationResult{}, err
	}
	return s.takeObservation(ctx, journal.Command{Kind: cmdObservation, Actor: actor, Key: key, Payload: in}, notes)
}

func (s *Service) takeObservation(ctx context.Context, cmd journal.Command, notes []alerts.Note) (alerts.ObservationResult, error) {
	out, err := journal.Do[alerts.ObservationResult](ctx, s.J, cmd)
	out.Notes = notes
	return out, err
}

// ObservationFrom is [Service.Observation] over NATS: the subject names the station.
func (s *Service) ObservationFrom(ctx context.Context, actor, station string, body []byte) (alerts.ObservationResult, error) {
	in, notes, err := s.Reader.Observation(body)
	if err == nil && in.Station != station {
		err = mismatch("station", station, in.Station)
	}
	if err != nil {
		return alerts.ObservationResult{}, err
	}
	return s.takeObservation(ctx, journal.Command{Kind: cmdObservation, Actor: actor, Payload: in}, notes)
}

func mismatch(path string, subject, body any) error {
	return refusal.Input([]refusal.Field{{Path: path, Rule: "input.not_as_subject", Args: refusal.Args{"subject": subject, "value": body}}})
}

// Declare enters a warning (body of POST /warnings).
func (s *Service) Declare(ctx context.Context, actor, key string, body []byte) (*alerts.Warning, error) {
	var in Declaration
	if err := refusal.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if err := noList(in.ListVersion, in.ListHash); err != nil {
		return nil, err
	}
	if in.Region == "" {
		in.Region = s.Region
	}
	return proven[*alerts.Warning](ctx, s, journal.Command{Kind: cmdDeclare, Actor: actor, Key: key, Payload: in.Declare}, in.OTP)
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

// WarningAct does one of approve, emergency-approve, reject, adjust, revise, lift and cancel on a warning. The body carries the revision that
// the actor saw.
func (s *Service) WarningAct(ctx context.Context, actor, key, id, act string, body []byte) (*alerts.Warning, error) {
	cmd := journal.Command{Actor: actor, Key: key}
	var otp string
	var err error
	switch act {
	case "approve":
		var in Approval
		in, err = read(body, func(in *Approval) *string { return &in.WarningID }, id)
		cmd.Kind, cmd.Payload, otp = cmdApprove, in.Approve, in.OTP
	case "reject":
		cmd.Kind = cmdReject
		cmd.Payload, err = read(body, func(in *alerts.Reject) *string { return &in.WarningID }, id)
	case "emergency-approve":
		var in EmergencyApproval
		in, err = read(body, func(in *EmergencyApproval) *string { return &in.WarningID }, id)
		cmd.Kind, cmd.Payload, otp = cmdEmergency, in.EmergencyApprove, in.OTP
	case "adjust":
		var in Adjustment
		in, err = read(body, func(in *Adjustment) *string { return &in.WarningID }, id)
		cmd.Kind, cmd.Payload, otp = cmdAdjust, in.Adjust, in.OTP
	case "revise":
		var in Revision
		in, err = read(body, func(in *Revision) *string { return &in.WarningID }, id)
		if err == nil {
			err = noList(in.ListVersion, in.ListHash)
		}
		cmd.Kind, cmd.Payload, otp = cmdRevise, in.Revise, in.OTP
	case "lift":
		cmd.Kind = cmdLift
		cmd.Payload, err = read(body, func(in *alerts.Lift) *string { return &in.WarningID }, id)
	case "cancel":
		cmd.Kind = cmdCancel
		cmd.Payload, err = read(body, func(in *alerts.Cancel) *string { return &in.WarningID }, id)
	default:
		return nil, refusal.New(refusal.NotFound, "http.no_route", refusal.Args{"path": act})
	}
	if err != nil {
		return nil, err
	}
	return proven[*alerts.Warning](ctx, s, cmd, otp)
}

// read reads the body of an act on a warning. The id stands in the path; one in the body too must be the same.
func read[T any](body []byte, of func(*T) (id *string), id string) (T, error) {
	var in T
	if err := refusal.Unmarshal(body, &in); err != nil {
		return in, err
	}
	given := of(&in)
	if *given != "" && *given != id {
		return in, mismatch("warning_id", id, *given)
	}
	*given = id
	if c, ok := any(&in).(interface{ content() any }); ok { // a path begins there, not with the act's name
		return in, valid.Check(c.content())
	}
	return in, valid.Check(&in)
}

// FeedSilent records that a feed fell silent, or is heard again.
func (s *Service) FeedSilent(ctx context.Context, in alerts.FeedSilence) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: cmdSilence, Actor: "system", Payload: in})
	return err
}

// FeedDocument is what a feed brought: JSON as the interface takes it, or a CSV of days or hours. With a station it is
// that station's measurements, else a forecast of the source.
type FeedDocument struct {
	Feed, Source, Station string
	At                    time.Time // when it came; the issue time of a forecast that says none
	CSV                   bool
	HourEnds              bool // a time of the feed names the end of its hour
	Body                  []byte
}

// Feed records what a feed brought. What of it was read otherwise than it stands there, or looks wrong, is said in the log.
func (s *Service) Feed(ctx context.Context, d FeedDocument) error {
	cmd := journal.Command{Kind: cmdForecast, Actor: "feed:" + d.Feed}
	reader := s.Reader
	reader.HourEnds, reader.Measured = d.HourEnds, d.Station != ""
	var notes []alerts.Note
	var err error
	if d.Station != "" {
		cmd.Kind = cmdObservation
		cmd.Payload, notes, err = d.observation(reader, s.Region)
	} else {
		cmd.Payload, notes, err = d.forecast(reader, s.Region)
	}
	if err != nil {
		return err
	}
	if _, err = s.J.Submit(ctx, cmd); err == nil && len(notes) > 0 {
		first := notes[0].In("en")
		s.log.Warn("a document of a feed was taken with remarks", "feed", d.Feed, "remarks", len(notes), "at", first.Path, "first", first.Message)
	}
	return err
}

func (d *FeedDocument) forecast(r alerts.Reader, region string) (f alerts.Forecast, notes []alerts.Note, err error) {
	if !d.CSV {
		if f, notes, err = r.Forecast(d.Body); err != nil {
			return f, nil, err
		}
		if f.Drill {
			return f, nil, refusal.Input([]refusal.Field{{Path: "drill", Rule: "feed.no_drill"}})
		}
		return f, notes, d.mine("source", f.Source, d.Source)
	}
	air, err := r.CSV(bytes.NewReader(d.Body))
	f = alerts.Forecast{Source: d.Source, Region: region, IssuedAt: d.At}
	if f.Days, f.Hours = air.Forecast(); err == nil && len(f.Days)+len(f.Hours) == 0 {
		err = refusal.Input([]refusal.Field{{Path: "days", Rule: "days.none"}})
	}
	return f, air.Notes, err
}

func (d *FeedDocument) observation(r alerts.Reader, region string) (o alerts.Observation, notes []alerts.Note, err error) {
	if !d.CSV {
		if o, notes, err = r.Observation(d.Body); err != nil {
			return o, nil, err
		}
		return o, notes, d.mine("station", o.Station, d.Station)
	}
	air, err := r.CSV(bytes.NewReader(d.Body))
	o = alerts.Observation{Station: d.Station, Region: region, Days: air.Measured(), Hours: air.Hours}
	if err == nil && len(o.Days)+len(o.Hours) == 0 {
		err = refusal.Input([]refusal.Field{{Path: "days", Rule: "days.none"}})
	}
	return o, air.Notes, err
}

// mine refuses what says that it is another's.
func (d *FeedDocument) mine(path, value, want string) error {
	if value == want {
		return nil
	}
	return refusal.Input([]refusal.Field{{Path: path, Rule: "feed.other_source", Args: refusal.Args{"value": value, "want": want}}})
}

// Dismissal is the body of POST /proposals/{id}/dismiss.
type Dismissal struct {
	Reason string `text:"free" json:"reason" validate:"required"`
}

// Dismiss dismisses an open proposal, with a reason.
func (s *Service) Dismiss(ctx context.Context, actor, key, id string, body []byte) (*alerts.Proposal, error) {
	in, err := valid.Read[Dismissal](body)
	if err != nil {
		return nil, err
	}
	return journal.Do[*alerts.Proposal](ctx, s.J, journal.Command{Kind: cmdDismiss, Actor: actor, Key: key,
		Payload: alerts.Dismiss{ProposalID: id, Reason: in.Reason}})
}

// Reevaluate lets the proposal follow the calendar: what was tomorrow is today.
func (s *Service) Reevaluate(ctx context.Context) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: cmdReevaluate, Actor: "system", Payload: alerts.Reevaluate{}})
	return err
}
