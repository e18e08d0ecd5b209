package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

// rowsBytes bounds the recipients of one command: a block holds them and its own few lines.
const rowsBytes = 600 << 10

// ImportResult is what an import made, and what the checks found in the workbook.
type ImportResult struct {
	Version  reductionlist.Version
	Findings []reductionlist.Finding
	Contacts calls.ImportedContacts
}

// ImportWorkbook records a workbook as a draft; file is its name. One with errors becomes a draft that can be neither
// approved nor activated: it has no rows, and what was found is kept for those who mend it. The same workbook again
// gives the version there is; where it has other contacts, these count from now on. A recipient without a contact in it
// keeps the one of the list in force. A file that is no workbook is refused, and so is any while the disk has little
// room left. Under the same key another workbook is refused too. One workbook is in work at a time in the whole
// program, and not in memory before its turn, for which it waits no longer than workbookPatience. It goes on when its
// caller has gone: it is many commands, and one that was cut off may be sent again.
func (s *Service) ImportWorkbook(ctx context.Context, a Ask, file string, open func() ([]byte, error)) (in ImportResult,
	err error) {
	ctx, cancel := manyCommands(ctx)
	defer cancel()
	if s.Large != nil {
		if err := s.Large(); err != nil {
			return ImportResult{}, err
		}
	}
	err = s.Workbooks(ctx, func() error {
		data, err := open()
		if err == nil {
			in, err = s.importWorkbook(ctx, a.Who.User, a.Key, file, data)
		}
		return err
	})
	return in, err
}

// manyCommands bounds what is many commands.
func manyCommands(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
}

// workbookPatience is how long somebody waits for the workbooks before it.
const workbookPatience = 20 * time.Second

// Workbooks does work on a whole workbook, which may take a gigabyte of memory: one after another, and refused
// (rate_limited) where those before take too long.
func (s *Service) Workbooks(ctx context.Context, work func() error) error {
	patience := time.NewTimer(workbookPatience)
	defer patience.Stop()
	select {
	case s.workbooks <- struct{}{}:
	case <-patience.C:
		return refusal.New(refusal.RateLimited, "list.workbooks_busy",
			refusal.Args{"seconds": int(workbookPatience.Seconds())})
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.workbooks }()
	return work()
}

func (s *Service) importWorkbook(ctx context.Context, actor, key, file string, data []byte) (ImportResult, error) {
	read, err := workbook.ReadBytes(data)
	if err != nil {
		return ImportResult{}, err
	}
	l, found := read.List, rules.Judge(read, s.List)
	out, contacts := ImportResult{Findings: found}, map[string]reductionlist.Contact{}
	for _, r := range l.Recipients {
		if r.Contact != nil {
			contacts[r.ID] = *r.Contact
		}
	}
	if err := s.keepContacts(read, &out); err != nil {
		return ImportResult{}, err
	}
	if found = out.Findings; reductionlist.HasErrors(found) {
		out.Contacts.Kept = 0 // there are no rows yet that keep one
	}
	name, err := s.keep(ctx, data)
	if err != nil {
		return ImportResult{}, err
	}
	begin := reductionlist.DamagedHead(l, name)
	if !reductionlist.HasErrors(found) {
		begin = reductionlist.Head(l)
	}
	begin.Source, begin.Workbook = sourceName(file), name
	begin.Errors, begin.Warnings = reductionlist.CountFindings(found)
	if len(found) > 0 {
		if begin.Findings, err = s.keep(ctx, reductionlist.EncodeFindings(found)); err != nil {
			return ImportResult{}, err
		}
	}
	if out.Version, err = s.draft(ctx, actor, key, begin, l); err != nil || begin.Errors > 0 {
		return out, err
	}
	s.lists.learn(out.Version.Hash, l)
	out.Contacts.Changed, err = s.changeContacts(ctx, actor, out.Version.ID, contacts)
	return out, err
}

// keepContacts gives the recipients of a workbook that have no contact in it the one that the list in force has, and
// those with the same one its reference. That a telephone is missing is found only of those whom it leaves without.
func (s *Service) keepContacts(read *reductionlist.Reading, out *ImportResult) error {
	reached := map[reductionlist.Place]bool{}
	err := s.J.View(func(tx *bbolt.Tx) error {
		v, err := s.listed(tx)
		if err != nil {
			return err
		}
		for _, r := range read.List.Recipients {
			ref := reductionlist.ContactRef(tx, v.ID, r.ID)
			have, err := vaultContact(tx, ref)
			if err != nil {
				return fmt.Errorf("contact of %s: %w", r.ID, err)
			}
			switch {
			case journal.ReadVault(tx, ref) == nil:
			case r.Contact == nil:
				r.ContactRef = ref
				out.Contacts.Kept++
				reached[read.Rows[r].Recipient] = have.Phone != ""
			case *r.Contact == have:
				r.ContactRef, r.Contact = ref, nil
			}
		}
		return nil
	})
	out.Findings = slices.DeleteFunc(out.Findings, func(f reductionlist.Finding) bool {
		return f.Rule == "list.no_phone" && reached[reductionlist.Place{Sheet: f.Sheet, Row: f.Row}]
	})
	return err
}

// sourceName is a file's name as the record keeps it.
func sourceName(file string) string {
	const most = 200 // runes
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	name = reductionlist.MaskPhones(strings.Join(strings.Fields(refusal.Plain(name)), " "))
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most])
	}
	if name == DemoSource { // which would have everybody told that the data are examples
		name += ".xlsx"
	}
	return name
}

// ImportFindings returns a version with what was found in its workbook when it was imported.
func (s *Service) ImportFindings(id string) (in ImportResult, err error) {
	if in.Version, err = s.ListVersion(id); err != nil || in.Version.Findings == "" {
		return in, err
	}
	data, err := s.J.ReadContent(context.Background(), in.Version.Findings) // bounded where it asks another node
	if errors.Is(err, journal.ErrNoContent) {
		return in, refusal.New(refusal.NotFound, "list.no_findings", refusal.Args{"version": id})
	}
	if err == nil {
		in.Findings, err = reductionlist.DecodeFindings(data)
	}
	return in, err
}

// keep stores content beside the record and returns its name.
func (s *Service) keep(ctx context.Context, data []byte) (name string, err error) {
	name, _, err = s.J.PutContent(ctx, bytes.NewReader(data), int64(len(data)))
	return name, err
}

// ImportList records a list and makes it count from its effective date on; source says where it came from. It is
// many commands and one that makes them count, so an import that was cut off may be run again. The same list
// again changes nothing. An active version that begins on the same day is replaced. workbook is the file it was read
// from, kept by its hash; nil for none.
func (s *Service) ImportList(ctx context.Context, actor string, l *reductionlist.List, source string,
	workbook []byte) (_ reductionlist.Version, err error) {
	begin := reductionlist.Head(l)
	begin.Source = source
	if workbook != nil {
		if begin.Workbook, err = s.keep(ctx, workbook); err != nil {
			return reductionlist.Version{}, err
		}
	}
	s.lists.learn(begin.Hash, l)
	v, err := s.draft(ctx, actor, "", begin, l)
	if err != nil || v.State != reductionlist.StateDraft {
		return v, err
	}
	in := reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: v.Count}
	err = s.J.View(func(tx *bbolt.Tx) error {
		in.Replaces = reductionlist.ActiveFrom(tx, v.List.EffectiveFrom)
		return nil
	})
	if err != nil {
		return v, err
	}
	return journal.Do[reductionlist.Version](ctx, s.J, journal.Command{Kind: cmdListActivate, Actor: actor, Payload: in})
}

// draft records the version that begin opens with the rows of l, and returns it as it is then: further on than a draft
// when the list was there before.
func (s *Service) draft(ctx context.Context, actor, key string, begin reductionlist.Begin,
	l *reductionlist.List) (reductionlist.Version, error) {
	v, err := journal.Do[reductionlist.Version](ctx, s.J,
		journal.Command{Kind: cmdListBegin, Actor: actor, Key: key, Payload: begin})
	if err != nil {
		return v, err
	}
	if v, err = s.ListVersion(v.ID); err != nil { // under a key the answer is that of the first time
		return v, err
	}
	if v.State != reductionlist.StateDraft || v.Errors > 0 || v.Added == v.Count {
		return v, nil
	}
	for _, chunk := range reductionlist.Chunks(l, rowsBytes) {
		if err := s.addRows(ctx, actor, v.ID, chunk); err != nil {
			return v, err
		}
	}
	return s.ListVersion(v.ID)
}

// addRows stores the contacts of a chunk in the vault and the rest in the record. Rows that an earlier, cut-off
// import left there keep the contacts they have.
func (s *Service) addRows(ctx context.Context, actor, version string, chunk []reductionlist.Recipient) error {
	cmd := journal.Command{Kind: cmdListRows, Actor: actor}
	for i := range chunk {
		r := &chunk[i]
		if r.Contact == nil {
			continue
		}
		kept, err := s.contactRef(version, r.ID)
		if err != nil {
			return err
		}
		if r.ContactRef = kept; kept == "" {
			text, err := json.Marshal(r.Contact)
			if err != nil {
				return fmt.Errorf("contact of %s: %w", r.ID, err)
			}
			e := journal.Seal(text)
			r.ContactRef = e.Ref
			cmd.Vault = append(cmd.Vault, e)
		}
		r.Contact = nil
	}
	cmd.Payload = reductionlist.AddRows{Version: version, Recipients: chunk}
	_, err := s.J.Submit(ctx, cmd)
	return err
}

func (s *Service) contactRef(version, recipient string) (string, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (string, error) {
		r, err := reductionlist.GetRecipient(tx, version, recipient)
		switch {
		case refusal.CodeOf(err) == refusal.NotFound:
			return "", nil
		case err != nil:
			return "", err
		}
		return r.ContactRef, nil
	})
}
