package witness

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/witness"
)

var (
	straight = history{never}
	forkAt6  = history{6}
)

// Every status of add-checkpoint over HTTP, with body and media type as C2SP tlog-witness v1.0.0 has them.
func TestWhatIsAnswered(t *testing.T) {
	w := serveWitness(t)
	first := w.cosigned(straight, 0, 7)
	stranger := newLog(t, w.log.name, "s")
	foreign := newLog(t, "qingkong/120112/00000000", "a")
	const size, text = "text/x.tlog.size", "text/plain; charset=utf-8"
	for _, c := range []struct {
		name, body  string
		status      int
		media, says string
	}{
		{"no request", "hello", 400, text, "no empty line before the checkpoint\n"},
		{"old above the checkpoint", w.log.request(straight, 9, 8), 400, text, "old size 9 is above"},
		{"a stranger's key", stranger.request(straight, 7, 8), 403, text, "no signature of a key that is trusted"},
		{"another origin", foreign.request(straight, 0, 8), 404, text, "knows no log of that origin"},
		{"another old", w.log.request(straight, 5, 8), 409, size, "7\n"},
		{"a smaller tree", w.log.request(straight, 0, 3), 409, size, "7\n"},
		{"another root", w.log.request(forkAt6, 7, 7), 409, size, "7\n"},
		{"another history", w.log.request(forkAt6, 7, 12), 422, text, first.At.Format(time.RFC3339)},
		{"the same again", w.log.request(straight, 7, 7), 200, text, "— " + witnessName + " "},
		{"more", w.log.request(straight, 7, 12), 200, text, "— " + witnessName + " "},
		{"too long", strings.Repeat("x", witness.MaxRequest+1), 413, text, "more than 65536 bytes"},
	} {
		if got := w.post(c.body); got.status != c.status || got.media != c.media || !strings.Contains(got.body, c.says) ||
			c.media == size && got.body != c.says {
			t.Errorf("%s: %+v, want %d %s %q", c.name, got, c.status, c.media, c.says)
		}
	}
	if got := w.get("/add-checkpoint"); got.status != 405 {
		t.Errorf("GET: %+v", got)
	}
}

// What a witness cosigned it knows after its end: no checkpoint of before is cosigned again.
func TestAWitnessKnowsWhatItCosigned(t *testing.T) {
	w := serveWitness(t)
	w.cosigned(straight, 0, 9)
	vkey := w.VKey()
	w.again()
	if w.VKey() != vkey {
		t.Errorf("the key is %s and was %s", w.VKey(), vkey)
	}
	for _, request := range []string{w.log.request(straight, 0, 5), w.log.request(forkAt6, 0, 20)} {
		if got := w.post(request); got.status != 409 || got.body != "9\n" {
			t.Errorf("%+v", got)
		}
	}
	w.cosigned(straight, 9, 11)
}

// The witness says who it is, what it cosigned, and hands out the checkpoint with all that is to be verified of it.
func TestAWitnessTells(t *testing.T) {
	w := serveWitness(t)
	path := "/" + originHash(w.log.name) + "/checkpoint"
	if got := w.get(path); got.status != 404 {
		t.Errorf("before the first: %+v", got)
	}
	for _, at := range []string{"/", "/healthz"} {
		want := fmt.Sprintf("witness %s\nvkey %s\nlog %s size - nothing cosigned yet guilty 0 suspected 0\n", witnessName, w.VKey(), w.log.name)
		if got := w.get(at); got.status != 200 || got.body != want {
			t.Errorf("%s: %+v, want %q", at, got, want)
		}
	}
	w.cosigned(straight, 0, 5)
	c := w.cosigned(straight, 5, 9)
	if got := w.get("/"); !strings.Contains(got.body, fmt.Sprintf("size 9 root %s at %s", straight.root(9), c.At.Format(time.RFC3339))) {
		t.Errorf("%+v", got)
	}
	got := w.get(path)
	key, err := note.NewVerifier(w.log.vkey)
	must(t, err)
	for _, v := range []note.Verifier{key, w.verifier()} {
		if _, err := note.Open([]byte(got.body), note.VerifierList(v)); err != nil || !strings.HasPrefix(got.body, string(w.log.checkpoint(straight, 9))) {
			t.Errorf("%v of %+v", err, got)
		}
	}
}

// A log that signs two trees of one size has shown itself guilty; one whose proof is wrong is suspected, for somebody else
// may have sent that. Each such checkpoint is logged as an error and kept, once, so that whoever repeats it pushes out
// nothing. What anybody does by mistake is neither.
func TestWhatSpeaksAgainstALogIsKept(t *testing.T) {
	w := serveWitness(t)
	w.cosigned(straight, 0, 7)
	guilty, suspected := w.log.request(forkAt6, 7, 7), w.log.request(forkAt6, 7, 12)
	for range 3 {
		w.post(guilty)
		w.post(suspected)
		w.post(w.log.request(straight, 3, 9))
		w.post(newLog(t, w.log.name, "s").request(forkAt6, 7, 7))
	}
	w.again()
	if got := w.get("/").body; !strings.Contains(got, " guilty 1 suspected 1\n") {
		t.Errorf("told as %s", got)
	}
	shown := w.get("/refused").body
	if i, j := strings.Index(shown, guilty), strings.Index(shown, suspected); i < 0 || j < i ||
		!strings.Contains(shown, straight.root(7).String()) {
		t.Errorf("shown as %s", shown)
	}
	if said := w.said.String(); strings.Count(said, "level=ERROR") != 2 || !strings.Contains(said, "two histories of one size") ||
		!strings.Contains(said, forkAt6.root(12).String()) {
		t.Errorf("said %s", said)
	}
}

// However much a log signs, of either kind the newest thousand are kept, and suspicion pushes out no guilt.
func TestWhatIsKeptHasAnEnd(t *testing.T) {
	w := serveWitness(t)
	w.db.NoSync = true // the disk is not what is tested
	w.cosigned(straight, 0, 7)
	w.post(w.log.request(forkAt6, 7, 7))
	head := witness.Head{Origin: w.log.name, Tree: tlog.Tree{N: 12, Hash: forkAt6.root(12)}}
	for n := range keptEach + 20 {
		head.Extension = fmt.Sprintf("%d\n", n) // another checkpoint each time
		signed, err := note.Sign(&note.Note{Text: head.String()}, w.log.signer)
		must(t, err)
		r := witness.Request{Old: 7, Proof: forkAt6.proof(12, 7), Note: signed}
		if _, err := w.add(r.Text()); err == nil {
			t.Fatal("cosigned")
		}
	}
	must(t, w.db.View(func(tx *bbolt.Tx) error {
		if n := counted(tx, w.log.name, "guilty"); n != 1 {
			t.Errorf("%d of guilt are kept", n)
		}
		b := classOf(tx, w.log.name, "suspected")
		first, _ := b.Cursor().First()
		if n := counted(tx, w.log.name, "suspected"); n != keptEach || string(first) != string(numbered(21)) ||
			b.Bucket(seenBucket).Inspect().KeyN != keptEach {
			t.Errorf("%d of suspicion are kept, from %x on", n, first)
		}
		return nil
	}))
}

// Whoever sends a checkpoint again and again gets the same cosignature, which cost one write, within a second.
func TestRepeatsCostNoWrite(t *testing.T) {
	w := serveWitness(t)
	w.cosigned(straight, 0, 7)
	writes := 0
	for range 50 {
		before := w.db.Stats()
		w.cosigned(straight, 7, 7)
		if after := w.db.Stats(); after.TxStats.GetWrite() != before.TxStats.GetWrite() {
			writes++
		}
	}
	if writes > 25 { // one a second: this many mean that each one wrote
		t.Errorf("%d of 50 repeats wrote", writes)
	}
}

// The file of logs is gone by a second after it changed, or at once where somebody asks for it. One that cannot be used
// leaves the logs of before, and the witness says so.
func TestTheFileOfLogsMayChange(t *testing.T) {
	w := serveWitness(t)
	other := newLog(t, "qingkong/120112/00000000", "b")
	w.cosigned(straight, 0, 7)
	w.trust(w.log, other)
	if got := w.post(other.request(straight, 0, 3)); got.status != 404 {
		t.Errorf("within the second: %+v", got)
	}
	w.now = w.now.Add(lookEvery)
	if got := w.post(other.request(straight, 0, 3)); got.status != 200 {
		t.Errorf("after it: %+v", got)
	}
	for _, text := range []string{"log nonsense\n", "", strings.Repeat("#", maxLogs+1)} {
		must(t, os.WriteFile(w.opt.Logs, []byte(text), 0o600))
		w.Reload()
		w.Reload()
		if got := w.post(other.request(straight, 3, 4)); got.status != 200 && got.status != 409 {
			t.Errorf("with a wrong file: %+v", got)
		}
		if got := w.get("/healthz"); !strings.Contains(got.body, "\nerror the file of logs cannot be used: ") {
			t.Errorf("told as %s", got.body)
		}
	}
	must(t, os.Remove(w.opt.Logs))
	w.Reload()
	if n := strings.Count(w.said.String(), "level=ERROR"); n != 4 {
		t.Errorf("%d errors were logged of four wrong files", n)
	}
	w.trust(other)
	w.Reload()
	if got := w.post(w.log.request(straight, 7, 9)); got.status != 404 {
		t.Errorf("a log taken away: %+v", got)
	}
	w.trust(w.log)
	w.Reload()
	if got := w.post(w.log.request(straight, 0, 3)); got.status != 409 || got.body != "7\n" {
		t.Errorf("a log that comes back is not begun anew: %+v", got)
	}
}

// Key and memory belong together: where one of them is gone, or the name is another, nothing is begun anew.
func TestAFolderThatIsNotWhole(t *testing.T) {
	_, foreign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(foreign)
	must(t, err)
	otherKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for name, c := range map[string]struct {
		spoil func(dir string) error
		name  string
		says  string // "" where it opens
	}{
		"whole":         {func(string) error { return nil }, witnessName, ""},
		"no vkey":       {func(dir string) error { return os.Remove(filepath.Join(dir, VKeyFile)) }, witnessName, ""},
		"no memory":     {func(dir string) error { return os.Remove(filepath.Join(dir, DBFile)) }, witnessName, "two histories might be vouched for"},
		"no key":        {func(dir string) error { return os.Remove(filepath.Join(dir, KeyFile)) }, witnessName, "is gone"},
		"another name":  {func(string) error { return nil }, "elsewhere", "another witness's"},
		"no name":       {func(string) error { return nil }, "", "cannot be a witness's name"},
		"a wrong name":  {func(string) error { return nil }, "a+b", "cannot be a witness's name"},
		"another key":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, KeyFile), otherKey, 0o600) }, witnessName, "another witness's"},
		"a damaged key": {func(dir string) error { return os.Truncate(filepath.Join(dir, KeyFile), 60) }, witnessName, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			w := serveWitness(t)
			w.cosigned(straight, 0, 7)
			vkey := w.VKey()
			must(t, w.Close())
			must(t, c.spoil(w.opt.Dir))
			before := below(t, w.opt.Dir)
			opt := w.opt
			opt.Name = c.name
			got, err := Open(opt)
			if c.says == "" {
				must(t, err)
				defer got.Close()
				if handed, err := VKey(opt.Dir); err != nil || handed != vkey || got.VKey() != vkey {
					t.Errorf("the key is %s, %v, and was %s", handed, err, vkey)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("opened with %v, want %q", err, c.says)
			}
			if after := below(t, opt.Dir); after != before {
				t.Errorf("the folder had %s and has %s", before, after)
			}
		})
	}
}

// A folder has one witness at a time, and its key is nobody else's to read.
func TestAFolderIsOneWitness(t *testing.T) {
	w := serveWitness(t)
	if _, err := Open(w.opt); err == nil || !strings.Contains(err.Error(), "another program uses") {
		t.Errorf("opened twice: %v", err)
	}
	for name, mode := range map[string]os.FileMode{KeyFile: 0o600, DBFile: 0o600, VKeyFile: 0o644} {
		if info, err := os.Stat(filepath.Join(w.opt.Dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// A start that ended between memory and key, or between key and note of it, goes on.
func TestAStartThatWasCutShort(t *testing.T) {
	for name, gone := range map[string][]string{"after the memory": {KeyFile, VKeyFile}, "after the key": {VKeyFile}} {
		w := serveWitness(t)
		must(t, w.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Delete(vkeyKey) }))
		must(t, w.Close())
		for _, file := range gone {
			must(t, os.Remove(filepath.Join(w.opt.Dir, file)))
		}
		opened, err := Open(w.opt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		must(t, opened.Close())
	}
}

func below(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	return fmt.Sprint(entries)
}

// No more than so many requests are worked on at once: another waits for its turn, and not for ever.
func TestMoreThanAreWorkedOn(t *testing.T) {
	w := serveWitness(t)
	for range atOnce {
		w.turns <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if w.turn(gone) {
		t.Error("one more is worked on")
	}
	<-w.turns
	w.cosigned(straight, 0, 7)
}
