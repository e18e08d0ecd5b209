package telemetry

import "time"

// Freshness is how long ago something was heard of a station, by what is usual for it.
type Freshness string

// The kinds, from the best to the worst that could be; Never is of one that was never heard of.
const (
	Fresh  Freshness = "fresh"
	Late   Freshness = "late"
	Silent Freshness = "silent"
	Never  Freshness = "never"
)

// Freshnesses are all of them; those that need somebody stand first.
func Freshnesses() []Freshness { return []Freshness{Silent, Late, Never, Fresh} }

// Patience is after how long without a word a station is late, and after how long it is silent. No text settles it: it is
// a setting.
type Patience struct {
	Late, Silent                 time.Duration // of stations that send frames
	MessagesLate, MessagesSilent time.Duration // of instruments whose readings come as messages, also once a day
}

// UsualPatience is what holds unless told.
var UsualPatience = Patience{Late: 5 * time.Minute, Silent: time.Hour, MessagesLate: 3 * time.Hour,
	MessagesSilent: 27 * time.Hour}

// Of is how fresh a station is that was heard of last at a time, which is zero for never. A station is not late before
// three of its samples, or two of its minute values, could have come.
func (p Patience) Of(st *Station, last, now time.Time) Freshness {
	late, silent := p.MessagesLate, p.MessagesSilent
	if st.SendsFrames() {
		every := max(3*time.Duration(st.SampleS)*time.Second, 2*time.Duration(st.MinuteMin)*time.Minute)
		late, silent = max(p.Late, every), max(p.Silent, 2*every)
	}
	switch ago := now.Sub(last); {
	case last.IsZero():
		return Never
	case ago <= late:
		return Fresh
	case ago <= silent:
		return Late
	}
	return Silent
}
