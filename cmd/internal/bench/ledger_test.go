package bench

import (
	"strings"
	"testing"
	"time"
)

func TestLedger(t *testing.T) {
	results, err := runLedger(t.Context(), ledgerSize{leaves: 10_000, picked: 100, proofs: 20, rounds: 1, slice: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]Result{}
	for _, f := range results {
		name, _, _ := strings.Cut(f.Name, ";")
		seen[name] = f
	}
	for _, name := range []string{"ledger_append_p50_ms", "ledger_append_p99_ms", "ledger_append_writes", "ledger_proof_p50_ms", "ledger_proof_p99_ms",
		"ledger_verify_contiguous_cpu_ms", "ledger_verify_scattered_cpu_ms", "ledger_verify_contiguous_ms, on all processors",
		"ledger_verify_scattered_ms, on all processors"} {
		if f, ok := seen[name]; !ok || f.Value <= 0 || f.Raw <= 0 || f.Ratio <= 0 {
			t.Errorf("%s: %+v in %+v", name, f, results)
		}
	}
	// The tree's rows come with the transaction of what they are about: no sync of their own.
	if f := seen["ledger_append_fsyncs"]; f.Value != 2 || f.Raw != 2 {
		t.Errorf("%+v", f)
	}
	if _, err := Ledger(t.Context(), 1000); err == nil {
		t.Error("a tree smaller than the bundles is measured")
	}
}

func TestLedgerServed(t *testing.T) {
	results, err := ledgerServed(t.Context(), servedSize{recipients: 300, hours: 8, rounds: 1, slice: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]Result{}
	for _, f := range results {
		name, _, _ := strings.Cut(f.Name, ";")
		seen[name] = f
	}
	if f := seen["ledger_tiles_per_s"]; f.Value <= 0 || f.Raw <= 0 || f.Ratio <= 0 {
		t.Errorf("%+v", f)
	}
	if f := seen["bundle_bytes"]; f.Value <= 0 || f.Value > 200_000 || seen["bundle_bytes, hours"].Value < 1 {
		t.Errorf("%+v in %+v", f, results)
	}
}
