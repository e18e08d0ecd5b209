package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/torchwood"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"qingkong/alerts/refusal"
)

// openFolder opens key and memory of a witness, or makes both.
func openFolder(dir, name string) (db *bbolt.DB, s *torchwood.CosignatureSigner, err error) {
	_, err = torchwood.NewCosignatureSigner(name, make(ed25519.PrivateKey, ed25519.PrivateKeySize))
	if err != nil || len(name) > 200 {
		return nil, nil, refusal.Wrong("--name", "witness.name", refusal.Args{"value": name})
	}
	keyPath, dbPath := filepath.Join(dir, KeyFile), filepath.Join(dir, DBFile)
	hasKey, err1 := exists(keyPath)
	hasDB, err2 := exists(dbPath)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	if hasKey && !hasDB {
		return nil, nil, refusal.Wrong("--data", "witness.no_memory", refusal.Args{"key": keyPath, "db": dbPath})
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	db, err = bbolt.Open(dbPath, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, nil, refusal.Wrong("--data", "witness.in_use", refusal.Args{"folder": dir})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dbPath, err)
	}
	if s, err = identify(db, dir, name, hasKey); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, s, nil
}

// identify reads the key, or makes the one that belongs to a new memory, and holds it against what the memory knows. The
// memory is made before the key: it is new as long as it knows no key.
func identify(db *bbolt.DB, dir, name string, hasKey bool) (*torchwood.CosignatureSigner, error) {
	was := ""
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, b := range [][]byte{metaBucket, cosignedBucket, refusedBucket} {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		was = string(tx.Bucket(metaBucket).Get(vkeyKey))
		return nil
	})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, KeyFile)
	if was != "" && !hasKey {
		return nil, refusal.Wrong("--data", "witness.no_key", refusal.Args{"key": path, "vkey": was})
	}
	if !hasKey {
		if err := makeKey(path); err != nil {
			return nil, err
		}
	}
	key, err := readKey(path)
	if err != nil {
		return nil, refusal.Wrong("--data", "witness.bad_key_file", refusal.Args{"key": path, "why": err})
	}
	s, err := torchwood.NewCosignatureSigner(name, key)
	if err != nil {
		return nil, err
	}
	vkey := s.Verifier().String()
	if was != "" && was != vkey {
		return nil, refusal.Wrong("--name", "witness.another", refusal.Args{"vkey": vkey, "was": was})
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(vkeyKey, []byte(vkey)) })
	if err != nil {
		return nil, err
	}
	return s, replace(filepath.Join(dir, VKeyFile), []byte(vkey+"\n"), 0o644)
}

func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return replace(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func readKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, rest := pem.Decode(text)
	if b == nil || b.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("not one PEM block PRIVATE KEY")
	}
	key, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil, err
	}
	own, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	return own, nil
}

// replace puts a file in place in one step that a power cut does not undo.
func replace(path string, text []byte, mode fs.FileMode) (err error) {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
