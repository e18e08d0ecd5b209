package main

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// answerOrders is the enterprise's side of a warning that has begun.
func (s *shell) answerOrders(warning string) {
	t := s.t
	t.Helper()
	var page pageOf[orderAnswer]
	for deadline := time.Now().Add(patience); len(page.Items) == 0; time.Sleep(10 * time.Millisecond) {
		if s.read(&page, "enterprise", "order", "list", "--warning", warning); time.Now().After(deadline) {
			t.Fatal("the enterprise gets no order")
		}
	}
	id := page.Items[0].ID
	if want := warning + "-" + s.enterprise + "-1"; id != want || *page.Total != 1 {
		t.Errorf("the enterprise sees %s of %d, want %s alone", id, *page.Total, want)
	}
	out, _ := s.as("duty", exitOK, "order", "list", "--recipient", s.enterprise, "--state", "awaiting")
	says(t, out, "编号 id", id, "待确认 awaiting", "黄色（Ⅲ级） yellow", "共 1 条 / of 1")
	out, _ = s.as("duty", exitOK, "order", "list", "--q", "nobody is called this")
	says(t, out, "列出 0 条 / 0 shown")
	if s.read(&page, "duty", "order", "list", "--warning", warning, "--limit", "3"); len(page.Items) != 3 ||
		page.Next != page.Items[2].ID {
		t.Errorf("three of many: %+v", page)
	}
	town := page.Items[0].ID
	if out, _ = s.as("town", exitOK, "order", "list", "--town", "张家窝镇"); strings.Contains(out, town) {
		t.Errorf("a town sees another's orders:\n%s", out)
	}

	out, _ = s.as("enterprise", exitOK, "order", "answer", id, "acknowledge", "--note", "收到，立即执行")
	says(t, out, id, "已签收 delivered", "已确认 acknowledged", "未开始 not_started")
	out, _ = s.as("duty", exitOK, "order", "show", id)
	says(t, out, "对象", s.enterprise, "确认于", "第九十六条", "津重污染指〔2016〕1号", "措施 measures")
	s.refused("enterprise", []string{"conflict: "}, "order", "answer", id, "acknowledge", "--note", "另一份")
	s.refused("enterprise", []string{"transition_refused: "}, "order", "answer", id, "complete")
	s.refused("enterprise", []string{"not_found: "}, "order", "answer", town, "read")

	var o orderAnswer
	s.read(&o, "enterprise", "order", "answer", id, "start")
	if s.read(&o, "enterprise", "order", "answer", id, "report", "--measure", "M1=280.5 t/d", "--evidence",
		"sha256:"+strings.Repeat("a", 64)); o.Execution != "reported" {
		t.Errorf("reported: %+v", o)
	}
	if s.read(&o, "duty", "order", "show", id); o.ID != id || o.Answer != "acknowledged" || o.State != "open" {
		t.Errorf("shown as JSON: %+v", o)
	}
}

func TestWhatAnAnswerSends(t *testing.T) {
	to, calls := askedServer(t, func(*http.Request) (int, string) {
		return http.StatusOK, `{"id":"O1","answer":"objected","state":"open"}`
	})
	out, _ := ran(t, exitOK, append([]string{"order", "answer", "O1", "report", "--note", "n", "--measure", "M1=280 t/d",
		"--measure", "M2=-1.5",
		"--evidence", "sha256:a", "--evidence", "sha256:b"}, to...)...)
	says(t, out, "有异议 objected", "有效 open")
	want := map[string]any{"note": "n", "evidence": []any{"sha256:a", "sha256:b"},
		"measures": []any{map[string]any{"id": "M1", "value": 280.0, "unit": "t/d"},
			map[string]any{"id": "M2", "value": -1.5}}}
	got := calls()
	if len(got) != 1 || got[0].line != "POST /api/v1/orders/O1/report" || !reflect.DeepEqual(got[0].body, want) ||
		got[0].key == "" {
		t.Errorf("report sends %+v, want %v", got, want)
	}
	ran(t, exitOK, append([]string{"order", "answer", "O1", "read", "--json"}, to...)...)
	ran(t, exitOK, append([]string{"order", "answer", "O1", "read"}, to...)...)
	if got := calls(); len(got[0].body) != 0 || got[0].key == got[1].key {
		t.Errorf("read sends %+v", got)
	}
}

func TestAccountsAndTokens(t *testing.T) {
	s := startShell(t)
	var made struct{ User, Password, Token string }
	s.read(&made, "admin", "account", "add", "zhang", "--role", "duty", "--name", "张三")
	if made.User != "zhang" || made.Password == "" || made.Token == "" {
		t.Fatalf("the account: %+v", made)
	}
	zhang := writeFile(t, "zhang", []byte(made.Token))
	ran(t, exitOK, "warning", "list", "--server", s.url, "--token-file", zhang)

	out, _ := s.as("admin", exitOK, "account", "add", "jingwu", "--role", "town", "--town", "精武镇")
	says(t, out, "用户 user      jingwu\n口令 password  ", "令牌 token     ", "只显示这一次")
	out, _ = s.as("admin", exitOK, "token", "create", "zhang", "--name", "脚本")
	says(t, out, "用户 user   zhang\n令牌 token  ")
	s.read(&made, "admin", "token", "create", "zhang")
	ran(t, exitOK, "warning", "list", "--server", s.url, "--token-file", writeFile(t, "second", []byte(made.Token)))

	s.refused("admin", []string{"invalid: ", "role: "}, "account", "add", "li", "--role", "king")
	s.refused("admin", []string{"invalid: ", "town: "}, "account", "add", "li", "--role", "town")
	s.refused("admin", []string{"conflict: "}, "account", "add", "zhang", "--role", "duty")
	s.refused("admin", []string{"not_found: "}, "token", "create", "nobody")

	// Secrets are shown once: a repeat under the same key says so.
	again := []string{"token", "create", "zhang", "--idempotency-key", "again"}
	s.as("admin", exitOK, again...)
	s.refused("admin", []string{"conflict: "}, again...)
}

// A table stays straight under Chinese text, and what a server says does not steer the terminal.
func TestTablesLineUp(t *testing.T) {
	var b strings.Builder
	printTable(&b, "", [][]string{{"编号 id", "b"}, {"x", "y"}, {"a\x1b[31m\u202e", "c\nd"}})
	if want := fmt.Sprintf("编号 id%sb\nx%sy\na⟦U+001B⟧[31m⟦U+202E⟧  c d\n", strings.Repeat(" ", 16),
		strings.Repeat(" ", 22)); b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// An order that has ended says what ended it, and one that was objected to says why and what was decided.
func TestShownOrderTellsReleaseAndObjection(t *testing.T) {
	shown := func(more string) string {
		t.Helper()
		to, _ := askedServer(t, func(*http.Request) (int, string) {
			return http.StatusOK, `{"id":"O1","title":"应急减排令","state":"exempted"` + more + `}`
		})
		out, _ := ran(t, exitOK, append([]string{"order", "show", "O1"}, to...)...)
		return out
	}
	out := shown(`,"release":{"kind":"exempted","title":"豁免通知","text":"示例企业：\n同意豁免。","reason":"保障供热","at":"2016-12-16T21:00:00+08:00"},
		"objection":{"at":"2016-12-16T20:00:00+08:00","note":"炉内尚有铁水","decision":"accept","decided_at":"2016-12-16T21:00:00+08:00","reason":"保障供热",
		"expires_at":"2016-12-19T00:00:00+08:00"}`)
	says(t, out, "终止", "豁免 exempted 2016-12-16 21:00", "豁免通知", "同意豁免。", "原因", "保障供热",
		"异议", "2016-12-16 20:00 炉内尚有铁水", "同意豁免 accept 2016-12-16 21:00", "至 2016-12-18 24:00")
	if strings.Contains(out, "{") {
		t.Errorf("a member is shown as it came:\n%s", out)
	}
	out = shown(`,"objection":{"at":"2016-12-16T20:00:00+08:00","note":"","decision":"","decided_at":null,"reason":"","expires_at":null}`)
	says(t, out, "2016-12-16 20:00", "待处理")
	if out = shown(``); strings.Contains(out, "异议") || strings.Contains(out, "终止") {
		t.Errorf("nobody objected and nothing ended:\n%s", out)
	}
}
