package journal

import (
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// A code that comes with a command stands in the block beside it, for reconcile submits it again, and is no part of
// what the command is: under its key the same content is the same command, whatever code comes with it.
func TestAProofIsNoPartOfTheCommand(t *testing.T) {
	var decided []Proof
	reg := testRegistry()
	HandleProven(reg, "t.proven", func(tx *bbolt.Tx, _ string, in add, proof Proof, _ Moment) ([]Event, uint64, error) {
		decided = append(decided, proof)
		n := count(tx, in.Name) + in.N
		return []Event{added{in.Name, in.N, n}}, n, nil
	})
	w := newWorld(t)
	w.opt.Registry = reg
	j := w.start()
	cmd := Command{Kind: "t.proven", Key: "k", Actor: "a", Payload: add{Name: "x", N: 5},
		Proof: Proof{Ref: `v"1`, Step: 59910960}}
	if got, seen, err := j.Answered(cmd); seen || err != nil {
		t.Fatalf("before it was submitted its key has the answer %v (%v)", got, err)
	}
	for _, step := range []uint64{59910960, 59910961, 0} {
		cmd.Proof.Step = step
		if got, err := Do[uint64](t.Context(), j, cmd); got != 5 || err != nil {
			t.Fatalf("with step %d: %d, %v", step, got, err)
		}
		if got, seen, err := j.Answered(cmd); !seen || err != nil || got != uint64(5) {
			t.Errorf("its key has the answer %v, %v, %v", got, seen, err)
		}
	}
	if len(decided) != 1 {
		t.Errorf("decided %d times", len(decided))
	}
	other := cmd
	other.Payload = add{Name: "x", N: 6}
	if _, seen, err := j.Answered(other); !seen || refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("other content under the key: %v, %v", seen, err)
	}
	if _, seen, err := j.Answered(Command{Kind: "t.proven", Actor: "a", Payload: add{}}); seen || err != nil {
		t.Errorf("a command without a key: %v, %v", seen, err)
	}
	if err := j.View(func(tx *bbolt.Tx) error {
		b, err := ParseBlock(ReadBlock(tx, j.Height()))
		if err == nil && b.Parts[0].Command.Proof != (Proof{Ref: `v"1`, Step: 59910960}) {
			t.Errorf("the block has the proof %+v", b.Parts[0].Command.Proof)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
