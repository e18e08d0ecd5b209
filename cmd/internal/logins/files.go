package logins

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/DeRuina/timberjack"
)

// The files, below the data folder.
const (
	File       = "logins.log"
	FailedFile = "failed-logins.log"

	fileMB    = 10
	filesKept = 10 // besides the one that is written
)

// line is what is written of a try, or of those that were left out.
type line struct {
	at  time.Time
	try Try

	since time.Time
	out   map[string]int // nil for a try
	worst Worst
}

// write writes what comes until the queue ends.
func (l *Log) write() {
	defer close(l.ended)
	var run [32]byte
	_, _ = rand.Read(run[:]) // never fails
	good, failed := l.open(File), l.open(FailedFile)
	for n := range l.queue {
		switch {
		case n.out != nil:
			failed.record(n.at, "left out", "since", n.since, "lines", n.out, "failed_within_5_min", n.worst.Count, "addresses",
				n.worst.Addresses,
				"most_from", n.worst.Address, "its_count", n.worst.AddressCount)
		case n.try.failed():
			failed.record(n.at, string(n.try.Act), l.attributes(n.try, run[:])...)
		default:
			good.record(n.at, string(n.try.Act), l.attributes(n.try, run[:])...)
		}
	}
	for _, f := range []*file{good, failed} {
		if err := f.Close(); err != nil {
			l.opt.Log.Warn("a log of logins could not be closed", "file", f.Filename, "err", err)
		}
	}
}

// attributes are what a line says of a try. The name of nobody is an HMAC: by the key of the vault it is the same on
// every node; by that of this run, where there is none yet, it can be compared within the run alone.
func (l *Log) attributes(t Try, run []byte) []any {
	as := []any{"way", t.Way, "outcome", t.Outcome, "address", t.Address}
	if l.opt.Known(t.User) {
		as = append(as, "user", t.User)
	} else {
		name, key := "name_hmac", []byte(nil)
		if l.opt.Key != nil {
			key = l.opt.Key()
		}
		if key == nil {
			name, key = "name_hmac_of_run", run
		}
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, t.User) // never fails
		as = append(as, name, hex.EncodeToString(h.Sum(nil)[:16]))
	}
	if t.Device != "" {
		as = append(as, "device", t.Device)
	}
	if t.Known {
		as = append(as, "known_browser", true)
	}
	return as
}

// file is a log that is turned over.
type file struct {
	*timberjack.Logger
	lines *slog.Logger
	log   *slog.Logger // of the program
	said  time.Time    // when it was said that it cannot be written
}

func (l *Log) open(name string) *file {
	f := &file{log: l.opt.Log, Logger: &timberjack.Logger{Filename: filepath.Join(l.opt.Dir, name), MaxSize: fileMB,
		MaxBackups: filesKept, FileMode: 0o600}}
	f.lines = slog.New(slog.NewJSONHandler(f,
		&slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.LevelKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		}}))
	return f
}

// Write says at most once a minute that a line cannot be written.
func (f *file) Write(text []byte) (int, error) {
	n, err := f.Logger.Write(text)
	if now := time.Now(); err != nil && now.Sub(f.said) >= tellEvery {
		f.said = now
		f.log.Error("the log of logins cannot be written", "file", f.Filename, "err", err)
	}
	return n, err
}

func (f *file) record(at time.Time, what string, attributes ...any) {
	r := slog.NewRecord(at, slog.LevelInfo, what, 0)
	r.Add(attributes...)
	_ = f.lines.Handler().Handle(context.Background(), r) // Write has said it
}
