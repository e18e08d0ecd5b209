package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	liveOrder = "qingkong.order.E0001"
	orderOne  = "W20161216-01-E0001-1"
)

func issued() string { return event("issued", testOrder(1, "open", "awaiting", false)) }

// quit stops the agent and returns the lines that nobody took.
func (r *running) quit() []string {
	r.t.Helper()
	r.stop()
	if code := next(r.t, "exit", r.code); code != exitOK {
		r.t.Fatalf("exit %d after it was stopped", code)
	}
	var left []string
	for line := range r.lines {
		left = append(left, line)
	}
	return left
}

// kept is what --list --json says of a folder.
func kept(t *testing.T, dir string) []listRow {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run([]string{"agent", "--list", "--data", dir, "--json"}, &out, &errs); code != exitOK {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var got struct{ Orders []listRow }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got.Orders
}

// until polls.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAgentKeepsAsReceivedAndShowsNothingTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "e0001")
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--auto-acknowledge")
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	c.push("qingkong.drill.order.E0001", event("issued", testOrder(1, "open", "awaiting", true)))
	for range 4 {
		next(t, "answer", c.answers)
	}
	until(t, "two acknowledgements", func() bool {
		list := kept(t, dir)
		return len(list) == 2 && list[0].AcknowledgedAt != nil && list[1].AcknowledgedAt != nil
	})
	a.quit()

	data, err := os.ReadFile(filepath.Join(dir, "orders", "issued."+orderOne+".event"))
	if _, raw, _ := bytes.Cut(data, []byte("\n")); err != nil || string(raw) != issued() {
		t.Errorf("kept %q (%v), want the bytes as they came", raw, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "drills", "issued.D20161216-01-E0001-1.event")); err != nil {
		t.Errorf("the drill is not kept apart: %v", err)
	}
	secret := []byte("right")
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if data, readErr := os.ReadFile(path); readErr == nil && bytes.Contains(data, secret) {
			t.Errorf("%s holds the password", path)
		}
		return err
	}); err != nil {
		t.Error(err)
	}

	a = startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--auto-acknowledge")
	await(t, "status", a.logs, "已存减排令事件 2 条，待发签收与确认 0 条")
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	c.push(liveOrder, event("released", testOrder(1, "released", "acknowledged", false)))
	expect(t, "answer", c.answers, "receive "+orderOne)
	expect(t, "first line after the restart", a.lines, "解除")
}

// A pending order does not name its event; it is still the one that was pushed.
func TestAgentKnowsAPushedOrderWhenItIsPending(t *testing.T) {
	dir := t.TempDir()
	revised := testOrder(2, "open", "awaiting", false)
	c := newCoordinator(t, accepted, func(subject string) string {
		if strings.Contains(subject, "drill") {
			return `{"orders":[]}`
		}
		return `{"orders":[` + revised + `]}`
	})
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--pull-every", "20ms")
	expect(t, "line", a.lines, "变更")
	c.push(liveOrder, event("issued", revised))
	for range 3 {
		await(t, "answer", c.answers, "receive W20161216-01-E0001-2")
	}
	if left := a.quit(); len(left) != 1 || !strings.Contains(left[0], "已签收") || len(kept(t, dir)) != 1 {
		t.Errorf("lines %q, kept %d events, want one receipt and one event", left, len(kept(t, dir)))
	}
}

func TestAgentAnswersNothingItCouldNotKeep(t *testing.T) {
	dir := t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	orders := filepath.Join(dir, "orders")
	if err := os.Rename(orders, orders+".gone"); err != nil {
		t.Fatal(err)
	}
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "不能存盘")
	if len(c.answers) > 0 {
		t.Fatalf("answered %s", <-c.answers)
	}
	if err := os.Rename(orders+".gone", orders); err != nil {
		t.Fatal(err)
	}
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	expect(t, "line", a.lines, "下达")
	expect(t, "line", a.lines, "已签收")
	if list := kept(t, dir); len(list) != 1 {
		t.Errorf("kept %+v", list)
	}
}

// The agent was killed between keeping an event and showing it.
func TestAgentResumesWhatItKeptAndDidNotShow(t *testing.T) {
	dir := t.TempDir()
	s, err := openStore(dir, "E0001", func(string, error) {})
	if err != nil {
		t.Fatal(err)
	}
	_, o, err := readEvent([]byte(issued()))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.keep(prefixes[0], "issued", o, []byte(issued()), false); err != nil {
		t.Fatal(err)
	}
	s.close()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	expect(t, "line", a.lines, "下达")
	expect(t, "answer", c.answers, "receive "+orderOne)
}

// What is decided while nobody can be reached is sent later, over a restart of the agent, in order and once each.
func TestAgentDeliversLaterWhatItDecidedOffline(t *testing.T) {
	dir := t.TempDir()
	c := newCoordinator(t, func(string, string) string { return `{"error":{"code":"not_ready","message":"starting"}}` },
		nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--auto-acknowledge")
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	url, port := c.server.ClientURL(), c.away()
	await(t, "status", a.logs, "连接断开")
	a.quit()
	for len(c.answers) > 0 {
		<-c.answers
	}

	a = startAgent(t, url, "right", "--data", dir, "--auto-acknowledge")
	await(t, "status", a.logs, "继续重试")
	c.server = startServer(t, port)
	c.serve(accepted, nothing)
	expect(t, "answer", c.answers, "receive "+orderOne)
	expect(t, "answer", c.answers, "acknowledge "+orderOne)
	expect(t, "line", a.lines, "已签收")
	expect(t, "line", a.lines, "已确认")
	a.quit()
	if list := kept(t, dir); len(list) != 1 || list[0].AcknowledgedAt == nil || len(c.answers) > 0 {
		t.Errorf("kept %+v, %d answers too many", list, len(c.answers))
	}
}

func TestAgentDoesNotRepeatARefusedAnswer(t *testing.T) {
	dir := t.TempDir()
	c := newCoordinator(t, func(action, _ string) string {
		if action == "acknowledge" {
			return `{"error":{"code":"transition_refused","message":"superseded"}}`
		}
		return `{"ok":true}`
	}, nothing)
	start := func() *running {
		a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--auto-acknowledge")
		await(t, "status", a.logs, "已存减排令事件")
		c.push(liveOrder, issued())
		expect(t, "answer", c.answers, "receive "+orderOne)
		return a
	}
	a := start()
	expect(t, "answer", c.answers, "acknowledge "+orderOne)
	await(t, "line", a.lines, "确认被拒绝：transition_refused")
	a.quit()

	a = start()
	c.push(liveOrder, event("released", testOrder(1, "released", "awaiting", false)))
	expect(t, "next answer", c.answers, "receive "+orderOne)
	a.quit()
	row := (&progress{Answers: kept(t, dir)[0].Answers}).answer("acknowledge")
	if row == nil || row.State != stateRefused || row.Error == nil || row.Error.Code != "transition_refused" {
		t.Errorf("kept %+v, want the refusal", row)
	}
}

// One order that the coordinator stumbles over does not hold back the answers to others.
func TestAgentPassesOverAnAnswerThatFails(t *testing.T) {
	c := newCoordinator(t, func(_, id string) string {
		if id == orderOne {
			return `{"error":{"code":"internal","message":"?"}}`
		}
		return `{"ok":true}`
	}, nothing)
	a := startAgent(t, c.server.ClientURL(), "right")
	await(t, "status", a.logs, "不存盘")
	c.push(liveOrder, issued())
	c.push(liveOrder, event("revised", testOrder(2, "open", "awaiting", false)))
	await(t, "line", a.lines, "已签收 W20161216-01-E0001-2")
}

func TestAgentSetsDamagedFilesAside(t *testing.T) {
	dir := t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	await(t, "line", a.lines, "已签收")
	a.quit()

	place := filepath.Join(dir, "orders", "issued."+orderOne)
	data, err := os.ReadFile(place + eventFile)
	if err != nil {
		t.Fatal(err)
	}
	write(t, place+eventFile, string(data[:len(data)-5]))
	write(t, filepath.Join(dir, "orders", ".part-1"), `{"ev`)
	write(t, filepath.Join(dir, "drills", "issued.X"+progressFile), `{`)
	for range 2 { // the second time there is nothing left to warn of, and room aside for a namesake
		a = startAgent(t, c.server.ClientURL(), "right", "--data", dir)
		await(t, "status", a.logs, "已存减排令事件 0 条")
		a.quit()
	}
	list, err := filepath.Glob(filepath.Join(dir, asideFolder, "*"))
	if err != nil || len(list) != 3 {
		t.Errorf("aside: %q (%v), want three files", list, err)
	}

	a = startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	for len(c.answers) > 0 {
		<-c.answers
	}
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	if left := a.quit(); len(left) != 0 || len(kept(t, dir)) != 1 {
		t.Errorf("lines %q, kept %d; its progress was there, so that it is not new", left, len(kept(t, dir)))
	}
}

func TestAgentRefusesAFolderThatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	second := startAgent(t, c.server.ClientURL(), "right", "--data", dir)
	if code := next(t, "exit", second.code); code != exitFailed {
		t.Errorf("exit %d, want 1", code)
	}
	expect(t, "error", second.logs, "in use by another agent")
	c.push(liveOrder, issued())
	await(t, "line", a.lines, "已签收")
	a.quit()

	if _, err := openStore(dir, "E0002", func(string, error) {}); err == nil ||
		!strings.Contains(err.Error(), "belongs to E0001") {
		t.Errorf("E0002 opens the folder of E0001: %v", err)
	}
}

func TestAgentListForPeople(t *testing.T) {
	dir := t.TempDir()
	list := func() string {
		var out, errs bytes.Buffer
		if code := run([]string{"agent", "--list", "--data", dir}, &out, &errs); code != exitOK || errs.Len() > 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		return out.String()
	}
	if got := list(); !strings.Contains(got, "没有减排令") {
		t.Errorf("of an empty folder: %q", got)
	}
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--data", dir, "--auto-acknowledge")
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push("qingkong.drill.order.E0001", event("issued", testOrder(1, "open", "awaiting", true)))
	await(t, "line", a.lines, "已确认")
	lines := strings.Split(strings.TrimSpace(list()), "\n")
	words := strings.Fields(lines[len(lines)-1])
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "编号") ||
		!slices.Equal(words[:3], []string{"D20161216-01-E0001-1", "橙色（Ⅱ级）", "【演练】下达"}) || len(words) != 11 {
		t.Errorf("list %q", lines)
	}
}
