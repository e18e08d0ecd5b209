package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
)

// code is what an authenticator shows so long from now.
func code(t *testing.T, secret string, from time.Duration) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(from))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol runs factor enrol as a person does: it scans what is shown and types what the authenticator shows.
func (s *shell) enrol(who, passwordFile string) (secret string) {
	s.t.Helper()
	in, typed := io.Pipe()
	shown, said := io.Pipe()
	var out strings.Builder
	root := newRoot(commands())
	root.SetArgs([]string{"factor", "enrol", "--password-file", passwordFile, "--json", "--server", s.url, "--token-file",
		filepath.Join(s.tokens, who)})
	root.SetIn(in)
	root.SetOut(&out)
	root.SetErr(said)
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(s.t.Context()); _ = said.Close() }()
	lines := bufio.NewScanner(shown)
	base32 := regexp.MustCompile(`^[A-Z2-7]{32}$`)
	for lines.Scan() {
		if base32.MatchString(lines.Text()) {
			secret = lines.Text()
		}
		if strings.HasPrefix(lines.Text(), "otpauth://") {
			go func() { _, _ = io.WriteString(typed, code(s.t, secret, 0)+"\n") }()
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, shown) }()
	if err := <-done; err != nil {
		s.t.Fatal(err)
	}
	var f calls.FactorState
	if err := json.Unmarshal([]byte(out.String()), &f); err != nil || f.At == nil {
		s.t.Fatalf("enrolled: %s (%v)", out.String(), err)
	}
	return secret
}

// An approver enrols at a shell and approves with --otp: without it, and with the same code again, it is refused. The
// administrator sees the factor and resets it, which the approver's acts say from then on.
func TestASecondFactorFromAShell(t *testing.T) {
	s := startShell(t)
	var issued calls.Issued
	s.read(&issued, "admin", "account", "credentials", "approver")
	s.with("approver", issued.Token)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(issued.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := s.as("approver", exitOK, "factor", "show")
	says(t, out, "二次验证", "factor_at")
	secret := s.enrol("approver", password)

	var w alerts.Warning
	s.read(&w, "duty", "warning", "declare", "--level", "orange", "--trigger", "city_order", "--drill")
	s.refused("approver", []string{"invalid: ", "otp: ", "6 位验证码"}, "warning", "approve", w.ID)
	next := code(t, secret, 30*time.Second)
	out, _ = s.as("approver", exitOK, "warning", "approve", w.ID, "--otp", next)
	says(t, out, "管理员 admin 为 approver 签发口令和令牌", "admin, an administrator, issued its password and token for approver")
	s.read(&w, "duty", "warning", "adjust", w.ID, "--level", "red")
	s.refused("approver", []string{"invalid: ", "otp: ", "已经用过"}, "warning", "approve", w.ID, "--otp", next)

	out, _ = s.as("admin", exitOK, "account", "show", "approver")
	says(t, out, "二次验证", "管理员看过", "签发口令和令牌")
	out, _ = s.as("admin", exitOK, "account", "reset-factor", "approver")
	says(t, out, "approver 的二次验证已重置")
	s.as("approver", exitOK, "warning", "approve", w.ID)
	out, _ = s.as("duty", exitOK, "warning", "show", w.ID)
	says(t, out, "管理员 admin 为 approver 重置二次验证")
	if strings.Contains(out, secret) {
		t.Error("a warning shows a secret")
	}
}
