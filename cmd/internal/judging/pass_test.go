package judging_test

import (
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// What is kept of an hour has the root that the record has, for hours too that nobody summed in time; what was seen of a
// case by passes that leave still cases out is what a fresh look sees.
func TestTheRootIsOverWhatIsKept(t *testing.T) {
	p := newPlant(t)
	results := judging.OpenResults(judging.ResultOptions{Dir: t.TempDir(), Keep: 400 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := results.Close(t.Context()); err != nil {
			t.Log(err) // the context may have ended
		}
	})
	p.keep = results.Keep
	p.eval = p.fresh(p.readings)
	p.says(0, 30, 31, 32)
	p.until(3)
	p.until(3.2)
	p.says(3, 33)
	p.until(9) // some hours at once
	for at := p.due; at.Before(p.due.Add(6 * time.Hour)); at = at.Add(time.Hour) {
		leaves, err := results.Of(at)
		if err != nil || len(leaves) == 0 {
			t.Fatalf("%v: %d leaves, %v", at, len(leaves), err)
		}
		root, err := compliance.RootOf(leaves)
		if err != nil {
			t.Fatal(err)
		}
		var sum compliance.HourSum
		err = p.Svc.J.View(func(tx *bbolt.Tx) (err error) { sum, err = compliance.GetHour(tx, at); return err })
		if err != nil || sum.Root != root || sum.Pass+sum.Fail+sum.NoData+sum.Tagged != len(leaves) {
			t.Errorf("%v: the record has %+v (%v), what is kept the root %s over %d", at, sum, err, root, len(leaves))
		}
	}
	p.says(1, 50, 51) // late, and of hours that were told of otherwise: nothing of it may be left out as still
	p.until(9.1)
	_, f := p.verdict()
	if f == nil || f.Verdict != judge.Suspected {
		t.Errorf("late data of a case that was still change nothing: %+v", f)
	}
	p.eval = p.fresh(p.readings)
	height := p.Svc.J.Height()
	p.until(9.1)
	if p.Svc.J.Height() != height {
		t.Error("another evaluator sees something else")
	}
}
