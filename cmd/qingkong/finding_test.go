package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// What a shell prints of a finding has every hour with its limit, and every explanation with its decision.
func TestAFindingInWords(t *testing.T) {
	at := time.Date(2016, 12, 16, 21, 0, 0, 0, alerts.Shanghai())
	f := calls.FindingView{Unit: "mg/m3", Measured: new(41.5), Baseline: &calls.BaselineView{Median: 60.5, Low: 41, High: 80, N: 28},
		Hours: []compliance.FoundHour{{At: at, Result: judge.Fail, Measured: new(41.5), Limit: new(35.0)},
			{At: at.Add(time.Hour), Result: judge.NoData, Why: judge.NothingCame}},
		Explanations: []calls.ExplanationView{{At: at, Note: "检修\x1b[31m后试车", Decision: compliance.Reject, DecidedAt: &at, Reason: "不符"}, {At: at, Note: "补充"}}}
	for member, want := range map[string][]string{"measured": {"41.5 mg/m3"}, "limit": {""}, "baseline": {"60.5（41–80）n=28"},
		"hours":        {"2016-12-16 21:00", "不符合", "41.5 / 35", "22:00", "没有收到数据"},
		"explanations": {"检修", "不采纳", "不符", "补充"}} {
		got := findingWords.of(f, member)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q lacks %q", member, got, w)
			}
		}
		if strings.Contains(got, "\x1b") {
			t.Errorf("%s: %q steers a terminal", member, got)
		}
	}
	for want, f := range map[string]calls.FindingView{"cleared": {Cleared: true}, "waits": {Waits: true}, "asked to explain": {Asks: true},
		"not cleared": {}} {
		var out bytes.Buffer
		if err := tellFound(&out, f, nil); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q (%v)", out.String(), want, err)
		}
	}
}

// A rank is printed as the sum that it is.
func TestARankInWords(t *testing.T) {
	r := compliance.RankOf(compliance.Pressing{AtStake: 1.5, Verdict: judge.Violated, NoData: 0.5, Distance: new(5.0)},
		compliance.UsualWeights)
	if got, want := rankText(calls.TaskView{Rank: &r}), "1.650 = 1 × 1.500 t/d × 0.90 + 0.5 × 0.50 + 0.1 × 5/(5+5.0 km)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if rankText(calls.TaskView{}) != "" {
		t.Error("a task that is done has a rank")
	}
}
