package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// Why an enterprise objects, and why that was decided as it was, is about it: it reads it itself, and so does who
// decides, approves or inspects. Everybody else who may see the order sees that there was an objection, and what was
// decided.
func TestWhoReadsWhyAnEnterpriseObjected(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusOK, call{who: "duty", method: "GET", path: calls.Prefix + "/orders"}, nil)
	order := w.ordered() + "-E0001-1"
	path := calls.Prefix + "/orders/" + order
	var objected, accepted notify.View
	w.must(http.StatusOK, call{who: "E0001", path: path + "/object", body: `{"note":"炉内尚有铁水"}`}, &objected)
	if objected.Objection == nil || objected.Objection.Note != "炉内尚有铁水" {
		t.Errorf("the enterprise is answered %+v", objected.Objection)
	}
	w.must(http.StatusOK, call{who: "duty", path: path + "/objection", body: `{"decision":"accept","reason":"保障民生供热"}`},
		&accepted)
	if accepted.Release == nil || accepted.Release.Reason != "保障民生供热" {
		t.Errorf("the officer is answered %+v", accepted.Release)
	}
	reads := []string{"duty", "approver", "inspector", "E0001"}
	for _, who := range []string{"duty", "approver", "inspector", "viewer", "admin", "town", "E0001"} {
		var o notify.View
		text := w.must(http.StatusOK, call{who: who, method: "GET", path: path}, &o).body
		if o.Objection == nil || o.Objection.Decision != "accept" || o.Objection.DecidedAt == nil || o.Release == nil ||
			o.Release.Kind != notify.ReleaseExempted {
			t.Errorf("%s reads %+v, %+v", who, o.Objection, o.Release)
			continue
		}
		may := slices.Contains(reads, who)
		if got := strings.Contains(text, "炉内尚有铁水") && strings.Contains(text, "保障民生供热"); got != may {
			t.Errorf("%s reads why: %v, want %v\n%s", who, got, may, text)
		}
		if !may && (strings.Contains(text, "铁水") || strings.Contains(text, "民生")) {
			t.Errorf("%s reads a part of why:\n%s", who, text)
		}
		text = w.must(http.StatusOK, call{who: who, method: "GET", path: calls.Prefix + "/orders?state=exempted"}, nil).body
		if got := strings.Contains(text, "民生"); !strings.Contains(text, `"kind":"exempted"`) || got != (who == "E0001") ||
			strings.Contains(text, "铁水") {
			t.Errorf("%s reads why in the list: %v\n%s", who, got, text)
		}
	}
	w.must(http.StatusNotFound, call{who: "E0002", method: "GET", path: path}, nil)
	seen, err := w.svc.Seen(t.Context(), service.Ask{},
		calls.SeenQuery{Recipient: "E0001", User: "inspector", Paging: calls.Paging{Cursor: "", Limit: 10}})
	if err != nil || len(seen.Items) != 1 || !strings.Contains(fmt.Sprintf("%+v", seen.Items), access.SeenNote) {
		t.Errorf("that the inspector read it is recorded as %+v (%v)", seen.Items, err)
	}
}

// An objection without a reason is refused with its place and what to do, and nothing is changed.
func TestObjectionWithoutANote(t *testing.T) {
	w := newWorld(t)
	path := calls.Prefix + "/orders/" + w.declared(alerts.Yellow).ID + "-E0001-1"
	w.elapse(0)
	for _, body := range []string{"", "{}", `{"note":""}`, `{"note":" \n "}`} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid",
			call{who: "E0001", method: "POST", path: path + "/object", body: body})
		if len(p.Errors) != 1 || p.Errors[0].Path != "note" || p.Errors[0].Rule != "order.object_note" {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	order := path[strings.LastIndexByte(path, '/')+1:]
	// what NATS calls
	w.svc.Answer("E0001", false, fmt.Appendf(nil, `{"order_id":%q,"action":"object"}`, order), func(_ string, err error) {
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != refusal.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "note" ||
			e.Fields[0].Rule != "order.object_note" {
			t.Errorf("over NATS: %v", err)
		}
	})
	var o notify.View
	w.must(http.StatusOK, call{who: "E0001", method: "GET", path: path}, &o)
	if o.Answer != "awaiting" || o.Objection != nil {
		t.Errorf("the order is %s, %+v", o.Answer, o.Objection)
	}
}
