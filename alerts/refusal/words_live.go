package refusal

func init() {
	register(map[string]words{
		"live.want_id":    {"“{value}”不是事件编号；请原样给出最后收到的 id，或记录序号，或去掉它从快照开始。", "{value} is no event id; give the last id you received as it was, or an index of the ledger, or leave it out to begin with a snapshot."},
		"live.one_filter": {"参数 order 与 warning 只能给一个；指令已属于一次预警，请去掉 warning（{value}）。", "give either order or warning; an order belongs to a warning already, so remove warning ({value})."},
	})
}
