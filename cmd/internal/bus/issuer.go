package bus

import (
	"crypto/ed25519"
	"fmt"

	"github.com/nats-io/nkeys"
)

// issuer signs what the callout answers. The nkeys pair derives its keys from the seed at every use, which
// costs more than the signature; a rush of logins signs thousands of times a second.
type issuer struct {
	nkeys.KeyPair
	public string
	key    ed25519.PrivateKey
}

func newIssuer(kp nkeys.KeyPair) (*issuer, error) {
	var seed, raw []byte
	public, err := kp.PublicKey()
	if err == nil && !nkeys.IsValidPublicAccountKey(public) {
		err = fmt.Errorf("%s… is not the key of an account", public[:1])
	}
	if err == nil {
		seed, err = kp.Seed()
	}
	if err == nil {
		_, raw, err = nkeys.DecodeSeed(seed)
	}
	if err != nil {
		return nil, fmt.Errorf("bus: issuer key: %w", err)
	}
	return &issuer{KeyPair: kp, public: public, key: ed25519.NewKeyFromSeed(raw)}, nil
}

// PublicKey is the encoded key of the issuing account.
func (i *issuer) PublicKey() (string, error) { return i.public, nil }

// Sign signs with the issuing account's key.
func (i *issuer) Sign(data []byte) ([]byte, error) { return ed25519.Sign(i.key, data), nil }
