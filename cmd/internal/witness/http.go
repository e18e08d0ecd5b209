package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/ledger/witness"
)

// Handler serves the witness: POST /add-checkpoint, GET /<SHA-256 of the origin>/checkpoint as C2SP has them, and for
// people, as text, GET / and /healthz with who it is and what it cosigned, and GET /refused with the newest requests that
// speak against a log. Everything there is public. How long bodies and answers may take the server in front says.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.serveAdd)
	mux.HandleFunc("GET /{hash}/checkpoint", w.serveCheckpoint)
	mux.HandleFunc("GET /{$}", w.serveStatus)
	mux.HandleFunc("GET /healthz", w.serveStatus)
	mux.HandleFunc("GET /refused", w.serveRefused)
	return mux
}

const plainText = "text/plain; charset=utf-8"

func answer(rw http.ResponseWriter, status int, text, media string) {
	rw.Header().Set("Content-Type", media)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text) // whoever asked may be gone
}

func (w *Witness) serveAdd(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, witness.MaxRequest))
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		answer(rw, http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes\n", large.Limit), plainText)
		return
	}
	if err != nil {
		answer(rw, http.StatusBadRequest, "the request did not come whole\n", plainText)
		return
	}
	if !w.turn(r.Context()) {
		rw.Header().Set("Retry-After", "1")
		answer(rw, http.StatusServiceUnavailable, "too many requests at once\n", plainText)
		return
	}
	defer func() { <-w.turns }()
	lines, err := w.add(body)
	var no *witness.Refusal
	switch {
	case err == nil:
		answer(rw, http.StatusOK, string(lines), plainText)
	case errors.As(err, &no):
		text, media := no.Body()
		answer(rw, no.Status, text, media)
	default:
		w.opt.Log.Error("nothing was cosigned, for the witness could not read or write its memory", "err", err)
		answer(rw, http.StatusInternalServerError, "the witness has trouble of its own\n", plainText)
	}
}

// turn waits for a place among those that are worked on.
func (w *Witness) turn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, turnIn)
	defer cancel()
	select {
	case w.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// show answers with what a read of the memory writes.
func (w *Witness) show(rw http.ResponseWriter, read func(io.Writer, *bbolt.Tx) error) {
	var text bytes.Buffer
	err := w.db.View(func(tx *bbolt.Tx) error { return read(&text, tx) })
	switch {
	case errors.Is(err, errNone):
		answer(rw, http.StatusNotFound, "nothing of that log was cosigned\n", plainText)
	case err != nil:
		w.opt.Log.Error("the witness could not read its memory", "err", err)
		answer(rw, http.StatusInternalServerError, "the witness has trouble of its own\n", plainText)
	default:
		answer(rw, http.StatusOK, text.String(), plainText)
	}
}

var errNone = errors.New("none")

func (w *Witness) serveCheckpoint(rw http.ResponseWriter, r *http.Request) {
	w.show(rw, func(out io.Writer, tx *bbolt.Tx) error {
		c := tx.Bucket(cosignedBucket).Cursor()
		for origin, _ := c.First(); origin != nil; origin, _ = c.Next() {
			if originHash(string(origin)) != r.PathValue("hash") {
				continue
			}
			last, err := readRow(tx, string(origin))
			if err != nil {
				return err
			}
			_, err = io.WriteString(out, last.Signed+last.Lines)
			return err
		}
		return errNone
	})
}

func (w *Witness) serveStatus(rw http.ResponseWriter, _ *http.Request) {
	logs := w.known()
	w.mu.Lock()
	wrong := w.wrong
	w.mu.Unlock()
	w.show(rw, func(out io.Writer, tx *bbolt.Tx) error {
		fmt.Fprintf(out, "witness %s\nvkey %s\n", w.signer.Name(), w.VKey())
		if wrong != "" {
			fmt.Fprintf(out, "error the file of logs cannot be used: %s\n", strings.Join(strings.Fields(wrong), " "))
		}
		for _, origin := range slices.Sorted(maps.Keys(logs)) {
			last, err := readRow(tx, origin)
			if err != nil {
				return err
			}
			said := "size - nothing cosigned yet"
			if last != nil {
				said = fmt.Sprintf("size %d root %s at %s", last.Size, last.Root, last.At.UTC().Format(time.RFC3339))
			}
			fmt.Fprintf(out, "log %s %s guilty %d suspected %d\n", origin, said,
				counted(tx, origin, className(witness.Guilty)), counted(tx, origin, className(witness.Suspected)))
		}
		return nil
	})
}

func (w *Witness) serveRefused(rw http.ResponseWriter, _ *http.Request) {
	logs := w.known()
	w.show(rw, func(out io.Writer, tx *bbolt.Tx) error {
		for _, origin := range slices.Sorted(maps.Keys(logs)) {
			if err := writeRefused(out, tx, origin); err != nil {
				return err
			}
		}
		return nil
	})
}
