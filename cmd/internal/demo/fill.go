package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry"
)

// What a demo has of the time before it was begun, and from when on a station that was off sends all of that anew.
const (
	hoursBack   = 90 * 24 * time.Hour
	minutesBack = 48 * time.Hour
	resendMost  = 72 * time.Hour
)

// fromDemo is where what was made for the time before comes from.
const fromDemo = "演示"

// fill keeps what a station would have sent before now, unless it was off for a short time only: then it sends that
// itself. since is from when on it does.
func (p Program) fill(ctx context.Context, st *simulate.Station, now time.Time) (since time.Time, err error) {
	h, err := p.Service.Instruments.Heard(ctx, st.MN())
	if err != nil {
		return now, err
	}
	reg := st.Registered()
	var minute, hour time.Time // ends of the last
	if h != nil {
		for _, d := range h.Data {
			switch d.CN {
			case "2051":
				minute = d.At.Add(time.Duration(reg.MinuteMin) * time.Minute)
			case "2061":
				hour = d.At.Add(time.Hour)
			}
		}
	}
	if short := now.Add(-resendMost); minute.After(short) && hour.After(short) {
		return minute, nil
	}
	if err := p.keep(ctx, st, later(hour, now.Add(-hoursBack)), now, telemetry.Hour); err != nil {
		return now, err
	}
	return now, p.keep(ctx, st, later(minute, now.Add(-minutesBack)), now, telemetry.Minute)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A disk takes many frames as fast as one, and so several stations are filled in at once. Of each no more messages wait
// than loggers have on their way: those in parts are put together among so many.
const (
	filledAtOnce = 6
	keptAtOnce   = 14
)

// keep has what a station would have sent of a step kept as if it had come now.
func (p Program) keep(ctx context.Context, st *simulate.Station, from, to time.Time, step telemetry.Step) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(keptAtOnce)
	for sent, err := range st.Backfill(from, to, step) {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(func() error {
			for _, b := range sent.Frames {
				what := telemetry.Received{Sort: telemetry.Frame, MN: sent.MN, From: fromDemo, Raw: bytes.TrimRight(b, "\r\n")}
				if err := p.Service.Instruments.Take(ctx, what); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// fillMeter has what a meter would have reported before now taken, as far as it is not there. A period of which anything
// is there is left alone: the plant knows of no order any more that was followed in it and has ended. A gate told all of
// the hour of its last truck.
func (p Program) fillMeter(ctx context.Context, m *simulate.Meter, now time.Time) error {
	points, err := p.Service.Instruments.Points(ctx, m.Ref)
	if err != nil {
		return err
	}
	var minute, hour time.Time // ends of the last
	for _, pt := range points {
		if pt.Point != m.Point() {
			continue
		}
		for _, k := range pt.Last {
			switch k.Step {
			case telemetry.Minute:
				minute = k.At.Add(time.Duration(max(k.Span, 1)) * time.Minute)
			case telemetry.Hour:
				hour = k.At.Add(time.Hour)
			}
		}
	}
	short := now.Add(-minutesBack)
	switch m.Kind {
	case simulate.Gate:
		return p.take(ctx, m, later(minute, short), now, false)
	case simulate.PowerMeter, simulate.EnergyMeter:
		if err := p.take(ctx, m, later(later(hour, minute), now.Add(-hoursBack)), short, true); err != nil {
			return err
		}
		return p.take(ctx, m, later(minute, short), now, false)
	default:
		return p.take(ctx, m, later(hour, now.Add(-hoursBack)), now, false)
	}
}

// take has the reports of a meter from a time on and before another taken; inHours makes them those of whole hours.
func (p Program) take(ctx context.Context, m *simulate.Meter, from, to time.Time, inHours bool) error {
	if !from.Before(to) {
		return nil
	}
	msg, _ := m.Message(from, to)
	if inHours {
		msg = hourly(msg)
	}
	if len(msg.Readings)+len(msg.Passes) == 0 {
		return nil
	}
	body, err := json.Marshal(msg)
	if err != nil {
		return err
	}
	_, err = p.Service.TakeTelemetry(ctx, service.By(fromDemo), calls.Telemetry{Text: body})
	return err
}

// hourly makes the means of whole hours of those of shorter periods.
func hourly(msg simulate.Message) simulate.Message {
	out := simulate.Message{Point: msg.Point, Unit: msg.Unit, Step: "1h"}
	sum, n := 0.0, int64(0)
	for _, r := range msg.Readings {
		if hour := r.At.Truncate(time.Hour); hour.Equal(r.At) {
			sum, n = 0, 0
		}
		sum, n = sum+r.Value, n+1
		if n*msg.SpanMin == 60 {
			out.Readings = append(out.Readings, simulate.Report{At: r.At.Truncate(time.Hour), Value: math.Round(100*sum/float64(n)) / 100, Flag: "N"})
		}
	}
	return out
}
