package notary

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"ledger.no_checkpoint": {"数秒内没有等到覆盖所要条目的检查点：此刻没有节点在签署。条目已记录，稍后再取；持续如此请看 ledger 和 leader 两项检查。",
			"no checkpoint that covers the entries came within seconds: no node signs now. The entries are recorded; ask again later, and see the checks ledger and leader where this lasts."},
		"ledger.no_checkpoint_yet": {"还没有签署过检查点；请在程序启动完成后再取。",
			"no checkpoint has been signed yet; ask again once the program's start has ended."},
		"ledger.nothing_lost": {"没有发现已签署的条目丢失，{origin} 照常签署，不需要新名称。",
			"no entries that were signed for are known to be lost: {origin} goes on, and needs no new origin."},
		"ledger.no_tile": {"没有散列块 {path}：路径不合 C2SP 的规定，或检查点还没有覆盖到。",
			"there is no tile {path}: it is no path of C2SP tlog-tiles, or the checkpoint does not cover it yet."},
	})
}
