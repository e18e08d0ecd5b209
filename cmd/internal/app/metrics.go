package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
	"qingkong/notify/channel"
)

// newMetrics registers what the program says of itself; HTTP requests are package web's. No label holds what is of a
// person or a recipient, and none has values that somebody outside chooses.
func (a *App) newMetrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	a.answers = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_nats_answers_total",
		Help: "Acts of recipients over NATS that were answered, by outcome: ok or the code of the refusal."},
		[]string{"outcome"})
	a.answers.WithLabelValues("ok") // shown as 0 before the first
	a.logins.Register(reg)          // each part that has figures of its own registers them here
	a.local.Register(reg)
	a.station.Register(reg)
	a.lines.Register(reg)
	a.results.Register(reg)
	a.judging.Register(reg)
	reg.MustRegister(a.batches.commits, a.batches.commands)
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		a.answers, gauges{a})
	return reg
}

// batches is what the writer tells of each of its batches.
type batches struct {
	commits  prometheus.Histogram
	commands prometheus.Counter
}

func newBatches() batches {
	return batches{
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "qingkong_commit_seconds",
			Help: "How long commits of the record took.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)}),
		commands: prometheus.NewCounter(prometheus.CounterOpts{Name: "qingkong_commands_total",
			Help: "Commands that the writer answered, refused ones among them."}),
	}
}

// observe implements [journal.Options.OnBatch].
func (b batches) observe(commands int, commit time.Duration) {
	b.commands.Add(float64(commands))
	if commit > 0 {
		b.commits.Observe(commit.Seconds())
	}
}

// gauges are read when somebody asks.
type gauges struct{ a *App }

// described are all of them.
var described []*prometheus.Desc

func gauge(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("qingkong_"+name, help, labels, nil)
	described = append(described, d)
	return d
}

var (
	checkGauge      = gauge("check_state", "The watchman's checks: 0 ok, 1 degraded, 2 failed.", "name")
	readyGauge      = gauge("ready", "1 while acts can be recorded, 0 while nothing can be written.")
	heightGauge     = gauge("record_height", "Number of the last block that was applied.")
	outboxGauge     = gauge("outbox_rows", "Messages that remain to be sent, now or again later.")
	outboxLateGauge = gauge("outbox_late_seconds", "How long the first message is due; 0 for none.")
	channelLate     = gauge("channel_late_seconds", "How long a channel's first message is due.", "channel")
	channelFailing  = gauge("channel_failing_seconds", "How long a carrier has taken nothing that it was handed.",
		"channel")
	blobsBadGauge   = gauge("blobs_bad", "Files outside the record that are missing or damaged, by state.", "state")
	timersGauge     = gauge("timers_due", "Timers that are due, counted up to 1000.")
	timersLateGauge = gauge("timers_late_seconds", "How long the first timer is due; 0 for none.")
	clockGauge      = gauge("clock_behind_seconds", "How far this machine's clock is behind the record's time.")
	freeGauge       = gauge("disk_free_bytes", "Space that is left on the disk of the data folder.")
	limitGauge      = gauge("disk_limit_bytes",
		"Space below which min: imports, uploads and backups, stop: most acts are refused.", "limit")
	connectedGauge = gauge("nats_connected", "1 for each of our connections with NATS that is up.", "connection")
	checkedGauge   = gauge("record_checked_timestamp_seconds",
		"When the last check of the record came to its end, by check: structure or all; 0 for never.", "check")
	problemsGauge = gauge("record_problems", "Problems that the last check of the record found.")
	mutedGauge    = gauge("nats_cut_off",
		"Users that are cut off from NATS now because they send far more than their share.")
	cutsCounter = gauge("nats_cut_off_total",
		"How often users were cut off from NATS because they sent far more than their share.")
	refusedCounter = gauge("nats_refused_total",
		"Messages of users over NATS that were beyond their share, by their cost.")
	clientsGauge = gauge("nats_clients", "Clients of the embedded NATS server, our own among them.")
)

// Describe implements [prometheus.Collector].
func (gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range described {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (g gauges) Collect(to chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	report := g.a.watchman.Report()
	for _, c := range report.Checks {
		set(checkGauge, severity[c.State], c.Name)
	}
	set(readyGauge, one(report.Status != watch.NotReady))
	room := g.a.Room()
	set(freeGauge, float64(room.FreeMB<<20))
	set(limitGauge, float64(room.MinMB<<20), "min")
	set(limitGauge, float64(room.StopMB<<20), "stop")
	for name, up := range g.a.bus.Connected() {
		set(connectedGauge, one(up), name)
	}
	set(clientsGauge, float64(g.a.bus.Clients()))
	users, cuts := g.a.bus.CutOff()
	set(mutedGauge, float64(len(users)))
	to <- prometheus.MustNewConstMetric(cutsCounter, prometheus.CounterValue, float64(cuts))
	to <- prometheus.MustNewConstMetric(refusedCounter, prometheus.CounterValue, float64(g.a.bus.Refused()))
	structure, all, problems := g.a.checks.Ended()
	set(checkedGauge, unixOf(structure), "structure")
	set(checkedGauge, unixOf(all), "all")
	set(problemsGauge, float64(problems))
	set(heightGauge, float64(g.a.journal.Height()))
	now := g.a.journal.Moment()
	set(clockGauge, now.At.Sub(now.Wall).Seconds())
	blobs := g.a.journal.Blobs()
	set(blobsBadGauge, float64(blobs.Missing), "missing")
	set(blobsBadGauge, float64(blobs.Damaged), "damaged")
	due, err := readDue(g.a.journal, now)
	if err != nil {
		to <- prometheus.NewInvalidMetric(outboxGauge, err)
		return
	}
	set(outboxGauge, float64(due.rows))
	set(outboxLateGauge, due.outboxLate.Seconds())
	failing := map[string]time.Duration{channel.NATS: 0} // shown while all is well
	for _, t := range g.a.dispatch.Troubles() {
		failing[t.Channel] = since(t.Since, now.At)
	}
	for by, long := range failing {
		set(channelFailing, long.Seconds(), by)
		set(channelLate, due.late[by].Seconds(), by)
		delete(due.late, by)
	}
	for by, late := range due.late {
		set(channelLate, late.Seconds(), by)
	}
	set(timersGauge, float64(due.timers))
	set(timersLateGauge, due.timersLate.Seconds())
}

var severity = map[watch.State]float64{watch.OK: 0, watch.Degraded: 1, watch.Failed: 2}

// unixOf is a time in seconds since 1970; 0 for none.
func unixOf(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// due is what waits in the record to be sent or done.
type due struct {
	rows, timers           int
	outboxLate, timersLate time.Duration
	late                   map[string]time.Duration // by channel
}

// timersCounted bounds what is read of the timers that are due.
const timersCounted = 1000

func readDue(j *journal.Journal, now journal.Moment) (d due, err error) {
	d.late = map[string]time.Duration{}
	err = j.View(func(tx *bbolt.Tx) error {
		d.rows = tx.Bucket([]byte("journal.outbox")).Stats().KeyN // looks at each page's head, not at the rows
		for _, by := range journal.OutboxChannels(tx) {
			d.late[by] = since(journal.OldestMessage(tx, by), now.At)
			d.outboxLate = max(d.outboxLate, d.late[by])
		}
		_, timers := journal.DueTimers(tx, now, 0)
		d.timersLate = max(since(timers.At, now.At), since(timers.Wall, now.Wall))
		ids, _ := journal.DueTimers(tx, now, timersCounted)
		d.timers = len(ids)
		return nil
	})
	return d, err
}

// since is how long ago a time is; 0 for none, and for one to come.
func since(t, now time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t))
}
