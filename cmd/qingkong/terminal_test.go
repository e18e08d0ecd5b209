package main

import (
	"encoding/json"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

// What somebody else wrote neither steers the terminal that it is shown on nor turns what stands beside it, in a table,
// as JSON and as an error; as JSON it means the same.
func TestNothingPrintedSteersATerminal(t *testing.T) {
	const hostile = "甲\x1b[2J\x1b]0;x\a\u009b31m\x7f\u202e乙\u2066\u200f\r\nC"
	var table, asJSON, answer strings.Builder
	printTable(&table, "", [][]string{{"id", hostile, "end"}})
	if err := printJSON(&asJSON, map[string]string{"name": hostile}); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]string{"name": hostile})
	if err != nil {
		t.Fatal(err)
	}
	if err := printAnswer(&answer, raw); err != nil {
		t.Fatal(err)
	}
	said := explain(refusal.New(refusal.NotFound, "order.not_found", refusal.Args{"id": hostile}))
	for name, text := range map[string]string{"a table": table.String(), "JSON": asJSON.String(),
		"an answer": answer.String(), "an error": said} {
		if at := strings.IndexFunc(text, func(r rune) bool { return refusal.IsControl(r) || refusal.IsBidi(r) }); at >= 0 {
			t.Errorf("%s holds %q", name, text[at:])
		}
		if !strings.Contains(text, "甲") || !strings.Contains(text, "乙") {
			t.Errorf("%s has lost the text: %q", name, text)
		}
	}
	if !strings.Contains(table.String(), "⟦U+202E⟧") || !strings.Contains(said, "⟦U+001B⟧") {
		t.Errorf("marks are not shown: %q, %q", table.String(), said)
	}
	for _, text := range []string{asJSON.String(), answer.String()} {
		var back map[string]string
		if err := json.Unmarshal([]byte(text), &back); err != nil || back["name"] != hostile {
			t.Errorf("%q means %q, %v", text, back["name"], err)
		}
	}
}
