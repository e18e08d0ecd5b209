package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/ledger/receipt"
)

// A recipient asks over NATS for what is recorded of its own order, and proves it; it gets nobody else's. After a rotation the
// same receipts lead from the key that it knew to the one that signs.
func TestReceiptsOverNATS(t *testing.T) {
	t.Parallel()
	d := newDistrict(t)
	plant := d.connect("E0001", d.credentials("E0001").Password)
	w := declare(t, d.app)
	planned(t, d.app, w.ID)
	order := w.ID + "-E0001-1"
	ask := func(subject, body string) (text []byte, code, message string) {
		t.Helper()
		reply, err := plant.Request(subject, []byte(body), patience)
		var r struct {
			Error struct{ Code, Message string }
		}
		if err == nil {
			err = json.Unmarshal(reply.Data, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		return reply.Data, r.Error.Code, r.Error.Message
	}
	if text, code, _ := ask("qingkong.answer.E0001", `{"order_id":"`+order+`","action":"acknowledge"}`); code != "" {
		t.Fatalf("the acknowledgement: %s", text)
	}
	take := func() *receipt.Proved {
		t.Helper()
		text, _, _ := ask("qingkong.receipts.E0001", `{"order_id":"`+order+`"}`)
		p, err := receipt.Verify(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return p
	}
	p := take()
	kinds := []string{}
	for _, e := range p.Items {
		kinds = append(kinds, e.Kind)
	}
	if want := "[notify.order_issued notify.answered]"; fmt.Sprint(kinds) != want {
		t.Errorf("kinds %v, want %s", kinds, want)
	}
	before, err := d.app.notary.Key()
	if err != nil || before.VKey != p.VKey {
		t.Errorf("it is signed by %s, and the key is %s (%v)", p.VKey, before.VKey, err)
	}
	var after calls.LedgerKey
	if status := d.call("admin", "POST", "/ledger/rotate-key", "", &after); status/100 != 2 {
		t.Fatalf("rotate: status %d", status)
	}
	if p = take(); p.VKey != after.VKey || !p.Follows(before.VKey) {
		t.Errorf("it is signed by %s, and the key is %s", p.VKey, after.VKey)
	}
	for _, c := range []struct{ subject, body, code, says string }{
		{"qingkong.receipts.E0001", `{"order_id":"` + w.ID + `-E0003-1"}`, "not_found", ""},
		{"qingkong.receipts.E0001", `{"order_id":"nothing"}`, "not_found", ""},
		{"qingkong.receipts.E0001", `{"order_id":"D20161216-01-E0001-1"}`, "not_found", "qingkong.drill.receipts.E0001"},
		{"qingkong.drill.receipts.E0001", `{"order_id":"` + order + `"}`, "not_found", "qingkong.receipts.E0001"},
		{"qingkong.receipts.E0001", `{}`, "invalid", ""},
		{"qingkong.receipts.E0001", ``, "invalid", ""},
		{"qingkong.receipts.E0001", `{"order_id":"` + order + `","warning":"x"}`, "unknown_field", ""},
	} {
		if text, code, message := ask(c.subject, c.body); code != c.code || !strings.Contains(message, c.says) {
			t.Errorf("%s on %s: %s", c.body, c.subject, text)
		}
	}
	prove(t, d.app)
}
