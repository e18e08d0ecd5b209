package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/simulate"
)

// interruptedWithin is how long a load may take to end once it is interrupted.
const interruptedWithin = time.Minute

// loadApart has stations report from a process of their own: this program, as `simulate load`. When ctx ends it is
// interrupted, and says what came of it until then.
func loadApart(ctx context.Context, l simulate.Load, addr string) (r simulate.LoadReport, cpu time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, 0, err
	}
	args := []string{"simulate", "load", "--json", "--to", addr, "--n", strconv.Itoa(l.Stations),
		"--first", strconv.Itoa(l.First), "--frames", strconv.Itoa(l.Frames), "--for", l.For.String(),
		"--every", l.Every.String(), "--back", l.Back.String(), "--edition", strconv.Itoa(int(l.Version)),
		"--resent=" + strconv.FormatBool(l.Resent)}
	if l.Window > 0 {
		args = append(args, "--window", strconv.Itoa(l.Window))
	}
	cmd := exec.CommandContext(ctx, self, args...) // #nosec G204 -- the program itself
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptedWithin
	out, err := cmd.Output()
	if cmd.ProcessState != nil {
		cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	if err != nil && (ctx.Err() == nil || cmd.ProcessState == nil || !cmd.ProcessState.Success()) {
		return r, cpu, fmt.Errorf("simulate load: %w %s", err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, cpu, errors.Join(err, ctx.Err())
	}
	return r, cpu, nil
}
