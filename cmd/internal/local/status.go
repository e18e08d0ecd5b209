package local

import (
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status is how a store is.
type Status struct {
	File    string
	Queue   int           // updates that wait
	Busy    time.Duration // how long the batch at hand has been written; 0 for none
	Trouble error         // why the file could not be opened or written last, since Since; nil where it could
	Since   time.Time
	Aside   []Aside  // damaged files, the oldest first
	Lost    []string // what was lost with them: the tenants' rules
}

// Status is how the store is now. It has one that is in trouble tried again.
func (s *Store) Status() Status {
	st := Status{File: s.path, Queue: len(s.queue), Aside: s.aside()}
	if begun := s.busy.Load(); begun != 0 {
		st.Busy = s.opt.Clock().Sub(time.Unix(0, begun))
	}
	for _, t := range s.tenants {
		if len(st.Aside) > 0 && t.Lost != "" {
			st.Lost = append(st.Lost, t.Lost)
		}
	}
	s.state.Lock()
	defer s.state.Unlock()
	if st.Trouble, st.Since = s.trouble, s.since; st.Trouble != nil {
		s.look() // a file that is not open is tried again
	}
	return st
}

// Register shows the store's figures; of several stores each by the name of its file.
func (s *Store) Register(reg prometheus.Registerer) {
	label := prometheus.Labels{"file": filepath.Base(s.path)}
	count := func(name, help string, of func() uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: label},
			func() float64 { return float64(of()) })
	}
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "qingkong_local_queue",
			Help:        "Updates that wait for the writer of a local store.",
			ConstLabels: label}, func() float64 { return float64(len(s.queue)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "qingkong_local_file_bytes",
			Help:        "Size of the file of a local store; 0 where it is not there.",
			ConstLabels: label}, s.bytes),
		count("qingkong_local_commits_total", "Transactions of a local store that were committed.", s.commits.Load),
		count("qingkong_local_updates_total",
			"Updates of a local store that were answered; those of one commit share its fsync.", s.updates.Load),
	)
}

func (s *Store) bytes() float64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return float64(info.Size())
}
