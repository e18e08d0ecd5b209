package receipt_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/notify/ledger/receipt"
	"qingkong/notify/ledger/receipt/receipttest"
)

type said struct {
	Order string `json:"order_id"`
}

// newLog has ten entries besides that of its key; those of the order that is asked for are 3, 5 and 9.
func newLog(t testing.TB) *receipttest.Log {
	l := receipttest.New(t)
	for range 10 {
		l.Add("notify.answered", said{"W20161216-01-E0001-1"})
	}
	return l
}

func TestReceiptsThatProve(t *testing.T) {
	l := newLog(t)
	first := l.VKey
	p, err := receipt.Verify(receipttest.Text(t, l.Receipts(3, 5, 9)))
	if err != nil || len(p.Items) != 3 || p.Size != 11 || !p.Follows(first) {
		t.Fatalf("%+v (%v)", p, err)
	}
	l.Rotate(true)
	if p, err = receipt.Verify(receipttest.Text(t, l.Receipts(3, 11))); err != nil || !p.Follows(first) || !p.Follows(l.VKey) {
		t.Errorf("the key that follows is not known (%v)", err)
	}
	second := l.VKey
	l.Move("qingkong/120111/89abcdef")
	if p, err = receipt.Verify(receipttest.Text(t, l.Receipts(3))); err != nil || p.Follows(first) || p.Follows(second) ||
		!p.Follows(l.VKey) {
		t.Errorf("nobody signed for the key of another origin (%v)", err)
	}
	if other := newLog(t); p.Follows(other.VKey) {
		t.Error("it follows a stranger's key")
	}
}

// Whatever somebody changes of receipts, they prove no more.
func TestForgedReceipts(t *testing.T) {
	l, other := newLog(t), newLog(t)
	for name, c := range map[string]struct {
		change func(r *receipt.Receipts)
		want   string
	}{
		"what is said": {func(r *receipt.Receipts) {
			r.Items[1].Leaf = bytes.Replace(r.Items[1].Leaf, []byte("E0001"), []byte("E0002"), 1)
		}, "entry 5 is not in the tree"},
		"another time":       {func(r *receipt.Receipts) { r.Items[1].At = r.Items[1].At.Add(time.Hour) }, "another one than is said"},
		"another kind":       {func(r *receipt.Receipts) { r.Items[1].Kind = "notify.order_released" }, "another one than is said"},
		"another place":      {func(r *receipt.Receipts) { r.Items[1].Index = 6 }, "entry 6 is not in the tree"},
		"no place":           {func(r *receipt.Receipts) { r.Items[2].Index = 1 << 40 }, "is not in the tree"},
		"an entry twice":     {func(r *receipt.Receipts) { r.Items[1] = r.Items[0] }, "stands behind"},
		"out of order":       {func(r *receipt.Receipts) { slices.Reverse(r.Items) }, "stands behind"},
		"a proof":            {func(r *receipt.Receipts) { r.Items[0].Proof[0][7] ^= 1 }, "entry 3 is not in the tree"},
		"no proof":           {func(r *receipt.Receipts) { r.Items[0].Proof = nil }, "entry 3 is not in the tree"},
		"the size":           {func(r *receipt.Receipts) { r.Size++ }, "has 11 entries"},
		"the root":           {func(r *receipt.Receipts) { r.Checkpoint = other.Receipts().Checkpoint }, "checkpoint"},
		"the checkpoint":     {func(r *receipt.Receipts) { r.Checkpoint = strings.Replace(r.Checkpoint, "\n11\n", "\n12\n", 1) }, "checkpoint"},
		"no signature":       {func(r *receipt.Receipts) { r.Checkpoint, _, _ = strings.Cut(r.Checkpoint, "—") }, "checkpoint"},
		"another ledger":     {func(r *receipt.Receipts) { r.Origin = "qingkong/120111/ffffffff" }, "it is of"},
		"another's key":      {func(r *receipt.Receipts) { r.VKey, r.Checkpoint = other.VKey, other.Receipts().Checkpoint }, "keys"},
		"a key of no form":   {func(r *receipt.Receipts) { r.VKey = "x" }, "vkey"},
		"no keys":            {func(r *receipt.Receipts) { r.Keys = nil }, "keys"},
		"an entry of no key": {func(r *receipt.Receipts) { r.Keys = append(r.Keys, r.Items[0]) }, "keys: entry 3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.Receipts(3, 5, 9)
			c.change(&r)
			if _, err := receipt.Verify(receipttest.Text(t, r)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	l.Rotate(false)
	if _, err := receipt.Verify(receipttest.Text(t, l.Receipts(3))); err == nil || !strings.Contains(err.Error(), "did not sign") {
		t.Errorf("a key that the one before did not sign for: %v", err)
	}
}

// Whatever bytes somebody hands out as receipts: those that are taken are proved by the ledger's key.
func FuzzVerify(f *testing.F) {
	l := newLog(f)
	good := receipttest.Text(f, l.Receipts(3, 5))
	f.Add(good)
	f.Add([]byte(`{"items":[{"leaf":"","index":-1,"proof":[null]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := receipt.Verify(text)
		if err == nil && p.VKey == l.VKey && p.Size != 11 {
			t.Errorf("%+v", p)
		}
	})
}
