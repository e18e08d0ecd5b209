package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
)

// shell is a coordinator with demo data, and who may call it.
type shell struct {
	t          *testing.T
	url        string
	tokens     string // folder with a file for each account
	enterprise string // recipient of the enterprise's account
}

func startShell(t *testing.T) *shell {
	t.Helper()
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Listen.HTTP, cfg.Listen.NATS = "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(t.Context(), app.Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil { // t.Context has ended
			t.Errorf("stop: %v", err)
		}
	})
	s := &shell{t: t, url: "http://" + a.Addr().HTTP, tokens: t.TempDir()}
	text, err := os.ReadFile(filepath.Join(cfg.Data, folder.DemoCredentials))
	if err != nil {
		t.Fatal(err)
	}
	var accounts map[string]struct{ Token, Recipient string }
	if err := json.Unmarshal(text, &accounts); err != nil {
		t.Fatal(err)
	}
	for who, account := range accounts {
		if err := os.WriteFile(filepath.Join(s.tokens, who), []byte(account.Token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.enterprise = accounts["enterprise"].Recipient
	return s
}

// as runs a command with somebody's token.
func (s *shell) as(who string, code int, args ...string) (out, errs string) {
	s.t.Helper()
	return ran(s.t, code, append(args, "--server", s.url, "--token-file", filepath.Join(s.tokens, who))...)
}

// read runs a command with --json and reads what it prints.
func (s *shell) read(v any, who string, args ...string) {
	s.t.Helper()
	out, _ := s.as(who, exitOK, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		s.t.Fatalf("%v: %v in %s", args, err, out)
	}
}

// refused runs a command that the server refuses, and looks for each part of the one line that it says.
func (s *shell) refused(who string, want []string, args ...string) {
	s.t.Helper()
	out, errs := s.as(who, exitFailed, args...)
	if out != "" || strings.Count(errs, "\n") != 1 {
		s.t.Errorf("%v: stdout %q, stderr %q", args, out, errs)
	}
	says(s.t, errs, want...)
}

func says(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("does not say %q:\n%s", part, text)
		}
	}
}

type warningAnswer struct {
	ID, State, Level string
	Revision         int
	Drill            bool
	EndsAt           *time.Time `json:"ends_at"`
	Pending          *struct{ Level string }
	History          []struct{ Event string }
}

type orderAnswer struct {
	ID, State, Answer, Execution string
	Revision                     int
}

type pageOf[T any] struct {
	Items []T
	Next  string
	Total *int
}

// A warning from its declaration to its end, with every command that takes part in it.
func TestAWarningFromAShell(t *testing.T) {
	s := startShell(t)
	out, _ := s.as("duty", exitOK, "warning", "declare", "--level", "yellow", "--trigger", "city_order", "--document-no",
		"津重污染指〔2016〕1号",
		"--issued-by", "市指挥部", "--received-at", "2016-12-16 19:30", "--notice-text", "第一段\n第二段", "--reason", "市级指令")
	says(t, out, "第 2 版 revision 2", "黄色（Ⅲ级） yellow", "生效中 active")
	id, _, _ := strings.Cut(out, " ")

	out, _ = s.as("viewer", exitOK, "warning", "show", id)
	says(t, out, "文号", "津重污染指〔2016〕1号", "市级指令 city_order", "2016-12-16 19:30", "另行通知 until further notice",
		"第一段\n", "第二段\n", "经过 history", "登记 declared", "生效 activated")
	var w warningAnswer
	if s.read(&w, "viewer", "warning", "show", id); w.ID != id || w.State != "active" || w.Level != "yellow" ||
		len(w.History) != 2 {
		t.Fatalf("shown as JSON: %+v", w)
	}
	out, _ = s.as("viewer", exitOK, "warning", "list")
	says(t, out, "编号 id", id, "生效中 active", "共 1 条 / of 1")

	s.refused("duty", []string{"conflict: ", id}, "warning", "declare", "--level", "red", "--trigger", "city_order")
	s.answerOrders(id)

	end := time.Now().Add(48 * time.Hour).Truncate(time.Minute)
	if s.read(&w, "duty", "warning", "revise", id, "--ends-at", clockText(&end)); w.Revision != 3 || w.EndsAt == nil ||
		!w.EndsAt.Equal(end) {
		t.Errorf("revised: %+v", w)
	}
	out, _ = s.as("duty", exitOK, "warning", "adjust", id, "--level", "orange", "--reason", "加重")
	says(t, out, "黄色（Ⅲ级） yellow", "待审批 pending: 升级 raise 橙色（Ⅱ级） orange（duty）")
	s.refused("approver", []string{"stale_revision: "}, "warning", "approve", id, "--revision", "2")
	s.refused("duty", []string{"forbidden: "}, "warning", "approve", id)
	if s.read(&w, "approver", "warning", "approve", id, "--revision", "4"); w.Level != "orange" || w.Revision != 5 ||
		w.Pending != nil {
		t.Fatalf("approved: %+v", w)
	}
	s.refused("approver", []string{"transition_refused: "}, "warning", "reject", id, "--reason", "晚了")

	out, _ = s.as("duty", exitOK, "warning", "lift", id, "--reason", "空气质量好转")
	says(t, out, "第 6 版", "已解除 lifted")
	var page pageOf[warningAnswer]
	if s.read(&page, "viewer", "warning", "list", "--state", "lifted"); len(page.Items) != 1 ||
		page.Items[0].State != "lifted" || page.Next != "" {
		t.Errorf("lifted ones: %+v", page)
	}
	if s.read(&page, "viewer", "warning", "list", "--state", "active"); len(page.Items) != 0 {
		t.Errorf("active ones: %+v", page)
	}

	// The same key again is the same warning; a drill beside it.
	drill := []string{"warning", "declare", "--level", "red", "--trigger", "own_forecast", "--drill", "--idempotency-key",
		"drill-1"}
	var first, second warningAnswer
	s.read(&first, "duty", drill...)
	if s.read(&second, "duty", drill...); !first.Drill || first.State != "pending_approval" || second.ID != first.ID {
		t.Errorf("declared under one key: %+v and %+v", first, second)
	}
	s.refused("duty", []string{"invalid: ", "called_at: "}, "warning", "emergency-approve", first.ID, "--authority",
		"副总指挥", "--called-at", "2016-12-16 19:40", "--reason", "联系不上")
	if s.read(&w, "approver", "warning", "reject", first.ID, "--reason", "不演练"); w.State != "rejected" {
		t.Errorf("rejected: %+v", w)
	}
	s.read(&w, "duty", "warning", "declare", "--level", "red", "--trigger", "own_forecast", "--drill")
	now := time.Now().Format(time.RFC3339)
	out, _ = s.as("duty", exitOK, "warning", "emergency-approve", w.ID, "--authority", "副总指挥", "--called-at", now,
		"--reason", "联系不上")
	says(t, out, "生效中 active", "应急审批 emergency: 副总指挥", "前确认")
	out, _ = s.as("approver", exitOK, "warning", "approve", w.ID)
	says(t, out, "已确认 confirmed（approver）")
	s.as("duty", exitOK, "warning", "lift", w.ID)
	s.read(&w, "duty", "warning", "declare", "--level", "yellow", "--trigger", "own_forecast", "--drill", "--starts-at",
		time.Now().Add(time.Hour).Format(time.RFC3339))
	if s.read(&w, "duty", "warning", "cancel", w.ID, "--reason", "误发"); w.State != "cancelled" {
		t.Errorf("cancelled: %+v", w)
	}
}

func TestWarningCommandsRefuse(t *testing.T) {
	s := startShell(t)
	for _, c := range []struct {
		who  string
		want []string
		args []string
	}{
		{"viewer", []string{"not_found: ", "W20000101-01"}, []string{"warning", "show", "W20000101-01"}},
		{"duty", []string{"not_found: "}, []string{"warning", "lift", "W20000101-01"}},
		{"duty", []string{"not_found: "}, []string{"warning", "lift", "W20000101-01", "--revision", "1"}},
		{"duty", []string{"not_found: "}, []string{"warning", "show", "../orders"}},
		{"duty", []string{"invalid: ", "level: ", "purple", "trigger: "},
			[]string{"warning", "declare", "--level", "purple", "--trigger", "x"}},
		{"viewer", []string{"forbidden: "}, []string{"warning", "declare", "--level", "red", "--trigger", "city_order"}},
		{"viewer", []string{"not_found: "}, []string{"order", "show", "nothing"}},
		{"viewer", []string{"invalid: ", "state: "}, []string{"order", "list", "--state", "lost"}},
		{"duty", []string{"forbidden: "}, []string{"order", "answer", "nothing", "read"}},
		{"enterprise", []string{"evidence[0]: "},
			[]string{"order", "answer", "nothing", "report", "--evidence", "sha256:12"}},
		{"duty", []string{"forbidden: "}, []string{"account", "add", "zhang", "--role", "duty"}},
		{"none", []string{"--token-file", "none"}, []string{"warning", "list"}},
		{"wrong", []string{"unauthenticated: "}, []string{"warning", "list"}},
		{"empty", []string{"holds no token"}, []string{"warning", "list"}},
	} {
		switch c.who {
		case "wrong", "empty":
			text := map[string]string{"wrong": "duty.0123456789"}[c.who]
			if err := os.WriteFile(filepath.Join(s.tokens, c.who), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s.refused(c.who, c.want, c.args...)
	}
}

func TestWrongUsageOfTheCommandsOverHTTP(t *testing.T) {
	there := []string{"--server", "http://127.0.0.1:1", "--token-file", "none"}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--server, --token-file must be given", []string{"warning", "list"}},
		{"--level, --trigger must be given", append([]string{"warning", "declare"}, there...)},
		{"--reason must be given", append([]string{"warning", "reject", "W1"}, there...)},
		{"--level must be given", append([]string{"warning", "adjust", "W1"}, there...)},
		{"--called-at", append([]string{"warning", "emergency-approve", "W1", "--reason", "x", "--authority", "y"},
			there...)},
		{"one warning is wanted, 0", append([]string{"warning", "approve"}, there...)},
		{`".." is no warning`, append([]string{"warning", "show", ".."}, there...)},
		{"--revision is 1 or more", append([]string{"warning", "approve", "W1", "--revision", "0"}, there...)},
		{"--ends-at", append([]string{"warning", "lift", "W1", "--ends-at", "tomorrow"}, there...)},
		{"--ends-at", append([]string{"warning", "lift", "W1", "--ends-at", ""}, there...)},
		{"--state is one of", append([]string{"warning", "list", "--state", "gone"}, there...)},
		{"--limit", append([]string{"order", "list", "--limit", "0"}, there...)},
		{"is no address", []string{"warning", "list", "--server", "127.0.0.1:8080", "--token-file", "none"}},
		{`"refuse" is no action`, append([]string{"order", "answer", "W1-E1-1", "refuse"}, there...)},
		{"an order and an action", append([]string{"order", "answer", "W1-E1-1"}, there...)},
		{"--measure", append([]string{"order", "answer", "W1-E1-1", "report", "--measure", "M1"}, there...)},
		{"--measure", append([]string{"order", "answer", "W1-E1-1", "report", "--measure", "M1=NaN t"}, there...)},
		{"--role must be given", append([]string{"account", "add", "zhang"}, there...)},
		{"one user is wanted", append([]string{"token", "create"}, there...)},
	} {
		out, errs := ran(t, exitUsage, c.args...)
		if out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: stdout %q, stderr %q", c.args, out, errs)
		}
		says(t, errs, c.want, "--help")
	}
}

// asked is a call as a server saw it.
type asked struct {
	line, key, token string
	body             map[string]any
}

// askedServer answers every call with what answer says, and keeps what it was asked.
func askedServer(t *testing.T, answer func(r *http.Request) (int, string)) (args []string, calls func() []asked) {
	t.Helper()
	var mu sync.Mutex
	var seen []asked
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asked{line: r.Method + " " + r.URL.RequestURI(), key: r.Header.Get("Idempotency-Key"),
			token: r.Header.Get("Authorization")}
		if text, _ := io.ReadAll(r.Body); len(text) > 0 {
			if err := json.Unmarshal(text, &a.body); err != nil {
				t.Error(err)
			}
		}
		mu.Lock()
		seen = append(seen, a)
		mu.Unlock()
		status, text := answer(r)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	return []string{"--server", srv.URL + "/", "--token-file", writeFile(t, "token", []byte("secret\n"))},
		func() []asked {
			mu.Lock()
			defer mu.Unlock()
			got := seen
			seen = nil
			return got
		}
}

// What each act sends: only what was given, its times with their zone, and the revision.
func TestWhatTheActsSend(t *testing.T) {
	to, calls := askedServer(t, func(*http.Request) (int, string) {
		return http.StatusOK, `{"id":"W1","revision":7,"level":"red","state":"active","history":[],"added":{"later":"x"},"nothing":null,
			"emergency":{"authority":"副总指挥","called_at":"2016-12-16T19:40:00+08:00","reason":"r","by":"duty","confirm_by":"2016-12-17T08:00:00+08:00"}}`
	})
	for _, c := range []struct{ args, body string }{
		{"approve", `{"revision":7}`},
		{"approve --revision 3", `{"revision":3}`},
		{"reject --reason no", `{"revision":7,"reason":"no"}`},
		{"revise --ends-at 2016-12-22T00:00:00+08:00 --notice-text n --issued-by i",
			`{"revision":7,"ends_at":"2016-12-22T00:00:00+08:00","notice_text":"n","issued_by":"i"}`},
		{"adjust --level red --starts-at 2016-12-18T12:00:00Z --proposal P1",
			`{"revision":7,"level":"red","starts_at":"2016-12-18T12:00:00Z","proposal_id":"P1"}`},
		{"adjust --level red --starts-at 2017-01-18T12:00:00Z --confirm 2017-01-18",
			`{"revision":7,"level":"red","starts_at":"2017-01-18T12:00:00Z","confirm":"2017-01-18"}`},
		{"revise --starts-at 2017-01-18T12:00:00Z --confirm 2017-01-18",
			`{"revision":7,"starts_at":"2017-01-18T12:00:00Z","confirm":"2017-01-18"}`},
		{"lift", `{"revision":7}`},
		{"cancel --revision 2 --reason r", `{"revision":2,"reason":"r"}`},
		{"emergency-approve --authority a --called-at 2016-12-16T19:40:00+08:00 --reason r",
			`{"revision":7,"authority":"a","called_at":"2016-12-16T19:40:00+08:00","reason":"r"}`},
	} {
		args := strings.Fields(c.args)
		out, _ := ran(t, exitOK, append(append([]string{"warning", args[0], "W1/x"}, args[1:]...), to...)...)
		says(t, out, "W1  第 7 版 revision 7  红色（Ⅰ级） red  生效中 active\n")
		got := calls()
		if want := !strings.Contains(c.args, "--revision"); want != (len(got) == 2 &&
			got[0].line == "GET /api/v1/warnings/W1%2Fx") {
			t.Errorf("%s: asks %v first", c.args, got)
		}
		last := got[len(got)-1]
		var want map[string]any
		if err := json.Unmarshal([]byte(c.body), &want); err != nil {
			t.Fatal(err)
		}
		if last.line != "POST /api/v1/warnings/W1%2Fx/"+args[0] || fmt.Sprint(last.body) != fmt.Sprint(want) ||
			len(last.key) < 20 || last.token != "Bearer secret" {
			t.Errorf("%s sends %+v, want %v", c.args, last, want)
		}
	}
	out, _ := ran(t, exitOK, append([]string{"warning", "show", "W1"}, to...)...)
	says(t, out, `其他      added           {"later":"x"}`, "副总指挥 2016-12-16 19:40（duty：r）请于 2016-12-17 08:00 前确认")
	if strings.Contains(out, "nothing") {
		t.Errorf("shows a member that is null:\n%s", out)
	}

	at := append([]string{"warning", "declare", "--level", "red", "--trigger", "city_order", "--starts-at",
		"2016-12-16 20:00", "--confirm", "2016-12-16", "--idempotency-key", "k"}, to...)
	ran(t, exitOK, at...)
	got := calls()
	if last := got[len(got)-1]; last.line != "POST /api/v1/warnings" || last.key != "k" ||
		last.body["starts_at"] != "2016-12-16T20:00:00+08:00" || last.body["confirm"] != "2016-12-16" || len(last.body) != 4 {
		t.Errorf("declare sends %+v", last)
	}
}

// A warning begins at 00:00 of a day and ends at 24:00 of one, in tables and in what is shown of one, and both may be
// typed.
func TestABeginningIs0AndAnEnd24(t *testing.T) {
	warning := `{"id":"W1","revision":1,"level":"yellow","state":"active","history":[],"starts_at":"2016-12-17T00:00:00+08:00","level_since":"2016-12-17T00:00:00+08:00",
		"ends_at":"2016-12-22T00:00:00+08:00","stages":[{"level":"red","from":"2016-12-17T00:00:00+08:00"},{"level":"yellow","from":"2016-12-20T00:00:00+08:00"}]}`
	to, calls := askedServer(t, func(r *http.Request) (int, string) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/warnings"):
			return http.StatusOK, `{"items":[` + warning + `],"next":"","total":1}`
		case strings.Contains(r.URL.Path, "/orders/"):
			return http.StatusOK, `{"id":"W1-E1-1","effective_from":"2016-12-17T00:00:00+08:00","ends_at":"2016-12-22T00:00:00+08:00"}`
		}
		return http.StatusOK, warning
	})
	for _, args := range []string{"warning list", "warning show W1", "order show W1-E1-1"} {
		out, _ := ran(t, exitOK, append(strings.Fields(args), to...)...)
		says(t, out, "2016-12-17 00:00", "2016-12-21 24:00")
		if strings.Contains(out, "2016-12-22 00:00") || strings.Contains(out, "2016-12-16 24:00") {
			t.Errorf("%s: %s", args, out)
		}
	}
	out, _ := ran(t, exitOK, append([]string{"warning", "show", "W1"}, to...)...)
	says(t, out, "黄色（Ⅲ级） yellow 2016-12-20 00:00")
	calls()
	ran(t, exitOK, append([]string{"warning", "lift", "W1", "--revision", "1", "--ends-at", "2016-12-31 24:00"}, to...)...)
	if got := calls(); got[0].body["ends_at"] != "2017-01-01T00:00:00+08:00" {
		t.Errorf("24:00 is sent as %v", got[0].body)
	}
	ran(t, exitUsage, append([]string{"warning", "lift", "W1", "--revision", "1", "--ends-at", "2016-12-31 24:01"},
		to...)...)
}

// What is known of the end of a warning is told in words.
func TestWarningShowTellsTheOutlook(t *testing.T) {
	outlook := ""
	to, _ := askedServer(t, func(*http.Request) (int, string) {
		return http.StatusOK, `{"id":"W1","revision":1,"level":"yellow","state":"active","history":[],"starts_at":"2016-12-17T00:00:00+08:00"` + outlook + `}`
	})
	show := append([]string{"warning", "show", "W1"}, to...)
	for text, want := range map[string]string{
		`,"outlook":{"from":"2016-12-20T00:00:00+08:00","known_until":"2016-12-22T00:00:00+08:00","open":false,"idle_days":2}`: "预计 2016-12-20 00:00 空气好转，可以解除",
		`,"outlook":{"from":null,"known_until":"2016-12-22T00:00:00+08:00","open":true,"idle_days":0}`:                         "已知数据到 2016-12-21 24:00，还看不出何时可以解除",
		`,"outlook":{"from":null,"open":false,"idle_days":0}`:                                                                  "没有可用的预报，无法建议解除",
		"": "预计解除",
	} {
		outlook = text
		out, _ := ran(t, exitOK, show...)
		says(t, out, want)
		if idle := strings.Contains(out, "有 2 天未达到任何条款"); idle != strings.Contains(text, `"idle_days":2`) {
			t.Errorf("%s: %s", text, out)
		}
		if strings.Contains(out, "{") || strings.Contains(out, "0001") {
			t.Errorf("%s: %s", text, out)
		}
	}
}

// When it is not known what became of an act, the line says how to repeat it.
func TestAnUnknownOutcomeSaysHowToRepeat(t *testing.T) {
	to, _ := askedServer(t, func(r *http.Request) (int, string) {
		if r.URL.Path == "/api/v1/warnings" {
			panic(http.ErrAbortHandler)
		}
		return http.StatusServiceUnavailable, `{"code":"not_ready","detail":"稍后重试"}`
	})
	_, errs := ran(t, exitFailed, append([]string{"warning", "lift", "W1", "--revision", "4", "--idempotency-key", "k1"},
		to...)...)
	says(t, errs, "not_ready: 稍后重试", "--idempotency-key k1 --revision 4")
	_, errs = ran(t, exitFailed, append([]string{"warning", "declare", "--level", "red", "--trigger", "city_order",
		"--idempotency-key", "k2"}, to...)...)
	says(t, errs, "结果未知", "--idempotency-key k2")

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + ln.Addr().String()
	_ = ln.Close()
	_, errs = ran(t, exitFailed, "warning", "lift", "W1", "--revision", "4", "--server", gone, to[2], to[3])
	says(t, errs, "连不上", "check --server")
	if strings.Contains(errs, "idempotency") {
		t.Errorf("nothing was sent, but: %s", errs)
	}

	to, _ = askedServer(t, func(*http.Request) (int, string) { return http.StatusOK, "<html>" })
	_, errs = ran(t, exitFailed, append([]string{"warning", "show", "W1"}, to...)...)
	says(t, errs, "is --server the address of qingkong?")
}

// A list follows the cursors to its limit, and its next goes on behind the last item it shows.
func TestListsFollowCursors(t *testing.T) {
	const all = 450
	to, calls := askedServer(t, func(r *http.Request) (int, string) {
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		var items []string
		next := ""
		for i := from; i < all && len(items) < size; i++ {
			items = append(items, fmt.Sprintf(`{"id":"W%d","state":"%s"}`, i, []string{"active", "lifted"}[i%2]))
			if i+1 < all {
				next = strconv.Itoa(i + 1)
			} else {
				next = ""
			}
		}
		return http.StatusOK, fmt.Sprintf(`{"items":[%s],"next":%q,"total":%d}`, strings.Join(items, ","), next, all)
	})
	for _, c := range []struct {
		args        string
		items       int
		first, last string
		next        string
		total       int
		calls       int
	}{
		{"", 50, "W0", "W49", "50", all, 1},
		{"--limit 1000", 450, "W0", "W449", "", all, 3},
		{"--limit 250", 250, "W0", "W249", "250", all, 2},
		{"--cursor 440", 10, "W440", "W449", "", all, 1},
		{"--state lifted --limit 150", 150, "W1", "W299", "300", -1, 3},
		{"--state active --limit 1000", 225, "W0", "W448", "", 225, 3},
		{"--state rejected", 0, "", "", "", 0, 3},
	} {
		out, _ := ran(t, exitOK, append(append([]string{"warning", "list", "--json"}, strings.Fields(c.args)...), to...)...)
		var got pageOf[warningAnswer]
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		n, total := len(got.Items), -2
		if got.Total != nil {
			total = *got.Total
		}
		if asks := len(calls()); n != c.items || got.Next != c.next || total != c.total || asks != c.calls || n > 0 &&
			(got.Items[0].ID != c.first || got.Items[n-1].ID != c.last) {
			t.Errorf("%q: %d items, next %q, total %d, %d calls", c.args, n, got.Next, total, asks)
		}
	}
	out, _ := ran(t, exitOK, append([]string{"warning", "list"}, to...)...)
	says(t, out, "列出 50 条 / 50 shown，共 450 条 / of 450；还有更多")
}
