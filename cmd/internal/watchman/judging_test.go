package watchman

import (
	"errors"
	"testing"
	"time"

	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/watch"
)

// That a node does not lead, and the first minutes of passes that fail, are nothing to tell.
func TestJudgingFinding(t *testing.T) {
	now := time.Now()
	no := errors.New("damaged")
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	is(t, "another node leads", judgingFinding(judging.Status{Failing: ago(time.Hour), Trouble: no}, now), watch.OK, "", false)
	is(t, "all is well", judgingFinding(judging.Status{Leads: true, Since: ago(time.Hour), Ended: ago(time.Minute)}, now),
		watch.OK, "", false)
	is(t, "readings are not there yet", judgingFinding(judging.Status{Leads: true, Since: ago(time.Minute),
		Ended: now, Failing: ago(time.Minute), Trouble: no}, now), watch.OK, "", false)
	is(t, "one recipient cannot be judged", judgingFinding(judging.Status{Leads: true, Since: ago(time.Hour), Ended: now,
		Failing: ago(6 * time.Minute), Trouble: no}, now), watch.Degraded, "watch.judging_fails", false)
	is(t, "a pass does not end", judgingFinding(judging.Status{Leads: true, Since: ago(2 * time.Hour), Ended: ago(time.Hour),
		Begun: ago(time.Hour)}, now), watch.Degraded, "watch.judging_behind", false)
	is(t, "the first pass does not end", judgingFinding(judging.Status{Leads: true, Since: ago(time.Hour),
		Begun: ago(time.Hour)}, now), watch.Degraded, "watch.judging_behind", false)
}
