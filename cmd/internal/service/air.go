package service

import (
	"bytes"
	"cmp"
	"context"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
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
func byWall[P, R any](e alerts.Engine, decide func(alerts.Engine, *bbolt.Tx, string, P, time.Time) ([]journal.Event, R,
	error)) func(*bbolt.Tx, string, P, journal.Moment) ([]journal.Event, R, error) {
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
	warned(two, r, e, cmdDeclare, false, func(e alerts.Engine, tx *bbolt.Tx, actor string, in alerts.Declare,
		now time.Time) ([]journal.Event, *alerts.Warning, error) {
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
	warned(two, r, e, cmdRevise, false, func(e alerts.Engine, tx *bbolt.Tx, actor string, in alerts.Revise,
		now time.Time) ([]journal.Event, *alerts.Warning, error) {
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
		return refusal.New(refusal.Conflict, "warning.no_list",
			refusal.Args{"at": at.In(alerts.Shanghai()).Format(time.DateOnly)})
	}
	in.ListVersion, in.ListHash = v.ID, v.Hash
	return err
}

var _ = bind(calls.Forecast, (*Service).Forecast)

// Forecast records a forecast and returns its id, the proposal that is open after it, and how it was read.
func (s *Service) Forecast(ctx context.Context, a Ask, in calls.Document) (alerts.ForecastResult, error) {
	return s.forecast(ctx, a, in, nil)
}

// ForecastFrom is [Service.Forecast] over NATS: the subject names the source and says whether it is a drill.
func (s *Service) ForecastFrom(ctx context.Context, a Ask, source string, drill bool,
	in calls.Document) (alerts.ForecastResult, error) {
	return s.forecast(ctx, a, in, func(f alerts.Forecast) error {
		if f.Source != source {
			return mismatch("source", source, f.Source)
		}
		if f.Drill != drill {
			return mismatch("drill", drill, f.Drill)
		}
		return nil
	})
}

func (s *Service) forecast(ctx context.Context, a Ask, in calls.Document,
	fits func(alerts.Forecast) error) (alerts.ForecastResult, error) {
	out, notes, err := recordAir[alerts.ForecastResult](ctx, s, a, cmdForecast, in, s.Reader.Forecast, fits)
	out.Notes = notes
	if a.Lang != "" {
		out.Notes = alerts.NotesIn(notes, a.Lang)
	}
	return out, err
}

// recordAir records a document about the air once it is read and fits what its carrier says of it; nil says nothing.
func recordAir[R, D any](ctx context.Context, s *Service, a Ask, kind string, in calls.Document,
	read func([]byte) (D, []alerts.Note, error), fits func(D) error) (out R, notes []alerts.Note, err error) {
	content, notes, err := read(in.Text)
	if err == nil && fits != nil {
		err = fits(content)
	}
	if err != nil {
		return out, nil, err
	}
	out, err = journal.Do[R](ctx, s.J, a.command(kind, content))
	return out, notes, err
}

var _ = bind(calls.Observation, (*Service).Observation)

// Observation records measured days or hours.
func (s *Service) Observation(ctx context.Context, a Ask, in calls.Document) (alerts.ObservationResult, error) {
	return s.observation(ctx, a, in, nil)
}

// ObservationFrom is [Service.Observation] over NATS: the subject names the station.
func (s *Service) ObservationFrom(ctx context.Context, a Ask, station string,
	in calls.Document) (alerts.ObservationResult, error) {
	return s.observation(ctx, a, in, func(o alerts.Observation) error {
		if o.Station != station {
			return mismatch("station", station, o.Station)
		}
		return nil
	})
}

func (s *Service) observation(ctx context.Context, a Ask, in calls.Document,
	fits func(alerts.Observation) error) (alerts.ObservationResult, error) {
	out, notes, err := recordAir[alerts.ObservationResult](ctx, s, a, cmdObservation, in, s.Reader.Observation, fits)
	out.Notes = notes
	if a.Lang != "" {
		out = out.In(a.Lang)
	}
	return out, err
}

func mismatch(path string, subject, body any) error {
	return refusal.Wrong(path, "input.not_as_subject", refusal.Args{"subject": subject, "value": body})
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

// Feed records what a feed brought. The log says what of it was read otherwise than it stands there, or looks wrong.
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
		s.log.Warn("a document of a feed was taken with remarks", "feed", d.Feed, "remarks", len(notes), "at", first.Path,
			"first", first.Message)
	}
	return err
}

func (d *FeedDocument) forecast(r alerts.Reader, region string) (f alerts.Forecast, notes []alerts.Note, err error) {
	if !d.CSV {
		if f, notes, err = r.Forecast(d.Body); err != nil {
			return f, nil, err
		}
		if f.Drill {
			return f, nil, refusal.Wrong("drill", "feed.no_drill", nil)
		}
		return f, notes, d.mine("source", f.Source, d.Source)
	}
	air, err := r.CSV(bytes.NewReader(d.Body))
	f = alerts.Forecast{Source: d.Source, Region: region, IssuedAt: d.At}
	if f.Days, f.Hours = air.Forecast(); err == nil && len(f.Days)+len(f.Hours) == 0 {
		err = refusal.Wrong("days", "days.none", nil)
	}
	return f, air.Notes, err
}

func (d *FeedDocument) observation(r alerts.Reader, region string) (o alerts.Observation, notes []alerts.Note,
	err error) {
	if !d.CSV {
		if o, notes, err = r.Observation(d.Body); err != nil {
			return o, nil, err
		}
		return o, notes, d.mine("station", o.Station, d.Station)
	}
	air, err := r.CSV(bytes.NewReader(d.Body))
	o = alerts.Observation{Station: d.Station, Region: region, Days: air.Measured(), Hours: air.Hours}
	if err == nil && len(o.Days)+len(o.Hours) == 0 {
		err = refusal.Wrong("days", "days.none", nil)
	}
	return o, air.Notes, err
}

// mine refuses what says that it is another's.
func (d *FeedDocument) mine(path, value, want string) error {
	if value == want {
		return nil
	}
	return refusal.Wrong(path, "feed.other_source", refusal.Args{"value": value, "want": want})
}

var _ = bind(calls.Dismiss, (*Service).Dismiss)

// Dismiss dismisses an open proposal, with a reason.
func (s *Service) Dismiss(ctx context.Context, a Ask, in calls.Dismissal) (*alerts.Proposal, error) {
	return journal.Do[*alerts.Proposal](ctx, s.J,
		a.command(cmdDismiss, alerts.Dismiss{ProposalID: in.ID, Reason: in.Reason}))
}

var _ = bind(calls.Proposals, (*Service).Proposals)

// Proposals pages through proposals, in one state or all.
func (s *Service) Proposals(_ context.Context, _ Ask, in calls.ProposalsQuery) (alerts.Page[*alerts.Proposal], error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (alerts.Page[*alerts.Proposal], error) {
		return alerts.ListProposals(tx, in.State, in.Cursor, in.Most())
	})
}

var _ = bind(calls.Proposal, (*Service).Proposal)

// Proposal is one of them, or a not_found refusal.
func (s *Service) Proposal(_ context.Context, _ Ask, in calls.ByID) (*alerts.Proposal, error) {
	return journal.ReadBy(s.J, alerts.GetProposal, in.ID)
}

var _ = bind(calls.ForecastSkill, (*Service).Skill)

// Skill compares forecasts with measurements; without a period, of the last 90 days.
func (s *Service) Skill(_ context.Context, _ Ask, in calls.SkillQuery) (calls.SkillReport, error) {
	out := calls.SkillReport{From: in.From, To: cmp.Or(in.To, string(alerts.DateOf(s.J.Wall())))}
	if day, ok := alerts.ParseDate(out.To); ok && out.From == "" {
		out.From = string(day.AddDays(-89))
	}
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		out.Items, err = s.Air.ForecastSkill(tx, s.Region, alerts.Date(out.From), alerts.Date(out.To))
		return err
	})
	return out, err
}

// Reevaluate lets the proposal follow the calendar: what was tomorrow is today.
func (s *Service) Reevaluate(ctx context.Context) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: cmdReevaluate, Actor: "system", Payload: alerts.Reevaluate{}})
	return err
}
