package stations

import (
	"context"
	"time"

	"qingkong/notify/telemetry/dialog"
)

// askEvery is how often is looked what is to be said to whom, and gapsAtOnce for how many stations what is missing is
// looked up then.
const (
	askEvery   = time.Second
	gapsAtOnce = 50
)

// ask speaks to stations until ctx ends.
func (s *Server) ask(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.askAll()
		}
	}
}

func (s *Server) askAll() {
	s.mu.Lock()
	all := make([]*session, 0, len(s.of))
	for _, se := range s.of {
		all = append(all, se)
	}
	s.mu.Unlock()
	looks := 0
	for _, se := range all {
		k, err := s.opt.Register.Station(se.mn)
		if err != nil || k == nil || k.Station.Retired {
			continue // whoever reports with it is told of it
		}
		now := s.now()
		var gaps func() ([]dialog.Gap, bool) // beyond so many a station has its turn at the next look
		if s.opt.Gaps != nil && looks < gapsAtOnce {
			gaps = func() ([]dialog.Gap, bool) {
				looks++
				return s.opt.Gaps(k.Station, now)
			}
		}
		l, f, over := se.due(k, s.opt.Dialog, gaps, now)
		if over != nil {
			s.over(se.mn, over)
		}
		if f == nil {
			continue
		}
		b, err := f.Append(nil, k.Cipher)
		if err != nil {
			s.say("request", "a request to a station cannot be written", "mn", se.mn, "err", err)
			continue
		}
		s.count.requests.WithLabelValues("sent").Inc()
		l.send(b)
	}
}

// over notes what became of a request.
func (s *Server) over(mn string, o *dialog.Outcome) {
	s.count.requests.WithLabelValues(string(o.Result)).Inc()
	s.log.Info("a request to a station is over", "mn", mn, "what", o.Request.Words("en"), "result", o.Words("en"))
}
