package allocate

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// glpsol is GLPK, a third solver, by others than CBC's. Where it is not installed the proof is left out, but not where
// CI is set.
func glpsol(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("glpsol")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("glpsol is not installed (package glpk-utils), and without it the edges are not proved")
		}
		t.Skip("left out: glpsol is not installed (package glpk-utils)")
	}
	return path
}

// askGLPK has GLPK solve a program. known is false where it ran out of time or of digits.
func askGLPK(t testing.TB, path string, write func(*bytes.Buffer) error) (a answer, known bool) {
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := time.Now()
	said, err := exec.CommandContext(ctx, path, "--lp", in, "--tmlim", "20", "--cuts", "-w", out).CombinedOutput()
	if err != nil {
		t.Fatalf("glpsol: %v\n%s", err, said)
	}
	a.took = time.Since(begin)
	for _, no := range []string{"NO PRIMAL FEASIBLE", "NO INTEGER FEASIBLE"} {
		if bytes.Contains(said, []byte(no)) {
			a.infeasible = true
			return a, true
		}
	}
	solution, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(solution)) { // s mip ROWS COLUMNS STATUS OBJECTIVE
		if f := strings.Fields(line); len(f) == 6 && f[0] == "s" && f[4] == "o" {
			a.objective, err = strconv.ParseFloat(f[5], 64)
			return a, err == nil
		}
	}
	return a, false
}

// magnified is the problem with the objective of a result about as large as solvers measure their tolerances by. scale
// is what one has to be divided by.
func (p *Coal) magnified(o Outcome) (q *Coal, scale float64) {
	c := *p
	c.units, scale = slices.Clone(p.units), magnify(o)
	for i := range c.units {
		c.units[i].weight *= scale
		c.units[i].weightAtLow *= scale
	}
	return &c, scale
}

func (p *Waste) magnified(o Outcome) (q *Waste, scale float64) {
	c := *p
	c.furnaces, scale = slices.Clone(p.furnaces), magnify(o)
	c.divertCounts *= scale
	for i := range c.furnaces {
		c.furnaces[i].feedCounts *= scale
		c.furnaces[i].startCosts *= scale
	}
	return &c, scale
}

func magnify(o Outcome) float64 {
	if o.Objective == nil || *o.Objective < 1e-12 {
		return 1
	}
	return 1e4 / *o.Objective
}
