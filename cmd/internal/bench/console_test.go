package bench

import (
	"log/slog"
	"testing"
)

func TestConsole(t *testing.T) {
	figures, _, err := Console(t.Context(), 300, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) < 50 {
		t.Errorf("%d figures, want two of each page, call and stream", len(figures))
	}
	for _, f := range figures {
		if f.Value <= 0 || f.Name == "" || f.Unit != "ms" || f.Raw > 0 && f.Ratio <= 0 {
			t.Errorf("a figure without a value: %+v", f)
		}
	}
}
