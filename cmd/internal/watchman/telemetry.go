package watchman

import (
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/stations"
	"qingkong/cmd/internal/watch"
)

// How far reception may be ahead of the clock, how long what stations send may be kept without being readings, in a run and
// after a start, and how long it is told that frames were removed.
const (
	telemetryAhead  = time.Minute
	telemetryBehind = 5 * time.Minute
	telemetryTold   = 24 * time.Hour

	telemetryRemakes = 10 * time.Second
)

// telemetryFinding judges how what stations send is kept. A station that is silent is no fault of the program.
func telemetryFinding(s stations.Status, now time.Time) watch.Finding {
	switch {
	case s.Unkept != nil && s.Shared:
		return watch.Fail("watch.telemetry_unconfirmed",
			refusal.Args{"since": toSecond(s.UnkeptSince), "why": refusal.WordsOf(s.Unkept)})
	case s.Unkept != nil:
		return watch.Fail("watch.telemetry_unkept",
			refusal.Args{"since": toSecond(s.UnkeptSince), "why": refusal.WordsOf(s.Unkept)})
	case now.Sub(s.BySize) < telemetryTold && s.Lost:
		return watch.Degrade("watch.telemetry_lost", refusal.Args{"at": toSecond(s.BySize), "setting": "telemetry.max_gb"})
	case s.Ahead > telemetryAhead:
		return watch.Fail("watch.telemetry_ahead",
			refusal.Args{"at": toSecond(s.AheadAt), "for": s.Ahead.Round(time.Second), "file": "frames.db"})
	case s.Unfollowed != nil:
		return watch.Degrade("watch.telemetry_unfollowed",
			refusal.Args{"since": toSecond(s.UnfollowedSince), "why": refusal.WordsOf(s.Unfollowed)})
	case s.NoRoom:
		return watch.Degrade("watch.telemetry_full", refusal.Args{"since": toSecond(s.UnbuiltFrom)})
	case s.Unbuilt != nil:
		return watch.Degrade("watch.telemetry_unbuilt",
			refusal.Args{"since": toSecond(s.UnbuiltFrom), "why": refusal.WordsOf(s.Unbuilt)})
	case !s.Remaking.IsZero() && now.Sub(s.Remaking) > telemetryRemakes:
		return watch.Degrade("watch.telemetry_remaking",
			refusal.Args{"since": toSecond(s.Remaking), "share": min(int(s.Remade*100), 99)})
	case s.Behind > telemetryBehind:
		return watch.Degrade("watch.telemetry_behind", refusal.Args{"for": s.Behind.Round(time.Second)})
	case now.Sub(s.Missed) < telemetryTold:
		return watch.Degrade("watch.telemetry_missed", refusal.Args{"at": toSecond(s.Missed), "setting": "telemetry.stream_gb"})
	case now.Sub(s.BySize) < telemetryTold:
		return watch.Degrade("watch.telemetry_size", refusal.Args{"at": toSecond(s.BySize), "setting": "telemetry.max_gb"})
	}
	return watch.Finding{}
}
