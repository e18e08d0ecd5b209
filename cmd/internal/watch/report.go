package watch

import (
	"cmp"
	"slices"
	"time"

	"qingkong/alerts/refusal"
)

// The names of the checks that every program has, in the order in which a report has them. Any other follows by its
// name.
const (
	Writer    = "writer"    // blocks are decided and committed
	Follower  = "follower"  // the stream has what was committed
	NATS      = "nats"      // the connections answer
	Leader    = "leader"    // somebody runs side effects and timers
	Clock     = "clock"     // the clock goes with the record
	Disk      = "disk"      // there is room
	Vault     = "vault"     // both copies of what is erasable agree
	Blobs     = "blobs"     // what the record names beside itself is there
	Record    = "record"    // the record is whole
	Outbox    = "outbox"    // what is due goes out
	Auditor   = "auditor"   // no order lacks its next step
	Backup    = "backup"    // there is a backup, and it is young enough
	Local     = "local"     // what is of this node alone is kept
	Telemetry = "telemetry" // what stations send is kept, and made readings of
	Judging   = "judging"   // orders are held against what was measured
	Ledger    = "ledger"    // checkpoints are signed, and witnesses cosign them
	Logins    = "logins"    // no more logins fail than people mistype
	TLS       = "tls"       // certificates are valid, and their files can take their place

	Credentials = "credentials" // no token that is in use ends soon
)

var order = []string{Writer, Follower, NATS, Leader, Clock, Disk, Vault, Blobs, Record, Outbox, Auditor, Backup, Local,
	Telemetry, Judging, Ledger, Logins, TLS, Credentials}

// byOrder compares two names by their places in a report.
func byOrder(a, b string) int {
	place := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}

// Status is how the program is as a whole.
type Status string

// The statuses. NotReady means that nothing can be written; Impaired that something is wrong and writing goes on.
const (
	Ready    Status = "ready"
	Impaired Status = "degraded"
	NotReady Status = "not_ready"
)

// Report is what the watchman knows.
type Report struct {
	Status Status
	Checks []Check
}

// Check is one part as its probe found it last.
type Check struct {
	Name  string
	State State
	Since time.Time      // when the state last changed
	Why   *refusal.Error // nil when all is well
}

// Detail is what is wrong and what to do, in "zh-CN" (the default) or "en"; empty when all is well.
func (c Check) Detail(lang string) string {
	if c.Why == nil {
		return ""
	}
	return c.Why.Detail(lang)
}

// Start is the check that a report has as long as the program has not started.
const Start = "start"

// Report is how everything is, by what was found last.
func (w *Watchman) Report() Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := Report{Status: Ready, Checks: make([]Check, 0, len(w.checks)+1)}
	for _, c := range w.checks {
		r.Checks = append(r.Checks, Check{Name: c.name, State: c.now.State, Since: c.since, Why: c.now.Why})
		if c.now.State != OK && r.Status == Ready {
			r.Status = Impaired
		}
		if c.now.Stops {
			r.Status = NotReady
		}
	}
	if !w.started {
		r.Status = NotReady
		r.Checks = append(r.Checks, Check{Name: Start, State: Failed, Since: w.made,
			Why: refusal.New(refusal.NotReady, "watch.starting", nil)})
	}
	return r
}

// Wrong are the checks that are not ok.
func (r Report) Wrong() (wrong []Check) {
	for _, c := range r.Checks {
		if c.State != OK {
			wrong = append(wrong, c)
		}
	}
	return wrong
}

// NameOf is what a check is called, in "zh-CN" (the default) or "en"; one that the catalogue does not know keeps its
// name.
func NameOf(lang, name string) string {
	if rule := "watch.name." + name; refusal.Known(rule) {
		return refusal.Text(rule, lang, nil)
	}
	return name
}

// apart is from when on a clock and a record's time are both shown.
const apart = time.Minute

// Apart is the time of the clock where it differs from the record's by so much that people are shown both; else zero.
func Apart(wall, record time.Time) time.Time {
	if d := wall.Sub(record).Abs(); d > apart {
		return wall
	}
	return time.Time{}
}
