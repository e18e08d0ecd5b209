package service

import (
	"context"
	"fmt"
	"sync"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// tablesAtOnce is how many messages of a table wait together to be durable.
const tablesAtOnce = 64

// TakeTable keeps what a power company's table says of each meter that is known, as if each had been reported as JSON:
// nothing of one enterprise's is kept beside another's. Meters that nobody knows are set aside; where nobody knows any, or
// anything else is wrong with the table, nothing is taken. It is of a feeder alone.
func (s *Service) TakeTable(ctx context.Context, a Ask, in calls.Telemetry) (out calls.TelemetryTaken, err error) {
	to, err := s.instruments()
	if err != nil {
		return out, err
	}
	if a.Who.Role != calls.Feeder {
		return out, refusal.New(refusal.Forbidden, "telemetry.tables_fed", nil)
	}
	now := s.J.Wall()
	content := contentOf(calls.CSVMedia, in.Ends, in.Text)
	if out, seen, err := s.taken.answered(a.Key, content, now); seen {
		return out, err
	}
	file, err := readings.ParseMeterCSV(in.Text, readings.Ends(in.Ends))
	if err != nil {
		return out, err
	}
	var batch []telemetry.Received
	at := map[telemetry.Point]int{} // place among the points
	aside := map[telemetry.Point]bool{}
	for i := range file.Messages {
		m := &file.Messages[i]
		if aside[m.Point] {
			continue
		}
		t, err := s.told(a, m, now)
		if refusal.CodeOf(err) == refusal.NotFound {
			aside[m.Point] = true
			if len(out.SetAside) < calls.MostSetAside {
				out.SetAside = append(out.SetAside, setAside(a, m.Point, err))
			}
			continue
		}
		if err != nil {
			return calls.TelemetryTaken{}, refusal.Within(string(m.Point), err)
		}
		body, err := m.Body()
		if err != nil {
			return calls.TelemetryTaken{}, fmt.Errorf("service: a meter of a table: %w", err)
		}
		batch = append(batch, telemetry.Received{At: now, Sort: telemetry.Message, MN: t.by.Station.MN, From: a.Who.User,
			Raw: body})
		out.AddPoint(at, t.answer(a.Lang))
	}
	if len(aside) > len(out.SetAside) {
		out.Aside = len(aside)
	}
	if len(batch) == 0 {
		fields := make([]refusal.Field, 0, len(out.SetAside))
		for _, p := range out.SetAside {
			fields = append(fields, refusal.Field{Path: p.Path, Rule: "telemetry.no_reporter",
				Args: refusal.Args{"ref": refusal.Shown(p.Path)}})
		}
		return calls.TelemetryTaken{}, refusal.Input(fields)
	}
	for _, n := range file.Notes {
		out.AddNote(calls.TelemetryNote{Name: string(n.Name), Message: n.Message(a.Lang), Count: n.Count})
	}
	if err := takeAll(ctx, to, batch); err != nil {
		return calls.TelemetryTaken{}, err
	}
	s.taken.keep(a.Key, content, now, out)
	return out, nil
}

// takeAll takes messages, several at once, and returns one of the errors. Of those that were taken before it nothing is
// undone: they may be sent again.
func takeAll(ctx context.Context, to Instruments, batch []telemetry.Received) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turns := make(chan struct{}, tablesAtOnce)
	var all sync.WaitGroup
	for _, what := range batch {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-turns }()
			if err := to.Take(ctx, what); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func setAside(a Ask, p telemetry.Point, err error) calls.SetAside {
	one := calls.SetAside{Path: string(p)}
	if e, ok := err.(*refusal.Error); ok {
		one.Rule, one.Message = e.Rule, e.Detail(a.Lang)
	}
	return one
}
