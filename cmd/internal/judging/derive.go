package judging

import (
	"slices"
	"time"

	"qingkong/notify/compliance"
)

// Derive works the hours of a finding out again, in their order; gone are those that nothing is held against any more.
func (l *Look) Derive(f *compliance.Finding) (now []compliance.FoundHour, gone []time.Time) {
	i := slices.IndexFunc(l.Watches, func(w WatchLook) bool { return w.Key == f.Key })
	for _, was := range f.Hours {
		h, ok := compliance.FoundHour{}, false
		if i >= 0 {
			h, ok = l.Watches[i].at(was.At)
		}
		if !ok {
			gone = append(gone, was.At)
			continue
		}
		now = append(now, h)
	}
	return now, gone
}

// at is the hour, or the day, that begins at a time.
func (w *WatchLook) at(at time.Time) (h compliance.FoundHour, ok bool) {
	for i := range w.Hours {
		if w.Hours[i].At.Equal(at) {
			return w.found(&w.Hours[i]), true
		}
	}
	for i := range w.Days {
		if w.Days[i].At.Equal(at) {
			return w.found(&w.Days[i].Outcome), true
		}
	}
	return h, false
}
