package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// ControlSocket is where a running program can be asked for what only it can do with its folder: who may read the folder may
// ask. One question stands on a connection, a line of JSON; lines of JSON answer it, the last with "done" or "error". While
// the question is worked on a line comes each second. The end of the asker's side gives the question up.
const ControlSocket = "control.sock"

// controlQuestion is what is asked.
type controlQuestion struct {
	Act   string `json:"act"` // backup
	File  string `json:"file,omitempty"`
	Since string `json:"since,omitempty"`

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
	Error    *controlError           `json:"error,omitempty"`
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

// listenControl opens the socket; nil where the folder's path is too long for one, or it cannot be had: the program does its
// work without it.
func (a *App) listenControl() *net.UnixListener {
	path := filepath.Join(a.opt.Config.Data, ControlSocket)
	if len(path) > socketPathMost {
		a.log.Warn("no backup can be asked for beside the running program: the path of its socket is too long for one; name the data folder by a shorter path",
			"path", path, "bytes", len(path), "most", socketPathMost)
		return nil
	}
	err := removeIfThere(path) // of a killed run: the folder is ours
	if err == nil {
		var ln *net.UnixListener
		if ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}); err == nil {
			if err = os.Chmod(path, 0o600); err == nil {
				return ln
			}
			err = errors.Join(err, ln.Close())
		}
	}
	a.log.Warn("no backup can be asked for beside the running program", "socket", path, "err", err)
	return nil
}

// serveControl answers on the socket until ctx ends, which ends what is asked for then.
func (a *App) serveControl(ctx context.Context, ln *net.UnixListener) error {
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
			a.log.Warn("the control socket takes nobody for now", "err", err)
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
			a.answerControl(ctx, conn)
		})
	}
}

// answerControl works on the one question of a connection.
func (a *App) answerControl(ctx context.Context, conn *net.UnixConn) {
	defer func() { _ = conn.Close() }() // there is nobody left to tell
	say := func(line controlAnswer) error {
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		if err := conn.SetWriteDeadline(time.Now().Add(controlWriteIn)); err != nil {
			return err
		}
		_, err = conn.Write(append(text, '\n'))
		return err
	}
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
	if err == nil && q.Act != "backup" {
		err = refusal.New(refusal.Invalid, "backup.unknown_act", refusal.Args{"act": q.Act})
	}
	var req BackupRequest
	if err == nil {
		req, err = q.request()
	}
	if err != nil {
		_ = say(controlAnswer{Error: wordedError(err)})
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the asker has said all it will: what ends the reading ends the work
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	var last atomic.Pointer[journal.BackupProgress]
	last.Store(new(journal.BackupProgress))
	type outcome struct {
		done BackupResult
		err  error
	}
	ended := make(chan outcome, 1)
	go func() {
		done, err := a.Backup(ctx, req, func(p journal.BackupProgress) { last.Store(&p) })
		ended <- outcome{done, err}
	}()
	tick := time.NewTicker(controlBeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := say(controlAnswer{Progress: last.Load()}); err != nil {
				cancel()
			}
		case o := <-ended:
			line := controlAnswer{Done: &o.done}
			if o.err != nil {
				line = controlAnswer{Error: wordedError(o.err)}
			}
			if err := say(line); err != nil {
				a.log.Warn("who asked for a backup has gone", "file", q.File, "err", err)
			}
			return
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

// askForBackup has the program that runs on a folder write a backup.
func askForBackup(ctx context.Context, dir string, req BackupRequest, progress func(journal.BackupProgress)) (BackupResult, error) {
	dial, cancel := context.WithTimeout(ctx, controlWriteIn)
	defer cancel()
	c, err := new(net.Dialer).DialContext(dial, "unix", filepath.Join(dir, ControlSocket))
	if err != nil {
		return BackupResult{}, errors.Join(refusal.New(refusal.NotReady, "backup.no_socket", refusal.Args{"data": dir, "why": err}), ctx.Err())
	}
	conn := c.(*net.UnixConn)
	defer func() { _ = conn.Close() }() // all was read
	question, err := json.Marshal(controlQuestion{Act: "backup", File: req.File, Since: req.Since, Passphrase: req.Passphrase.Reveal()})
	if err != nil {
		return BackupResult{}, err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(controlWriteIn)); err != nil {
		return BackupResult{}, err
	}
	if _, err := conn.Write(append(question, '\n')); err != nil {
		return BackupResult{}, err
	}
	// Given up, the program is told and still says how it ended.
	defer context.AfterFunc(ctx, func() { _ = conn.CloseWrite() })()
	in := bufio.NewReader(conn)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(controlSilence)); err != nil {
			return BackupResult{}, err
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			return BackupResult{}, errors.Join(ctx.Err(), refusal.New(refusal.NotReady, "backup.no_answer", refusal.Args{"data": dir, "why": err}))
		}
		var got controlAnswer
		if err := json.Unmarshal(line, &got); err != nil {
			return BackupResult{}, err
		}
		switch {
		case got.Done != nil:
			return *got.Done, nil
		case got.Error != nil:
			return BackupResult{}, errors.Join(ctx.Err(), errors.New(got.Error.Text))
		case got.Progress != nil && progress != nil:
			progress(*got.Progress)
		}
	}
}
