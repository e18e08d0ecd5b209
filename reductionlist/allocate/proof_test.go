package allocate

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var proofN = flag.Int("proof.n", 25, "how many random problems of each kind are held against the other solver")

// proveAll proves n problems and counts them: enough of them have to change commitment, and enough to have no plan.
func proveAll(t testing.TB, n int, one func(t testing.TB, cbc string, seed uint64) (Status, bool)) {
	cbc := solver(t)
	var changed, infeasible int
	for seed := range uint64(n) {
		status, change := one(t, cbc, seed)
		if t.Failed() {
			t.FailNow()
		}
		if status == Infeasible {
			infeasible++
		} else if change {
			changed++
		}
	}
	t.Logf("%d problems agree: %d optima (%d change commitment), %d infeasible", n, n-infeasible, changed, infeasible)
	if n >= 20 && (changed*10 < n*3 || infeasible*10 < n*2) {
		t.Errorf("too few of either: at least 30 %% shall change commitment and 20 %% be infeasible")
	}
}

// solver is CBC, wherever it is installed. Where it is not the proof is left out, but not where CI is set: there the
// package coinor-cbc belongs to the machine.
func solver(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("cbc")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("cbc is not installed (package coinor-cbc), and without it nothing here is proved")
		}
		t.Skip("left out: cbc is not installed (package coinor-cbc)")
	}
	return path
}

// answer is what the other solver says.
type answer struct {
	infeasible bool
	objective  float64
	values     map[string]float64
	took       time.Duration
}

// ask has CBC solve a program to the proof.
func ask(t testing.TB, cbc string, write func(*bytes.Buffer) error) answer {
	t.Helper()
	var text bytes.Buffer
	if err := write(&text); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "p.lp"), filepath.Join(dir, "p.sol")
	if err := os.WriteFile(in, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	begin := time.Now()
	said, err := exec.CommandContext(ctx, cbc, in, "ratio", "0", "allow", "1e-9", "integerT", "1e-9", "primalT", "1e-9",
		"solve", "printingOptions", "all", "solution", out).CombinedOutput()
	a := answer{took: time.Since(begin), values: map[string]float64{}}
	if err != nil {
		t.Fatalf("cbc: %v\n%s", err, said)
	}
	solution, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("cbc left no solution: %v\n%s", err, said)
	}
	lines := strings.Split(string(solution), "\n")
	switch head := lines[0]; {
	case strings.Contains(strings.ToLower(head), "infeasible"):
		a.infeasible = true
		return a
	case !strings.HasPrefix(head, "Optimal"):
		t.Fatalf("cbc: %s", head)
	default:
		fmt.Sscanf(head[strings.LastIndex(head, " ")+1:], "%g", &a.objective)
	}
	for _, line := range lines[1:] {
		if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "**")); len(f) >= 3 {
			if v, err := strconv.ParseFloat(f[2], 64); err == nil {
				a.values[f[1]] = v
			}
		}
	}
	return a
}
