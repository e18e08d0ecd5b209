package calls

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
)

// OrdersQuery asks for the orders that it names: an enterprise sees its own alone, a town those in it.
type OrdersQuery struct {
	Warning   string `query:"warning" json:"-"`
	Recipient string `query:"recipient" json:"-"`
	State     string `query:"state,order_state" json:"-" validate:"omitempty,order_state"` // of any axis
	Town      string `query:"town" json:"-"`
	Q         string `query:"q" json:"-"`
	Paging
}

// OrderPage is a page of orders, each as [notify.View] has it, but for its objection. Total is -1 where counting takes
// too long.
type OrderPage struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
	Total int               `json:"total"`
}

// Answer is an enterprise's act on an order. Another order_id or action in the body than the path has is refused.
type Answer struct {
	ByID
	notify.AnswerText
}

// ReadAnswer reads the payload of qingkong.answer.<recipient>, which names its order and its action itself.
func ReadAnswer(data []byte) (notify.AnswerText, error) {
	in, err := valid.Read[notify.AnswerText](data)
	if err == nil {
		err = in.Check()
	}
	return in, err
}

// ObjectionText is the body of an objection, which says why.
type ObjectionText notify.AnswerText

// ObjectionDecision decides on what a recipient objected.
type ObjectionDecision struct {
	ByID
	Decision  string          `json:"decision" validate:"decision"`
	Reason    string          `text:"free" json:"reason" validate:"required,bytes=4000"`
	ExpiresAt *time.Time      `json:"expires_at"`
	Measures  []MeasureAmends `json:"measures" validate:"most=200,dive"`
}

// MeasureAmends changes one measure of an order: see [notify.MeasureChange].
type MeasureAmends struct {
	ID     string          `json:"id"`
	Change json.RawMessage `json:"change" validate:"required"`
}

// ObjectionTry asks what an amendment of an order would make. It takes what [ObjectionDecision] takes; only the measures
// are needed.
type ObjectionTry struct {
	ByID
	Decision  string          `json:"decision" validate:"omitempty,amend_alone"`
	Reason    string          `text:"free" json:"reason" validate:"bytes=4000"`
	ExpiresAt *time.Time      `json:"expires_at"`
	Measures  []MeasureAmends `json:"measures" validate:"most=200,dive"`
}

// ObjectionTried is the order that an amendment would make, and what follows from its quantities. Nothing is recorded.
type ObjectionTried struct {
	Measures []TriedMeasure `json:"measures"` // those that it would have, and then those that it takes out
	Title    string         `json:"title"`
	Text     string         `json:"text"`
}

// TriedMeasure is a measure as it would stand. What follows from another quantity is filled in where the change does not
// say it; what nothing says stays as it was and is asked: a person has to look at it.
type TriedMeasure struct {
	ID      string              `json:"id"`
	Change  json.RawMessage     `json:"change"`  // with what follows, as the decision takes it; null takes it out, or none
	Filled  []string            `json:"filled"`  // such as monitor[0].criterion
	Asked   []string            `json:"asked"`   // such as reduction_t_per_day
	Measure *notify.MeasureView `json:"measure"` // null: it is taken out
}

// answering is a row of an act of an enterprise.
func answering(action notify.Action, example, zh, en string, takes any) Of[Answer, json.RawMessage] {
	return row[Answer, json.RawMessage]("POST /orders/{id}/"+string(action), ActOrdersAnswer,
		zh, en,
		Call{Body: textBody, Bare: true, Spared: true, Takes: takes, Shows: notify.View{},
			Refuses: codes{refusal.TransitionRefused}, Example: example})
}

// Answers are the acts of an enterprise on its order.
var Answers = map[notify.Action]Of[Answer, json.RawMessage]{
	notify.Receive: answering(notify.Receive, `{}`, "企业确认收到", "the recipient confirms receipt", notify.AnswerText{}),
	notify.ReadIt:  answering(notify.ReadIt, `{}`, "企业确认已读", "the recipient confirms reading", notify.AnswerText{}),
	notify.Acknowledge: answering(notify.Acknowledge, `{"note":"收到"}`, "企业确认执行", "the recipient acknowledges",
		notify.AnswerText{}),
	notify.Object: answering(notify.Object, `{"note":"供热不能停"}`, "企业提出异议，须说明理由", "the recipient objects and says why",
		ObjectionText{}),
	notify.Start: answering(notify.Start, `{"note":"开始停炉"}`, "企业开始执行", "the recipient starts", notify.AnswerText{}),
	notify.Report: answering(notify.Report, `{"note":"已停产","measures":[{"id":"M1","value":0,"unit":"t/d","note":"炉温下降"}],`+
		`"evidence":["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}`,
		"企业报告执行情况", "the recipient reports", notify.AnswerText{}),
	notify.Complete: answering(notify.Complete, `{"note":"完成"}`, "企业完成", "the recipient completes", notify.AnswerText{}),
}

// Calls on orders.
var (
	Orders = row[OrdersQuery, OrderPage]("GET /orders", ActOrdersRead,
		"减排令；企业只见自己的，街镇只见本街镇的", "orders; an enterprise sees its own, a town its own",
		Call{Repeats: true, Shows: alerts.Page[notify.View]{}})
	Order = row[ByID, json.RawMessage]("GET /orders/{id}", ActOrdersRead,
		"一份减排令", "an order",
		Call{Repeats: true, Shows: notify.View{}})
	DecideObjection = row[ObjectionDecision, json.RawMessage]("POST /orders/{id}/objection", ActOrdersObjection,
		"处理企业的异议", "decides on an objection",
		Call{Body: textBody, Spared: true, Shows: notify.View{}, Refuses: codes{refusal.TransitionRefused},
			Example: `{"decision":"accept","reason":"保障供热","expires_at":"2016-12-18T08:00:00+08:00"}`})
	TryObjection = row[ObjectionTry, ObjectionTried]("POST /orders/{id}/objection/dry-run", ActOrdersObjection,
		"试算一次调整：数值改变后其他各项的推算、要人确认的项和新减排令原文；不作任何改动",
		"what an amendment would make: what follows from another quantity, what has to be looked at, and the new order's text; nothing is changed",
		Call{Body: textBody, Spared: true, Refuses: codes{refusal.TransitionRefused},
			Example: `{"measures":[{"id":"M1","change":{"quantity":{"value":200},"text":"6#机组入炉煤量每日减少200吨"}}]}`})
)
