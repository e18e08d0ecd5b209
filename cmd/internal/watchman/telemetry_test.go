package watchman

import (
	"errors"
	"testing"
	"time"

	"qingkong/cmd/internal/stations"
	"qingkong/cmd/internal/watch"
)

// What is not kept is a failure; what is kept and not yet read, or went for its size, is said; nothing else is.
func TestTelemetryFinding(t *testing.T) {
	now := time.Now()
	no := errors.New("no space")
	is(t, "all is well", telemetryFinding(stations.Status{Behind: time.Minute, Waiting: 100}, now), watch.OK, "", false)
	is(t, "nothing is kept", telemetryFinding(stations.Status{Unkept: no, UnkeptSince: now, Unbuilt: no}, now),
		watch.Failed, "watch.telemetry_unkept", false)
	is(t, "the stream confirms nothing", telemetryFinding(stations.Status{Unkept: no, UnkeptSince: now, Shared: true}, now),
		watch.Failed, "watch.telemetry_unconfirmed", false)
	is(t, "the stream is not followed", telemetryFinding(stations.Status{Shared: true, Unfollowed: no, UnfollowedSince: now}, now),
		watch.Degraded, "watch.telemetry_unfollowed", false)
	is(t, "some of the stream is missing", telemetryFinding(stations.Status{Shared: true, Missed: now.Add(-time.Hour)}, now),
		watch.Degraded, "watch.telemetry_missed", false)
	is(t, "some of it was, two days ago", telemetryFinding(stations.Status{Shared: true, Missed: now.Add(-48 * time.Hour)}, now),
		watch.OK, "", false)
	is(t, "the clock was ahead", telemetryFinding(stations.Status{Ahead: time.Hour, AheadAt: now, Behind: time.Hour}, now),
		watch.Failed, "watch.telemetry_ahead", false)
	is(t, "it was by little", telemetryFinding(stations.Status{Ahead: time.Minute, AheadAt: now}, now), watch.OK, "", false)
	is(t, "readings are lost while there are troubles", telemetryFinding(stations.Status{BySize: now, Lost: true,
		Unbuilt: no, UnbuiltFrom: now, Behind: time.Hour, Missed: now}, now), watch.Degraded, "watch.telemetry_lost", false)
	is(t, "nothing is built", telemetryFinding(stations.Status{Unbuilt: no, UnbuiltFrom: now}, now), watch.Degraded,
		"watch.telemetry_unbuilt", false)
	is(t, "the disk is nearly full", telemetryFinding(stations.Status{Unbuilt: no, UnbuiltFrom: now, NoRoom: true}, now),
		watch.Degraded, "watch.telemetry_full", false)
	is(t, "readings are made again for a while", telemetryFinding(stations.Status{Remaking: now.Add(-time.Minute), Remade: 0.5,
		Behind: time.Minute}, now), watch.Degraded, "watch.telemetry_remaking", false)
	is(t, "since a moment", telemetryFinding(stations.Status{Remaking: now.Add(-time.Second), Behind: time.Second}, now), watch.OK,
		"", false)
	is(t, "readings are behind", telemetryFinding(stations.Status{Behind: time.Hour}, now), watch.Degraded,
		"watch.telemetry_behind", false)
	is(t, "too much", telemetryFinding(stations.Status{BySize: now.Add(-time.Hour)}, now), watch.Degraded,
		"watch.telemetry_size", false)
	is(t, "too much, and never read", telemetryFinding(stations.Status{BySize: now.Add(-time.Hour), Lost: true}, now),
		watch.Degraded, "watch.telemetry_lost", false)
	is(t, "too much, two days ago", telemetryFinding(stations.Status{BySize: now.Add(-48 * time.Hour)}, now), watch.OK, "", false)
}
