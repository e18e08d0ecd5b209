// Package witness is the protocol between a log and its witnesses: the request and the answer of add-checkpoint, and what
// a witness decides, as pure functions. The source is C2SP tlog-witness v1.0.0 with tlog-checkpoint, tlog-cosignature
// (Ed25519, algorithm 0x04) and signed-note; where the text after v1.0.0 says another status, the place says so.
//
// Trees are those of RFC 6962. A witness keeps of each log, known by its origin, the largest tree that it cosigned, and
// cosigns another only if that one goes on from it: whoever sees a cosignature knows that everybody is shown one history.
package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of the protocol's texts.
const (
	MaxRequest = 64 << 10 // bytes of a request; C2SP leaves it open
	MaxAnswer  = 16 << 10 // bytes of an answer; C2SP leaves it open
	MaxProof   = 63       // hashes of a proof, as C2SP has it

	// maxSize is the largest tree that is spoken of: the tree functions of x/mod never return for larger ones.
	maxSize = 1 << 62
)

// Request asks a witness to cosign a checkpoint.
type Request struct {
	Old   int64          // size of the tree that the proof begins with
	Proof tlog.TreeProof // that the tree of Head goes on from it; empty where Old is 0 or the size of Head
	Note  []byte         // the checkpoint with its signatures
	Head  Head           // what Note says, whoever signed it
}

// Head is the text of a checkpoint.
type Head = torchwood.Checkpoint

// ParseRequest reads the body of add-checkpoint. It takes the one way of writing it alone: [Request.Text] of what it
// returns is body. An error says which part is wrong; nothing of the signatures is proved.
func ParseRequest(body []byte) (r Request, err error) {
	if len(body) > MaxRequest {
		return r, fmt.Errorf("more than %d bytes", MaxRequest)
	}
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return r, errors.New("no empty line before the checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	number, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return r, errors.New("the first line does not begin with old and a space")
	}
	if r.Old, err = ParseSize(number); err != nil {
		return r, fmt.Errorf("old size: %w", err)
	}
	if len(lines)-1 > MaxProof {
		return r, fmt.Errorf("more than %d hashes", MaxProof)
	}
	for i, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return r, fmt.Errorf("hash %d is not 32 bytes of base64", i+1)
		}
		r.Proof = append(r.Proof, h)
	}
	r.Note = signed
	r.Head, err = ParseHead(signed)
	return r, err
}

// Text is the body of a request.
func (r Request) Text() []byte {
	body := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, h := range r.Proof {
		body = append(body, h.String()+"\n"...)
	}
	return append(append(body, '\n'), r.Note...)
}

// ParseSize reads a tree size as C2SP writes it: decimal digits, no zero in front of others. It is at most 2^62.
func ParseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, errors.New("not a decimal number without leading zeros")
	}
	if n > maxSize {
		return 0, errors.New("larger than any tree")
	}
	return n, nil
}

// ParseHead reads the text of a signed checkpoint, and proves no signature. There has to be one, and the text has to be
// written in the one way that there is: a cosignature is over bytes.
func ParseHead(signed []byte) (Head, error) {
	var unproved *note.UnverifiedNoteError
	if _, err := note.Open(signed, nil); !errors.As(err, &unproved) {
		return Head{}, errors.New("the checkpoint is no signed note")
	}
	text := unproved.Note.Text
	head, err := torchwood.ParseCheckpoint(text)
	switch {
	case err != nil || head.String() != text:
		return Head{}, errors.New("the signed text is no checkpoint")
	case head.Origin == "":
		return Head{}, errors.New("the checkpoint has no origin")
	case head.N > maxSize:
		return Head{}, errors.New("the checkpoint's tree is larger than any")
	}
	return head, nil
}

// lines are signatures as a note has them, in one way of writing base64.
func lines(sigs []note.Signature) (text []byte, err error) {
	for _, s := range sigs {
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil {
			return nil, err
		}
		text = fmt.Appendf(text, "— %s %s\n", s.Name, base64.StdEncoding.EncodeToString(raw))
	}
	return text, nil
}
