package judging_test

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
)

// counted are readings that count how often series are read: what rests reads none. earliest is the first hour that was
// read of a point, 0 for none.
type counted struct {
	judging.Readings
	n atomic.Int64

	of       telemetry.Point
	earliest atomic.Int64
}

func (c *counted) Series(ctx context.Context, p telemetry.Point, step telemetry.Step, from, to time.Time,
	limit int) ([]telemetry.Kept, error) {
	c.n.Add(1)
	if first := c.earliest.Load(); p == c.of && (first == 0 || from.Unix() < first) {
		c.earliest.Store(from.Unix())
	}
	return c.Readings.Series(ctx, p, step, from, to, limit)
}

// While the record takes nothing a pass ends with that alone; what it saw is recorded once there is room, though nothing
// moved since.
func TestARecordThatTakesNothing(t *testing.T) {
	p := newPlant(t)
	p.until(1.6) // until here hours are summed
	p.says(0, 40, 41)
	p.Fill(true)
	for range 2 {
		height := p.Svc.J.Height()
		_, err := p.eval.Pass(t.Context())
		if refusal.CodeOf(err) != refusal.NotReady || strings.Contains(err.Error(), "\n") {
			t.Errorf("the pass ends with %v", err)
		}
		if v, f := p.verdict(); v != "none" || f != nil || p.Svc.J.Height() != height {
			t.Errorf("%s, %+v", v, f)
		}
	}
	p.Fill(false)
	p.until(2)
	if v, f := p.verdict(); v != "suspected" || f == nil {
		t.Errorf("once there is room: %s, %+v", v, f)
	}
}

// unmade are readings that lack some of what came for as long as why is set.
type unmade struct {
	judging.Readings
	why error
}

func (u *unmade) Ready(ctx context.Context) error { return cmp.Or(u.why, u.Readings.Ready(ctx)) }

// While readings lack what came nothing is taken for missing: no verdict and no sum of an hour that is due is recorded,
// and both are once the readings are there.
func TestReadingsThatAreNotMadeYet(t *testing.T) {
	p := newPlant(t)
	p.until(1.6) // until here hours are summed
	u := &unmade{Readings: p.readings, why: refusal.New(refusal.NotReady, "stations.remaking", refusal.Args{"share": 5})}
	p.eval = p.fresh(u)
	p.Elapse(6 * time.Hour) // without data by then
	height := p.Svc.J.Height()
	if n, err := p.eval.Pass(t.Context()); n != 0 || refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("the pass looks at %d and ends with %v", n, err)
	}
	if v, f := p.verdict(); v != "none" || f != nil || p.Svc.J.Height() != height {
		t.Errorf("before the readings are there: %s, %+v", v, f)
	}
	u.why = nil
	p.says(0, 30, 31, 32, 33, 34)
	p.until(7.7)
	if v, f := p.verdict(); v != "no_data" || f != nil || p.Svc.J.Height() == height { // of its other monitors nothing came
		t.Errorf("once they are: %s, %+v", v, f)
	}
}

// A case of which something was found rests like any other, until something is said of it, or the time for that is up.
func TestAFindingRests(t *testing.T) {
	p := newPlant(t)
	reads := &counted{Readings: p.readings}
	p.eval = p.fresh(reads)
	looks := func(hours float64) bool {
		t.Helper()
		before := reads.n.Load()
		p.until(hours)
		return reads.n.Load() > before
	}
	p.says(0, 40, 41, 42, 43)
	p.until(4.2) // told
	p.until(4.2) // and looked at once more
	if _, f := p.verdict(); f == nil || f.Verdict != judge.Suspected {
		t.Fatalf("%+v", f)
	}
	if looks(4.3) {
		t.Error("it is looked at again though nothing moved")
	}
	p.until(8.1)
	if p.until(8.1); looks(8.15) {
		t.Error("in its fifth hour it is looked at again though nothing moved")
	}
	if p.until(8.21); p.violated() != judge.Violated {
		t.Error("the time to explain is over, and it rests")
	}
	p.until(8.21)
	_, f := p.verdict()
	explain := compliance.Explain{Finding: f.ID, Recipient: "E0001", NoteRef: "v1", NoteHash: "h1"}
	if err := p.submit(judging.CommandExplain, "E0001", explain); err != nil {
		t.Fatal(err)
	}
	if !looks(8.22) || looks(8.23) {
		t.Error("what is said of it has it looked at once")
	}
	if err := p.submit(judging.CommandDecide, "duty", compliance.DecideExplanation{Finding: f.ID, Decision: compliance.Accept}); err != nil {
		t.Fatal(err)
	}
	if p.until(8.24); p.violated() >= judge.Suspected {
		t.Error("the explanation was accepted, and it rests")
	}
}

func (p *plant) violated() judge.Verdict {
	p.t.Helper()
	_, f := p.verdict()
	if f.Cleared {
		return judge.Compliant
	}
	return f.Verdict
}

// What is said of a finding, by whichever way, and what is decided on it has the orders judged at once.
func TestJudgingReactsAtOnce(t *testing.T) {
	p := newPlant(t)
	p.Svc.Judging = p.eval
	p.says(0, 40, 41)
	p.says(0, 30)
	p.until(2)
	_, f := p.verdict()
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); running.Wait() })
	running.Go(func() { p.eval.Run(ctx) })
	var last time.Time
	passed := func(act string) {
		t.Helper()
		stationstest.Eventually(t, "a pass behind "+act, func() bool {
			s := p.eval.Status()
			return s.Leads && s.Ended.After(last)
		})
		last = p.eval.Status().Ended
	}
	passed("the start")
	enterprise := service.Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	duty, id := service.By("duty"), calls.ByID{ID: f.ID}
	for _, act := range []struct {
		name string
		do   func() error
	}{
		{"an explanation", func() error {
			_, err := p.Svc.ExplainFinding(t.Context(), enterprise, calls.Explanation{ByID: id, Note: "校准（示例）"})
			return err
		}},
		{"a rejection", func() error {
			_, err := p.Svc.DecideFinding(t.Context(), duty, calls.ExplanationDecision{ByID: id, Decision: compliance.Reject, Reason: "不符"})
			return err
		}},
		{"an explanation over NATS", func() error {
			done := make(chan error, 1)
			p.Svc.ExplainBy("E0001", false, []byte(`{"finding_id":"`+f.ID+`","action":"explain","note":"又校准（示例）"}`),
				func(_ string, err error) { done <- err })
			return <-done
		}},
		{"a value that is taken", func() error {
			_, err := p.Svc.ChooseValue(t.Context(), duty, calls.ValueChoice{ByID: id, At: f.Hours[0].At, Value: new(30.0), Reason: "校准后"})
			return err
		}},
	} {
		if err := act.do(); err != nil {
			t.Fatalf("%s: %v", act.name, err)
		}
		passed(act.name)
	}
}
