package witness

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"qingkong/alerts/refusal"
)

// Logs are the keys that a witness trusts for each origin.
type Logs map[string][]note.Verifier

// ParseLogs reads lines "log VKEY". The origin is the key's name, and an origin may have several keys, as while one is
// replaced. Empty lines and those that begin with # are left out. Keys are Ed25519 (algorithm 1 of signed-note). A
// refusal names every line that is wrong, and so is a text without a log.
func ParseLogs(text string) (Logs, error) {
	logs := Logs{}
	var wrong []refusal.Field
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		no := func(rule string, why any) {
			wrong = append(wrong, refusal.Field{Path: fmt.Sprintf("[%d]", number), Rule: rule,
				Args: refusal.Args{"line": number, "why": why}})
		}
		vkey, ok := strings.CutPrefix(line, "log ")
		if !ok {
			no("witness.no_log_line", "")
			continue
		}
		key, err := note.NewVerifier(strings.TrimSpace(vkey))
		if err != nil {
			no("witness.bad_key", err)
			continue
		}
		if slices.ContainsFunc(logs[key.Name()], func(other note.Verifier) bool { return other.KeyHash() == key.KeyHash() }) {
			no("witness.key_twice", "")
			continue
		}
		logs[key.Name()] = append(logs[key.Name()], key)
	}
	if len(wrong) == 0 && len(logs) == 0 {
		wrong = []refusal.Field{{Rule: "witness.no_logs"}}
	}
	return logs, refusal.Input(wrong)
}

// Proved is a request whose checkpoint a trusted key of its origin signed.
type Proved struct {
	Request
	Signed []byte // the checkpoint with the signatures of trusted keys alone
}

// Prove looks for a signature of a trusted key. The refusal is 404 where the origin has none, and 403 where none of them
// signed, or a signature by the name and id of one does not verify.
func (l Logs) Prove(r Request) (Proved, *Refusal) {
	keys := l[r.Head.Origin]
	if len(keys) == 0 {
		return Proved{}, &Refusal{Status: NotFound, Why: "this witness knows no log of that origin"}
	}
	opened, err := note.Open(r.Note, note.VerifierList(keys...))
	var invalid *note.InvalidSignatureError
	if errors.As(err, &invalid) {
		return Proved{}, &Refusal{Status: Forbidden, Why: "a signature by a trusted key's name does not verify"}
	}
	if err != nil {
		return Proved{}, &Refusal{Status: Forbidden, Why: "no signature of a key that is trusted for that origin"}
	}
	sigs, err := lines(opened.Sigs)
	if err != nil {
		return Proved{}, &Refusal{Status: Forbidden, Why: err.Error()}
	}
	return Proved{r, append([]byte(opened.Text+"\n"), sigs...)}, nil
}
