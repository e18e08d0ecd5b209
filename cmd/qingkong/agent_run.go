package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify"
)

// runOptions say which command is run for each event; without a name there is none.
type runOptions struct {
	name                          string
	args                          []string
	timeout, retryFirst, retryMax time.Duration
}

// lane names the events that must stay in their order: those of one warning. A command that fails for one warning does
// not hold back another, nor a drill the real thing.
func (e *entry) lane() string { return e.prefix + e.order.WarningID }

// nextRun is the first event whose command is due, or none and when there is one; zero for never.
func (s *store) nextRun(now time.Time) (due *entry, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for e := range s.shown() {
		if !e.progress.Run.waits() || seen[e.lane()] {
			continue
		}
		seen[e.lane()] = true
		next := e.progress.Run.NextAt
		if !next.After(now) {
			return e, now
		}
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return nil, at
}

// hasten ends the pauses of a warning's commands: something new waits behind them.
func (s *store) hasten(lane string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.shown() {
		if e.lane() == lane && e.progress.Run != nil {
			e.progress.Run.NextAt = time.Time{}
		}
	}
}

// runCommands runs the command for each event that waits for it, one at a time, until ctx ends.
func (a *agent) runCommands(ctx context.Context) {
	for ctx.Err() == nil {
		e, at := a.store.nextRun(time.Now())
		if e != nil {
			a.runFor(ctx, e)
			continue
		}
		var later <-chan time.Time
		if !at.IsZero() {
			later = time.After(time.Until(at))
		}
		select {
		case <-ctx.Done():
		case <-a.arrived:
		case <-later:
		}
	}
}

// runFor runs the command for one event and keeps the outcome. A run that our own end cut short does not count.
func (a *agent) runFor(ctx context.Context, e *entry) {
	started := time.Now()
	said, code, err := a.runOnce(ctx, e)
	if ctx.Err() != nil && err != nil {
		return
	}
	var pause time.Duration
	a.change(e, func(p *progress) {
		r := p.Run
		r.Attempts++
		r.StartedAt, r.EndedAt, r.ExitCode, r.Error, r.NextAt = started, time.Now(), code, "", time.Time{}
		if err != nil {
			pause = a.command.pause(r.Attempts)
			r.Error, r.NextAt = err.Error(), time.Now().Add(pause)
			return
		}
		r.State = stateDone
		if a.acknowledge && e.order.awaits(e.head.Event) {
			a.store.decide(p, notify.Acknowledge)
		}
	})
	args := refusal.Args{"id": e.order.ID, "event": terms.Name(terms.OrderEvent, e.head.Event, a.lang)}
	if err != nil {
		args["why"], args["said"], args["pause"] = err, said, pause
		a.status("agent.run_failed", args)
		return
	}
	a.status("agent.run_done", args)
	wake(a.due)
}

// pause is the wait after so many failures.
func (o runOptions) pause(attempts int) time.Duration {
	wait := o.retryFirst
	for i := 1; i < attempts && wait < o.retryMax; i++ {
		wait *= 2
	}
	return min(wait, o.retryMax)
}

// runOnce starts the command itself, no shell, in a process group of its own, so that its children end with it.
func (a *agent) runOnce(ctx context.Context, e *entry) (said string, code *int, err error) {
	_, ev, _, err := a.store.readEvent(e.place)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, a.command.timeout, fmt.Errorf("killed after %s", a.command.timeout))
	defer cancel()
	var out tail
	// #nosec G204 -- whoever starts the agent names its command; the order reaches it as input alone
	cmd := exec.CommandContext(ctx, a.command.name, a.command.args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(ev.Order), &out, &out
	cmd.Env = append(os.Environ(),
		"QINGKONG_ORDER_ID="+envValue(e.order.ID),
		"QINGKONG_ORDER_EVENT="+envValue(e.head.Event),
		"QINGKONG_ORDER_LEVEL="+envValue(string(e.order.Level)),
		"QINGKONG_ORDER_DRILL="+strconv.FormatBool(e.order.Drill),
		"QINGKONG_RECIPIENT="+a.recipient)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it succeeded, and something it left running holds its output open
	}
	if s := cmd.ProcessState; s != nil && s.Exited() {
		code = new(s.ExitCode())
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return out.String(), code, err
}

// envValue drops NUL, which no environment can hold.
func envValue(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// tail keeps the end of a command's output: enough to see why it failed.
type tail struct{ bytes.Buffer }

const tailSize = 500

func (t *tail) Write(p []byte) (int, error) {
	t.Buffer.Write(p)
	if over := t.Len() - tailSize; over > 0 {
		t.Next(over)
	}
	return len(p), nil
}
