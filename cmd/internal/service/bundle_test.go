package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/notary/notarytest"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/seeds"
)

// signed is a world whose record is signed for, with a warning, its orders, and what E0001 answers.
type signed struct {
	*servicetest.World
	t       *testing.T
	warning string
	order   string
}

func newSigned(t *testing.T) *signed {
	t.Helper()
	w := &signed{World: servicetest.New(t, slog.New(slog.DiscardHandler)), t: t}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	w.Account("inspector", calls.Inspector, "检查员", "")
	w.Svc.Notary = notarytest.Sign(t, w.Svc.J)
	declared, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"津污防办〔2016〕1号","issued_by":"天津市","reason":"示例"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	w.warning, w.order = declared.ID, declared.ID+"-E0001-1"
	w.answer("E0001", "acknowledge", "张三收到")
	w.answer("E0003", "acknowledge", "李四收到")
	return w
}

func (w *signed) answer(recipient, action, note string) {
	w.t.Helper()
	_, err := servicetest.AnswerOrder(w.t.Context(), w.Svc, recipient, "", notify.AnswerText{OrderID: w.warning + "-" + recipient + "-1",
		Action: notify.Action(action), Note: note})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *signed) bundle(who calls.Role, in calls.BundleQuery) ([]byte, error) {
	w.t.Helper()
	d, err := w.Svc.Bundle(w.t.Context(), service.Ask{Who: &access.Principal{User: string(who), Role: who}, Call: calls.Bundle.Name()}, in)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := d.WriteTo(&out); err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes(), nil
}

// verified is what a bundle proves to who knows the ledger's key.
func (w *signed) verified(raw []byte) (*bundle.Bundle, *bundle.Report) {
	w.t.Helper()
	key, err := w.Svc.Notary.Key()
	if err != nil {
		w.t.Fatal(err)
	}
	keys, err := bundle.ParseKeys([]byte("log " + key.VKey))
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := b.Verify(keys)
	if err != nil || !report.Trusted {
		w.t.Fatalf("%+v (%v)", report, err)
	}
	return b, report
}

func kindsOf(t *testing.T, b *bundle.Bundle) (kinds map[string]int, text string) {
	t.Helper()
	kinds = map[string]int{}
	err := b.Entries(func(_ int64, e ledger.Entry) error { kinds[e.Kind]++; text += string(e.Data) + "\n"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return kinds, text
}

// The bundle of an order says who was ordered what, what was answered, by which warning and which list; it is small, names
// nobody, and is proved by the ledger's key alone.
func TestTheBundleOfAnOrder(t *testing.T) {
	w := newSigned(t)
	raw, err := w.bundle(calls.Viewer, calls.BundleQuery{Order: w.order})
	if err != nil {
		t.Fatal(err)
	}
	b, report := w.verified(raw)
	kinds, text := kindsOf(t, b)
	for kind, n := range map[string]int{"notify.order_issued": 1, "notify.answered": 1, "alerts.warning.declared": 1, "ledger.opened": 1,
		"list.activated": 1, "list.rows": 0} {
		if kinds[kind] != n {
			t.Errorf("%d entries %s, want %d (of %v)", kinds[kind], kind, n, kinds)
		}
	}
	if report.Subject.Order != w.order || strings.Contains(text, w.warning+"-E0003-1\"") && kinds["notify.sent"] == 0 {
		t.Errorf("it is about %+v and holds %s", report.Subject, text)
	}
	if len(raw) > 200_000 || bytes.Contains(raw, []byte("张三")) {
		t.Errorf("%d bytes, with a name: %v", len(raw), bytes.Contains(raw, []byte("张三")))
	}
	page, err := b.Read(bundle.IndexFile)
	if err != nil || !bytes.Contains(page, []byte(w.order)) {
		t.Errorf("%s (%v)", page, err)
	}
}

// A warning's bundle has all its orders and the list that they follow, row by row; a recipient's its own orders alone.
func TestTheBundlesOfAWarningAndARecipient(t *testing.T) {
	w := newSigned(t)
	raw, err := w.bundle(calls.Viewer, calls.BundleQuery{Warning: w.warning})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := w.verified(raw)
	kinds, _ := kindsOf(t, b)
	if kinds["notify.order_issued"] < 10 || kinds["notify.answered"] != 2 || kinds["list.rows"] == 0 {
		t.Errorf("a warning's: %v", kinds)
	}
	if raw, err = w.bundle(calls.Viewer, calls.BundleQuery{Recipient: "E0001"}); err != nil {
		t.Fatal(err)
	}
	b, _ = w.verified(raw)
	if kinds, _ = kindsOf(t, b); kinds["notify.order_issued"] != 1 || kinds["notify.answered"] != 1 || kinds["list.rows"] != 0 {
		t.Errorf("a recipient's: %v", kinds)
	}
}

// Personal content goes to an inspector for a reason, which is recorded before; what was erased is proved to be.
func TestPersonalContentOfABundle(t *testing.T) {
	w := newSigned(t)
	in := calls.BundleQuery{Order: w.order, Personal: "1", Reason: "现场复核"}
	if _, err := w.bundle(calls.Viewer, in); refusal.CodeOf(err) != refusal.Forbidden {
		t.Errorf("a viewer: %v", err)
	}
	if _, err := w.bundle(calls.Inspector, calls.BundleQuery{Order: w.order, Personal: "1"}); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	raw, err := w.bundle(calls.Inspector, in)
	if err != nil {
		t.Fatal(err)
	}
	b, report := w.verified(raw)
	var note string
	for _, f := range b.Manifest.Files {
		if text, err := b.Read(f.Name); strings.HasPrefix(f.Name, bundle.Personal) && bytes.Contains(text, []byte("张三收到")) && err == nil {
			note = f.Name
		}
	}
	if !report.Personal || note == "" || b.Manifest.Reason != "现场复核" || bytes.Contains(raw, []byte("PRIVATE+KEY")) {
		t.Fatalf("%+v", b.Manifest)
	}
	seen, err := w.Svc.Seen(t.Context(), service.By("admin"), calls.SeenQuery{User: "inspector"})
	if err != nil || len(seen.Items) != 1 || !slices.Contains(seen.Items[0].Reads[0].Recipients, "E0001") ||
		seen.Items[0].Reads[0].ReasonRef == "" {
		t.Errorf("it is recorded as %+v (%v)", seen.Items, err)
	}
	ref := strings.TrimPrefix(note, bundle.Personal)
	if err := w.Svc.J.Erase(t.Context(), "admin", ref, "本人要求"); err != nil {
		t.Fatal(err)
	}
	if raw, err = w.bundle(calls.Inspector, in); err != nil {
		t.Fatal(err)
	}
	b, _ = w.verified(raw)
	if !slices.Contains(b.Manifest.Missing, bundle.Missing{Name: note, Why: bundle.Erased}) || bytes.Contains(raw, []byte("张三收到")) {
		t.Errorf("after it was erased: %+v", b.Manifest.Missing)
	}
	if kinds, _ := kindsOf(t, b); kinds["journal.vault_erased"] != 1 {
		t.Errorf("%v", kinds)
	}
}

func TestWhatNoBundleIsMadeFor(t *testing.T) {
	w := newSigned(t)
	for _, c := range []struct {
		in   calls.BundleQuery
		code refusal.Code
	}{
		{calls.BundleQuery{}, refusal.Invalid},
		{calls.BundleQuery{Order: w.order, Warning: w.warning}, refusal.Invalid},
		{calls.BundleQuery{Order: w.warning + "-E0001-9"}, refusal.NotFound},
		{calls.BundleQuery{Warning: "W20161216-99"}, refusal.NotFound},
		{calls.BundleQuery{Recipient: "E9999"}, refusal.NotFound},
	} {
		if _, err := w.bundle(calls.Viewer, c.in); refusal.CodeOf(err) != c.code {
			t.Errorf("%+v: %v, want %s", c.in, err, c.code)
		}
	}
}

// An enterprise keeps the receipts of its own order, and checks them with x/mod alone; it gets nobody else's.
func TestReceipts(t *testing.T) {
	w := newSigned(t)
	own := service.Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	got, err := w.Svc.OrderReceipts(t.Context(), own, calls.ByID{ID: w.order})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var r calls.Receipts
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(r.VKey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(r.Checkpoint), note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(n.Text, "\n")
	root, err := tlog.ParseHash(lines[2])
	if err != nil || lines[0] != r.Origin {
		t.Fatalf("%q (%v)", n.Text, err)
	}
	kinds := []string{}
	for _, e := range r.Items {
		kinds = append(kinds, e.Kind)
		if err := tlog.CheckRecord(e.Proof, r.Size, root, e.Index, tlog.RecordHash(e.Leaf)); err != nil {
			t.Errorf("entry %d: %v", e.Index, err)
		}
		if bytes.Contains(e.Leaf, []byte("E0003")) {
			t.Errorf("it says something of another: %s", e.Leaf)
		}
	}
	if want := []string{"notify.order_issued", "notify.answered"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	other := service.Ask{Who: &access.Principal{User: "E0003", Role: calls.Enterprise, Recipient: "E0003"}}
	if _, err := w.Svc.OrderReceipts(t.Context(), other, calls.ByID{ID: w.order}); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("another's: %v", err)
	}
	of, err := w.Svc.WarningReceipts(t.Context(), service.By("viewer"), calls.ByID{ID: w.warning})
	if err != nil || len(of.Items) == 0 || of.Items[0].Kind != "alerts.warning.declared" {
		t.Errorf("%+v (%v)", of, err)
	}
}

// Whoever follows the ledger reads its hashes by tiles, as C2SP tlog-tiles has them, and finds the tree that is signed for.
func TestTiles(t *testing.T) {
	w := newSigned(t)
	text, err := w.Svc.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	latest, err := notary.ParseSigned(string(text))
	if err != nil {
		t.Fatal(err)
	}
	reader := tlog.TileHashReader(latest.Tree, tiles{w})
	for i := range latest.N {
		proof, err := tlog.ProveRecord(latest.N, i, reader)
		if err != nil {
			t.Fatal(err)
		}
		page, err := w.Svc.Entries(t.Context(), service.By("viewer"), calls.EntriesQuery{From: i, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, latest.N, latest.Hash, i, tlog.RecordHash(page.Items[0].Leaf)); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	for _, path := range []string{"", "0", "0/000", "0/x001/000", "9/000", "entries/000", "0/000.p/256", "0/-01", "../x", "0/000.p/0"} {
		if _, _, err := w.Svc.Tile(t.Context(), path); refusal.CodeOf(err) != refusal.NotFound {
			t.Errorf("%q: %v", path, err)
		}
	}
}

type tiles struct{ w *signed }

func (s tiles) Height() int { return 8 }

func (s tiles) ReadTiles(all []tlog.Tile) (data [][]byte, err error) {
	for _, t := range all {
		one, _, err := s.w.Svc.Tile(s.w.t.Context(), strings.TrimPrefix(t.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		data = append(data, one)
	}
	return data, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// What blocks name is found without reading the others, also after the state was made anew from them.
func TestBlocksAreFoundByWhatTheyName(t *testing.T) {
	w := newSigned(t)
	err := w.Svc.J.View(func(tx *bbolt.Tx) error {
		want := []uint64{}
		for n := uint64(1); n <= w.Svc.J.Height(); n++ {
			if bytes.Contains(journal.ReadBlock(tx, n), []byte(`"`+w.warning)) {
				want = append(want, n)
			}
		}
		if got := slices.Collect(journal.BlocksNaming(tx, w.warning)); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("blocks %v, want %v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What an enterprise handed in goes along, also to a reader who is slower than the act that made the bundle.
func TestEvidenceInABundle(t *testing.T) {
	w := newSigned(t)
	own := service.Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	photo := []byte("%PDF-1.7 a curve")
	e, err := w.Svc.AddEvidence(t.Context(), own, bytes.NewReader(photo), int64(len(photo)))
	if err != nil {
		t.Fatal(err)
	}
	other := service.Ask{Who: &access.Principal{User: "E0003", Role: calls.Enterprise, Recipient: "E0003"}}
	if _, err := w.Svc.AddEvidence(t.Context(), other, bytes.NewReader(photo), int64(len(photo))); err != nil { // the same file
		t.Fatal(err)
	}
	_, err = servicetest.AnswerOrder(t.Context(), w.Svc, "E0001", "", notify.AnswerText{OrderID: w.order, Action: notify.Start,
		Evidence: []string{e.Hash}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d, err := w.Svc.Bundle(ctx, service.Ask{Who: &access.Principal{User: "viewer", Role: calls.Viewer}}, calls.BundleQuery{Order: w.order})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var out bytes.Buffer
	if _, err := d.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	b, _ := w.verified(out.Bytes())
	if text, err := b.Read(bundle.Evidence + strings.TrimPrefix(e.Hash, "sha256:")); err != nil || !bytes.Equal(text, photo) {
		t.Errorf("%q (%v)", text, err)
	}
	handed := []ledger.Entry{}
	err = b.Entries(func(_ int64, one ledger.Entry) error {
		if one.Kind == "compliance.evidence_added" {
			handed = append(handed, ledger.Entry{Actor: one.Actor, Data: bytes.Clone(one.Data)})
		}
		return nil
	})
	if err != nil || len(handed) != 1 || handed[0].Actor != "E0001" || !bytes.Contains(handed[0].Data, []byte(e.Hash)) {
		t.Errorf("that and by whom it was handed in: %s (%v)", handed, err)
	}
}
