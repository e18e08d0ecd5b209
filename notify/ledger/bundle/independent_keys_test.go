package bundle_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Notes, keys and checkpoints, §4. It is a part of the verifier of independent_test.go and shares no code with ours.

// otherNote is a signed note, taken apart and not verified.
type otherNote struct {
	text  string
	lines []otherSignature
}

type otherSignature struct {
	name string
	hash uint32
	sig  []byte
}

func otherNoteOf(raw []byte) (n otherNote, err error) {
	if !utf8.Valid(raw) || bytes.ContainsFunc(raw, func(r rune) bool { return r < 0x20 && r != '\n' }) {
		return n, errors.New("note: characters")
	}
	at := bytes.LastIndex(raw, []byte("\n\n"))
	if at < 0 || raw[len(raw)-1] != '\n' || at+2 == len(raw) {
		return n, errors.New("note: form")
	}
	n.text = string(raw[:at+1])
	for _, line := range strings.Split(string(raw[at+2:len(raw)-1]), "\n") {
		f := strings.Split(line, " ")
		if len(f) != 3 || f[0] != "—" || f[1] == "" || strings.ContainsRune(f[1], '+') || strings.ContainsFunc(f[1], unicode.IsSpace) {
			return n, fmt.Errorf("note: line %q", line)
		}
		sig, err := otherBase64(f[2])
		if err != nil || len(sig) < 5 {
			return n, fmt.Errorf("note: line %q", line)
		}
		n.lines = append(n.lines, otherSignature{f[1], binary.BigEndian.Uint32(sig), sig[4:]})
	}
	if len(n.lines) > 100 {
		return n, errors.New("note: too many lines")
	}
	return n, nil
}

func otherBase64(s string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err == nil && base64.StdEncoding.EncodeToString(raw) != s {
		err = errors.New("base64: another form")
	}
	return raw, err
}

// signed says whether a key signed a note, and for a witness when; an error is a signature of that key that is false.
func (n otherNote) signed(k otherKey) (ok bool, err error) {
	for _, s := range n.lines {
		if s.name != k.name || s.hash != k.hash {
			continue
		}
		text, sig := n.text, s.sig
		if k.kind == 4 {
			if len(sig) != 72 {
				return false, errors.New("cosignature: length")
			}
			text = fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), n.text)
			sig = sig[8:]
		}
		if !ed25519.Verify(k.key, []byte(text), sig) {
			return false, fmt.Errorf("signature of %s is false", k.name)
		}
		return true, nil // the first of a key counts
	}
	return false, nil
}

// signedByOne reports where none of some keys signed a note.
func (n otherNote) signedByOne(keys []otherKey) error {
	for _, k := range keys {
		if ok, err := n.signed(k); ok || err != nil {
			return err
		}
	}
	return errors.New("no key of the ledger signed")
}

func otherKeyOf(vkey string, kind byte) (k otherKey, err error) {
	f := strings.SplitN(vkey, "+", 3)
	if len(f) != 3 || f[0] == "" || strings.ContainsFunc(f[0], unicode.IsSpace) {
		return k, errors.New("key: form")
	}
	raw, err := otherBase64(f[2])
	if err != nil || len(raw) != 33 || raw[0] != kind {
		return k, errors.New("key: kind")
	}
	sum := sha256.Sum256(slices.Concat([]byte(f[0]), []byte("\n"), raw))
	if f[1] != hex.EncodeToString(sum[:4]) {
		return k, errors.New("key: hash")
	}
	return otherKey{vkey, f[0], binary.BigEndian.Uint32(sum[:]), kind, raw[1:]}, nil
}

func otherKeys(text string) (logs, witnesses []otherKey, err error) {
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		kind := map[string]byte{"log": 1, "witness": 4}[f[0]]
		if len(f) != 2 {
			return nil, nil, fmt.Errorf("keys: line %q", line)
		}
		k, err := otherKeyOf(f[1], kind)
		if err != nil {
			return nil, nil, err
		}
		if kind == 1 {
			logs = append(logs, k)
		} else {
			witnesses = append(witnesses, k)
		}
	}
	return logs, witnesses, nil
}

// follow takes in what an entry says of the ledger's keys.
func (b *other) follow(e otherEntry) error {
	var said struct {
		Origin string `json:"origin"`
		VKey   string `json:"vkey"`
		Note   string `json:"note"`
		From   string `json:"from"`
	}
	switch e.kind {
	case "ledger.opened", "ledger.key_rotated", "ledger.origin_changed":
		if err := json.Unmarshal(e.data, &said); err != nil {
			return err
		}
	default:
		return nil
	}
	was := b.origin
	switch {
	case e.kind == "ledger.opened" && was != "", e.kind != "ledger.opened" && was == "",
		e.kind == "ledger.origin_changed" && (said.From != was || b.keys[said.Origin] != nil):
		return fmt.Errorf("key: %s follows %q", e.kind, was)
	case e.kind != "ledger.key_rotated":
		b.origin = said.Origin
	}
	k, err := otherKeyOf(said.VKey, 1)
	if err != nil || k.name != b.origin {
		return fmt.Errorf("key: %q of %s (%v)", said.VKey, b.origin, err)
	}
	if e.kind == "ledger.key_rotated" {
		n, err := otherNoteOf([]byte(said.Note))
		if err != nil {
			return err
		}
		ok, err := n.signed(b.keys[was][len(b.keys[was])-1])
		if !ok || err != nil || n.text != "qingkong.ledger/next-key\n"+was+"\n"+k.vkey+"\n" {
			return fmt.Errorf("key: the one before does not say so: %v", err)
		}
	}
	b.keys[b.origin] = append(b.keys[b.origin], k)
	return nil
}

// signatures holds the manifest and every checkpoint against the ledger's keys and the named ones.
func (b *other) signatures(logs, witnesses []otherKey) (trusted bool, err error) {
	keys := b.keys[b.manifest.Origin]
	if len(keys) == 0 || b.origin != b.manifest.Origin {
		return false, errors.New("origin: another one")
	}
	for _, name := range b.names {
		may := keys
		switch {
		case name == "manifest.json" || name == "checkpoint":
			may = keys[len(keys)-1:]
		case !strings.HasPrefix(name, "checkpoints/"):
			continue
		}
		n, err := otherNoteOf(b.files[name])
		if err == nil {
			err = n.signedByOne(may)
		}
		for _, w := range witnesses {
			if _, wrong := n.signed(w); wrong != nil && name != "manifest.json" {
				err = wrong
			}
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, k := range keys {
		trusted = trusted || slices.ContainsFunc(logs, func(l otherKey) bool { return l.vkey == k.vkey })
	}
	if len(logs) > 0 && !trusted {
		return false, errors.New("key: another than was named")
	}
	return trusted, nil
}
