package judging

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status is how the passes of this node go. Its times but Hour are the machine's.
type Status struct {
	Leads   bool      // this node is the one to judge
	Begun   time.Time // when the pass that runs began; zero while none does
	Ended   time.Time // when the last one that ended did; zero for none since this node leads
	Since   time.Time // when this node began to lead
	Took    time.Duration
	Cases   int       // recipients under a warning that the last pass looked at
	Trouble error     // why the last pass did not judge all
	Failing time.Time // since when passes do not; zero where they do
	NoData  int       // results without data of the hour that was summed last
	Hour    time.Time // that hour; zero for none
}

// Status is how it is now.
func (e *Evaluator) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status
}

// noted changes the status.
func (e *Evaluator) noted(change func(s *Status)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.status)
}

// ended notes how a pass ended.
func (e *Evaluator) ended(begun time.Time, n int, err error) {
	e.passes.Observe(time.Since(begun).Seconds())
	e.noted(func(s *Status) {
		now := time.Now()
		s.Begun, s.Ended, s.Took, s.Cases = time.Time{}, now, time.Since(begun), n
		switch {
		case errors.Is(err, context.Canceled): // this node leads no more
			return
		case err == nil:
			s.Failing = time.Time{}
		case s.Failing.IsZero():
			s.Failing = now
		}
		s.Trouble = err
	})
}

// Register shows the figures of the passes.
func (e *Evaluator) Register(reg prometheus.Registerer) {
	gauge := func(name, help string, of func(s *Status) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "qingkong_judging_" + name, Help: help}, func() float64 {
			s := e.Status()
			return of(&s)
		})
	}
	reg.MustRegister(e.passes,
		gauge("cases", "Recipients under a warning that the last pass looked at.",
			func(s *Status) float64 { return float64(s.Cases) }),
		gauge("no_data", "Monitors of which nothing is known in the hour that was summed last.",
			func(s *Status) float64 { return float64(s.NoData) }),
		gauge("failing_seconds", "How long passes have not judged all orders; 0 where they do.",
			func(s *Status) float64 {
				if s.Failing.IsZero() {
					return 0
				}
				return max(0, time.Since(s.Failing).Seconds())
			}),
	)
}

func newPasses() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "qingkong_judging_pass_seconds",
		Help: "How long passes over all orders that are judged took.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)})
}
