package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/allocate"
)

func tinyProblem(heat int) []byte {
	return fmt.Appendf(nil, `{"start":"2016-12-16T20:00:00+08:00","step_h":1,"steps":3,"units":[{"name":"5#","min_mw":120,"max_mw":300,
"initially_on":true,"hours_in_state":100,"min_up_h":2,"min_down_h":2,"start_coal_t":60,
"coal_t_per_h":{"constant":12,"per_mw":0.38,"per_mw2":0.00005,"per_gj":0.045},"max_heat_gj_h":900,"mw_lost_per_gj_h":0.05,
"emission_kg_per_t_coal":{"so2":0.113,"nox":0.288,"pm":0.0099},"low_load_mw":130,"low_load_nox_factor":1.4}],
"demand":[{"power_min_mw":150,"power_max_mw":200,"heat_gj_h":%d}]}`, heat)
}

// Few problems are worked on at a time. Who comes when all are busy waits for a while, and is told; who leaves, leaves.
func TestSolverIsBounded(t *testing.T) {
	s := &solver{wait: 20 * time.Millisecond}
	if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err != nil {
		t.Fatal(err)
	}
	for range planSlots {
		s.slots <- struct{}{}
	}
	if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(1),
		time.Second); refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("all busy: %v", err)
	}
	if a, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err != nil ||
		a.Status != allocate.Optimal {
		t.Errorf("what is known needs no slot: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.solve(gone, allocate.KindCoal, tinyProblem(1), time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("gone: %v", err)
	}
	<-s.slots
	if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(1), time.Second); err != nil {
		t.Errorf("one is free: %v", err)
	}
	if _, err := s.solve(t.Context(), "oil", tinyProblem(1), time.Second); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("no such kind: %v", err)
	}
}

// A fault of the optimiser is an error of its problem: it is said where, the slot is free again, and nothing of it is
// kept.
func TestSolverOutlivesAPanic(t *testing.T) {
	calls := 0
	s := &solver{by: func(ctx context.Context, kind allocate.Kind, text []byte, limits allocate.Limits,
		opt allocate.Options) (*allocate.Answer, error) {
		if calls++; calls <= 3*planSlots {
			panic("a set of no units")
		}
		return allocate.Solve(ctx, kind, text, limits, opt)
	}, wait: 20 * time.Millisecond}
	for range 3 * planSlots {
		if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err == nil ||
			refusal.CodeOf(err) != "" ||
			!strings.Contains(err.Error(), "a set of no units") || !strings.Contains(err.Error(), "plans_solve_test.go") {
			t.Fatalf("it panics: %v", err)
		}
	}
	if a, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err != nil ||
		a.Status != allocate.Optimal {
		t.Errorf("afterwards: %v", err)
	}
}

// The answers that were used last are kept, and no more.
func TestSolverKeepsFew(t *testing.T) {
	s := &solver{}
	for heat := range 3 * planKept {
		if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(heat), time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.answers) != planKept {
		t.Errorf("%d are kept", len(s.answers))
	}
	for range planSlots {
		s.slots <- struct{}{}
	}
	if _, err := s.solve(t.Context(), allocate.KindCoal, tinyProblem(0), time.Second); err != nil {
		t.Errorf("the one that is used all the time is gone: %v", err)
	}
}
