package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// View is an order as others read it (contract.md §3): member by member what [JSON], [Message] and [PendingOrders]
// write, for whoever reads that back or describes it. Orders themselves are written by hand, for speed and because the
// bytes of a body never change; a test holds the two against each other.
type View struct {
	OrderHead
	Measures       []MeasureView `json:"measures"`
	Contact        ContactView   `json:"contact"`
	AcknowledgedAt *time.Time    `json:"acknowledged_at"`
	Late           bool          `json:"late"`
	// a [Delivery] in words, and so on; a later version may know more of them
	Delivery  string `json:"delivery"`
	Answer    string `json:"answer"`    // an [AnswerState]
	Execution string `json:"execution"` // an [Execution]
	Verdict   string `json:"verdict"`   // a [Verdict]
	State     string `json:"state"`     // a [State]

	// of one that was released or exempted; not of those recorded before there was one
	Release   *ReleaseView   `json:"release,omitempty"`
	Objection *ObjectionView `json:"objection,omitempty"` // the latest; lists and messages have none
	// what was reported, the first first; lists and messages have none
	Progress []ProgressView `json:"progress,omitempty"`
}

// ContactView is whom the recipient can ask.
type ContactView struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// MeasureView is a measure of an order: the list's, at the order's level, with every member there.
type MeasureView struct {
	ID              string                `json:"id"`
	Text            string                `json:"text"`
	Unit            string                `json:"unit"`
	Action          reductionlist.Action  `json:"action"`
	Quantity        *QuantityView         `json:"quantity"`
	CompleteWithinH float64               `json:"complete_within_h"`
	Responsible     string                `json:"responsible"`
	Monitor         []MonitorView         `json:"monitor"`
	Evidence        []string              `json:"evidence"`
	Reduction       reductionlist.Amounts `json:"reduction_t_per_day"`
}

// QuantityView is how much; of a measure with an accepted plan by day, too.
type QuantityView struct {
	Kind  reductionlist.QuantityKind `json:"kind"`
	Value float64                    `json:"value"`
	Unit  string                     `json:"unit"`
	Days  []plant.QuantityDay        `json:"days,omitempty"`
}

// MonitorView is one way a measure is watched. Criterion is a [reductionlist.Criterion] in words, empty for video.
type MonitorView struct {
	Source    reductionlist.Source `json:"source"`
	Ref       string               `json:"ref"`
	Factor    string               `json:"factor"`
	Criterion string               `json:"criterion"`
}

// Listed gives the measures as the list has them, without levels and notes, which an order does not have.
func (v *View) Listed() (all []reductionlist.Measure, err error) {
	text, err := json.Marshal(v.Measures)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("notify: measures of order %s: %w", v.ID, err)
	}
	for i := range all {
		if len(all[i].Monitors) == 0 {
			all[i].Monitors = nil
		}
	}
	return all, nil
}
