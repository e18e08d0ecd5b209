package stations

import (
	"bytes"
	"context"
	"errors"
	"io"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// TakeFrame takes a message of a user that is one frame of station mn, and returns the frame that confirms it, nil where
// it asks for none. When it returns without an error the frame is durable. Any error is a refusal: the message is not one
// good frame of a registered station with its password, or it cannot be judged or kept now. What would be kept of it on a
// connection is kept of it here.
func (s *Server) TakeFrame(ctx context.Context, mn, from string, message []byte) (answer []byte, err error) {
	f, err := s.oneFrame(mn, from, message)
	if err != nil {
		return nil, err
	}
	k, err := s.opt.Register.Station(f.MN)
	var why string
	if err == nil {
		if why = s.judge(k, f, "account "+from); why == whyRegister {
			err = k.Trouble
		}
	}
	if err != nil {
		s.say("register", "what the register says of a station cannot be read; its frames are not confirmed", "mn", f.MN, "err", err)
		return nil, refusal.New(codeOf[whyRegister], "stations."+whyRegister, refusal.Args{"mn": refusal.Shown(f.MN)})
	}
	if why == "" && f.MN != mn {
		why = whyOther
	}
	if why != "" {
		s.count.unknown.WithLabelValues(why).Inc()
		if s.keeps(f.MN, s.now()) {
			s.keepIfRoom(telemetry.Received{Sort: telemetry.Unknown, MN: f.MN, From: from, Why: why, Raw: f.Raw})
		}
		return nil, refusal.New(codeOf[why], "stations."+why,
			refusal.Args{"mn": refusal.Shown(f.MN), "subject": refusal.Shown(mn)})
	}
	if !s.session(f.MN).maySpend(len(f.Raw)+itemBytes, s.now()) {
		return nil, refusal.New(refusal.RateLimited, "stations.share", nil)
	}
	r := telemetry.Received{Sort: telemetry.Frame, MN: f.MN, From: from, Why: besides(f), Raw: f.Raw}
	if err := s.opt.Taker.Take(ctx, r); err != nil {
		s.count.failed.Inc()
		return nil, notKept(ctx, err, func(text string, args ...any) { s.say("kept", text, args...) })
	}
	s.count.taken.Inc()
	confirmation := dialog.Confirmation(f, k.Station)
	if confirmation == nil {
		return nil, nil
	}
	if answer, err = confirmation.Append(nil, k.Cipher); err != nil { // it is durable all the same
		s.say("confirmation", "a frame cannot be confirmed", "mn", f.MN, "from", from, "err", err)
		return nil, nil
	}
	return answer, nil
}

// codeOf is the code of the refusal that says why.
var codeOf = map[string]refusal.Code{whyNoMN: refusal.Invalid, whyRegister: refusal.NotReady, whyUnregistered: refusal.NotFound,
	whyRetired: refusal.Conflict, whyNoFrames: refusal.Conflict, whyPassword: refusal.Forbidden,
	whyGuesses: refusal.RateLimited, whyOther: refusal.Forbidden}

// IsFrame reports whether a message is a frame rather than readings in JSON.
func IsFrame(message []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(message), []byte("##")) }

// oneFrame reads a message that is one good frame. Its bytes are its own.
func (s *Server) oneFrame(mn, from string, message []byte) (*hj212.Frame, error) {
	of := func(mn []byte) *hj212.Options {
		if k, err := s.opt.Register.Station(string(mn)); err == nil && k != nil {
			return &k.options
		}
		return nil
	}
	d := hj212.NewDecoder(bytes.NewReader(message), hj212.Options{Of: of})
	var f, more hj212.Frame
	if err := d.Next(&f); err != nil {
		return nil, refusal.New(refusal.Invalid, "stations.no_frame", nil)
	}
	if f.Fault != nil {
		s.count.refusedBy(f.Fault.Name).Inc()
		if s.keeps(mn, s.now()) {
			s.keepIfRoom(telemetry.Received{Sort: telemetry.Refused, MN: mn, From: from, Why: string(f.Fault.Name),
				Raw: bytes.Clone(f.Raw[:min(len(f.Raw), refusedShown)])})
		}
		return nil, refusal.New(refusal.Invalid, "stations.bad_frame",
			refusal.Args{"why": refusal.Worded{ZH: f.Fault.Message("zh-CN"), EN: f.Fault.Message("en")}})
	}
	if err := d.Next(&more); !errors.Is(err, io.EOF) {
		return nil, refusal.New(refusal.Invalid, "stations.one_frame", nil)
	}
	return f.Clone(), nil
}
