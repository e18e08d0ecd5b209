package stations

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// A report that its sender gave up is no trouble of this node; one that cannot be kept is told of.
func TestAReportThatItsSenderGaveUp(t *testing.T) {
	var log bytes.Buffer
	n := OpenNode(NodeOptions{Dir: t.TempDir(), Station: new(book).station, MaxBytes: 1 << 20, Raw: time.Hour, Minutes: time.Hour,
		Hours: time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil)), Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	take := func(ctx context.Context) (told bool) {
		t.Helper()
		err := n.Take(ctx, telemetry.Received{Sort: telemetry.Message, MN: "A", From: "feeder", Raw: []byte("{}")})
		if refusal.CodeOf(err) != refusal.NotReady {
			t.Errorf("it is answered %v", err)
		}
		return strings.Contains(log.String(), "could not be kept")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if take(ctx) {
		t.Errorf("what was given up is told of: %s", log.String())
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !take(t.Context()) {
		t.Errorf("what cannot be kept is not told of: %s", log.String())
	}
}
