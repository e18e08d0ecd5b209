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
		if strings.HasPrefix(name, "measured/") {
			return fmt.Errorf("name: %s", name)
		}
	}
	text, here := b.files["measured"]
	if !here {
		return nil
	}
	numbers, lines, err := otherLines(text)
	if err != nil || len(lines) == 0 {
		return fmt.Errorf("measured: %d lines (%v)", len(lines), err)
	}
	for i, line := range lines {
		at := slices.IndexFunc(b.entries, func(e otherEntry) bool {
			return numbers[i] == e.index && e.kind == "compliance.hour_summed"
		})
		for _, m := range b.manifest.Missing {
			if m.Name == fmt.Sprintf("measured/%d", numbers[i]) {
				at = -1
			}
		}
		if at < 0 || i > 0 && numbers[i] <= numbers[i-1] {
			return fmt.Errorf("measured: no entry %d, said to be missing, or out of order", numbers[i])
		}
		if err := otherHour(string(line), b.entries[at].data); err != nil {
			return fmt.Errorf("measured: entry %d: %w", numbers[i], err)
		}
	}
	return nil
}

// otherHour proves what stands in a line behind the index by what the entry says.
func otherHour(line string, data []byte) error {
	f := strings.SplitN(line, " ", 4)
	if len(f) < 4 {
		return errors.New("too few fields")
	}
	var said struct{ Root string }
	var leaves []string
	size, err := otherNumber(f[0])
	hashes, wrong := otherBase64(f[2])
	want := []byte{}
	if err = errors.Join(err, wrong, json.Unmarshal(data, &said), otherJSON([]byte(f[3]), &leaves)); err == nil {
		want, err = otherBase64(said.Root)
	}
	places := strings.Split(f[1], ",")
	if err != nil || len(hashes)%32 != 0 || len(places) != len(leaves) {
		return fmt.Errorf("%d bytes of hashes, %d places, %d leaves (%w)", len(hashes), len(places), len(leaves), err)
	}
	t := otherTree{met: map[[2]uint64][32]byte{}}
	for i, leaf := range leaves {
		place, err := otherNumber(places[i])
		if err != nil || i > 0 && place <= t.leaves[i-1].index {
			return fmt.Errorf("place %q (%v)", places[i], err)
		}
		t.leaves = append(t.leaves, otherLeaf{place, sha256.Sum256([]byte("\x00qingkong.judged/1\n" + leaf))})
	}
	for ; len(hashes) > 0; hashes = hashes[32:] {
		t.hashes = append(t.hashes, [32]byte(hashes))
	}
	if got, err := t.root(size); err != nil || !bytes.Equal(got[:], want) {
		return fmt.Errorf("root %x, not %x (%w)", got, want, err)
	}
	return nil
}
