package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// The zip file and the manifest, §2 and §3. It is a part of the verifier of independent_test.go and shares no code with ours.

var otherName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[a-z0-9]+)?(/[A-Za-z0-9_-]+(\.[a-z0-9]+)?)?$`)

// unzip reads the files one behind the other, makes the zip file that they make, and compares.
func (b *other) unzip(raw []byte) error {
	le, rest := binary.LittleEndian, raw
	if len(raw) > 2<<30 {
		return errors.New("zip: too large")
	}
	for len(rest) >= 30 && string(rest[:4]) == "PK\x03\x04" {
		size, name := uint64(le.Uint32(rest[18:])), uint64(le.Uint16(rest[26:]))
		if uint64(len(rest)) < 30+name+size {
			return errors.New("zip: cut off")
		}
		n := string(rest[30 : 30+name])
		switch last := len(b.names) - 1; {
		case !otherName.MatchString(n) || len(n) > 120:
			return fmt.Errorf("zip: name %q", n)
		case last < 0 && n != "manifest.json" || last == 0 && n == "manifest.json" || last > 0 && b.names[last] >= n:
			return fmt.Errorf("zip: %q does not stand in order", n)
		}
		b.names = append(b.names, n)
		b.files[n] = rest[30+name : 30+name+size]
		rest = rest[30+name+size:]
	}
	if len(b.names) > 65535 || !bytes.Equal(raw, b.zip()) {
		return errors.New("zip: another form")
	}
	for _, n := range []string{"manifest.json", "checkpoint", "entries", "proof", "index.html"} {
		if _, ok := b.files[n]; !ok {
			return fmt.Errorf("zip: no %s", n)
		}
	}
	return nil
}

// zip is the one zip file of the files.
func (b *other) zip() []byte {
	le := binary.LittleEndian
	var files, dir []byte
	for _, name := range b.names {
		text := b.files[name]
		common := make([]byte, 26) // version needed; flags, method, time, date; CRC, sizes; lengths
		le.PutUint16(common, 10)
		le.PutUint32(common[10:], crc32.ChecksumIEEE(text))
		le.PutUint32(common[14:], uint32(len(text)))
		le.PutUint32(common[18:], uint32(len(text)))
		le.PutUint16(common[22:], uint16(len(name)))
		dir = append(append(dir, "PK\x01\x02\x0a\x00"...), common...)
		dir = append(dir, make([]byte, 10)...) // comment, disk, attributes
		dir = append(le.AppendUint32(dir, uint32(len(files))), name...)
		files = append(append(append(append(files, "PK\x03\x04"...), common...), name...), text...)
	}
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	le.PutUint16(end[8:], uint16(len(b.names)))
	le.PutUint16(end[10:], uint16(len(b.names)))
	le.PutUint32(end[12:], uint32(len(dir)))
	le.PutUint32(end[16:], uint32(len(files)))
	return slices.Concat(files, dir, end)
}

func (b *other) readManifest() error {
	n, err := otherNoteOf(b.files["manifest.json"])
	if err != nil || len(n.lines) != 1 {
		return fmt.Errorf("manifest: no note with one signature: %v", err)
	}
	if err := otherJSON([]byte(n.text), &b.manifest); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	m := &b.manifest
	subjects := slices.DeleteFunc([]string{m.Subject.Order, m.Subject.Recipient, m.Subject.Warning},
		func(s string) bool { return s == "" })
	if _, err := time.Parse(time.RFC3339, m.MadeAt); err != nil || m.Format != "qingkong.bundle/1" || len(subjects) != 1 {
		return fmt.Errorf("manifest: format %q, made at %q, about %q", m.Format, m.MadeAt, subjects)
	}
	if len(m.Files) != len(b.names)-1 {
		return errors.New("manifest: other files")
	}
	for i, f := range m.Files {
		sum := sha256.Sum256(b.files[f.Name])
		if f.Name != b.names[i+1] || f.Size != uint64(len(b.files[f.Name])) || f.SHA256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("manifest: file %q", f.Name)
		}
	}
	return nil
}

// otherJSON reads JSON in which no member stands twice, into members that are named exactly so.
func otherJSON(text []byte, into any) error {
	if !json.Valid(text) || !utf8.Valid(text) || otherHalf.Match(otherWhole.ReplaceAll(text, nil)) {
		return errors.New("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := otherValue(d)
	if err != nil {
		return err
	}
	text, err = json.Marshal(v)
	return errors.Join(err, json.Unmarshal(text, into))
}

var (
	otherWhole  = regexp.MustCompile(`\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..`)
	otherHalf   = regexp.MustCompile(`\\u[dD][89a-fA-F]`) // of a character of two, without the other
	otherMember = regexp.MustCompile(`^[a-z0-9_]+$`)      // as all members of the page are named
)

// otherValue is the next value, without members of other names than the page has.
func otherValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	switch t {
	case json.Delim('{'):
		all, seen := map[string]any{}, map[string]bool{}
		for d.More() {
			name, _ := d.Token() // a string: the text is valid
			v, err := otherValue(d)
			if err != nil || seen[name.(string)] {
				return nil, fmt.Errorf("member %q stands twice (%v)", name, err)
			}
			if seen[name.(string)] = true; otherMember.MatchString(name.(string)) {
				all[name.(string)] = v
			}
		}
		_, err = d.Token()
		return all, err
	case json.Delim('['):
		all := []any{}
		for d.More() {
			v, err := otherValue(d)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		_, err = d.Token()
		return all, err
	}
	return t, err
}
