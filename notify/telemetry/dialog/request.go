package dialog

import (
	"fmt"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Kind is what a station is asked, by the command that asks it.
type Kind string

// The kinds.
const (
	SetTime   Kind = cnSetTime   // set the clock
	SetSample Kind = cnSetSample // seconds between samples
	SetMinute Kind = cnSetMinute // minutes that minute values stand for
	Minutes   Kind = cnMinute    // minute values of a range
	Hours     Kind = cnHour      // hour values of a range
	Days      Kind = cnDay       // day values of a range
)

// Request is one thing that a station is asked.
type Request struct {
	Kind     Kind
	QN       string    // its number, the same each time it is sent
	From, To time.Time // of history: periods that begin at From or later and before To; else zero
	Value    int       // of an interval: what it is set to

	Begun    time.Time // when it was sent first
	Last     time.Time // when it was sent last, or last answered
	Sent     int       // how often it was sent
	Accepted bool      // the station has said that it will do it
	Data     int       // of history: frames that came
}

// Result is what became of a request.
type Result string

// The results.
const (
	Done       Result = "done"       // ExeRtn 1
	Rejected   Result = "rejected"   // QnRtn other than 1
	Failed     Result = "failed"     // ExeRtn other than 1
	Silent     Result = "silent"     // nothing was ever answered
	Unfinished Result = "unfinished" // it was accepted, and nothing more was said
	Broken     Result = "broken"     // the connection ended first
)

// Outcome is a request that is over. Code is the station's own of Rejected and Failed, 0 where it gave none.
type Outcome struct {
	Request
	Result Result
	Code   int
	At     time.Time
}

// periodOf is how long a period is, by which history is asked in ranges.
func periodOf(k Kind, st *telemetry.Station) time.Duration {
	switch k {
	case Hours:
		return time.Hour
	case Days:
		return 24 * time.Hour
	}
	return time.Duration(max(st.MinuteMin, 1)) * time.Minute
}

// frame is a request as it is sent.
func (r *Request) frame(st *telemetry.Station, password string, now time.Time) *hj212.Frame {
	version := st.Version
	if version == 0 {
		version = hj212.V2017
	}
	head := hj212.Head{QN: r.QN, ST: st.ST, CN: string(r.Kind), PW: password, MN: st.MN,
		Flag: hj212.FlagOf(version, true, false), HasFlag: true}
	at := func(t time.Time) string { return t.In(hj212.Beijing).Format(timeForm) }
	switch r.Kind {
	case SetTime:
		return hj212.NewFrame(head, hj212.NewItem("SystemTime", at(now)))
	case SetSample:
		return hj212.NewFrame(head, hj212.NewItem("RtdInterval", fmt.Sprint(r.Value)))
	case SetMinute:
		return hj212.NewFrame(head, hj212.NewItem("MinInterval", fmt.Sprint(r.Value)))
	}
	end := hj212.NewItem("EndTime", at(r.To.Add(-periodOf(r.Kind, st)))) // the last period's own label
	end.Sep = ','
	return hj212.NewFrame(head, hj212.NewItem("BeginTime", at(r.From)), end)
}

// takes says whether an edition has a command: minute intervals came with 2017.
func takes(v hj212.Version, k Kind) bool { return k != SetMinute || v != hj212.V2005 }
