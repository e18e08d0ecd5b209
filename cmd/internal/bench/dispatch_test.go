package bench

import (
	"log/slog"
	"slices"
	"testing"
)

func TestDispatch(t *testing.T) {
	const n = 300
	figures, err := Dispatch(t.Context(), n, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) Figure {
		i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("no figure %q in %+v", name, figures)
		}
		return figures[i]
	}
	if f := value("orders received outside, each counted once"); f.Value != n || f.Ratio != 1 {
		t.Errorf("%+v, want %d", f, n)
	}
	if f := value("entries of the record, proved"); f.Value < n {
		t.Errorf("%+v, want %d orders at least", f, n)
	}
	for _, f := range figures {
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
