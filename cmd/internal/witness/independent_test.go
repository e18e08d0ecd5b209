package witness

// What stands in this file is written from the texts of C2SP and of RFC 6962 and RFC 9162 alone, with nothing but the
// standard library: neither the code of this project nor the libraries that it uses.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keyID is that of signed-note: the first four bytes of SHA-256 over the name, a newline, the algorithm and the key.
func keyID(name string, algorithm byte, key ed25519.PublicKey) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algorithm))), key...))
	return sum[:4]
}

// signatureLine is a line of a signed note.
func signatureLine(name string, algorithm byte, key ed25519.PublicKey, signature []byte) string {
	return "\u2014 " + name + " " + base64.StdEncoding.EncodeToString(append(keyID(name, algorithm, key), signature...)) + "\n"
}

// signatureOf finds the signature of a key in signature lines.
func signatureOf(lines, name string, algorithm byte, key ed25519.PublicKey) []byte {
	for _, line := range strings.Split(lines, "\n") {
		rest, ok := strings.CutPrefix(line, "\u2014 "+name+" ")
		raw, err := base64.StdEncoding.DecodeString(rest)
		if ok && err == nil && bytes.HasPrefix(raw, keyID(name, algorithm, key)) {
			return raw[4:]
		}
	}
	return nil
}

func node(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// treeHash is MTH of RFC 6962, section 2.1.
func treeHash(leaves []string) []byte {
	switch len(leaves) {
	case 0:
		sum := sha256.Sum256(nil)
		return sum[:]
	case 1:
		sum := sha256.Sum256([]byte("\x00" + leaves[0]))
		return sum[:]
	}
	k := split(len(leaves))
	return node(treeHash(leaves[:k]), treeHash(leaves[k:]))
}

// split is the largest power of two below n.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// consistency is SUBPROOF of RFC 6962, section 2.1.2.
func consistency(m int, leaves []string, complete bool) [][]byte {
	n := len(leaves)
	if m == n {
		if complete {
			return nil
		}
		return [][]byte{treeHash(leaves)}
	}
	k := split(n)
	if m <= k {
		return append(consistency(m, leaves[:k], complete), treeHash(leaves[k:]))
	}
	return append(consistency(m-k, leaves[k:], false), treeHash(leaves[:k]))
}

// consistent is RFC 9162, section 2.1.4.2.
func consistent(first, second uint64, firstRoot, secondRoot []byte, path [][]byte) bool {
	if first == second {
		return len(path) == 0 && bytes.Equal(firstRoot, secondRoot)
	}
	if len(path) == 0 {
		return false
	}
	if first&(first-1) == 0 {
		path = append([][]byte{firstRoot}, path...)
	}
	fn, sn := first-1, second-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	fr, sr := path[0], path[0]
	for _, c := range path[1:] {
		if sn == 0 {
			return false
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = node(c, fr), node(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = node(sr, c)
		}
		fn, sn = fn>>1, sn>>1
	}
	return sn == 0 && bytes.Equal(fr, firstRoot) && bytes.Equal(sr, secondRoot)
}

// otherWitness is a witness of one log.
type otherWitness struct {
	name   string
	key    ed25519.PrivateKey
	origin string
	logKey ed25519.PublicKey
	ahead  time.Duration // of its clock
	extra  string        // lines that it answers besides its own

	mu    sync.Mutex
	asked []string // the old sizes that it was asked from
	size  uint64
	root  []byte
}

func (o *otherWitness) vkey() string {
	pub := o.key.Public().(ed25519.PublicKey)
	return fmt.Sprintf("%s+%x+%s", o.name, keyID(o.name, 4, pub), base64.StdEncoding.EncodeToString(append([]byte{4}, pub...)))
}

func (o *otherWitness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/prefix/add-checkpoint" || r.Method != "POST" {
		http.Error(w, "what?", 400)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	status, answer := o.decide(string(body))
	if status == 409 {
		w.Header().Set("Content-Type", "text/x.tlog.size")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (o *otherWitness) decide(body string) (int, string) {
	head, checkpoint, ok1 := strings.Cut(body, "\n\n")
	text, signatures, ok2 := strings.Cut(checkpoint, "\n\n")
	proof := strings.Split(head, "\n")
	says := strings.Split(text, "\n")
	oldText, ok3 := strings.CutPrefix(proof[0], "old ")
	if !ok1 || !ok2 || !ok3 || len(says) != 3 || len(proof) > 64 {
		return 400, "malformed\n"
	}
	old, err1 := strconv.ParseUint(oldText, 10, 63)
	size, err2 := strconv.ParseUint(says[1], 10, 63)
	root, err3 := base64.StdEncoding.DecodeString(says[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return 400, err.Error()
	}
	var path [][]byte
	for _, line := range proof[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != 32 {
			return 400, "malformed hash\n"
		}
		path = append(path, hash)
	}
	if o.asked = append(o.asked, oldText); says[0] != o.origin {
		return 404, "unknown origin\n"
	}
	text += "\n"
	if !ed25519.Verify(o.logKey, []byte(text), signatureOf(signatures, o.origin, 1, o.logKey)) {
		return 403, "not signed\n"
	}
	if old > size {
		return 400, "old above size\n"
	}
	if old != o.size || old == size && o.root != nil && !bytes.Equal(root, o.root) {
		return 409, fmt.Sprintf("%d\n", o.size)
	}
	if old == 0 && len(path) > 0 || old > 0 && !consistent(old, size, o.root, root, path) {
		return 422, "inconsistent, says\nthe other witness\x1b[31m\n"
	}
	o.size, o.root = size, root
	at := uint64(time.Now().Add(o.ahead).Unix())
	signed := ed25519.Sign(o.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))
	return 200, o.extra + signatureLine(o.name, 4, o.key.Public().(ed25519.PublicKey), append(binary.BigEndian.AppendUint64(nil, at), signed...))
}

// otherLog is a log that asks one witness.
type otherLog struct {
	origin string
	key    ed25519.PrivateKey
	leaves []string
}

// request is a body of add-checkpoint.
func (l *otherLog) request(old, size int) (body, text string) {
	text = fmt.Sprintf("%s\n%d\n%s\n", l.origin, size, base64.StdEncoding.EncodeToString(treeHash(l.leaves[:size])))
	body = fmt.Sprintf("old %d\n", old)
	if old > 0 {
		for _, hash := range consistency(old, l.leaves[:size], true) {
			body += base64.StdEncoding.EncodeToString(hash) + "\n"
		}
	}
	pub := l.key.Public().(ed25519.PublicKey)
	return body + "\n" + text + "\n" + signatureLine(l.origin, 1, pub, ed25519.Sign(l.key, []byte(text))), text
}

// cosignature verifies an answer to a checkpoint's text and gives its time.
func cosignature(answer, text, vkey string) (time.Time, error) {
	parts := strings.Split(vkey, "+")
	raw, err := base64.StdEncoding.DecodeString(strings.Join(parts[2:], "+"))
	if err != nil || len(raw) != 33 || raw[0] != 4 {
		return time.Time{}, fmt.Errorf("%s is no key of a witness", vkey)
	}
	key := ed25519.PublicKey(raw[1:])
	if fmt.Sprintf("%x", keyID(parts[0], 4, key)) != parts[1] {
		return time.Time{}, fmt.Errorf("%s has another id", vkey)
	}
	sig := signatureOf(answer, parts[0], 4, key)
	if len(sig) != 72 {
		return time.Time{}, fmt.Errorf("no cosignature in %q", answer)
	}
	at := binary.BigEndian.Uint64(sig)
	if !ed25519.Verify(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), sig[8:]) {
		return time.Time{}, errors.New("the cosignature does not verify")
	}
	return time.Unix(int64(at), 0), nil
}
