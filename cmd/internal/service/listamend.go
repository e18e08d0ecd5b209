package service

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

// AmendResult is the draft that an amendment made, with what it changes.
type AmendResult struct {
	Version  reductionlist.Version
	Findings []reductionlist.Finding
	Diff     reductionlist.Comparison
	// Later are versions that begin after this one and lack the change.
	Later []string
	// Contacts says that the recipient's contact was changed, in every version that had the old one.
	Contacts int
}

var _ = bind(calls.AmendList, func(s *Service, ctx context.Context, a Ask, in calls.ListAmendment) (calls.Amended,
	error) {
	made, err := s.AmendList(ctx, a, in)
	if err != nil {
		return calls.Amended{}, err
	}
	v, err := s.shown(made.Version, nil)
	return calls.Amended{Version: v, Findings: worded(made.Findings, a.Lang),
		Changes: changesIn(a.Lang, made.Diff.Changes),
		Effects: effectsIn(a.Lang, made.Diff.Effects), Later: append([]string{}, made.Later...),
		ContactsChanged: made.Contacts}, err
})

// AmendList makes a draft out of a version and one change. Nothing is edited in place: the draft is checked, approved
// and activated like one that was imported. The reason goes to the vault, for it may name people. The same request
// under the same key gives the draft there is. It goes on when its caller has gone: it is many commands, like an
// import.
func (s *Service) AmendList(ctx context.Context, ask Ask, in calls.ListAmendment) (AmendResult, error) {
	ctx, cancel := manyCommands(ctx)
	defer cancel()
	actor, key := ask.Who.User, ask.Key
	a := &amendment{s: s, actor: actor, key: key, in: in}
	if err := a.check(); err != nil {
		return AmendResult{}, err
	}
	if key != "" {
		content, err := json.Marshal(in)
		if err != nil {
			return AmendResult{}, err
		}
		a.request = hex.EncodeToString(s.keyed("list.amend", key)) +
			hex.EncodeToString(s.keyed("list.amend.body", actor, string(content)))
	}
	if done, err := a.known(); done != nil || err != nil {
		return a.again(ctx, done, err)
	}
	if err := a.load(); err != nil {
		return AmendResult{}, err
	}
	if a.contactOnly() {
		return a.contactAlone(ctx)
	}
	if err := a.change(); err != nil {
		return AmendResult{}, err
	}
	return a.record(ctx)
}

// amendment is one on its way.
type amendment struct {
	s          *Service
	actor, key string
	in         calls.ListAmendment
	request    string

	base   reductionlist.Version
	list   *reductionlist.List // of base, then changed
	before *reductionlist.Recipient
	after  *reductionlist.Recipient
	later  []string
}

func (a *amendment) contactOnly() bool {
	return a.in.MeasureID == "" && a.in.Recipient == nil
}

// check refuses what does not say one thing to do.
func (a *amendment) check() error {
	in := &a.in
	var wrong []refusal.Field
	say := func(path, rule string, args refusal.Args) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: args})
	}
	switch {
	case in.MeasureID != "" && in.Recipient != nil:
		say("recipient", "list.amend_one", nil)
	case in.MeasureID != "" && in.Change == nil:
		say("change", "input.required", nil)
	case in.MeasureID == "" && in.Change != nil:
		say("measure_id", "input.required", nil)
	case a.contactOnly() && in.Contact == nil:
		say("change", "list.amend_nothing", nil)
	}
	if c := in.Contact; c != nil {
		if *c == (reductionlist.Contact{}) {
			say("contact", "list.amend_contact_empty", nil)
		}
		c.Phone, c.BackupPhone = reductionlist.PlainPhones(c.Phone), reductionlist.PlainPhones(c.BackupPhone)
	}
	if today := reductionlist.DayOf(a.s.J.Wall()); !a.contactOnly() && reductionlist.StartOf(in.EffectiveFrom).IsZero() {
		say("effective_from", "list.date", refusal.Args{"value": in.EffectiveFrom})
	} else if !a.contactOnly() && in.EffectiveFrom < today {
		say("effective_from", "list.amend_past", refusal.Args{"value": in.EffectiveFrom, "today": today})
	}
	return refusal.Input(wrong)
}

// known is the version that the same request made before; nil for none. Another request under its key is refused.
func (a *amendment) known() (done *reductionlist.Version, err error) {
	if a.request == "" {
		return nil, nil
	}
	half := len(a.request) / 2
	err = a.s.J.View(func(tx *bbolt.Tx) error {
		return reductionlist.EachVersion(tx, func(v *reductionlist.Version) error {
			switch m := v.Amends; {
			case m == nil || !strings.HasPrefix(m.Request, a.request[:half]):
				return nil
			case m.Request != a.request:
				return refusal.New(refusal.Conflict, "list.amend_key", refusal.Args{"version": v.ID})
			default:
				done = v
				return nil
			}
		})
	})
	return done, err
}

// again answers a repeat; one that was cut off while its rows were recorded is gone on with.
func (a *amendment) again(ctx context.Context, v *reductionlist.Version, err error) (AmendResult, error) {
	if err != nil {
		return AmendResult{}, err
	}
	if v.Added != v.Count {
		a.in.Base, a.in.BaseRevision = v.Amends.Base, 0
		if err := a.load(); err != nil {
			return AmendResult{}, err
		}
		if err := a.change(); err != nil {
			return AmendResult{}, err
		}
		return a.record(ctx)
	}
	in, err := a.s.ImportFindings(v.ID)
	if err != nil {
		return AmendResult{}, err
	}
	diff, _, err := a.s.ListDiff(v.Amends.Base, v.ID, "", 1)
	return AmendResult{Version: in.Version, Findings: in.Findings, Diff: diff}, err
}

// load reads the version that is amended, with its contacts, which its checks look at.
func (a *amendment) load() error {
	return a.s.J.View(func(tx *bbolt.Tx) (err error) {
		if a.in.Base != "" {
			a.base, err = reductionlist.GetVersion(tx, a.in.Base)
		} else {
			day := a.s.J.Wall()
			if start := reductionlist.StartOf(a.in.EffectiveFrom); start.After(day) {
				day = start
			}
			a.base, err = reductionlist.Current(tx, day)
		}
		switch {
		case err != nil:
			return err
		case a.in.BaseRevision != 0 && a.in.BaseRevision != a.base.Revision:
			return refusal.New(refusal.StaleRevision, "list.stale_revision",
				refusal.Args{"given": a.in.BaseRevision, "want": a.base.Revision})
		}
		if a.contactOnly() {
			_, err = reductionlist.GetRecipient(tx, a.base.ID, a.in.RecipientID)
			return err
		}
		a.list, err = ReadList(tx, &a.base, true)
		return err
	})
}

// change carries out the amendment on the list, which then ends where the next version begins.
func (a *amendment) change() error {
	if r, err := a.list.Find(a.in.RecipientID); err == nil {
		was := *r
		a.before = &was
	}
	if a.before == nil {
		if user := a.s.List.Account(a.in.RecipientID); user != "" {
			return refusal.Wrong("recipient_id", "list.id_account", refusal.Args{"value": a.in.RecipientID, "user": user})
		}
	}
	if err := a.carryOut(); err != nil {
		return err
	}
	if r, err := a.list.Find(a.in.RecipientID); err == nil {
		a.after = r
		if a.in.Contact != nil {
			r.Contact = a.in.Contact
		}
	}
	if reductionlist.SameRecipient(a.before, a.after) {
		return refusal.New(refusal.Conflict, "list.amend_same",
			refusal.Args{"recipient": a.in.RecipientID, "version": a.base.ID})
	}
	return a.s.J.View(func(tx *bbolt.Tx) error {
		if next := reductionlist.NextActive(tx, a.in.EffectiveFrom); next != "" {
			if to := a.list.EffectiveTo; to == "" || to >= next {
				a.list.EffectiveTo = reductionlist.DayBefore(next)
			}
		}
		for day := reductionlist.NextActive(tx, a.in.EffectiveFrom); day != ""; day = reductionlist.NextActive(tx, day) {
			a.later = append(a.later, reductionlist.ActiveFrom(tx, day))
		}
		return nil
	})
}

func (a *amendment) carryOut() error {
	if a.in.Recipient != nil {
		return rules.AmendRecipient(a.list, rules.RecipientAmendment{ID: a.in.RecipientID, Change: orNil(a.in.Recipient),
			EffectiveFrom: a.in.EffectiveFrom}, a.s.List)
	}
	return rules.Amend(a.list, rules.Amendment{RecipientID: a.in.RecipientID, MeasureID: a.in.MeasureID, Level: a.in.Level,
		Change: orNil(a.in.Change), EffectiveFrom: a.in.EffectiveFrom}, a.s.List)
}

// orNil is nil for JSON null.
func orNil(change json.RawMessage) []byte {
	if string(bytes.TrimSpace(change)) == "null" {
		return nil
	}
	return change
}

// record checks the amended list as an import is checked and records it as a draft.
func (a *amendment) record(ctx context.Context) (AmendResult, error) {
	out := AmendResult{Later: a.later, Findings: a.findings()}
	var err error
	begin := reductionlist.Head(a.list)
	begin.Source = "amendment"
	_, begin.Warnings = reductionlist.CountFindings(out.Findings)
	if len(out.Findings) > 0 {
		if begin.Findings, err = a.s.keep(ctx, reductionlist.EncodeFindings(out.Findings)); err != nil {
			return out, err
		}
	}
	cmd := journal.Command{Kind: cmdListBegin, Actor: a.actor}
	begin.Amends = &reductionlist.Amends{Base: a.base.ID, Recipient: a.in.RecipientID, Measure: a.in.MeasureID,
		Level: a.in.Level, Request: a.request}
	begin.Amends.ReasonRef, _ = a.s.seal(a.in.Reason, a.key, &cmd.Vault)
	cmd.Payload = begin
	v, err := journal.Do[reductionlist.Version](ctx, a.s.J, cmd)
	if err != nil {
		return out, err
	}
	if v.State != reductionlist.StateDraft || v.Amends == nil || v.Amends.Base != a.base.ID {
		return out, refusal.New(refusal.Conflict, "list.amend_known",
			refusal.Args{"version": v.ID, "state": terms.Words(terms.ListState, v.State)})
	}
	if err := a.rows(ctx, v.ID); err != nil {
		return out, err
	}
	if out.Version, err = a.s.ListVersion(v.ID); err != nil {
		return out, err
	}
	if a.in.Contact != nil && a.before != nil && a.after != nil {
		if out.Contacts, err = a.changeContact(ctx, v.ID); err != nil {
			return out, err
		}
	}
	a.s.lists.learn(v.Hash, a.list)
	out.Diff, _, err = a.s.ListDiff(a.base.ID, v.ID, "", 1)
	return out, err
}

// findings are those of the workbook that the amended version exports, with its rows. An amendment that breaks a rule
// has been refused; a rule that other rows break is no fault of it, and shows as a warning.
func (a *amendment) findings() []reductionlist.Finding {
	found := rules.Judge(workbook.Places(a.list), a.s.List)
	for i := range found {
		found[i].Severity = reductionlist.SeverityWarning
	}
	return found
}

// rows records the rows of the draft: the changed one, and the others as the base has them.
func (a *amendment) rows(ctx context.Context, version string) error {
	id := a.in.RecipientID
	if a.after == nil {
		return a.copyRows(ctx, version, "")
	}
	if err := a.copyRows(ctx, version, id); err != nil {
		return err
	}
	changed := *a.after
	if a.before != nil { // who has a contact keeps it until it is changed
		changed.Contact = nil
		if err := a.s.J.View(func(tx *bbolt.Tx) error {
			changed.ContactRef = reductionlist.ContactRef(tx, a.base.ID, id)
			return nil
		}); err != nil {
			return err
		}
	}
	if err := a.s.addRows(ctx, a.actor, version, []reductionlist.Recipient{changed}); err != nil {
		return err
	}
	return a.copyRows(ctx, version, "")
}

func (a *amendment) copyRows(ctx context.Context, version, before string) error {
	in := reductionlist.CopyRows{Version: version, From: a.base.ID, Before: before, Except: a.in.RecipientID}
	for added := -1; ; {
		v, err := a.s.ListVersion(version)
		if err != nil || v.Added == added {
			return err
		}
		added = v.Added
		if _, err := a.s.J.Submit(ctx, journal.Command{Kind: cmdListCopy, Actor: a.actor, Payload: in}); err != nil {
			return err
		}
	}
}

// contactAlone gives the recipient of the version in force its new contact, once for one key: a repeat that comes after
// a later change does not undo that.
func (a *amendment) contactAlone(ctx context.Context) (AmendResult, error) {
	text, err := json.Marshal(a.in.Contact)
	if err != nil {
		return AmendResult{}, err
	}
	cmd := journal.Command{Kind: cmdListContacts, Actor: a.actor, Key: a.key}
	salt := a.key
	if salt != "" {
		salt += " " + a.in.RecipientID
	}
	ref, _ := a.s.seal(string(text), salt, &cmd.Vault)
	var known, sealed, same bool
	err = a.s.J.View(func(tx *bbolt.Tx) error {
		known, sealed = a.key != "" && journal.KeyKnown(tx, a.key), journal.ReadVault(tx, ref) != nil
		have := reductionlist.ContactRef(tx, a.base.ID, a.in.RecipientID)
		same = have != "" && bytes.Equal(journal.ReadVault(tx, have), text)
		return nil
	})
	done := AmendResult{Version: a.base, Contacts: 1}
	switch {
	case err != nil || known && sealed:
		return done, err
	case known:
		return AmendResult{}, refusal.New(refusal.Conflict, "journal.key_reused", refusal.Args{"key": a.key})
	case same:
		return AmendResult{}, refusal.New(refusal.Conflict, "list.amend_same",
			refusal.Args{"recipient": a.in.RecipientID, "version": a.base.ID})
	}
	cmd.Payload = reductionlist.ChangeContacts{Version: a.base.ID,
		Contacts: []reductionlist.ContactChange{{Recipient: a.in.RecipientID, Ref: ref}}}
	if _, err := a.s.J.Submit(ctx, cmd); err != nil {
		return AmendResult{}, err
	}
	return done, nil
}

// changeContact gives the recipient of a version its new contact, unless it has it.
func (a *amendment) changeContact(ctx context.Context, version string) (int, error) {
	return a.s.changeContacts(ctx, a.actor, version, map[string]reductionlist.Contact{a.in.RecipientID: *a.in.Contact})
}

// changeContacts gives recipients of a version the contacts that differ from those they have, and says how many that
// were. An empty contact changes nothing.
func (s *Service) changeContacts(ctx context.Context, actor, version string,
	contacts map[string]reductionlist.Contact) (int, error) {
	type change struct {
		reductionlist.ContactChange
		entry journal.VaultEntry
	}
	var changes []change
	err := s.J.View(func(tx *bbolt.Tx) error {
		for id, c := range contacts {
			if c == (reductionlist.Contact{}) {
				continue
			}
			text, err := json.Marshal(c)
			if err != nil {
				return fmt.Errorf("contact of %s: %w", id, err)
			}
			if ref := reductionlist.ContactRef(tx, version, id); ref != "" && bytes.Equal(journal.ReadVault(tx, ref), text) {
				continue
			}
			e := journal.Seal(text)
			changes = append(changes, change{reductionlist.ContactChange{Recipient: id, Ref: e.Ref}, e})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.Recipient, b.Recipient) })
	for some := range slices.Chunk(changes, 500) {
		cmd := journal.Command{Kind: cmdListContacts, Actor: actor}
		in := reductionlist.ChangeContacts{Version: version}
		for _, c := range some {
			in.Contacts = append(in.Contacts, c.ContactChange)
			cmd.Vault = append(cmd.Vault, c.entry)
		}
		cmd.Payload = in
		if _, err := s.J.Submit(ctx, cmd); err != nil {
			return 0, err
		}
	}
	return len(changes), nil
}
