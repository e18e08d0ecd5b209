package main

import (
	"encoding/json"
	"errors"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
)

// orderEvent is the payload of qingkong.order.<recipient>.
type orderEvent struct {
	Event string          `json:"event"`
	Order json.RawMessage `json:"order"`
}

// order is the order of an event, as far as the agent reads it. The bytes as they came are passed on, not this.
type order notify.View

// readEvent reads the payload of an order's subject; a later version may add fields, but an order has an id.
func readEvent(data []byte) (ev orderEvent, o order, err error) {
	if err = json.Unmarshal(data, &ev); err == nil {
		o, err = readOrder(ev.Order)
	}
	return ev, o, err
}

func readOrder(data []byte) (o order, err error) {
	err = json.Unmarshal(data, &o)
	if err == nil && o.ID == "" {
		err = errors.New("it names no order")
	}
	if o.WarningID == "" {
		o.WarningID = o.ID
	}
	return o, err
}

// lastEvent is the event that led to a pending order, which comes without one.
func (o order) lastEvent() string {
	switch {
	case o.State == notify.StateReleased.String(), o.State == notify.StateExempted.String():
		return "released"
	case o.Revision > 1:
		return "revised"
	}
	return "issued"
}

// received reports whether a pending order says itself that its receipt has arrived. A release does not: it is pending
// only as long as it is not received.
func (o order) received(event string) bool {
	return event != "released" &&
		(o.Delivery == notify.DeliveryDelivered.String() || o.Delivery == notify.DeliveryRead.String())
}

// awaits reports whether an acknowledgement is still due after event, in time or late.
func (o order) awaits(event string) bool {
	return event != "released" && (o.State == "" || o.State == notify.StateOpen.String()) &&
		(o.Answer == "" || o.Answer == notify.AnswerAwaiting.String() || o.Answer == notify.AnswerOverdue.String())
}

// line is an event in words.
func (o order) line(event, lang string) string {
	args := refusal.Args{
		"event": terms.Name(terms.OrderEvent, event, lang), "level": terms.Name(terms.Level, string(o.Level), lang),
		"id": o.ID, "title": o.Title, "drill": "",
	}
	if o.Drill {
		args["drill"] = refusal.Text("agent.drill", lang, nil)
	}
	if r := o.Release; event == "released" && r != nil {
		args["event"] = terms.Name(terms.Release, string(r.Kind), lang)
		args["title"], args["text"], args["why"] = r.Title, r.Text, ""
		if r.Reason != "" {
			args["why"] = refusal.Text("agent.release_why", lang, refusal.Args{"reason": r.Reason})
		}
		return refusal.Text("agent.release", lang, args)
	}
	if event == "released" {
		return refusal.Text("agent.order_released", lang, args)
	}
	measures := make([]string, len(o.Measures))
	for i, m := range o.Measures {
		measures[i] = strings.TrimSpace(m.Unit + " " + m.Text)
	}
	args["window"] = o.window(lang)
	args["count"], args["measures"] = len(measures), strings.Join(measures, "；")
	if o.AcknowledgeBy.IsZero() {
		return refusal.Text("agent.order", lang, args)
	}
	args["by"] = o.AcknowledgeBy.In(alerts.Shanghai()).Format("2006-01-02 15:04")
	return refusal.Text("agent.order_by", lang, args)
}

// window says from when and until when the order applies; empty where it does not say so itself.
func (o order) window(lang string) string {
	args := refusal.Args{"from": clockText(&o.EffectiveFrom), "to": untilText(o.EndsAt)}
	switch {
	case o.EffectiveFrom.IsZero():
		return ""
	case o.EndsAt == nil:
		return refusal.Text("agent.window_open", lang, args)
	}
	return refusal.Text("agent.window", lang, args)
}
