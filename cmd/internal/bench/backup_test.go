package bench

import (
	"testing"
)

func TestBackup(t *testing.T) {
	const n = 6000
	results, err := runBackup(t.Context(), backupSize{orders: n, rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]Result{}
	for _, f := range results {
		if f.Value <= 0 || f.Name == "" || f.Unit == "" {
			t.Errorf("a figure without a value: %+v", f)
		}
		seen[f.Name] = f
	}
	for _, name := range []string{"backup_s", "backup_mb", "backup_writer_p99_ms", "restore_s",
		"entries of the record, proved"} {
		if _, ok := seen[name]; !ok {
			t.Errorf("there is no figure %q in %+v", name, results)
		}
	}
	if f := seen["backup_writer_p99_ms"]; f.Raw <= 0 || f.Ratio <= 0 {
		t.Errorf("no latency without a backup beside %+v", f)
	}
	if f := seen["entries of the record, proved"]; f.Value < n {
		t.Errorf("%+v, want %d orders at least", f, n)
	}
}
