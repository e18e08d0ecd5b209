package compliance

import (
	"math"
	"testing"

	"qingkong/notify/compliance/judge"
)

// A task presses by what its order saves and probably does not, by what is not known, and a little by how near it is. The
// scores are worked out by hand.
func TestWhatATaskIsRankedBy(t *testing.T) {
	w := RankWeights{Saving: 2, NoData: 0.5, Nearby: 0.1, Halfway: 5, Violated: 0.9, Suspected: 0.6, Unknown: 0.3, Otherwise: 0.1,
		History: 0.5, Found: 0.5}
	for _, c := range []struct {
		name    string
		is      Pressing
		failing float64
		score   float64
	}{
		{"nothing is known of it", Pressing{}, 0.1, 0},
		{"a violation that costs a tonne a day", Pressing{AtStake: 1, Verdict: judge.Violated}, 0.9, 1.8},
		{"a suspicion", Pressing{AtStake: 1, Verdict: judge.Suspected}, 0.6, 1.2},
		{"half of it without data", Pressing{AtStake: 1, Verdict: judge.Unknown, NoData: 0.5}, 0.3, 0.85},
		{"compliant now", Pressing{AtStake: 1, Verdict: judge.Compliant}, 0.1, 0.2},
		{"who violated every order before", Pressing{AtStake: 1, Verdict: judge.Suspected, Judged: 3, Violated: 3}, 0.8, 1.6},
		{"who violated one of two", Pressing{AtStake: 1, Verdict: judge.Suspected, Judged: 2, Violated: 1}, 0.7, 1.4},
		{"who violated none of two", Pressing{AtStake: 1, Verdict: judge.Suspected, Judged: 2}, 0.6, 1.2},
		{"where the last visit failed", Pressing{AtStake: 1, Verdict: judge.Violated, Visits: 1, Failed: 1}, 0.95, 1.9},
		{"where one of two failed", Pressing{AtStake: 1, Verdict: judge.Violated, Visits: 2, Failed: 1}, 0.7, 1.4},
		{"where all visits passed", Pressing{AtStake: 1, Verdict: judge.Violated, Visits: 2}, 0.45, 0.9},
		{"next door", Pressing{Distance: new(0.0)}, 0.1, 0.1},
		{"at half the worth of being near", Pressing{Distance: new(5.0)}, 0.1, 0.05},
		{"far away", Pressing{Distance: new(45.0)}, 0.1, 0.01},
	} {
		got := RankOf(c.is, w)
		if math.Abs(got.Score-c.score) > 1e-12 || math.Abs(got.Failing-c.failing) > 1e-12 || got.Weights != w {
			t.Errorf("%s: %+v, want a score of %v and %v", c.name, got, c.score, c.failing)
		}
	}
}

func TestDistancesAreAlongTheGround(t *testing.T) {
	office, foundry := Place{117.0085, 39.1413}, Place{117.1085, 39.1413}
	if d := office.To(foundry); d == nil || math.Abs(*d-8.624) > 0.01 { // 0.1° × 111.19 km × cos 39.1413°
		t.Errorf("%v km", d)
	}
	if office.To(Place{}) != nil || (Place{}).To(office) != nil {
		t.Error("a distance to nowhere")
	}
}
