package service

import (
	"testing"

	"qingkong/cmd/internal/calls"

	"qingkong/reductionlist"
)

// No role's name is a recipient's id, so that nothing that a recipient does reads as an officer's act.
func TestNoRoleIsARecipient(t *testing.T) {
	for _, role := range calls.Roles() {
		if !reductionlist.ReservedID(string(role)) {
			t.Errorf("%s may be a recipient's id", role)
		}
	}
	for _, id := range []string{"SYSTEM", "Public", "anonymous", "Duty"} {
		if !reductionlist.ReservedID(id) {
			t.Errorf("%s may be a recipient's id", id)
		}
	}
	if reductionlist.ReservedID("E0001") || reductionlist.ReservedID("duty1") {
		t.Error("an id of a recipient is reserved")
	}
}
