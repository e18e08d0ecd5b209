package access

import (
	"errors"
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
	var e *refusal.Error
	if !errors.As(Require(&Principal{Role: calls.Viewer}, calls.ActRecipientsRead), &e) ||
		e.Detail("zh-CN") != "“只读/监督”不能查看减排对象；请换用有权限的账号。" ||
		e.Detail("en") != "the role viewer may not look at recipients; use an account that may." {
		t.Errorf("%v", e)
	}
	if err := Require(nil, calls.ActWarningsRead); refusal.CodeOf(err) != refusal.Unauthenticated {
		t.Errorf("Require(nobody) = %v", err)
	}
}
