package service

import "qingkong/notify/ledger/identity"

// The keys of a ledger that is opened, gets another key and then another origin.
const (
	firstVKey = "qingkong/120111/0a1b2c3d+391f8cbd+AaM/iJR3diFWVCs9nYHxD9fcik1cmOiNQAKwYUnJKqrd"
	nextVKey  = "qingkong/120111/0a1b2c3d+ad5c1c7e+AUQMy8SueduqrS1s1M6xhWhWogpl01Xhua8RrJk7xB9g"
	movedVKey = "qingkong/120111/9f8e7d6c+84eac426+AbV6eB374f8uB9mlp0Y3kZq6EW0bOVuXIC4XPp6RRYcX"
	nextNote  = "qingkong.ledger/next-key\nqingkong/120111/0a1b2c3d\n" + nextVKey + "\n\n— qingkong/120111/0a1b2c3d OR+MvZEwaStGEWr1rROxuEFP15joWch61AAGJEqF+DF/bzlIzgrxbymxB23jxkREH9EBUvn5IXEe2Ec6CEKLg5uYuAA=\n"
)

// ledgerEvents are those of the ledger's own keys.
func ledgerEvents() []example {
	moved := identity.Moved{Origin: "qingkong/120111/9f8e7d6c", VKey: movedVKey, KeyRef: vaultRef, From: "qingkong/120111/0a1b2c3d",
		Size: 12_345, Root: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", Reason: "恢复了较早的备份"}
	least := moved
	least.Size, least.Root = 0, ""
	return []example{
		{"", &identity.Opened{Origin: "qingkong/120111/0a1b2c3d", VKey: firstVKey, KeyRef: vaultRef}},
		{"", &identity.Rotated{VKey: nextVKey, KeyRef: vaultRef, Note: nextNote}},
		{"", &moved},
		{"min", &least},
	}
}

// ledger gives the record its first key, then another, and then another origin.
func (s *story) ledger() {
	for _, e := range ledgerEvents()[:3] {
		switch ev := e.event.(type) {
		case *identity.Opened:
			s.access("ledger.open", *ev)
		case *identity.Rotated:
			s.access("ledger.rotate_key", *ev)
		case *identity.Moved:
			s.access("ledger.new_origin", *ev)
		}
	}
}
