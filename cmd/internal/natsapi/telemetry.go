package natsapi

import (
	"context"
	"encoding/json"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/fair"
	"qingkong/cmd/internal/service"
)

// Stations takes what stations report over NATS.
type Stations interface {
	// TakeFrame takes a message that is one frame of HJ 212 of a station, and returns the frame that confirms it once it is
	// durable; nil where none is asked for.
	TakeFrame(ctx context.Context, mn, from string, message []byte) (answer []byte, err error)
	// IsFrame tells a frame from readings in JSON.
	IsFrame(message []byte) bool
	// Owner is the recipient that a station is registered to, "" for nobody.
	Owner(mn string) string
}

// stationBounds let frames of one sender share a commit of the store.
var stationBounds = fair.Bounds{Waiting: 256, Bytes: 8 << 20, InWork: 64, Window: 1024}

// serveTelemetry takes what comes on qingkong.telemetry.<MN>: from feeders, and from the recipient that the station is
// registered to.
func (s *Server) serveTelemetry() error {
	if s.Stations == nil {
		return nil
	}
	take := func(mn, user string, data []byte, reply func([]byte), may func() error) {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
			defer cancel()
			err := may()
			var text []byte
			if err == nil {
				text, err = s.report(ctx, mn, user, data)
			}
			if err != nil {
				text = problem(err)
			}
			reply(text)
		}()
	}
	err := s.Bus.HandleShared("qingkong.telemetry.*", stationBounds, func(mn, user string, data []byte, reply func([]byte)) {
		take(mn, user, data, reply, func() error { return s.mayFeed(user, calls.ActTelemetryWrite) })
	})
	if err != nil {
		return err
	}
	return s.Bus.HandleOwned("qingkong.telemetry.*", stationBounds, s.Stations.Owner,
		func(mn, user string, data []byte, reply func([]byte)) {
			take(mn, user, data, reply, func() error { return nil }) // the permissions of its login say it
		})
}

// report takes one message, and returns the answer: the frame that confirms a frame, {"ok":true} for one that asks for
// none, and for readings in JSON what of them is durable.
func (s *Server) report(ctx context.Context, mn, user string, data []byte) ([]byte, error) {
	if !s.Stations.IsFrame(data) {
		who := s.Service.Principal(user)
		switch {
		case who != nil:
		case strings.Contains(user, ":"): // of an external server, which says who may feed
			who = &access.Principal{User: user, Role: calls.Feeder}
		default:
			return nil, refusal.New(refusal.Forbidden, "http.role", nil)
		}
		taken, err := s.Service.TakeMessage(ctx, service.Ask{Who: who}, mn, data)
		if err != nil {
			return nil, err
		}
		return json.Marshal(struct {
			OK bool `json:"ok"`
			calls.TelemetryTaken
		}{true, taken})
	}
	answer, err := s.Stations.TakeFrame(ctx, mn, user, data)
	if err != nil || answer != nil {
		return answer, err
	}
	return json.Marshal(map[string]bool{"ok": true})
}
