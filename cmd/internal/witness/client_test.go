package witness

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/witness"
)

func serveOther(t *testing.T, l *aLog) (*otherWitness, *Client) {
	t.Helper()
	o := &otherWitness{name: "w.example/other", key: ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", 32))), origin: l.name,
		logKey: l.key.Public().(ed25519.PublicKey)}
	return o, clientOf(t, o, o.vkey())
}

// clientOf is a client of a witness that a handler is.
func clientOf(t *testing.T, h http.Handler, vkey string) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	v, err := torchwood.NewCosignatureVerifier(vkey)
	must(t, err)
	return &Client{URL: srv.URL + "/prefix/", Verifier: v}
}

func (h history) prover(size int64) func(int64) (tlog.TreeProof, error) {
	return func(old int64) (tlog.TreeProof, error) { return tlog.ProveTree(size, old, h) }
}

// A witness written from the texts of C2SP alone cosigns what our client asks for, from the first entry on, whether or not
// the client knows where it is; and what it answers is a cosignature to everybody.
func TestAnIndependentWitnessCosigns(t *testing.T) {
	l := newLog(t, "qingkong/120111/0a1b2c3d", "a")
	o, c := serveOther(t, l)
	o.extra = "— unknown.example AAAAAAAAAAAAAAAA\n"
	for _, step := range []struct {
		old, size int64
		asked     string
	}{{0, 0, "0"}, {0, 1, "0"}, {1, 2, "1"}, {0, 7, "0 2"}, {3, 8, "3 7"}, {8, 8, "8"}, {0, 8, "0 8"}, {8, 64, "8"}, {64, 100, "64"}} {
		o.asked = nil
		checkpoint := l.checkpoint(straight, step.size)
		lines, at, err := c.Add(t.Context(), step.old, straight.prover(step.size), checkpoint)
		if err != nil || time.Since(at).Abs() > time.Minute || fmt.Sprint(o.asked) != "["+step.asked+"]" {
			t.Fatalf("%+v: %v at %s, asked %v", step, err, at, o.asked)
		}
		if n, err := note.Open(append(checkpoint, lines...), note.VerifierList(c.Verifier)); err != nil || len(n.UnverifiedSigs) != 1 {
			t.Errorf("%+v: the cosigned checkpoint %v: %+v", step, err, n)
		}
	}
	if o.size != 100 || !slices.Equal(o.root, straight.rootBytes(100)) {
		t.Errorf("it is at %d", o.size)
	}
}

func (h history) rootBytes(size int64) []byte { root := h.root(size); return root[:] }

// A log written from the texts of C2SP alone is cosigned by our witness, which it finds where it is.
func TestAnIndependentLogIsCosigned(t *testing.T) {
	w := serveWitness(t)
	l := &otherLog{origin: w.log.name, key: w.log.key}
	for n := range 40 {
		l.leaves = append(l.leaves, fmt.Sprintf("leaf %d", n))
	}
	old := 0
	for _, size := range []int{0, 1, 2, 3, 3, 7, 8, 9, 32, 40} {
		body, text := l.request(old, size)
		got := w.post(body)
		at, err := cosignature(got.body, text, w.VKey())
		if got.status != 200 || err != nil || time.Since(at).Abs() > time.Minute {
			t.Fatalf("from %d to %d: %+v, %v", old, size, got, err)
		}
		old = size
	}
	body, _ := l.request(0, 30)
	if got := w.post(body); got.status != 409 || got.body != "40\n" || got.media != "text/x.tlog.size" {
		t.Errorf("rolled back: %+v", got)
	}
	l.leaves[20] = "altered"
	body, _ = l.request(40, 40)
	if got := w.post(body); got.status != 409 {
		t.Errorf("altered: %+v", got)
	}
}

// What is wrong with a log's record is told apart from what is wrong with the witness: by ours, and by the independent one.
func TestWhyAWitnessDoesNotCosign(t *testing.T) {
	ours := serveWitness(t)
	o, other := serveOther(t, ours.log)
	for name, c := range map[string]*Client{"ours": ours.client(), "independent": other} {
		add := func(h history, old, size int64, l *aLog) error {
			_, _, err := c.Add(t.Context(), old, h.prover(size), l.checkpoint(h, size))
			return err
		}
		must(t, add(straight, 0, 9, ours.log))
		var ahead *AheadError
		for _, old := range []int64{0, 3, 9} { // known or not
			if err := add(straight, old, 5, ours.log); !errors.As(err, &ahead) || ahead.Size != 9 || ahead.Ours != 5 ||
				!strings.Contains(err.Error(), "ledger new-origin") {
				t.Errorf("%s, rolled back, from %d: %v", name, old, err)
			}
		}
		var history *HistoryError
		if err := add(forkAt6, 9, 9, ours.log); !errors.As(err, &history) || history.Size != 9 || history.Ours != 9 {
			t.Errorf("%s, another history: %v", name, err)
		}
		if err := add(forkAt6, 0, 12, ours.log); !errors.As(err, &history) || history.Size != 9 || history.Ours != 12 || history.Words == "" ||
			strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s, a larger one of another history: %v", name, err)
		}
		var status *StatusError
		if err := add(straight, 0, 12, newLog(t, "unknown", "a")); !errors.As(err, &status) || status.Status != 404 {
			t.Errorf("%s, an unknown log: %v", name, err)
		}
		if err := add(straight, 0, 12, newLog(t, ours.log.name, "b")); !errors.As(err, &status) || status.Status != 403 {
			t.Errorf("%s, an unknown key: %v", name, err)
		}
		must(t, add(straight, 9, 12, ours.log))
	}
	o.ahead = witness.UsualAhead + time.Hour
	if _, _, err := other.Add(t.Context(), 12, straight.prover(13), ours.log.checkpoint(straight, 13)); err == nil ||
		!strings.Contains(err.Error(), "cosignature's time") {
		t.Errorf("a time to come: %v", err)
	}
	other.Ahead = witness.UsualAhead + 2*time.Hour
	if _, at, err := other.Add(t.Context(), 13, straight.prover(13), ours.log.checkpoint(straight, 13)); err != nil || time.Until(at) < witness.UsualAhead {
		t.Errorf("a time to come that is let pass: %s, %v", at, err)
	}
}

// Whatever a witness answers, the client ends, with an error that says what came.
func TestStrangeAnswers(t *testing.T) {
	l := newLog(t, "qingkong/120111/0a1b2c3d", "a")
	o, _ := serveOther(t, l)
	endless := func(out io.Writer) {
		for err := error(nil); err == nil; {
			_, err = io.WriteString(out, strings.Repeat("— x AAAAAAAA\n", 100))
		}
	}
	size := 0
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		says   string
	}{
		"nothing":              {func(w http.ResponseWriter) {}, "does not end with a newline"},
		"a page":               {func(w http.ResponseWriter) { fmt.Fprint(w, "<html>\n") }, "no signature"},
		"without end":          {func(w http.ResponseWriter) { endless(w) }, "longer than any"},
		"an error without end": {func(w http.ResponseWriter) { w.WriteHeader(500); endless(w) }, "longer than any"},
		"elsewhere":            {func(w http.ResponseWriter) { w.Header().Set("Location", "/other"); w.WriteHeader(307) }, "answered 307"},
		"words of control":     {func(w http.ResponseWriter) { w.WriteHeader(503); fmt.Fprint(w, "a\x1b[2J\nb\u202e") }, "answered 503: a⟦U+001B⟧[2J b⟦U+202E⟧"},
		"many words": {func(w http.ResponseWriter) { w.WriteHeader(502); fmt.Fprint(w, strings.Repeat("x", 9000)) },
			"answered 502: " + strings.Repeat("x", shownMost)},
		"a conflict without a size": {func(w http.ResponseWriter) { w.WriteHeader(409) }, "answered 409"},
		"a size that is none":       {func(w http.ResponseWriter) { w.WriteHeader(409); fmt.Fprint(w, "-1\n") }, "answered 409: -1"},
		"a size with zeros":         {func(w http.ResponseWriter) { w.WriteHeader(409); fmt.Fprint(w, "07\n") }, "answered 409: 07"},
		"the size that was asked":   {func(w http.ResponseWriter) { w.WriteHeader(409); fmt.Fprint(w, "2\n") }, "answered 409"},
		"another size each time":    {func(w http.ResponseWriter) { size++; w.WriteHeader(409); fmt.Fprintf(w, "%d\n", 2+size) }, "another size each time"},
	} {
		t.Run(name, func(t *testing.T) {
			asks := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { c.answer(w) }), o.vkey())
			lines, _, err := asks.Add(t.Context(), 2, straight.prover(9), l.checkpoint(straight, 9))
			if err == nil || lines != nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 2*shownMost {
				t.Errorf("%q, %v; want %q", lines, err, c.says)
			}
		})
	}
}

// Where there is nothing to ask with, or nobody to ask, the error is that of whoever is to blame.
func TestNobodyAnswers(t *testing.T) {
	w := serveWitness(t)
	c, checkpoint := w.client(), w.log.checkpoint(straight, 9)
	w.cosigned(straight, 0, 5)
	lost := errors.New("the tree cannot be read")
	if _, _, err := c.Add(t.Context(), 0, func(int64) (tlog.TreeProof, error) { return nil, lost }, checkpoint); !errors.Is(err, lost) {
		t.Errorf("no proof: %v", err)
	}
	if _, _, err := c.Add(t.Context(), 5, straight.prover(9), []byte("hello")); err == nil || !strings.Contains(err.Error(), "no signed note") {
		t.Errorf("no checkpoint: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Add(gone, 5, straight.prover(9), checkpoint); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	w.srv.Close()
	if _, _, err := c.Add(t.Context(), 5, straight.prover(9), checkpoint); err == nil || !strings.HasPrefix(err.Error(), "witness "+witnessName+": ") {
		t.Errorf("nobody there: %v", err)
	}
}
