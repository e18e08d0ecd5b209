package journal

import (
	"fmt"
	"reflect"
	"testing"
)

// A report of many messages becomes entries of a hundred each, in their order, with what their groups say.
func TestAReportBecomesEntriesOfFewMessages(t *testing.T) {
	ids := func(from, to int) (all []string) {
		for i := from; i < to; i++ {
			all = append(all, fmt.Sprint("m", i))
		}
		return all
	}
	s := Sent{Epoch: 3, Channel: "nats", Groups: []SentGroup{{Topic: "a", IDs: ids(0, 30)}, {Topic: "order", Again: 7, IDs: ids(30, 250)},
		{Topic: "b", IDs: ids(250, 260)}}}
	want := []Event{
		Sent{3, "nats", []SentGroup{{"a", 0, ids(0, 30)}, {"order", 7, ids(30, 100)}}},
		Sent{3, "nats", []SentGroup{{"order", 7, ids(100, 200)}}},
		Sent{3, "nats", []SentGroup{{"order", 7, ids(200, 250)}, {"b", 0, ids(250, 260)}}},
	}
	if got := s.split(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	exact := Sent{Groups: []SentGroup{{Topic: "a", IDs: ids(0, 100)}}}
	if got := exact.split(); !reflect.DeepEqual(got, []Event{exact}) {
		t.Errorf("%+v", got)
	}
	if got := (Sent{Epoch: 3}).split(); got != nil {
		t.Errorf("nothing was sent, and %+v is said of it", got)
	}
}
