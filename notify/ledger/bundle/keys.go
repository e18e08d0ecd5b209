package bundle

import (
	"encoding/base64"
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger/identity"
)

// Keys are what somebody who verifies knows beforehand, from another hand than ours.
type Keys struct {
	Logs      []string // vkeys
	Witnesses []string // vkeys of cosigners, Ed25519 of type 0x04

	cosigners []*torchwood.CosignatureVerifier
}

const maxKeys = 1000

// ParseKeys reads a key file: lines of "log <vkey>" and "witness <vkey>". Empty lines and those that begin with # say
// nothing. Errors name the line.
func ParseKeys(text []byte) (k Keys, err error) {
	if len(text) > 1<<20 {
		return k, fmt.Errorf("a key file of %d bytes", len(text))
	}
	for i, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, vkey, _ := strings.Cut(line, " ")
		vkey = strings.TrimSpace(vkey)
		switch what {
		case "log":
			_, err = identity.Verifier(vkey)
			k.Logs = append(k.Logs, vkey)
		case "witness":
			var v *torchwood.CosignatureVerifier
			v, err = torchwood.NewCosignatureVerifier(vkey)
			k.Witnesses, k.cosigners = append(k.Witnesses, vkey), append(k.cosigners, v)
		default:
			err = fmt.Errorf("a line begins with log or witness, and not with %q", what)
		}
		if err == nil && len(k.Logs)+len(k.Witnesses) > maxKeys {
			err = fmt.Errorf("more than %d keys", maxKeys)
		}
		if err != nil {
			return Keys{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return k, nil
}

// signed is a signed note whose bytes are the only form of what it says.
type signed struct {
	text string
	raw  []byte
}

// parseNote reads a signed note. Errors: one in another form.
func parseNote(raw []byte) (n signed, err error) {
	text, sigs, ok := strings.Cut(string(raw), "\n\n")
	if !ok || strings.Contains(sigs, "\n\n") || !strings.HasSuffix(sigs, "\n") {
		return n, fmt.Errorf("it is no signed note")
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(sigs, "\n"), "\n") {
		name, sig, ok := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		decoded, err := base64.StdEncoding.DecodeString(sig)
		if !ok || err != nil || line != "— "+name+" "+base64.StdEncoding.EncodeToString(decoded) {
			return n, fmt.Errorf("a line of its signatures is in another form than such lines have")
		}
	}
	return signed{text + "\n", raw}, nil
}

// open checks the signatures of keys. Errors: none of them signed; a signature of one of them is wrong.
func (n *signed) open(keys ...note.Verifier) (*note.Note, error) {
	return note.Open(n.raw, verifiers(keys))
}

// verifiers finds a key by its name and hash. It is note.VerifierList, but of keys of which two are the same.
type verifiers []note.Verifier

// Verifier implements note.Verifiers.
func (v verifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, k := range v {
		if k.Name() == name && k.KeyHash() == hash {
			return k, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}
