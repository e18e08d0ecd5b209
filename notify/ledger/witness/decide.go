package witness

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// The statuses of HTTP that C2SP gives the refusals.
const (
	BadRequest    = 400
	Forbidden     = 403
	NotFound      = 404
	Conflict      = 409
	Unprocessable = 422
)

// State is the largest tree of a log that a witness cosigned.
type State struct {
	Size int64
	Root tlog.Hash
	At   time.Time // of the cosignature, to the second
}

// Fault is what a request says of the log whose key signed its checkpoint.
type Fault int

const (
	// Blameless is what anybody can send who has seen the log's checkpoints.
	Blameless Fault = iota
	// Suspected is a tree that the proof does not derive from the one that was cosigned. Either there are two histories,
	// or somebody sent a checkpoint of the log with a wrong proof.
	Suspected
	// Guilty is a log that signed two trees of one size: whoever holds both checkpoints can show it.
	Guilty
)

// Refusal is why a witness does not cosign.
type Refusal struct {
	Status int
	Size   int64  // with [Conflict]: of the tree cosigned last, 0 for none
	Why    string // in words, and which two histories disagree
	Fault  Fault
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Why) }

// Body is what the refusal is answered with. With [Conflict] it is the size alone, of the media type that C2SP names.
func (r *Refusal) Body() (text, mediaType string) {
	if r.Status == Conflict {
		return fmt.Sprintf("%d\n", r.Size), "text/x.tlog.size"
	}
	return r.Why + "\n", "text/plain; charset=utf-8"
}

// Decide says whether the checkpoint of a request is cosigned; then next is the state to keep, whose time is that of the
// cosignature to be made. last is the state of its origin, nil where nothing of that was cosigned yet.
//
// Two trees of one size are a 409, as C2SP tlog-witness v1.0.0 says; the text after it says 422.
func Decide(last *State, p Proved) (next State, no *Refusal) {
	was := State{}
	if last != nil {
		was = *last
	}
	n, root := p.Head.N, p.Head.Hash
	no = &Refusal{Fault: forked(last, p.Head), Why: histories(last, p.Head)}
	switch {
	case p.Old > n:
		no.Status, no.Why = BadRequest, fmt.Sprintf("old size %d is above the checkpoint's, %d", p.Old, n)
	case p.Old != was.Size:
		no.Status, no.Size = Conflict, was.Size
		if no.Fault == Blameless {
			no.Why = fmt.Sprintf("the request goes on from size %d; %s", p.Old, cosigned(last))
		}
	case n == 0 && root != emptyRoot():
		no.Status, no.Why = Unprocessable, fmt.Sprintf("a tree of no entries has another root than %s", root)
	case last != nil && n == was.Size && root != was.Root:
		no.Status, no.Size = Conflict, was.Size
	case (p.Old == 0 || p.Old == n) && len(p.Proof) > 0:
		no.Status, no.Why = Unprocessable, fmt.Sprintf("there is a proof from size %d to %d, which needs none", p.Old, n)
	case p.Old > 0 && p.Old < n && tlog.CheckTree(p.Proof, n, root, p.Old, was.Root) != nil:
		no.Status, no.Fault = Unprocessable, Suspected
	default:
		return State{Size: n, Root: root}, nil
	}
	return State{}, no
}

// forked is what two signed trees say of a log without any proof between them.
func forked(last *State, head Head) Fault {
	if head.N == 0 && head.Hash != emptyRoot() || last != nil && head.N == last.Size && head.Hash != last.Root {
		return Guilty
	}
	return Blameless
}

// histories words the two trees that a refusal is about.
func histories(last *State, head Head) string {
	say := "not shown to be one history"
	if last != nil && head.N == last.Size {
		say = "two histories of one size"
	}
	return fmt.Sprintf("%s: %s, and the checkpoint is of size %d with root %s", say, cosigned(last), head.N, head.Hash)
}

func cosigned(last *State) string {
	if last == nil {
		return "nothing of this log was cosigned yet"
	}
	return fmt.Sprintf("cosigned last, at %s, was size %d with root %s", last.At.UTC().Format(time.RFC3339), last.Size,
		last.Root)
}

func emptyRoot() tlog.Hash {
	h, err := tlog.TreeHash(0, nil)
	if err != nil {
		panic(err) // tlog reads nothing for an empty tree
	}
	return h
}
