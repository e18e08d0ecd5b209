package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// desk is the service over a real journal, with the embedded list in force.
type desk struct {
	t     *testing.T
	svc   *Service
	clock journaltest.Clock
	first reductionlist.Version
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t}
	d.set("2026-11-20 09:00")
	set := Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute,
		RepeatMax: 30 * time.Minute}
	j := journaltest.Open(t, journal.Options{Registry: Registry(set), NoSync: true, Clock: d.clock.Now})
	var err error
	if d.svc, err = New(t.Context(), j, set, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	in, err := d.svc.ImportWorkbook(t.Context(), By("duty"), "西青.xlsx", held(seeds.Workbook()))
	if err != nil {
		t.Fatal(err)
	}
	d.first = d.activate(in.Version, "")
	return d
}

func (d *desk) set(at string) {
	now, err := time.ParseInLocation("2006-01-02 15:04", at, alerts.Shanghai())
	if err != nil {
		d.t.Fatal(err)
	}
	d.clock.Store(&now)
}

// activate has a version approved and activated.
func (d *desk) activate(v reductionlist.Version, replaces string) reductionlist.Version {
	d.t.Helper()
	v, err := d.activated(v, replaces)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *desk) activated(v reductionlist.Version, replaces string) (reductionlist.Version, error) {
	approved, err := say(d.t.Context(), d.svc, "approver", "", calls.ApproveList, v.ID,
		fmt.Appendf(nil, `{"revision":%d}`, v.Revision))
	if err != nil {
		return v, err
	}
	_, err = say(d.t.Context(), d.svc, "duty", "", calls.ActivateList, v.ID,
		fmt.Appendf(nil, `{"revision":%d,"replaces":%q}`, approved.Revision, replaces))
	if err != nil {
		return v, err
	}
	return d.svc.ListVersion(v.ID)
}

// amend is an amendment by the duty officer; members is what its body holds beside recipient, reason and day.
func (d *desk) amend(key, recipient, members, day string) (AmendResult, error) {
	body := fmt.Sprintf(`{"recipient_id":%q,"reason":"企业申报，李四电话告知","effective_from":%q,%s}`, recipient, day, members)
	return amendList(d.t.Context(), d.svc, "duty", key, []byte(body))
}

func (d *desk) must(a AmendResult, err error) AmendResult {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *desk) recipient(version, id string) (r *reductionlist.Recipient) {
	d.t.Helper()
	if err := d.svc.J.View(func(tx *bbolt.Tx) (err error) {
		r, err = reductionlist.GetRecipient(tx, version, id)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *desk) contact(version, id string) (c reductionlist.Contact) {
	d.t.Helper()
	if err := d.svc.J.View(func(tx *bbolt.Tx) error {
		text := journal.ReadVault(tx, reductionlist.ContactRef(tx, version, id))
		if text == nil {
			return nil
		}
		return json.Unmarshal(text, &c)
	}); err != nil {
		d.t.Fatal(err)
	}
	return c
}

// measured is the first recipient of the list that has a measure with an hour limit, and that measure's id.
func (d *desk) measured() (recipient string, m reductionlist.Measure) {
	d.t.Helper()
	l, err := seeds.List()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range l.Recipients {
		if r.Contact != nil && len(r.Measures) > 0 {
			n := 0
			for _, m := range r.Measures {
				if m.ID == r.Measures[0].ID {
					n++
				}
			}
			if n == 1 {
				return r.ID, r.Measures[0]
			}
		}
	}
	d.t.Fatal("no such recipient")
	return "", m
}

func TestAmendmentOfAMeasure(t *testing.T) {
	d := newDesk(t)
	id, m := d.measured()
	hours := m.CompleteWithinH + 2
	change := fmt.Sprintf(`"measure_id":%q,"change":{"complete_within_h":%v}`, m.ID, hours)
	made := d.must(d.amend("k1", id, change, "2026-12-01"))
	v := made.Version
	if v.State != reductionlist.StateDraft || v.Added != v.Count || v.Count != d.first.Count ||
		v.List.EffectiveFrom != "2026-12-01" || v.BegunBy != "duty" {
		t.Errorf("made %+v", v)
	}
	want := reductionlist.Change{Kind: "changed", Recipient: id, Sheet: "减排措施", Column: "完成时限(小时)",
		Old: fmt.Sprint(m.CompleteWithinH), New: fmt.Sprint(hours)}
	got := slices.DeleteFunc(slices.Clone(made.Diff.Changes),
		func(c reductionlist.Change) bool { return c.Recipient == "" })
	for i := range got {
		got[i].Key = ""
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("changes %+v, want %+v", got, want)
	}
	if d.recipient(d.first.ID, id).Measures[0].CompleteWithinH == hours {
		t.Error("edited in place")
	}
	if a, b := d.contact(d.first.ID, id), d.contact(v.ID, id); a.Phone == "" || a != b {
		t.Errorf("contact %+v became %+v", a, b)
	}
	// A whole other recipient is there too, and the rows add up to the hash, or the activation would be refused.
	if again := d.must(d.amend("k1", id, change, "2026-12-01")); again.Version.ID != v.ID ||
		len(again.Diff.Changes) != len(made.Diff.Changes) {
		t.Errorf("again: %+v", again.Version)
	}
	d.refuses(refusal.Conflict, "list.amend_key")(d.amend("k1", id, change, "2026-12-02"))
	d.refusesSame(v)
	v = d.activate(v, "")
	if again := d.must(d.amend("k1", id, change, "2026-12-01")); again.Version.ID != v.ID ||
		again.Version.State != reductionlist.StateActive {
		t.Errorf("again after its activation: %+v", again.Version)
	}
	d.refuses(refusal.Conflict, "list.amend_same")(d.amend("", id, change, "2026-12-01"))
	d.noReasonInRecord("李四")
}

// refusesSame sees that who made the draft cannot approve it.
func (d *desk) refusesSame(v reductionlist.Version) {
	d.t.Helper()
	_, err := say(d.t.Context(), d.svc, "duty", "", calls.ApproveList, v.ID,
		fmt.Appendf(nil, `{"revision":%d}`, v.Revision))
	if refusal.CodeOf(err) != refusal.SamePerson {
		d.t.Errorf("approved by its author: %v", err)
	}
}

// refuses expects a refusal and that nothing was recorded.
func (d *desk) refuses(code refusal.Code, rule string) func(AmendResult, error) {
	height := d.svc.J.Height()
	return func(_ AmendResult, err error) {
		d.t.Helper()
		e, ok := err.(*refusal.Error)
		found := ok && e.Rule == rule
		if ok && !found {
			found = slices.ContainsFunc(e.Fields, func(f refusal.Field) bool { return f.Rule == rule })
		}
		if !found || e.Code != code || d.svc.J.Height() != height {
			d.t.Errorf("%v (height %d to %d), want %s by %s", err, height, d.svc.J.Height(), code, rule)
		}
	}
}

func (d *desk) noReasonInRecord(text string) {
	d.t.Helper()
	_ = d.svc.J.View(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= d.svc.J.Height(); n++ {
			if strings.Contains(string(journal.ReadBlock(tx, n)), text) {
				d.t.Errorf("block %d holds %q", n, text)
			}
		}
		return nil
	})
}

func TestRecipientsAddedChangedAndRetired(t *testing.T) {
	d := newDesk(t)
	id, _ := d.measured()
	old := d.recipient(d.first.ID, id)
	row := *old
	row.ContactRef, row.ID, row.Name, row.USCC, row.Permit = "", "X0001", "新建示例企业", "", ""
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	added := d.must(d.amend("", "X0001", `"contact":{"name":"示例联系人","phone":"13800000001"},"recipient":`+string(text),
		"2026-11-21"))
	if added.Version.Count != d.first.Count+1 || added.Diff.Added != 1 ||
		d.contact(added.Version.ID, "X0001").Phone != "13800000001" {
		t.Errorf("added: %+v %+v", added.Version, added.Diff)
	}
	first := d.activate(added.Version, "")
	if got := d.recipient(first.ID, "X0001"); got.Name != "新建示例企业" || len(got.Measures) != len(old.Measures) {
		t.Errorf("%+v", got)
	}
	retired := d.must(d.amend("", id, `"recipient":null`, "2026-11-22"))
	if retired.Version.Count != first.Count-1 || retired.Diff.Removed != 1 {
		t.Errorf("retired: %+v", retired.Diff)
	}
	moved := d.must(d.amend("", "X0001", `"recipient":{"address":"示例路9号"}`, "2026-11-22"))
	if got := d.recipient(moved.Version.ID, "X0001"); got.Address != "示例路9号" ||
		d.contact(moved.Version.ID, "X0001").Phone != "13800000001" {
		t.Errorf("moved: %+v", got)
	}
	d.activate(retired.Version, "")
	if _, err := d.activated(moved.Version, retired.Version.ID); refusal.CodeOf(err) != refusal.Conflict ||
		!strings.Contains(err.Error(), retired.Version.ID) {
		t.Errorf("an amendment that would undo another: %v", err)
	}
	both := d.must(d.amend("", "X0001", `"recipient":{"address":"示例路9号"}`, "2026-11-22"))
	d.activate(both.Version, retired.Version.ID)
}

func TestAmendmentBeforeALaterList(t *testing.T) {
	d := newDesk(t)
	id, m := d.measured()
	change := func(h int) string {
		return fmt.Sprintf(`"measure_id":%q,"change":{"complete_within_h":%d}`, m.ID, int(m.CompleteWithinH)+h)
	}
	later := d.activate(d.must(d.amend("", id, change(5), "2026-12-10")).Version, "")
	made := d.must(d.amend("", id, change(7), "2026-12-01"))
	if made.Version.List.EffectiveTo != "2026-12-09" || !slices.Equal(made.Later, []string{later.ID}) {
		t.Errorf("until %s, later %v", made.Version.List.EffectiveTo, made.Later)
	}
	d.activate(made.Version, "")
}

func TestAmendmentsRefused(t *testing.T) {
	d := newDesk(t)
	id, m := d.measured()
	if _, err := say(t.Context(), d.svc, "init", "", calls.AddAccount, "",
		[]byte(`{"user":"wang","role":"viewer"}`)); err != nil {
		t.Fatal(err)
	}
	named := fmt.Sprintf(`"measure_id":%q,`, m.ID)
	for name, c := range map[string]struct {
		recipient, members, day string
		code                    refusal.Code
		rule                    string
	}{
		"nothing":           {id, `"level":"red"`, "2026-12-01", refusal.Invalid, "list.amend_nothing"},
		"two things":        {id, named + `"change":null,"recipient":null`, "2026-12-01", refusal.Invalid, "list.amend_one"},
		"no measure named":  {id, `"change":{"text":"停产"}`, "2026-12-01", refusal.Invalid, "input.required"},
		"a day that passed": {id, named + `"change":null`, "2026-11-19", refusal.Invalid, "list.amend_past"},
		"no day":            {id, named + `"change":null`, "明天", refusal.Invalid, "list.date"},
		"no list then": {id, named + `"change":null,"base":"L20200101-000000"`, "2026-12-01", refusal.NotFound,
			"list.no_version"},
		"a stale base": {id, named + `"change":null,"base_revision":1`, "2026-12-01", refusal.StaleRevision,
			"list.stale_revision"},
		"unknown recipient": {"NOBODY", named + `"change":null`, "2026-12-01", refusal.NotFound, "list.no_recipient"},
		"unknown to retire": {"NOBODY", `"recipient":null`, "2026-12-01", refusal.NotFound, "list.no_recipient"},
		"unknown measure":   {id, `"measure_id":"M99","change":null`, "2026-12-01", refusal.NotFound, "list.no_such_row"},
		"vague": {id, named + `"change":{"text":"适当减排","quantity":null}`, "2026-12-01", refusal.Invalid,
			"list.vague"},
		"unknown member": {id, named + `"change":{"txt":"停产"}`, "2026-12-01", refusal.UnknownField, ""},
		"a phone in a text": {id, named + `"change":{"responsible":"值长13812345678"}`, "2026-12-01", refusal.Invalid,
			"list.phone_in_record"},
		"a contact reference": {id, `"recipient":{"contact_ref":"v1"}`, "2026-12-01", refusal.Invalid, "list.amend_contact"},
		"no phone number":     {id, `"contact":{"phone":"12345"}`, "2026-12-01", refusal.Invalid, "list.phone"},
		"an empty contact":    {id, `"contact":{}`, "2026-12-01", refusal.Invalid, "list.amend_contact_empty"},
		"as it is": {id, named + fmt.Sprintf(`"change":{"responsible":%q}`, m.Responsible), "2026-12-01",
			refusal.Conflict, "list.amend_same"},
		"a new one, bare":    {"X1", `"recipient":{"name":"新企业"}`, "2026-12-01", refusal.Invalid, "list.required"},
		"a role's id":        {"Approver", `"recipient":{"name":"新企业"}`, "2026-12-01", refusal.Invalid, "list.id_reserved"},
		"an account's id":    {"Wang", `"recipient":{"name":"新企业"}`, "2026-12-01", refusal.Invalid, "list.id_account"},
		"an id that is none": {"X 1", `"recipient":{"name":"新企业"}`, "2026-12-01", refusal.Invalid, "list.id_form"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			if c.rule == "" {
				if _, err := d.amend("", c.recipient, c.members, c.day); refusal.CodeOf(err) != c.code {
					t.Errorf("%v", err)
				}
				return
			}
			d.refuses(c.code, c.rule)(d.amend("", c.recipient, c.members, c.day))
		})
	}
}

// A workbook that differs in its contacts alone is the same version, and the contacts count from then on, in every
// version that had the old ones.
func TestContactsOfAWorkbook(t *testing.T) {
	d := newDesk(t)
	id, m := d.measured()
	draft := d.must(d.amend("", id,
		fmt.Sprintf(`"measure_id":%q,"change":{"complete_within_h":%v}`, m.ID, m.CompleteWithinH+1), "2026-12-01")).Version
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	bare, empty := 0, ""
	for _, r := range l.Recipients {
		switch {
		case r.ID == id:
			r.Contact = &reductionlist.Contact{Name: "新联系人", Phone: "13900000002"}
		case r.Contact != nil && empty == "":
			r.Contact, empty = nil, r.ID
			bare++
		}
	}
	in := d.imports(l)
	if in.Version.ID != d.first.ID || in.Contacts.Changed != 1 || in.Contacts.Kept != bare {
		t.Errorf("imported %s: %+v", in.Version.ID, in.Contacts)
	}
	for _, v := range []string{d.first.ID, draft.ID} {
		if c := d.contact(v, id); c.Phone != "13900000002" {
			t.Errorf("%s in %s: %+v", id, v, c)
		}
		if c := d.contact(v, empty); c.Phone == "" {
			t.Errorf("%s lost its contact in %s", empty, v)
		}
	}
	if in = d.imports(l); in.Contacts.Changed != 0 {
		t.Errorf("again: %+v", in.Contacts)
	}
	changed := d.must(d.amend("", id, `"contact":{"name":"新联系人","phone":"13900000003"}`, ""))
	if changed.Contacts != 1 || changed.Version.ID != d.first.ID || d.contact(draft.ID, id).Phone != "13900000003" {
		t.Errorf("amended: %+v", changed)
	}
	d.noReasonInRecord("1390000000")
}

// A list whose workbook holds no contacts, as one gets it who may not see them, keeps those there are.
func TestContactsKeptByANewList(t *testing.T) {
	d := newDesk(t)
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom, l.EffectiveTo = "2027-01-01", ""
	have := 0
	for _, r := range l.Recipients {
		if r.Contact != nil {
			have++
		}
		r.Contact = nil
	}
	in := d.imports(l)
	if in.Contacts.Kept != have || in.Version.ID == d.first.ID {
		t.Errorf("%s: %+v, want %d kept", in.Version.ID, in.Contacts, have)
	}
	id, _ := d.measured()
	if c := d.contact(in.Version.ID, id); c.Phone == "" {
		t.Error("the contact is lost")
	}
	if slices.ContainsFunc(in.Findings, func(f reductionlist.Finding) bool { return f.Rule == "list.no_phone" }) {
		t.Error("a telephone that is kept is said to be missing")
	}
}

// A workbook with errors is not said to lack telephones either that the list in force has, so that mending the errors
// shows what is left.
func TestKeptContactsBesideErrors(t *testing.T) {
	d := newDesk(t)
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom, l.EffectiveTo = "2027-01-01", ""
	stranger := *l.Recipients[2]
	stranger.ID, stranger.Name, stranger.USCC, stranger.Permit = "E0999", "别处的工厂", "", ""
	stranger.Contact = nil
	for _, r := range l.Recipients {
		r.Contact = nil
	}
	l.Recipients[3].Measures[0].Text = "适当减排"
	l.Recipients = append(l.Recipients, &stranger)
	l.Sort()
	in := d.imports(l)
	var bare []string
	for _, f := range in.Findings {
		if f.Rule == "list.no_phone" {
			bare = append(bare, fmt.Sprint(f.Row))
		}
	}
	i := slices.IndexFunc(l.Recipients, func(r *reductionlist.Recipient) bool { return r.ID == "E0999" })
	if in.Version.Errors == 0 || in.Contacts.Kept != 0 || !slices.Equal(bare, []string{fmt.Sprint(i + 2)}) {
		t.Errorf("%d errors, %+v, without a telephone: rows %v, want %d alone", in.Version.Errors, in.Contacts, bare, i+2)
	}
}

func (d *desk) imports(l *reductionlist.List) ImportResult {
	d.t.Helper()
	var b strings.Builder
	if err := workbook.Write(&b, l); err != nil {
		d.t.Fatal(err)
	}
	in, err := d.svc.ImportWorkbook(context.Background(), By("duty"), "新.xlsx", held([]byte(b.String())))
	if err != nil {
		d.t.Fatal(err)
	}
	return in
}
