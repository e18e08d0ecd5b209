package access

import (
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// Who may not is refused, and nobody is asked to sign in.
func TestRequire(t *testing.T) {
	for _, role := range calls.Roles() {
		want := map[bool]refusal.Code{true: "", false: refusal.Forbidden}[calls.Allowed(role, calls.ActWarningsDeclare)]
		if err := Require(&Principal{Role: role}, calls.ActWarningsDeclare); refusal.CodeOf(err) != want {
			t.Errorf("Require(%s) = %v, want %q", role, err, want)
		}
	}
	if err := Require(nil, calls.ActWarningsRead); refusal.CodeOf(err) != refusal.Unauthenticated {
		t.Errorf("Require(nobody) = %v", err)
	}
}
