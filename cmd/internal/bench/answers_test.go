package bench

import (
	"slices"
	"testing"
	"time"
)

// Every figure has a value, and the three ratios stand beside the limit that they are held against.
func TestAnswers(t *testing.T) {
	results, err := runAnswers(t.Context(),
		answersSize{recipients: 300, slice: 30 * time.Millisecond, pairs: 2, acks: 400})
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) Result {
		i := slices.IndexFunc(results, func(f Result) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("no figure %q in %+v", name, results)
		}
		return results[i]
	}
	for _, name := range []string{"answers_nats_1_ratio", "answers_nats_256_ratio", "answers_http_256_ratio"} {
		if f := value(name); f.Raw <= 0 || f.Ratio <= 0 || f.Unit != "1/s" {
			t.Errorf("%+v", f)
		}
	}
	const one = "acknowledge over TCP, callers=1, "
	beyond := value(one+"p50 in µs").Value - value(one+"p50 of a raw commit of the same rows").Value - value(one+
		"p50 of a raw round trip").Value
	if f := value(one + "p50 less commit and round trip"); f.Value != beyond {
		t.Errorf("%+v, want %v", f, beyond)
	}
	if f := value(one + "rows of an acknowledgement"); f.Value < 5 {
		t.Errorf("%+v: block, tree, order, board and last block at least", f)
	}
	for _, f := range results {
		if f.Name == "" || f.Unit == "" || f.Value <= 0 && f.Name != one+"p50 less commit and round trip" {
			t.Errorf("a figure without a value: %+v", f)
		}
	}
}
