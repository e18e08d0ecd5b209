package watchman

import (
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/watch"
)

// How long passes may fail, as they do while readings are not there yet after a start, and how long none may end.
const (
	judgingFails  = 5 * time.Minute
	judgingBehind = 20 * time.Minute
)

// judgingFinding judges whether orders are held against what is measured. A plant that does not obey is no fault of the
// program, and a node that does not lead has nothing to say.
func judgingFinding(s judging.Status, now time.Time) watch.Finding {
	last := s.Ended
	if last.IsZero() {
		last = s.Since
	}
	switch {
	case !s.Leads:
	case !s.Failing.IsZero() && now.Sub(s.Failing) > judgingFails:
		return watch.Degrade("watch.judging_fails", refusal.Args{"since": toSecond(s.Failing), "why": refusal.WordsOf(s.Trouble)})
	case now.Sub(last) > judgingBehind:
		return watch.Degrade("watch.judging_behind",
			refusal.Args{"since": toSecond(last), "cases": s.Cases, "took": s.Took.Round(time.Second)})
	}
	return watch.Finding{}
}
