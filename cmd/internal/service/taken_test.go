package service

import (
	"fmt"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

// A key stands for what was sent and as what: the same bytes as another kind, or with times that end, are another content.
func TestWhatAKeyStandsFor(t *testing.T) {
	k := newTakenKeys()
	body := []byte("x")
	k.keep("k", contentOf(calls.CSVMedia, "starts", body), clock(0, 0), calls.TelemetryTaken{Taken: 7})
	for _, c := range []struct {
		kind, ends, body string
		after            time.Duration
		seen, refused    bool
	}{
		{calls.CSVMedia, "starts", "x", takenKeyLife, true, false},
		{calls.CSVMedia, "ends", "x", 0, true, true},
		{"message", "starts", "x", 0, true, true},
		{calls.CSVMedia, "starts", "y", 0, true, true},
		{calls.CSVMedia, "starts", "x", takenKeyLife + 1, false, false},
	} {
		got, seen, err := k.answered("k", contentOf(c.kind, c.ends, []byte(c.body)), clock(0, 0).Add(c.after))
		if seen != c.seen || (refusal.CodeOf(err) == refusal.Conflict) != c.refused || (got.Taken == 7) != (seen && !c.refused) {
			t.Errorf("%+v: %+v, %v, %v", c, got, seen, err)
		}
	}
}

// The answers kept are bounded by their number, their age and by what they tell.
func TestAnswersKeptAreBounded(t *testing.T) {
	is := contentOf("message", "", nil)
	k := newTakenKeys()
	for i := range takenKeysMost + 50 {
		k.keep(fmt.Sprint(i), is, clock(0, 0), calls.TelemetryTaken{Notes: make([]calls.TelemetryNote, 1)})
	}
	if len(k.of) != takenKeysMost || len(k.last) != takenKeysMost || k.rows != takenKeysMost {
		t.Errorf("%d keys, %d in order, %d rows", len(k.of), len(k.last), k.rows)
	}
	if _, seen, _ := k.answered("49", is, clock(0, 0)); seen {
		t.Error("the oldest is kept")
	}
	k.keep("new", is, clock(0, 0).Add(takenKeyLife+1), calls.TelemetryTaken{})
	if len(k.of) != 1 || len(k.last) != 1 || k.rows != 0 {
		t.Errorf("a day later %d keys, %d rows", len(k.of), k.rows)
	}
	const points = takenRowsMost / 10
	for i := range 30 {
		for range 2 { // a repeat that came beside the first
			k.keep(fmt.Sprint("table", i), is, clock(0, 0).Add(takenKeyLife), calls.TelemetryTaken{Points: make([]calls.PointTaken, points)})
		}
	}
	if len(k.of) != 10 || k.rows != takenRowsMost {
		t.Errorf("%d tables with %d rows", len(k.of), k.rows)
	}
}

// A table's answer has the notes of its meters, each name once with how often.
func TestATablesAnswerHasTheNotesOfItsMeters(t *testing.T) {
	var out calls.TelemetryTaken
	at := map[telemetry.Point]int{}
	for i := range 3 {
		out.AddPoint(at, calls.TelemetryTaken{Point: telemetry.Point(fmt.Sprint("DB", i%2)), Taken: 4,
			Notes: []calls.TelemetryNote{{Name: "late", Message: fmt.Sprint("words of ", i), Count: 2}}})
	}
	if len(out.Points) != 2 || out.Taken != 12 || len(out.Notes) != 1 ||
		out.Notes[0] != (calls.TelemetryNote{Name: "late", Message: "words of 0", Count: 6}) {
		t.Errorf("%+v", out)
	}
}

// A cursor that no page gave is refused, whatever number stands in it; one that a page gave is read back.
func TestCursors(t *testing.T) {
	for _, p := range []onWall{{}, {1, 1481880000, "MN1"}, {4, 0, "东门 1.2"}, {2, 5, "a b"}} {
		if got, err := readWallCursor(p.cursor()); err != nil || got != p {
			t.Errorf("%q: %+v, %v", p.cursor(), got, err)
		}
	}
	for _, c := range []string{"x", "1", "1.2", "1.x.M", "01.2.M", "99999999999999999999.1.M", "1.99999999999999999999.M"} {
		if _, err := readWallCursor(c); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("the wall takes %q: %v", c, err)
		}
	}
	at := clock(9, 30)
	for _, skip := range []int{0, 5, passesCounted} {
		c := fmt.Sprintf("%d.%d", at.UnixMilli(), skip)
		if from, got, err := readPassCursor(c); err != nil || got != skip || !from.Equal(at) {
			t.Errorf("%q: %s, %d, %v", c, from, got, err)
		}
	}
	for _, c := range []string{"x", "5", "5.", ".5", "5.-1", "05.1", "5.9223372036854775807", "9223372036854775807.1",
		"-9223372036854775808.1", "99999999999999999999.1", "5.200001"} {
		if _, _, err := readPassCursor(c); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("passes take %q: %v", c, err)
		}
	}
}
