package backups

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
	"qingkong/cmd/internal/journal"
)

// An erasure says which backups of the folder still hold what it erased. Only the list of vault entries in each backup
// is read, 16 bytes an entry, and only for as long as a request may wait.
const (
	keepingWithin = 10 * time.Second // for all backups
	keepingGrace  = time.Second      // for one that a disk does not give
)

// unfinished ends the name of a backup that is being written.
const unfinished = ".new"

// Keeping says which backups hold one of the entries, or cannot be asked, the newest first. It ends within
// keepingWithin and keepingGrace, whatever the disk does; one look goes on at a time.
func (b *Folder) Keeping(ctx context.Context, refs []string) []calls.KeptIn {
	ctx, cancel := context.WithTimeout(ctx, keepingWithin)
	late := []calls.KeptIn{{File: b.cfg.Dir, Holds: calls.HoldsUnknown, Why: calls.WhyLate}}
	select {
	case b.looks <- struct{}{}:
	case <-ctx.Done():
		cancel()
		return late
	}
	found := make(chan []calls.KeptIn, 1)
	go func() {
		defer func() { <-b.looks; cancel() }()
		found <- b.look(ctx, refs)
	}()
	select {
	case kept := <-found:
		return kept
	case <-ctx.Done():
	}
	select {
	case kept := <-found:
		return kept
	case <-time.After(keepingGrace):
		b.log.Warn("the folder of backups does not answer; which of them hold what was erased is not known", "folder",
			b.cfg.Dir)
		return late
	}
}

// look is Keeping, as long as it takes.
func (b *Folder) look(ctx context.Context, refs []string) (kept []calls.KeptIn) {
	names, begun, err := b.listed()
	if err != nil {
		b.log.Warn("which backups hold what was erased is not known: their folder cannot be read", "folder", b.cfg.Dir,
			"err", err)
		return []calls.KeptIn{{File: b.cfg.Dir, Holds: calls.HoldsUnknown, Why: calls.WhyUnread}}
	}
	for _, name := range begun {
		kept = append(kept, calls.KeptIn{File: name, Holds: calls.HoldsUnknown, Why: calls.WhyUnfinished})
	}
	for newer, name := range names {
		one := calls.KeptIn{File: name, Holds: calls.HoldsIt, Until: b.removedAt(newer)}
		holds, err := journal.BackupHolds(ctx, filepath.Join(b.cfg.Dir, name), b.pass, refs)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			continue
		case err != nil:
			one.Holds, one.Why = calls.HoldsUnknown, whyUnknown(ctx, err)
			b.log.Warn("whether a backup holds what was erased is not known", "file", name, "err", err)
		case !holds:
			continue
		}
		kept = append(kept, one)
	}
	return kept
}

// whyUnknown is the word for what kept a backup from being asked.
func whyUnknown(ctx context.Context, err error) string {
	var e *refusal.Error
	switch {
	case ctx.Err() != nil:
		return calls.WhyLate
	case !errors.As(err, &e):
		return calls.WhyUnread
	case strings.HasPrefix(e.Rule, "backup.passphrase"):
		return calls.WhyPassphrase
	}
	return calls.WhyDamaged
}

// removedAt is when the schedule will have removed the backup that so many newer ones stand before, if each time of it
// gives one; nil where there is no schedule.
func (b *Folder) removedAt(newer int) *time.Time {
	if b.cfg.Schedule == "" {
		return nil
	}
	times, wrong := schedule.Parse(b.cfg.Schedule)
	if wrong != nil { // the configuration was checked
		return nil
	}
	at := b.now().In(alerts.Shanghai())
	for range max(1, b.cfg.Keep-newer) {
		if at = times.Next(at); at.IsZero() { // never again
			return nil
		}
	}
	return &at
}
