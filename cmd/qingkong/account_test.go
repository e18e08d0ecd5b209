package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// with puts a token where as finds it.
func (s *shell) with(who, token string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.tokens, who), []byte(token), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// An account and a recipient from their first secrets to their last, as an administrator sees them.
func TestIdentitiesFromAShell(t *testing.T) {
	s := startShell(t)
	var zhang, more calls.Issued
	s.read(&zhang, "admin", "account", "add", "zhang", "--role", "duty", "--name", "张三")
	s.with("zhang", zhang.Token)
	s.as("zhang", exitOK, "warning", "list")

	out, _ := s.as("admin", exitOK, "account", "list")
	says(t, out, "用户 user", "角色 role", "zhang", "值班员 duty", "张三", "管理员 admin", "t1", "否 no",
		"列出 9 条 / 9 shown，共 9 条 / of 9")
	if strings.Contains(out, s.enterprise) || strings.Contains(out, zhang.Token) || strings.Contains(out, zhang.Password) {
		t.Errorf("the list of accounts shows a recipient or a secret:\n%s", out)
	}
	var page pageOf[calls.User]
	if s.read(&page, "admin", "account", "list", "--role", "enterprise"); len(page.Items) != 1 ||
		page.Items[0].Recipient != s.enterprise {
		t.Errorf("recipients with credentials: %+v", page)
	}
	s.refused("admin", []string{"invalid: ", "role: ", "king"}, "account", "list", "--role", "king")
	s.refused("duty", []string{"forbidden: "}, "account", "list")

	s.read(&more, "admin", "token", "create", "zhang", "--name", "值班室大屏")
	s.with("screen", more.Token)
	out, _ = s.as("admin", exitOK, "account", "show", "zhang")
	says(t, out, "角色", "值班员 duty", "张三", "t1  20", "t2  20", "值班室大屏", "建立人")
	out, _ = s.as("admin", exitOK, "token", "revoke", "zhang", "t2")
	says(t, out, "zhang 的令牌 t2 已吊销", "is revoked")
	s.refused("screen", []string{"unauthenticated: "}, "warning", "list")
	s.as("zhang", exitOK, "warning", "list")
	s.refused("admin", []string{"not_found: "}, "token", "revoke", "zhang", "t9")

	out, _ = s.as("admin", exitOK, "account", "disable", "zhang")
	says(t, out, "zhang 已停用", "qingkong account enable zhang")
	s.refused("zhang", []string{"unauthenticated: "}, "warning", "list")
	s.refused("admin", []string{"transition_refused: "}, "account", "credentials", "zhang")
	var u calls.User
	if s.read(&u, "admin", "account", "enable", "zhang"); u.Disabled || u.User != "zhang" {
		t.Errorf("enabled: %+v", u)
	}
	s.as("zhang", exitOK, "warning", "list")
	out, _ = s.as("admin", exitOK, "token", "create", "zhang", "--name", "市站接口", "--expires-at", "2099-11-30 08:00")
	says(t, out, "令牌 token", "令牌到期 token ends", "2099-11-30 08:00")
	out, _ = s.as("admin", exitOK, "account", "show", "zhang")
	says(t, out, "市站接口  2099-11-30 08:00 到期 / until 2099-11-30 08:00")
	s.refused("admin", []string{"invalid: ", "expires_at", "已经过了", "请给一个将来的时间"}, "token", "create", "zhang",
		"--expires-at", "2016-12-16 20:00")
	out, _ = s.as("admin", exitOK, "account", "credentials", "zhang")
	says(t, out, "口令 password  ", "令牌 token     qk.zhang.", "只显示这一次")
	s.refused("zhang", []string{"unauthenticated: "}, "warning", "list")
	s.refused("admin", []string{"not_found: "}, "account", "show", "nobody")

	out, _ = s.as("admin", exitOK, "recipient", "revoke", s.enterprise)
	says(t, out, s.enterprise+" 的凭据已吊销", "qingkong recipient credentials "+s.enterprise)
	s.refused("enterprise", []string{"unauthenticated: "}, "order", "list")
	out, _ = s.as("admin", exitOK, "account", "show", s.enterprise)
	says(t, out, "企业 enterprise", "已吊销，须重新签发 / revoked")
	s.refused("admin", []string{"transition_refused: ", "的凭据已吊销"}, "token", "create", s.enterprise)
	s.read(&more, "admin", "recipient", "credentials", s.enterprise)
	s.with("enterprise", more.Token)
	s.as("enterprise", exitOK, "order", "list")
	s.refused("admin", []string{"not_found: "}, "recipient", "credentials", "E9999")
	s.refused("admin", []string{"not_found: ", "account"}, "recipient", "revoke", "zhang")
}

// Somebody sees and ends its logins of browsers from a shell.
func TestSessionsFromAShell(t *testing.T) {
	s := startShell(t)
	var zhang calls.Issued
	s.read(&zhang, "admin", "account", "add", "zhang", "--role", "duty")
	s.with("zhang", zhang.Token)
	login := func() *http.Response {
		t.Helper()
		res, err := http.Post(s.url+"/api/v1/session", "application/json",
			strings.NewReader(`{"user":"zhang","password":"`+zhang.Password+`"}`))
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
		return res
	}
	login()
	login()
	var page pageOf[calls.Session]
	if s.read(&page, "zhang", "account", "sessions"); len(page.Items) != 2 {
		t.Fatalf("%+v", page)
	}
	out, _ := s.as("zhang", exitOK, "account", "sessions")
	says(t, out, "编号 id", "来源地址 address", "127.0.0.1", page.Items[0].ID, page.Items[0].Device[:6], "Go-http-client")
	out, _ = s.as("zhang", exitOK, "account", "end-session", page.Items[0].ID)
	says(t, out, "这个登录已结束")
	s.refused("zhang", []string{"not_found: "}, "account", "end-session", page.Items[0].ID)
	out, _ = s.as("zhang", exitOK, "account", "end-session", "--all")
	says(t, out, "全部网页登录已结束", "tokens stay valid")
	if s.read(&page, "zhang", "account", "sessions"); len(page.Items) != 0 {
		t.Errorf("after the end of all: %+v", page)
	}
	s.as("zhang", exitUsage, "account", "end-session")
	s.as("zhang", exitUsage, "account", "end-session", "--all", "x")
}

// Who may not do a thing to itself is told so in one line that says who can. No account has the two roles that a
// declaration and its approval need, so that the line about those comes from a server that the test plays.
func TestTheSamePersonIsToldSo(t *testing.T) {
	s := startShell(t)
	s.refused("admin", []string{"same_person: ", "admin", "另一位管理员"}, "account", "disable", "admin")

	detail := refusal.Text("warning.same_person", "zh-CN", refusal.Args{"id": "W20161216-01", "user": "zhang"})
	to, _ := askedServer(t, func(r *http.Request) (int, string) {
		if r.Method == http.MethodGet {
			return http.StatusOK, `{"id":"W20161216-01","revision":1}`
		}
		return http.StatusConflict, `{"type":"about:blank","title":"Conflict","status":409,"code":"same_person","detail":"` +
			detail + `","errors":[]}`
	})
	out, errs := ran(t, exitFailed, append([]string{"warning", "approve", "W20161216-01"}, to...)...)
	if out != "" || errs != "error: same_person: "+detail+"\n" {
		t.Errorf("stdout %q, stderr %q", out, errs)
	}
}

// What each of these calls sends, and what it says where the answer does not come.
func TestWhatIdentityCommandsSend(t *testing.T) {
	to, calls := askedServer(t, func(*http.Request) (int, string) {
		return http.StatusOK, `{"user":"zhang","token":"qk.zhang.x"}`
	})
	for _, c := range []struct{ args, line string }{
		{"account credentials zhang", "POST /api/v1/accounts/zhang/credentials"},
		{"account disable a/b", "POST /api/v1/accounts/a%2Fb/disable"},
		{"account enable zhang", "POST /api/v1/accounts/zhang/enable"},
		{"recipient credentials E0001", "POST /api/v1/recipients/E0001/credentials"},
		{"recipient revoke E0001", "DELETE /api/v1/recipients/E0001/credentials"},
		{"token revoke zhang t2", "DELETE /api/v1/accounts/zhang/tokens/t2"},
		{"account list --role duty --limit 7", "GET /api/v1/accounts?limit=7&role=duty"},
	} {
		ran(t, exitOK, append(strings.Fields(c.args), to...)...)
		got := calls()
		if len(got) != 1 || got[0].line != c.line || len(got[0].body) != 0 ||
			strings.HasPrefix(c.line, "POST") != (got[0].key != "") {
			t.Errorf("%s sends %+v", c.args, got)
		}
	}
	to, _ = askedServer(t, func(*http.Request) (int, string) { panic(http.ErrAbortHandler) })
	_, errs := ran(t, exitFailed, append([]string{"recipient", "revoke", "E0001"}, to...)...)
	says(t, errs, "结果未知", "repeat the command")
	_, errs = ran(t, exitFailed, append([]string{"account", "list"}, to...)...)
	if strings.Contains(errs, "结果未知") {
		t.Errorf("nothing was to be done, and it says %s", errs)
	}
}

// The first administrator is told what comes next.
func TestInitSaysWhatIsNext(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	out, _ := ran(t, exitOK, "init", "--data", data)
	says(t, out, "用户 user      admin\n口令 password  ", "令牌 token     qk.admin.", "只显示这一次", "下一步", "serve --data "+data,
		"  qingkong account add zhang --role duty --server http://127.0.0.1:8080 --token-file admin.token\n")
	_, errs := ran(t, exitFailed, "init", "--data", data)
	says(t, errs, "1 个账号", "qingkong account add")
}
