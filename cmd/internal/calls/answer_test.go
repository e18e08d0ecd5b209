package calls

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/notify"
)

func TestReadAnswer(t *testing.T) {
	const hash = "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	long := string(bytes.Repeat([]byte("x"), 4001))
	many, _ := json.Marshal(notify.AnswerText{OrderID: "x", Action: notify.Report,
		Evidence: slices.Repeat([]string{hash}, 101)})
	for _, c := range []struct {
		name, text string
		code       refusal.Code
		path       string
	}{
		{"shortest", `{"order_id":"W20161216-01-E1-1","action":"receive"}`, "", ""},
		{"everything", `{"order_id":"x","action":"report","note":"已停","measures":[{"id":"M1","value":0.5,"unit":"t/d","note":"n"}],"evidence":["` + hash + `"]}`, "", ""},
		{"not JSON", `{"order_id":`, refusal.Invalid, ""},
		{"unknown member", `{"order_id":"x","action":"receive","level":"red"}`, refusal.UnknownField, "level"},
		{"no order", `{"action":"receive"}`, refusal.Invalid, "order_id"},
		{"no action", `{"order_id":"x"}`, refusal.Invalid, "action"},
		{"unknown action", `{"order_id":"x","action":"Acknowledge"}`, refusal.Invalid, "action"},
		{"value is text", `{"order_id":"x","action":"report","measures":[{"id":"M1","value":"0.5"}]}`, refusal.Invalid,
			"measures[0].value"},
		{"measure without id", `{"order_id":"x","action":"report","measures":[{"id":"M1"},{"value":1}]}`, refusal.Invalid,
			"measures[1].id"},
		{"note too long", `{"order_id":"x","action":"report","note":"` + long + `"}`, refusal.Invalid, "note"},
		{"evidence is no hash", `{"order_id":"x","action":"report","evidence":["photo.jpg"]}`, refusal.Invalid,
			"evidence[0]"},
		{"evidence in capitals", `{"order_id":"x","action":"report","evidence":["sha256:` +
			string(bytes.Repeat([]byte("AB"), 32)) + `"]}`, refusal.Invalid, "evidence[0]"},
		{"too much evidence", string(many), refusal.Invalid, "evidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadAnswer([]byte(c.text))
			if got := refusal.CodeOf(err); got != c.code {
				t.Fatalf("code %q, want %q: %v", got, c.code, err)
			}
			if e, ok := err.(*refusal.Error); ok && len(e.Fields) > 0 && e.Fields[0].Path != c.path {
				t.Errorf("path %q, want %q", e.Fields[0].Path, c.path)
			}
		})
	}
}

// An answer that is taken is one a command can carry: its bounds hold and its JSON is read again as the same.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"order_id":"W20161216-01-E1-1","action":"report","note":"已停","measures":[{"id":"M1","value":-0.5e3,"unit":"t/d"}]}`))
	f.Add([]byte(`{"order_id":"x","action":"receive","action":"read"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := ReadAnswer(data)
		if err != nil {
			return
		}
		if in.OrderID == "" || Answers[in.Action].Call == nil || len(in.Measures) > 200 || len(in.Evidence) > 100 {
			t.Fatalf("%q was taken as %+v", data, in)
		}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadAnswer(b)
		if err != nil {
			t.Fatalf("%s is not read again: %v", b, err)
		}
		if c, _ := json.Marshal(again); !bytes.Equal(b, c) {
			t.Errorf("%s is read again as %s", b, c)
		}
	})
}
