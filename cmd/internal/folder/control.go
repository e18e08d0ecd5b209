package folder

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// Socket is where a running program takes requests that only it can carry out on its folder. Every user who may read
// the folder may ask. One question stands on a connection, a line of JSON; lines of JSON answer it, the last with
// "done" or "error". While the question is worked on a line comes each second. The end of the asker's side gives the
// question up.
const Socket = "control.sock"

// BackupRequest is a backup to be made; its files are those of the machine that the record lies on.
type BackupRequest struct {
	File  string // absolute; must not exist
	Since string // an earlier backup to go on from; empty for all

	Passphrase *journal.Passphrase // encrypts it and opens Since; nil leaves it plain
}

// BackupResult is a backup that stands on the disk.
type BackupResult struct {
	File      string `json:"file"`
	Bytes     int64  `json:"bytes"`
	First     uint64 `json:"first_block"`
	Last      uint64 `json:"last_block"`
	At        string `json:"at"`
	Root      string `json:"root"` // of the ledger after the last block
	Encrypted bool   `json:"encrypted"`
}

// Control is the running program's side of the socket.
type Control struct {
	Dir    string // the data folder
	Backup func(ctx context.Context, req BackupRequest, progress func(journal.BackupProgress)) (BackupResult, error)
	Check  func(ctx context.Context, tmp string, progress func(block, of uint64)) (journal.Report, error)
	Log    *slog.Logger
}

// controlQuestion is a request, as one line of JSON.
type controlQuestion struct {
	Act   string `json:"act"` // backup or check
	File  string `json:"file,omitempty"`
	Since string `json:"since,omitempty"`
	Tmp   string `json:"tmp,omitempty"` // of a check: the folder of its scratch file

	// Passphrase is the passphrase itself: its file is the asker's, and the program may be another user.
	Passphrase string `json:"passphrase,omitempty"`
}

// request is the backup that is asked for.
func (q controlQuestion) request() (req BackupRequest, err error) {
	req = BackupRequest{File: q.File, Since: q.Since}
	if q.Passphrase != "" {
		req.Passphrase, err = journal.NewPassphrase(q.Passphrase)
	}
	return req, err
}

// controlAnswer is one line of the answer.
type controlAnswer struct {
	Progress *journal.BackupProgress `json:"progress,omitempty"`
	Done     *BackupResult           `json:"done,omitempty"`
	Report   *journal.Report         `json:"report,omitempty"` // of a check that came to its end
	Error    *controlError           `json:"error,omitempty"`
}

// controlWork answers a question, and tells how far it is.
type controlWork func(ctx context.Context, tell func(journal.BackupProgress)) (controlAnswer, error)

// work is the work that a question asks for.
func (c *Control) work(q controlQuestion) (controlWork, error) {
	switch q.Act {
	case "backup":
		req, err := q.request()
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, tell func(journal.BackupProgress)) (controlAnswer, error) {
			done, err := c.Backup(ctx, req, tell)
			return controlAnswer{Done: &done}, err
		}, nil
	case "check":
		return func(ctx context.Context, tell func(journal.BackupProgress)) (controlAnswer, error) {
			r, err := c.Check(ctx, q.Tmp, func(block, of uint64) { tell(journal.BackupProgress{Block: block, Of: of}) })
			return controlAnswer{Report: &r}, err
		}, nil
	}
	return nil, refusal.New(refusal.Invalid, "backup.unknown_act", refusal.Args{"act": q.Act})
}

type controlError struct {
	Code string `json:"code"` // of a refusal
	Text string `json:"text"`
}

// Bounds of the socket.
const (
	socketPathMost  = 107 // bytes that a unix socket's address has room for
	controlMost     = 8   // connections at a time
	controlLineMost = 64 << 10
	controlAskIn    = 10 * time.Second // until the question is there
	controlWriteIn  = 5 * time.Second
	controlBeat     = time.Second
	controlSilence  = 30 * time.Second // after which the asker gives up
)

// Listen opens the socket; nil where the folder's path is too long for one, or it cannot be had: the program does its
// work without it.
func (c *Control) Listen() *net.UnixListener {
	path := filepath.Join(c.Dir, Socket)
	if len(path) > socketPathMost {
		c.Log.Warn("no backup or check can be asked for beside the running program: the path of its socket is too long for one; name the data folder by a shorter path",
			"path", path, "bytes", len(path), "most", socketPathMost)
		return nil
	}
	err := os.Remove(path) // of a killed run: the folder is ours
	if err == nil || errors.Is(err, os.ErrNotExist) {
		var ln *net.UnixListener
		if ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}); err == nil {
			if err = os.Chmod(path, 0o600); err == nil {
				return ln
			}
			err = errors.Join(err, ln.Close())
		}
	}
	c.Log.Warn("no backup or check can be asked for beside the running program", "socket", path, "err", err)
	return nil
}

// Serve answers on the socket until ctx ends, which also ends the work in hand.
func (c *Control) Serve(ctx context.Context, ln *net.UnixListener) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() }) // the socket goes with it
	defer stop()
	var asked sync.WaitGroup
	defer asked.Wait()
	slots := make(chan struct{}, controlMost)
	for {
		conn, err := ln.AcceptUnix()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil { // too many open files: that ends, and the program goes on without
			c.Log.Warn("the control socket takes nobody for now", "err", err)
			select {
			case <-time.After(controlBeat):
			case <-ctx.Done():
			}
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		asked.Go(func() {
			defer func() { <-slots }()
			c.answer(ctx, conn)
		})
	}
}

// answer works on the one question of a connection.
func (c *Control) answer(ctx context.Context, conn *net.UnixConn) {
	defer func() { _ = conn.Close() }() // there is nobody left to tell
	say := func(line controlAnswer) error { return writeLine(conn, line) }
	in := bufio.NewReader(io.LimitReader(conn, controlLineMost))
	var q controlQuestion
	err := conn.SetReadDeadline(time.Now().Add(controlAskIn))
	if err == nil {
		var line []byte
		if line, err = in.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &q)
		}
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	var work controlWork
	if err == nil {
		work, err = c.work(q)
	}
	if err != nil {
		_ = say(controlAnswer{Error: wordedError(err)})
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the asker says nothing more: the end of its side ends the work
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	if err := beatWhile(ctx, cancel, work, say); err != nil {
		c.Log.Warn("who asked at the control socket has gone", "act", q.Act, "err", err)
	}
}

// writeLine writes a value as a line of JSON.
func writeLine(conn net.Conn, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		err = conn.SetWriteDeadline(time.Now().Add(controlWriteIn))
	}
	if err == nil {
		_, err = conn.Write(append(text, '\n'))
	}
	return err
}

// beatWhile does the work and says how far it is each second, and at last how it ended; it fails where nobody heard
// that.
func beatWhile(ctx context.Context, cancel func(), work controlWork, say func(controlAnswer) error) error {
	var last atomic.Pointer[journal.BackupProgress]
	last.Store(new(journal.BackupProgress))
	ended := make(chan controlAnswer, 1)
	go func() {
		answer, err := work(ctx, func(p journal.BackupProgress) { last.Store(&p) })
		if err != nil {
			answer = controlAnswer{Error: wordedError(err)}
		}
		ended <- answer
	}()
	tick := time.NewTicker(controlBeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := say(controlAnswer{Progress: last.Load()}); err != nil {
				cancel()
			}
		case answer := <-ended:
			return say(answer)
		}
	}
}

// wordedError is an error in words that need no catalogue: a refusal in both languages.
func wordedError(err error) *controlError {
	var e *refusal.Error
	if errors.As(err, &e) {
		return &controlError{Code: string(e.Code), Text: e.Detail("zh-CN") + " / " + e.Detail("en")}
	}
	return &controlError{Text: err.Error()}
}

// AskForBackup has the program that runs on a folder write a backup.
func AskForBackup(ctx context.Context, dir string, req BackupRequest,
	progress func(journal.BackupProgress)) (BackupResult, error) {
	got, err := askProgram(ctx, dir,
		controlQuestion{Act: "backup", File: req.File, Since: req.Since, Passphrase: req.Passphrase.Reveal()}, progress)
	if err != nil || got.Done == nil {
		return BackupResult{}, errors.Join(err, got.none())
	}
	return *got.Done, nil
}

// AskForCheck has the program that runs on a folder check its record. tmp is the folder of its scratch file, absolute;
// empty for the one it is configured with.
func AskForCheck(ctx context.Context, dir, tmp string, progress func(block, of uint64)) (journal.Report, error) {
	got, err := askProgram(ctx, dir, controlQuestion{Act: "check", Tmp: tmp}, func(p journal.BackupProgress) {
		if p.Of > 0 {
			progress(p.Block, p.Of)
		}
	})
	if err != nil || got.Report == nil {
		return journal.Report{}, errors.Join(err, got.none())
	}
	return *got.Report, nil
}

// none is that an answer is to another question, nil where there is no answer.
func (a controlAnswer) none() error {
	if a.Done == nil && a.Report == nil {
		return nil
	}
	return errors.New("the program answered another question: it is of another version than this one")
}

// askProgram asks the program that runs on a folder, and returns its last line.
func askProgram(ctx context.Context, dir string, q controlQuestion,
	progress func(journal.BackupProgress)) (controlAnswer, error) {
	dial, cancel := context.WithTimeout(ctx, controlWriteIn)
	defer cancel()
	dialled, err := new(net.Dialer).DialContext(dial, "unix", filepath.Join(dir, Socket))
	if err != nil {
		return controlAnswer{}, errors.Join(refusal.New(refusal.NotReady, q.Act+".no_socket",
			refusal.Args{"data": dir, "why": err}), ctx.Err())
	}
	conn := dialled.(*net.UnixConn)
	defer func() { _ = conn.Close() }() // all was read
	if err := writeLine(conn, q); err != nil {
		return controlAnswer{}, err
	}
	// Given up, the program is told and still says how it ended.
	defer context.AfterFunc(ctx, func() { _ = conn.CloseWrite() })()
	in := bufio.NewReader(conn)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(controlSilence)); err != nil {
			return controlAnswer{}, err
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			return controlAnswer{}, errors.Join(ctx.Err(),
				refusal.New(refusal.NotReady, q.Act+".no_answer", refusal.Args{"data": dir, "why": err}))
		}
		var got controlAnswer
		if err := json.Unmarshal(line, &got); err != nil {
			return controlAnswer{}, err
		}
		switch {
		case got.Error != nil:
			return controlAnswer{}, errors.Join(ctx.Err(), errors.New(got.Error.Text))
		case got.Done != nil || got.Report != nil:
			return got, nil
		case got.Progress != nil && progress != nil:
			progress(*got.Progress)
		}
	}
}
