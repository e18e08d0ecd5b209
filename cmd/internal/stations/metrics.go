package stations

import (
	"github.com/prometheus/client_golang/prometheus"

	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// Metrics count what stations do. No label has values that somebody outside chooses.
type Metrics struct {
	reg      prometheus.Registerer // nil counts for nobody
	frames   *prometheus.CounterVec
	unknown  *prometheus.CounterVec
	refused  *prometheus.CounterVec
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	storm    prometheus.Counter

	taken, failed, lost, slow prometheus.Counter
}

// NewMetrics has all of them at 0.
func NewMetrics() *Metrics {
	counts := func(name, help, label string, values ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_hj212_" + name, Help: help}, []string{label})
		for _, v := range values {
			c.WithLabelValues(v) // shown as 0: an alert on an increase misses what begins at 1
		}
		return c
	}
	one := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "qingkong_hj212_" + name, Help: help})
	}
	m := &Metrics{
		frames: counts("frames_total",
			"Good frames of registered stations: taken and durable, or failed to become so and not confirmed; "+
				"lost are refused bytes and strangers' frames that were not kept.", "outcome", "taken", "failed", "lost"),
		unknown: counts("unknown_total", "Good frames that are nobody's, by why.", "why", whyUnregistered, whyRetired,
			whyNoFrames, whyPassword, whyGuesses, whyNoMN, whyRegister),
		refused: counts("refused_total", "Runs of bytes that are no good frame, by what is wrong with them.", "why",
			faults...),
		requests: counts("requests_total", "Requests to stations: frames sent, and what became of them.", "outcome",
			"sent", string(dialog.Done), string(dialog.Rejected), string(dialog.Failed), string(dialog.Silent),
			string(dialog.Unfinished), string(dialog.Broken)),
		bytes: one("bytes_total", "Bytes that came from stations over TCP."),
		storm: one("connections_slowed_total", "Connections closed because their address connects too often."),
		slow:  one("slow_readers_total", "Confirmations and requests that a station did not take; its connection is closed."),
	}
	m.taken, m.failed, m.lost = m.frames.WithLabelValues("taken"), m.frames.WithLabelValues("failed"),
		m.frames.WithLabelValues("lost")
	return m
}

// faults are the names by which bytes are refused.
var faults = []string{string(hj212.NoStart), string(hj212.LengthForm), string(hj212.Length), string(hj212.CRCForm),
	string(hj212.CRCWrong), string(hj212.Key), string(hj212.Cut)}

func (m *Metrics) refusedBy(name hj212.Name) prometheus.Counter {
	return m.refused.WithLabelValues(string(name))
}

func (m *Metrics) registry() prometheus.Registerer { return m.reg }

// Register shows them.
func (m *Metrics) Register(reg prometheus.Registerer) {
	m.reg = reg
	reg.MustRegister(m.frames, m.unknown, m.refused, m.requests, m.bytes, m.storm, m.slow)
}
