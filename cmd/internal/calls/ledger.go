package calls

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
)

// TilePath names a tile of the ledger's hashes: its level, and the rest of its path as C2SP tlog-tiles writes it.
type TilePath struct {
	Level string `path:"level" json:"-"`
	Place string `path:"place" json:"-"`
}

// BundleQuery asks for the evidence of an order, a recipient or a warning; exactly one of them. With Personal, the names and
// notes that its entries refer to are in it, for a Reason that is recorded.
type BundleQuery struct {
	Order     string `query:"order,bundle_order" json:"-"`
	Recipient string `query:"recipient" json:"-"`
	Warning   string `query:"warning" json:"-"`
	Personal  string `query:"personal" json:"-"`
	Reason    string `query:"reason" json:"-"`
}

// Receipts are entries of the ledger that concern somebody, each with its proof in the tree of one checkpoint. Whoever
// keeps them can prove later what was recorded, against anybody.
type Receipts struct {
	Origin     string    `json:"origin"`
	VKey       string    `json:"vkey"`       // the key that signed, as C2SP signed-note writes it
	Checkpoint string    `json:"checkpoint"` // signed note (C2SP tlog-checkpoint), with the cosignatures of witnesses
	Size       int64     `json:"size"`       // of its tree
	Keys       []Receipt `json:"keys"`       // entries of the ledger's keys: how VKey followed those before it
	Items      []Receipt `json:"items"`
}

// ReceiptsOf is the payload of qingkong.receipts.<recipient>, which names its order.
type ReceiptsOf struct {
	OrderID string `json:"order_id" validate:"required"`
}

// ReadReceiptsOf reads that payload.
func ReadReceiptsOf(data []byte) (ReceiptsOf, error) { return valid.Read[ReceiptsOf](data) }

// Receipt is an entry and its proof (RFC 6962 §2.1.1).
type Receipt struct {
	Index int64       `json:"index"`
	Kind  string      `json:"kind"`
	At    time.Time   `json:"at"`
	Leaf  []byte      `json:"leaf"` // as it is hashed, in base64
	Proof []tlog.Hash `json:"proof"`
}

// LedgerStatus is who signs for the ledger, and who watches that.
type LedgerStatus struct {
	Origin      string         `json:"origin"` // empty before the first start has ended
	VKey        string         `json:"vkey"`
	Fingerprint string         `json:"fingerprint"` // of VKey, to compare over the telephone
	Keys        []LedgerKey    `json:"keys"`        // all it has had, the first first
	Size        int64          `json:"size"`        // of the ledger
	Signed      int64          `json:"signed"`      // of the last checkpoint
	Checkpoint  string         `json:"checkpoint"`
	Witnesses   []WitnessState `json:"witnesses"`
}

// LedgerKey is a key of the ledger, from when on.
type LedgerKey struct {
	Origin string    `json:"origin"`
	VKey   string    `json:"vkey"`
	At     time.Time `json:"at"`
}

// WitnessState is what a witness has cosigned last.
type WitnessState struct {
	Name   string     `json:"name"`
	Size   int64      `json:"size"` // 0 for nothing
	At     *time.Time `json:"at,omitempty"`
	Detail string     `json:"detail,omitempty"` // why it has not cosigned since
}

// NewOrigin is why the ledger gets a new origin.
type NewOrigin struct {
	Reason string `text:"free" json:"reason" validate:"required,chars=2000"`
}

// Calls on the ledger.
var (
	LedgerCheckpoint = row[None, None]("GET /ledger/checkpoint", "",
		"最新的检查点（C2SP tlog-checkpoint），含见证签名", "the last checkpoint (C2SP tlog-checkpoint), with cosignatures",
		Call{Media: "text/plain", Refuses: codes{refusal.NotFound}})
	LedgerTile = row[TilePath, None]("GET /ledger/tile/{level}/{place...}", "",
		"散列块（C2SP tlog-tiles，每块 256 个散列）", "a tile of hashes (C2SP tlog-tiles, 256 wide)",
		Call{Media: "application/octet-stream", Refuses: codes{refusal.NotFound}})
	Bundle = row[BundleQuery, None]("GET /ledger/bundle", ActLedgerRead,
		"证据包（docs/bundle.md）：order、recipient、warning 三选一；personal=1 含个人信息，仅检查员，须写明 reason",
		"an evidence bundle (docs/bundle.md) of one of order, recipient and warning; personal=1 has personal data in it, for inspectors alone and with a reason",
		Call{Media: ZipMedia, Refuses: codes{refusal.NotFound, refusal.TooLarge, refusal.RateLimited}})
	OrderReceipts = row[ByID, Receipts]("GET /orders/{id}/receipts", ActOrdersRead,
		"减排令的回执：条目及其证明；企业只见自己的", "receipts of an order: entries with their proofs; an enterprise its own",
		Call{Refuses: codes{refusal.NotFound}})
	WarningReceipts = row[ByID, Receipts]("GET /warnings/{id}/receipts", ActWarningsRead,
		"预警的回执：条目及其证明", "receipts of a warning: entries with their proofs", Call{Refuses: codes{refusal.NotFound}})
	Ledger = row[None, LedgerStatus]("GET /ledger", ActLedgerRead,
		"存证状态：名称、密钥、检查点、见证方", "who signs for the ledger: origin, keys, checkpoint, witnesses", Call{})
	LedgerRotate = row[Nothing, LedgerKey]("POST /ledger/rotate-key", ActLedgerManage,
		"更换存证密钥；旧密钥为新密钥签名", "has a new key sign for the ledger, for which the old one signs",
		Call{Body: smallBody, Bare: true, Kept: true})
	LedgerMove = row[NewOrigin, LedgerKey]("POST /ledger/new-origin", ActLedgerManage,
		"记录丢失过已签署的条目后，以新名称续存证", "has the ledger go on under a new origin after entries were lost that had been signed for",
		Call{Body: smallBody, Kept: true, Refuses: codes{refusal.Conflict}})
)
