package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/notify/compliance"
)

// Commands of orders that this package hands to the journal.
const (
	cmdAnswer    = "order.answer"
	cmdObjection = "order.objection"
	cmdSettings  = "order.settings"
	cmdRelist    = "order.relist"
)

// CommandSent records what went out.
const CommandSent = "effects.sent"

func registerOrders(r *journal.Registry, set Settings) {
	journal.Handle(r, notify.CommandRound, new(notify.AheadReader).DecideRound)
	journal.Handle(r, notify.CommandOverdue, notify.DecideOverdue)
	handle(r, cmdAnswer, decideAnswer, func(in *notify.Answer, wall time.Time) { in.Wall = wall })
	checks := set.checks()
	handle(r, cmdObjection, notify.DecideObjection, func(in *notify.ObjectionDecision, wall time.Time) {
		in.Read, in.Wall, in.Rules = journal.ReadPos, wall, checks
	})
	handle(r, notify.CommandNextStage, notify.DecideNextStage, func(in *notify.NextStage, wall time.Time) {
		in.Wall = wall
	})
	handle(r, notify.CommandDecisionEnds, notify.DecideDecisionEnds, func(in *notify.DecisionEnds, wall time.Time) {
		in.Read, in.Wall = journal.ReadPos, wall
	})
	journal.Handle(r, cmdCall, notify.DecideCalled)
	journal.Handle(r, cmdSettings, notify.DecideSettings)
	handle(r, cmdRelist, notify.DecideRelist, func(in *notify.Relist, wall time.Time) { in.Wall = wall })
	journal.Handle(r, CommandSent,
		func(tx *bbolt.Tx, actor string, in journal.SendReport, now time.Time) ([]journal.Event, int, error) {
			return decideSent(tx, actor, set, in, now)
		})
}

// handle registers a command that is decided at the record's time, once complete has put into it what its sender does
// not say, such as the time of the wall clock.
func handle[P, R any](r *journal.Registry, kind string,
	decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, R, error), complete func(in *P, wall time.Time)) {
	journal.HandleMoment(r, kind, func(tx *bbolt.Tx, actor string, in P, now journal.Moment) ([]journal.Event, R, error) {
		complete(&in, now.Wall)
		return decide(tx, actor, in, now.At)
	})
}

// decideAnswer is [notify.DecideAnswer], and refuses an answer that names a file which others handed in, see
// [compliance.NotOthersEvidence]. What was said before stays said, whatever became of its files.
func decideAnswer(tx *bbolt.Tx, actor string, in notify.Answer, now time.Time) ([]journal.Event, *notify.Order, error) {
	events, o, err := notify.DecideAnswer(tx, actor, in, now)
	if err == nil && len(events) > 0 {
		err = compliance.NotOthersEvidence(tx, in.Evidence, in.RecipientID)
	}
	if err != nil {
		return nil, nil, err
	}
	return events, o, nil
}

// decideSent records what became of messages, and of which orders it was the first that went out.
func decideSent(tx *bbolt.Tx, actor string, set Settings, in journal.SendReport, now time.Time) ([]journal.Event, int,
	error) {
	var err error
	all := len(in.Rows) + len(in.Single)
	var orders notify.SentMessages
	for _, d := range in.Rows {
		if d.Topic == notify.Topic && d.Attempts == 0 && !d.Nothing {
			orders.IDs = append(orders.IDs, d.ID)
		}
	}
	for _, s := range in.Single {
		if s.Topic == notify.Topic && s.Result == channel.Sent {
			orders.IDs = append(orders.IDs, s.ID)
		}
	}
	if in.Rows, err = stillNothing(tx, in.Rows); err != nil {
		return nil, 0, err
	}
	events, err := journal.DecideSent(tx, in, now, func(d journal.Due) time.Duration {
		return again(set, d.Topic, d.Attempts)
	})
	if err != nil || len(events) == 0 {
		return nil, 0, err
	}
	more, _, err := notify.DecideSent(tx, actor, orders, now)
	return append(events, more...), all, err
}

// stillNothing leaves out rows for which there was nothing to send when they were read, and there is now: of an order
// that was released since.
func stillNothing(tx *bbolt.Tx, rows []journal.Due) (still []journal.Due, err error) {
	for _, d := range rows {
		if d.Nothing && d.Topic == notify.Topic {
			if wanted, err := notify.Wanted(tx, d.ID); err != nil {
				return nil, err
			} else if wanted {
				continue
			}
		}
		still = append(still, d)
	}
	return still, nil
}

// again is how long after a message the same one follows: an order until it was received, after the first pause
// and then twice as long each time; anything else never.
func again(set Settings, topic string, attempts int) time.Duration {
	if topic != notify.Topic {
		return 0
	}
	pause := set.RepeatFirst
	for range attempts {
		if pause *= 2; pause >= set.RepeatMax {
			return set.RepeatMax
		}
	}
	return pause
}

// Render gives the message of a channel's outbox row; the same bytes each time. Without an address there is nothing to
// send.
func (s *Service) Render(tx *bbolt.Tx, by, topic, id string) (channel.Message, error) {
	if by != channel.NATS {
		return channel.Message{}, fmt.Errorf("message %s of %s has no form for channel %s", id, topic, by)
	}
	if topic == notify.Topic {
		subject, payload, err := notify.Message(tx, journal.ReadPos, s.vault(tx), id)
		if errors.Is(err, notify.ErrReceived) {
			return channel.Message{}, nil
		}
		return channel.Message{Key: id, To: subject, Body: payload}, err
	}
	if topic == compliance.Topic {
		subject, payload, err := s.findingMessage(tx, id)
		return channel.Message{Key: id, To: subject, Body: payload}, err
	}
	m, err := alerts.Message(tx, topic, id)
	return channel.Message{Key: m.EventID, To: m.Subject, Body: m.Payload, Keep: m.Stream}, err
}

// RecordSent records what became of messages under the lease's epoch.
func (s *Service) RecordSent(ctx context.Context, went journal.SendReport) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: CommandSent, Actor: "system", Payload: went})
	return err
}

// Answer does one act of a recipient on one of its orders: the payload of qingkong.answer.<recipient>, or of its
// drill twin. done gets the order's id for [Service.OrderJSON], or a refusal; it is called once and must not block.
func (s *Service) Answer(recipient string, drill bool, data []byte, done func(orderID string, err error)) {
	in, err := calls.ReadAnswer(data)
	if err == nil && strings.HasPrefix(in.OrderID, drillPrefix) != drill {
		subject := "qingkong.answer." + recipient
		if !drill {
			subject = "qingkong.drill.answer." + recipient
		}
		err = refusal.New(refusal.NotFound, "order.drill", refusal.Args{"subject": subject})
	}
	if err != nil {
		done("", err)
		return
	}
	s.answer(recipient, in, "", done)
}

// drillPrefix begins the ids of drills: the warning's and so its orders'.
const drillPrefix = "D"

func (s *Service) answer(recipient string, in notify.AnswerText, key string, done func(orderID string, err error)) {
	cmd := journal.Command{Kind: cmdAnswer, Actor: recipient, Key: key}
	answer, err := in.Answer(recipient, func(note string) (ref, hash string, err error) {
		ref, hash = s.seal(note, key, &cmd.Vault)
		return ref, hash, nil
	})
	if err == nil {
		cmd.Payload = answer
		err = s.J.SubmitFunc(cmd, func(_ any, err error) { done(answer.OrderID, err) })
	}
	if err != nil {
		done("", err)
	}
}

func init() {
	for action, c := range calls.Answers {
		bind(c, func(s *Service, ctx context.Context, a Ask, in calls.Answer) (json.RawMessage, error) {
			if err := errors.Join(named("order_id", &in.OrderID, in.ID),
				named("action", (*string)(&in.Action), string(action))); err != nil {
				return nil, err
			}
			return s.AnswerOrder(ctx, a, in.AnswerText)
		})
	}
}

// AnswerOrder is [Service.Answer] for a caller that waits. It returns the order as it stands after the act.
func (s *Service) AnswerOrder(ctx context.Context, a Ask, in notify.AnswerText) (json.RawMessage, error) {
	if err := in.Check(); err != nil {
		return nil, err
	}
	type answer struct {
		id  string
		err error
	}
	got := make(chan answer, 1)
	s.answer(a.Who.Recipient, in, a.Key, func(id string, err error) { got <- answer{id, err} })
	select {
	case a := <-got:
		if a.err != nil {
			return nil, a.err
		}
		return s.OrderJSON(a.id)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var _ = bind(calls.DecideObjection, (*Service).DecideObjection)

// DecideObjection decides on a recipient's objection: accept exempts it from the order, reject gives it a new deadline,
// amend gives it another order. The reason is about the recipient and goes to the vault. It returns the order as it
// stands after that; of an amendment the new one.
func (s *Service) DecideObjection(ctx context.Context, a Ask, in calls.ObjectionDecision) (json.RawMessage, error) {
	o, err := journal.Do[*notify.Order](ctx, s.J, s.objectionCommand(a, in))
	if err != nil {
		return nil, err
	}
	if in.Decision == "amend" {
		if o, err = journal.Read(s.J, o.Next); err != nil {
			return nil, err
		}
	}
	text, err := s.OrderJSON(o.ID)
	s.sawNotes(a, text)
	return text, err
}

func (s *Service) objectionCommand(a Ask, in calls.ObjectionDecision) journal.Command {
	cmd := a.command(cmdObjection, nil)
	objection := notify.ObjectionDecision{OrderID: in.ID, Decision: in.Decision, ExpiresAt: in.ExpiresAt}
	for _, m := range in.Measures {
		objection.Measures = append(objection.Measures, notify.MeasureChange(m))
	}
	objection.ReasonRef, _ = s.seal(in.Reason, a.Key, &cmd.Vault)
	cmd.Payload = objection
	return cmd
}

// PreviewAmendment is the order that an amendment would make, with the digest of all that it would record, or the
// refusal that it would get. Nothing is recorded.
func (s *Service) PreviewAmendment(a Ask, in calls.ObjectionDecision) (made *notify.Issued, seen string, err error) {
	o, err := s.J.Preview(s.objectionCommand(a, in))
	if err != nil {
		return nil, "", err
	}
	for _, ev := range o.Events {
		if made, ok := ev.(*notify.Issued); ok {
			return made, o.Digest, nil
		}
	}
	return nil, "", fmt.Errorf("service: a decision %q on %s makes no order", in.Decision, in.ID)
}

// OrderJSON is an order as it stands now, with what its recipient may read of it.
func (s *Service) OrderJSON(id string) ([]byte, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) ([]byte, error) {
		return notify.JSON(tx, journal.ReadPos, s.vault(tx), id)
	})
}

var _ = bind(calls.Order, (*Service).Order)

// Order is [Service.OrderFor] for who is shown it: what of it is personal counts as read.
func (s *Service) Order(_ context.Context, a Ask, in calls.ByID) (json.RawMessage, error) {
	text, err := s.OrderFor(a.Who, in.ID)
	s.sawOfficer(a, namesOfficer(text))
	s.sawNotes(a, text)
	return text, err
}

// OrderFor is an order as it stands now, as who may read it, or a not_found refusal: why its recipient objected, and
// why that was decided as it was, not everybody may.
func (s *Service) OrderFor(who *access.Principal, id string) (json.RawMessage, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (json.RawMessage, error) {
		o, err := VisibleOrder(tx, who, id)
		if err != nil {
			return nil, err
		}
		vault := s.vault(tx)
		if !MayReadNotes(who, o.RecipientID) {
			vault.Note = nil
		}
		return notify.JSON(tx, journal.ReadPos, vault, id)
	})
}

// VisibleOrder is an order that who may see, or a not_found refusal.
func VisibleOrder(tx *bbolt.Tx, who *access.Principal, id string) (*notify.Order, error) {
	o, err := notify.Get(tx, id)
	if err == nil && !Visible(who, o.RecipientID, o.Town) {
		err = refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": id})
	}
	return o, err
}

// OrdersJSON is [Service.OrderJSON] of several orders in one read; an empty id is passed over.
func (s *Service) OrdersJSON(ids []string) (texts [][]byte, errs []error) {
	texts, errs = make([][]byte, len(ids)), make([]error, len(ids))
	err := s.J.View(func(tx *bbolt.Tx) error {
		vault := s.vault(tx)
		for i, id := range ids {
			if id != "" {
				texts[i], errs[i] = notify.JSON(tx, journal.ReadPos, vault, id)
			}
		}
		return nil
	})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return texts, errs
}

// Pending is the reply to qingkong.pending.<recipient>: its open orders, releases not yet received, and the findings that
// ask something of it.
func (s *Service) Pending(recipient string, drill bool) ([]byte, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) ([]byte, error) {
		text, err := notify.PendingOrders(tx, journal.ReadPos, s.vault(tx), recipient, drill)
		if err != nil || drill { // a drill has no findings
			return text, err
		}
		asked, err := s.askedFindings(tx, recipient)
		if err != nil {
			return nil, err
		}
		findings, err := json.Marshal(asked)
		text = append(bytes.TrimSuffix(text, []byte("}")), `,"findings":`...)
		return append(append(text, findings...), '}'), err
	})
}

// SetOrders records the settings that the orders of later warnings follow; the same again changes nothing.
func (s *Service) SetOrders(ctx context.Context, acknowledgeWithin time.Duration, name, phone string) error {
	current, err := journal.Read(s.J, notify.CurrentSettings)
	if err != nil {
		return err
	}
	next := notify.Settings{AcknowledgeWithinMin: int(acknowledgeWithin / time.Minute), ContactRef: current.ContactRef}
	cmd := journal.Command{Kind: cmdSettings, Actor: "system"}
	if err := s.refreshContact(&next.ContactRef, &cmd, dutyContact{name, phone}); err != nil || next == current {
		return err
	}
	cmd.Payload = next
	_, err = s.J.Submit(ctx, cmd)
	return err
}
