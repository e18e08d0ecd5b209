package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/blobs"
)

// BlobStatus is how the blobs are that the record names and has not erased.
type BlobStatus struct {
	Missing int
	Damaged int
	First   string    // the name of one of them
	Since   time.Time // when the first was found, of those that are wrong now
	// Trouble is why an erased blob could not be removed, or they could not be looked at; nil where nothing is wrong.
	Trouble      error
	TroubleSince time.Time
}

// blobWatch is what looking at the blobs has come to.
type blobWatch struct {
	mu     sync.Mutex
	status BlobStatus
	bad    map[string]bool // names that were wrong when they were looked at or read; they are read through each time
	look   chan struct{}

	gone sync.Map // erased names that were removed everywhere in this run
}

// openBlobs takes the blobs of the folder, and those that the nodes of a shared record have in common.
func (j *Journal) openBlobs() error {
	far := j.opt.objects
	if far == nil && j.opt.Shared {
		far = blobs.Objects(j.opt.JS)
	}
	j.blobs = blobs.New(filepath.Join(j.opt.Dir, BlobsFolder), far, j.opt.NoSync)
	return j.blobs.Clean()
}

// suspectsMost bounds the names of which a read said that they are wrong.
const suspectsMost = 1000

// suspect has the next look read a blob through.
func (w *blobWatch) suspect(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.bad[name] && len(w.bad) < suspectsMost {
		w.bad[name] = true
		poke(w.look)
	}
}

// suspects are the names that a look reads through, as it begins.
func (w *blobWatch) suspects() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.bad)
}

// note keeps what a look found that began with these suspects, and why it did not come to its end. What a read has found
// to be wrong meanwhile stays suspect, and so does what a look did not come to.
func (w *blobWatch) note(found BlobStatus, suspects, bad map[string]bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.status
	if found.Since = was.Since; was.Missing+was.Damaged == 0 {
		found.Since = time.Now()
	}
	if found.Trouble = err; err != nil {
		if found.TroubleSince = was.TroubleSince; was.Trouble == nil {
			found.TroubleSince = time.Now()
		}
	}
	w.status = found
	maps.DeleteFunc(w.bad, func(name string, _ bool) bool { return err == nil && suspects[name] })
	maps.Copy(w.bad, bad)
}

// Pauses of the work on the blobs.
const (
	blobsEvery = 10 * time.Minute // between two looks at whether they are there
	blobsRetry = time.Minute
	blobRest   = 10 * time.Millisecond // after each piece of one that is read through, at least
)

// keepBlobs removes what is erased, at once and again until it is gone, looks whether what is named is there, and reads
// all of it through once a day, for as long as the journal is open.
func (j *Journal) keepBlobs(ctx context.Context) {
	scrubbed := time.Time{}
	for {
		all := time.Since(scrubbed) >= scrubEvery
		err := j.ScrubBlobs(ctx, all)
		wait := blobsEvery
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			j.opt.Log.Warn("the blobs could not all be looked at; that is tried again", "err", err)
			wait = blobsRetry
		case all:
			scrubbed = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-j.blobWatch.look:
		case <-time.After(wait):
		}
	}
}

// ScrubBlobs removes the files of what is erased and looks whether each blob that the record names is there; with all
// it reads each of them through, at a rate that leaves the disk to the work, and removes what nobody named within a
// day. What is missing or damaged is taken from the other nodes where they have it.
func (j *Journal) ScrubBlobs(ctx context.Context, all bool) error {
	removed := j.removeErased(ctx)
	suspects := j.blobWatch.suspects()
	found, bad, looked := j.lookAtBlobs(ctx, all, suspects)
	err := errors.Join(removed, looked)
	if err == nil && all {
		err = j.collectBlobs(ctx, time.Now().Add(-unnamedAge))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if n := found.Missing + found.Damaged; n > 0 {
		j.opt.Log.Error("blobs that the record names are missing or damaged", "missing", found.Missing, "damaged",
			found.Damaged, "first", found.First)
	}
	j.blobWatch.note(found, suspects, bad, err)
	return err
}

// removeErased removes the files of what is erased.
func (j *Journal) removeErased(ctx context.Context) error {
	gone := func(_ *bbolt.Tx, k, row []byte) bool {
		_, is := contentOf(k)
		return is && isTombstone(row)
	}
	return eachKey(ctx, j.View, vaultBucket, []byte(contentRef), gone, func(ref string) error {
		name, _ := contentOf([]byte(ref))
		if _, removed := j.blobWatch.gone.Load(name); removed && !j.blobs.Has(name) {
			return nil
		}
		err := j.blobs.Remove(ctx, name)
		if err == nil {
			j.blobWatch.gone.Store(name, true)
		}
		return err
	})
}

// lookAtBlobs looks at each blob that the record names and has not erased, and reads the suspects through, or all. Where
// the object store gives no answer no more is asked of it.
func (j *Journal) lookAtBlobs(ctx context.Context, all bool, suspects map[string]bool) (found BlobStatus, bad map[string]bool, err error) {
	bad = map[string]bool{}
	rest := func(worked time.Duration) error { return sleep(ctx, max(worked, blobRest)) }
	var trouble error
	err = eachKey(ctx, j.View, blobsBucket, nil, isBlob, func(name string) error {
		wrong := error(nil)
		if all || suspects[name] {
			wrong = j.blobs.Verify(ctx, name, rest)
		} else if !j.blobs.Has(name) {
			wrong = blobs.ErrMissing
		}
		if (wrong != nil || all) && trouble == nil {
			if mended := j.blobs.Mend(ctx, name, wrong); mended == nil || blobs.Bad(mended) {
				wrong = mended
			} else {
				trouble = mended
			}
		}
		if !blobs.Bad(wrong) {
			return nil
		}
		if erased, err := rowIn(j.View, vaultBucket, ContentRef(name)); err != nil || erased != nil { // meanwhile
			return err
		}
		if errors.Is(wrong, blobs.ErrDamaged) {
			found.Damaged++
		} else {
			found.Missing++
		}
		if found.First == "" {
			found.First = name
		}
		if len(bad) < suspectsMost {
			bad[name] = true
		}
		return nil
	})
	return found, bad, errors.Join(err, trouble)
}

// isBlob says whether a name is of content that is to be a file: neither erased nor kept in the vault by an earlier
// program.
func isBlob(tx *bbolt.Tx, name, _ []byte) bool {
	return tx.Bucket(vaultBucket).Get([]byte(ContentRef(string(name)))) == nil
}

// collectBlobs removes the blobs that were stored before a time and that no event names: what a refused command left.
// It does nothing while a backup is made, whose record may be about to name one, and where the record may not be at its
// end.
func (j *Journal) collectBlobs(ctx context.Context, before time.Time) error {
	if !j.backingUp.TryLock() {
		return nil
	}
	defer j.backingUp.Unlock()
	if j.Halted() != nil || j.Paused() != nil {
		return nil
	}
	if j.opt.Shared {
		info, err := j.log.info(ctx)
		if err != nil || info.last > j.Height() {
			return err
		}
	}
	names, err := j.blobs.All(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		named, err := rowIn(j.View, blobsBucket, name)
		if err != nil {
			return err
		}
		if named != nil {
			continue
		}
		removed, err := j.blobs.Collect(ctx, name, before)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		if removed {
			j.opt.Log.Info("a blob that no event names is removed", "blob", name)
		}
	}
	return nil
}

// Blobs says how the blobs are, by the last look.
func (j *Journal) Blobs() BlobStatus {
	j.blobWatch.mu.Lock()
	defer j.blobWatch.mu.Unlock()
	return j.blobWatch.status
}
