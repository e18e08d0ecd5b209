package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// plantCommand is a command that notes what it was given, one line each time, and fails while the file "fail" is there.
type plantCommand struct {
	t   *testing.T
	dir string
}

func newPlant(t *testing.T) plantCommand {
	p := plantCommand{t, t.TempDir()}
	write(t, p.file("command"), `#!/bin/sh
cd "$1" || exit 9
echo "$QINGKONG_ORDER_EVENT $QINGKONG_ORDER_ID $QINGKONG_ORDER_LEVEL $QINGKONG_ORDER_DRILL $QINGKONG_RECIPIENT $(cat | tr -d '\n' | cut -c1-30)" >>runs
[ ! -e hang ] || sleep 600
[ ! -e fail ] || { echo out of order; exit 3; }
`)
	if err := os.Chmod(p.file("command"), 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p plantCommand) file(name string) string { return filepath.Join(p.dir, name) }

func (p plantCommand) runs() []string {
	data, err := os.ReadFile(p.file("runs"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// start runs an agent with the command; more stands before the command's own argument.
func (p plantCommand) start(url, data string, more ...string) *running {
	return startAgent(p.t, url, "right",
		append(append([]string{"--data", data, "--run", p.file("command"), "--run-retry-first", "10ms", "--run-retry-max",
			"20ms"},
			more...), "--", p.dir)...)
}

func TestAgentRunsTheCommandOncePerEventThenAcknowledges(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	write(t, p.file("fail"), "")
	a := p.start(c.server.ClientURL(), dir, "--auto-acknowledge")
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	if got := await(t, "status", a.logs, "的命令失败"); !strings.Contains(got, "exit status 3") ||
		!strings.Contains(got, "out of order") {
		t.Errorf("status %q", got)
	}
	until(t, "a second failure", func() bool {
		r := kept(t, dir)[0].Run
		return r != nil && r.Attempts >= 2 && *r.ExitCode == 3
	})
	if len(c.answers) > 0 {
		t.Fatalf("answered %s before the command succeeded", <-c.answers)
	}
	a.quit()

	a = p.start(c.server.ClientURL(), dir, "--auto-acknowledge")
	await(t, "status", a.logs, "待运行命令 1 条")
	if err := os.Remove(p.file("fail")); err != nil {
		t.Fatal(err)
	}
	expect(t, "answer", c.answers, "acknowledge "+orderOne)
	await(t, "line", a.lines, "已确认")
	tries := len(p.runs())
	if want := "issued " + orderOne + ` orange false E0001 {"id":"W20161216-01-E0001-1",`; !strings.HasPrefix(p.runs()[0],
		want) {
		t.Errorf("the command was given %q, want %q", p.runs()[0], want)
	}
	c.push(liveOrder, issued())
	expect(t, "answer", c.answers, "receive "+orderOne)
	c.push("qingkong.drill.order.E0001", event("issued", testOrder(1, "open", "awaiting", true)))
	expect(t, "answer", c.answers, "receive D")
	expect(t, "answer", c.answers, "acknowledge D")
	if runs := p.runs(); len(runs) != tries+1 || !strings.Contains(runs[tries], "D20161216-01-E0001-1 orange true") {
		t.Errorf("runs %q, want one more after %d, for the drill", runs, tries)
	}
	a.quit()
	if r := kept(t, dir)[0].Run; r.State != stateDone || *r.ExitCode != 0 || r.EndedAt.IsZero() {
		t.Errorf("kept %+v", r)
	}
}

// A release is not run before the order it ends, whatever that takes; a drill does not wait for either.
func TestAgentRunsTheEventsOfAWarningInOrder(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	write(t, p.file("fail"), "")
	a := p.start(c.server.ClientURL(), dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "的命令失败")
	c.push(liveOrder, event("released", testOrder(1, "released", "awaiting", false)))
	c.push("qingkong.drill.order.E0001", event("issued", testOrder(1, "open", "awaiting", true)))
	until(t, "a run for the drill", func() bool { return strings.Contains(strings.Join(p.runs(), "\n"), "issued D") })
	if err := os.Remove(p.file("fail")); err != nil {
		t.Fatal(err)
	}
	until(t, "a run for the release", func() bool {
		list := kept(t, dir)
		return len(list) == 3 && list[1].Run.State == stateDone // a run that the agent's end cuts short is not kept
	})
	a.quit()
	list := kept(t, dir)
	if len(list) != 3 || list[0].Run.State != stateDone || list[0].Run.EndedAt.After(list[1].Run.StartedAt) &&
		list[1].Event == "released" {
		t.Errorf("kept %+v", list)
	}
}

func TestAgentKillsACommandThatHangs(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	write(t, p.file("hang"), "")
	a := p.start(c.server.ClientURL(), dir, "--run-timeout", "100ms")
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "killed after 100ms")
	if err := os.Remove(p.file("hang")); err != nil {
		t.Fatal(err)
	}
	await(t, "status", a.logs, "的命令已成功")
}

func TestAgentTriesACommandThatDoesNotStartAgain(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	if err := os.Rename(p.file("command"), p.file("away")); err != nil {
		t.Fatal(err)
	}
	a := p.start(c.server.ClientURL(), dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	await(t, "status", a.logs, "no such file")
	if err := os.Rename(p.file("away"), p.file("command")); err != nil {
		t.Fatal(err)
	}
	await(t, "status", a.logs, "的命令已成功")
}

// An end of the agent ends the command, which counts as not tried.
func TestAgentRunsAgainWhatItsOwnEndCutShort(t *testing.T) {
	p, dir := newPlant(t), t.TempDir()
	c := newCoordinator(t, accepted, nothing)
	write(t, p.file("hang"), "")
	a := p.start(c.server.ClientURL(), dir)
	await(t, "status", a.logs, "已存减排令事件 0 条")
	c.push(liveOrder, issued())
	until(t, "a run", func() bool { return len(p.runs()) == 1 })
	a.quit()
	if r := kept(t, dir)[0].Run; r.State != stateWaiting || r.Attempts != 0 {
		t.Errorf("kept %+v", r)
	}
	if err := os.Remove(p.file("hang")); err != nil {
		t.Fatal(err)
	}
	a = p.start(c.server.ClientURL(), dir)
	await(t, "status", a.logs, "的命令已成功")
}

func TestPausesBetweenAttemptsGrow(t *testing.T) {
	o := runOptions{retryFirst: time.Minute, retryMax: 30 * time.Minute}
	for attempts, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute,
		6: 30 * time.Minute, 1e9: 30 * time.Minute} {
		if got := o.pause(attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
}

func TestAgentUsageOfRun(t *testing.T) {
	base := []string{"agent", "--nats-url", "nats://127.0.0.1:1", "--recipient", "E0001", "--password-file", "none"}
	for _, c := range []struct {
		more []string
		want string
	}{
		{[]string{"--run", "x"}, "--run needs --data"},
		{[]string{"--data", "d", "--run", "x", "y"}, "stand after --"},
		{[]string{"--", "y"}, "stand after --"},
		{[]string{"--run-timeout", "0s"}, "longer than 0"},
		{[]string{"--list"}, "--data must be given"},
	} {
		var out, errs strings.Builder
		if code := run(append(base[:len(base):len(base)], c.more...), &out, &errs); code != exitUsage ||
			!strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: exit %d, %q, want %q", c.more, code, errs.String(), c.want)
		}
	}
}
