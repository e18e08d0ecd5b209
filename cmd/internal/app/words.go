package app

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"local.lost.ledger": {"见证方最近签过的检查点（会再签）", "the checkpoints that witnesses cosigned last (they will again)"},
		"local.lost.feeds":  {"自动取数的进度（会多取一次）", "how far the feeds had come (they may fetch once more)"},
	})
}
