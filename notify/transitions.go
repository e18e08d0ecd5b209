package notify

// Action is what a recipient may do with its order.
type Action string

// The actions of contract.md §3.
const (
	Receive     Action = "receive"
	ReadIt      Action = "read"
	Acknowledge Action = "acknowledge"
	Object      Action = "object"
	Start       Action = "start"
	Report      Action = "report"
	Complete    Action = "complete"
)

// contentActs is the number of actions that carry content; done again with other content they are refused.
const contentActs = 5

// act is one row of the transition table. An axis an act does not name stays as it is and does not matter.
type act struct {
	content int // place of its digest in Order.acts; -1: it carries no content
	always  bool
	deliver Delivery
	answer  map[AnswerState]AnswerState
	execute map[Execution]Execution
}

// A recipient that objected may still acknowledge: that withdraws the objection. Work starts once the order is
// acknowledged. Progress is reported as often as there is some, and a completed order takes none; what was said of its
// completion may be corrected.
var acts = map[Action]*act{
	Receive: {content: -1, always: true, deliver: DeliveryDelivered},
	ReadIt:  {content: -1, always: true, deliver: DeliveryRead},
	Acknowledge: {content: 0, deliver: DeliveryDelivered, answer: map[AnswerState]AnswerState{
		AnswerAwaiting: AnswerAcknowledged,
		AnswerOverdue:  AnswerAcknowledged,
		AnswerObjected: AnswerAcknowledged,
	}},
	Object: {content: 1, deliver: DeliveryDelivered, answer: map[AnswerState]AnswerState{
		AnswerAwaiting: AnswerObjected,
		AnswerOverdue:  AnswerObjected,
	}},
	Start: {content: 2, deliver: DeliveryDelivered,
		answer:  map[AnswerState]AnswerState{AnswerAcknowledged: AnswerAcknowledged},
		execute: map[Execution]Execution{ExecutionNotStarted: ExecutionStarted}},
	Report: {content: 3, deliver: DeliveryDelivered,
		answer: map[AnswerState]AnswerState{AnswerAcknowledged: AnswerAcknowledged},
		execute: map[Execution]Execution{
			ExecutionStarted:  ExecutionReported,
			ExecutionReported: ExecutionReported,
		}},
	Complete: {content: 4, deliver: DeliveryDelivered,
		answer: map[AnswerState]AnswerState{AnswerAcknowledged: AnswerAcknowledged},
		execute: map[Execution]Execution{
			ExecutionStarted:  ExecutionCompleted,
			ExecutionReported: ExecutionCompleted,
		}},
}

// deliveryAfter gives the delivery after an act that implies at least to.
func deliveryAfter(from, to Delivery) Delivery {
	if from == DeliveryRead {
		return from
	}
	return to
}
