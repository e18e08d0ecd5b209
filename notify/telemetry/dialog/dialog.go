// Package dialog is what is said to a station of HJ 212, and when: which frame confirms one of its own, which request
// is due, when that is sent again, and what became of it (HJ 212-2017, appendix C). It holds no clock and sends nothing:
// who carries frames says what time it is, and what came.
//
// A station is asked one thing at a time. It answers a request by 9011, whether it will do it (QnRtn), and by 9012,
// whether it has (ExeRtn). Without the first of them the same frame is sent again; a station that never answers is left
// alone for longer and longer, since many loggers only ever send.
package dialog

import (
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Settings are how a station is spoken to. DefaultSettings has what the standard says.
type Settings struct {
	Answer  time.Duration // until a request that has no 9011 is sent again
	Tries   int           // how often it is sent in all
	Execute time.Duration // for the next sign of what a station has begun to do
	Settle  time.Duration // a station that has just come is not asked anything: it may send by itself what is missing

	CalibrateOver time.Duration // a clock that is off by more is set; 0 is never
	Intervals     bool          // intervals that differ from the register's are set
	History       bool          // what is missing is fetched
}

// DefaultSettings ask for missing history and set clocks that are a minute off; intervals are left as they are.
var DefaultSettings = Settings{
	Answer: 10 * time.Second, Tries: 3, Execute: time.Minute, Settle: time.Minute,
	CalibrateOver: time.Minute, History: true,
}

// The commands that this package knows by name.
const (
	cnSetTime   = "1012"
	cnAskTime   = "1013" // the station asks to have its clock set
	cnSetSample = "1062"
	cnSetMinute = "1064"
	cnMoment    = "2011"
	cnDay       = "2031"
	cnMinute    = "2051"
	cnHour      = "2061"
	cnReady     = "9011"
	cnDone      = "9012"
	cnNotice    = "9013"
	cnData      = "9014"
	cnHeartbeat = "9015"

	stSystem = "91" // ST of what answers
)

// Confirmation is the frame that confirms one of a station's, once that is durable: 9014 of data, 9013 of notices, which
// are 1013 and the heartbeat 9015 of 2025. Nil where the station asks for none, and of what is an answer itself. Each part
// of a split message is confirmed by itself. The password is the frame's own.
func Confirmation(f *hj212.Frame, st *telemetry.Station) *hj212.Frame {
	if !f.Flag.NeedsAck() {
		return nil
	}
	cn := cnData
	switch f.CN {
	case cnReady, cnDone, cnNotice, cnData:
		return nil
	case cnAskTime, cnHeartbeat:
		cn = cnNotice
	}
	version := st.Version
	if version == 0 {
		version = f.Version
	}
	head := hj212.Head{QN: f.QN, ST: stSystem, CN: cn, PW: f.PW, MN: f.MN, Flag: hj212.FlagOf(version, false, false),
		HasFlag: true}
	if version == hj212.V2005 && f.QN != "" {
		return hj212.NewFrame(head, hj212.NewItem("QN", f.QN)) // there answers name what they answer within CP
	}
	return hj212.NewFrame(head)
}

// Gap is a run of periods of which nothing came: those that begin at From or later and before To.
type Gap struct {
	Step     telemetry.Step // Minute, Hour or Day
	From, To time.Time
}

// The forms of times within a frame, which are Beijing's.
const (
	timeForm = "20060102150405"
	qnForm   = timeForm + ".000"
)

// ReadQN is the time that a QN is made of; false where it is none.
func ReadQN(qn string) (time.Time, bool) {
	if len(qn) != len(timeForm)+3 {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(qnForm, qn[:len(timeForm)]+"."+qn[len(timeForm):], hj212.Beijing)
	return t, err == nil
}

func writeQN(t time.Time) string {
	text := t.In(hj212.Beijing).Format(qnForm)
	return text[:len(timeForm)] + text[len(timeForm)+1:]
}
