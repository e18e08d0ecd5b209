package bundle_test

import (
	"crypto/ed25519"
	"time"
)

// What stands in the files independent*_test.go is a verifier that another team would write: from docs/bundle.md, with the
// standard library alone, and sharing nothing with ours. TestTwoVerifiers holds the two against each other.

// other is a bundle as the other verifier goes over it.
type other struct {
	names    []string
	files    map[string][]byte
	manifest otherManifest
	entries  []otherEntry
	origin   string                // of the last key
	keys     map[string][]otherKey // of each origin, the first first
	earlier  []uint64              // sizes of earlier checkpoints, ascending
}

type otherManifest struct {
	Format  string `json:"format"`
	Origin  string `json:"origin"`
	Subject struct {
		Order     string `json:"order"`
		Recipient string `json:"recipient"`
		Warning   string `json:"warning"`
	} `json:"subject"`
	MadeAt   string `json:"made_at"`
	Size     uint64 `json:"size"`
	Personal bool   `json:"personal"`
	Files    []struct {
		Name   string `json:"name"`
		Size   uint64 `json:"size"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
	Missing []struct {
		Name string `json:"name"`
		Why  string `json:"why"`
	} `json:"missing"`
}

type otherEntry struct {
	index uint64
	leaf  []byte
	kind  string
	at    time.Time
	data  []byte
}

// otherKey is a vkey, taken apart.
type otherKey struct {
	vkey string
	name string
	hash uint32
	kind byte // 1: of a ledger; 4: of a witness
	key  ed25519.PublicKey
}

// independent verifies a bundle by a key file, and says whether its key was named there.
func independent(raw []byte, keyFile string) (trusted bool, err error) {
	logs, witnesses, err := otherKeys(keyFile)
	if err != nil {
		return false, err
	}
	b := &other{files: map[string][]byte{}, keys: map[string][]otherKey{}}
	for _, step := range []func() error{
		func() error { return b.unzip(raw) }, b.readManifest, b.readEntries, b.prove,
		func() error { trusted, err = b.signatures(logs, witnesses); return err },
		b.content, b.measured,
	} {
		if err := step(); err != nil {
			return false, err
		}
	}
	return trusted, nil
}
