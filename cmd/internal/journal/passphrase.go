package journal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"

	"qingkong/alerts/refusal"
)

// Bounds of a passphrase and of what it costs. Its key is made by scrypt from 2^workFactor: a quarter of a second and
// 64 MB, a quarter of what age takes by default, because it is made beside a running record. A file that asks for more
// than age's default is not opened.
const (
	passphraseLeast = 16 // characters
	passphraseMost  = 1024

	workFactor    = 16
	workFactorMax = 18

	fileKeysMost = 1024
)

// Passphrase encrypts backups and opens those that it encrypted; nil does neither. Any goroutine may use it.
type Passphrase struct {
	text string

	// The keys of the files that were made or opened, by their stanza. Held while one is made: the memory is taken once.
	mu   sync.Mutex
	keys map[string][]byte
}

// NewPassphrase takes a passphrase of one line, or refuses one that is too short to keep anything.
func NewPassphrase(text string) (*Passphrase, error) {
	n := utf8.RuneCountInString(text)
	switch {
	case n < passphraseLeast:
		return nil, refusal.New(refusal.Invalid, "backup.passphrase_short",
			refusal.Args{"count": n, "least": passphraseLeast})
	case n > passphraseMost || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return nil, refusal.New(refusal.Invalid, "backup.passphrase_line", refusal.Args{"most": passphraseMost})
	}
	return &Passphrase{text: text, keys: map[string][]byte{}}, nil
}

// ReadPassphrase reads a passphrase from a file of one line that nobody but its owner may read.
func ReadPassphrase(path string) (*Passphrase, error) {
	refused := func(why any) error {
		return refusal.New(refusal.Invalid, "backup.passphrase_file", refusal.Args{"file": path, "why": why})
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer would hold the start
	if err != nil {
		return nil, refused(err)
	}
	defer func() { _ = f.Close() }() // it is only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, refused(err)
	case !info.Mode().IsRegular():
		return nil, refused(refusal.Worded{ZH: "不是普通文件", EN: "it is no plain file"})
	case info.Mode().Perm()&0o077 != 0:
		return nil, refusal.New(refusal.Invalid, "backup.passphrase_open",
			refusal.Args{"file": path, "mode": fmt.Sprintf("%04o", info.Mode().Perm())})
	}
	text, err := io.ReadAll(io.LimitReader(f, 4*passphraseMost+3))
	if err != nil {
		return nil, refused(err)
	}
	p, err := NewPassphrase(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	if err != nil {
		return nil, refused(refusal.WordsOf(err))
	}
	return p, nil
}

// Reveal is the passphrase itself, for the one who is to use it in place of the caller.
func (p *Passphrase) Reveal() string {
	if p == nil {
		return ""
	}
	return p.text
}

// String keeps the passphrase out of what is printed.
func (p *Passphrase) String() string { return "passphrase" }

// GoString keeps it out of %#v.
func (p *Passphrase) GoString() string { return p.String() }

// encrypting is a writer whose end is that of what it writes to, plain where there is no passphrase.
func (p *Passphrase) encrypting(w io.Writer) (io.WriteCloser, error) {
	if p == nil {
		return plainWriter{w}, nil
	}
	return age.Encrypt(w, ageLock{p})
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// ageLock is a passphrase as age asks for it. It makes the key of a file once: a restore reads each file twice, and an
// erasure looks into every backup of a folder.
type ageLock struct{ *Passphrase }

var (
	_ age.RecipientWithLabels = ageLock{}
	_ age.Identity            = ageLock{}
)

// Wrap implements [age.Recipient].
func (l ageLock) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	stanzas, _, err := l.WrapWithLabels(fileKey)
	return stanzas, err
}

// WrapWithLabels implements [age.RecipientWithLabels].
func (l ageLock) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	r, err := age.NewScryptRecipient(l.text)
	if err != nil {
		return nil, nil, err
	}
	r.SetWorkFactor(workFactor)
	l.mu.Lock()
	defer l.mu.Unlock()
	stanzas, labels, err := r.WrapWithLabels(fileKey)
	if err == nil {
		l.keep(stanzas, fileKey)
	}
	return stanzas, labels, err
}

// Unwrap implements [age.Identity].
func (l ageLock) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	id, err := age.NewScryptIdentity(l.text)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(workFactorMax)
	l.mu.Lock()
	defer l.mu.Unlock()
	if key := l.keys[stanzaName(stanzas)]; key != nil {
		return key, nil
	}
	key, err := id.Unwrap(stanzas)
	if err == nil {
		l.keep(stanzas, key)
	}
	return key, err
}

// keep remembers the key of a file; the caller holds the lock.
func (l ageLock) keep(stanzas []*age.Stanza, key []byte) {
	if len(l.keys) >= fileKeysMost {
		clear(l.keys)
	}
	l.keys[stanzaName(stanzas)] = append([]byte(nil), key...)
}

// stanzaName names a file's key by all that it is wrapped in.
func stanzaName(stanzas []*age.Stanza) string {
	var b strings.Builder
	for _, s := range stanzas {
		fmt.Fprintf(&b, "%q %q %x\n", s.Type, s.Args, s.Body)
	}
	return b.String()
}
