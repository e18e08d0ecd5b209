package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/service"
	"qingkong/notify/channel"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// found is a message about a finding.
type found struct {
	Event   string
	Finding calls.FindingView
}

func nextFound(t *testing.T, sub *nats.Subscription) (f found) {
	t.Helper()
	msg, err := sub.NextMsg(patience)
	if err == nil {
		err = json.Unmarshal(msg.Data, &f)
	}
	if err != nil {
		t.Fatalf("no message of a finding: %v", err)
	}
	return f
}

// An enterprise hears at once what it is suspected of, explains it, and reads why that was rejected, all over NATS; others
// hear nothing of it, and nobody what was written.
func TestFindingsOverNATS(t *testing.T) {
	d := newDistrict(t)
	plant, other := d.connect("E0001", d.credentials("E0001").Password), d.connect("E0003", d.credentials("E0003").Password)
	subs := map[*client]*nats.Subscription{}
	for c, id := range map[*client]string{plant: "E0001", other: "E0003"} {
		sub, err := c.SubscribeSync("qingkong.finding." + id)
		if err != nil || c.Flush() != nil {
			t.Fatal(err)
		}
		subs[c] = sub
	}
	w := declare(t, d.app)
	planned(t, d.app, w.ID)
	order, from := w.ID+"-E0001-1", d.app.journal.Now().Truncate(time.Hour)
	_, err := d.app.journal.Submit(t.Context(), journal.Command{Kind: judging.CommandJudge, Actor: "system",
		Payload: compliance.Judge{Warning: w.ID, Recipient: "E0001", Order: order, Seen: []compliance.Seen{{
			Key: compliance.Key{Measure: "M99"}, Verdict: judge.Suspected, Worst: judge.Suspected,
			Finding: &compliance.Finding{From: from, Last: from}}}}})
	if err != nil {
		t.Fatal(err)
	}
	f := nextFound(t, subs[plant])
	if f.Event != "found" || f.Finding.OrderID != order || !f.Finding.Asks || f.Finding.ExplainBy == nil {
		t.Errorf("it hears %+v", f)
	}
	pending := func(c *client, subject string) (all []calls.FindingView) {
		t.Helper()
		reply, err := c.Request(subject, nil, patience)
		var p struct{ Findings []calls.FindingView }
		if err == nil {
			err = json.Unmarshal(reply.Data, &p)
		}
		if err != nil {
			t.Fatal(err)
		}
		return p.Findings
	}
	if got := pending(plant, "qingkong.pending.E0001"); len(got) != 1 || got[0].ID != f.Finding.ID {
		t.Errorf("pending are %+v", got)
	}
	if got := pending(other, "qingkong.pending.E0003"); len(got) != 0 {
		t.Errorf("pending of another are %+v", got)
	}
	explain := func(c *client, subject, more string) (code string, shown calls.FindingView) {
		t.Helper()
		reply, err := c.Request(subject, fmt.Appendf(nil, `{"finding_id":%q,"action":"explain"%s}`, f.Finding.ID, more), patience)
		var r struct {
			OK      bool
			Finding calls.FindingView
			Error   struct{ Code string }
		}
		if err == nil {
			err = json.Unmarshal(reply.Data, &r)
		}
		if err != nil || r.OK == (r.Error.Code != "") {
			t.Fatalf("%s: %v", reply.Data, err)
		}
		return r.Error.Code, r.Finding
	}
	for _, c := range []struct {
		who                 *client
		subject, more, code string
	}{
		{plant, "qingkong.answer.E0001", ``, "invalid"},
		{plant, "qingkong.answer.E0001", `,"note":"x","order_id":"y"`, "unknown_field"},
		{plant, "qingkong.answer.E0001", `,"evidence":["photo.jpg"]`, "invalid"},
		{plant, "qingkong.drill.answer.E0001", `,"note":"检修"`, "not_found"},
		{other, "qingkong.answer.E0003", `,"note":"检修"`, "not_found"},
		{plant, "qingkong.answer.E0001", `,"note":"检修"`, ""},
		{plant, "qingkong.answer.E0001", `,"note":"检修"`, ""}, // the same again
		{plant, "qingkong.answer.E0001", `,"note":"其他"`, "conflict"},
	} {
		code, shown := explain(c.who, c.subject, c.more)
		if code != c.code || code == "" && (len(shown.Explanations) != 1 || shown.Explanations[0].Note != "检修") {
			t.Errorf("%s on %s: %q, %+v", c.more, c.subject, code, shown)
		}
	}
	if got := pending(plant, "qingkong.pending.E0001"); len(got) != 0 {
		t.Errorf("pending while an explanation waits: %+v", got)
	}
	_, err = d.app.svc.DecideFinding(t.Context(), service.Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}},
		calls.ExplanationDecision{ByID: calls.ByID{ID: f.Finding.ID}, Decision: compliance.Reject, Reason: "与曲线不符"})
	if err != nil {
		t.Fatal(err)
	}
	rejected := nextFound(t, subs[plant])
	if e := rejected.Finding.Explanations; rejected.Event != "rejected" || len(e) != 1 || e[0].Note+e[0].Reason+e[0].DecidedBy != "" {
		t.Errorf("it hears %+v", rejected)
	}
	if got := pending(plant, "qingkong.pending.E0001"); len(got) != 1 || got[0].Explanations[0].Reason != "与曲线不符" {
		t.Errorf("pending after a rejection: %+v", got)
	}
	eventually(t, "what was sent is recorded", func() bool {
		waits := false
		err := d.app.journal.View(func(tx *bbolt.Tx) error {
			due, _ := journal.DueOutbox(tx, channel.NATS, d.app.journal.Now().Add(100*time.Hour), 10_000)
			for _, row := range due {
				waits = waits || row.Topic == compliance.Topic && strings.HasPrefix(row.ID, f.Finding.ID)
			}
			return nil
		})
		return err == nil && !waits
	})
	if n, _, err := subs[other].Pending(); n != 0 || err != nil {
		t.Errorf("another enterprise hears %d messages, %v", n, err)
	}
	prove(t, d.app)
}
