package service

import (
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// Commands of the list.
const (
	cmdListBegin    = "list.begin"
	cmdListRows     = "list.rows"
	cmdListActivate = "list.activate"
)

// rowsBytes bounds the recipients of one command: a block holds them and its own few lines.
const rowsBytes = 600 << 10

func registerList(r *journal.Registry) {
	journal.Handle(r, cmdListBegin, reductionlist.DecideBegin)
	journal.HandleBulk(r, cmdListRows, reductionlist.DecideRows)
	journal.Handle(r, cmdListActivate, reductionlist.DecideActivate)
}

// ImportList records a list and makes it count from its effective date on; source says where it came from. It is
// many commands and one that makes them count, so an import that was cut off may be run again. The same list
// again changes nothing. workbook is the file it was read from, kept by its hash; nil for none.
func (s *Service) ImportList(ctx context.Context, actor string, l *reductionlist.List, source string, workbook []byte) (_ reductionlist.Version, err error) {
	begin := reductionlist.Head(l)
	begin.Source = source
	if workbook != nil {
		if begin.Workbook, err = s.J.PutContent(workbook); err != nil {
			return reductionlist.Version{}, err
		}
	}
	v, err := journal.Do[reductionlist.Version](ctx, s.J, journal.Command{Kind: cmdListBegin, Actor: actor, Payload: begin})
	if err != nil || v.State != reductionlist.StateDraft {
		return v, err
	}
	for _, chunk := range reductionlist.Chunks(l, rowsBytes) {
		if err := s.addRows(ctx, actor, v.ID, chunk); err != nil {
			return v, err
		}
	}
	return journal.Do[reductionlist.Version](ctx, s.J, journal.Command{Kind: cmdListActivate, Actor: actor,
		Payload: reductionlist.Activate{Version: v.ID, Hash: begin.Hash, Count: begin.Count}})
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

func (s *Service) contactRef(version, recipient string) (ref string, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		r, err := reductionlist.GetRecipient(tx, version, recipient)
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		if err == nil {
			ref = r.ContactRef
		}
		return err
	})
	return ref, err
}

// refreshContact puts the duty contact into the vault unless the one there says the same.
func (s *Service) refreshContact(ref *string, cmd *journal.Command, c dutyContact) error {
	if c == (dutyContact{}) {
		*ref = ""
		return nil
	}
	return s.J.View(func(tx *bbolt.Tx) error {
		name, phone := s.contact(tx)(*ref)
		if (dutyContact{name, phone}) == c {
			return nil
		}
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		e := journal.Seal(text)
		*ref = e.Ref
		cmd.Vault = append(cmd.Vault, e)
		return nil
	})
}
