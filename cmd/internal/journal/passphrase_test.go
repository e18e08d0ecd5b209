package journal

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"qingkong/alerts/refusal"
)

func passphrase(t *testing.T, text string) *Passphrase {
	t.Helper()
	p, err := NewPassphrase(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const rightWords, wrongWords = "correct horse battery staple", "correct horse battery stable"

// ruleOf is the rule of a refusal, or the error as it is.
func ruleOf(err error) string {
	var e *refusal.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return fmt.Sprint(err)
}

func restoreWith(t *testing.T, dir string, pass *Passphrase, files ...string) error {
	t.Helper()
	_, err := Restore(t.Context(), RestoreOptions{Files: files, Dir: dir, Registry: testRegistry(), Passphrase: pass})
	return err
}

// With a passphrase nothing of a backup can be read in its file, and the same passphrase brings it back, alone and with
// those that go on from it.
func TestEncryptedBackups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.beside("feeds/emc/state.json", "plugh")
	w.start()
	first := w.keep("x", "xyzzy")
	full := w.backup(BackupOptions{Passphrase: passphrase(t, rightWords)})
	second := w.keep("x", "frotz")
	more := w.backup(BackupOptions{Since: full.File, Passphrase: passphrase(t, rightWords)})
	if !full.Encrypted || !more.Encrypted || more.First != full.Last+1 {
		t.Errorf("the backups say %+v and %+v", full, more)
	}
	for file, words := range map[string][]string{full.File: {"xyzzy", "plugh"}, more.File: {"frotz"}} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range append(words, "ustar", manifestName, w.j.Node()) {
			if bytes.Contains(raw, []byte(word)) {
				t.Errorf("%q stands in the encrypted file", word)
			}
		}
		id, err := age.NewScryptIdentity(rightWords)
		if err == nil {
			_, err = age.Decrypt(bytes.NewReader(raw), id)
		}
		if err != nil {
			t.Errorf("age itself does not open it: %v", err)
		}
		if is, err := Encrypted(file); !is || err != nil {
			t.Errorf("it is said to be encrypted: %v, %v", is, err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}
	}
	if m, err := ReadManifest(more.File, passphrase(t, rightWords)); err != nil || m.Last != more.Last ||
		m.Root != more.Root {
		t.Errorf("the manifest says %+v, %v", m, err)
	}
	plain := w.backup(BackupOptions{})
	onPlain := w.backup(BackupOptions{Since: plain.File, Passphrase: passphrase(t, rightWords)})

	for name, files := range map[string][]string{"encrypted": {full.File, more.File},
		"encrypted upon a plain one": {plain.File, onPlain.File}} {
		r := newWorld(t)
		if err := restoreWith(t, r.dir, passphrase(t, rightWords), files...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.start()
		r.want("x", 2)
		for ref, want := range map[string]string{first: "xyzzy", second: "frotz"} {
			if text := r.secret(ref); text != want {
				t.Errorf("%s: the vault has %q, want %q", name, text, want)
			}
		}
		prove(t, r.j)
	}
}

// Without the passphrase, or with another, nothing is opened, nothing written and nothing made.
func TestEncryptedBackupNeedsItsPassphrase(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.keep("x", "xyzzy")
	b := w.backup(BackupOptions{Passphrase: passphrase(t, rightWords)})
	for want, pass := range map[string]*Passphrase{"backup.passphrase_missing": nil,
		"backup.passphrase_wrong": passphrase(t, wrongWords)} {
		dir, next := filepath.Join(t.TempDir(), "new"), filepath.Join(t.TempDir(), "next")
		if err := restoreWith(t, dir, pass, b.File); ruleOf(err) != want || exists(dir) {
			t.Errorf("restore answers %v, want %s; the folder is there: %v", err, want, exists(dir))
		}
		_, err := w.j.Backup(t.Context(), BackupOptions{File: next, Since: b.File, Passphrase: pass})
		if ruleOf(err) != want || exists(next) || exists(next+".new") {
			t.Errorf("a backup that goes on from it: %v, want %s", err, want)
		}
		if _, err := ReadManifest(b.File, pass); ruleOf(err) != want {
			t.Errorf("its manifest: %v, want %s", err, want)
		}
		if _, err := BackupHolds(t.Context(), b.File, pass, []string{"v"}); ruleOf(err) != want {
			t.Errorf("what it holds: %v, want %s", err, want)
		}
	}
}

// An encrypted backup that is not as it was written is refused wherever that is, and the folder is left as it was.
func TestDamagedEncryptedBackupIsRefused(t *testing.T) {
	w := newWorld(t)
	w.beside("demo-credentials.json", strings.Repeat("several pieces ", 20<<10))
	w.start()
	w.keep("x", "secret")
	pass := passphrase(t, rightWords)
	raw, err := os.ReadFile(w.backup(BackupOptions{Passphrase: pass}).File)
	if err != nil {
		t.Fatal(err)
	}
	const piece = 64<<10 + 16
	body := bytes.Index(raw, []byte("\n--- ")) + 5 // the head's own hash, and behind it the pieces
	body += bytes.IndexByte(raw[body:], '\n') + 1
	if len(raw) < body+4*piece {
		t.Fatalf("%d bytes are too few", len(raw))
	}
	damaged := map[string][]byte{"empty": {}, "longer": append(bytes.Clone(raw), 0),
		"without its first piece": append(bytes.Clone(raw[:body+16]), raw[body+16+piece:]...)}
	flip := func(at int) {
		b := bytes.Clone(raw)
		b[at] ^= 1
		damaged[fmt.Sprintf("flipped at %d of %d", at, len(raw))] = b
	}
	for _, at := range []int{0, len(ageIntro) + 3, len(ageIntro) + 12, body - 50, body - 60, body - 3, body, body + 15,
		body + 16, len(raw) - 1} {
		flip(at)
	}
	for at := body + 16; at < len(raw); at += piece / 3 {
		flip(at)
	}
	for at := len(raw) - 1; at > 0; at -= piece / 2 {
		damaged[fmt.Sprintf("cut to %d of %d", at, len(raw))] = raw[:at]
	}
	for at := body + 16; at < len(raw); at += piece {
		damaged[fmt.Sprintf("cut between two pieces, to %d of %d", at, len(raw))] = raw[:at]
	}
	for what, text := range damaged {
		path, dir := filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "new")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		err := restoreWith(t, dir, pass, path)
		if rule := ruleOf(err); rule != "backup.damaged" && rule != "backup.passphrase_wrong" || exists(dir) {
			t.Errorf("%s: restore answers %v; the folder is there: %v", what, err, exists(dir))
		}
	}
}

// What is appended to an encrypted backup is found also where its last piece is full, behind the end of all that is in
// it.
func TestEncryptedBackupEndsWhereItEnds(t *testing.T) {
	pass := passphrase(t, rightWords)
	var file bytes.Buffer
	in, err := pass.encrypting(&file)
	if err != nil {
		t.Fatal(err)
	}
	out, body := tar.NewWriter(in), make([]byte, 64<<10-512-1024)
	err = out.WriteHeader(&tar.Header{Name: "blocks/000001", Size: int64(len(body)), Mode: 0o600})
	if err == nil {
		_, err = out.Write(body)
	}
	if err := errors.Join(err, out.Close(), in.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b")
	read := func(text []byte) error {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return eachPart(t.Context(), path, pass, false, func(_ string, body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			return err
		})
	}
	if err := read(file.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := read(append(file.Bytes(), 'x')); ruleOf(err) != "backup.damaged" {
		t.Errorf("with something appended: %v", err)
	}
}

// The key of a file is made once, however often it is read: it costs a quarter of a second and 64 MB.
func TestKeyOfAFileIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.keep("x", "secret")
	writer, reader := passphrase(t, rightWords), passphrase(t, rightWords)
	file := w.backup(BackupOptions{Passphrase: writer}).File
	if _, err := VerifyBackup(t.Context(), file, reader); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*Passphrase{"who wrote it": writer, "who read it": reader} {
		p.text = wrongWords // of no use, so that only the key that was kept can open it
		if err := restoreWith(t, filepath.Join(t.TempDir(), "new"), p, file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A backup tells which entries of the vault it holds without being read: erased ones are in those from before alone.
func TestBackupHolds(t *testing.T) {
	w := newWorld(t)
	w.start()
	gone, kept := w.keep("x", "xyzzy"), w.keep("x", "plugh")
	for name, pass := range map[string]*Passphrase{"plain": nil, "encrypted": passphrase(t, rightWords)} {
		t.Run(name, func(t *testing.T) {
			holds := func(file string, refs ...string) bool {
				t.Helper()
				is, err := BackupHolds(t.Context(), file, pass, refs)
				if err != nil {
					t.Error(err)
				}
				return is
			}
			entry := w.keep("x", "of "+name)
			before := w.backup(BackupOptions{Passphrase: pass}).File
			if err := w.j.Erase(t.Context(), "tester", entry, "asked for"); err != nil {
				t.Fatal(err)
			}
			after := w.backup(BackupOptions{Passphrase: pass}).File
			for ref, want := range map[string][2]bool{entry: {true, false}, kept: {true, true}, "v-unknown": {}} {
				if b, a := holds(before, ref), holds(after, ref); b != want[0] || a != want[1] {
					t.Errorf("%s: before its erasure %v, after it %v", ref, b, a)
				}
			}
			if !holds(before, "v-unknown", entry) || holds(after, "v-unknown", entry) {
				t.Error("of two entries one counts")
			}

			raw, err := os.ReadFile(before)
			if err != nil {
				t.Fatal(err)
			}
			cut := filepath.Join(t.TempDir(), "cut")
			if err := os.WriteFile(cut, raw[:len(raw)-100], 0o600); err != nil {
				t.Fatal(err)
			}
			if pass == nil { // the tar's own end
				err = os.WriteFile(cut, raw[:len(raw)/2], 0o600)
			}
			if is, got := BackupHolds(t.Context(), cut, pass, []string{entry}); is || refusal.CodeOf(got) != refusal.Invalid ||
				err != nil {
				t.Errorf("a cut one says %v, %v", is, got)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := BackupHolds(ended, before, pass, []string{entry}); !errors.Is(err, context.Canceled) {
				t.Errorf("given up: %v", err)
			}
		})
	}
	file := w.backup(BackupOptions{}).File
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := sumOf([]byte(gone), []byte{entryHere})
	for what, c := range map[string]struct {
		at      int
		refused bool
	}{"a block": {bytes.Index(raw, []byte("t.add")), false}, "the list": {bytes.Index(raw, list[:]), true}} {
		b := bytes.Clone(raw)
		b[c.at] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if is, err := BackupHolds(t.Context(), file, nil, []string{kept}); is == c.refused || (err != nil) != c.refused {
			t.Errorf("with a damage in %s: %v, %v", what, is, err)
		}
	}
}

// A file that others may read, or that holds no passphrase, is refused in words; what is printed never shows one.
func TestPassphraseFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file("group", rightWords, 0o640):                           "backup.passphrase_open",
		file("others", rightWords, 0o604):                          "backup.passphrase_open",
		file("writable", rightWords, 0o620):                        "backup.passphrase_open",
		file("empty", "", 0o600):                                   "backup.passphrase_file",
		file("a line break", "\n", 0o600):                          "backup.passphrase_file",
		file("short", "fifteen letters\n", 0o600):                  "backup.passphrase_file",
		file("two lines", rightWords+"\n"+rightWords, 0o600):       "backup.passphrase_file",
		file("long", strings.Repeat("x", passphraseMost+1), 0o600): "backup.passphrase_file",
		file("binary", strings.Repeat("\xff", 32), 0o600):          "backup.passphrase_file",
		filepath.Join(dir, "none"):                                 "backup.passphrase_file",
		pipe:                                                       "backup.passphrase_file",
		dir:                                                        "backup.passphrase_file",
	} {
		p, err := ReadPassphrase(path)
		if p != nil || ruleOf(err) != want || !strings.Contains(fmt.Sprint(err), path) ||
			strings.Contains(fmt.Sprint(err), "battery") {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	for name, c := range map[string]struct {
		text, want string
		mode       os.FileMode
	}{
		"as it is":           {rightWords, rightWords, 0o600},
		"with its line end":  {rightWords + "\n", rightWords, 0o400},
		"of another editor":  {rightWords + "\r\n", rightWords, 0o600},
		"Chinese":            {"北风吹散满城霾今日又见晴空一碧如洗", "北风吹散满城霾今日又见晴空一碧如洗", 0o600},
		"with spaces around": {" " + rightWords + " ", " " + rightWords + " ", 0o600},
	} {
		p, err := ReadPassphrase(file(name, c.text, c.mode))
		if err != nil || p.Reveal() != c.want {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if said := fmt.Sprintf("%v %+v %#v %s", p, BackupOptions{Passphrase: p}, p, p); strings.Contains(said, c.want) {
			t.Errorf("%s: printed as %s", name, said)
		}
	}
	if (*Passphrase)(nil).Reveal() != "" {
		t.Error("none reveals something")
	}
}
