package notary

import (
	"slices"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

// Kept is what is kept of checkpoints beside the ledger. A checkpoint is no entry: it is made of all entries.
type Kept struct {
	Latest   string   `json:"latest"`             // signed note, with the cosignatures of it; empty before the first
	Cosigned []string `json:"cosigned,omitempty"` // signed notes: of each witness the newest that it cosigned, other than Latest
}

// Signed is a signed checkpoint that was read.
type Signed struct {
	Note string
	torchwood.Checkpoint
	Cosignatures []Cosignature
}

// Cosignature is a witness's line below a checkpoint, as it says itself; it was checked when it came.
type Cosignature struct {
	Name string
	At   time.Time
}

// ParseSigned reads a note that was kept. Its signatures are not checked.
func ParseSigned(text string) (s Signed, err error) {
	body, _, _ := strings.Cut(text, "\n\n")
	if s.Checkpoint, err = torchwood.ParseCheckpoint(body + "\n"); err != nil {
		return s, err
	}
	s.Note = text
	n, err := note.Open([]byte(text), nobody{})
	if n == nil {
		unverified, ok := err.(*note.UnverifiedNoteError)
		if !ok {
			return s, err
		}
		n = unverified.Note
	}
	for _, sig := range n.UnverifiedSigs {
		if sig.Name == s.Origin {
			continue
		}
		at, err := torchwood.CosignatureTimestamp(sig)
		if err != nil {
			return s, err
		}
		s.Cosignatures = append(s.Cosignatures, Cosignature{sig.Name, time.Unix(at, 0)})
	}
	return s, nil
}

// nobody knows no key.
type nobody struct{}

// Verifier implements note.Verifiers.
func (nobody) Verifier(name string, hash uint32) (note.Verifier, error) {
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// read is the latest checkpoint and the cosigned ones, the newest first.
func (k *Kept) read() (latest Signed, cosigned []Signed, err error) {
	if k.Latest == "" {
		return latest, nil, nil
	}
	if latest, err = ParseSigned(k.Latest); err != nil {
		return latest, nil, err
	}
	for _, text := range k.Cosigned {
		s, err := ParseSigned(text)
		if err != nil {
			return latest, nil, err
		}
		cosigned = append(cosigned, s)
	}
	slices.SortFunc(cosigned, func(a, b Signed) int { return int(b.N - a.N) })
	return latest, cosigned, nil
}

// sign puts a checkpoint in the place of the latest, which is kept while a witness has cosigned nothing newer.
func (k Kept) sign(text string) (Kept, error) {
	if k.Latest != "" {
		k.Cosigned = append(slices.Clone(k.Cosigned), k.Latest)
	}
	k.Latest = text
	return k.pruned()
}

// cosign adds a witness's line to the checkpoint that it cosigned, in the place of an earlier one of the same name. A
// checkpoint that is kept no longer, because a newer one came and nobody had cosigned it, is kept again.
func (k Kept) cosign(of, name, lines string) (Kept, error) {
	body, _, _ := strings.Cut(of, "\n\n")
	add := func(text string) (string, bool) {
		b, sigs, _ := strings.Cut(text, "\n\n")
		if b != body {
			return text, false
		}
		var kept strings.Builder
		for line := range strings.Lines(sigs) {
			if !strings.HasPrefix(line, "— "+name+" ") {
				kept.WriteString(line)
			}
		}
		return b + "\n\n" + kept.String() + lines, true
	}
	var found bool
	if k.Latest, found = add(k.Latest); found {
		return k.pruned()
	}
	k.Cosigned = slices.Clone(k.Cosigned)
	for i := range k.Cosigned {
		if k.Cosigned[i], found = add(k.Cosigned[i]); found {
			return k.pruned()
		}
	}
	text, _ := add(of)
	k.Cosigned = append(k.Cosigned, text)
	return k.pruned()
}

// pruned leaves those cosigned checkpoints alone that are the newest of a witness.
func (k Kept) pruned() (Kept, error) {
	latest, cosigned, err := k.read()
	if err != nil {
		return k, err
	}
	seen := map[string]bool{}
	for _, c := range latest.Cosignatures {
		seen[c.Name] = true
	}
	k.Cosigned = nil
	for _, s := range cosigned { // the newest first
		newest := false
		for _, c := range s.Cosignatures {
			newest = newest || !seen[c.Name]
			seen[c.Name] = true
		}
		if newest && s.N != latest.N {
			k.Cosigned = append(k.Cosigned, s.Note)
		}
	}
	return k, nil
}
