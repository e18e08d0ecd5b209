package service

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/notary"
	"qingkong/notify"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

var _ = bind(calls.OrderReceipts, (*Service).OrderReceipts)

// sharedKinds are entries about many orders at once, which are no receipt of any.
var sharedKinds = []string{(&notify.Sent{}).Kind(), (&notify.Overdue{}).Kind()}

// OrderReceipts are the entries of an order with their proofs: it and what was answered, decided, measured and explained of
// it. An enterprise gets those of its own orders, and of them what is about it alone.
func (s *Service) OrderReceipts(ctx context.Context, a Ask, in calls.ByID) (calls.Receipts, error) {
	var o *notify.Order
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		o, err = VisibleOrder(tx, a.Who, in.ID)
		return err
	})
	if err != nil {
		return calls.Receipts{}, err
	}
	of := ofCase(o.WarningID, o.RecipientID, o.ID)
	return s.receipts(ctx, o.WarningID, func(e *journal.Entry) bool {
		return !slices.Contains(sharedKinds, e.Kind) && !strings.HasPrefix(e.Kind, "journal.") &&
			!(a.Who.Role == calls.Enterprise && e.Kind == (&notify.Called{}).Kind()) &&
			of(e)
	})
}

var _ = bind(calls.WarningReceipts, (*Service).WarningReceipts)

// WarningReceipts are the entries of a warning itself, from its declaration to its end, with their proofs.
func (s *Service) WarningReceipts(ctx context.Context, _ Ask, in calls.ByID) (calls.Receipts, error) {
	err := s.J.View(func(tx *bbolt.Tx) error { _, err := alerts.GetWarning(tx, in.ID); return err })
	if err != nil {
		return calls.Receipts{}, err
	}
	return s.receipts(ctx, in.ID, func(e *journal.Entry) bool { return ofWarning(e, in.ID) })
}

// mostReceipts bounds the entries of one answer; the latest are left out.
const mostReceipts = 1000

func (s *Service) receipts(ctx context.Context, warning string, wanted func(e *journal.Entry) bool) (calls.Receipts, error) {
	done, err := s.gathers(ctx)
	if err != nil {
		return calls.Receipts{}, err
	}
	defer done()
	g := &gathering{Service: s, ctx: ctx, found: map[int64]journal.Entry{}}
	if err := g.read(warning, wanted); err != nil {
		return calls.Receipts{}, err
	}
	var entries []journal.Entry
	for _, i := range g.indexes() {
		if len(entries) < mostReceipts {
			entries = append(entries, g.found[i])
		}
	}
	k := &gathering{Service: s, ctx: ctx, found: map[int64]journal.Entry{}}
	if err := k.read(namedLedger, func(e *journal.Entry) bool { return strings.HasPrefix(e.Kind, "ledger.") }); err != nil {
		return calls.Receipts{}, err
	}
	var keys []journal.Entry
	for _, i := range k.indexes() {
		keys = append(keys, k.found[i])
	}
	return s.proved(ctx, entries, keys)
}

// ReceiptsFor are the receipts of an order for its recipient, which asks with {"order_id"} on the subject of drills or on
// that of the real thing.
func (s *Service) ReceiptsFor(ctx context.Context, recipient string, drill bool, data []byte) (calls.Receipts, error) {
	in, err := calls.ReadReceiptsOf(data)
	if err != nil {
		return calls.Receipts{}, err
	}
	if strings.HasPrefix(in.OrderID, drillPrefix) != drill {
		subject := "qingkong.receipts." + recipient
		if !drill {
			subject = "qingkong.drill.receipts." + recipient
		}
		return calls.Receipts{}, refusal.New(refusal.NotFound, "receipts.drill", refusal.Args{"subject": subject})
	}
	own := &access.Principal{User: recipient, Role: calls.Enterprise, Recipient: recipient}
	return s.OrderReceipts(ctx, Ask{Who: own}, calls.ByID{ID: in.OrderID})
}

var _ = bind(calls.Ledger, (*Service).LedgerStatus)

// LedgerStatus is who signs for the ledger, and what witnesses say of it.
func (s *Service) LedgerStatus(ctx context.Context, _ Ask, _ calls.None) (out calls.LedgerStatus, err error) {
	if s.Notary == nil {
		return out, errUnsigned
	}
	keys, err := s.Notary.Keys()
	if err != nil {
		return out, err
	}
	latest, err := s.Notary.Latest(ctx)
	if err != nil {
		return out, err
	}
	out = calls.LedgerStatus{Keys: []calls.LedgerKey{}, Witnesses: []calls.WitnessState{}, Signed: latest.N, Checkpoint: latest.Note}
	for _, k := range keys {
		out.Keys = append(out.Keys, calls.LedgerKey{Origin: k.Origin, VKey: k.VKey, At: k.At})
	}
	if last := keys.Last(); last.VKey != "" {
		out.Origin, out.VKey, out.Fingerprint = last.Origin, last.VKey, identity.Fingerprint(last.VKey)
	}
	witnesses, err := s.Notary.Witnesses(ctx)
	if err != nil {
		return out, err
	}
	for _, w := range witnesses {
		state := calls.WitnessState{Name: w.Name, Size: w.Size}
		if !w.At.IsZero() {
			at := w.At.In(alerts.Shanghai())
			state.At = &at
		}
		if w.Trouble != nil {
			state.Detail = w.Trouble.Error()
		}
		out.Witnesses = append(out.Witnesses, state)
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		tree, err := ledger.Load(tx)
		if err == nil {
			out.Size = tree.Size()
		}
		return err
	})
	return out, err
}

var _ = bind(calls.LedgerRotate, (*Service).RotateLedgerKey)

// RotateLedgerKey has a new key sign for the ledger.
func (s *Service) RotateLedgerKey(ctx context.Context, a Ask, _ calls.Nothing) (calls.LedgerKey, error) {
	if s.Notary == nil {
		return calls.LedgerKey{}, errUnsigned
	}
	random, err := s.random(a, "rotate")
	if err != nil {
		return calls.LedgerKey{}, err
	}
	return shownKey(s.Notary.Rotate(ctx, notary.Ask{Actor: a.Who.User, Random: random}))
}

var _ = bind(calls.LedgerMove, (*Service).NewLedgerOrigin)

// NewLedgerOrigin has the ledger go on under a new origin.
func (s *Service) NewLedgerOrigin(ctx context.Context, a Ask, in calls.NewOrigin) (calls.LedgerKey, error) {
	if s.Notary == nil {
		return calls.LedgerKey{}, errUnsigned
	}
	random, err := s.random(a, "new origin\n"+in.Reason)
	if err != nil {
		return calls.LedgerKey{}, err
	}
	return shownKey(s.Notary.NewOrigin(ctx, notary.Ask{Actor: a.Who.User, Random: random}, in.Reason))
}

func shownKey(k identity.Key, err error) (calls.LedgerKey, error) {
	return calls.LedgerKey{Origin: k.Origin, VKey: k.VKey, At: k.At}, err
}

// random is where an act takes random bytes from: under an idempotency key the same ones each time that it comes, made of
// the key and of a secret of the vault.
func (s *Service) random(a Ask, what string) (io.Reader, error) {
	if a.Key == "" {
		return rand.Reader, nil
	}
	const enough = 256
	b, err := hkdf.Key(sha256.New, s.noteKey, []byte(a.Key), "ledger\n"+a.Who.User+"\n"+what, enough)
	return bytes.NewReader(b), err
}

// Checkpoint is the last checkpoint, with its cosignatures, or a not_found refusal before the first.
func (s *Service) Checkpoint(ctx context.Context) ([]byte, error) {
	if s.Notary == nil {
		return nil, errUnsigned
	}
	latest, err := s.Notary.Latest(ctx)
	if err == nil && latest.N == 0 {
		err = refusal.New(refusal.NotFound, "ledger.no_checkpoint_yet", nil)
	}
	return []byte(latest.Note), err
}

// Tile is a tile of the ledger's hashes by its path below "tile/", and whether it can never change: it is full. A tile
// that the last checkpoint does not cover is not_found.
func (s *Service) Tile(ctx context.Context, path string) (data []byte, full bool, err error) {
	t, err := ledger.ParseTile(path)
	none := refusal.New(refusal.NotFound, "ledger.no_tile", refusal.Args{"path": refusal.Shown(path)})
	if err != nil {
		return nil, false, none
	}
	if s.Notary == nil {
		return nil, false, errUnsigned
	}
	latest, err := s.Notary.Recent(ctx)
	if err != nil {
		return nil, false, err
	}
	if !ledger.Covers(latest.N, t) { // it may be of a checkpoint that was signed since
		if latest, err = s.Notary.Latest(ctx); err != nil {
			return nil, false, err
		}
	}
	if !ledger.Covers(latest.N, t) {
		return nil, false, none
	}
	err = s.J.View(func(tx *bbolt.Tx) error {
		data, err = tlog.ReadTileData(t, ledger.Hashes(tx))
		data = bytes.Clone(data)
		return err
	})
	return data, t.W == 1<<t.H, err
}
