package live

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"live.want_id": {"“{value}”不是事件编号；请原样给出最后收到的 id，或记录序号，或去掉它从快照开始。",
			"{value} is no event id; give the last id you received as it was, or an index of the ledger, or leave it out to begin with a snapshot."},
	})
}
