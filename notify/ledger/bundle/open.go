package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bundle is an opened bundle: its form is right and its manifest can be read. What it says is proved by [Bundle.Verify].
type Bundle struct {
	Manifest Manifest

	r      io.ReaderAt
	files  []member
	signed signed // the manifest
}

// Open reads the form of a bundle. An error is a [*Difference], or one of r.
func Open(r io.ReaderAt, size int64) (*Bundle, error) {
	files, err := readZip(r, size)
	if err != nil {
		return nil, err
	}
	b := &Bundle{r: r, files: files}
	if len(files) == 0 || files[0].name != ManifestFile {
		return nil, differs(ManifestFile, RuleName, "the first file is another one")
	}
	raw, err := b.read(&files[0])
	if err != nil {
		return nil, err
	}
	if b.signed, err = parseNote(raw); err != nil {
		return nil, differs(ManifestFile, RuleManifest, "%v", err)
	}
	if n := bytes.Count(raw, []byte("\n— ")); n != 1 {
		return nil, differs(ManifestFile, RuleManifest, "it has %d signatures instead of one", n)
	}
	// This decoder knows members by their exact names and refuses one that stands twice: all who read a manifest read the same.
	if err := json.Unmarshal([]byte(b.signed.text), &b.Manifest); err != nil {
		return nil, differs(ManifestFile, RuleManifest, "%v", err)
	}
	if err := b.Manifest.check(); err != nil {
		return nil, err
	}
	return b, b.agrees()
}

// check refuses what a manifest may not say, whatever the files are.
func (m *Manifest) check() error {
	if m.Format != Format {
		return differs(ManifestFile, RuleManifest, "it is of format %q; this is a verifier of %q", m.Format, Format)
	}
	about := 0
	for _, id := range []string{m.Subject.Order, m.Subject.Recipient, m.Subject.Warning} {
		if id != "" {
			about++
		}
	}
	if about != 1 {
		return differs(ManifestFile, RuleManifest, "it is about %d things and not about one order, recipient or warning", about)
	}
	if _, err := time.Parse(time.RFC3339, m.MadeAt); err != nil {
		return differs(ManifestFile, RuleManifest, "it was made at %q, which is no time", m.MadeAt)
	}
	here, seen := map[string]bool{}, map[string]bool{}
	for _, f := range m.Files {
		here[f.Name] = true
	}
	for _, lost := range m.Missing {
		switch {
		case !slices.Contains([]string{NotHeld, Erased, Secret, TooMany, Private}, lost.Why):
			return differs(ManifestFile, RuleManifest, "%q is missing because of %q, which is no reason", lost.Name, lost.Why)
		case seen[lost.Name], here[lost.Name]:
			return differs(ManifestFile, RuleManifest, "%q is missing twice, or missing and here", lost.Name)
		}
		seen[lost.Name] = true
	}
	return nil
}

// agrees reports where the files are not those of the manifest.
func (b *Bundle) agrees() error {
	m := &b.Manifest
	for i := 0; i < max(len(m.Files), len(b.files)-1); i++ {
		switch {
		case i >= len(m.Files):
			return differs(b.files[i+1].name, RuleManifest, "the manifest does not name it")
		case i >= len(b.files)-1:
			return differs(m.Files[i].Name, RuleManifest, "the manifest names it, and it is not here")
		}
		want, is := &m.Files[i], &b.files[i+1]
		switch {
		case want.Name != is.name:
			return differs(is.name, RuleManifest, "the manifest has %q in its place", want.Name)
		case i > 0 && want.Name <= m.Files[i-1].Name:
			return differs(is.name, RuleName, "it is out of order")
		case want.Size != is.size:
			return differs(is.name, RuleManifest, "it has %d bytes, and the manifest says %d", is.size, want.Size)
		}
	}
	for _, name := range []string{CheckpointFile, EntriesFile, IndexFile, ProofFile} {
		if b.file(name) == nil {
			return differs(name, RuleName, "a bundle has such a file")
		}
	}
	return nil
}

// file is the file of a name; nil for none. All but the first stand in the order of their names.
func (b *Bundle) file(name string) *member {
	if name == ManifestFile {
		return &b.files[0]
	}
	i, ok := slices.BinarySearchFunc(b.files[1:], name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !ok {
		return nil
	}
	return &b.files[1+i]
}

// read is the content of a file that is read at once.
func (b *Bundle) read(m *member) ([]byte, error) {
	if m.size > MaxText {
		return nil, differs(m.name, RuleContent, "%d bytes are more than such a file has", m.size)
	}
	text, err := io.ReadAll(m.opened(b.r))
	if err == nil && int64(len(text)) != m.size {
		err = io.ErrUnexpectedEOF
	}
	return text, err
}

// Read is the content of a file that has at most [MaxText] bytes; nil where there is none of that name.
func (b *Bundle) Read(name string) ([]byte, error) {
	m := b.file(name)
	if m == nil {
		return nil, nil
	}
	return b.read(m)
}

// hashed checks every file against the hash that the manifest states.
func (b *Bundle) hashed() error {
	for i := range b.Manifest.Files {
		m := &b.files[i+1]
		hash := sha256.New()
		// The hash is told before the sum of the zip file: it says more of what was changed.
		_, err := io.Copy(hash, m.opened(b.r))
		var wrong *Difference
		if err != nil && !errors.As(err, &wrong) {
			return err
		}
		if hex.EncodeToString(hash.Sum(nil)) != b.Manifest.Files[i].SHA256 {
			return differs(m.name, RuleContent, "its content is not what the manifest states")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
