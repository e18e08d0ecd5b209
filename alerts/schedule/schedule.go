// Package schedule is the times at which the program does something by itself: five cron fields (minute, hour, day,
// month, day of the week) or a form like @every 10m, always in China Standard Time.
//
// robfig/cron stands behind it and nowhere else. Its parser (v3.0.1) panics at "TZ=UTC", and takes what it does not do:
// another zone, an interval that it lengthens, a day that never comes.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"qingkong/alerts/refusal"
)

const (
	// leastEvery is the shortest @every: cron rounds anything shorter up to it without saying so.
	leastEvery = time.Second
	// maxSpec is longer than any spec that somebody means: sixty minutes, each by itself, have 169 characters.
	maxSpec = 400
)

// zone is China Standard Time. It has had no daylight saving since 1991.
var zone = time.FixedZone("CST", 8*60*60)

// Schedule is the times of one spec. The zero Schedule has none.
type Schedule struct{ times cron.Schedule }

// Parse reads a spec. wrong says what it is that cannot work and what would, in a rule of the catalogue whose value is
// the spec; its path is the caller's to fill in with the setting. nil is a schedule that comes again and again.
func Parse(spec string) (s Schedule, wrong *refusal.Field) {
	no := func(rule string, more refusal.Args) (Schedule, *refusal.Field) {
		args := refusal.Args{"value": spec}
		for k, v := range more {
			args[k] = v
		}
		return Schedule{}, &refusal.Field{Rule: rule, Args: args}
	}
	switch {
	case len(spec) > maxSpec:
		spec = spec[:40] + "…"
		return no("schedule.wrong", refusal.Args{"why": fmt.Sprintf("more than %d bytes", maxSpec)})
	case strings.Contains(spec, "TZ="):
		return no("schedule.zone", nil)
	}
	if word := strings.TrimSpace(spec); !strings.HasPrefix(word, "@") && !fiveFields(word) {
		return no("schedule.wrong", refusal.Args{"why": "not five fields"})
	}
	plan, err := parse(spec)
	if err != nil {
		return no("schedule.wrong", refusal.Args{"why": err})
	}
	if _, every := plan.(cron.ConstantDelaySchedule); every {
		d, err := time.ParseDuration(strings.TrimPrefix(spec, "@every "))
		if err != nil || d < leastEvery {
			return no("schedule.often", refusal.Args{"least": leastEvery})
		}
	}
	if s = (Schedule{plan}); s.Next(time.Now()).IsZero() {
		return no("schedule.never", nil)
	}
	return s, nil
}

// fiveFields says whether a spec has as many, none of them an empty list: cron takes "," for times that there are none
// of, and looks for them for years.
func fiveFields(spec string) bool {
	fields := strings.Fields(spec)
	for _, f := range fields {
		if strings.Trim(f, ",") == "" {
			return false
		}
	}
	return len(fields) == 5
}

// parse is cron's parser with its panics as errors.
func parse(spec string) (plan cron.Schedule, err error) {
	defer func() {
		if v := recover(); v != nil {
			plan, err = nil, fmt.Errorf("%v", v)
		}
	}()
	return cron.ParseStandard(spec)
}

// Next is the first time after one, in the zone of that; zero where none comes within five years.
func (s Schedule) Next(after time.Time) time.Time {
	if s.times == nil {
		return time.Time{}
	}
	return s.times.Next(after.In(zone)).In(after.Location())
}

// Run does work at each time of the schedule until ctx ends, and returns when none is under way. A time that comes
// while work is still under way is left out; a panic of work is logged and ends that one turn.
func (s Schedule) Run(ctx context.Context, log *slog.Logger, work func()) {
	if s.times == nil {
		<-ctx.Done()
		return
	}
	// Recover stands inside: SkipIfStillRunning never runs a job again that has panicked through it (cron v3.0.1).
	failures := lines{log}
	c := cron.New(cron.WithLocation(zone), cron.WithLogger(failures),
		cron.WithChain(cron.SkipIfStillRunning(failures), cron.Recover(failures)))
	c.Schedule(s.times, cron.FuncJob(work))
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
}

// lines puts cron's messages into the log; that a schedule ran is worth no line above debug.
type lines struct{ log *slog.Logger }

func (l lines) Info(msg string, args ...any) { l.log.Debug("schedule: "+msg, args...) }
func (l lines) Error(err error, msg string, args ...any) {
	l.log.Error("schedule: "+msg, append(args, "error", err)...)
}
