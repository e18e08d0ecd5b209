package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/notify/ledger/witness"
)

// Client asks one witness for cosignatures, ours or any that speaks C2SP tlog-witness. It may be used by several
// goroutines.
type Client struct {
	URL      string // the submission prefix, to which /add-checkpoint is added
	Verifier *torchwood.CosignatureVerifier
	HTTP     *http.Client     // for its TLS and its connections; nil is one of its own with the system's authorities
	Now      func() time.Time // nil is time.Now
	Ahead    time.Duration    // how far the witness's clock may be ahead; 0 is [witness.UsualAhead]
}

const (
	askWithin = 10 * time.Second // for all that one Add asks
	asksMost  = 3                // of one Add: the second and third where the witness is at another size
)

// AheadError is that a witness cosigned a larger tree than the checkpoint's. Where the record itself holds no more than
// that it lost entries, as after a restore of an older backup, or another record signs with the same key: the witness will
// refuse for ever, and the ledger has to go on under a new origin (qingkong ledger new-origin). Where the record holds
// more, a newer checkpoint of it was cosigned in the meantime, and nothing is wrong.
type AheadError struct {
	Witness string
	Size    int64 // that the witness cosigned
	Ours    int64 // of the checkpoint
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("witness %s has cosigned %d entries, more than this checkpoint's %d; a record that holds no more has "+
		"lost entries, as by a restore: see qingkong ledger new-origin", e.Witness, e.Size, e.Ours)
}

// HistoryError is that a witness holds the checkpoint to be of another history than the one that it cosigned.
type HistoryError struct {
	Witness string
	Size    int64  // of the tree that the witness went on from
	Ours    int64  // of the checkpoint
	Words   string // of the witness, bounded and printable; "" where it has none
}

func (e *HistoryError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("witness %s cosigned another history at size %d and refuses ours of size %d: %s",
		e.Witness, e.Size, e.Ours, e.Words), ": ")
}

// StatusError is any other answer than a cosignature; with 404 and 403 the witness does not know the log, or its key.
type StatusError struct {
	Witness string
	Status  int
	Words   string // of the witness, bounded and printable
}

func (e *StatusError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("witness %s answered %d: %s", e.Witness, e.Status, e.Words), ": ")
}

// Add asks for a cosignature of a signed checkpoint. old is the size that the witness is thought to have cosigned last, 0
// where that is not known; proof proves the checkpoint's tree from an earlier size, and is asked for none at sizes 0 and
// the checkpoint's own. A witness that is at another size is asked again from there. It takes 10 s at most.
//
// The lines are to stand behind the checkpoint's signatures. Errors: [*AheadError], [*HistoryError], [*StatusError]; those
// of proof and of the connection; an answer that is no cosignature of the witness, or of a time to come.
func (c *Client) Add(ctx context.Context, old int64, proof func(old int64) (tlog.TreeProof, error),
	checkpoint []byte) (lines []byte, at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	head, err := witness.ParseHead(checkpoint)
	if err != nil {
		return nil, at, err
	}
	for range asksMost {
		if old > head.N {
			return nil, at, &AheadError{Witness: c.Verifier.Name(), Size: old, Ours: head.N}
		}
		r := witness.Request{Old: old, Note: checkpoint}
		if old > 0 && old < head.N {
			if r.Proof, err = proof(old); err != nil {
				return nil, at, err
			}
		}
		status, body, err := c.post(ctx, r.Text())
		if err != nil {
			return nil, at, fmt.Errorf("witness %s: %w", c.Verifier.Name(), err)
		}
		if status == http.StatusOK {
			return c.cosigned(body, checkpoint)
		}
		if old, err = c.next(status, body, old, head.N); err != nil {
			return nil, at, err
		}
	}
	return nil, at, fmt.Errorf("witness %s is at another size each time; others ask it for this log too", c.Verifier.Name())
}

func (c *Client) cosigned(body, checkpoint []byte) ([]byte, time.Time, error) {
	now, ahead := time.Now, witness.UsualAhead
	if c.Now != nil {
		now = c.Now
	}
	if c.Ahead != 0 {
		ahead = c.Ahead
	}
	said, err := witness.Cosigned(body, checkpoint, c.Verifier, now(), ahead)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("witness %s: %w", c.Verifier.Name(), err)
	}
	return said.Lines, said.At, nil
}

// next is the size to ask from after a refusal, or why there is none.
func (c *Client) next(status int, body []byte, old, ours int64) (int64, error) {
	other := &HistoryError{Witness: c.Verifier.Name(), Size: old, Ours: ours, Words: shown(body)}
	if status == witness.Unprocessable {
		return 0, other
	}
	strange := &StatusError{Witness: c.Verifier.Name(), Status: status, Words: shown(body)}
	if status != witness.Conflict {
		return 0, strange
	}
	text, ok := bytes.CutSuffix(body, []byte("\n"))
	size, err := witness.ParseSize(string(text))
	if !ok || err != nil {
		return 0, strange
	}
	if size == old { // it is where we were: by v1.0.0 of the protocol that is another root at the same size
		if other.Words = ""; size == ours {
			return 0, other
		}
		return 0, strange
	}
	return size, nil
}

// usual does not follow where a witness sends it: a cosignature is asked for at the address of the settings alone.
var usual = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (c *Client) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	to := strings.TrimSuffix(c.URL, "/") + "/add-checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	client := c.HTTP
	if client == nil {
		client = usual
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // all that counts was read
	answer, err = io.ReadAll(io.LimitReader(resp.Body, witness.MaxAnswer+1))
	if err == nil && len(answer) > witness.MaxAnswer {
		err = errors.New("the answer is longer than any that is meant")
	}
	return resp.StatusCode, answer, err
}

const shownMost = 500 // bytes of a witness's words

// shown is what a witness says, as one line that may be logged and shown.
func shown(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), shownMost)]), "")), " ")
	return refusal.Visible(text)
}
