package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What meters report of an hour, and that it follows load and orders as what they measure does.
func TestMeters(t *testing.T) {
	from := at("2026-03-04 00:00")
	for _, c := range []struct {
		meter      Meter
		n          int     // values of an hour
		step       string  //
		span       int64   //
		unit       string  //
		full       float64 // about the value at full load
		ordered    float64 // about the share that is left 20 hours into an order to half of the load
		decimals   int
		factorless bool
	}{
		{Meter{Kind: PowerMeter}, 4, "1m", 15, "kW", 12_000, 0.52, 2, true},
		{Meter{Kind: EnergyMeter}, 4, "1m", 15, "kWh", 3_000, 0.52, 2, true},
		{Meter{Kind: Feeder, Factor: "g20301"}, 1, "1h", 0, "t/h", 130, 0.5, 2, false},
		{Meter{Kind: Scale, Full: 60}, 1, "1h", 0, "t", 60, 0.5, 2, true},
		{Meter{Kind: Drive, Full: 40, Under: 50}, 1, "1h", 0, "Hz", 40, 1.25, 1, true},
		{Meter{Kind: Reagent, Full: 900, Unit: "kg/h"}, 1, "1h", 0, "kg/h", 900, 1, 2, true},
	} {
		values := func(p *Plant) []Report {
			m := c.meter
			m.Ref, m.Plant = "XQ-E0004-1", p
			if err := m.check(); err != nil {
				t.Fatal(err)
			}
			msg, ok := m.Message(from.Add(20*time.Hour), from.Add(21*time.Hour))
			if !ok || msg.Step != c.step || msg.SpanMin != c.span || msg.Unit != c.unit || len(msg.Readings) != c.n ||
				string(msg.Point) != strings.TrimSuffix("XQ-E0004-1."+c.meter.Factor, ".") ||
				len(m.Registered().Outlets) == 0 != c.factorless {
				t.Fatalf("%s: %+v %v", m.Kind, msg, ok)
			}
			return msg.Readings
		}
		usual, less := NewPlant(Coal, 3), NewPlant(Coal, 3)
		if err := less.Order(Order{From: from, To: from.Add(48 * time.Hour), Fraction: 0.5,
			Within: 4 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		a, b := values(usual), values(less)
		for i := range a {
			load := usual.Load(a[i].At)
			if m := meterSpecs[c.meter.Kind]; m.treats {
				load = 1
			}
			if got := a[i].Value / (c.full * load); math.Abs(got-1) > 0.06 {
				t.Errorf("%s: %v at a load of %.2f", c.meter.Kind, a[i].Value, load)
			}
			if got := b[i].Value / a[i].Value; math.Abs(got-c.ordered) > 0.02 || a[i].Flag != "N" {
				t.Errorf("%s: %.3f of it is left, not %.2f", c.meter.Kind, got, c.ordered)
			}
			if a[i].Value != round(a[i].Value, c.decimals) || a[i].At.Minute() != 15*i {
				t.Errorf("%s: %+v", c.meter.Kind, a[i])
			}
		}
	}
}

// A gate sees trucks of every standard, in order; an order that is obeyed lets none below 国五 in.
func TestGate(t *testing.T) {
	from := at("2026-03-04 00:00")
	below := func(b Behaviour) (n, all int) {
		p := NewPlant(Coating, 3)
		p.Behaviour = b
		if err := p.Order(Order{From: from.Add(24 * time.Hour), To: from.Add(48 * time.Hour), Fraction: 1}); err != nil {
			t.Fatal(err)
		}
		m := Meter{Ref: "MJ-E0001-1", Kind: Gate, Plant: p, Full: 30}
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		msg, _ := m.Message(from.Add(25*time.Hour), from.Add(47*time.Hour))
		last := time.Time{}
		for _, pass := range msg.Passes {
			if pass.Standard == "国四" || pass.Standard == "国三" {
				n++
			}
			if pass.At.Before(last) || pass.At.Before(from.Add(25*time.Hour)) || pass.Plate == "" {
				t.Errorf("%+v after %s", pass, last)
			}
			last = pass.At
		}
		return n, len(msg.Passes)
	}
	ignored, all := below(Ignore)
	half, _ := below(Half)
	obeyed, clean := below(Obey)
	if all < 200 || ignored < all/10 || half == 0 || half > ignored*3/4 || obeyed != 0 || clean != all-ignored {
		t.Errorf("of %d trucks below 国五: %d ignored, %d half, %d of %d obeyed", all, ignored, half, obeyed, clean)
	}
}

func TestMeterRefusals(t *testing.T) {
	p := NewPlant(Gas, 1)
	for _, m := range []Meter{{}, {Ref: "A", Kind: PowerMeter}, {Ref: "A", Kind: "light", Plant: p},
		{Kind: PowerMeter, Plant: p}, {Ref: "A", Kind: Feeder, Plant: p}, {Ref: "A", Kind: Gate, Plant: p},
		{Ref: "A", Kind: PowerMeter, Plant: p, Full: math.NaN()}} {
		if _, err := (Reporter{}).Run(t.Context(), &m); err == nil {
			t.Errorf("%+v reports", m)
		}
	}
}

// Each period is reported once it is over, under the owner's token. What the server did not take for a while goes
// with the next message; what it refuses goes nowhere, and the rest goes on.
func TestReporter(t *testing.T) {
	var mu sync.Mutex
	got, keys, requests := map[string]map[string]float64{}, map[string]bool{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		var msg Message
		if err := json.NewDecoder(r.Body).Decode(&msg); err != nil {
			t.Error(err)
		}
		keys[r.Header.Get("Idempotency-Key")] = true
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/api/v1/telemetry" ||
			r.Header.Get("Authorization") != "Bearer of E0004":
			t.Errorf("%s %s %s", r.Method, r.URL, r.Header)
		case requests%3 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case msg.Point == "REFUSED":
			http.Error(w, `{"code":"forbidden"}`, http.StatusForbidden)
			return
		}
		if got[string(msg.Point)] == nil {
			got[string(msg.Point)] = map[string]float64{}
		}
		for _, v := range msg.Readings {
			got[string(msg.Point)][v.At.Format(time.RFC3339)] = v.Value
		}
	}))
	defer srv.Close()
	p := NewPlant(Gas, 1)
	power := &Meter{Ref: "XQ-E0004-1", Recipient: "E0004", Kind: PowerMeter, Plant: p}
	refused := &Meter{Ref: "REFUSED", Recipient: "E0004", Kind: PowerMeter, Plant: p}
	ctx, cancel := context.WithCancel(t.Context())
	from := time.Now().Add(-20 * 24 * time.Hour).Truncate(time.Hour)
	r := Reporter{Server: srv.URL, Token: func(id string) string { return "of " + id }, Speed: 7200, From: from}
	done := make(chan Reported)
	go func() {
		did, err := r.Run(ctx, power, refused)
		if err != nil {
			t.Error(err)
		}
		done <- did
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		mu.Lock()
		enough := len(got["XQ-E0004-1"]) >= 20 && requests >= 10
		mu.Unlock()
		if enough {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no reports came within a minute")
		}
	}
	cancel()
	did := <-done
	first := power.next(from)
	for i := range int64(len(got["XQ-E0004-1"])) {
		when := timeOfUnix(first + 900*i)
		if v, there := got["XQ-E0004-1"][when.Format(time.RFC3339)]; !there && i > 0 || there &&
			v != power.value(when.Unix()) {
			t.Errorf("%s: %v %v", when, v, there)
		}
	}
	// The answer to the last report may have come too late to be counted.
	if did.Messages == 0 || did.Failed == 0 || did.Refused == 0 || did.Readings == 0 || len(got["REFUSED"]) > 0 ||
		len(keys) < 10 {
		t.Errorf("%+v, %d keys in %d requests", did, len(keys), requests)
	}
}

// A server that does not know the token is told of once in a run, for all meters.
func TestReporterWithoutAToken(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	var log bytes.Buffer // slog writes one line at a time
	ctx, cancel := context.WithCancel(t.Context())
	r := Reporter{Server: srv.URL, Token: func(string) string { return "" }, Speed: 7200,
		From: time.Now().Add(-20 * 24 * time.Hour), Log: slog.New(slog.NewTextHandler(&log, nil))}
	p := NewPlant(Gas, 1)
	done := make(chan Reported)
	go func() {
		did, err := r.Run(ctx, &Meter{Ref: "A", Recipient: "E0004", Kind: PowerMeter, Plant: p},
			&Meter{Ref: "B", Recipient: "E0004", Kind: PowerMeter, Plant: p})
		if err != nil {
			t.Error(err)
		}
		done <- did
	}()
	for deadline := time.Now().Add(time.Minute); asked.Load() < 4; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no reports came within a minute")
		}
	}
	cancel()
	if did := <-done; did.Failed < 2 || did.Messages > 0 || strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("%+v: %s", did, log.String())
	}
}
