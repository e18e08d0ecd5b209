package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/xuri/excelize/v2"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/natstest"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

func someone(role calls.Role) *access.Principal {
	p := &access.Principal{User: string(role), Role: role}
	switch role {
	case calls.Enterprise:
		p.User, p.Recipient = "E0001", "E0001"
	case calls.Town:
		p.Town = "大寺镇"
	}
	return p
}

// threeFirms is a list of three enterprises in two towns, each with a contact but the last.
func threeFirms() *reductionlist.List {
	l := &reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例"}
	for i, town := range []string{"大寺镇", "杨柳青镇", "大寺镇"} {
		r := &reductionlist.Recipient{ID: fmt.Sprintf("E%04d", i+1), Type: reductionlist.Enterprise, Name: "企业" + town,
			Town: town,
			Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Stop,
				Text: "停产", CompleteWithinH: 4}}}
		if i < 2 {
			r.Contact = &reductionlist.Contact{Name: "张三", Phone: fmt.Sprintf("1380000000%d", i)}
		}
		l.Recipients = append(l.Recipients, r)
	}
	return l
}

func current(t testing.TB, s *service.Service) (v reductionlist.Version) {
	t.Helper()
	if err := s.J.View(func(tx *bbolt.Tx) (err error) {
		v, err = reductionlist.Current(tx, s.J.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return v
}

// reads are what was recorded, the first first, without the times.
func reads(t testing.TB, s *service.Service, recipient, user string) (said []string) {
	t.Helper()
	page, err := s.Seen(t.Context(), service.Ask{},
		calls.SeenQuery{Recipient: recipient, User: user, Paging: calls.Paging{Cursor: "", Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range slices.Backward(page.Items) {
		for _, r := range item.Reads {
			said = append(said, strings.TrimRight(fmt.Sprintf("%s %s %s ×%d %s%s", item.User, r.Kind, r.Call, r.Count,
				strings.Join(r.Recipients, ","), r.List), " "))
		}
	}
	return said
}

// Each reading of others' contacts is recorded with who, what, whose and how; what shows none, or one's own, is not.
func TestWhoReadPersonalData(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	w.Import(threeFirms())
	v := current(t, w.Svc)
	paper := func(role calls.Role, recipient string) func() error {
		return func() error {
			_, err := w.Svc.PaperFacts(service.Ask{Who: someone(role), Call: "plan", Lang: "zh-CN"}, &v, recipient)
			return err
		}
	}
	towns := func(role calls.Role, town string) func() error {
		return func() error {
			return w.Svc.TownList(io.Discard, service.Ask{Who: someone(role), Call: "towns", Lang: "zh-CN"}, &v, town,
				papers.HTML)
		}
	}
	for name, c := range map[string]struct {
		act  func() error
		want []string
	}{
		"a duty officer":        {paper(calls.Duty, "E0001"), []string{"duty contact plan ×1 E0001"}},
		"an inspector, without": {paper(calls.Inspector, "E0002"), nil},
		"the enterprise itself": {paper(calls.Enterprise, "E0001"), nil},
		"a town":                {paper(calls.Town, "E0001"), []string{"town contact plan ×1 E0001"}},
		"who has no contact":    {paper(calls.Duty, "E0003"), nil},
		"all papers": {func() error {
			return w.Svc.PaperBatch(io.Discard, service.Ask{Who: someone(calls.Admin), Call: "batch", Lang: "zh-CN"}, &v,
				papers.Kinds(), papers.HTML)
		}, []string{"admin contact batch ×3 " + v.ID}},
		"the list by town": {towns(calls.Duty, ""), []string{"duty contact towns ×3 " + v.ID}},
		"one town":         {towns(calls.Admin, "大寺镇"), []string{"admin contact towns ×2 " + v.ID}},
		"its own town":     {towns(calls.Town, ""), []string{"town contact towns ×2 " + v.ID}},
		"an approver":      {towns(calls.Approver, ""), []string{"approver contact towns ×3 " + v.ID}},
		"the public list": {func() error {
			return w.Svc.PublicList(io.Discard, service.Ask{Lang: "zh-CN"}, &v, papers.XLSX)
		}, nil},
		"a public page": {func() error {
			return w.Svc.Public(io.Discard, service.Ask{Lang: "zh-CN"}, "E0001", "")
		}, nil},
		"the officer of an order": {func() error {
			w.Svc.Saw(service.Ask{Who: someone(calls.Viewer), Call: "order"},
				service.Reading{Kind: access.SeenDutyContact, Count: 1})
			return nil
		}, []string{"viewer duty_contact order ×1"}},
		"whom it may ask": {func() error {
			w.Svc.Saw(service.Ask{Who: someone(calls.Enterprise), Call: "order"},
				service.Reading{Kind: access.SeenDutyContact, Count: 1})
			return nil
		}, nil},
		"another's note": {func() error {
			w.Svc.Saw(service.Ask{Who: someone(calls.Duty), Call: "order"},
				service.Reading{Kind: access.SeenNote, Recipients: []string{"E0002", "E0002"}})
			return nil
		}, []string{"duty note order ×2 E0002"}},
	} {
		before, was := w.Svc.J.Height(), reads(t, w.Svc, "", "")
		if err := c.act(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.Svc.J.Height() != before {
			t.Errorf("%s: reading wrote a block", name)
		}
		if got := reads(t, w.Svc, "", "")[len(was):]; !slices.Equal(got, c.want) {
			t.Errorf("%s: recorded %q, want %q", name, got, c.want)
		}
	}
	// Of one recipient: what named it, and the whole lists.
	if got := reads(t, w.Svc, "E0002", "duty"); len(got) != 2 && len(got) != 3 ||
		slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "E0001") }) {
		t.Errorf("of E0002 by duty: %q", got)
	}
	if got := reads(t, w.Svc, "E0003", "inspector"); got != nil {
		t.Errorf("of E0003 by the inspector: %q", got)
	}
	if report, err := w.Svc.J.Check(t.Context()); err != nil || !report.OK {
		t.Errorf("%+v, %v", report, err)
	}
}

// Many reads make one event for each user, which says when they began and ended.
func TestReadsAreRecordedTogether(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	saw := func(who calls.Role, ids ...string) {
		w.Svc.Saw(service.Ask{Who: someone(who), Call: "page"}, service.Reading{Kind: access.SeenContact, Recipients: ids})
	}
	begin, before := w.Svc.J.Now(), w.Svc.J.Height()
	for range 50 {
		saw(calls.Duty, "E0001", "E0002")
		saw(calls.Admin, "E0003")
	}
	w.Clock.Add(40 * time.Second)
	saw(calls.Duty, "E0001")
	if err := w.Svc.RecordSeen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Svc.J.Height() - before; n > 2 {
		t.Errorf("%d blocks", n)
	}
	page, err := w.Svc.Seen(t.Context(), service.Ask{},
		calls.SeenQuery{Recipient: "", User: "duty", Paging: calls.Paging{Cursor: "", Limit: 10}})
	if err != nil {
		t.Fatal(err)
	}
	want := access.PersonalSeen{User: "duty", From: begin, To: begin.Add(40 * time.Second),
		Reads: []calls.PersonalRead{{Kind: access.SeenContact, Call: "page", Count: 101,
			Recipients: []string{"E0001", "E0002"}}}}
	if len(page.Items) != 1 || !page.Items[0].From.Equal(want.From) || !page.Items[0].To.Equal(want.To) ||
		!reflect.DeepEqual(page.Items[0].Reads, want.Reads) {
		t.Errorf("%+v, want %+v", page.Items, want)
	}
	before = w.Svc.J.Height()
	if err := w.Svc.RecordSeen(t.Context()); err != nil || w.Svc.J.Height() != before {
		t.Errorf("nothing was recorded in blocks %d to %d, %v", before+1, w.Svc.J.Height(), err)
	}
}

// A page that draws itself anew is one read an hour, for each who looks and each whom it shows.
func TestWhatIsStillShownIsRecordedOnceAnHour(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	look := func(who calls.Role, ids ...string) {
		w.Svc.Saw(service.Ask{Who: someone(who), Call: "live"},
			service.Reading{Kind: access.SeenContact, Recipients: ids, Still: true})
	}
	for range 100 {
		look(calls.Duty, "E0001")
	}
	look(calls.Duty, "E0001", "E0002")
	look(calls.Approver, "E0001")
	w.Clock.Add(59 * time.Minute)
	look(calls.Duty, "E0001")
	if got, want := reads(t, w.Svc, "", ""), []string{"approver contact live ×1 E0001",
		"duty contact live ×2 E0001,E0002"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("%q", got)
	}
	w.Clock.Add(time.Minute)
	look(calls.Duty, "E0001")
	if got := reads(t, w.Svc, "", "duty"); len(got) != 2 {
		t.Errorf("after an hour: %q", got)
	}
}

// What is much is told in several events, and beyond what can be kept it is only counted: nothing grows without bound.
func TestReadsAreBounded(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	const many = 21_000
	for i := range many {
		w.Svc.Saw(service.Ask{Who: someone(calls.Duty), Call: "page"},
			service.Reading{Kind: access.SeenContact, Recipients: []string{fmt.Sprintf("E%06d", i)}})
	}
	page, err := w.Svc.Seen(t.Context(), service.Ask{},
		calls.SeenQuery{Recipient: "", User: "", Paging: calls.Paging{Cursor: "", Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	named, unnamed, counted := 0, 0, 0
	for _, item := range page.Items {
		for _, r := range item.Reads {
			named, unnamed, counted = named+len(r.Recipients), unnamed+r.Unnamed, counted+r.Count
		}
	}
	if named != 20_000 || unnamed != 1000 || counted != many || len(page.Items) < 4 {
		t.Errorf("%d named, %d not, %d counted, in %d events", named, unnamed, counted, len(page.Items))
	}
	if got, err := w.Svc.Seen(t.Context(), service.Ask{},
		calls.SeenQuery{Recipient: "E020500", User: "", Paging: calls.Paging{Cursor: "", Limit: 100}}); err != nil ||
		len(got.Items) != 1 || got.Items[0].Reads[0].Unnamed != 1000 {
		t.Errorf("of one that has no name there: %+v, %v", got.Items, err)
	}
}

// erasable is a journal of its own, which can be closed and rebuilt, with the embedded list imported as a file.
type erasable struct {
	opt journal.Options
	svc *service.Service
}

func (e *erasable) open(t *testing.T) {
	t.Helper()
	j, err := journal.Open(t.Context(), e.opt)
	if err != nil {
		t.Fatal(err)
	}
	if e.svc, err = service.New(t.Context(), j, servicetest.Settings(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func newErasable(t *testing.T) *erasable {
	t.Helper()
	dir := t.TempDir()
	e := &erasable{opt: journal.Options{Dir: dir, Registry: service.Registry(servicetest.Settings()),
		JS: natstest.Start(t, filepath.Join(dir, "nats")).JS, NoSync: true}}
	e.open(t)
	t.Cleanup(func() { _ = e.svc.J.Close(context.Background()) })
	return e
}

// withPhone is the embedded list with another contact for its first recipient.
func withPhone(t *testing.T, name, phone string) []byte {
	t.Helper()
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.Recipients[0].Contact = &reductionlist.Contact{Name: name, Phone: phone}
	var b bytes.Buffer
	if err := workbook.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inVault looks for a text in every entry that is there, and in all content, unpacked where it is a workbook.
func inVault(t *testing.T, s *service.Service, text string) (found bool) {
	t.Helper()
	err := s.J.View(func(tx *bbolt.Tx) error {
		err := tx.Bucket([]byte("vault.entries")).ForEach(func(_, v []byte) error {
			found = found || bytes.Contains(v, []byte(text))
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names, err := s.J.Contents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := s.J.ReadContent(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := excelize.OpenReader(bytes.NewReader(data)); err == nil {
			for _, sheet := range f.GetSheetList() {
				cells, _ := f.GetRows(sheet)
				found = found || strings.Contains(fmt.Sprint(cells), text)
			}
		}
	}
	return found
}

// A contact is erased wherever it ever stood: under every reference of every version, replaced ones too, and in the
// workbooks. What is made afterwards says that it was erased, and the record is proved and rebuilt as before.
func TestEraseContact(t *testing.T) {
	e := newErasable(t)
	s := e.svc
	first, err := s.ImportWorkbook(t.Context(), service.By("duty"), "甲.xlsx", held(withPhone(t, "赵一", "13811112222")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImportWorkbook(t.Context(), service.By("duty"), "乙.xlsx",
		held(withPhone(t, "钱二", "13933334444"))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImportWorkbook(t.Context(), service.By("duty"), "丙.xlsx",
		held(withPhone(t, "孙三", "13811112222"))); err != nil {
		t.Fatal(err)
	}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	id, other := l.Recipients[0].ID, l.Recipients[1]
	for _, text := range []string{"13811112222", "13933334444", "赵一", "钱二"} {
		if !inVault(t, s, text) {
			t.Fatalf("%s was never there", text)
		}
	}
	body := fmt.Appendf(nil, `{"recipient_id":%q,"reason":"本人要求，原号13811112222"}`, id)
	done, err := servicetest.Say(t.Context(), s, "admin", "", calls.Erase, "", body)
	if err != nil || done.Entries < 2 || len(done.Workbooks) < 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	gone := func(when string) {
		t.Helper()
		for _, text := range []string{"13811112222", "13933334444", "赵一", "钱二", "孙三"} {
			if inVault(t, e.svc, text) {
				t.Errorf("%s: %s is still there", when, text)
			}
		}
		if !inVault(t, e.svc, other.Contact.Phone) {
			t.Errorf("%s: another's contact has gone too", when)
		}
		v, err := e.svc.ListVersion(first.Version.ID)
		if err != nil {
			t.Fatal(err)
		}
		f, err := e.svc.PaperFacts(service.Ask{Who: someone(calls.Admin), Lang: "zh-CN"}, &v, id)
		if err != nil || f.Contact.State != papers.Erased {
			t.Errorf("%s: the papers have %+v, %v", when, f.Contact, err)
		}
		_, list, err := e.svc.ExportList("admin", v.ID, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Recipients {
			if has := r.Contact != nil; has != (r.ID != id) {
				t.Errorf("%s: the export has a contact of %s: %v", when, r.ID, has)
			}
		}
	}
	gone("at once")
	for _, name := range done.Workbooks {
		digits := strings.TrimPrefix(name, "sha256:")
		if _, err := os.Stat(filepath.Join(e.opt.Dir, journal.BlobsFolder, digits[:2], digits)); !errors.Is(err,
			fs.ErrNotExist) {
			t.Errorf("the file of a workbook that was erased: %v", err)
		}
	}
	height := s.J.Height()
	if again, err := servicetest.Say(t.Context(), s, "admin", "", calls.Erase, "", body); err != nil ||
		again.Entries != done.Entries || len(again.Workbooks) != 0 || s.J.Height() != height {
		t.Errorf("again: %+v, %v, blocks %d to %d", again, err, height, s.J.Height())
	}
	if err := s.J.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	report, err := journal.Rebuild(t.Context(), e.opt)
	if err != nil || !report.OK {
		t.Fatalf("rebuilt: %+v, %v", report, err)
	}
	e.open(t)
	gone("rebuilt")
	var reasons []string
	for n := uint64(1); n <= e.svc.J.Height(); n++ {
		err := e.svc.J.View(func(tx *bbolt.Tx) error {
			block, err := journal.ParseBlock(journal.ReadBlock(tx, n))
			if err != nil {
				return err
			}
			for _, entry := range block.Entries() {
				var ev journal.VaultErased
				if entry.Kind == ev.Kind() {
					if err := json.Unmarshal(entry.Data, &ev); err != nil {
						return err
					}
					if reasons = append(reasons, ev.Reason); entry.Actor != "admin" {
						t.Errorf("erased by %s", entry.Actor)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(reasons) < done.Entries || strings.Contains(strings.Join(reasons, ""), "13811112222") {
		t.Errorf("recorded as erased because of %q", reasons)
	}
}

func TestEraseRefuses(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	w.Import(threeFirms())
	w.Account("zhang", calls.Duty, "张三丰", "")
	height := w.Svc.J.Height()
	for body, want := range map[string]string{
		`{"reason":"x"}`: "personal.one_of", `{"recipient_id":"E0001","user":"zhang","reason":"x"}`: "personal.one_of",
		`{"recipient_id":"E0001"}`: "input.required", `{"recipient_id":"E0001","reason":" "}`: "input.required",
		`{"recipient_id":"E9999","reason":"x"}`: "recipient.unknown", `{"user":"nobody","reason":"x"}`: "access.not_found",
		`{"ref":"key-notes","reason":"x"}`: "personal.ref", `{"ref":"content-00","reason":"x"}`: "personal.ref",
		`{"ref":"v` + strings.Repeat("A", 43) + `","reason":"x"}`: "personal.no_entry",
		`{"recipient":"E0001","reason":"x"}`:                      "input.unknown_field",
	} {
		_, err := servicetest.Say(t.Context(), w.Svc, "admin", "", calls.Erase, "", []byte(body))
		var e *refusal.Error
		if e, _ = err.(*refusal.Error); e == nil || e.Rule != want && (len(e.Fields) == 0 || e.Fields[0].Rule != want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	if now := w.Svc.J.Height(); now != height {
		t.Errorf("refusals wrote blocks %d to %d", height+1, now)
	}
	// An account's telephone goes with its name, and those that it had before.
	for _, number := range []string{"18612345671", "18612345672"} {
		u, err := w.Svc.SetPhone(t.Context(), service.By("admin"), calls.AccountPhone{ByID: calls.ByID{ID: "zhang"},
			Phone: number})
		if err != nil || u.Phone != number {
			t.Fatalf("%+v, %v", u, err)
		}
	}
	done, err := servicetest.Say(t.Context(), w.Svc, "admin", "", calls.Erase, "",
		[]byte(`{"user":"zhang","reason":"离职"}`))
	if err != nil || done.Entries != 3 {
		t.Errorf("%+v, %v", done, err)
	}
	if inVault(t, w.Svc, "18612345671") || inVault(t, w.Svc, "18612345672") {
		t.Error("a telephone of the account is still there")
	}
	if u, err := w.Svc.Account(t.Context(), service.Ask{}, calls.ByID{ID: "zhang"}); err != nil || u.Name != "" {
		t.Errorf("%+v, %v", u, err)
	}
}

// held is a workbook that is in memory already.
// A disk that takes no file is no fault of who imports: it is refused, nothing is changed, and it may be sent again.
func TestImportOnADiskThatTakesNothing(t *testing.T) {
	e := newErasable(t)
	folder := filepath.Join(e.opt.Dir, journal.BlobsFolder)
	if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	height := e.svc.J.Height()
	book := held(withPhone(t, "赵一", "13811112222"))
	_, err := e.svc.ImportWorkbook(t.Context(), service.By("duty"), "甲.xlsx", book)
	if refusal.CodeOf(err) != refusal.NotReady || e.svc.J.Height() != height {
		t.Errorf("refused with %v, %d blocks were written", err, e.svc.J.Height()-height)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := e.svc.ImportWorkbook(t.Context(), service.By("duty"), "甲.xlsx", book); err != nil {
		t.Errorf("sent again: %v", err)
	}
}

func held(workbook []byte) func() ([]byte, error) {
	return func() ([]byte, error) { return workbook, nil }
}
