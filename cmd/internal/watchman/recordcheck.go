package watchman

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// RecordChecks prove the record while the program runs: its structure at the start, all of it on a schedule and when
// somebody asks at the control socket. The check of the record says what they find.
type RecordChecks struct {
	cfg   config.Check // Tmp is absolute
	disk  config.Disk
	data  string
	pages func(ctx context.Context) ([]string, error)
	prove func(ctx context.Context, opt journal.CheckOptions) (journal.Report, error)
	now   func() time.Time
	log   *slog.Logger

	running sync.Mutex // held while all of the record is checked

	mu        sync.Mutex
	structure outcome
	whole     outcome
}

// outcome is what checks of one sort have come to.
type outcome struct {
	ended    time.Time // when the last one came to its end; zero before the first
	problems []string  // that it found
	since    time.Time // when the first of them was found
	failed   error     // why the last one did not come to its end; nil where it did
	at       time.Time // of that
}

// checkWithin bounds one check of all of the record.
const checkWithin = 6 * time.Hour

// NewRecordChecks removes what an earlier run left of its checks.
func NewRecordChecks(j *journal.Journal, cfg config.Config, log *slog.Logger) (*RecordChecks, error) {
	c := &RecordChecks{cfg: cfg.Check, disk: cfg.Disk, data: cfg.Data, pages: j.CheckPages, prove: j.CheckBeside,
		now: j.Wall, log: log}
	if c.cfg.Tmp == "" {
		c.cfg.Tmp = cfg.Data
	}
	var err error
	c.cfg.Tmp, err = filepath.Abs(c.cfg.Tmp)
	return c, errors.Join(err, journal.SweepChecks(c.cfg.Tmp))
}

// Run looks at the structure at once, and at all of the record on the schedule until ctx ends.
func (c *RecordChecks) Run(ctx context.Context) error {
	c.Look(ctx)
	if c.cfg.Schedule == "" {
		<-ctx.Done()
		return nil
	}
	times, wrong := schedule.Parse(c.cfg.Schedule)
	if wrong != nil { // the configuration was checked
		return fmt.Errorf("check.schedule: %s", wrong.Message("en"))
	}
	times.Run(ctx, c.log, func() {
		if _, err := c.All(ctx, "", nil); err != nil && ctx.Err() == nil {
			c.log.Error("the record could not be checked; the next time of the schedule tries anew", "err", err)
		}
	})
	return nil
}

// Look checks the structure of the record's file.
func (c *RecordChecks) Look(ctx context.Context) {
	found, err := c.pages(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.log.Error("the structure of the record could not be checked", "err", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.structure.note(c.now(), found, err)
	c.tell("structure", found)
}

// All checks all of the record, one at a time, with its scratch file below tmp, or where it is configured to be. It
// ends with ctx.
func (c *RecordChecks) All(ctx context.Context, tmp string, progress func(block, of uint64)) (journal.Report, error) {
	if !c.running.TryLock() {
		return journal.Report{}, refusal.New(refusal.Conflict, "check.busy", nil)
	}
	defer c.running.Unlock()
	asked := tmp != "" // for a folder of which only who asked knows
	if !asked {
		tmp = c.cfg.Tmp
	} else if !filepath.IsAbs(tmp) {
		return journal.Report{}, refusal.New(refusal.Invalid, "check.relative", refusal.Args{"folder": tmp})
	}
	keep, err := folder.KeepFree(c.data, filepath.Join(tmp, "scratch"), c.disk)
	if err != nil {
		c.gaveUp(ctx, err, asked)
		return journal.Report{}, err
	}
	limited, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	begun := time.Now()
	r, err := c.prove(limited, journal.CheckOptions{Tmp: tmp, KeepFree: keep, Progress: progress})
	if err != nil {
		c.gaveUp(ctx, err, asked)
		return r, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole.note(c.now(), r.Problems, nil)
	c.structure.note(c.now(), nil, nil) // it was part of it, and what is wrong with it stands among the problems
	c.tell("all", r.Problems)
	c.log.Info("the record was checked", "ok", r.OK, "blocks", r.Blocks, "problems", len(r.Problems), "took",
		time.Since(begun).Round(time.Millisecond),
		"longest_read", r.Held.Round(time.Millisecond))
	return r, nil
}

// gaveUp keeps why a check did not come to its end, unless nobody wanted it any more, or the folder that was asked for
// may be the reason.
func (c *RecordChecks) gaveUp(ctx context.Context, err error, asked bool) {
	if ctx.Err() != nil || asked {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole.note(c.now(), nil, err)
}

// note keeps how a check ended. One that did not come to its end says nothing of what was found before.
func (o *outcome) note(at time.Time, problems []string, err error) {
	if o.failed, o.at = err, at; err != nil && len(problems) == 0 {
		return
	}
	if len(o.problems) == 0 {
		o.since = at
	}
	o.problems = problems
	if err == nil {
		o.ended = at
	}
}

func (c *RecordChecks) tell(of string, problems []string) {
	const said = 20
	if len(problems) > 0 {
		c.log.Error("the record is damaged", "check", of, "problems", len(problems), "first",
			strings.Join(problems[:min(said, len(problems))], "; "))
	}
}

// Finding judges what the checks have found.
func (c *RecordChecks) Finding() watch.Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range []outcome{c.whole, c.structure} {
		if len(o.problems) > 0 {
			return watch.Fail("watch.record_damaged",
				refusal.Args{"since": toSecond(o.since), "count": len(o.problems), "first": o.problems[0]})
		}
	}
	for _, o := range []outcome{c.whole, c.structure} {
		if o.failed != nil {
			return watch.Degrade("watch.record_unchecked", refusal.Args{"at": toSecond(o.at), "why": refusal.WordsOf(o.failed)})
		}
	}
	return watch.Finding{}
}

// Ended is when the last check of the structure and the last of all came to their ends, zero for none, and what they
// found.
func (c *RecordChecks) Ended() (structure, all time.Time, problems int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.structure.ended, c.whole.ended, len(c.structure.problems) + len(c.whole.problems)
}
