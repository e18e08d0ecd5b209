package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"qingkong/cmd/internal/journal"
)

// SecretKind is whom a secret is for.
type SecretKind int

const (
	// Machine is 256 random bits, base64url: recipients' passwords and every token.
	Machine SecretKind = iota
	// Typed is [rand.Text], 130 random bits that a person can type: an account's first password.
	Typed
)

// NewSecret makes a secret and the vault entry that a login is compared with: the secret's SHA-256. A hash made
// to be slow would add nothing to so many random bits, and fifty thousand recipients log in within seconds.
func NewSecret(kind SecretKind) (plain string, entry journal.VaultEntry) {
	if kind == Typed {
		plain = rand.Text()
	} else {
		var bits [32]byte
		_, _ = rand.Read(bits[:]) // never fails
		plain = base64.RawURLEncoding.EncodeToString(bits[:])
	}
	sum := sha256.Sum256([]byte(plain))
	return plain, journal.Seal(sum[:])
}

// tokenPrefix begins every token's text, so that a token that leaked is recognised as one of ours.
const tokenPrefix = "qk."

// tokenText is a token as its holder keeps it: qk.<user>.<secret>. Neither part has a dot.
func tokenText(user, secret string) string { return tokenPrefix + user + "." + secret }

func splitToken(text string) (user, secret string, ok bool) {
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// UserOfToken is whose a token's text says it is, right or not; empty for a text that is no token's.
func UserOfToken(text string) string {
	user, _, _ := splitToken(text)
	return user
}
