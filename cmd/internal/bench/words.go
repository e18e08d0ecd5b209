package bench

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"cli.status": {"服务器的回答是 {status}，不是晴空的说明；请检查 --server",
			"the server answered {status} without saying why: check --server"},
	})
}
