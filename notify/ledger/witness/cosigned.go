package witness

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

// UsualAhead is how far a witness's clock may be ahead of the log's.
const UsualAhead = 10 * time.Minute

// Cosignature is what a witness said of a checkpoint.
type Cosignature struct {
	Lines []byte    // signature lines, each with its newline, to stand behind those of the checkpoint
	At    time.Time // when the witness had seen no larger tree of the log; to the second, UTC
}

// Cosigned reads a witness's answer to a checkpoint. Lines of other keys are left out. Errors: an answer that is no
// signature lines or longer than [MaxAnswer]; none of the witness's key, or one that does not verify; a time of 0, or one
// further than ahead behind now.
func Cosigned(answer, checkpoint []byte, witness *torchwood.CosignatureVerifier, now time.Time,
	ahead time.Duration) (Cosignature, error) {
	if len(answer) > MaxAnswer {
		return Cosignature{}, fmt.Errorf("the answer has more than %d bytes", MaxAnswer)
	}
	if len(answer) == 0 || answer[len(answer)-1] != '\n' {
		return Cosignature{}, errors.New("the answer does not end with a newline")
	}
	for line := range strings.Lines(string(answer)) {
		if !strings.HasPrefix(line, "— ") {
			return Cosignature{}, errors.New("the answer has a line that is no signature")
		}
	}
	head, err := ParseHead(checkpoint)
	if err != nil {
		return Cosignature{}, err
	}
	opened, err := note.Open(append([]byte(head.String()+"\n"), answer...), note.VerifierList(witness))
	var none *note.UnverifiedNoteError
	if errors.As(err, &none) {
		return Cosignature{}, fmt.Errorf("the answer has no cosignature of %s", witness.Name())
	}
	if err != nil {
		return Cosignature{}, fmt.Errorf("the answer: %w", err)
	}
	seconds, err := torchwood.CosignatureTimestamp(opened.Sigs[0])
	if err != nil {
		return Cosignature{}, err
	}
	c := Cosignature{At: time.Unix(seconds, 0).UTC()}
	if seconds == 0 {
		return Cosignature{}, errors.New("the cosignature has no time")
	}
	if limit := now.Add(ahead); seconds > limit.Unix() {
		return Cosignature{}, fmt.Errorf("the cosignature's time, %d seconds after 1970, is after %s", seconds,
			limit.UTC().Format(time.RFC3339))
	}
	c.Lines, err = lines(opened.Sigs)
	return c, err
}
