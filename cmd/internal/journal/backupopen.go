package journal

import (
	"bytes"
	"errors"
	"io"
	"os"

	"filippo.io/age"

	"qingkong/alerts/refusal"
)

// An encrypted backup is an age file (https://age-encryption.org/v1) of the tar file that it would be otherwise. It is
// encrypted in pieces of 64 KB, each of which proves itself and its place, so that it is read and written as a stream.

// ageIntro is what an age file begins with.
const ageIntro = "age-encryption.org/v1\n"

// backupFile is an open backup.
type backupFile struct {
	*os.File
	path      string
	encrypted bool
	pass      *Passphrase
}

// openBackup opens a backup; of an encrypted one nothing is proved yet.
func openBackup(path string, pass *Passphrase) (*backupFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	intro := make([]byte, len(ageIntro))
	n, err := f.ReadAt(intro, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	b := &backupFile{File: f, path: path, encrypted: bytes.Equal(intro[:n], []byte(ageIntro)), pass: pass}
	if b.encrypted && pass == nil {
		return nil, errors.Join(refusal.New(refusal.Invalid, "backup.passphrase_missing", refusal.Args{"file": path}),
			f.Close())
	}
	return b, nil
}

// Encrypted reports whether a backup is encrypted.
func Encrypted(path string) (bool, error) {
	b, err := openBackup(path, new(Passphrase))
	if err != nil {
		return false, err
	}
	return b.encrypted, b.Close()
}

// open is what the backup holds, from its beginning to its end, which is proved when it has been reached. With skip it
// can be passed over too, and what is passed over is not proved.
func (b *backupFile) open(skip bool) (io.Reader, error) {
	if !b.encrypted {
		return b.File, nil
	}
	if !skip {
		r, err := age.Decrypt(b.File, ageLock{b.pass})
		return r, b.refused(err)
	}
	info, err := b.Stat()
	if err != nil {
		return nil, err
	}
	r, size, err := age.DecryptReaderAt(b.File, info.Size(), ageLock{b.pass})
	if err != nil {
		return nil, b.refused(err)
	}
	return io.NewSectionReader(r, 0, size), nil
}

// refused is an error of age in words.
func (b *backupFile) refused(err error) error {
	var other *age.NoIdentityMatchError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &other):
		return refusal.New(refusal.Invalid, "backup.passphrase_wrong", refusal.Args{"file": b.path})
	}
	return damagedBackup(b.path, "age", err)
}
