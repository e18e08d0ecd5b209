// Package identity is who signs for the ledger: its origin, its key, and how one key followed another. All of it is
// recorded in the ledger itself, so that whoever holds its entries can follow from the key that he knows to the key that
// signed. The secret halves lie in the vault; the record names them by their references alone.
package identity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Kinds of the entries of this package.
const (
	KindOpened  = "ledger.opened"
	KindRotated = "ledger.key_rotated"
	KindMoved   = "ledger.origin_changed"
)

// Opened is that the ledger has an origin and a key: the first of its own entries.
type Opened struct {
	Origin string `json:"origin"`
	VKey   string `json:"vkey"` // as C2SP signed-note writes it; named as the origin is
	KeyRef string `json:"key_ref"`
}

// Kind implements Event.
func (Opened) Kind() string { return KindOpened }

// Rotated is that another key signs from now on. Note is [RotationText] of it, signed by the key before.
type Rotated struct {
	VKey   string `json:"vkey"`
	KeyRef string `json:"key_ref"`
	Note   string `json:"note"`
}

// Kind implements Event.
func (Rotated) Kind() string { return KindRotated }

// Moved is that entries which were signed for were lost, so that the record goes on under another origin: of the old one
// nothing is signed any more. Its size and root are those of the last checkpoint that is known of it.
type Moved struct {
	Origin string `json:"origin"`
	VKey   string `json:"vkey"`
	KeyRef string `json:"key_ref"`
	From   string `json:"from"`
	Size   int64  `json:"size"`
	Root   string `json:"root,omitempty"` // base64
	Reason string `json:"reason"`
}

// Kind implements Event.
func (Moved) Kind() string { return KindMoved }

// RotationText is what the key before says of the key that follows it.
func RotationText(origin, vkey string) string {
	return "qingkong.ledger/next-key\n" + origin + "\n" + vkey + "\n"
}

var originForm = regexp.MustCompile(`^qingkong/[0-9a-z-]{1,32}/[0-9a-f]{8}$`)

// ValidOrigin reports whether a text is an origin as ledgers of this program have one: "qingkong/", the code of the
// region, a slash and 8 hexadecimal digits.
func ValidOrigin(origin string) bool { return originForm.MatchString(origin) }

// NewKey makes a key for an origin, of random bytes: the form in which a signer is made of it ([note.NewSigner]), and the
// one that others know it by.
func NewKey(rand io.Reader, origin string) (skey, vkey string, err error) {
	return note.GenerateKey(rand, origin)
}

// Fingerprint is a key in a form that two people compare over the telephone: the first 16 bytes of the SHA-256 of its
// text, in groups of four hexadecimal digits.
func Fingerprint(vkey string) string {
	sum := sha256.Sum256([]byte(vkey))
	text := hex.EncodeToString(sum[:16])
	groups := make([]string, 0, 8)
	for ; text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, " ")
}

// Verifier is what checks the signatures of a key. Errors: a text that is no such key, or not its only form.
func Verifier(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(vkey, "+")
	hash, text, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || base64.StdEncoding.EncodeToString(raw) != text ||
		hash != hex.EncodeToString(binary.BigEndian.AppendUint32(nil, v.KeyHash())) {
		return nil, errors.New("the key is not in the form of C2SP signed-note")
	}
	return v, nil
}

// Key is a key of a ledger.
type Key struct {
	Origin string    `json:"origin"`
	VKey   string    `json:"vkey"`
	Ref    string    `json:"key_ref"`     // vault reference of its secret half
	At     time.Time `json:"at,omitzero"` // when it was recorded; of no entry, which has its own
}

// Chain are the keys of a ledger, the first first, as its own entries tell of them.
type Chain []Key

// Last is the key that signs now; the zero one of an empty chain.
func (c Chain) Last() Key {
	if len(c) == 0 {
		return Key{}
	}
	return c[len(c)-1]
}

// Of are the keys that have signed, or sign, for an origin.
func (c Chain) Of(origin string) (all []Key) {
	for _, k := range c {
		if k.Origin == origin {
			all = append(all, k)
		}
	}
	return all
}

// Open begins a chain. Errors: it has begun; a key of another name.
func (c Chain) Open(ev *Opened) (Chain, error) {
	if len(c) > 0 {
		return nil, errors.New("the ledger was opened before")
	}
	return c.with(Key{Origin: ev.Origin, VKey: ev.VKey, Ref: ev.KeyRef})
}

// Rotate goes on with another key. Errors: a note that the key before did not sign, or that says something else.
func (c Chain) Rotate(ev *Rotated) (Chain, error) {
	last := c.Last()
	if len(c) == 0 {
		return nil, errors.New("a key follows none")
	}
	v, err := Verifier(last.VKey)
	if err != nil {
		return nil, err
	}
	n, err := note.Open([]byte(ev.Note), note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("the key before did not sign for the one that follows: %w", err)
	}
	if n.Text != RotationText(last.Origin, ev.VKey) {
		return nil, errors.New("the key before signed for another key")
	}
	return c.with(Key{Origin: last.Origin, VKey: ev.VKey, Ref: ev.KeyRef})
}

// Move goes on under another origin. Errors: it follows another origin than the last; the record had it before. Nobody
// signs for the key that a move names, so under an origin that comes back whoever has no key of it would get one.
func (c Chain) Move(ev *Moved) (Chain, error) {
	if len(c) == 0 || c.Last().Origin != ev.From {
		return nil, errors.New("the origin follows another one than the last")
	}
	if len(c.Of(ev.Origin)) > 0 {
		return nil, errors.New("the record had this origin before")
	}
	return c.with(Key{Origin: ev.Origin, VKey: ev.VKey, Ref: ev.KeyRef})
}

// Follow goes on with an entry of the ledger about its keys. Errors: those of Open, Rotate and Move; another entry.
func (c Chain) Follow(ev Event) (Chain, error) {
	switch ev := ev.(type) {
	case *Opened:
		return c.Open(ev)
	case *Rotated:
		return c.Rotate(ev)
	case *Moved:
		return c.Move(ev)
	}
	return nil, fmt.Errorf("ledger: unknown event %T", ev)
}

func (c Chain) with(k Key) (Chain, error) {
	v, err := Verifier(k.VKey)
	if err != nil {
		return nil, err
	}
	if v.Name() != k.Origin {
		return nil, fmt.Errorf("the key is named %q and the ledger %q", v.Name(), k.Origin)
	}
	return append(c[:len(c):len(c)], k), nil
}
