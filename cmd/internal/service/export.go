package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// ExportList returns a whole version, for the workbook that can be imported again. With contacts it holds personal data
// out of the vault; whoever asks for them is logged. One that was imported with errors has nothing to export.
func (s *Service) ExportList(actor, id string, contacts bool) (v reductionlist.Version, l *reductionlist.List,
	err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		if v, err = reductionlist.GetVersion(tx, id); err == nil {
			l, err = ReadList(tx, &v, contacts)
		}
		return err
	})
	if err == nil && contacts {
		s.log.Info("a list was exported with its contacts", "version", id, "actor", actor, "recipients", len(l.Recipients))
	}
	return v, l, err
}

// ReadList reads a whole version out of the state. A contact that was erased is none.
func ReadList(tx *bbolt.Tx, v *reductionlist.Version, contacts bool) (*reductionlist.List, error) {
	switch {
	case v.Errors > 0:
		return nil, terms.Transition(terms.ListState, "list.export_damaged", v.State, refusal.Args{"version": v.ID})
	case v.Added != v.Count:
		return nil, refusal.New(refusal.Conflict, "list.export_partial",
			refusal.Args{"version": v.ID, "have": v.Added, "want": v.Count})
	}
	l, err := reductionlist.Load(tx, v.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range l.Recipients {
		ref := r.ContactRef
		if r.ContactRef = ""; !contacts || ref == "" {
			continue
		}
		text := journal.ReadVault(tx, ref)
		if text == nil {
			continue
		}
		r.Contact = &reductionlist.Contact{}
		if err := json.Unmarshal(text, r.Contact); err != nil {
			return nil, fmt.Errorf("contact of %s: %w", r.ID, err)
		}
	}
	return l, nil
}

// ImportedWorkbook is the file that a version was imported from, as it was handed in; nil when it is not kept or was
// erased.
func (s *Service) ImportedWorkbook(v *reductionlist.Version) (workbook []byte, err error) {
	if v.Workbook == "" {
		return nil, nil
	}
	workbook, err = s.J.ReadContent(context.Background(), v.Workbook) // bounded where it asks another node
	if errors.Is(err, journal.ErrNoContent) {
		return nil, nil
	}
	return workbook, err
}
