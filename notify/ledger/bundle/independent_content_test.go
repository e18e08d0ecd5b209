package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Content, §6. It is a part of the verifier of independent_test.go and shares no code with ours.

var (
	otherReference = regexp.MustCompile(`"v[A-Za-z0-9_-]{43}"`)
	otherEvidence  = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)
)

// named are the files that data name.
func named(data []byte) (files []string) {
	for _, ref := range otherReference.FindAll(data, -1) {
		files = append(files, "personal/"+string(ref[1:len(ref)-1]))
	}
	var all any
	if bytes.Contains(data, []byte(`"evidence":[`)) && json.Unmarshal(data, &all) == nil {
		files = append(files, evidenceIn(all)...)
	}
	return files
}

func evidenceIn(v any) (files []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			files = append(files, evidenceIn(x)...)
		}
	case map[string]any:
		for name, x := range v {
			list, ok := x.([]any)
			if name != "evidence" || !ok {
				files = append(files, evidenceIn(x)...)
				continue
			}
			for _, x := range list {
				if s, ok := x.(string); ok && otherEvidence.MatchString(s) {
					files = append(files, "evidence/"+otherEvidence.FindStringSubmatch(s)[1])
				}
			}
		}
	}
	return files
}

// content holds what entries name against what is there and what is said to be missing.
func (b *other) content() error {
	missing, known, erased := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, e := range b.entries {
		if e.kind == "compliance.hour_summed" {
			known[fmt.Sprintf("measured/%d", e.index)] = true
		}
		if e.kind == "journal.vault_erased" {
			var said struct{ Ref string }
			if err := json.Unmarshal(e.data, &said); err == nil {
				erased["personal/"+said.Ref] = true
			}
		}
	}
	for _, m := range b.manifest.Missing {
		_, here := b.files[m.Name]
		if missing[m.Name] != "" || here || !slices.Contains([]string{"not_held", "erased", "secret", "too_many", "personal"}, m.Why) ||
			m.Why == "erased" && !erased[m.Name] {
			return fmt.Errorf("missing: %q because %q", m.Name, m.Why)
		}
		missing[m.Name] = m.Why
	}
	for _, e := range b.entries {
		for _, name := range named(e.data) {
			known[name] = true
			if _, here := b.files[name]; !here && missing[name] == "" &&
				(b.manifest.Personal || strings.HasPrefix(name, "evidence/")) {
				return fmt.Errorf("missing: %s of entry %d", name, e.index)
			}
		}
	}
	for name := range missing {
		if !known[name] {
			return fmt.Errorf("missing: no entry names %q", name)
		}
	}
	for _, name := range b.names {
		sum := sha256.Sum256(b.files[name])
		switch folder, of, _ := strings.Cut(name, "/"); folder {
		case "evidence":
			if !known[name] || of != hex.EncodeToString(sum[:]) {
				return fmt.Errorf("reference: %s", name)
			}
		case "personal":
			if !b.manifest.Personal || !known[name] || len(b.files[name]) < 16 || of != "v"+base64.RawURLEncoding.EncodeToString(sum[:]) {
				return fmt.Errorf("reference: %s", name)
			}
		}
	}
	return nil
}

// measured proves results of hours in the trees that entries have the roots of.
func (b *other) measured() error {
	for _, name := range b.names {
		of, ok := strings.CutPrefix(name, "measured/")
		if !ok {
			continue
		}
		at := slices.IndexFunc(b.entries, func(e otherEntry) bool {
			return of == strconv.FormatUint(e.index, 10) && e.kind == "compliance.hour_summed"
		})
		if at < 0 {
			return fmt.Errorf("%s: no entry has its root", name)
		}
		var said struct{ Root string }
		var r struct {
			Size   uint64 `json:"size"`
			Leaves []struct {
				Index uint64 `json:"index"`
				Leaf  string `json:"leaf"`
			} `json:"leaves"`
			Proof []struct {
				Index uint64 `json:"index"`
				Hash  string `json:"hash"`
			} `json:"proof"`
		}
		if err := errors.Join(json.Unmarshal(b.entries[at].data, &said), otherJSON(b.files[name], &r)); err != nil {
			return err
		}
		t := otherTree{met: map[[2]uint64][32]byte{}}
		for _, l := range r.Leaves {
			t.leaves = append(t.leaves, otherLeaf{l.Index, sha256.Sum256(append([]byte{0}, l.Leaf...))})
		}
		for _, p := range r.Proof {
			h, err := otherBase64(p.Hash)
			if err != nil || len(h) != 32 {
				return fmt.Errorf("%s: hash %q", name, p.Hash)
			}
			t.numbers, t.hashes = append(t.numbers, p.Index), append(t.hashes, [32]byte(h))
		}
		want, err := otherBase64(said.Root)
		got, wrong := t.root(r.Size)
		if err = errors.Join(err, wrong); err != nil || !bytes.Equal(got[:], want) {
			return fmt.Errorf("%s: root %x, not %x (%v)", name, got, want, err)
		}
	}
	return nil
}
