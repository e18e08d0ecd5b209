package judging

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"judging.lost": {"每小时的判定结果（台账里的散列仍在；判定照常）",
			"the results of each hour (the record still has their hash, and judging goes on)"},
	})
}
