package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// What goes out to everybody who hears of warnings, towns among them, does not say why an approver rejected one, why a
// raise was asked for, nor what the district's own forecast had suggested; the record keeps all of it, also in the
// message's row.
func TestWhatGoesOutDoesNotSayWhatIsInternal(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	do(w, e.DecideForecast, "feeder", forecast("2016-12-16T17:00", "2016-12-17", 238, 340, 293, 292))
	got := do(w, e.DecideDeclare, "duty", declaration(Orange))
	got = do(w, e.DecideReject, "approver", Reject{got.ID, got.Revision, "rejected because"})
	got = do(w, e.DecideRevise, "duty",
		Revise{WarningID: got.ID, Revision: got.Revision, NoticeText: "更正", Reason: "corrected"})
	got = do(w, e.DecideApprove, "approver", Approve{got.ID, got.Revision})
	got = do(w, e.DecideAdjust, "duty",
		Adjust{WarningID: got.ID, Revision: got.Revision, Level: Red, Trigger: CityOrder, Reason: "raise because"})
	got = do(w, e.DecideReject, "approver", Reject{got.ID, got.Revision, "not raised because"})
	got = do(w, e.DecideLift, "duty", Lift{WarningID: got.ID, Revision: got.Revision, Reason: "lifted because"})
	m := w.message(TopicWarning, fmt.Sprintf("%s/%d", got.ID, got.Revision))
	for _, secret := range []string{"overrides", "rejected because", "raise because", "not raised because"} {
		if strings.Contains(string(m.Payload), secret) {
			t.Errorf("%s goes out with %q: %s", m.Subject, secret, m.Payload)
		}
	}
	for _, open := range []string{"raise_rejected", "lifted because", "corrected", `"previous_level"`} {
		if !strings.Contains(string(m.Payload), open) {
			t.Errorf("%s goes out without %q: %s", m.Subject, open, m.Payload)
		}
	}
	if len(got.Overrides) != 1 || got.History[1].Reason != "rejected because" {
		t.Errorf("the record has lost it: %+v", got)
	}
	w.mustMatch()
}

// What holds nothing of it goes out byte for byte as it was stored, whatever program stored it.
func TestAMessageWithNothingInternalIsAsItWasStored(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	got := do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	id := fmt.Sprintf("%s/%d", got.ID, got.Revision)
	var stored storedMessage
	w.view(func(tx *bbolt.Tx) (err error) {
		stored, _, err = get[storedMessage](tx, bMessage, TopicWarning+"/"+id)
		return err
	})
	if m := w.message(TopicWarning, id); len(m.Payload) == 0 || !bytes.Equal(m.Payload, stored.Payload) {
		t.Errorf("%s, stored %s", m.Payload, stored.Payload)
	}
}

// The warning that others see is another value: nothing of the one in hand changes.
func TestAPublicWarningLeavesTheWarningAlone(t *testing.T) {
	over := &Override{ProposalID: "P1"}
	w := Warning{ID: "W1", Overrides: []Override{*over},
		Pending: &Pending{Kind: "raise", Change: Change{Grounds: Grounds{Reason: "why"}, Overrides: over}},
		History: []HistoryEntry{{Event: "declared", Reason: "a"}, {Event: "raise_asked", Reason: "why"},
			{Event: "rejected", Reason: "b"}}}
	before, _ := json.Marshal(w)
	p := w.Public()
	if after, _ := json.Marshal(w); !bytes.Equal(before, after) {
		t.Errorf("%s became %s", before, after)
	}
	want := Warning{ID: "W1", Pending: &Pending{Kind: "raise"},
		History: []HistoryEntry{{Event: "declared", Reason: "a"}, {Event: "raise_asked"}, {Event: "rejected"}}}
	if !reflect.DeepEqual(*p, want) {
		t.Errorf("%+v, want %+v", *p, want)
	}
}
