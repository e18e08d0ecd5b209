package witness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
)

const origin = "qingkong/120111/0a1b2c3d"

// key is an Ed25519 key made of a letter.
func key(of string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(of, ed25519.SeedSize)))
}

func logKey(t testing.TB, name, of string) (note.Signer, string) {
	t.Helper()
	seed := append([]byte{1}, key(of).Seed()...)
	vkey, err := note.NewEd25519VerifierKey(name, key(of).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Split(vkey, "+")[1]
	s, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + id + "+" + base64.StdEncoding.EncodeToString(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

// history is a tree whose entries are named; those behind fork are another history's.
type history struct{ fork int64 }

func (h history) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, index := range at {
		level, n := tlog.SplitStoredHashIndex(index)
		out = append(out, h.subtree(level, n))
	}
	return out, nil
}

func (h history) subtree(level int, n int64) tlog.Hash {
	if level == 0 {
		return tlog.RecordHash(fmt.Appendf(nil, "entry %d, fork %v", n, n >= h.fork))
	}
	return tlog.NodeHash(h.subtree(level-1, 2*n), h.subtree(level-1, 2*n+1))
}

func (h history) root(t testing.TB, size int64) tlog.Hash {
	t.Helper()
	root, err := tlog.TreeHash(size, h)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (h history) proof(t testing.TB, size, old int64) tlog.TreeProof {
	t.Helper()
	if old == 0 {
		return nil
	}
	p, err := tlog.ProveTree(size, old, h)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const never = 1 << 40 // a fork that does not come

var (
	straight = history{never}
	forkAt6  = history{6}
)

func sign(t testing.TB, text string, signers ...note.Signer) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func textOf(origin string, n int64, root tlog.Hash) string {
	return Head{Origin: origin, Tree: tlog.Tree{N: n, Hash: root}}.String()
}

// What a witness does about a request, by C2SP tlog-witness v1.0.0: which status, with which body, and what the request
// shows of the log.
func TestWhatAWitnessDecides(t *testing.T) {
	signer, vkey := logKey(t, origin, "a")
	second, vkey2 := logKey(t, origin, "b")
	stranger, _ := logKey(t, origin, "c")
	logs, err := ParseLogs("# 西青\nlog " + vkey + "\n\nlog " + vkey2 + "\n")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	last := &State{Size: 7, Root: straight.root(t, 7), At: at}
	empty := &State{Size: 0, Root: straight.root(t, 0), At: at}
	ask := func(old, size int64, h, proved history, signers ...note.Signer) Request {
		p := proved.proof(t, max(size, old), old)
		return Request{Old: old, Proof: p, Note: sign(t, textOf(origin, size, h.root(t, size)), signers...)}
	}
	with := func(r Request, p tlog.TreeProof) Request { r.Proof = p; return r }
	some := tlog.TreeProof{straight.root(t, 1)}
	wrongEmpty := Request{Note: sign(t, textOf(origin, 0, some[0]), signer)}
	altered := ask(7, 9, straight, straight, signer)
	altered.Note = bytes.Replace(altered.Note, []byte("\n9\n"), []byte("\n8\n"), 1)
	for _, c := range []struct {
		name   string
		last   *State
		r      Request
		status int
		says   string
		fault  Fault
	}{
		{"the first", nil, ask(0, 7, straight, straight, signer), 200, "", 0},
		{"the first, of no entries", nil, ask(0, 0, straight, straight, signer), 200, "", 0},
		{"no entries again", empty, ask(0, 0, straight, straight, signer), 200, "", 0},
		{"the first entries", empty, ask(0, 3, straight, straight, signer), 200, "", 0},
		{"a larger tree", last, ask(7, 12, straight, straight, signer), 200, "", 0},
		{"the same again", last, ask(7, 7, straight, straight, signer), 200, "", 0},
		{"by the log's other key", last, ask(7, 8, straight, straight, second), 200, "", 0},
		{"by a stranger too", last, ask(7, 8, straight, straight, stranger, signer), 200, "", 0},

		{"another log", last, Request{Note: sign(t, textOf("qingkong/other", 7, last.Root), signer)}, 404, "no log of that origin", 0},
		{"a stranger alone", last, ask(7, 8, straight, straight, stranger), 403, "no signature of a key that is trusted", 0},
		{"an altered text", last, altered, 403, "does not verify", 0},
		{"old above the checkpoint", last, ask(7, 5, straight, straight, signer), 400, "old size 7 is above the checkpoint's, 5", 0},
		{"old too small", last, ask(5, 12, straight, straight, signer), 409, "goes on from size 5; cosigned last, at 2026-11-24T08:00:00Z, was size 7 with root " + last.Root.String(), 0},
		{"old where nothing was", nil, ask(5, 12, straight, straight, signer), 409, "from size 5; nothing of this log was cosigned yet", 0},
		{"a smaller tree", last, ask(5, 6, straight, straight, signer), 409, "size 7", 0},
		{"a smaller tree from the start", last, ask(0, 6, straight, straight, signer), 409, "size 7", 0},
		{"two of one size", last, ask(7, 7, forkAt6, forkAt6, signer), 409, "two histories of one size: cosigned last", Guilty},
		{"two of one size, from another", last, ask(3, 7, forkAt6, forkAt6, signer), 409, forkAt6.root(t, 7).String(), Guilty},
		{"a larger tree of another history", last, ask(7, 12, forkAt6, forkAt6, signer), 422, "not shown to be one history", Suspected},
		{"with the first history's proof", last, ask(7, 12, forkAt6, straight, signer), 422, forkAt6.root(t, 12).String(), Suspected},
		{"a proof of nothing", last, with(ask(7, 12, straight, straight, signer), nil), 422, last.Root.String(), Suspected},
		{"a proof too long", last, with(ask(7, 12, straight, straight, signer), append(straight.proof(t, 12, 7), some...)), 422, "size 12", Suspected},
		{"a proof where none is needed", last, with(ask(7, 7, straight, straight, signer), some), 422, "needs none", 0},
		{"a proof from nothing", nil, with(ask(0, 7, straight, straight, signer), some), 422, "needs none", 0},
		{"no entries with a root", nil, wrongEmpty, 422, "no entries has another root", Guilty},
		{"no entries with a root, after some", last, wrongEmpty, 409, "not shown to be one history", Guilty},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseRequest(c.r.Text())
			if err != nil {
				t.Fatal(err)
			}
			p, no := logs.Prove(r)
			next := State{}
			if no == nil {
				next, no = Decide(c.last, p)
			}
			if no == nil {
				if c.status != 200 || next.Size != r.Head.N || next.Root != r.Head.Hash {
					t.Errorf("cosigned as %+v, want %d", next, c.status)
				}
				if bytes.Contains(p.Signed, fmt.Appendf(nil, "%08x", stranger.KeyHash())) || bytes.Count(p.Signed, []byte("— ")) != 1 {
					t.Errorf("kept with other signatures: %s", p.Signed)
				}
				return
			}
			if no.Status != c.status || !strings.Contains(no.Why, c.says) || no.Fault != c.fault {
				t.Errorf("refused with %d, %d, %q", no.Status, no.Fault, no.Why)
			}
			body, media := no.Body()
			size := fmt.Sprintln(map[bool]int64{true: 0, false: 7}[c.last == nil])
			if is409 := c.status == 409; is409 != (media == "text/x.tlog.size") || is409 && body != size ||
				!is409 && body != no.Why+"\n" {
				t.Errorf("answered with %q as %s", body, media)
			}
		})
	}
}

// Both trees that disagree stand in the refusal, with their sizes, their roots and when the first was cosigned.
func TestARefusalNamesBothHistories(t *testing.T) {
	last := &State{Size: 7, Root: straight.root(t, 7), At: time.Date(2026, 11, 24, 16, 0, 0, 0, time.FixedZone("", 8*3600))}
	other := Head{Origin: origin, Tree: tlog.Tree{N: 9, Hash: forkAt6.root(t, 9)}}
	_, no := Decide(last, Proved{Request: Request{Old: 7, Head: other, Proof: forkAt6.proof(t, 9, 7)}})
	for _, want := range []string{"size 7", last.Root.String(), "2026-11-24T08:00:00Z", "size 9", other.Hash.String()} {
		if no == nil || !strings.Contains(no.Why, want) {
			t.Errorf("%v lacks %q", no, want)
		}
	}
}

func example(t testing.TB) Request {
	signer, _ := logKey(t, origin, "a")
	return Request{Old: 5, Proof: straight.proof(t, 9, 5), Note: sign(t, textOf(origin, 9, straight.root(t, 9)), signer)}
}

// A request is written in one way: everything else is no request.
func TestWhatIsNoRequest(t *testing.T) {
	good := string(example(t).Text())
	if _, err := ParseRequest([]byte(good)); err != nil {
		t.Fatal(err)
	}
	signer, _ := logKey(t, origin, "a")
	hash := straight.root(t, 1).String()
	lastBits := hash[:42] + string(hash[42]+1) + "=" // the same 32 bytes, with bits behind them
	root9 := straight.root(t, 9)
	noted := func(text string) string { return "old 0\n\n" + string(sign(t, text, signer)) }
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %q", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, c := range map[string]struct{ body, says string }{
		"nothing":                  {"", "no empty line"},
		"no old":                   {swap("old 5\n", ""), "first line"},
		"OLD":                      {swap("old 5", "OLD 5"), "first line"},
		"two spaces":               {swap("old 5", "old  5"), "old size"},
		"a leading zero":           {swap("old 5", "old 05"), "leading zeros"},
		"zeros":                    {swap("old 5", "old 00"), "leading zeros"},
		"a sign":                   {swap("old 5", "old +5"), "leading zeros"},
		"below zero":               {swap("old 5", "old -5"), "leading zeros"},
		"beyond every number":      {swap("old 5", "old 99999999999999999999"), "decimal"},
		"beyond every tree":        {swap("old 5", "old 4611686018427387905"), "larger than any"},
		"a carriage return":        {swap("old 5\n", "old 5\r\n"), "old size"},
		"a short hash":             {swap("old 5\n", "old 5\nAAAA\n"), "hash 1"},
		"a hash with other bits":   {swap("old 5\n", "old 5\n"+lastBits+"\n"), "hash 1"},
		"a hash in another base64": {swap("old 5\n", "old 5\n"+strings.Repeat("_", 43)+"=\n"), "hash 1"},
		"64 hashes":                {swap("old 5\n", "old 5\n"+strings.Repeat(hash+"\n", 64)), "more than 63"},
		"two empty lines":          {swap("\n\n", "\n\n\n"), "no checkpoint"},
		"no signature":             {good[:strings.LastIndex(good, "— ")], "no signed note"},
		"no newline at the end":    {strings.TrimSuffix(good, "\n"), "no signed note"},
		"something behind":         {good + "x", "no signed note"},
		"too long":                 {good + strings.Repeat("— x AAAAAAAA\n", MaxRequest/10), "more than 65536"},
		"no checkpoint":            {noted("hello\n"), "no checkpoint"},
		"no origin":                {noted(textOf("", 9, root9)), "no origin"},
		"a size with a zero":       {noted(origin + "\n09\n" + root9.String() + "\n"), "no checkpoint"},
		"a root with other bits":   {noted(origin + "\n9\n" + lastBits + "\n"), "no checkpoint"},
		"a tree beyond any":        {noted(textOf(origin, 1<<62+1, root9)), "larger than any"},
		"the largest number":       {noted(textOf(origin, 1<<63-1, root9)), "larger than any"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseRequest([]byte(c.body)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("read with %v, want %q", err, c.says)
			}
		})
	}
}

// A log whose tree is larger than any holds up no witness: the tree functions of x/mod would not return.
func TestTheLargestTreeIsDecided(t *testing.T) {
	last := &State{Size: 7, Root: straight.root(t, 7)}
	head := Head{Origin: origin, Tree: tlog.Tree{N: 1 << 62}}
	_, no := Decide(last, Proved{Request: Request{Old: 7, Head: head, Proof: make(tlog.TreeProof, MaxProof)}})
	if no == nil || no.Status != Unprocessable {
		t.Errorf("decided %v", no)
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(example(f).Text())
	f.Add([]byte("old 0\n\n" + origin + "\n0\n" + emptyRoot().String() + "\nmore\n\n— x AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			return
		}
		if text := r.Text(); !bytes.Equal(text, body) {
			t.Errorf("%q is written as %q", body, text)
		}
		if r.Old < 0 || len(r.Proof) > MaxProof || !bytes.HasPrefix(r.Note, []byte(r.Head.String()+"\n")) {
			t.Errorf("%q was read as %+v", body, r)
		}
	})
}

// The log takes of an answer the line of the witness that it knows, where that is right and of now.
func TestAnAnswerIsCosigned(t *testing.T) {
	cosigner := func(name, of string) *torchwood.CosignatureSigner {
		s, err := torchwood.NewCosignatureSigner(name, key(of))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ours, other := cosigner("witness.example/w1", "w"), cosigner("witness.example/w2", "v")
	signer, _ := logKey(t, origin, "a")
	text := textOf(origin, 9, straight.root(t, 9))
	checkpoint := sign(t, text, signer)
	line := func(of note.Signer, text string) string {
		signed := string(sign(t, text, of))
		return signed[strings.LastIndex(signed, "\n\n")+2:]
	}
	now := time.Now()
	right := line(ours, text)
	mixed := line(other, text) + right + "— nobody AAAAAAAAAAA=\n"
	for name, answer := range map[string]string{"alone": right, "among others": mixed} {
		c, err := Cosigned([]byte(answer), checkpoint, ours.Verifier(), now, UsualAhead)
		if err != nil || string(c.Lines) != right || c.At.Sub(now).Abs() > time.Minute {
			t.Errorf("%s: %v, %q at %s", name, err, c.Lines, c.At)
		}
		if _, err := note.Open(append(checkpoint, c.Lines...), note.VerifierList(ours.Verifier())); err != nil {
			t.Errorf("%s: the checkpoint with its cosignature: %v", name, err)
		}
	}
	for name, c := range map[string]struct{ answer, says string }{
		"nothing":              {"", "newline"},
		"an empty line":        {"\n" + right, "no signature"},
		"words":                {"thank you\n", "no signature"},
		"no newline":           {strings.TrimSuffix(right, "\n"), "newline"},
		"another witness":      {line(other, text), "no cosignature of witness.example/w1"},
		"another text":         {line(ours, textOf(origin, 8, straight.root(t, 8))), "invalid signature"},
		"a wrong line first":   {line(ours, textOf(origin, 8, straight.root(t, 8))) + right, "invalid signature"},
		"more than an answer":  {strings.Repeat(right, MaxAnswer/len(right)+1), "more than"},
		"more than a note has": {strings.Repeat("— x AAAAAAAA\n", 101), "malformed"},
	} {
		if _, err := Cosigned([]byte(c.answer), checkpoint, ours.Verifier(), now, UsualAhead); err == nil ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if _, err := Cosigned([]byte(right), checkpoint, ours.Verifier(), now.Add(-UsualAhead-time.Minute), UsualAhead); err == nil {
		t.Error("a cosignature of a time to come was taken")
	}
	if _, err := Cosigned([]byte(right), checkpoint, ours.Verifier(), now.Add(-UsualAhead+time.Minute), UsualAhead); err != nil {
		t.Errorf("a witness whose clock is ahead: %v", err)
	}
}

// Every line of the file of logs that is wrong is named.
func TestWrongLogsAreNamed(t *testing.T) {
	_, vkey := logKey(t, origin, "a")
	_, other := logKey(t, "other", "a")
	logs, err := ParseLogs("log " + vkey + "\r\n # note\n\n  log " + other)
	if err != nil || len(logs) != 2 || len(logs["other"]) != 1 {
		t.Errorf("%v: %v", logs, err)
	}
	for text, want := range map[string]string{
		"":                                     "[witness.no_logs]",
		"# nothing\n":                          "[witness.no_logs]",
		vkey:                                   "[[1] witness.no_log_line]",
		"\nlog x\nwitness " + vkey + "\n":      "[[2] witness.bad_key [3] witness.no_log_line]",
		"log " + vkey + "\nlog " + vkey + "\n": "[[2] witness.key_twice]",
	} {
		_, err := ParseLogs(text)
		var e *refusal.Error
		errors.As(err, &e)
		var got []string
		for _, f := range e.Fields {
			got = append(got, strings.TrimSpace(f.Path+" "+f.Rule))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
}
