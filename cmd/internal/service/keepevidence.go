package service

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// Pauses of looking for files that are kept no longer, and how many rows one look reads at once.
const (
	eraseEvery   = 24 * time.Hour
	eraseRetry   = time.Hour
	evidenceRows = 500
)

// KeepEvidence erases once a day the files that were handed in longer ago than they are kept, until ctx ends; the node that
// leads calls it. Nothing is erased where they are kept for ever.
func (s *Service) KeepEvidence(ctx context.Context) {
	for s.keepFiles > 0 {
		wait := eraseEvery
		n, err := s.EraseOldEvidence(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("files that are kept no longer could not all be erased; that is tried again", "err", err)
			wait = eraseRetry
		}
		if n > 0 {
			s.log.Info("files that are kept no longer were erased", "files", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// EraseOldEvidence erases the files that were handed in longer ago than they are kept, with what is known of their photos,
// and says how many. Their hashes stay, so that proofs hold; the reason stands in the record. A file that something names
// which goes on stays until that ends.
func (s *Service) EraseOldEvidence(ctx context.Context) (n int, err error) {
	if s.keepFiles == 0 {
		return 0, nil
	}
	last := s.J.Now().Add(-s.keepFiles)
	reason := fmt.Sprintf("evidence.keep_days %d", int(s.keepFiles/(24*time.Hour)))
	for after, more := "", true; more; more = after != "" {
		var page []compliance.KeptFile
		err := s.J.View(func(tx *bbolt.Tx) (err error) {
			var all []compliance.KeptFile
			if all, after, err = compliance.KeptFiles(tx, after, evidenceRows); err != nil {
				return err
			}
			all = slices.DeleteFunc(all, func(f compliance.KeptFile) bool {
				return !f.Latest.Before(last) || evidenceErased(tx, f)
			})
			if len(all) == 0 {
				return nil
			}
			held, err := s.heldEvidence(tx)
			if err != nil {
				return err
			}
			for _, f := range all {
				if held[f.Hash] {
					continue
				}
				named, err := inspect.NamedSince(tx, f.Hash, last) // who hands the same in again gives it no later time
				if err != nil {
					return err
				}
				if !named {
					page = append(page, f)
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		for _, f := range page {
			if err := s.eraseEvidence(ctx, "system", f, reason); err != nil {
				return n, err
			}
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.J.ListErased(ctx)
}

// heldEvidence are the files that something names which goes on.
func (s *Service) heldEvidence(tx *bbolt.Tx) (held map[string]bool, err error) {
	held = map[string]bool{}
	reported := func(tx *bbolt.Tx, held map[string]bool) error { return notify.HoldEvidence(tx, journal.ReadPos, held) }
	holds := []func(*bbolt.Tx, map[string]bool) error{compliance.HoldEvidence, inspect.HoldEvidence, reported}
	for _, hold := range append(holds, s.EvidenceHolds...) {
		if err := hold(tx, held); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// evidenceErased says whether a file and what is known of its photos were erased.
func evidenceErased(tx *bbolt.Tx, f compliance.KeptFile) bool {
	for _, ref := range f.Photos {
		if journal.ReadVault(tx, ref) != nil {
			return false
		}
	}
	content := journal.ContentRef(f.Hash)
	return journal.InVault(tx, content) && journal.ReadVault(tx, content) == nil
}

// eraseEvidence erases what is known of a file's photos, and then the file: a run that was cut off finds it and goes on.
func (s *Service) eraseEvidence(ctx context.Context, actor string, f compliance.KeptFile, reason string) error {
	for _, ref := range f.Photos {
		if err := s.J.Erase(ctx, actor, ref, reason); err != nil {
			return err
		}
	}
	return s.J.EraseContent(ctx, actor, f.Hash, reason)
}
