package frame

import (
	"html/template"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
)

// Queue is what waits for somebody: each kind with how many, since when and where it is dealt with. Drills are counted
// apart.
type Queue struct {
	Items, Drills []QueueItem
}

// QueueItem is one kind of what waits.
type QueueItem struct {
	Name  string // of its words, queue.<name>, and the id of its link
	N     int
	Text  string
	Since time.Time // the oldest of them; zero where that is not known
	Href  string
	Alarm bool
}

// N is how many wait in earnest.
func (v Queue) N() (n int) {
	for _, i := range v.Items {
		n += i.N
	}
	return n
}

// QueueScope is the same for all for whom the same waits. Those who approve are told apart, for nobody approves what they
// entered.
func QueueScope(who *access.Principal) string {
	if calls.Allowed(who.Role, calls.ActWarningsApprove) || calls.Allowed(who.Role, calls.ActListsApprove) {
		return string(who.Role) + "//" + who.User
	}
	return string(who.Role) + "/" + who.Town
}

// queuePart is how many wait, for the head of every page and the title of its tab.
func (q *Request) queuePart() Part {
	return q.SharedPart("queue-n", "", QueueScope(q.Who), func() (template.HTML, error) {
		v, err := q.frame.Queue(q)
		if err != nil {
			return "", err
		}
		return q.HTML("queue-n", v.N())
	})
}

// waits is how many wait for the reader of a page; 0 without a session.
func (q *Request) waits() int {
	if q.Who == nil || q.frame.Queue == nil {
		return 0
	}
	v, err := q.frame.Queue(q)
	if err != nil {
		q.frame.Log.Warn("what waits for a reader cannot be said", "user", q.Who.User, "err", err)
		return 0
	}
	return v.N()
}

// HourMinute is a time of the day, with the date where it is not today's.
func HourMinute(at, now time.Time) string {
	at, now = at.In(alerts.Shanghai()), now.In(alerts.Shanghai())
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("01-02 15:04")
}

// FoundLine is what was found, in a line of the first page. An empty text is nothing.
type FoundLine struct {
	Text  string
	Alarm bool
	Waits bool // explanations wait for an officer
}

// Line words a standing for the reader: an enterprise reads what it is asked, everybody else how many are found to be how.
func (s Standing) Line(q *Request) (l FoundLine) {
	l.Alarm = s.Violated+s.Suspected > 0
	switch {
	case s.None():
	case q.Who.Role != calls.Enterprise:
		var parts []string
		for _, one := range []struct {
			key string
			n   int
		}{{"violated", s.Violated}, {"suspected", s.Suspected}, {"waiting", s.Waiting}} {
			if one.n > 0 {
				parts = append(parts, q.T("found.line."+one.key, "n", one.n))
			}
		}
		l.Text, l.Waits = strings.Join(parts, q.T("found.line.and")), s.Waiting > 0
	case s.Asks > 0:
		l.Text = q.T("found.line.mine", "n", s.Asks)
	case s.Waiting > 0:
		l.Text, l.Alarm = q.T("found.line.mine_waiting"), false
	default:
		l.Text = q.T("found.line.mine_standing")
	}
	return l
}
