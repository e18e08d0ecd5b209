package witness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/witness"
)

// history is a log's tree. Two of them have the same entries before the smaller of their forks.
type history struct{ fork int64 }

const never = 1 << 40 // a fork that does not come

func (h history) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, index := range at {
		out = append(out, h.subtree(tlog.SplitStoredHashIndex(index)))
	}
	return out, nil
}

func (h history) subtree(level int, n int64) tlog.Hash {
	if level == 0 {
		return tlog.RecordHash([]byte(h.entry(n)))
	}
	return tlog.NodeHash(h.subtree(level-1, 2*n), h.subtree(level-1, 2*n+1))
}

func (h history) entry(n int64) string {
	if n < h.fork {
		return fmt.Sprintf("entry %d", n)
	}
	return fmt.Sprintf("entry %d behind the fork at %d", n, h.fork)
}

func (h history) root(size int64) tlog.Hash {
	root, err := tlog.TreeHash(size, h)
	if err != nil {
		panic(err)
	}
	return root
}

func (h history) proof(size, old int64) tlog.TreeProof {
	if old == 0 || old >= size {
		return nil
	}
	p, err := tlog.ProveTree(size, old, h)
	if err != nil {
		panic(err)
	}
	return p
}

// aLog signs checkpoints of whatever history it is asked for.
type aLog struct {
	name   string
	signer note.Signer
	vkey   string
	key    ed25519.PrivateKey
}

func newLog(t testing.TB, name, seed string) *aLog {
	t.Helper()
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(seed, ed25519.SeedSize)))
	vkey, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	must(t, err)
	signer, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + strings.Split(vkey, "+")[1] + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
	must(t, err)
	return &aLog{name, signer, vkey, key}
}

func (l *aLog) checkpoint(h history, size int64) []byte {
	text := witness.Head{Origin: l.name, Tree: tlog.Tree{N: size, Hash: h.root(size)}}.String()
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		panic(err)
	}
	return signed
}

func (l *aLog) request(h history, old, size int64) string {
	return string(witness.Request{Old: old, Proof: h.proof(size, old), Note: l.checkpoint(h, size)}.Text())
}

// world is a witness that serves.
type world struct {
	*Witness
	t    testing.TB
	log  *aLog
	url  string
	said *safely
	now  time.Time // of the look at the file of logs
	srv  *httptest.Server
}

const witnessName = "tj.example.gov.cn/witness"

func serveWitness(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, log: newLog(t, "qingkong/120111/0a1b2c3d", "a"), said: &safely{}, now: time.Now()}
	dir := t.TempDir()
	w.Witness = &Witness{opt: Options{Dir: filepath.Join(dir, "witness"), Name: witnessName, Logs: filepath.Join(dir, "logs.txt"),
		Log: slog.New(slog.NewTextHandler(w.said, nil)), Now: func() time.Time { return w.now }}}
	w.trust(w.log)
	w.open()
	t.Cleanup(func() { w.srv.Close(); _ = w.Close() })
	return w
}

// trust writes the file of logs.
func (w *world) trust(logs ...*aLog) {
	w.t.Helper()
	var text strings.Builder
	for _, l := range logs {
		fmt.Fprintf(&text, "log %s\n", l.vkey)
	}
	must(w.t, os.WriteFile(w.opt.Logs, []byte(text.String()), 0o600))
}

func (w *world) open() {
	w.t.Helper()
	opened, err := Open(w.opt)
	must(w.t, err)
	w.Witness = opened
	w.srv = httptest.NewServer(opened.Handler())
	w.url = w.srv.URL
}

// again ends the witness and opens it anew.
func (w *world) again() {
	w.t.Helper()
	w.srv.Close()
	must(w.t, w.Close())
	w.open()
}

func (w *world) verifier() *torchwood.CosignatureVerifier {
	v, err := torchwood.NewCosignatureVerifier(w.VKey())
	must(w.t, err)
	return v
}

func (w *world) client() *Client {
	return &Client{URL: w.url, Verifier: w.verifier(), HTTP: w.srv.Client()}
}

type reply struct {
	status int
	body   string
	media  string
}

func (w *world) post(body string) reply {
	w.t.Helper()
	resp, err := w.srv.Client().Post(w.url+"/add-checkpoint", "", strings.NewReader(body))
	must(w.t, err)
	return w.read(resp)
}

func (w *world) get(path string) reply {
	w.t.Helper()
	resp, err := w.srv.Client().Get(w.url + path)
	must(w.t, err)
	return w.read(resp)
}

func (w *world) read(resp *http.Response) reply {
	w.t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return reply{resp.StatusCode, string(text), resp.Header.Get("Content-Type")}
}

// cosigned fails unless the checkpoint of a history's size is cosigned.
func (w *world) cosigned(h history, old, size int64) witness.Cosignature {
	w.t.Helper()
	got := w.post(w.log.request(h, old, size))
	if got.status != http.StatusOK {
		w.t.Fatalf("from %d to %d: %+v", old, size, got)
	}
	c, err := witness.Cosigned([]byte(got.body), w.log.checkpoint(h, size), w.verifier(), time.Now(), time.Minute)
	must(w.t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// safely is a buffer for any goroutine.
type safely struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *safely) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *safely) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
