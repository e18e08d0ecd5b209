package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

func (w *world) sheet(who, path string) (s calls.CallSheet) {
	w.t.Helper()
	w.must(http.StatusOK, call{who: who, path: calls.Prefix + path}, &s)
	return s
}

// Who sees whom to call, with or without the telephone; a town its own alone.
func TestCallSheetByRole(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	path := "/warnings/" + id + "/call-sheet"
	for who, c := range map[string]struct {
		recipients string
		phones     bool
	}{
		"duty": {"E0001 E0002 E0003", true}, "approver": {"E0001 E0002 E0003", true}, "admin": {"E0001 E0002 E0003", true},
		"inspector": {"E0001 E0002 E0003", false}, "viewer": {"E0001 E0002 E0003", false}, "town": {"E0001 E0003", true},
	} {
		s := w.sheet(who, path)
		var ids []string
		for _, row := range s.Items {
			ids = append(ids, row.RecipientID)
			if row.RecipientID == "E0001" && (row.Contact != nil) != c.phones {
				t.Errorf("%s sees the contact %+v", who, row.Contact)
			}
			if row.Answer != "awaiting" || row.OrderID != id+"-"+row.RecipientID+"-1" || row.AcknowledgeBy.IsZero() {
				t.Errorf("%s: a row %+v", who, row)
			}
		}
		if slices.Sort(ids); strings.Join(ids, " ") != c.recipients || s.Total != len(ids) || s.Drill {
			t.Errorf("%s is to call %q of %d, want %s", who, ids, s.Total, c.recipients)
		}
		for _, format := range []string{"html", "xlsx"} {
			said := w.must(http.StatusOK, call{who: who, path: calls.Prefix + path + "/export?format=" + format}, nil).body
			if format == "xlsx" {
				said = sheets(t, said)
			} else {
				said = text(t, said)
			}
			for _, recipient := range []string{"E0001", "E0002", "E0003"} {
				if has := strings.Contains(said, id+"-"+recipient+"-1"); has != strings.Contains(c.recipients, recipient) {
					t.Errorf("%s, %s: the order of %s stands in it: %v", who, format, recipient, has)
				}
			}
			if has := strings.Contains(said, "13800000000"); has != c.phones {
				t.Errorf("%s, %s: telephones stand in it: %v", who, format, has)
			}
		}
	}
	for _, who := range []string{"E0001", "feeder"} {
		w.refused(http.StatusForbidden, "forbidden", call{who: who, path: calls.Prefix + path})
	}
	for _, of := range []string{path, path + "/export"} {
		w.refused(http.StatusForbidden, "forbidden", call{who: "town", path: calls.Prefix + of + "?town=杨柳青镇"})
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", path: calls.Prefix + "/warnings/W1/call-sheet"})
	w.refused(422, "invalid", call{who: "duty", path: calls.Prefix + path + "?cursor=x"})
	seen, err := w.svc.Seen(t.Context(), service.Ask{}, calls.SeenQuery{User: "town", Paging: calls.Paging{Limit: 10}})
	if err != nil || !strings.Contains(fmt.Sprintf("%+v", seen.Items), access.SeenContact) {
		t.Errorf("that the town read telephones is recorded as %+v (%v)", seen.Items, err)
	}
}

// A call is recorded by the duty office and by the town of the order; it changes neither the answer nor the receipt.
func TestCallsAreRecorded(t *testing.T) {
	w := newWorld(t)
	warning := w.ordered()
	order := func(recipient string) string { return warning + "-" + recipient + "-1" }
	path := func(recipient string) string { return calls.Prefix + "/orders/" + order(recipient) + "/calls" }
	var got calls.CallRecorded
	w.must(201, call{who: "town", path: path("E0001"), body: `{"outcome":"unreachable","note":"无人接听"}`}, &got)
	if !got.ToCall || got.Calls.Unreachable != 1 || got.Calls.LastAt == nil {
		t.Errorf("recorded %+v", got)
	}
	w.must(201, call{who: "duty", path: path("E0001"), body: `{"outcome":"told"}`}, &got)
	if got.ToCall || got.Calls.Unreachable != 1 || got.Calls.LastOutcome != notify.CallTold {
		t.Errorf("recorded %+v", got)
	}
	for who, status := range map[string]int{"approver": 403, "inspector": 403, "viewer": 403, "admin": 403, "E0001": 403,
		"town": 404} {
		w.must(status, call{who: who, path: path("E0002"), body: `{"outcome":"told"}`}, nil)
	}
	if s := w.sheet("duty", "/warnings/"+warning+"/call-sheet"); s.Total != 2 {
		t.Errorf("%d are to be called yet: %+v", s.Total, s.Items)
	}
	var o notify.View
	w.must(200, call{who: "E0001", method: "GET", path: calls.Prefix + "/orders/" + order("E0001")}, &o)
	if o.Answer != notify.AnswerAwaiting.String() || o.Delivery != notify.DeliveryPending.String() {
		t.Errorf("the order is %s, %s", o.Answer, o.Delivery)
	}
	w.must(200, call{who: "E0002", path: calls.Prefix + "/orders/" + order("E0002") + "/acknowledge", body: `{}`}, nil)
	w.refused(409, "transition_refused", call{who: "duty", path: path("E0002"), body: `{"outcome":"told"}`})
}

// Several calls are recorded one by one: what is refused of one undoes none of the others, a town's do not reach beyond
// it, and a repeat of the request records nothing more.
func TestSeveralCallsAreRecordedEachByItself(t *testing.T) {
	w := newWorld(t)
	warning := w.ordered()
	body := fmt.Sprintf(`{"orders":["%[1]s-E0001-1","%[1]s-E0002-1","%[1]s-E0003-1","W1"],"outcome":"unreachable","note":"无人接听"}`,
		warning)
	var first, again calls.CallsRecorded
	c := call{who: "town", path: calls.Prefix + "/orders/calls", body: body,
		header: map[string]string{"Idempotency-Key": "k1"}}
	w.must(201, c, &first)
	var codes []string
	for i, r := range first.Items {
		code := ""
		if r.Refused != nil {
			code = string(r.Refused.Code)
		}
		codes = append(codes, code)
		if i < 3 && r.OrderID != fmt.Sprintf("%s-E000%d-1", warning, i+1) {
			t.Errorf("item %d is of %s", i, r.OrderID)
		}
	}
	if want := []string{"", "not_found", "", "not_found"}; first.Recorded != 2 || !slices.Equal(codes, want) {
		t.Errorf("recorded %d, codes %q, want %q", first.Recorded, codes, want)
	}
	w.must(201, c, &again)
	if again.Items[0].Calls.Unreachable != 1 {
		t.Errorf("a repeat records %+v", again.Items[0])
	}
	c.header = map[string]string{"Idempotency-Key": "k2"}
	if w.must(201, c, &again); again.Items[0].Calls.Unreachable != 2 {
		t.Errorf("another request records %+v", again.Items[0])
	}
	c.header = map[string]string{"Idempotency-Key": "k3"}
	c.body = fmt.Sprintf(`{"orders":["%[1]s-E0001-1","%[1]s-E0001-1"],"outcome":"told"}`, warning)
	w.refused(422, "invalid", c)
}
