package bench

import (
	"testing"
)

func TestConsole(t *testing.T) {
	results, _, err := runConsole(t.Context(), 300, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 50 {
		t.Errorf("%d results, want two of each page, call and stream", len(results))
	}
	for _, f := range results {
		if f.Value <= 0 || f.Name == "" || f.Unit != "ms" || f.Raw > 0 && f.Ratio <= 0 {
			t.Errorf("a figure without a value: %+v", f)
		}
	}
}
