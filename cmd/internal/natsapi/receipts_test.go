package natsapi

import (
	"encoding/json"
	"strings"
	"testing"
)

// What no message can hold is refused, and it is said where to get it.
func TestAnAnswerFitsAMessage(t *testing.T) {
	if text := bounded([]byte(`{"items":[]}`), 12); string(text) != `{"items":[]}` {
		t.Errorf("%s", text)
	}
	var r struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(bounded([]byte(`{"items":[1]}`), 12), &r); err != nil || r.Error.Code != "too_large" ||
		!strings.Contains(r.Error.Message, "GET /orders/ID/receipts") {
		t.Errorf("%+v (%v)", r, err)
	}
}
