package service

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"golang.org/x/text/encoding/simplifiedchinese"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/compliance"
	"qingkong/reductionlist"
)

var _ = bind(calls.Erase, (*Service).ErasePersonal)

// ErasePersonal erases personal data for good, on every node, and records who did it and why; the record goes on
// proving itself, for it holds salted hashes alone. A contact is erased wherever it stands: under the references that
// any version ever had for the recipient, and in the workbooks that were handed in. The reason stands in the record, so
// it must name nobody. Erasing again what is erased does nothing.
func (s *Service) ErasePersonal(ctx context.Context, a Ask, in calls.Erasure) (done calls.Erased, err error) {
	actor := a.Who.User
	in.Reason = reductionlist.MaskPhones(strings.TrimSpace(in.Reason))
	given := 0
	for _, one := range []string{in.RecipientID, in.User, in.Evidence, in.Ref} {
		if one != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return done, refusal.Wrong("recipient_id", "personal.one_of", nil)
	case s.J.Halted() != nil: // nothing may be erased that isn't recorded as erased
		return done, refusal.New(refusal.NotReady, "journal.stopped", nil)
	}
	all, err := s.refsOf(in)
	if err != nil {
		return done, err
	}
	var refs []string // those that are still there
	err = s.J.View(func(tx *bbolt.Tx) error {
		for _, ref := range all {
			if journal.ReadVault(tx, ref) != nil {
				refs = append(refs, ref)
			}
		}
		return nil
	})
	if err != nil {
		return done, err
	}
	if in.RecipientID != "" {
		if done.Workbooks, err = s.workbooksWith(ctx, refs); err != nil {
			return done, err
		}
	}
	if in.Evidence != "" {
		if err := s.eraseEvidence(ctx, actor, compliance.KeptFile{Hash: in.Evidence}, in.Reason); err != nil {
			return done, err
		}
		all = append(all, journal.ContentRef(in.Evidence))
	}
	for _, name := range done.Workbooks { // first: they are found by what the entries hold
		if err := s.J.EraseContent(ctx, actor, name, in.Reason); err != nil {
			return done, err
		}
	}
	for _, ref := range refs {
		if err := s.J.Erase(ctx, actor, ref, in.Reason); err != nil {
			return done, err
		}
	}
	if err := s.J.ListErased(ctx); err != nil { // also where an earlier attempt ended before it
		return done, err
	}
	done.Entries, done.Backups = len(all), s.keptIn(ctx, all, done.Workbooks)
	s.log.Info("personal data was erased", "actor", actor, "entries", len(refs), "workbooks", len(done.Workbooks))
	return done, nil
}

// keptIn asks where entries and workbooks are kept that were erased.
func (s *Service) keptIn(ctx context.Context, refs, workbooks []string) []calls.KeptIn {
	if s.Keeping == nil || len(refs) == 0 {
		return []calls.KeptIn{}
	}
	for _, name := range workbooks {
		refs = append(refs, journal.ContentRef(name))
	}
	return append([]calls.KeptIn{}, s.Keeping(ctx, refs)...)
}

// refsOf are the entries that an erasure is about, whether they are still there or not.
func (s *Service) refsOf(in calls.Erasure) (refs []string, err error) {
	switch {
	case in.Ref != "":
		refs = []string{in.Ref}
		err = s.J.View(func(tx *bbolt.Tx) error {
			if !journal.InVault(tx, in.Ref) {
				return refusal.New(refusal.NotFound, "personal.no_entry", refusal.Args{"ref": in.Ref})
			}
			return nil
		})
	case in.Evidence != "":
		err = s.J.View(func(tx *bbolt.Tx) error {
			f, ok, err := compliance.KeptFileOf(tx, in.Evidence)
			if err == nil && !ok {
				err = refusal.New(refusal.NotFound, "evidence.not_found", refusal.Args{"hash": in.Evidence})
			}
			refs = f.Photos
			return err
		})
	case in.User != "":
		if _, err = s.user(in.User); err == nil {
			refs, err = s.recordedRefs(in.User, "access.", access.AccountRefs)
		}
	default:
		if refs, err = s.recordedRefs(in.RecipientID, "list.", contactRefs); err == nil && len(refs) == 0 {
			err = unknownRecipient(in.RecipientID)
		}
	}
	return slices.DeleteFunc(refs, func(ref string) bool { return ref == "" }), err
}

// blocksAtOnce is how many blocks one transaction looks through.
const blocksAtOnce = 500

// recordedRefs are all references that events of a kind ever gave the data of somebody, which of adds to found. The state
// keeps those in use alone, so the record itself is read: what was replaced is still in the vault. A recipient that never
// stood in a list has none; one that never had a contact has the empty one.
func (s *Service) recordedRefs(id, kind string, of func(ev journal.Event, id string, found map[string]bool)) (
	[]string, error) {
	name, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	height := s.J.Height()
	for from := uint64(1); from <= height; from += blocksAtOnce {
		err := s.J.View(func(tx *bbolt.Tx) error {
			for n := from; n <= min(height, from+blocksAtOnce-1); n++ {
				raw := journal.ReadBlock(tx, n)
				if !bytes.Contains(raw, name) {
					continue
				}
				if err := s.refsInBlock(raw, kind, func(ev journal.Event) { of(ev, id, found) }); err != nil {
					return fmt.Errorf("block %d: %w", n, err)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (s *Service) refsInBlock(raw []byte, kind string, take func(journal.Event)) error {
	block, err := journal.ParseBlock(raw)
	if err != nil {
		return err
	}
	for _, e := range block.Entries() {
		if !strings.HasPrefix(e.Kind, kind) {
			continue
		}
		ev, err := s.J.Registry().Decode(e.Kind, e.Data)
		if err != nil {
			return err
		}
		take(ev)
	}
	return nil
}

// contactRefs adds the references that an event of lists gives a recipient's contact.
func contactRefs(ev journal.Event, recipient string, found map[string]bool) {
	switch ev := ev.(type) {
	case reductionlist.RowsAdded:
		for i := range ev.Recipients {
			if r := &ev.Recipients[i]; r.ID == recipient {
				found[r.ContactRef] = true
			}
		}
	case reductionlist.ContactsChanged:
		for _, c := range ev.Contacts {
			if c.Recipient == recipient {
				found[c.Ref], found[c.Was] = true, true
			}
		}
	}
}

// workbooksWith are the stored workbooks in which one of the names or numbers of the contacts stands. A name that
// others have too takes a workbook more with it, which only means that its cells can no longer be shown marked. So does
// damage, behind which either may stand.
func (s *Service) workbooksWith(ctx context.Context, refs []string) (names []string, err error) {
	var needles []*regexp.Regexp
	err = s.J.View(func(tx *bbolt.Tx) error {
		for _, ref := range refs {
			var c reductionlist.Contact
			if err := json.Unmarshal(journal.ReadVault(tx, ref), &c); err != nil {
				return fmt.Errorf("contact %s: %w", ref, err)
			}
			for _, text := range append(append([]string{c.Name, c.BackupName}, strings.Split(c.Phone, "、")...),
				strings.Split(c.BackupPhone, "、")...) {
				if text != "" {
					needles = append(needles, needle(text))
				}
			}
		}
		return nil
	})
	if err != nil || len(needles) == 0 {
		return []string{}, err
	}
	if names, err = s.J.Contents(ctx); err != nil {
		return nil, err
	}
	with := []string{}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data, err := s.J.ReadContent(ctx, name)
		if errors.Is(err, journal.ErrNoContent) {
			continue
		}
		damaged := errors.Is(err, journal.ErrDamagedContent)
		if err != nil && !damaged {
			return nil, err
		}
		if damaged || holdsAny(data, needles) {
			with = append(with, name)
		}
	}
	return with, nil
}

// needle finds a text also where a cell has spaces or hyphens within it, as numbers often do.
func needle(text string) *regexp.Regexp {
	var parts []string
	for _, r := range text {
		parts = append(parts, regexp.QuoteMeta(string(r)))
	}
	return regexp.MustCompile(strings.Join(parts, `[\s\x{a0}\x{3000}-]?`))
}

// mostUnpacked bounds what is looked through of one part of a workbook.
const mostUnpacked = 1 << 30

// holdsAny reports whether one of the needles stands in a workbook, or in a sheet as CSV of either encoding. A workbook
// that can't be looked through is taken to hold them.
func holdsAny(data []byte, needles []*regexp.Regexp) bool {
	in := func(text []byte) bool {
		return slices.ContainsFunc(needles, func(n *regexp.Regexp) bool { return n.Match(text) })
	}
	if !bytes.HasPrefix(data, []byte("PK")) {
		if in(data) {
			return true
		}
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		return err == nil && in(text)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return true
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return true
		}
		text, err := io.ReadAll(io.LimitReader(r, mostUnpacked))
		if errors.Join(err, r.Close()) != nil || len(text) == mostUnpacked || in(text) {
			return true
		}
	}
	return false
}
