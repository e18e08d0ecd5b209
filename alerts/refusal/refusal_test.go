package refusal

import (
	"testing"
)

func TestDetailFillsValues(t *testing.T) {
	err := New(Invalid, "input.unknown_field", Args{"name": "aqi_hi"})
	if got, want := err.Detail("en"),
		"there is no field aqi_hi; remove it or use the name the interface gives."; got != want {
		t.Errorf("Detail(en) = %q, want %q", got, want)
	}
	if CodeOf(err) != Invalid || CodeOf(nil) != "" {
		t.Errorf("CodeOf(%v) = %q", err, CodeOf(err))
	}
}
