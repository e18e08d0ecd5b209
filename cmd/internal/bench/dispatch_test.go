package bench

import (
	"slices"
	"testing"
)

func TestDispatch(t *testing.T) {
	const n = 300
	results, err := Dispatch(t.Context(), n)
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
	if f := value("orders received outside, each counted once"); f.Value != n || f.Ratio != 1 {
		t.Errorf("%+v, want %d", f, n)
	}
	if f := value("entries of the record, proved"); f.Value < n {
		t.Errorf("%+v, want %d orders at least", f, n)
	}
	for _, f := range results {
		if f.Value <= 0 || f.Name == "" || f.Unit == "" || f.Raw > 0 && f.Ratio <= 0 {
			t.Errorf("a figure without a value: %+v", f)
		}
	}
	journaled, received := value("from approval to the last order journaled"),
		value("from approval to the last order received")
	if journaled.Raw <= 0 || received.Raw <= 0 {
		t.Errorf("no raw limits: %+v, %+v", journaled, received)
	}
}
