package service

import (
	"fmt"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/pquerna/otp/totp"
)

// persons lets the duty officer, whose secret the administrator saw in housekeeping, enrol a second factor, practise
// with a code of it, and lose it.
func (s *story) persons() {
	draft := ok(s.svc.FactorDraft("duty", ""))(s.t)
	who, err := s.svc.EnrolFactor(s.t.Context(), "duty",
		calls.Enrolment{Current: "示例口令 of my own", Secret: draft.Secret, OTP: s.code(draft.Secret)})
	if who == nil {
		s.t.Fatalf("the factor was not enrolled: %v", err)
	}
	s.clock = s.clock.Add(time.Minute)
	s.declare("duty", fmt.Sprintf(`{"level":"yellow","trigger":"own_forecast","drill":true,"reason":"演练","otp":%q}`,
		s.code(draft.Secret)))
	s.act("duty", "cancel", `,"reason":"演练结束"`)
	ok(s.svc.ResetFactor(s.t.Context(), By("admin"), calls.ByID{ID: "duty"}))(s.t)
}

// code is what an authenticator shows at the story's time.
func (s *story) code(secret string) string { return ok(totp.GenerateCode(secret, s.clock))(s.t) }
