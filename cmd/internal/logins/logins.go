// Package logins keeps the trace that logins leave: a line in a file for each, counters, and word of a burst of
// failures.
//
// # The files
//
// [File] has who came in, went out and changed a password; [FailedFile] has who was refused. They are apart so that a
// flood of wrong passwords pushes nobody's login out. Each is turned over at 10 MB and ten old ones are kept, each line
// is a JSON object, and none holds a secret: a name that no user has stands there as an HMAC, for people type passwords
// where their name belongs. Addresses are kept as they are.
//
// How many lines are written in a second is bounded, for one cause and for all, and what is left out is counted: in a
// line each minute and at /metrics. Writing waits for nobody and nobody waits for it.
package logins

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qingkong/cmd/internal/fair"
)

// Way is how somebody came.
type Way string

// The ways.
const (
	HTTP Way = "http"
	Desk Way = "desk"
	NATS Way = "nats"
)

// Act somebody wanted.
type Act string

// The acts that leave a trace.
const (
	Login    Act = "login"
	Token    Act = "token"    // of a request; only a wrong one leaves a trace
	Password Act = "password" // the change of one's own
	Logout   Act = "logout"
	Sessions Act = "sessions" // the end of one's own
	Code     Act = "code"     // of a second factor
)

// Outcome is what came of it.
type Outcome string

// The outcomes. A try that waits or is not answered was not looked at.
const (
	Done       Outcome = "done"
	Wrong      Outcome = "wrong"
	Waits      Outcome = "waits"
	Busy       Outcome = "busy"
	Unanswered Outcome = "unanswered"
	Locked     Outcome = "locked"
)

// Try is one try to log in, or what is done to one's own logins.
type Try struct {
	Act     Act
	Way     Way
	Outcome Outcome
	User    string // as it was given
	Address string
	Device  string // of a browser that is known again
	Known   bool   // the browser was known to the user
}

func (t Try) failed() bool { return t.Outcome != Done }

// Bounds of what is written.
const (
	nameMost  = 64 // bytes of a name that tell causes apart
	queueMost = 4096
	tellEvery = time.Minute
	closeIn   = time.Second
)

// Shares of the lines: of one cause, and of all. A night of guessing is some 20,000 lines, 5 MB.
var (
	oneCause    = fair.Share{PerSecond: 0.1, Burst: 5}
	allFailures = fair.Share{PerSecond: 0.5, Burst: 500}
	oneUser     = fair.Share{PerSecond: 0.1, Burst: 20}
	allLogins   = fair.Share{PerSecond: 10, Burst: 5000}
)

// Options are what a log is made with.
type Options struct {
	Dir   string                 // of the files
	Known func(user string) bool // whether there is such a user
	Key   func() []byte          // of the names that nobody has; nil while there is none
	Clock func() time.Time       // time.Now
	Log   *slog.Logger           // none
}

// Log is the trace. Its methods may be called from any goroutine; those of nil do nothing.
type Log struct {
	opt Options

	count   *prometheus.CounterVec
	leftOut *prometheus.CounterVec

	causes, failures, users, logins *fair.Meter // of lines

	mu     sync.Mutex
	recent recent
	out    map[string]int // left out since told, by way, what and outcome
	told   time.Time
	closed bool

	queue chan line
	ended chan struct{}
}

// Open begins a trace. A file that cannot be written is said in the log of the program and keeps nobody from logging
// in.
func Open(opt Options) *Log {
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Known == nil {
		opt.Known = func(string) bool { return false }
	}
	l := &Log{opt: opt,
		count: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_logins_total",
			Help: "Logins, and what was done to one's own, by way (http, desk, nats), what and outcome (done; wrong; waits, busy, unanswered: not looked at; locked)."},
			[]string{"way", "what", "outcome"}),
		leftOut: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "qingkong_login_lines_left_out_total",
			Help: "Lines of the login logs that were not written for their rate, by way."}, []string{"way"}),
		causes: fair.NewMeter(oneCause, opt.Clock), failures: fair.NewMeter(allFailures, opt.Clock),
		users: fair.NewMeter(oneUser, opt.Clock), logins: fair.NewMeter(allLogins, opt.Clock),
		out: map[string]int{}, told: opt.Clock(),
		queue: make(chan line, queueMost), ended: make(chan struct{})}
	go l.write()
	return l
}

// Register has the counters shown, a line that was left out as 0 before the first.
func (l *Log) Register(reg prometheus.Registerer) {
	for _, way := range []Way{HTTP, Desk, NATS} {
		l.leftOut.WithLabelValues(string(way))
	}
	reg.MustRegister(l.count, l.leftOut)
}

// Note counts a try and has its line written.
func (l *Log) Note(t Try) {
	if l == nil {
		return
	}
	l.count.WithLabelValues(string(t.Way), string(t.Act), string(t.Outcome)).Inc()
	now := l.opt.Clock()
	may := l.may(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.failed() {
		l.recent.add(t, now)
	}
	if !may || !l.send(line{at: now, try: t}) {
		l.leftOut.WithLabelValues(string(t.Way)).Inc()
		l.out[string(t.Way)+" "+string(t.Act)+" "+string(t.Outcome)]++
	}
	l.tell(now, l.due(now))
}

// due says whether what was left out is told now: once a minute, by a clock that may go back.
func (l *Log) due(now time.Time) bool { return now.Sub(l.told).Abs() >= tellEvery }

// may says whether the line of a try is within its shares.
func (l *Log) may(t Try) bool {
	one, all := l.users, l.logins
	if t.failed() {
		one, all = l.causes, l.failures
	}
	cause := string(t.Way) + " " + string(t.Act) + " " + string(t.Outcome) + " " + t.Address + " " + clip(t.User)
	return one.Take(cause).OK && all.Take("all").OK
}

func clip(name string) string { return name[:min(len(name), nameMost)] }

// send hands a line to the writer; false where it is behind or has ended. The caller holds the lock.
func (l *Log) send(n line) bool {
	if l.closed {
		return false
	}
	select {
	case l.queue <- n:
		return true
	default:
		return false
	}
}

// tell has what was left out written, once it is due. The caller holds the lock.
func (l *Log) tell(now time.Time, due bool) {
	if len(l.out) == 0 || !due {
		return
	}
	if l.send(line{at: now, since: l.told, out: l.out, worst: l.recent.worst(now)}) {
		l.out, l.told = map[string]int{}, now
	}
}

// Close writes what is left and ends, within a second.
func (l *Log) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	if !l.closed {
		l.tell(l.opt.Clock(), true)
		l.closed = true
		close(l.queue)
	}
	l.mu.Unlock()
	select {
	case <-l.ended:
	case <-time.After(closeIn):
		l.opt.Log.Warn("the log of logins could not be written to its end: its disk takes nothing", "dir", l.opt.Dir)
	}
}
