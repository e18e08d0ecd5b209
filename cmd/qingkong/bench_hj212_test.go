package main

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry/hj212"
)

// A load in a process of its own says what became of it: at its end, when it is interrupted, and when nobody listens.
func TestLoadApart(t *testing.T) {
	t.Setenv("QINGKONG_TEST_RUN", "1") // the test binary is the program
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var confirmed atomic.Int64
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				d, f := hj212.NewDecoder(c, hj212.Options{Live: true}), hj212.Frame{}
				for d.Next(&f) == nil {
					answer, err := hj212.NewFrame(hj212.Head{QN: f.QN, ST: "91", CN: "9014", PW: f.PW, MN: f.MN}).Append(nil, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
					confirmed.Add(1)
				}
			}()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, cpu, err := loadApart(ctx, simulate.Load{Stations: 3, Frames: 40, Window: 4, Version: hj212.V2025, Resent: true},
		ln.Addr().String())
	if err != nil || r.Confirmed != 120 || r.Frames != 120 || r.P50 <= 0 || r.Elapsed <= 0 || cpu <= 0 {
		t.Errorf("to its end: %+v, %s, %v", r, cpu, err)
	}
	confirmed.Store(0)
	soon, stop := context.WithCancel(ctx)
	go func() {
		for ctx.Err() == nil && confirmed.Load() < 5 {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	r, _, err = loadApart(soon, simulate.Load{Stations: 2, For: time.Hour, Every: 10 * time.Millisecond}, ln.Addr().String())
	if err != nil || r.Confirmed < 5 || r.Lost > 0 || r.Broken > 0 {
		t.Errorf("interrupted: %+v, %v", r, err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = loadApart(ctx, simulate.Load{Stations: 1, Frames: 1}, ln.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
}
