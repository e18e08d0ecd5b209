// Package witness is the program of a witness, which cosigns the checkpoints of logs as C2SP tlog-witness says, and the
// client of a log that asks witnesses, ours or anybody's.
//
// A witness has a folder: its key, an unencrypted PKCS #8 file of PEM that the program makes and nobody else may read
// (witness.key); its verifier key, to be handed out (witness.vkey); and what it cosigned last of each log (witness.db, a
// bbolt file). Key and memory belong together: with the key and an older memory, or none, the witness would vouch for a
// second history. Neither is begun anew where the other is there.
//
// Bucket witness.meta holds the verifier key under "vkey". Bucket witness.cosigned holds of each origin what was cosigned
// last. Bucket witness.refused holds requests that speak against a log, a bucket for each origin: see refused.go.
package witness

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/torchwood"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"qingkong/alerts/refusal"
	"qingkong/notify/ledger/witness"
)

// The files of a witness's folder.
const (
	KeyFile  = "witness.key"
	VKeyFile = "witness.vkey"
	DBFile   = "witness.db"
)

// Options say whose witness it is.
type Options struct {
	Dir  string // its folder, made where there is none
	Name string // a URL without a scheme, like tjxq.example.gov.cn/witness; not to change while the key is the same
	Logs string // file of the logs to witness, as [witness.ParseLogs] reads it
	Log  *slog.Logger
	Now  func() time.Time // the clock of looking at Logs; time.Now by default. Cosignatures have the machine's time
}

const (
	lookEvery = time.Second // at most, for the file of logs
	atOnce    = 64          // requests that are worked on
	turnIn    = 5 * time.Second
	maxLogs   = 1 << 20 // bytes of the file of logs
)

// Witness cosigns checkpoints. Its methods may be called from any goroutine.
type Witness struct {
	opt    Options
	db     *bbolt.DB
	signer *torchwood.CosignatureSigner
	turns  chan struct{}

	logs   atomic.Pointer[witness.Logs]
	mu     sync.Mutex // held while the file of logs is read
	looked time.Time
	text   string // that the logs are of
	wrong  string // why the present text is not gone by, "" while it is
}

// Open begins or continues a witness. Its own folder and file of logs are looked at before anything is written.
func Open(opt Options) (w *Witness, err error) {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	if opt.Now == nil {
		opt.Now = time.Now
	}
	w = &Witness{opt: opt, turns: make(chan struct{}, atOnce)}
	if w.text, err = readLogs(opt.Logs); err != nil {
		return nil, err
	}
	logs, err := parseLogs(opt.Logs, w.text)
	if err != nil {
		return nil, err
	}
	w.logs.Store(&logs)
	w.looked = opt.Now()
	w.db, w.signer, err = openFolder(opt.Dir, opt.Name)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// parseLogs is [witness.ParseLogs] of a file's text; a refusal says where in the file.
func parseLogs(file, text string) (witness.Logs, error) {
	logs, err := witness.ParseLogs(text)
	var wrong *refusal.Error
	if errors.As(err, &wrong) {
		for i := range wrong.Fields {
			wrong.Fields[i].Path = file + wrong.Fields[i].Path
		}
	}
	return logs, err
}

// Begin makes the folder of a witness, or looks at the one that is there, and returns its verifier key.
func Begin(dir, name string) (vkey string, err error) {
	db, s, err := openFolder(dir, name)
	if err != nil {
		return "", err
	}
	return s.Verifier().String(), db.Close()
}

// VKey is the verifier key of the witness in the folder of a witness, whether or not that runs; it writes nothing.
// [fs.ErrNotExist] is that there is none yet.
func VKey(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, VKeyFile))
	if err != nil {
		return "", err
	}
	v, err := torchwood.NewCosignatureVerifier(string(trimmed(text)))
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// VKey is the verifier key, by which others know the witness.
func (w *Witness) VKey() string { return w.signer.Verifier().String() }

// Close lets go of the folder. What was answered is on disk already.
func (w *Witness) Close() error { return w.db.Close() }

// Reload has the file of logs read by the next request, however short ago it was read.
func (w *Witness) Reload() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look()
}

// known are the logs of the file as it was a second ago or later. A file that cannot be used leaves the old ones.
func (w *Witness) known() witness.Logs {
	if w.mu.TryLock() { // no request waits for another that reads
		if w.opt.Now().Sub(w.looked).Abs() >= lookEvery {
			w.look()
		}
		w.mu.Unlock()
	}
	return *w.logs.Load()
}

// look reads the file of logs. The caller holds mu.
func (w *Witness) look() {
	w.looked = w.opt.Now()
	text, err := readLogs(w.opt.Logs)
	if err == nil && text == w.text {
		w.wrong = ""
		return
	}
	var logs witness.Logs
	if err == nil {
		logs, err = parseLogs(w.opt.Logs, text)
	}
	if err != nil {
		if why := err.Error(); why != w.wrong {
			w.wrong = why
			w.opt.Log.Error("the file of logs cannot be used, and the logs are those of before", "file", w.opt.Logs, "err", err)
		}
		return
	}
	w.text, w.wrong = text, ""
	w.logs.Store(&logs)
	w.opt.Log.Info("the file of logs was read", "file", w.opt.Logs, "logs", len(logs))
}

// readLogs reads a file that is one: a pipe would be waited for.
func readLogs(path string) (string, error) {
	no := func(err error) (string, error) {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return "", refusal.Wrong("--logs", "witness.logs_unreadable", refusal.Args{"file": path, "why": err})
	}
	if info, err := os.Stat(path); err != nil {
		return no(err)
	} else if !info.Mode().IsRegular() {
		return no(errors.New("not a regular file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return no(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLogs+1))
	if err == nil && len(text) > maxLogs {
		err = errors.New("more than 1 MiB")
	}
	if err != nil {
		return no(err)
	}
	return string(text), nil
}

// add decides about the body of a request. What comes back is on disk: signature lines, or a [*witness.Refusal] as the
// error. Any other error is the witness's own trouble, and nothing was cosigned.
func (w *Witness) add(body []byte) (lines []byte, err error) {
	r, err := witness.ParseRequest(body)
	if err != nil {
		return nil, &witness.Refusal{Status: witness.BadRequest, Why: err.Error()}
	}
	p, no := w.known().Prove(r)
	if no != nil {
		return nil, no
	}
	fresh := false
	err = w.db.Update(func(tx *bbolt.Tx) error {
		last, err := readRow(tx, p.Head.Origin)
		if err != nil {
			return err
		}
		var next witness.State
		if next, no = witness.Decide(last.state(), p); no != nil {
			if fresh, err = keep(tx, p, no, w.opt.Now()); err != nil || fresh {
				return err
			}
			return no // nothing was written, and so nothing is synced
		}
		if last.answers(p, time.Now()) {
			lines = []byte(last.Lines)
			return errAnswered
		}
		lines, err = w.cosign(tx, p, next, last.state())
		return err
	})
	if no != nil && (err == nil || errors.Is(err, no)) {
		w.tell(p, no, fresh)
		return nil, no
	}
	if err != nil && !errors.Is(err, errAnswered) {
		return nil, err
	}
	return lines, nil
}

// errAnswered rolls back where there is nothing to write.
var errAnswered = errors.New("answered before")

// cosign signs a tree and keeps it as the last.
func (w *Witness) cosign(tx *bbolt.Tx, p witness.Proved, next witness.State, last *witness.State) ([]byte, error) {
	text := p.Head.String()
	signed, err := note.Sign(&note.Note{Text: text}, w.signer)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c, err := witness.Cosigned(signed[len(text)+1:], p.Note, w.signer.Verifier(), now, time.Minute)
	if err != nil {
		return nil, err
	}
	if next.At = c.At; last != nil && next.At.Before(last.At) {
		w.opt.Log.Warn("the clock is behind the last cosignature", "origin", p.Head.Origin, "last", last.At,
			"now", next.At)
	}
	return c.Lines, writeRow(tx, p.Head.Origin, row{Size: next.Size, Root: next.Root, At: next.At,
		Signed: string(p.Signed), Lines: string(c.Lines)})
}

// tell logs a refusal: what speaks against a log once and loud, the rest for whoever looks.
func (w *Witness) tell(p witness.Proved, no *witness.Refusal, fresh bool) {
	level := slog.LevelDebug
	if fresh {
		level = slog.LevelError
	}
	w.opt.Log.Log(context.Background(), level, "a signed checkpoint was not cosigned", "origin", p.Head.Origin, "status", no.Status,
		"kept_as", className(no.Fault), "why", no.Why)
}
